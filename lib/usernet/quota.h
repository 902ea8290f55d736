// SPDX-License-Identifier: MIT
/*
 * Who uses how much: a user is a source address in N, that is, a container. Each may have so many
 * flows of a kind, so many handshakes held and so many new flows in a millisecond; all together may
 * have what the descriptors allow. Finding the user and choosing who gives way cost the same
 * whatever their number, for addresses can be forged.
 */
#ifndef USERNET_QUOTA_H
#define USERNET_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "netlink/ip.h"
#include "usernet/ring.h"

#define QUOTA_BUCKETS 1024
#define QUOTA_KINDS   3	 /* TCP (FLOW_ANYIP too), UDP, ping: quota_kind() */
#define QUOTA_RANKS   20 /* users by the power of two of their UDP flows */

struct flow;

struct quota_user {
	struct ip ip;
	struct quota_user *next; /* in its bucket */
	struct list rank;	 /* in quota.ranks when it has UDP flows, quota.idle without any */
	struct list flows[QUOTA_KINDS]; /* longest idle first; none of those taken without a flow */
	size_t n[QUOTA_KINDS];
	struct ring_budget rings; /* share of all connections' buffers; limit.c sets it */
	size_t held;		  /* handshakes under way on the host's side */
	int64_t fresh_ms;	  /* the millisecond of */
	unsigned n_fresh;	  /* so many new flows */
	unsigned rank_now;	  /* 0: none */
};

struct quota {
	unsigned char hash_key[16];
	struct quota_user *buckets[QUOTA_BUCKETS];
	struct list ranks[QUOTA_RANKS];
	struct list idle; /* without a flow, kept for their rate */
	size_t n_idle;
	size_t n, max;	     /* of all users */
	size_t udp, udp_max; /* of them, for each takes a port of the host */
};

enum quota_answer { QUOTA_OK, QUOTA_RATE, QUOTA_LIMIT };

/** quota_kind() - FLOW_TCP, FLOW_UDP or FLOW_PING: as which a flow counts */
unsigned quota_kind(unsigned flow_kind);
/** quota_init() - nobody has anything; max for all together, udp_max of them UDP */
void quota_init(struct quota *q, size_t max, size_t udp_max);
/** quota_clear() - forgets the users, who have nothing left */
void quota_clear(struct quota *q);
/** quota_user() - the user of an address; NULL without memory. Valid while it has a flow, else
 * until the next call */
struct quota_user *quota_user(struct quota *q, const struct ip *ip);
/** quota_ask() - may the user have one more of a kind? *ret_evict: a UDP or ping flow that must be
 * ended first, or NULL */
enum quota_answer quota_ask(struct quota *q, struct quota_user *user, unsigned kind, int64_t now_ms,
			    struct flow **ret_evict);
/** quota_largest() - the longest idle UDP flow of a user that has about the most of them, or NULL
 */
struct flow *quota_largest(struct quota *q);
/** quota_take() - one more of a kind */
void quota_take(struct quota *q, struct quota_user *user, unsigned kind);
/** quota_give() - one less; the user may be gone afterwards */
void quota_give(struct quota *q, struct quota_user *user, unsigned kind);

#endif
