// SPDX-License-Identifier: MIT
/*
 * Frames as a namespace could write them: ARP, neighbour discovery, DHCP, the
 * table of stations. The input holds frames with a 16-bit length each; the top
 * bit of a length asks for right checksums. Answers and handed-on packets must
 * lie where they may.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "usernet/ether.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void init(struct ether *x)
{
	struct ether_conf c = {.guest_mac = {2, 0, 0, 0, 0, 1},
			       .gateway = ip_v4(0x0a000202U),
			       .dns = ip_v4(0x0a000203U),
			       .guest = ip_v4(0x0a000264U),
			       .dhcp_first = ip_v4(0x0a00020fU),
			       .subnet_bits = 24,
			       .gateway6 = {.family = IP_V6, .bytes = {0xfd, [15] = 2}},
			       .dns6 = {.family = IP_V6, .bytes = {0xfd, [15] = 3}},
			       .mtu = 1500};

	c.prefix6 = (struct ip_prefix){.ip = {.family = IP_V6, .bytes = {0xfd}}, .bits = 64};
	ether_init(x, &c);
}

/* The sums a real sender would have put in. */
static void fix_sums(uint8_t *f, size_t n)
{
	uint8_t *p = f + ETHER_HDR;
	struct ip src = {.family = IP_V6}, dst = src;
	size_t len;

	if (n < ETHER_HDR + 48 || packet_u16(f + 12) != ETHER_IP6 || p[6] != 58)
		return;
	len = MIN((size_t)packet_u16(p + 4), n - ETHER_HDR - 40);
	if (len < 8)
		return;
	packet_put16(p + 4, (uint16_t)len);
	memcpy(src.bytes, p + 8, 16);
	memcpy(dst.bytes, p + 24, 16);
	packet_put16(p + 42, 0);
	packet_put16(p + 42, (uint16_t)~packet_fold(packet_sum(packet_pseudo(&src, &dst, 58, len),
							       p + 40, len, 0)));
}

static void one(struct ether *x, uint8_t *f, size_t n)
{
	struct packet v = {.p = f, .n = n}, ip = {0};
	struct ether_reply r;
	uint8_t out[ETHER_HDR];
	struct ip a = {.family = IP_V4};

	r.n = 0;
	switch (ether_input(x, &v, &ip, &r)) {
	case ETHER_REPLY:
		if (r.n < ETHER_HDR || r.n > sizeof(r.p))
			abort();
		break;
	case ETHER_PACKET:
		if (ip.p < f || ip.p + ip.n > f + n || ip.n < PACKET_IP4_HDR)
			abort();
		ether_header(x, ip.p, out);
		memcpy(a.bytes, ip.p + 12, 4);
		if (ether_who_has(x, &a, &r) && r.n > sizeof(r.p))
			abort();
		break;
	case ETHER_DROP:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ether *x = xcalloc(1, sizeof(*x));

	init(x);
	while (size >= 2) {
		size_t n = packet_u16(data) & 0x7fff;
		bool fix = (data[0] & 0x80) != 0;
		uint8_t *f;

		data += 2;
		size -= 2;
		n = MIN(n, size);
		f = xmemdup(data, n); /* of the exact size: over-reads are seen */
		if (fix)
			fix_sums(f, n);
		one(x, f, n);
		free(f);
		data += n;
		size -= n;
	}
	free(x);
	return 0;
}
