// SPDX-License-Identifier: MIT
/* Checks of what a client sent: terminated strings, known families; see msg_internal.h. */
#include <string.h>

#include "network/msg_internal.h"

static bool terminated(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

static bool ip_ok(const struct ip *a, bool may_be_none)
{
	return a->family == IP_V4 || a->family == IP_V6 || (may_be_none && a->family == IP_NONE);
}

static bool prefix_ok(const struct ip_prefix *p, bool may_be_none)
{
	return ip_ok(&p->ip, may_be_none) &&
	       (p->ip.family == IP_NONE || p->bits <= ip_bits(&p->ip));
}

static bool plug_ok(const struct netns_plug *p)
{
	return terminated(p->bridge, IFNAMSIZ) && terminated(p->veth, IFNAMSIZ) &&
	       terminated(p->ifname, IFNAMSIZ) && p->bridge[0] != '\0' && p->ifname[0] != '\0' &&
	       prefix_ok(&p->address, true) && prefix_ok(&p->address6, true) &&
	       ip_ok(&p->gateway, true) && ip_ok(&p->gateway6, true);
}

static bool sysctl_ok(const struct netns_sysctl *s)
{
	return terminated(s->name, sizeof(s->name)) && terminated(s->value, sizeof(s->value)) &&
	       strncmp(s->name, "net/", 4) == 0 && strstr(s->name, "..") == NULL;
}

bool netns_request_ok(const struct netns_request *q, size_t n_bytes)
{
	if (n_bytes != sizeof(*q) || q->version != NETNS_MSG_VERSION)
		return false;
	switch (q->op) {
	case NETNS_OP_HELLO:
	case NETNS_OP_POOL:
	case NETNS_OP_SANDBOX:
		return true;
	case NETNS_OP_TUN:
		return terminated(q->tun.ifname, IFNAMSIZ) && prefix_ok(&q->tun.subnet, true) &&
		       q->tun.subnet.ip.family != IP_V6;
	case NETNS_OP_BRIDGE:
		return terminated(q->bridge.name, IFNAMSIZ) &&
		       prefix_ok(&q->bridge.gateway, true) && prefix_ok(&q->bridge.gateway6, true);
	case NETNS_OP_PLUG:
		return plug_ok(&q->plug);
	case NETNS_OP_SYSCTL:
		return sysctl_ok(&q->sysctl);
	case NETNS_OP_BRIDGE_REMOVE:
	case NETNS_OP_UNPLUG:
		return terminated(q->name, sizeof(q->name));
	default:
		return false;
	}
}
