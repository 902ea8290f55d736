// SPDX-License-Identifier: MIT
/*
 * IPv4, IPv6, TCP, UDP, ICMP and fragments as N could write them. All destinations
 * are refused (the tun's subnets have no bits), so no socket is opened; what would be
 * answered goes nowhere. The first byte says whether checksums are verified,
 * the input then holds packets with a 16-bit length each.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "usernet/usernet_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct usernet *engine(void)
{
	struct usernet *u = xcalloc(1, sizeof(*u));

	flow_table_init(&u->flows);
	quota_init(&u->flows.quota, 1000, 1000);
	list_init(&u->tcp_due);
	list_init(&u->tcp_dead);
	u->tun_fd = -1;
	u->net4.subnet.ip.family = IP_V4;
	u->net6.subnet.ip.family = IP_V6;
	u->mtu6 = USERNET_MTU6;
	u->no_dns = true;
	u->mtu = 1500;
	u->scratch = xmalloc(USERNET_SCRATCH);
	return u;
}

static void fix_header(uint8_t *p, size_t n)
{
	size_t hdr = (size_t)(p[0] & 15) * 4;

	if (n < PACKET_IP4_HDR || p[0] >> 4 != 4 || hdr > n || hdr < PACKET_IP4_HDR)
		return;
	packet_put16(p + 10, 0);
	packet_put16(p + 10, (uint16_t)~packet_fold(packet_sum(0, p, hdr, 0)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct usernet *u;
	bool check;

	if (u == NULL)
		u = engine();
	if (size < 1)
		return 0;
	check = (data[0] & 1) != 0;
	data++;
	size--;
	while (size >= 2) {
		size_t n = MIN((size_t)packet_u16(data), size - 2);
		uint8_t *copy = xmalloc(n + 1);
		struct packet v = {.p = copy, .n = n};

		memcpy(copy, data + 2, n);
		if (!check)
			fix_header(copy, n);
		tun_input(u, &v, check, check ? 0 : 7);
		free(copy);
		data += 2 + n;
		size -= 2 + n;
	}
	frag_clear(&u->frags);
	return 0;
}
