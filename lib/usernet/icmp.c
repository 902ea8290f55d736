// SPDX-License-Identifier: MIT
/*
 * Errors told to N: ICMP (RFC 792, RFC 1191) and ICMPv6 (RFC 4443), each with the beginning of the
 * packet it is about, so that N's kernel finds the socket.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/mem.h"
#include "usernet/addr.h"
#include "usernet/usernet_internal.h"

static const struct {
	uint8_t type4, code4, type6, code6;
} wire[] = {
	[TUN_NO_ROUTE] = {3, 0, 1, 0},	     [TUN_NO_HOST] = {3, 1, 1, 3},
	[TUN_NO_PROTOCOL] = {3, 2, 4, 1},    [TUN_NO_PORT] = {3, 3, 1, 4},
	[TUN_TOO_BIG] = {3, 4, 2, 0},	     [TUN_PROHIBITED] = {3, 13, 1, 1},
	[TUN_TIME_EXCEEDED] = {11, 0, 3, 0},
};

enum tun_error tun_error_of(int sys)
{
	switch (sys) {
	case ECONNREFUSED:
		return TUN_NO_PORT;
	case ENETUNREACH:
	case EAFNOSUPPORT: /* no IPv6 on this host at all */
	case EADDRNOTAVAIL:
		return TUN_NO_ROUTE;
	case EMSGSIZE:
		return TUN_TOO_BIG;
	case EACCES:
	case EPERM:
		return TUN_PROHIBITED;
	case ENOPROTOOPT:
		return TUN_NO_PROTOCOL;
	default:
		return TUN_NO_HOST;
	}
}

size_t tun_quote(const struct packet_ip *ip, uint8_t out[USERNET_QUOTE_MAX])
{
	size_t hdr = MIN(ip->hdr.n, (size_t)USERNET_QUOTE_MAX);
	size_t data = MIN(ip->payload.n, (size_t)USERNET_QUOTE_MAX - hdr);

	memcpy(out, ip->hdr.p, hdr);
	if (data > 0)
		memcpy(out + hdr, ip->payload.p, data);
	return hdr + data;
}

void tun_unreachable_from(struct usernet *u, enum tun_error what, const struct ip *from,
			  unsigned mtu, const uint8_t *quote, size_t n)
{
	struct packet v = {.p = quote, .n = n};
	const uint8_t *h = packet_at(&v, 0, PACKET_IP4_HDR);
	bool v6 = h != NULL && h[0] >> 4 == 6;
	struct ip src = {.family = v6 ? IP_V6 : IP_V4}, dst = src;
	struct tun_out o = {0};
	uint8_t *icmp;

	if (h == NULL || (v6 && packet_at(&v, 0, PACKET_IP6_HDR) == NULL))
		return;
	memcpy(dst.bytes, h + (v6 ? 8 : 12), v6 ? 16 : 4);
	memcpy(src.bytes, h + (v6 ? 24 : 16), v6 ? 16 : 4);
	/* as if from the destination itself, for that is where the error arose for N; where it is
	 * ours, or the destination cannot speak, from the gateway */
	if (from != NULL && from->family == src.family && what != TUN_NO_PORT &&
	    !addr_is_closed(from))
		src = *from;
	else if (what == TUN_TOO_BIG || what == TUN_TIME_EXCEEDED || addr_is_closed(&src))
		src = v6 ? u->net6.gateway : u->net4.gateway;
	if (!addr_is_source(&dst))
		return;
	icmp = tun_out_start(u, &o, &src, &dst, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, 8, n, false);
	icmp[0] = v6 ? wire[what].type6 : wire[what].type4;
	icmp[1] = v6 ? wire[what].code6 : wire[what].code4;
	if (what == TUN_TOO_BIG)
		packet_put32(icmp + 4, v6 ? mtu : MIN(mtu, 65535U));
	if (what == TUN_NO_PROTOCOL && v6)
		packet_put32(icmp + 4, 6); /* where the quoted header names it */
	tun_out_data(&o, quote, n);
	tun_out_sum(&o, 2);
	tun_write(u, &o);
}

void tun_unreachable(struct usernet *u, enum tun_error what, unsigned mtu, const uint8_t *quote,
		     size_t n)
{
	tun_unreachable_from(u, what, NULL, mtu, quote, n);
}

void tun_refuse(struct usernet *u, const struct packet_ip *ip, enum tun_error what, unsigned mtu)
{
	uint8_t quote[USERNET_QUOTE_MAX];

	tun_unreachable_from(u, what, NULL, mtu, quote, tun_quote(ip, quote));
}
