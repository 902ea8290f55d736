// SPDX-License-Identifier: MIT
/*
 * A laboratory for the fast path: N in namespaces of its own with tun and
 * bridge as the helper makes them, containers plugged in, and a test that plays
 * usernet: it reads and writes the tun itself.
 */
#ifndef TESTS_UNIT_NETWORK_ANYIP_LAB_H
#define TESTS_UNIT_NETWORK_ANYIP_LAB_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "network/pool_internal.h"
#include "tests/unit/netlink/netns.h"
#include "usernet/packet.h"

struct lab {
	struct netns_server s;
	int tun;
	int box;		 /* network namespace of the container */
	int watch[2], notes;	 /* IPv4, IPv6 */
	int listener;		 /* of the last lab_listen() */
	uint8_t pkt[2048];	 /* of the last lab_syn() or lab_tun_packet() */
	struct packet_ip ip;	 /* views of it */
	struct packet_tcp tcp;
};

static inline void lab_link(struct lab *l, const char *cidr, const char *cidr6)
{
	struct netns_bridge b = {.name = "br0"};
	struct netns_plug p = {.bridge = "br0", .ifname = "eth0"};
	struct err e;

	CHECK_OK(ip_prefix_parse("172.17.0.1/16", &b.gateway, &e), e);
	CHECK_OK(ip_prefix_parse("fd01::1/64", &b.gateway6, &e), e);
	CHECK_OK(ip_prefix_parse(cidr, &p.address, &e), e);
	CHECK_OK(ip_prefix_parse(cidr6, &p.address6, &e), e);
	p.gateway = b.gateway.ip;
	p.gateway6 = b.gateway6.ip;
	CHECK_OK(netns_do_bridge(&l->s, &b, &e), e);
	CHECK_OK(lab_plug(l, &p, &e), e);
}

#endif
