// SPDX-License-Identifier: MIT
/*
 * Stocks of sockets made beforehand in N or in a container's network namespace,
 * one stock for each address that published ports lead to, so that accepting a
 * client seldom costs a round trip to the netns-helper. A stock grows with use
 * (one socket first, POOL_BATCH at most) and is given up when nobody asked for
 * a minute. Sockets outlive the helper that made them.
 */
#ifndef USERNET_STOCK_H
#define USERNET_STOCK_H

#include <stdbool.h>

#include "netlink/ip.h"
#include "usernet/pool.h"

struct usernet;
struct stock;

/** stock_get() - the stock for sockets that will connect to child (IP_NONE: something in N) */
struct stock *stock_get(struct usernet *u, const struct ip *child);
/** stock_put() - gives back what stock_get() returned; the last one closes the sockets */
void stock_put(struct stock *s);
/** stock_take() - a socket (enum pool_kind), the caller's, or -1 while no helper answers or it
 * has none to give */
int stock_take(struct stock *s, uint32_t kind);
/** stock_drop() - closes what is there: the namespace it is of seems to have gone */
void stock_drop(struct stock *s);
/** stock_gateway() - what clients without an address of their own appear as in the container: its
 * bridge's address of that family; NULL when the sockets are of N, not of a container, or there is
 * none. Known after the first stock_take() */
const struct ip *stock_gateway(const struct stock *s, uint8_t family);
/** stock_is_inside() - sockets taken are in a container's namespace and may be bound to whatever
 * address */
bool stock_is_inside(const struct stock *s);

#endif
