// SPDX-License-Identifier: MIT
#include "usernet/addr.h"

#include <netinet/in.h>

#include "base/mem.h"
#include "tests/unit/harness.h"

static struct ip addr(const char *s)
{
	struct ip a;
	struct err e;

	CHECK(ip_parse(s, &a, &e) == 0);
	return a;
}

TEST(closed_addresses_in_every_disguise)
{
	static const char *const closed[] = {"0.0.0.0",
					     "0.1.2.3",
					     "127.0.0.1",
					     "127.255.255.255",
					     "224.0.0.1",
					     "240.0.0.1",
					     "255.255.255.255",
					     "::",
					     "::1",
					     "::127.0.0.1",
					     "::ffff:127.0.0.1",
					     "::ffff:192.0.2.1",
					     "::ffff:0:7f00:1",
					     "2002:7f00:1::",
					     "2002:0:1::1",
					     "64:ff9b::127.0.0.1",
					     "64:ff9b::0.0.0.0",
					     "64:ff9b:1::7f00:1",
					     "fe80::1",
					     "febf::1",
					     "ff02::1",
					     "2002:e000:1::"};
	static const char *const open[] = {
		"10.0.0.1",    "169.254.169.254",  "192.0.2.1",	       "fd00::1",
		"2001:db8::1", "2002:c000:201::1", "64:ff9b::8.8.8.8", "fec0::1"};

	for (size_t i = 0; i < ARRAY_LEN(closed); i++) {
		struct ip a = addr(closed[i]);

		CHECK(addr_is_closed(&a));
		CHECK(!addr_is_source(&a));
	}
	for (size_t i = 0; i < ARRAY_LEN(open); i++) {
		struct ip a = addr(open[i]);

		CHECK(!addr_is_closed(&a));
	}
}

TEST(socket_addresses_there_and_back)
{
	static const char *const some[] = {"192.0.2.7", "2001:db8::7"};

	for (size_t i = 0; i < ARRAY_LEN(some); i++) {
		struct ip a = addr(some[i]), b;
		struct sockaddr_storage sa;
		uint16_t port;

		CHECK_EQ(addr_to_sa(&a, 80, &sa),
			 i == 0 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
		addr_set_port(&sa, 81);
		b = addr_from_sa(&sa, &port);
		CHECK(ip_eq(&a, &b) && port == 81);
	}
}

TEST(a_mapped_peer_is_ipv4)
{
	struct ip a = addr("::ffff:192.0.2.7"), v4 = addr("192.0.2.7"), b;
	struct sockaddr_storage sa;

	addr_to_sa(&a, 1, &sa);
	b = addr_from_sa(&sa, NULL);
	CHECK(ip_eq(&b, &v4));
	sa.ss_family = AF_UNIX;
	CHECK_EQ(addr_from_sa(&sa, NULL).family, IP_NONE);
}
