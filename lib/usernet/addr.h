// SPDX-License-Identifier: MIT
/* struct ip and the socket calls' addresses. Ports in host order. */
#ifndef USERNET_ADDR_H
#define USERNET_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "netlink/ip.h"

/** addr_to_sa() - fills a socket address for connect(2) or bind(2); returns its length */
socklen_t addr_to_sa(const struct ip *a, uint16_t port, struct sockaddr_storage *ret);
/** addr_from_sa() - address and port (may be NULL) of a socket address; IP_NONE for other families;
 * IPv4 in its IPv6-mapped form becomes IPv4 */
struct ip addr_from_sa(const struct sockaddr_storage *sa, uint16_t *ret_port);
/** addr_set_port() - another port in a filled socket address */
void addr_set_port(struct sockaddr_storage *sa, uint16_t port);
/** addr_is_multicast() - 224/4 and ff00::/8 */
bool addr_is_multicast(const struct ip *a);
/** addr_is_closed() - nothing of N may ever reach it, whatever the settings: unspecified, this
 * network, loopback, multicast, reserved, broadcast, IPv6 link-local, and the IPv6 forms that hold
 * an IPv4 address which is closed, or (mapped, compatible) any */
bool addr_is_closed(const struct ip *a);
/** addr_is_source() - may stand in a packet of N as its source */
bool addr_is_source(const struct ip *a);

#endif
