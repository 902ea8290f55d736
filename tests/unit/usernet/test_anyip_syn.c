// SPDX-License-Identifier: MIT
#include <string.h>

#include "tests/unit/harness.h"
#include "usernet/anyip_internal.h"

static const uint8_t syn[] = {0x9c, 0x40, 0x01, 0xbb, 0, 0, 0x03, 0xe8, 0, 0, 0, 0,
			      0x60, 0x02, 0xfa, 0xf0, 0, 0, 0,	  0,	2, 4, 5, 0xb4};

static struct packet_ip around(const void *tcp, size_t n)
{
	return (struct packet_ip){.src = ip_v4(0xac110002),
				  .dst = ip_v4(0xc6336401),
				  .proto = 6,
				  .payload = {.p = tcp, .n = n}};
}

TEST(a_syn_is_kept_whole)
{
	struct packet_ip ip = around(syn, sizeof(syn)), back;
	uint8_t out[USERNET_QUOTE_MAX];
	struct anyip_syn s, t;
	struct packet v = {.p = out};

	CHECK(anyip_syn_parse(&ip, &s));
	CHECK_EQ(s.sport, 40000);
	CHECK_EQ(s.dport, 443);
	CHECK_EQ(s.seq, 1000);
	CHECK_EQ(s.tcp_len, sizeof(syn));
	CHECK_MEM(s.tcp, syn, sizeof(syn));
	v.n = anyip_syn_packet(&s, out);
	CHECK(packet_parse_ip(&v, &back));
	CHECK(anyip_syn_parse(&back, &t));
	CHECK(ip_eq(&t.src, &s.src) && ip_eq(&t.dst, &s.dst));
	CHECK_MEM(t.tcp, s.tcp, sizeof(syn));
}

TEST(data_of_a_syn_is_left_out)
{
	uint8_t more[sizeof(syn) + 5] = {0};
	struct packet_ip ip = around(more, sizeof(more));
	struct anyip_syn s;

	memcpy(more, syn, sizeof(syn));
	CHECK(anyip_syn_parse(&ip, &s));
	CHECK_EQ(s.tcp_len, sizeof(syn));
}

TEST(what_is_no_syn_is_refused)
{
	static const uint8_t bad_flags[] = {0x10, 0x12, 0x06, 0x03, 0x00, 0x04};
	uint8_t b[sizeof(syn)] = {0};
	struct packet_ip ip = around(b, sizeof(b));
	struct anyip_syn s;

	for (size_t i = 0; i < sizeof(bad_flags); i++) {
		memcpy(b, syn, sizeof(b));
		b[13] = bad_flags[i];
		CHECK(!anyip_syn_parse(&ip, &s));
	}
	memcpy(b, syn, sizeof(b));
	b[13] = 0xc2; /* ECN */
	CHECK(anyip_syn_parse(&ip, &s));
	b[2] = b[3] = 0; /* port 0 */
	CHECK(!anyip_syn_parse(&ip, &s));
	memcpy(b, syn, sizeof(b));
	b[12] = 0xf0; /* a header longer than the packet */
	CHECK(!anyip_syn_parse(&ip, &s));
	for (size_t n = 0; n < sizeof(b); n++) {
		ip.payload.n = n;
		CHECK(!anyip_syn_parse(&ip, &s));
	}
	ip = around(syn, sizeof(syn));
	ip.frag = true;
	CHECK(!anyip_syn_parse(&ip, &s));
	ip.frag = false;
	ip.proto = 17;
	CHECK(!anyip_syn_parse(&ip, &s));
}
