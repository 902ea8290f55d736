// SPDX-License-Identifier: MIT
#include "netlink/ip.h"

#include <string.h>

#include "tests/unit/harness.h"

TEST(addresses_keep_their_text)
{
	static const char *const texts[] = {"10.0.2.100", "0.0.0.0", "fd00::1", "::"};
	char out[IP_TEXT_SIZE];
	struct err e;
	struct ip a;

	for (size_t i = 0; i < 4; i++) {
		CHECK_OK(ip_parse(texts[i], &a, &e), e);
		CHECK_STR(ip_format(&a, out), texts[i]);
	}
	CHECK(ip_parse("10.0.2", &a, &e) < 0);
	CHECK(ip_parse("", &a, &e) < 0);
}

TEST(prefixes)
{
	char out[IP_PREFIX_TEXT_SIZE], text[IP_TEXT_SIZE];
	struct ip_prefix p, n, q;
	struct err e;
	struct ip a;

	CHECK_OK(ip_prefix_parse("172.17.0.1/16", &p, &e), e);
	CHECK_STR(ip_prefix_format(&p, out), "172.17.0.1/16");
	n = ip_prefix_network(&p);
	CHECK_STR(ip_prefix_format(&n, out), "172.17.0.0/16");
	CHECK_OK(ip_prefix_nth(&p, 258, &a, &e), e);
	CHECK_STR(ip_format(&a, text), "172.17.1.2");
	CHECK(ip_prefix_has(&p, &a));
	CHECK(ip_prefix_nth(&p, 65536, &a, &e) < 0);
	CHECK_OK(ip_prefix_parse("172.17.128.0/17", &q, &e), e);
	CHECK(ip_prefix_overlaps(&p, &q) && ip_prefix_overlaps(&q, &p));
	CHECK_OK(ip_prefix_parse("172.18.0.0/16", &q, &e), e);
	CHECK(!ip_prefix_overlaps(&p, &q));
	CHECK(ip_prefix_parse("172.17.0.1/33", &p, &e) < 0);
	CHECK(ip_prefix_parse("172.17.0.1", &p, &e) < 0);
	CHECK(ip_prefix_parse("172.17.0.1/", &p, &e) < 0);
	CHECK_OK(ip_prefix_parse("fd00::/64", &p, &e), e);
	CHECK_OK(ip_prefix_nth(&p, 0x100, &a, &e), e);
	CHECK_STR(ip_format(&a, text), "fd00::100");
}

TEST(loopback_and_any)
{
	static const char *const loops[] = {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"};
	static const char *const anys[] = {"0.0.0.0", "::", "::ffff:0.0.0.0"};
	struct err e;
	struct ip a;

	for (size_t i = 0; i < 4; i++) {
		CHECK_OK(ip_parse(loops[i], &a, &e), e);
		CHECK(ip_is_loopback(&a) && !ip_is_any(&a));
	}
	for (size_t i = 0; i < 3; i++) {
		CHECK_OK(ip_parse(anys[i], &a, &e), e);
		CHECK(ip_is_any(&a) && !ip_is_loopback(&a));
	}
}

TEST(macs)
{
	uint8_t mac[MAC_SIZE];
	char out[MAC_TEXT_SIZE];
	struct err e;
	struct ip a = ip_v4(0xac110002);

	CHECK_EQ(ip_v4_u32(&a), 0xac110002);
	mac_from_ip(&a, mac);
	CHECK_STR(mac_format(mac, out), "02:42:ac:11:00:02");
	CHECK_OK(mac_parse("02-42-AC-11-00-03", mac, &e), e);
	CHECK_STR(mac_format(mac, out), "02:42:ac:11:00:03");
	CHECK(mac_parse("02:42:ac:11:00", mac, &e) < 0);
	CHECK(mac_parse("02:42:ac:11:00:0g", mac, &e) < 0);
}
