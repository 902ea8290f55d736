// SPDX-License-Identifier: MIT
/* The world outside the bridges as containers see it: nameserver and host addresses on the tun. */
#ifndef ENGINE_UPLINK_H
#define ENGINE_UPLINK_H

#include "base/strv.h"
#include "netlink/ip.h"

struct names;

struct uplink {
	struct ip dns, dns6;	     /* nameserver of containers on the default bridge */
	struct ip gateway, gateway6; /* what host-gateway means; IP_NONE: no such family */
	bool gateway_given;	     /* by --host-gateway-ip */
};

/** uplink_init() - the addresses of a tun as it is unless rootlesskit was told otherwise */
void uplink_init(struct uplink *u);
/** uplink_learn() - what rootlesskit says (its --cidr); state_dir NULL or no answer: nothing
 * changes. Blocks for the answer */
void uplink_learn(struct uplink *u, const char *state_dir);
/** uplink_set_gateway() - --host-gateway-ip: at most one address of each family; ERR_INVALID */
int uplink_set_gateway(struct uplink *u, const struct strv *ips, struct err *e) WARN_UNUSED;

#endif
