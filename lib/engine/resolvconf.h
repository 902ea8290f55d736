// SPDX-License-Identifier: MIT
/* The text of a container's /etc/resolv.conf, as Docker 28 makes it from the host's. No I/O. */
#ifndef ENGINE_RESOLVCONF_H
#define ENGINE_RESOLVCONF_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/strv.h"

enum resolvconf_kind {
	RESOLVCONF_HOST,     /* the container is in the host's network: the host's servers */
	RESOLVCONF_LEGACY,   /* the default bridge, or none */
	RESOLVCONF_INTERNAL, /* user-defined networks: 127.0.0.11, which asks the others */
};

struct resolvconf {
	enum resolvconf_kind kind;
	const char *host; /* text of the host's resolv.conf, "" when it has none */
	/* --dns, --dns-search, --dns-option or the daemon's; empty: not given */
	const struct strv *dns, *search, *options;
	const char *resolver; /* RESOLVCONF_INTERNAL: NULL is 127.0.0.11 */
	/* RESOLVCONF_LEGACY without --dns: these servers; NULL: the host's */
	const struct strv *servers;
};

/** resolvconf_make() - appends the text. Search domains and options follow the host's unless they
 * are given; a search of "." alone is none; RESOLVCONF_INTERNAL has ndots:0 unless ndots is set */
void resolvconf_make(const struct resolvconf *r, struct buf *ret);
/** resolvconf_ndots_set() - the options hold an ndots above 0 */
bool resolvconf_ndots_set(const struct strv *options);

#endif
