// SPDX-License-Identifier: MIT
/* Published ports: what ports.c, relay.c and relay_udp.c share. */
#ifndef USERNET_PORTS_INTERNAL_H
#define USERNET_PORTS_INTERNAL_H

#include "usernet/usernet_internal.h"

struct port {
	struct list link; /* in usernet.ports */
	struct usernet *u;
	uint64_t id;
	bool udp;
	int fd; /* the host's listening or bound socket */
	struct loop_source *source;
	struct wheel_timer rest; /* accepting pauses while descriptors are short */
	struct sockaddr_storage child;
	socklen_t child_len;
	uint32_t pool_kind;
	struct list relays; /* struct relay or struct relay_udp */
};

/* relay.c */
void relay_accept(struct port *p);
void relay_kill_all(struct port *p);
void relay_reap(struct usernet *u);

/* relay_udp.c */
int relay_udp_setup(struct port *p, struct err *e) WARN_UNUSED;
void relay_udp_input(struct port *p);
void relay_udp_kill_all(struct port *p);

#endif
