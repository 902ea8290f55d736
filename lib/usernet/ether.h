// SPDX-License-Identifier: MIT
/*
 * Ethernet between a tap and the IP layer. Frames are hostile bytes: this layer
 * answers what concerns the link itself (ARP, neighbour and router solicitation,
 * DHCP), learns who sits behind which address, and hands on what is inside. It
 * does no I/O and allocates nothing. RFC 826, RFC 894, RFC 2464, RFC 4861.
 */
#ifndef USERNET_ETHER_H
#define USERNET_ETHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink/ip.h"
#include "usernet/packet.h"

#define ETHER_HDR	14
#define ETHER_NEIGH_MAX 32
#define ETHER_REPLY_MAX 640 /* the longest frame answered here: a DHCP offer */

#define ETHER_IP4  0x0800
#define ETHER_ARP  0x0806
#define ETHER_IP6  0x86dd
#define ETHER_VLAN 0x8100
#define ETHER_QINQ 0x88a8

/* name, what is counted */
#define ETHER_STATS(X)                                                   \
	X(runt, "frames shorter than their headers")                     \
	X(foreign, "frames for another station")                         \
	X(vlan, "frames with a VLAN tag")                                \
	X(unknown_type, "frames of other protocols than IP and ARP")     \
	X(multicast, "broadcasts and multicasts nobody here listens to") \
	X(malformed, "ARP, NDP and DHCP that no parser takes")           \
	X(answered, "ARP, NDP and DHCP answered")

struct ether_stats {
#define X(name, help) uint64_t name;
	ETHER_STATS(X)
#undef X
};

struct ether_neigh {
	struct ip ip; /* IP_NONE: free */
	uint8_t mac[MAC_SIZE];
};

/* What the owner sets before the first frame; ours until the tap is closed. */
struct ether_conf {
	uint8_t guest_mac[MAC_SIZE]; /* of the tap itself: for addresses nothing was heard of */
	struct ip gateway, dns;	     /* IPv4, answered by ARP */
	struct ip guest;	     /* IPv4, what --configure gives: DHCP never does */
	struct ip dhcp_first;	     /* first address DHCP gives; IP_NONE: no DHCP */
	uint8_t subnet_bits;
	bool no_dns;		  /* the nameserver is named to nobody */
	struct ip_prefix prefix6; /* IP_NONE: IPv6 frames are dropped */
	struct ip gateway6, dns6;
	unsigned mtu;
};

struct ether {
	struct ether_conf conf;
	uint8_t mac[MAC_SIZE]; /* ours, as gateway and as nameserver */
	struct ip link_local;  /* fe80::2: routers are known by theirs */
	struct ether_neigh neigh[ETHER_NEIGH_MAX];
	unsigned next_neigh; /* overwritten next */
	struct {
		uint8_t mac[MAC_SIZE];
		bool used;
	} leases[16];
	struct ether_stats stats;
};

/* A whole frame to be written to the tap. */
struct ether_reply {
	size_t n; /* 0: none */
	uint8_t p[ETHER_REPLY_MAX];
};

enum ether_verdict {
	ETHER_DROP, /* counted */
	ETHER_REPLY,
	ETHER_PACKET, /* an IP packet for the layer above */
};

/** ether_init() - an empty neighbour table; our own address is made of the gateway's */
void ether_init(struct ether *x, const struct ether_conf *c);

/**
 * ether_input() - a frame out of the tap
 * @x:         state; learns from the frame
 * @frame:     without a virtio-net header
 * @ret_ip:    filled for ETHER_PACKET: a view of the packet inside
 * @ret_reply: filled for ETHER_REPLY
 */
enum ether_verdict ether_input(struct ether *x, const struct packet *frame, struct packet *ret_ip,
			       struct ether_reply *ret_reply);

/** ether_header() - the frame's header for an IP packet of ours: ip_hdr are its first bytes, at
 * least 20 (IPv4) or 40 (IPv6) of them */
void ether_header(const struct ether *x, const uint8_t *ip_hdr, uint8_t out[ETHER_HDR]);

/** ether_who_has() - true when nothing is known of the owner of an address on the link; reply is
 * then the question (ARP, neighbour solicitation) to be written */
bool ether_who_has(const struct ether *x, const struct ip *ip, struct ether_reply *ret_question);

/** ether_advertise() - the unasked router advertisement; n is 0 without IPv6 */
void ether_advertise(const struct ether *x, struct ether_reply *ret);

#endif
