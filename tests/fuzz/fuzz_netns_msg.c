// SPDX-License-Identifier: MIT
/* Requests to the netns-helper: one that passes has terminated strings and known families. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "network/msg_internal.h"
#include "network/state_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* It becomes a file's name, or part of a sysctl's path. */
static void must_be_safe(const char *name, size_t size)
{
	if (memchr(name, '\0', size) == NULL || strcmp(name, "..") == 0 || strcmp(name, ".") == 0 ||
	    strchr(name, '/') != NULL)
		abort();
}

static void check_plug(const struct netns_plug *p)
{
	char alias[256], sandbox[NETNS_SANDBOX_MAX], out[IP_PREFIX_TEXT_SIZE];
	struct netns_port port = {0}, back;

	must_be_safe(p->sandbox, sizeof(p->sandbox));
	must_be_safe(p->bridge, sizeof(p->bridge));
	must_be_safe(p->ifname, sizeof(p->ifname));
	must_be_safe(p->veth, sizeof(p->veth));
	ip_prefix_format(&p->address, out);
	for (size_t i = 0; i < NETNS_EXTRA_MAX; i++)
		ip_prefix_format(&p->extra[i], out);
	if (p->address.ip.family != IP_NONE)
		port.address = p->address.ip;
	if (p->address6.ip.family != IP_NONE)
		port.address6 = p->address6.ip;
	memcpy(port.ifname, p->ifname, IFNAMSIZ);
	memcpy(port.bridge, p->bridge, IFNAMSIZ);
	memcpy(port.mac, p->mac, MAC_SIZE);
	if (p->sandbox[0] == '\0')
		return;
	/* what is written as an alias is read back the same */
	netns_port_to_alias(p->sandbox, &port, alias);
	if (!netns_port_from_alias(alias, sandbox, &back) || strcmp(sandbox, p->sandbox) != 0 ||
	    strcmp(back.ifname, p->ifname) != 0 || strcmp(back.bridge, p->bridge) != 0 ||
	    !ip_eq(&back.address, &port.address) || !ip_eq(&back.address6, &port.address6))
		abort();
}

static void check_bridge(const struct netns_bridge *b)
{
	struct netns_bridge back;
	char alias[256];

	must_be_safe(b->name, sizeof(b->name));
	netns_bridge_to_alias(b, alias);
	if (!netns_bridge_from_alias(alias, &back) || back.internal != b->internal ||
	    back.dns != b->dns)
		abort();
	/* an absent address equals none, whatever bytes lie there */
	if ((b->gateway.ip.family != IP_NONE &&
	     (back.gateway.bits != b->gateway.bits || !ip_eq(&back.gateway.ip, &b->gateway.ip))) ||
	    (b->gateway6.ip.family != IP_NONE && !ip_eq(&back.gateway6.ip, &b->gateway6.ip)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netns_request q = {0};
	char text[300];

	if (size > 0 && size < sizeof(text)) { /* an alias that somebody else wrote */
		struct netns_bridge b;
		struct netns_port p;

		memcpy(text, data, size);
		text[size] = '\0';
		netns_port_from_alias(text, (char[NETNS_SANDBOX_MAX]){0}, &p);
		netns_bridge_from_alias(text, &b);
	}
	memcpy(&q, data, size < sizeof(q) ? size : sizeof(q));
	if (!netns_request_ok(&q, sizeof(q)))
		return 0;
	if (q.op >= NETNS_OP_END)
		abort();
	if (q.op == NETNS_OP_SYSCTL && strlen(q.sysctl.name) >= NETNS_SYSCTL_MAX)
		abort();
	if (q.op == NETNS_OP_PLUG)
		check_plug(&q.plug);
	if (q.op == NETNS_OP_BRIDGE)
		check_bridge(&q.bridge);
	if (q.op == NETNS_OP_UNPLUG)
		must_be_safe(q.end.sandbox, sizeof(q.end.sandbox));
	return 0;
}
