// SPDX-License-Identifier: MIT
/*
 * The messages between netns clients and the netns-helper: one request, one
 * answer, each a fixed struct in one SOCK_SEQPACKET message; both sides are
 * the same binary's build (the version says so). Descriptors ride along:
 *
 *   op       request carries        answer carries
 *   TUN                             the tun
 *   POOL                            the pool channel
 *   PLUG     the container's netns (unless the sandbox is pinned)
 *   SANDBOX  the container's netns
 *   SYSCTL   the container's netns
 */
#ifndef NETWORK_MSG_INTERNAL_H
#define NETWORK_MSG_INTERNAL_H

#include "network/client.h"

#define NETNS_MSG_VERSION 2
#define NETNS_SYSCTL_MAX  128

enum netns_op {
	NETNS_OP_HELLO = 1,
	NETNS_OP_TUN,
	NETNS_OP_POOL,
	NETNS_OP_BRIDGE,
	NETNS_OP_BRIDGE_REMOVE,
	NETNS_OP_PLUG,
	NETNS_OP_UNPLUG,
	NETNS_OP_SANDBOX,
	NETNS_OP_SYSCTL,
	NETNS_OP_GATEWAY,
	NETNS_OP_SANDBOX_REMOVE,
	NETNS_OP_LIST,
	NETNS_OP_TUN_ADOPT,
	NETNS_OP_END,
};

struct netns_sysctl {
	char name[NETNS_SYSCTL_MAX]; /* below /proc/sys, with slashes */
	char value[NETNS_SYSCTL_MAX];
};

/* UNPLUG: one interface of a sandbox */
struct netns_end {
	char sandbox[NETNS_SANDBOX_MAX];
	char ifname[IFNAMSIZ];
};

struct netns_list {
	uint32_t kind;		       /* enum netns_list_kind */
	char after[NETNS_SANDBOX_MAX]; /* the answer is the next name in strcmp order; "" the first
					*/
};

struct netns_request {
	uint32_t version; /* NETNS_MSG_VERSION */
	uint32_t op;	  /* enum netns_op */
	union {
		struct netns_tun tun;
		struct netns_bridge bridge;
		struct netns_plug plug;
		struct netns_sysctl sysctl;
		struct netns_end end;
		struct netns_gateway gateway;
		struct netns_list list;
		char name[IFNAMSIZ];		 /* BRIDGE_REMOVE */
		char sandbox[NETNS_SANDBOX_MAX]; /* SANDBOX_REMOVE */
	};
};

struct netns_answer {
	uint32_t version;
	uint32_t op;	/* of the request */
	struct err err; /* kind 0: done */
	struct netns_info info;
	char name[NETNS_SANDBOX_MAX]; /* PLUG: the near end; LIST: the next name, "" at the end */
};

/* true when every string in q is terminated and every address sane; tested and fuzzed */
bool netns_request_ok(const struct netns_request *q, size_t n_bytes);

/* a sandbox's name as it must be: letters and digits, not too many */
bool netns_sandbox_name_ok(const char *name);

#endif
