// SPDX-License-Identifier: MIT
/* The host's nameservers as they are now: resolv.conf(5), read again when it changed. */
#ifndef USERNET_RESOLV_H
#define USERNET_RESOLV_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "config/limits.h"

#define RESOLV_TIMEOUT_MS 2000 /* unless the file says another */

struct resolv {
	const char *path;     /* borrowed */
	struct timespec when; /* of the file as last read */
	ino_t ino;
	int timeout_ms; /* of one server */
	size_t n;
	struct sockaddr_storage servers[USERNET_RESOLV_SERVERS]; /* port 53 */
};

/** resolv_refresh() - stats the file and reads it if it is another; true when it did. A vanished
 * file keeps the old servers. No server named: 127.0.0.1, as resolv.conf(5) says. One stat(2) a
 * question rather than inotify(7): it follows links, bind mounts and replaced directories, costs
 * what reading an inotify descriptor would, and nothing wakes up when nobody asks */
bool resolv_refresh(struct resolv *r);
/** resolv_parse() - nameserver lines and "options timeout:N" of a text (NUL-terminated) */
void resolv_parse(struct resolv *r, const char *text);
/** resolv_len() - size of a server's socket address */
socklen_t resolv_len(const struct sockaddr_storage *s);

#endif
