// SPDX-License-Identifier: MIT
/* Published ports: what ports.c, ports_tcp.c and ports_udp.c share. */
#ifndef USERNET_PORTS_INTERNAL_H
#define USERNET_PORTS_INTERNAL_H

#include "usernet/stock.h"
#include "usernet/usernet_internal.h"

struct port {
	struct list link; /* in usernet.ports */
	struct usernet *u;
	uint64_t id;
	bool udp;
	bool bursts;	/* UDP: the host takes several datagrams in one call */
	bool source_ip; /* the container sees the client's address */
	int fd;		/* the host's listening or bound socket */
	struct loop_source *source;
	struct wheel_timer rest; /* accepting pauses while descriptors are short */
	struct ip child;	 /* IP_NONE: N's loopback */
	uint16_t child_port;
	struct stock *stock;
	struct list conns;  /* TCP: struct port_conn, the container's side connecting */
	struct list relays; /* TCP: struct relay; UDP: struct port_flow */
};

/* an address and a port */
struct endpoint {
	struct ip ip;
	uint16_t port;
};

/* ports.c: where the port leads, as sockets of N or the container connect to it */
socklen_t port_child_sa(const struct port *p, struct sockaddr_storage *ret);
/* ports.c: enum pool_kind of sockets that connect there */
uint32_t port_pool_kind(const struct port *p);
/* ports.c: the container can be shown this client as it is; else it sees the gateway */
bool port_shows(const struct port *p, const struct endpoint *client);

/* ports_tcp.c */
void port_accept(struct port *p);
void port_close_conns(struct port *p);

/* ports_udp.c */
int port_udp_setup(struct port *p, struct err *e) WARN_UNUSED;
void port_udp_input(struct port *p);
void port_udp_kill_all(struct port *p);

#endif
