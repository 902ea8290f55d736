// SPDX-License-Identifier: MIT
#include "network/ipam.h"

#include "base/mem.h"
#include "tests/unit/harness.h"

static struct ip_prefix prefix(const char *s)
{
	struct ip_prefix p;
	struct err e;

	CHECK_OK(ip_prefix_parse(s, &p, &e), e);
	return p;
}

static const char *next(struct ipam *m, char out[IP_TEXT_SIZE])
{
	struct err e;
	struct ip a;

	return ipam_alloc(m, &a, &e) < 0 ? "full" : ip_format(&a, out);
}

TEST(lowest_free_first)
{
	struct ip_prefix subnet = prefix("172.17.0.0/16");
	CLEANUP(ipam_clear) struct ipam m = {0};
	char out[IP_TEXT_SIZE];
	struct err e;
	struct ip a;

	CHECK_OK(ipam_init(&m, &subnet, NULL, NULL, &e), e);
	CHECK_STR(next(&m, out), "172.17.0.2");
	CHECK_STR(next(&m, out), "172.17.0.3");
	CHECK_OK(ip_parse("172.17.0.2", &a, &e), e);
	CHECK(ipam_reserve(&m, &a, &e) < 0);
	CHECK_EQ(e.kind, ERR_DENIED);
	ipam_release(&m, &a);
	CHECK_STR(next(&m, out), "172.17.0.2");
	CHECK_STR(next(&m, out), "172.17.0.4");
	CHECK_OK(ip_parse("10.0.0.1", &a, &e), e);
	CHECK(ipam_reserve(&m, &a, &e) < 0);
	CHECK_EQ(e.kind, ERR_INVALID);
}

TEST(small_subnet_fills_up)
{
	struct ip_prefix subnet = prefix("10.1.0.0/30");
	CLEANUP(ipam_clear) struct ipam m = {0};
	char out[IP_TEXT_SIZE];
	struct err e;

	CHECK_OK(ipam_init(&m, &subnet, NULL, NULL, &e), e);
	CHECK_STR(next(&m, out), "10.1.0.2");
	CHECK_STR(next(&m, out), "full");
	ipam_release(&m, &m.gateway);
	CHECK_STR(next(&m, out), "full");
	ipam_clear(&m);
	subnet = prefix("10.1.0.0/31");
	CHECK_OK(ipam_init(&m, &subnet, NULL, NULL, &e), e);
	CHECK_STR(next(&m, out), "10.1.0.1");
	CHECK_STR(next(&m, out), "full");
}

TEST(range_and_ipv6)
{
	struct ip_prefix subnet = prefix("10.1.0.0/24"), range = prefix("10.1.0.128/25");
	struct ip_prefix subnet6 = prefix("fd00:1::/64"), elsewhere = prefix("10.2.0.0/25");
	CLEANUP(ipam_clear) struct ipam m = {0};
	CLEANUP(ipam_clear) struct ipam m6 = {0};
	char out[IP_TEXT_SIZE];
	struct err e;

	CHECK(ipam_init(&m, &subnet, &elsewhere, NULL, &e) < 0);
	CHECK_OK(ipam_init(&m, &subnet, &range, NULL, &e), e);
	CHECK_STR(next(&m, out), "10.1.0.129"); /* the first of the range is the gateway */
	CHECK_OK(ipam_init(&m6, &subnet6, NULL, NULL, &e), e);
	CHECK_STR(next(&m6, out), "fd00:1::2");
}

TEST(addresses_beyond_the_bitmap)
{
	struct ip_prefix subnet = prefix("10.0.0.0/8"), range = prefix("10.5.0.0/24");
	CLEANUP(ipam_clear) struct ipam m = {0};
	char out[IP_TEXT_SIZE];
	struct ip gateway, a;
	struct err e;

	CHECK_OK(ip_parse("10.0.0.1", &gateway, &e), e);
	CHECK_OK(ipam_init(&m, &subnet, &range, &gateway, &e), e);
	CHECK_STR(next(&m, out), "10.5.0.0");
	CHECK_STR(next(&m, out), "10.5.0.1");
	CHECK_OK(ip_parse("10.200.0.1", &a, &e), e);
	CHECK_OK(ipam_reserve(&m, &a, &e), e);
	CHECK(ipam_reserve(&m, &a, &e) < 0);
	CHECK(ipam_reserve(&m, &gateway, &e) < 0);
	ipam_release(&m, &gateway);
	CHECK(ipam_reserve(&m, &gateway, &e) < 0);
	ipam_release(&m, &a);
	CHECK_OK(ipam_reserve(&m, &a, &e), e);
	CHECK_OK(ip_parse("10.255.255.255", &a, &e), e);
	CHECK(ipam_reserve(&m, &a, &e) < 0);
}
