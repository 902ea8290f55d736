// SPDX-License-Identifier: MIT
/* What ether.c, ndp.c and dhcp.c share. */
#ifndef USERNET_ETHER_INTERNAL_H
#define USERNET_ETHER_INTERNAL_H

#include "usernet/ether.h"

/* starts a reply with its header; returns where the payload goes */
uint8_t *ether_begin(const struct ether *x, struct ether_reply *r, const uint8_t dst[MAC_SIZE],
		     uint16_t type);
/* remembers who sits behind an address of the link */
void ether_learn(struct ether *x, const struct ip *ip, const uint8_t mac[MAC_SIZE]);
/* an address from its bytes */
struct ip ether_ip4(const uint8_t *p);
struct ip ether_ip6(const uint8_t *p);

/* ndp.c: an IPv6 packet; true when it was neighbour discovery, whatever became of it */
bool ndp_input(struct ether *x, const struct packet *ip, const uint8_t src_mac[MAC_SIZE],
	       struct ether_reply *r, bool *ret_bad);
void ndp_advertise(const struct ether *x, const uint8_t dst_mac[MAC_SIZE], const struct ip *dst,
		   struct ether_reply *r);
void ndp_question(const struct ether *x, const struct ip *ip, struct ether_reply *r);

/* dhcp.c: an IPv4 packet; true when it was a DHCP request, whatever became of it */
bool dhcp_input(struct ether *x, const struct packet *ip, struct ether_reply *r, bool *ret_bad);

#endif
