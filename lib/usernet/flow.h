// SPDX-License-Identifier: MIT
/*
 * The flow table: what N's packets belong to. Chained hash, SipHash with a
 * random key (N chooses the ports), and per kind a list in order of use for
 * eviction. A flow is embedded first in the struct of its kind.
 */
#ifndef USERNET_FLOW_H
#define USERNET_FLOW_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "netlink/ip.h"
#include "usernet/quota.h"

#define FLOW_BUCKETS 16384

enum flow_kind {
	FLOW_TCP,
	FLOW_UDP,
	FLOW_PING,
	FLOW_FWD,    /* hostfwd_udp.c */
	FLOW_PORT,   /* from a container by a published UDP port, to its client */
	FLOW_CLIENT, /* the same from the client: its address in src, the port's id in dst */
	FLOW_ANYIP,  /* anyip_flow.c */
	FLOW_KINDS
};

/* Hashed and compared as bytes: no padding, addresses made by netlink/ip.h or all zero at first. */
struct flow_key {
	uint32_t kind;	/* enum flow_kind */
	uint16_t sport; /* for FLOW_PING: the id, dport 0 */
	uint16_t dport;
	struct ip src; /* in N */
	struct ip dst; /* outside */
	uint8_t zero[2];
};

_Static_assert(sizeof(struct flow_key) == 44, "padding in struct flow_key");

struct flow {
	struct flow_key key;
	struct flow *next;	 /* in its bucket */
	struct list used;	 /* in flow_table.lru, longest idle first */
	struct quota_user *user; /* whose share it is of; NULL: nobody's */
	struct list mine;	 /* the same list, the user's flows only */
};

struct flow_table {
	unsigned char hash_key[16];
	struct flow *buckets[FLOW_BUCKETS];
	struct list lru[FLOW_KINDS];
	size_t n[FLOW_KINDS];
	struct quota quota;
};

/** flow_table_init() - an empty table with a random hash key; shares by quota_init() */
void flow_table_init(struct flow_table *t);
/** flow_find() - the flow of that key, moved to the end of its list; or NULL */
struct flow *flow_find(struct flow_table *t, const struct flow_key *k);
/** flow_add() - adds a flow whose key is set and new; with a user it counts as his */
void flow_add(struct flow_table *t, struct flow *f);
/** flow_remove() - takes a flow out; the caller frees it */
void flow_remove(struct flow_table *t, struct flow *f);
/** flow_oldest() - the longest idle flow of a kind, or NULL */
struct flow *flow_oldest(struct flow_table *t, enum flow_kind kind);

#endif
