// SPDX-License-Identifier: MIT
/* What the files of rtnl.h share. */
#ifndef NETLINK_RTNL_INTERNAL_H
#define NETLINK_RTNL_INTERNAL_H

#include "netlink/msg.h"
#include "netlink/rtnl.h"

#define RTNL_REQUEST_MAX  1024	/* our longest request is about 250 bytes */
#define RTNL_DATAGRAM_MAX 32768 /* the kernel's dump datagrams: at most 32 KiB */

/* Parsers of one object each; false: not such an object, or malformed. */
bool rtnl_parse_link(const struct nl_reply *r, struct rtnl_link *ret);
bool rtnl_parse_addr(const struct nl_reply *r, struct rtnl_addr *ret);
bool rtnl_parse_route(const struct nl_reply *r, struct rtnl_route *ret);
bool rtnl_parse_rule(const struct nl_reply *r, struct rtnl_rule *ret);
bool rtnl_parse_socket(const struct nl_reply *r, uint8_t protocol, struct rtnl_socket *ret);

/* an attribute with an address of either family; false: another length */
bool rtnl_attr_ip(const struct nl_attr *a, struct ip *ret);

struct rtnl_request {
	struct nl_build b;
	_Alignas(4) unsigned char data[RTNL_REQUEST_MAX];
};

/* starts a message that asks for an acknowledgement */
void rtnl_request_init(struct rtnl_request *q, uint16_t type, uint16_t flags);
#define RTNL_ABSENT (-1) /* ENOENT, ESRCH, EADDRNOTAVAIL: what there is no object for */
/* Sends a change and waits for its acknowledgement, or puts it into the batch; fine is an errno
 * that counts as success, or RTNL_ABSENT, 0 none. */
int rtnl_change(struct rtnl *nl, struct rtnl_request *q, int fine, struct err *e);

/* changes are being collected */
bool rtnl_in_batch(const struct rtnl *nl);

/* AF_INET or AF_INET6 */
uint8_t rtnl_family(uint8_t ip_family);

/* Sends b and waits for the acknowledgement; with on_reply (may be NULL) also hands over objects.
 * Fills e without naming what was tried. */
int rtnl_call(struct rtnl *nl, struct nl_build *b,
	      int (*on_reply)(const struct nl_reply *r, void *arg), void *arg, struct err *e);

#endif
