// SPDX-License-Identifier: MIT
/*
 * usernet's link layer when it serves a tap: frames out of it go through
 * ether.c, what that answers is written back. A tap has its station's address
 * in the kernel; a socket of User Mode Linux (bess) shows it with its frames.
 */
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "base/log.h"
#include "base/mem.h"
#include "usernet/tap_internal.h"

#define ADVERTISE_MS (6 * 3600 * 1000LL) /* routers promise themselves for 18 hours at most */
#define DHCP_FIRST   15

static void write_reply(struct usernet *u, const struct ether_reply *r)
{
	struct virtio_net_hdr vh = {0};
	struct iovec iov[2] = {{.iov_base = &vh, .iov_len = u->vnet ? sizeof(vh) : 0},
			       {.iov_base = (void *)r->p, .iov_len = r->n}};

	if (r->n > 0 && writev(u->tun_fd, iov, 2) < 0)
		u->stats.tun_full++;
}

static void on_advertise(struct wheel_timer *timer, void *arg)
{
	struct usernet *u = arg;
	struct ether_reply r;

	ether_advertise(&u->tap->ether, &r);
	write_reply(u, &r);
	wheel_set(&u->wheel, timer, ADVERTISE_MS);
}

void tap_start(struct usernet *u, int fd)
{
	struct ifreq r = {0};

	u->tap = xcalloc(1, sizeof(*u->tap));
	wheel_timer_init(&u->tap->advertise, on_advertise);
	memset(u->tap->guest_mac, 0xff, MAC_SIZE);
	if (ioctl(fd, SIOCGIFHWADDR, &r) == 0)
		memcpy(u->tap->guest_mac, r.ifr_hwaddr.sa_data, MAC_SIZE);
}

int tap_attach(struct usernet *u, const struct usernet_ctl_tun *t, struct err *e)
{
	struct ether_conf c = {.gateway = u->net4.gateway,
			       .dns = u->net4.dns,
			       .guest = u->net4.guest,
			       .subnet_bits = u->net4.subnet.bits,
			       .no_dns = u->no_dns,
			       .gateway6 = u->net6.gateway,
			       .dns6 = u->net6.dns,
			       .mtu = u->mtu};

	memcpy(c.guest_mac, u->tap->guest_mac, MAC_SIZE);
	if (ip_prefix_nth(&u->net4.subnet, DHCP_FIRST, &c.dhcp_first, e) < 0)
		return -1;
	if (t->ipv6)
		c.prefix6 = u->net6.subnet;
	ether_init(&u->tap->ether, &c);
	if (t->ipv6)
		wheel_set(&u->wheel, &u->tap->advertise, ADVERTISE_MS);
	return 0;
}

void tap_input(struct usernet *u, const struct packet *frame, bool check_sums, uint16_t udp_gso)
{
	struct ether_reply *r = &u->tap->reply;
	struct packet ip;

	switch (ether_input(&u->tap->ether, frame, &ip, r)) {
	case ETHER_REPLY:
		write_reply(u, r);
		break;
	case ETHER_PACKET:
		tun_input(u, &ip, check_sums, udp_gso);
		break;
	case ETHER_DROP:
		break;
	}
}

void tap_ask(struct usernet *u, const struct ip *a)
{
	if (u->tap != NULL && u->tun_fd >= 0 && ether_who_has(&u->tap->ether, a, &u->tap->reply))
		write_reply(u, &u->tap->reply);
}

void tap_end(struct usernet *u)
{
	if (u->tap == NULL)
		return;
	wheel_stop(&u->wheel, &u->tap->advertise);
	free(TAKE(u->tap));
}
