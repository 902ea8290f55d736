// SPDX-License-Identifier: MIT
#include "network/state_internal.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/harness.h"

static struct ip addr(const char *text)
{
	struct ip a;
	struct err e;

	CHECK_OK(ip_parse(text, &a, &e), e);
	return a;
}

TEST(a_port_survives_its_alias)
{
	struct netns_port p = {.ifname = "eth0",
			       .bridge = "br-0123456789ab",
			       .mac = {2, 0x42, 1, 2, 3, 4}},
			  q;
	char alias[256], sandbox[NETNS_SANDBOX_MAX];

	p.address = addr("172.17.0.2");
	netns_port_to_alias("abc123", &p, alias);
	CHECK(netns_port_from_alias(alias, sandbox, &q));
	CHECK_STR(sandbox, "abc123");
	CHECK_STR(q.ifname, "eth0");
	CHECK_STR(q.bridge, "br-0123456789ab");
	CHECK_MEM(q.mac, p.mac, MAC_SIZE);
	CHECK(ip_eq(&q.address, &p.address));
	CHECK_EQ(q.address6.family, IP_NONE);
	p.address6 = addr("2001:db8:1234:5678:9abc:def0:1234:5678");
	memset(sandbox, 'x', NETNS_SANDBOX_MAX - 1);
	sandbox[NETNS_SANDBOX_MAX - 1] = '\0';
	memset(p.ifname, 'y', IFNAMSIZ - 1);
	netns_port_to_alias(sandbox, &p, alias);
	CHECK(strlen(alias) < 255);
	CHECK(netns_port_from_alias(alias, sandbox, &q));
	CHECK(ip_eq(&q.address6, &p.address6));
	CHECK(!netns_port_from_alias("", sandbox, &q));
	CHECK(!netns_port_from_alias("thimble-port-1 a b c d e f", sandbox, &q));
}

TEST(a_bridge_survives_its_alias)
{
	struct netns_bridge b = {.internal = true}, c;
	char alias[256];
	struct err e;

	CHECK_OK(ip_prefix_parse("172.18.0.1/16", &b.gateway, &e), e);
	netns_bridge_to_alias(&b, alias);
	CHECK(netns_bridge_from_alias(alias, &c));
	CHECK(c.internal && !c.dns);
	CHECK(ip_eq(&b.gateway.ip, &c.gateway.ip));
	CHECK_EQ(c.gateway.bits, 16);
	CHECK_EQ(c.gateway6.ip.family, IP_NONE);
	CHECK(!netns_bridge_from_alias("eth0 of somebody", &c));
}

TEST(addresses_lead_to_sandboxes)
{
	struct netns_port p = {.ifname = "eth0"}, q = {.ifname = "eth1"};
	struct ip four = addr("10.0.0.2"), six = addr("fd01::2"), other = addr("10.1.0.2");
	struct netns_sandbox *a, *b, *sb;
	struct netns_state t;

	netns_state_init(&t, "/nowhere");
	a = netns_sandbox_put(&t, "a", -1);
	b = netns_sandbox_put(&t, "b", -1);
	p.address = four;
	p.address6 = six;
	q.address = other;
	netns_port_put(&t, a, &p);
	netns_port_put(&t, a, &q);
	CHECK_STR(netns_port_by_address(&t, &four, &sb)->ifname, "eth0");
	CHECK(sb == a);
	CHECK_STR(netns_port_by_address(&t, &other, &sb)->ifname, "eth1");
	CHECK_STR(netns_port_by_address(&t, &six, &sb)->ifname, "eth0");
	/* the address has gone to another container before the first one's was forgotten */
	q.address = four;
	netns_port_put(&t, b, &q);
	netns_port_forget(&t, a, netns_port_find(a, "eth0"));
	CHECK(netns_port_by_address(&t, &four, &sb) != NULL && sb == b);
	CHECK(netns_port_by_address(&t, &six, &sb) == NULL);
	netns_sandbox_forget(&t, a);
	CHECK(netns_port_by_address(&t, &other, &sb) == NULL);
	CHECK(netns_sandbox_find(&t, "a") == NULL);
	netns_state_clear(&t);
}

TEST(lists_in_order)
{
	struct netns_list l = {.kind = NETNS_LIST_SANDBOXES};
	char name[NETNS_SANDBOX_MAX];
	struct netns_state t;

	netns_state_init(&t, "/nowhere");
	netns_sandbox_put(&t, "c", -1);
	netns_sandbox_put(&t, "a", -1);
	netns_sandbox_put(&t, "b", -1);
	netns_state_next(&t, &l, name);
	CHECK_STR(name, "a");
	str_copy(l.after, "a", sizeof(l.after));
	netns_state_next(&t, &l, name);
	CHECK_STR(name, "b");
	str_copy(l.after, "c", sizeof(l.after));
	netns_state_next(&t, &l, name);
	CHECK_STR(name, "");
	netns_state_clear(&t);
}
