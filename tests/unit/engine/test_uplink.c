// SPDX-License-Identifier: MIT
#include "engine/uplink.h"

#include "tests/unit/harness.h"

static const char *text(const struct ip *a)
{
	static char out[IP_TEXT_SIZE];

	return ip_format(a, out);
}

TEST(defaults)
{
	struct uplink u;

	uplink_init(&u);
	CHECK_STR(text(&u.dns), "10.0.2.3");
	CHECK_STR(text(&u.gateway), "10.0.2.2");
	CHECK_STR(text(&u.gateway6), "fd00::2");
	uplink_learn(&u, NULL);
	uplink_learn(&u, "/nonexistent");
	CHECK_STR(text(&u.dns6), "fd00::3");
}

TEST(host_gateway_ip)
{
	struct strv v = STRV_INIT;
	struct uplink u;
	struct err e;

	uplink_init(&u);
	CHECK(uplink_set_gateway(&u, &v, &e) == 0);
	CHECK(!u.gateway_given);
	strv_add(&v, "192.0.2.7");
	CHECK(uplink_set_gateway(&u, &v, &e) == 0);
	CHECK_STR(text(&u.gateway), "192.0.2.7");
	CHECK_EQ(u.gateway6.family, IP_NONE);
	strv_add(&v, "fd12::1");
	CHECK(uplink_set_gateway(&u, &v, &e) == 0);
	CHECK_STR(text(&u.gateway6), "fd12::1");
	strv_add(&v, "192.0.2.8");
	CHECK(uplink_set_gateway(&u, &v, &e) < 0);
	strv_add(&v, "nonsense");
	CHECK(uplink_set_gateway(&u, &v, &e) < 0);
	strv_clear(&v);
}
