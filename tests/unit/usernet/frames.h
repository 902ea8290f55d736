// SPDX-License-Identifier: MIT
/* Frames for the tests of the tap's link layer. */
#ifndef TESTS_UNIT_USERNET_FRAMES_H
#define TESTS_UNIT_USERNET_FRAMES_H

#include <string.h>

#include "tests/unit/harness.h"
#include "usernet/ether.h"

static const uint8_t GUEST_MAC[6] = {0x02, 1, 2, 3, 4, 5};
static const uint8_t OUR_MAC[6] = {0x52, 0x55, 10, 0, 2, 2};
static const uint8_t ALL_MAC[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static inline struct ip addr4(uint8_t last)
{
	return ip_v4(0x0a000200U + last);
}

static inline struct ip addr6(const char *text)
{
	struct ip a;
	struct err e;

	CHECK_OK(ip_parse(text, &a, &e), e);
	return a;
}

static inline void link_init(struct ether *x, bool v6)
{
	struct ether_conf c = {.gateway = addr4(2),
			       .dns = addr4(3),
			       .guest = addr4(100),
			       .dhcp_first = addr4(15),
			       .subnet_bits = 24,
			       .gateway6 = addr6("fd00::2"),
			       .dns6 = addr6("fd00::3"),
			       .mtu = 1500};

	if (v6)
		c.prefix6 = (struct ip_prefix){.ip = addr6("fd00::"), .bits = 64};
	memcpy(c.guest_mac, GUEST_MAC, 6);
	ether_init(x, &c);
}

/* A frame in f; returns where its payload goes. */
static inline uint8_t *frame(uint8_t *f, const uint8_t *dst, uint16_t type)
{
	memcpy(f, dst, 6);
	memcpy(f + 6, GUEST_MAC, 6);
	packet_put16(f + 12, type);
	return f + ETHER_HDR;
}

static inline enum ether_verdict in(struct ether *x, const uint8_t *f, size_t n, struct packet *ip,
				    struct ether_reply *r)
{
	struct packet v = {.p = f, .n = n};

	r->n = 0;
	return ether_input(x, &v, ip, r);
}

/* An IPv4 header of 20 bytes in p. */
static inline void head4(uint8_t *p, uint8_t proto, struct ip src, struct ip dst, size_t payload)
{
	memset(p, 0, 20);
	packet_write_ip(p, &src, &dst, proto, 1, payload, false);
}

#endif
