// SPDX-License-Identifier: MIT
/* Lowest-free allocation over a bitmap; see ipam.h. */
#include "network/ipam.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static bool bit_get(const struct ipam *m, uint64_t i)
{
	return (m->used[i / 8] >> (i % 8) & 1) != 0;
}

static void bit_set(struct ipam *m, uint64_t i, bool on)
{
	if (bit_get(m, i) == on)
		return;
	m->used[i / 8] ^= (uint8_t)(1U << (i % 8));
	m->n_used += on ? 1 : (size_t)-1;
}

/* Position of an address in the subnet; UINT64_MAX when it is further than the bitmap. */
static uint64_t offset_of(const struct ipam *m, const struct ip *a)
{
	unsigned n = ip_bits(a) / 8;
	uint64_t off = 0;

	for (unsigned i = 0; i < n; i++) {
		unsigned diff = a->bytes[i] ^ m->subnet.ip.bytes[i];

		/* the network part is equal, the subnet's host part zero: xor is subtraction */
		if (off > IPAM_SIZE_MAX)
			return UINT64_MAX;
		off = off << 8 | diff;
	}
	return off < m->size ? off : UINT64_MAX;
}

static int set_range(struct ipam *m, const struct ip_prefix *range, struct err *e)
{
	char a[IP_PREFIX_TEXT_SIZE], b[IP_PREFIX_TEXT_SIZE];
	struct ip_prefix net = ip_prefix_network(range);
	unsigned host = ip_bits(&net.ip) - net.bits;
	uint64_t first, n = host >= 17 ? IPAM_SIZE_MAX : 1ULL << host;

	if (!ip_prefix_has(&m->subnet, &net.ip) || net.bits < m->subnet.bits)
		return err_set(e, ERR_INVALID, 0, "range %s is not within subnet %s",
			       ip_prefix_format(range, a), ip_prefix_format(&m->subnet, b));
	first = offset_of(m, &net.ip);
	if (first == UINT64_MAX)
		return err_set(e, ERR_INVALID, 0, "range %s lies beyond the first %d addresses",
			       ip_prefix_format(range, a), IPAM_SIZE_MAX);
	m->first = first;
	m->last = MIN(first + n, (uint64_t)m->size) - 1;
	return 0;
}

int ipam_init(struct ipam *m, const struct ip_prefix *subnet, const struct ip_prefix *range,
	      const struct ip *gateway, struct err *e)
{
	char a[IP_PREFIX_TEXT_SIZE], b[IP_TEXT_SIZE];
	struct ipam n = {.subnet = ip_prefix_network(subnet)};
	unsigned host = ip_bits(&subnet->ip) - subnet->bits;

	if (subnet->ip.family == IP_NONE || host < 2)
		return err_set(e, ERR_INVALID, 0, "subnet %s is too small",
			       ip_prefix_format(subnet, a));
	n.size = host >= 17 ? IPAM_SIZE_MAX : (size_t)1 << host;
	n.last = n.size - 1;
	if (range != NULL && range->ip.family != IP_NONE && set_range(&n, range, e) < 0)
		return -1;
	if (gateway != NULL && gateway->family != IP_NONE)
		n.gateway = *gateway;
	else if (ip_prefix_nth(&n.subnet, 1, &n.gateway, e) < 0)
		return -1;
	if (!ip_prefix_has(&n.subnet, &n.gateway))
		return err_set(e, ERR_INVALID, 0, "no matching subnet for gateway %s",
			       ip_format(&n.gateway, b));
	n.used = xcalloc(1, (n.size + 7) / 8);
	bit_set(&n, 0, true);
	if (subnet->ip.family == IP_V4 && host < 17)
		bit_set(&n, n.size - 1, true);
	if (offset_of(&n, &n.gateway) != UINT64_MAX)
		bit_set(&n, offset_of(&n, &n.gateway), true);
	*m = n;
	return 0;
}

void ipam_clear(struct ipam *m)
{
	free(m->used);
	memset(m, 0, sizeof(*m));
}

int ipam_alloc(struct ipam *m, struct ip *ret, struct err *e)
{
	for (uint64_t i = m->first; i <= m->last; i++) {
		if (bit_get(m, i))
			continue;
		if (ip_prefix_nth(&m->subnet, i, ret, e) < 0)
			return -1;
		bit_set(m, i, true);
		return 0;
	}
	return err_set(e, ERR_UNAVAILABLE, 0,
		       "no available IPv%d addresses on this network's address pools",
		       m->subnet.ip.family);
}

int ipam_reserve(struct ipam *m, const struct ip *a, struct err *e)
{
	char text[IP_TEXT_SIZE];
	uint64_t off;

	if (!ip_prefix_has(&m->subnet, a))
		return err_set(e, ERR_INVALID, 0, "no configured subnet contains IP address %s",
			       ip_format(a, text));
	off = offset_of(m, a);
	if (off == UINT64_MAX) /* beyond the bitmap of a large subnet: nothing hands it out */
		return 0;
	if (bit_get(m, off))
		return err_set(e, ERR_CONFLICT, 0, "Address already in use");
	bit_set(m, off, true);
	return 0;
}

void ipam_release(struct ipam *m, const struct ip *a)
{
	uint64_t off;

	if (!ip_prefix_has(&m->subnet, a) || ip_eq(a, &m->gateway))
		return;
	off = offset_of(m, a);
	if (off == UINT64_MAX || off == 0 ||
	    (m->subnet.ip.family == IP_V4 && off == m->size - 1 && m->size < IPAM_SIZE_MAX))
		return;
	bit_set(m, off, false);
}
