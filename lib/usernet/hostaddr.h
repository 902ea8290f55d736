// SPDX-License-Identifier: MIT
/* The host's own addresses, asked of its kernel at the moment they are needed. */
#ifndef USERNET_HOSTADDR_H
#define USERNET_HOSTADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "netlink/ip.h"

/** hostaddr_open() - what hostaddr_primary() needs that a confined process may not open; -1 when
 * there is no IPv6 */
int hostaddr_open(void);
/**
 * hostaddr_primary() - the address the host would use to the world
 * @family: enum ip_family
 * @inet6_fd: from hostaddr_open()
 * @ret: filled
 *
 * As its routing table says; without a route to the world the first global address of its
 * interfaces. Return: false when there is none, loopback never counts.
 */
bool hostaddr_primary(uint8_t family, int inet6_fd, struct ip *ret);
/** hostaddr_parse_inet6() - the first global address in text of /proc/net/if_inet6 */
bool hostaddr_parse_inet6(const char *text, struct ip *ret);

#endif
