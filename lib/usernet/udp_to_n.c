// SPDX-License-Identifier: MIT
/*
 * Datagrams into N. Several of one size go as one packet that N's kernel cuts (Linux 6.2 and newer;
 * older ones refuse it once and get them singly).
 */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "usernet/udp_internal.h"

/* IP and UDP headers of a datagram, or of several in one. */
static void start(struct usernet *u, struct tun_out *o, const struct udp_to_n *d, size_t len)
{
	uint8_t *h = tun_out_start(u, o, d->src, d->dst, IPPROTO_UDP, PACKET_UDP_HDR, len, false);

	packet_put16(h, d->sport);
	packet_put16(h + 2, d->dport);
	packet_put16(h + 4, (uint16_t)(PACKET_UDP_HDR + len));
	tun_out_sum(o, 6);
}

static void one(struct usernet *u, const struct udp_to_n *d, const uint8_t *p, size_t n)
{
	size_t whole = packet_ip_hdr(d->src->family) + PACKET_UDP_HDR + n;
	struct tun_out o = {0};

	if (whole > 65535) {
		u->stats.udp_too_big++;
		return;
	}
	start(u, &o, d, n);
	tun_out_data(&o, p, n);
	tun_write(u, &o);
}

/* false: N's kernel does not know how to cut datagrams */
static bool several(struct usernet *u, const struct udp_to_n *d)
{
	struct tun_out o = {0};

	if (!u->vnet || u->no_uso || d->gso > u->mtu6 - PACKET_IP6_HDR - PACKET_UDP_HDR ||
	    d->len > UDP_BURST_LEN || d->len > d->gso * UDP_BURST_SEGS)
		return false;
	start(u, &o, d, d->len);
	o.payload = d->iov;
	o.n_payload = d->n_iov;
	o.gso_size = (uint16_t)d->gso;
	if (tun_write(u, &o) || errno != EINVAL)
		return true;
	log_debug(NULL, "the tun takes datagrams one by one only: Linux before 6.2");
	u->no_uso = true;
	return false;
}

void udp_to_n(struct usernet *u, const struct udp_to_n *d)
{
	if (d->gso > 0 && d->len > d->gso && several(u, d))
		return;
	for (int i = 0; i < d->n_iov; i++) {
		const uint8_t *p = d->iov[i].iov_base;
		size_t left = d->iov[i].iov_len;

		do {
			size_t n = d->gso > 0 ? MIN(left, d->gso) : left;

			one(u, d, p, n);
			p += n;
			left -= n;
		} while (left > 0);
	}
}

void udp_send_to_n(struct usernet *u, const struct ip *src, uint16_t sport, const struct ip *dst,
		   uint16_t dport, const void *p, size_t n)
{
	struct iovec iov = {.iov_base = (void *)p, .iov_len = n};
	struct udp_to_n d = {.src = src,
			     .dst = dst,
			     .sport = sport,
			     .dport = dport,
			     .iov = &iov,
			     .n_iov = 1,
			     .len = n};

	udp_to_n(u, &d);
}
