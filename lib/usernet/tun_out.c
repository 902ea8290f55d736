// SPDX-License-Identifier: MIT
/*
 * Packets into N: built for both families, the checksum left to N's kernel when the device carries
 * virtio-net headers, filled in here otherwise. linux/virtio_net.h (legacy header, native order).
 */
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>

#include "base/mem.h"
#include "usernet/tap_internal.h"
#include "usernet/usernet_internal.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* headers before Linux 6.2 */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#define TUN_OUT_PARTS 64
#define FRAG_PART     ((USERNET_MTU6_MIN - PACKET_IP6_HDR - PACKET_FRAG_HDR) / 8 * 8)

uint8_t *tun_out_start(struct usernet *u, struct tun_out *o, const struct ip *src,
		       const struct ip *dst, uint8_t proto, size_t l4_len, size_t payload_len,
		       bool dont_frag)
{
	size_t l4 = packet_write_ip(o->hdr, src, dst, proto, ++u->next_id, l4_len + payload_len,
				    dont_frag);

	o->v6 = src->family == IP_V6;
	o->proto = proto;
	o->l4 = (uint8_t)l4;
	o->hdr_len = l4 + l4_len;
	o->payload_len = payload_len;
	o->pseudo =
		proto == IPPROTO_ICMP ? 0 : packet_pseudo(src, dst, proto, l4_len + payload_len);
	memset(o->hdr + l4, 0, l4_len);
	return o->hdr + l4;
}

void tun_out_data(struct tun_out *o, const void *p, size_t n)
{
	o->own[0] = (struct iovec){.iov_base = (void *)p, .iov_len = n};
	o->payload = o->own;
	o->n_payload = 1;
}

void tun_out_sum(struct tun_out *o, uint8_t csum_offset)
{
	o->csum = true;
	o->csum_offset = csum_offset;
	packet_put16(o->hdr + o->l4 + csum_offset, 0);
}

void tun_out_finish(struct tun_out *o)
{
	size_t off = o->hdr_len - o->l4;
	uint64_t sum = packet_sum(o->pseudo, o->hdr + o->l4, off, 0);
	uint16_t s;

	o->csum = false;
	for (int i = 0; i < o->n_payload; i++) {
		sum = packet_sum(sum, o->payload[i].iov_base, o->payload[i].iov_len, off);
		off += o->payload[i].iov_len;
	}
	s = (uint16_t)~packet_fold(sum);
	/* only UDP's 0 means that there is none */
	packet_put16(o->hdr + o->l4 + o->csum_offset,
		     s == 0 && o->proto == IPPROTO_UDP ? 0xffff : s);
}

/* TCP and UDP only: what N's kernel completes must have the pseudo header's sum in its place. */
static void leave_checksum(struct tun_out *o, struct virtio_net_hdr *vh)
{
	packet_put16(o->hdr + o->l4 + o->csum_offset, packet_fold(o->pseudo));
	vh->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	vh->csum_start = o->l4;
	vh->csum_offset = o->csum_offset;
	if (o->gso_size == 0 || o->payload_len <= o->gso_size)
		return;
	vh->gso_type = o->proto == IPPROTO_UDP ? VIRTIO_NET_HDR_GSO_UDP_L4
		       : o->v6		       ? VIRTIO_NET_HDR_GSO_TCPV6
					       : VIRTIO_NET_HDR_GSO_TCPV4;
	vh->gso_size = o->gso_size;
	vh->hdr_len = (uint16_t)o->hdr_len;
}

static bool write_one(struct usernet *u, struct tun_out *o);

/* What is too large for a bridge N's kernel cuts if it is IPv4; IPv6 wants that from its source,
 * which is us (RFC 8200 section 4.5). */
static bool write_fragments(struct usernet *u, struct tun_out *o)
{
	CLEANUP(freep) uint8_t *whole = try_malloc(o->hdr_len - o->l4 + o->payload_len);
	uint32_t id = ++u->next_id6;
	struct ip src = {.family = IP_V6}, dst = src;
	size_t n = o->hdr_len - o->l4;
	bool ok = true;

	if (whole == NULL) {
		u->stats.no_memory++;
		return false;
	}
	if (o->csum)
		tun_out_finish(o);
	memcpy(src.bytes, o->hdr + 8, 16);
	memcpy(dst.bytes, o->hdr + 24, 16);
	memcpy(whole, o->hdr + o->l4, n);
	for (int i = 0; i < o->n_payload; n += o->payload[i++].iov_len)
		memcpy(whole + n, o->payload[i].iov_base, o->payload[i].iov_len);
	for (size_t off = 0; off < n && ok; off += FRAG_PART) {
		size_t part = MIN(n - off, (size_t)FRAG_PART);
		struct tun_out f = {0};
		uint8_t *x = tun_out_start(u, &f, &src, &dst, IPPROTO_FRAGMENT, PACKET_FRAG_HDR,
					   part, false);

		x[0] = o->proto;
		packet_put16(x + 2, (uint16_t)(off | (off + part < n ? 1 : 0)));
		packet_put32(x + 4, id);
		tun_out_data(&f, whole + off, part);
		ok = write_one(u, &f);
	}
	return ok;
}

bool tun_write(struct usernet *u, struct tun_out *o)
{
	if (o->v6 && o->gso_size == 0 && o->proto != IPPROTO_TCP &&
	    o->hdr_len + o->payload_len > u->mtu6)
		return write_fragments(u, o);
	return write_one(u, o);
}

static bool write_one(struct usernet *u, struct tun_out *o)
{
	struct virtio_net_hdr vh = {0};
	uint8_t frame[ETHER_HDR];
	struct iovec iov[3 + TUN_OUT_PARTS];
	int n = 0;

	if (u->tun_fd < 0)
		return false;
	if (o->csum && u->vnet && (o->proto == IPPROTO_TCP || o->proto == IPPROTO_UDP))
		leave_checksum(o, &vh);
	else if (o->csum)
		tun_out_finish(o);
	if (u->vnet)
		iov[n++] = (struct iovec){.iov_base = &vh, .iov_len = sizeof(vh)};
	if (u->tap != NULL) {
		/* N's kernel counts from the frame's beginning */
		ether_header(&u->tap->ether, o->hdr, frame);
		vh.csum_start = (uint16_t)(vh.csum_start + (vh.flags != 0 ? ETHER_HDR : 0));
		vh.hdr_len = (uint16_t)(vh.hdr_len + (vh.gso_type != 0 ? ETHER_HDR : 0));
		iov[n++] = (struct iovec){.iov_base = frame, .iov_len = ETHER_HDR};
	}
	iov[n++] = (struct iovec){.iov_base = o->hdr, .iov_len = o->hdr_len};
	for (int i = 0; i < o->n_payload && i < TUN_OUT_PARTS; i++)
		iov[n++] = o->payload[i];
	if (writev(u->tun_fd, iov, n) >= 0)
		return true;
	u->stats.tun_full++;
	return false;
}
