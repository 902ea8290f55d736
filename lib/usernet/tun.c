// SPDX-License-Identifier: MIT
/*
 * The tun: packets from N are parsed here and go to their protocol; packets
 * into N are finished here (checksum by us, or by N's kernel when the device
 * carries virtio-net headers). Documentation/networking/tuntap.rst,
 * linux/virtio_net.h (legacy header, native byte order).
 */
#include <errno.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "usernet/usernet_internal.h"

#define TUN_READS_PER_TURN 64
#define ICMP_UNREACHABLE   3
#define CODE_FRAG_NEEDED   4

enum dest tun_destination(const struct usernet *u, uint32_t dst, struct sockaddr_in *sa)
{
	uint8_t top = (uint8_t)(dst >> 24);

	*sa = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(dst)};
	if (dst == u->dns)
		return u->no_dns ? DEST_REFUSED : DEST_DNS;
	if (dst == u->gateway) {
		sa->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return u->host_loopback ? DEST_OK : DEST_REFUSED;
	}
	/* this network, loopback, multicast, reserved, broadcast; the tun's own subnet */
	if (top == 0 || top == 127 || top >= 224 || (dst & u->mask) == u->subnet)
		return DEST_REFUSED;
	return DEST_OK;
}

size_t tun_quote(const struct packet_ip4 *ip, uint8_t out[USERNET_QUOTE_MAX])
{
	const uint8_t *start = ip->payload.p - ip->hdr_len;
	size_t n = MIN((size_t)ip->hdr_len + MIN(ip->payload.n, 8U), (size_t)USERNET_QUOTE_MAX);

	memcpy(out, start, n);
	return n;
}

void tun_unreachable(struct usernet *u, uint8_t code, uint16_t mtu, const uint8_t *quote, size_t n)
{
	struct packet v = {.p = quote, .n = n};
	const uint8_t *src = packet_at(&v, 12, 8);
	struct tun_out o = {.hdr_len = PACKET_IP4_HDR + 8};
	uint8_t *icmp = o.hdr + PACKET_IP4_HDR;
	uint64_t sum;

	if (src == NULL)
		return;
	/* as if from the destination itself: that is where the error arose for N */
	packet_write_ip4(o.hdr, code == CODE_FRAG_NEEDED ? u->gateway : packet_u32(src + 4),
			 packet_u32(src), IPPROTO_ICMP, ++u->next_id, 8 + n, false);
	icmp[0] = ICMP_UNREACHABLE;
	icmp[1] = code;
	packet_put16(icmp + 6, mtu);
	sum = packet_sum(packet_sum(0, icmp, 8, 0), quote, n, 0);
	packet_put16(icmp + 2, (uint16_t)~packet_fold(sum));
	o.payload[0] = (struct iovec){.iov_base = (void *)quote, .iov_len = n};
	o.n_payload = 1;
	o.payload_len = n;
	tun_write(u, &o);
}

static void finish_checksum(struct tun_out *o)
{
	uint8_t *field = o->hdr + o->csum_start + o->csum_offset;
	size_t off = o->hdr_len - o->csum_start;
	uint64_t sum = packet_sum(0, o->hdr + o->csum_start, off, 0);
	uint16_t s;

	for (int i = 0; i < o->n_payload; i++) {
		sum = packet_sum(sum, o->payload[i].iov_base, o->payload[i].iov_len, off);
		off += o->payload[i].iov_len;
	}
	s = (uint16_t)~packet_fold(sum);
	packet_put16(field, s == 0 ? 0xffff : s);
}

bool tun_write(struct usernet *u, struct tun_out *o)
{
	struct virtio_net_hdr vh = {0};
	struct iovec iov[4];
	int n = 0;

	if (u->tun_fd < 0)
		return false;
	if (u->vnet) {
		if (o->csum_start != 0) {
			vh.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
			vh.csum_start = o->csum_start;
			vh.csum_offset = o->csum_offset;
		}
		if (o->gso_size > 0 && o->payload_len > o->gso_size) {
			vh.gso_type = VIRTIO_NET_HDR_GSO_TCPV4;
			vh.gso_size = o->gso_size;
			vh.hdr_len = (uint16_t)o->hdr_len;
		}
		iov[n++] = (struct iovec){.iov_base = &vh, .iov_len = sizeof(vh)};
	} else if (o->csum_start != 0) {
		finish_checksum(o);
	}
	iov[n++] = (struct iovec){.iov_base = o->hdr, .iov_len = o->hdr_len};
	for (int i = 0; i < o->n_payload; i++)
		iov[n++] = o->payload[i];
	return writev(u->tun_fd, iov, n) >= 0;
}

static void handle_ip4(struct usernet *u, const struct packet_ip4 *ip, bool check_sums)
{
	switch (ip->proto) {
	case IPPROTO_TCP:
		tcp_input(u, ip, check_sums);
		break;
	case IPPROTO_UDP:
		udp_input(u, ip, check_sums);
		break;
	case IPPROTO_ICMP:
		ping_input(u, ip);
		break;
	default: {
		uint8_t quote[USERNET_QUOTE_MAX];

		tun_unreachable(u, 2 /* protocol */, 0, quote, tun_quote(ip, quote));
	}
	}
}

void tun_input(struct usernet *u, const struct packet *v, bool check_sums)
{
	CLEANUP(freep) uint8_t *whole = NULL;
	struct packet_ip4 ip;
	struct packet joined;

	/* IPv6 has no route here: N's kernel has answered before */
	if (!packet_parse_ip4(v, &ip))
		return;
	if (ip.frag_offset == 0 && !ip.more_frags) {
		handle_ip4(u, &ip, check_sums);
		return;
	}
	joined.n = 0;
	if (!frag_add(&u->frags, &ip, time_mono_ms(), &whole, &joined.n))
		return;
	joined.p = whole;
	if (packet_parse_ip4(&joined, &ip))
		handle_ip4(u, &ip, true);
}

static void on_tun(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	struct usernet *u = arg;
	size_t skip = u->vnet ? sizeof(struct virtio_net_hdr) : 0;

	for (int i = 0; i < TUN_READS_PER_TURN; i++) {
		ssize_t n = read(fd, u->rx, USERNET_TUN_BUF);
		struct packet v;
		bool check = true;

		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			log_warn(NULL, "tun: %s", strerror(errno));
			tun_detach(u);
			break;
		}
		if (n <= 0 || (size_t)n < skip)
			break;
		/* a partial or verified checksum comes from N's kernel, never from the wire */
		if (u->vnet)
			check = (u->rx[0] &
				 (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID)) == 0;
		v = (struct packet){.p = u->rx + skip, .n = (size_t)n - skip};
		tun_input(u, &v, check);
	}
	tcp_flush_due(u);
}

int tun_attach(struct usernet *u, int fd, const struct usernet_ctl_tun *t, struct err *e)
{
	uint32_t addr = packet_u32(t->subnet);
	struct ifreq r = {0};

	if (t->bits < 8 || t->bits > 29)
		return err_set(e, ERR_INVALID, 0, "tun: prefix length %u is not within 8 to 29",
			       t->bits);
	tun_detach(u);
	if (ioctl(fd, TUNGETIFF, &r) < 0)
		r.ifr_flags = 0; /* a socket pair of a test */
	u->vnet = (r.ifr_flags & IFF_VNET_HDR) != 0;
	u->mask = 0xffffffffU << (32 - t->bits);
	u->subnet = addr & u->mask;
	u->gateway = u->subnet + 2;
	u->dns = u->subnet + 3;
	u->guest = u->subnet + 100;
	u->host_loopback = t->host_loopback != 0;
	u->no_dns = t->disable_dns != 0;
	u->mtu = t->mtu >= 576 && t->mtu <= 65521 ? t->mtu : 65520;
	fd_set_nonblock(fd, true);
	u->tun_source = loop_add(u->loop, fd, EPOLLIN, on_tun, u, e);
	if (u->tun_source == NULL)
		return -1;
	u->tun_fd = fd;
	return 0;
}

void tun_detach(struct usernet *u)
{
	if (u->tun_fd < 0)
		return;
	loop_del(u->loop, u->tun_source);
	u->tun_source = NULL;
	fd_close(&u->tun_fd);
	tcp_kill_all(u);
	udp_kill_all(u);
	ping_kill_all(u);
	dns_kill_all(u);
	frag_clear(&u->frags);
}
