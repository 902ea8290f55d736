// SPDX-License-Identifier: MIT
/* What the netns-helper's files share. */
#ifndef NETWORK_SERVER_INTERNAL_H
#define NETWORK_SERVER_INTERNAL_H

#include "base/loop.h"
#include "netlink/rtnl.h"
#include "network/msg_internal.h"

struct netns_server {
	struct loop *loop;
	struct rtnl rtnl;  /* in N */
	int self_netns_fd; /* N, to come back to */
	int listen_fd;
};

/* sysctl.c: name below /proc/sys of the namespace the process is in */
int netns_sysctl_write(const char *name, const char *value, struct err *e) WARN_UNUSED;
/* sysctl.c: as above; a failure is logged at debug level only */
void netns_sysctl_try(const char *name, const char *value);
/* sysctl.c: all that N needs, for it inherits some from the host's namespace */
void netns_sysctls_of_n(void);
/* sysctl.c: what Docker gives each container */
void netns_sysctls_of_container(void);

/* tun.c */
int netns_do_tun(struct netns_server *s, const struct netns_tun *t, int *ret_fd,
		 struct err *e) WARN_UNUSED;

/* bridge.c */
int netns_do_bridge(struct netns_server *s, const struct netns_bridge *b,
		    struct err *e) WARN_UNUSED;
int netns_do_bridge_remove(struct netns_server *s, const char *name, struct err *e) WARN_UNUSED;

/* plug.c: netns_fd is the container's, borrowed */
int netns_do_plug(struct netns_server *s, int netns_fd, const struct netns_plug *p,
		  char ret_veth[IFNAMSIZ], struct err *e) WARN_UNUSED;
int netns_do_unplug(struct netns_server *s, const char *veth, struct err *e) WARN_UNUSED;
int netns_do_sandbox(struct netns_server *s, int netns_fd, struct err *e) WARN_UNUSED;
int netns_do_sysctl(struct netns_server *s, int netns_fd, const struct netns_sysctl *c,
		    struct err *e) WARN_UNUSED;
int netns_lo_up(struct rtnl *nl, struct err *e) WARN_UNUSED;

/* pool.c: serves one channel until its other end is closed; owns fd */
int netns_pool_serve(struct netns_server *s, int fd, struct err *e) WARN_UNUSED;

#endif
