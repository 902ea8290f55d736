// SPDX-License-Identifier: MIT
#include "network/pools.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "tests/unit/harness.h"

static void take(struct ip_prefixes *taken, const char *text)
{
	struct ip_prefix p;
	struct err e;

	CHECK_OK(ip_prefix_parse(text, &p, &e), e);
	ip_prefixes_add(taken, &p);
}

/* the next subnet, which is taken then */
static const char *next(const struct addr_pools *p, int family, struct ip_prefixes *taken,
			char out[IP_PREFIX_TEXT_SIZE])
{
	struct ip_prefix s;
	struct err e;

	if (addr_pools_next(p, family, taken, &s, &e) < 0)
		return "full";
	ip_prefixes_add(taken, &s);
	return ip_prefix_format(&s, out);
}

TEST(dockers_defaults)
{
	CLEANUP(addr_pools_clear) struct addr_pools p = {0};
	CLEANUP(ip_prefixes_clear) struct ip_prefixes taken = {0};
	char out[IP_PREFIX_TEXT_SIZE];
	size_t n = 0;

	addr_pools_default(&p, "seed");
	take(&taken, "172.17.0.0/16");
	take(&taken, "172.20.9.0/24"); /* a route of the host */
	CHECK_STR(next(&p, IP_V4, &taken, out), "172.18.0.0/16");
	CHECK_STR(next(&p, IP_V4, &taken, out), "172.19.0.0/16");
	CHECK_STR(next(&p, IP_V4, &taken, out), "172.21.0.0/16");
	for (n = 22; n < 32; n++)
		next(&p, IP_V4, &taken, out);
	CHECK_STR(out, "172.31.0.0/16");
	CHECK_STR(next(&p, IP_V4, &taken, out), "192.168.0.0/20");
	for (n = 1; n < 16; n++)
		next(&p, IP_V4, &taken, out);
	CHECK_STR(out, "192.168.240.0/20");
	CHECK_STR(next(&p, IP_V4, &taken, out), "full");
	CHECK(str_starts(next(&p, IP_V6, &taken, out), "fd"));
	CHECK(strstr(out, "::/64") != NULL);
	CHECK(strstr(next(&p, IP_V6, &taken, out), ":1::/64") != NULL);
}

TEST(a_wide_route_takes_many_at_once)
{
	CLEANUP(addr_pools_clear) struct addr_pools p = {0};
	CLEANUP(ip_prefixes_clear) struct ip_prefixes taken = {0};
	char out[IP_PREFIX_TEXT_SIZE];
	struct err e;

	CHECK_OK(addr_pools_parse(&p, "base=10.0.0.0/8,size=32", &e), e);
	take(&taken, "10.0.0.0/9");
	take(&taken, "10.128.0.1/32");
	CHECK_STR(next(&p, IP_V4, &taken, out), "10.128.0.0/32");
	CHECK_STR(next(&p, IP_V4, &taken, out), "10.128.0.2/32");
	take(&taken, "0.0.0.0/0");
	CHECK_STR(next(&p, IP_V4, &taken, out), "full");
}

TEST(malformed_pools)
{
	static const char *const bad[] = {"",
					  "base=10.0.0.0/8",
					  "size=24",
					  "x=y",
					  "base=10.0.0.0/8,size=4",
					  "base=zz,size=24",
					  "base=10.0.0.0/8,size=33"};
	CLEANUP(addr_pools_clear) struct addr_pools p = {0};
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(addr_pools_parse(&p, bad[i], &e) < 0);
	CHECK_EQ(p.n, 0);
}

TEST(routes_of_the_host)
{
	CLEANUP(ip_prefixes_clear) struct ip_prefixes r = {0};
	char out[IP_PREFIX_TEXT_SIZE];

	ip_prefixes_routes4(&r, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n"
				"eth0\t00000000\t0102A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
				"eth0\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n");
	CHECK_EQ(r.n, 1);
	CHECK_STR(ip_prefix_format(&r.items[0], out), "192.168.2.0/24");
	ip_prefixes_routes6(
		&r, "fd000001000000000000000000000000 40 00000000000000000000000000000000 00 x\n"
		    "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 x\n"
		    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 x\n"
		    "short\n");
	CHECK_EQ(r.n, 2);
	CHECK_STR(ip_prefix_format(&r.items[1], out), "fd00:1::/64");
}
