// SPDX-License-Identifier: MIT
/*
 * The built-in port driver's books: which ports are published, each with the
 * socket that the parent bound on the host. Whoever relays (usernet) gets a
 * duplicate through the callbacks and may be started anew at any time.
 */
#ifndef ROOTLESS_PORTS_H
#define ROOTLESS_PORTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/list.h"
#include "json/write.h"
#include "rootless/hostport.h"
#include "rootless/portspec.h"

struct rk_port_entry {
	struct list link;
	uint64_t id; /* from 1 */
	struct rk_spec spec;
	int host_fd; /* listening TCP or bound UDP socket; -1: another entry's takes both families
		      */
	struct rk_inherited *inherited; /* what host_fd is a duplicate of, or NULL */
};

/* The relay. Calls may fail with ERR_UNAVAILABLE while it is being started: the entry stays, and
 * is announced by rk_ports_replay() once it runs. */
struct rk_relay {
	int (*add)(void *arg, const struct rk_port_entry *p, struct err *e);
	int (*del)(void *arg, uint64_t id, struct err *e);
	void *arg;
};

struct rk_ports {
	struct list entries;
	uint64_t next_id;
	const struct rk_relay *relay;	/* borrowed; NULL: no port driver */
	struct rk_hostports *hostports; /* borrowed; NULL: no sockets were handed to us */
};

/** rk_ports_init() - empty books; relay NULL: every call answers that there is no driver */
void rk_ports_init(struct rk_ports *p, const struct rk_relay *relay);
/** rk_ports_clear() - closes all sockets */
void rk_ports_clear(struct rk_ports *p);

/**
 * rk_ports_add() - bind the host's side and publish
 * @p:   books
 * @s:   what to publish
 * @ret: the entry, borrowed
 * @e:   ERR_CONFLICT when taken here or by another program, ERR_DENIED for a privileged port
 */
int rk_ports_add(struct rk_ports *p, const struct rk_spec *s, const struct rk_port_entry **ret,
		 struct err *e) WARN_UNUSED;
/** rk_ports_del() - unpublish; ERR_NOTFOUND "unknown id: N" */
int rk_ports_del(struct rk_ports *p, uint64_t id, struct err *e) WARN_UNUSED;
/** rk_ports_replay() - announce every entry to a relay that was started anew; -1 with the first
 * failure, after trying all */
int rk_ports_replay(struct rk_ports *p, struct err *e) WARN_UNUSED;
/** rk_port_entry_to_json() - {"id":…,"spec":{…}} */
void rk_port_entry_to_json(struct json_w *w, const struct rk_port_entry *p);
/** rk_ports_to_json() - array of all entries */
void rk_ports_to_json(struct json_w *w, const struct rk_ports *p);

#endif
