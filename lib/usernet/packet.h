// SPDX-License-Identifier: MIT
/*
 * Packets as N wrote them: hostile bytes. A view is never read but through
 * packet_at(), and the parsers below turn it into plain numbers and a view of
 * the payload. Both families look the same behind packet_parse_ip(). RFC 791,
 * RFC 792, RFC 768, RFC 8200, RFC 5095, RFC 6946, RFC 4443, RFC 9293, RFC 7323.
 */
#ifndef USERNET_PACKET_H
#define USERNET_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink/ip.h"

#define PACKET_IP4_HDR	20
#define PACKET_IP6_HDR	40
#define PACKET_FRAG_HDR 8 /* IPv6 fragment header */
#define PACKET_TCP_HDR	20
#define PACKET_UDP_HDR	8

#define PACKET_TTL 64 /* of what we write */

#define PACKET_ECHO4	   8
#define PACKET_ECHO4_REPLY 0
#define PACKET_TOO_BIG6	   2
#define PACKET_ECHO6	   128
#define PACKET_ECHO6_REPLY 129

#define PACKET_FIN 0x01
#define PACKET_SYN 0x02
#define PACKET_RST 0x04
#define PACKET_PSH 0x08
#define PACKET_ACK 0x10

struct packet {
	const uint8_t *p; /* borrowed */
	size_t n;
};

/* One IP packet or fragment; ports and numbers in host order here and below. */
struct packet_ip {
	struct ip src, dst;
	uint8_t proto; /* of the payload; IPv6: behind the extension headers */
	uint8_t ttl, tos;
	bool dont_frag;	       /* as written; IPv6: unless it came in fragments */
	bool frag;	       /* the payload is a part only: reassemble first */
	bool more_frags;       /* and others follow it */
	uint16_t frag_offset;  /* bytes */
	uint16_t udp_gso;      /* from who read it: size of the datagrams joined in it; 0 one */
	uint32_t id;	       /* of the datagram the fragment belongs to */
	struct packet hdr;     /* the headers before the payload, which follows in memory */
	struct packet payload; /* cut at the header's total length */
};

#define PACKET_SACKS 4

struct packet_range {
	uint32_t from, to; /* sequence numbers; to is the first one behind */
};

struct packet_tcp {
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t wnd; /* as written, unscaled */
	uint16_t mss; /* 0: option absent */
	int wscale;   /* -1: option absent; at most 14 */
	bool sack_ok; /* selective acknowledgements are understood */
	uint8_t n_sacks;
	struct packet_range sacks[PACKET_SACKS];
	struct packet payload;
};

struct packet_udp {
	uint16_t sport, dport;
	struct packet payload;
};

struct packet_echo {
	bool reply; /* else a request */
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
/** packet_pseudo() - sum of the pseudo header of the addresses' family */
uint64_t packet_pseudo(const struct ip *src, const struct ip *dst, uint8_t proto, size_t len);

/** packet_parse_ip() - version 4 (lengths and header checksum right) or 6 (lengths right, extension
 * headers walked within a bound, no type 0 routing header); false otherwise */
bool packet_parse_ip(const struct packet *v, struct packet_ip *ret);
/** packet_parse_tcp() - segment in ip's payload; check: verify the checksum. False: malformed */
bool packet_parse_tcp(const struct packet_ip *ip, bool check, struct packet_tcp *ret);
/** packet_parse_udp() - datagram in ip's payload; check: verify the checksum (IPv4: 0 is none) */
bool packet_parse_udp(const struct packet_ip *ip, bool check, struct packet_udp *ret);
/** packet_parse_echo() - ICMP or ICMPv6 echo request or reply in ip's payload, checksum verified
 * when check */
bool packet_parse_echo(const struct packet_ip *ip, bool check, struct packet_echo *ret);

/** packet_ip_hdr() - length of the header packet_write_ip() makes for a family */
size_t packet_ip_hdr(uint8_t family);
/** packet_write_ip() - a header without options or extensions, its checksum included, for
 * payload_len bytes behind it; id and dont_frag are IPv4's. Returns its length */
size_t packet_write_ip(uint8_t *p, const struct ip *src, const struct ip *dst, uint8_t proto,
		       uint16_t id, size_t payload_len, bool dont_frag);

#endif
