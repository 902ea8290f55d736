// SPDX-License-Identifier: MIT
/*
 * Published ports: Docker's port words ("80/tcp", "8000-8010/udp"), a pool of
 * ephemeral host ports, and the client of RootlessKit's REST API (POST and
 * DELETE /v1/ports on api.sock), through which host ports are bound.
 */
#ifndef NETWORK_PORTS_H
#define NETWORK_PORTS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "netlink/ip.h"

#define PORTS_EPHEMERAL_FIRST 32768
#define PORTS_EPHEMERAL_LAST  60999
#define PORT_TEXT_SIZE	      24

enum port_proto { PORT_TCP, PORT_UDP, PORT_SCTP };

struct port_range {
	enum port_proto proto;
	uint16_t first, last; /* equal for one port; 0-0 when the text was "" */
};

/** port_proto_name() - "tcp", "udp", "sctp" */
const char *port_proto_name(enum port_proto p);
/** port_parse() - nat.Port: "80", "80/tcp", "8000-8010/udp"; ERR_INVALID "invalid port ..." */
int port_parse(const char *s, struct port_range *ret, struct err *e) WARN_UNUSED;
/** port_parse_host() - HostPort of a binding: "", "8080" or "8080-8090"; 0-0 for "" */
int port_parse_host(const char *s, struct port_range *ret, struct err *e) WARN_UNUSED;
/** port_format() - "80/tcp"; returns out */
const char *port_format(enum port_proto p, uint16_t port, char out[PORT_TEXT_SIZE]);

/* which ephemeral host ports this process has handed out; threads share it under its mutex */
struct port_pool {
	pthread_mutex_t mu;
	uint32_t used[2][(PORTS_EPHEMERAL_LAST - PORTS_EPHEMERAL_FIRST + 32) / 32]; /* tcp, udp */
	uint32_t next[2];
};

/** port_pool_init() - empty pool */
void port_pool_init(struct port_pool *p);
/** port_pool_take() - the next port nobody here holds (next fit, as Docker); ERR_UNAVAILABLE when
 * all are. It may still be bound by another program: then take another one and release this. */
int port_pool_take(struct port_pool *p, enum port_proto proto, uint16_t *ret_port,
		   struct err *e) WARN_UNUSED;
/** port_pool_reserve() - marks a port (after a restart); others than ephemeral are ignored */
void port_pool_reserve(struct port_pool *p, enum port_proto proto, uint16_t port);
/** port_pool_release() - gives a port back */
void port_pool_release(struct port_pool *p, enum port_proto proto, uint16_t port);

/* one published port as RootlessKit's API knows it */
struct rk_port {
	enum port_proto proto;
	struct ip parent_ip; /* IP_NONE: 0.0.0.0 */
	uint16_t parent_port;
	struct ip child_ip; /* IP_NONE: 127.0.0.1 of N */
	uint16_t child_port;
};

/**
 * rk_port_add() - publish a port
 * @state_dir: $ROOTLESSKIT_STATE_DIR; api.sock lies there
 * @p:         what to publish
 * @ret_id:    the API's id, for rk_port_del()
 * @e:         ERR_CONFLICT when the host port is taken (message ends in "address already in
 *             use"), ERR_DENIED for a privileged port, ERR_UNAVAILABLE when api.sock does not
 * answer
 *
 * Any thread; blocks for at most NETNS_CALL_TIMEOUT_MS.
 */
int rk_port_add(const char *state_dir, const struct rk_port *p, uint64_t *ret_id,
		struct err *e) WARN_UNUSED;
/** rk_port_del() - unpublish by id; unknown ids are ERR_NOTFOUND */
int rk_port_del(const char *state_dir, uint64_t id, struct err *e) WARN_UNUSED;
/** rk_port_list() - calls fn for each published port; non-zero from fn ends it */
int rk_port_list(const char *state_dir, int (*fn)(uint64_t id, const struct rk_port *p, void *arg),
		 void *arg, struct err *e) WARN_UNUSED;

#endif
