// SPDX-License-Identifier: MIT
/*
 * The tun: packets from N are parsed here and go to their protocol; packets
 * into N are in tun_out.c. Documentation/networking/tuntap.rst,
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
#include "usernet/addr.h"
#include "usernet/tap_internal.h"
#include "usernet/usernet_internal.h"

#define TUN_READS_PER_TURN 64

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4 /* headers before Linux 6.2 */
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

static void handle_ip(struct usernet *u, const struct packet_ip *ip, bool check_sums)
{
	bool v6 = ip->src.family == IP_V6;

	if (!addr_is_source(&ip->src)) {
		u->stats.bad_source++;
		return;
	}
	if (addr_is_multicast(&ip->dst)) {
		u->stats.bad_destination++;
		return;
	}
	/* the hop from here to the host, which traceroute sees as the gateway */
	if (ip->ttl <= 1 && !tun_is_own(u, &ip->dst)) {
		tun_refuse(u, ip, TUN_TIME_EXCEEDED, 0);
		return;
	}
	if (ip->proto == IPPROTO_TCP) {
		tcp_input(u, ip, check_sums);
	} else if (ip->proto == IPPROTO_UDP) {
		udp_input(u, ip, check_sums);
	} else if (ip->proto == (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP)) {
		ping_input(u, ip, check_sums);
	} else {
		u->stats.unknown_protocol++;
		tun_refuse(u, ip, TUN_NO_PROTOCOL, 0);
	}
}

void tun_input(struct usernet *u, const struct packet *v, bool check_sums, uint16_t udp_gso)
{
	CLEANUP(freep) uint8_t *whole = NULL;
	struct packet_ip ip;
	struct packet joined;
	bool done;

	if (!packet_parse_ip(v, &ip)) {
		u->stats.malformed++;
		return;
	}
	if (!ip.frag) {
		ip.udp_gso = udp_gso;
		handle_ip(u, &ip, check_sums);
		return;
	}
	joined.n = 0;
	done = frag_add(&u->frags, &ip, time_mono_ms(), &whole, &joined.n);
	u->stats.frag_dropped = u->frags.n_dropped;
	if (!done)
		return;
	joined.p = whole;
	if (packet_parse_ip(&joined, &ip) && !ip.frag) {
		ip.dont_frag = false;
		handle_ip(u, &ip, true);
	}
}

/* What N's kernel says of a packet stands before it; *v then begins with the packet. */
static void take_vnet(struct packet *v, bool *ret_check, uint16_t *ret_udp_gso)
{
	struct virtio_net_hdr vh;

	memcpy(&vh, v->p, sizeof(vh));
	v->p += sizeof(vh);
	v->n -= sizeof(vh);
	/* a partial or verified checksum comes from N's kernel, never from the wire */
	*ret_check = (vh.flags & (VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID)) == 0;
	if (vh.gso_type == VIRTIO_NET_HDR_GSO_UDP_L4)
		*ret_udp_gso = vh.gso_size;
}

static void on_tun(struct loop *l, int fd, uint32_t events UNUSED, void *arg)
{
	struct usernet *u = arg;
	size_t skip = u->vnet ? sizeof(struct virtio_net_hdr) : 0;

	for (int i = 0; i < TUN_READS_PER_TURN; i++) {
		ssize_t n = read(fd, u->rx, USERNET_TUN_BUF);
		struct packet v = {.p = u->rx, .n = n > 0 ? (size_t)n : 0};
		uint16_t udp_gso = 0;
		bool check = true;

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
			log_warn(NULL, "tun: %s", n == 0 ? "closed" : strerror(errno));
			tun_detach(u);
			if (u->slirp != NULL)
				loop_stop(l, 0); /* the namespace is gone, nobody brings another */
			break;
		}
		if (n <= 0 || (size_t)n < skip)
			break;
		if (u->vnet)
			take_vnet(&v, &check, &udp_gso);
		if (u->tap != NULL)
			tap_input(u, &v, check, udp_gso);
		else
			tun_input(u, &v, check, udp_gso);
	}
	udp_flush(u);
	tcp_flush_due(u);
}

static int set_net(struct tun_net *n, const struct ip_prefix *subnet, struct err *e)
{
	bool v6 = subnet->ip.family == IP_V6;

	n->subnet = ip_prefix_network(subnet);
	/* ::100 is written in hexadecimal, 100 in IPv4's .100 is not */
	return ip_prefix_nth(&n->subnet, 2, &n->gateway, e) < 0 ||
			       ip_prefix_nth(&n->subnet, 3, &n->dns, e) < 0 ||
			       ip_prefix_nth(&n->subnet, v6 ? 0x100 : 100, &n->guest, e) < 0
		       ? -1
		       : 0;
}

int tun_attach(struct usernet *u, int fd, const struct usernet_ctl_tun *t, struct err *e)
{
	struct ip_prefix net4 = {.ip = ip_v4(packet_u32(t->subnet)), .bits = t->bits}, net6;
	struct ifreq r = {0};

	if (t->bits < 1 || t->bits > 29)
		return err_set(e, ERR_INVALID, 0, "tun: prefix length %u is not within 1 to 29",
			       t->bits);
	if (ip_prefix_parse(USERNET_CIDR6, &net6, e) < 0)
		return -1;
	tun_detach(u);
	if (ioctl(fd, TUNGETIFF, &r) < 0)
		r.ifr_flags = 0; /* a socket pair of a test */
	u->vnet = (r.ifr_flags & IFF_VNET_HDR) != 0;
	if (set_net(&u->net4, &net4, e) < 0 || set_net(&u->net6, &net6, e) < 0)
		return -1;
	u->host_loopback = t->host_loopback != 0;
	u->no_dns = t->disable_dns != 0;
	u->mtu = t->mtu >= 576 && t->mtu <= 65521 ? t->mtu : 65520;
	u->mtu6 = u->slirp != NULL ? MAX(u->mtu, USERNET_MTU6_MIN) : USERNET_MTU6;
	if (u->tap != NULL && tap_attach(u, t, e) < 0)
		return -1;
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
	anyip_stop(u);
	tcp_kill_all(u);
	udp_kill_all(u);
	ping_kill_all(u);
	dns_kill_all(u);
	frag_clear(&u->frags);
}
