// SPDX-License-Identifier: MIT
/* Checks of what a client sent: terminated strings, known families; see msg_internal.h. */
#include <string.h>

#include "network/msg_internal.h"

#define ALNUM "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static bool terminated(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

/* a byte from outside is a bool only when it is 0 or 1 */
static bool bool_ok(const bool *b)
{
	uint8_t v;

	memcpy(&v, b, sizeof(v));
	return v <= 1;
}

/* An IPv4 address is equal to another only when what lies behind its four bytes is zero. */
static bool ip_ok(const struct ip *a, bool may_be_none)
{
	static const uint8_t zeros[sizeof(a->bytes) - 4];

	if (a->family == IP_V4)
		return memcmp(a->bytes + 4, zeros, sizeof(zeros)) == 0;
	return a->family == IP_V6 || (may_be_none && a->family == IP_NONE);
}

static bool prefix_ok(const struct ip_prefix *p, bool may_be_none)
{
	return ip_ok(&p->ip, may_be_none) &&
	       (p->ip.family == IP_NONE || p->bits <= ip_bits(&p->ip));
}

/* It becomes the name of a file: letters and digits only. */
static bool sandbox_ok(const char *s, bool may_be_empty)
{
	size_t n = strnlen(s, NETNS_SANDBOX_MAX);

	if (n == NETNS_SANDBOX_MAX)
		return false;
	return n == 0 ? may_be_empty : strspn(s, ALNUM) == n;
}

bool netns_sandbox_name_ok(const char *name)
{
	return strlen(name) < NETNS_SANDBOX_MAX && sandbox_ok(name, false);
}

/* As the kernel's dev_valid_name(): it becomes part of a sysctl's path. */
static bool ifname_ok(const char *s)
{
	return terminated(s, IFNAMSIZ) && s[0] != '\0' && strpbrk(s, "/: \t\n\v\f\r") == NULL &&
	       strcmp(s, ".") != 0 && strcmp(s, "..") != 0;
}

static bool extra_ok(const struct netns_plug *p)
{
	for (size_t i = 0; i < NETNS_EXTRA_MAX; i++) {
		if (!prefix_ok(&p->extra[i], true))
			return false;
	}
	return true;
}

static bool of_family(const struct ip *a, uint8_t family)
{
	return a->family == IP_NONE || a->family == family;
}

static bool plug_ok(const struct netns_plug *p)
{
	return bool_ok(&p->isolated) && bool_ok(&p->dns) && sandbox_ok(p->sandbox, true) &&
	       ifname_ok(p->bridge) && (p->veth[0] == '\0' || ifname_ok(p->veth)) &&
	       ifname_ok(p->ifname) && extra_ok(p) && prefix_ok(&p->address, true) &&
	       prefix_ok(&p->address6, true) && of_family(&p->address.ip, IP_V4) &&
	       of_family(&p->address6.ip, IP_V6) && of_family(&p->gateway, IP_V4) &&
	       of_family(&p->gateway6, IP_V6) && (!p->dns || p->address.ip.family == IP_V4);
}

static bool bridge_ok(const struct netns_bridge *b)
{
	return bool_ok(&b->internal) && bool_ok(&b->dns) && ifname_ok(b->name) &&
	       prefix_ok(&b->gateway, true) && prefix_ok(&b->gateway6, true) &&
	       of_family(&b->gateway.ip, IP_V4) && of_family(&b->gateway6.ip, IP_V6);
}

static bool gateway_ok(const struct netns_gateway *g)
{
	return sandbox_ok(g->sandbox, false) && (g->ifname[0] == '\0' || ifname_ok(g->ifname)) &&
	       (g->ifname6[0] == '\0' || ifname_ok(g->ifname6)) && of_family(&g->gateway, IP_V4) &&
	       of_family(&g->gateway6, IP_V6);
}

static bool list_ok(const struct netns_list *l)
{
	return (l->kind == NETNS_LIST_SANDBOXES || l->kind == NETNS_LIST_BRIDGES) &&
	       terminated(l->after, sizeof(l->after));
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
	case NETNS_OP_TUN_ADOPT:
		return bool_ok(&q->tun.ipv6) &&
		       (q->tun.ifname[0] == '\0' || ifname_ok(q->tun.ifname)) &&
		       prefix_ok(&q->tun.subnet, true) && q->tun.subnet.ip.family != IP_V6;
	case NETNS_OP_BRIDGE:
		return bridge_ok(&q->bridge);
	case NETNS_OP_PLUG:
		return plug_ok(&q->plug);
	case NETNS_OP_SYSCTL:
		return sysctl_ok(&q->sysctl);
	case NETNS_OP_BRIDGE_REMOVE:
		return ifname_ok(q->name);
	case NETNS_OP_UNPLUG:
		return sandbox_ok(q->end.sandbox, false) && ifname_ok(q->end.ifname);
	case NETNS_OP_GATEWAY:
		return gateway_ok(&q->gateway);
	case NETNS_OP_SANDBOX_REMOVE:
		return sandbox_ok(q->sandbox, false);
	case NETNS_OP_LIST:
		return list_ok(&q->list);
	default:
		return false;
	}
}
