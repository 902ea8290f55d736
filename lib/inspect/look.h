// SPDX-License-Identifier: MIT
/*
 * What there is behind the engine, gathered from its files, the kernel's
 * netlink in N and in each container's network namespace, and rootlesskit's
 * API, as one JSON document; and that document as tables. The engine itself is
 * not asked. Single-threaded processes only: gathering changes the process's
 * namespaces for good (so a watcher forks for each look).
 */
#ifndef INSPECT_LOOK_H
#define INSPECT_LOOK_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/json.h"

enum look_section {
	LOOK_CONTAINERS,
	LOOK_INTERFACES,
	LOOK_ROUTES,
	LOOK_RULES,
	LOOK_SOCKETS,
	LOOK_PORTS,
	LOOK_COUNTERS,
	LOOK_SECTIONS,
};

struct look_conf {
	const char *state_dir; /* NULL: by the environment */
	const char *data_root; /* NULL: look_data_root() */
	const char *container; /* only what concerns it; NULL: all */
	unsigned sections;     /* bits 1 << enum look_section */
	bool all;	       /* local and multicast routes too */
};

/** look_section_name() - "containers" …: the key in the document; static */
const char *look_section_name(enum look_section s);

/**
 * look_gather() - look once
 * @c:   what at
 * @ret: the document is appended: an object with one array of flat objects for each section
 * @e:   ERR_NOTFOUND: no such container; ERR_UNAVAILABLE: the data root cannot be read
 *
 * What cannot be looked at (no rootlesskit runs) is an empty array, and the member "unavailable"
 * says why.
 *
 * Return: 0 or -1.
 */
int look_gather(const struct look_conf *c, struct buf *ret, struct err *e) WARN_UNUSED;

/** look_tables() - the sections of a document as aligned tables, a heading over each when there are
 * several; control bytes of names become '?' */
void look_tables(const struct json *doc, struct buf *out);

#endif
