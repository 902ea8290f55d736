// SPDX-License-Identifier: MIT
/*
 * Offload features of a link, switched by the names that `ethtool -k` shows: their numbers differ
 * from kernel to kernel. The link is one of the network namespace the caller is in. Any thread.
 */
#ifndef NETLINK_ETHTOOL_H
#define NETLINK_ETHTOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define ETHTOOL_FEATURE_GRO	"rx-gro"
#define ETHTOOL_FEATURE_UDP_FWD "rx-udp-gro-forwarding" /* Linux 5.12 */

/**
 * ethtool_features_set() - switches features of a link, all in one go
 * @ifname: the link
 * @names:  n names, at most 8
 * @on:     on or off
 * @e:      ERR_NOTFOUND no such link; ERR_UNIMPLEMENTED when the kernel does not know a name or the
 *          link cannot do it (nothing is changed then); ERR_DENIED
 *
 * Return: 0 or -1.
 */
int ethtool_features_set(const char *ifname, const char *const *names, size_t n, bool on,
			 struct err *e) WARN_UNUSED;

#endif
