// SPDX-License-Identifier: MIT
/* usernet when it was called as slirp4netns: what slirp_serve.c, hostfwd.c and hostfwd_udp.c share.
 */
#ifndef USERNET_SLIRP_INTERNAL_H
#define USERNET_SLIRP_INTERNAL_H

#include "usernet/slirp_api.h"
#include "usernet/usernet_internal.h"

/* A port of the host that leads into the tap: clients keep their addresses. */
struct hostfwd {
	struct list link; /* in usernet.hostfwds, oldest first */
	struct usernet *u;
	int id;
	struct hostfwd_spec spec;
	int fd;
	struct loop_source *source;
	struct wheel_timer rest; /* accepting pauses while descriptors are short */
	struct list clients;	 /* UDP: struct fwd_client, longest idle first */
};

/* hostfwd.c */
int hostfwd_add(struct usernet *u, const struct hostfwd_spec *s, int *ret_id,
		struct err *e) WARN_UNUSED;
int hostfwd_remove(struct usernet *u, int id, struct err *e) WARN_UNUSED;
void hostfwd_clear(struct usernet *u);
/* the address a client has in the namespace */
struct ip hostfwd_client(const struct usernet *u, const struct ip *a);

/* hostfwd_udp.c */
int hostfwd_udp_setup(struct hostfwd *h, struct err *e) WARN_UNUSED;
void hostfwd_udp_input(struct hostfwd *h);
void hostfwd_udp_clear(struct hostfwd *h);

/* slirp_serve.c: the API socket and the exit descriptor */
int slirp_serve(struct usernet *u, struct err *e) WARN_UNUSED;
void slirp_serve_end(struct usernet *u);

#endif
