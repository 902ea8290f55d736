// SPDX-License-Identifier: MIT
/* What the files behind look.h share. */
#ifndef INSPECT_LOOK_INTERNAL_H
#define INSPECT_LOOK_INTERNAL_H

#include "inspect/look.h"
#include "inspect/owner.h"
#include "inspect/state.h"
#include "json/write.h"
#include "netlink/rtnl.h"

#define LOOK_N "rootlesskit" /* N in the column of namespaces */

/* One network namespace: N, or a container's. */
struct look_ns {
	const char *name;		/* borrowed: LOOK_N or the container's */
	const struct look_container *c; /* NULL: N */
	unsigned long long ino;
	struct rtnl nl, diag; /* opened in there */
	struct rtnl_link *links;
	size_t n_links;
};

struct look {
	const struct look_conf *conf;
	struct look_containers cs;
	const struct look_container *only; /* NULL: all */
	struct look_ns *ns;		   /* N first */
	size_t n_ns;
	struct look_owners owners;
	unsigned long long *mnt; /* of cs.items[i]'s process, 0 unknown */
	char *state_dir;
	struct json_w w;
};

/* namespace.c: opens sockets in all of them; the process then is in RootlessKit's user and mount
 * namespaces and in one of those */
int look_namespaces_open(struct look *l, struct err *e) WARN_UNUSED;
void look_namespaces_close(struct look *l);
/* namespace.c: is to be shown */
bool look_ns_wanted(const struct look *l, const struct look_ns *ns);
/* namespace.c: name of an interface by index, "" unknown */
const char *look_link_name(const struct look_ns *ns, int index);

/* kernel.c: one section each, of every wanted namespace */
void look_interfaces(struct look *l);
void look_routes(struct look *l);
void look_rules(struct look *l);
void look_sockets(struct look *l);

#endif
