// SPDX-License-Identifier: MIT
#include "network/ports.h"

#include "tests/unit/harness.h"

TEST(port_words)
{
	char out[PORT_TEXT_SIZE];
	struct port_range r;
	struct err e;

	CHECK_OK(port_parse("80", &r, &e), e);
	CHECK(r.proto == PORT_TCP && r.first == 80 && r.last == 80);
	CHECK_OK(port_parse("8000-8010/udp", &r, &e), e);
	CHECK(r.proto == PORT_UDP && r.first == 8000 && r.last == 8010);
	CHECK(port_parse("0/tcp", &r, &e) < 0);
	CHECK(port_parse("80/icmp", &r, &e) < 0);
	CHECK(port_parse("90-80", &r, &e) < 0);
	CHECK(port_parse("65536", &r, &e) < 0);
	CHECK(port_parse("", &r, &e) < 0);
	CHECK_OK(port_parse_host("", &r, &e), e);
	CHECK(r.first == 0 && r.last == 0);
	CHECK_OK(port_parse_host("8080-8090", &r, &e), e);
	CHECK(r.first == 8080 && r.last == 8090);
	CHECK(port_parse_host("x", &r, &e) < 0);
	CHECK_STR(port_format(PORT_UDP, 53, out), "53/udp");
}

TEST(pool_is_next_fit)
{
	static struct port_pool p;
	uint16_t a, b;
	struct err e;

	port_pool_init(&p);
	CHECK_OK(port_pool_take(&p, PORT_TCP, &a, &e), e);
	CHECK_EQ(a, PORTS_EPHEMERAL_FIRST);
	port_pool_release(&p, PORT_TCP, a);
	CHECK_OK(port_pool_take(&p, PORT_TCP, &b, &e), e);
	CHECK_EQ(b, PORTS_EPHEMERAL_FIRST + 1);
	CHECK_OK(port_pool_take(&p, PORT_UDP, &b, &e), e);
	CHECK_EQ(b, PORTS_EPHEMERAL_FIRST);
	port_pool_reserve(&p, PORT_TCP, PORTS_EPHEMERAL_FIRST + 2);
	port_pool_reserve(&p, PORT_TCP, 80);
	CHECK_OK(port_pool_take(&p, PORT_TCP, &b, &e), e);
	CHECK_EQ(b, PORTS_EPHEMERAL_FIRST + 3);
}

TEST(pool_ends)
{
	static struct port_pool p;
	uint16_t port;
	struct err e;

	port_pool_init(&p);
	for (int i = PORTS_EPHEMERAL_FIRST; i <= PORTS_EPHEMERAL_LAST; i++)
		CHECK_OK(port_pool_take(&p, PORT_TCP, &port, &e), e);
	CHECK(port_pool_take(&p, PORT_TCP, &port, &e) < 0);
	CHECK_EQ(e.kind, ERR_UNAVAILABLE);
}
