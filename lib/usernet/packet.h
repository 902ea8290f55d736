// SPDX-License-Identifier: MIT
/*
 * Packets as N wrote them: hostile bytes. A view is never read but through
 * packet_at(), and the parsers below turn it into plain numbers and a view of
 * the payload. RFC 791, RFC 792, RFC 768, RFC 9293, RFC 7323.
 */
#ifndef USERNET_PACKET_H
#define USERNET_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_IP4_HDR 20
#define PACKET_TCP_HDR 20
#define PACKET_UDP_HDR 8

#define PACKET_FIN 0x01
#define PACKET_SYN 0x02
#define PACKET_RST 0x04
#define PACKET_PSH 0x08
#define PACKET_ACK 0x10

struct packet {
	const uint8_t *p; /* borrowed */
	size_t n;
};

/* Addresses and ports in host order. */
struct packet_ip4 {
	uint32_t src, dst;
	uint16_t id;
	uint16_t frag_offset; /* bytes */
	bool more_frags, dont_frag;
	uint8_t proto, ttl, tos;
	uint8_t hdr_len;
	struct packet payload; /* cut at the header's total length */
};

struct packet_tcp {
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t wnd; /* as written, unscaled */
	uint16_t mss; /* 0: option absent */
	int wscale;   /* -1: option absent; at most 14 */
	struct packet payload;
};

struct packet_udp {
	uint16_t sport, dport;
	struct packet payload;
};

struct packet_echo {
	uint8_t type; /* 8 request, 0 reply */
	uint16_t id, seq;
	struct packet whole; /* ICMP header and data */
};

/** packet_at() - n bytes at off, or NULL when they are not all there */
const uint8_t *packet_at(const struct packet *v, size_t off, size_t n);
/** packet_u16() - big-endian number at p */
uint16_t packet_u16(const uint8_t *p);
/** packet_u32() - big-endian number at p */
uint32_t packet_u32(const uint8_t *p);
/** packet_put16() - writes a big-endian number */
void packet_put16(uint8_t *p, uint16_t v);
/** packet_put32() - writes a big-endian number */
void packet_put32(uint8_t *p, uint32_t v);

/** packet_sum() - ones' complement sum of n bytes added to sum, not folded; off is how many bytes
 * of the checksummed whole came before (its parity matters) */
uint64_t packet_sum(uint64_t sum, const void *p, size_t n, size_t off);
/** packet_fold() - folded to 16 bits, not inverted */
uint16_t packet_fold(uint64_t sum);
/** packet_pseudo() - sum of the IPv4 pseudo header */
uint64_t packet_pseudo(uint32_t src, uint32_t dst, uint8_t proto, size_t len);

/** packet_parse_ip4() - version 4, lengths and header checksum right; false otherwise */
bool packet_parse_ip4(const struct packet *v, struct packet_ip4 *ret);
/** packet_parse_tcp() - segment in ip's payload; check: verify the checksum. False: malformed */
bool packet_parse_tcp(const struct packet_ip4 *ip, bool check, struct packet_tcp *ret);
/** packet_parse_udp() - datagram in ip's payload; check: verify the checksum (0 is none) */
bool packet_parse_udp(const struct packet_ip4 *ip, bool check, struct packet_udp *ret);
/** packet_parse_echo() - echo request or reply in ip's payload, checksum verified */
bool packet_parse_echo(const struct packet_ip4 *ip, struct packet_echo *ret);

/** packet_write_ip4() - a 20-byte header with its checksum for payload_len bytes behind it */
void packet_write_ip4(uint8_t *p, uint32_t src, uint32_t dst, uint8_t proto, uint16_t id,
		      size_t payload_len, bool dont_frag);

#endif
