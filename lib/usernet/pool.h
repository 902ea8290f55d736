// SPDX-License-Identifier: MIT
/*
 * The channel by which usernet gets sockets made inside N and inside the
 * containers' network namespaces: a SOCK_SEQPACKET pair whose other end the
 * netns-helper serves. It makes sockets and nothing else, so a subverted usernet
 * gains no right by it that its own packets on the tun do not have.
 * One request, one answer; descriptors ride along, non-blocking.
 */
#ifndef USERNET_POOL_H
#define USERNET_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink/ip.h"

#define POOL_VERSION 2
#define POOL_BATCH   32 /* descriptors in one answer at most */
/* the mark of transparent sockets in a container's namespace, and their routing table there */
#define POOL_MARK 0x7468

enum pool_op {
	/* n sockets of kind. child IP_NONE: in N itself. Else in the network namespace of the
	 * container that has that address: marked and transparent, so that they may be bound to
	 * any client's address; the answer carries that container's gateways */
	POOL_SOCKETS = 1,
	/* a raw socket in N that sees the SYNs N's routing delivers to listeners of POOL_LISTEN,
	 * but those that come by the tun; kind TCP4 or TCP6. The first watch of a channel brings a
	 * second descriptor, on which struct pool_locals arrive. n: listeners held from an earlier
	 * channel, whose rules are kept; 0: what is there is removed */
	POOL_SYN_WATCH,
	/* a transparent listener in N for port, the policy rule that leads to it, and the filter
	 * that keeps it silent; kind TCP4 or TCP6 */
	POOL_LISTEN,
	/* takes the policy rule back; no descriptor in the answer */
	POOL_UNLISTEN,
	/* two descriptors on 127.0.0.11:53 in N: a UDP socket and a TCP listener, in this order */
	POOL_DNS,
	/* n 1: the single datagrams of the container with the address child are gathered from now
	 * on, so that many arrive as one; 0: no longer. No descriptor in the answer. EOPNOTSUPP:
	 * not with this kernel; EHOSTUNREACH: no container has that address */
	POOL_GATHER,
	POOL_OP_END,
};

enum pool_kind { POOL_TCP4 = 1, POOL_UDP4, POOL_TCP6, POOL_UDP6, POOL_KIND_END };

struct pool_request {
	uint32_t version; /* POOL_VERSION */
	uint32_t op;	  /* enum pool_op */
	uint32_t kind;	  /* enum pool_kind; 0 for POOL_DNS, POOL_GATHER */
	uint32_t n;	 /* POOL_SOCKETS: 1 to POOL_BATCH; POOL_SYN_WATCH, POOL_GATHER: see there */
	uint16_t port;	 /* POOL_LISTEN, POOL_UNLISTEN; else 0 */
	struct ip child; /* POOL_SOCKETS, POOL_GATHER; else IP_NONE */
};

struct pool_answer {
	uint32_t version;
	uint32_t op, kind; /* of the request */
	int32_t sys;	   /* errno when it could not be done, else 0 */
	/* POOL_SOCKETS in a container's namespace: the addresses of its bridge, IP_NONE: none */
	struct ip gateway, gateway6;
};

#define POOL_LOCALS_MAX 512

struct pool_local {
	uint32_t ifindex;
	struct ip_prefix prefix; /* an address of N itself with its subnet */
};

/* All of N's addresses, sent by the helper at first and whenever they change. */
struct pool_locals {
	uint32_t version; /* POOL_VERSION */
	uint32_t n;
	struct pool_local a[POOL_LOCALS_MAX];
};

/** pool_request_ok() - every field of q, n_bytes long, lies in its range */
bool pool_request_ok(const struct pool_request *q, size_t n_bytes);

#endif
