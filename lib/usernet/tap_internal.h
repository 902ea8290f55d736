// SPDX-License-Identifier: MIT
/* The tap's state within usernet; usernet.tap is NULL when the device is a tun. */
#ifndef USERNET_TAP_INTERNAL_H
#define USERNET_TAP_INTERNAL_H

#include "usernet/ether.h"
#include "usernet/usernet_internal.h"

struct tap {
	struct ether ether;
	struct ether_reply reply; /* valid within one callback */
	struct wheel_timer advertise;
	uint8_t guest_mac[MAC_SIZE]; /* of the device; all ones: not known */
};

/* tap.c. tap_start() comes before the process is confined, it asks the device */
void tap_start(struct usernet *u, int fd);
int tap_attach(struct usernet *u, const struct usernet_ctl_tun *t, struct err *e) WARN_UNUSED;
void tap_input(struct usernet *u, const struct packet *frame, bool check_sums, uint16_t udp_gso);
/* asks on the link who has an address we have heard nothing of */
void tap_ask(struct usernet *u, const struct ip *a);
void tap_end(struct usernet *u);

#endif
