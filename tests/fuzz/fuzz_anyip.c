// SPDX-License-Identifier: MIT
/*
 * SYNs as the fast path's watch shows them. The first byte chooses the family: IPv4 comes with its
 * header, IPv6 as a segment beside two addresses. What is taken must come back the same when it is
 * written as a packet and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "usernet/anyip_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void there_and_back(const struct packet_ip *ip)
{
	uint8_t out[USERNET_QUOTE_MAX];
	struct packet v = {.p = out};
	struct anyip_syn s, t;
	struct packet_ip back;

	if (!anyip_syn_parse(ip, &s))
		return;
	v.n = anyip_syn_packet(&s, out);
	if (!packet_parse_ip(&v, &back) || !anyip_syn_parse(&back, &t) || t.tcp_len != s.tcp_len ||
	    memcmp(t.tcp, s.tcp, s.tcp_len) != 0 || t.sport != s.sport || t.dport != s.dport ||
	    t.seq != s.seq || !ip_eq(&t.src, &s.src) || !ip_eq(&t.dst, &s.dst))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct packet_ip ip = {.proto = 6, .src.family = IP_V6, .dst.family = IP_V6};
	uint8_t *copy;
	struct packet v;

	if (size < 33)
		return 0;
	copy = xmemdup(data + 1, size - 1);
	v = (struct packet){.p = copy, .n = size - 1};
	if ((data[0] & 1) == 0) {
		if (packet_parse_ip(&v, &ip))
			there_and_back(&ip);
	} else {
		memcpy(ip.src.bytes, copy, 16);
		memcpy(ip.dst.bytes, copy + 16, 16);
		ip.payload = (struct packet){.p = copy + 32, .n = size - 33};
		there_and_back(&ip);
	}
	free(copy);
	return 0;
}
