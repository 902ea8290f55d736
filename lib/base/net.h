// SPDX-License-Identifier: MIT
/* Sockets by name: connecting and listening, TCP and unix. All close-on-exec. */
#ifndef BASE_NET_H
#define BASE_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"

/** net_connect_tcp() - resolves host and connects, trying each address; blocking socket,
 * TCP_NODELAY; fd or -1 */
int net_connect_tcp(const char *host, uint16_t port, int timeout_ms, struct err *e) WARN_UNUSED;
/** net_connect_udp() - resolves host and binds a blocking socket to it; fd or -1 */
int net_connect_udp(const char *host, uint16_t port, struct err *e) WARN_UNUSED;
/** net_listen_tcp() - listens on a numeric address ("" is any, v4 and v6); fd or -1 */
int net_listen_tcp(const char *addr, uint16_t port, struct err *e) WARN_UNUSED;
/** net_connect_unix() - connects to a path; type is SOCK_STREAM, SOCK_SEQPACKET or
 * SOCK_DGRAM, with SOCK_NONBLOCK if wanted; fd or -1 */
int net_connect_unix(const char *path, int type, struct err *e) WARN_UNUSED;
/** net_listen_unix() - binds (replacing a socket nobody listens on) with mode and listens; fd or
 * -1. A path longer than sun_path is bound through /proc/self/fd of its directory. */
int net_listen_unix(const char *path, int type, unsigned mode, struct err *e) WARN_UNUSED;
/** net_peer_uid() - uid of the process behind a unix socket (SO_PEERCRED); -1 on failure */
int net_peer_uid(int fd, unsigned *ret_uid);

#endif
