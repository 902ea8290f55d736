// SPDX-License-Identifier: MIT
/*
 * What the netns-helper knows of N: a cache of what the kernel keeps. The near
 * end of each pair and each bridge carry their description as the link's alias,
 * which no container can see or change; a helper started anew reads them back
 * (and not the containers' own addresses, which a container may set as it
 * likes). One thread.
 */
#ifndef NETWORK_STATE_INTERNAL_H
#define NETWORK_STATE_INTERNAL_H

#include "base/map.h"
#include "network/msg_internal.h"

/* One interface of a container. */
struct netns_port {
	char ifname[IFNAMSIZ]; /* in the container */
	char bridge[IFNAMSIZ];
	uint8_t mac[MAC_SIZE];
	struct ip address, address6; /* IP_NONE: none */
	int index;		     /* of the near end in N */
	bool loaded; /* an earlier helper's work, which its client may ask for again */
};

struct netns_sandbox {
	char name[NETNS_SANDBOX_MAX];
	int netns_fd; /* -1: its pin is lost */
	struct netns_port *ports;
	size_t n_ports;
};

struct netns_bridge_entry {
	struct netns_bridge b;
	int index;
	bool ruled; /* its rules are known to stand as b says */
};

struct netns_state {
	struct map bridges;   /* name: struct netns_bridge_entry */
	struct map sandboxes; /* name: struct netns_sandbox */
	struct map addresses; /* an address as text: struct netns_sandbox, borrowed */
	char *pin_dir;
};

void netns_state_init(struct netns_state *t, const char *pin_dir);
void netns_state_clear(struct netns_state *t);

/* An alias as text, and back; false when it is not one of ours. */
void netns_port_to_alias(const char *sandbox, const struct netns_port *p, char out[256]);
bool netns_port_from_alias(const char *alias, char ret_sandbox[NETNS_SANDBOX_MAX],
			   struct netns_port *ret);
void netns_bridge_to_alias(const struct netns_bridge *b, char out[256]);
bool netns_bridge_from_alias(const char *alias, struct netns_bridge *ret);

/* NULL: not known */
struct netns_bridge_entry *netns_bridge_find(const struct netns_state *t, const char *name);
struct netns_bridge_entry *netns_bridge_put(struct netns_state *t, const struct netns_bridge *b,
					    int index);
struct netns_sandbox *netns_sandbox_find(const struct netns_state *t, const char *name);
/* netns_fd becomes the sandbox's */
struct netns_sandbox *netns_sandbox_put(struct netns_state *t, const char *name, int netns_fd);
void netns_sandbox_forget(struct netns_state *t, struct netns_sandbox *sb);
/* NULL: no such interface */
struct netns_port *netns_port_find(const struct netns_sandbox *sb, const char *ifname);
void netns_port_put(struct netns_state *t, struct netns_sandbox *sb, const struct netns_port *p);
void netns_port_forget(struct netns_state *t, struct netns_sandbox *sb, struct netns_port *p);
/* The sandbox and interface with that address; NULL: none. */
const struct netns_port *netns_port_by_address(const struct netns_state *t, const struct ip *a,
					       struct netns_sandbox **ret);
/* The first key of kind behind after in strcmp order; "" at the end. */
void netns_state_next(const struct netns_state *t, const struct netns_list *l,
		      char ret[NETNS_SANDBOX_MAX]);

#endif
