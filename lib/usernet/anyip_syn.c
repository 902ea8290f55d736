// SPDX-License-Identifier: MIT
/* SYNs as the watch or the tun shows them: hostile bytes. RFC 9293. */
#include <netinet/in.h>
#include <string.h>

#include "base/mem.h"
#include "usernet/anyip_internal.h"

bool anyip_syn_parse(const struct packet_ip *ip, struct anyip_syn *ret)
{
	const uint8_t *p;
	struct packet_tcp in;

	/* the checksum may be left to hardware there is none of; it is made anew when written */
	if (ip->proto != IPPROTO_TCP || ip->frag || !packet_parse_tcp(ip, false, &in))
		return false;
	if ((in.flags & (PACKET_SYN | PACKET_ACK | PACKET_RST | PACKET_FIN)) != PACKET_SYN ||
	    in.sport == 0 || in.dport == 0)
		return false;
	*ret = (struct anyip_syn){.src = ip->src,
				  .dst = ip->dst,
				  .sport = in.sport,
				  .dport = in.dport,
				  .seq = in.seq,
				  .tcp_len = (uint8_t)(ip->payload.n - in.payload.n)};
	p = packet_at(&ip->payload, 0, ret->tcp_len);
	if (p == NULL || ret->tcp_len < PACKET_TCP_HDR || ret->tcp_len > sizeof(ret->tcp))
		return false;
	memcpy(ret->tcp, p, ret->tcp_len);
	return true;
}

size_t anyip_syn_packet(const struct anyip_syn *s, uint8_t out[USERNET_QUOTE_MAX])
{
	size_t n = packet_write_ip(out, &s->src, &s->dst, IPPROTO_TCP, 0, s->tcp_len, true);

	memcpy(out + n, s->tcp, s->tcp_len);
	return n + s->tcp_len;
}
