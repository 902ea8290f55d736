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
	if (bit_get(m, i) != on)
		m->used[i / 8] ^= (uint8_t)(1U << (i % 8));
}

/* Position of an address in the bitmap; UINT64_MAX when it is not covered. */
static uint64_t offset_of(const struct ipam *m, const struct ip *a)
{
	unsigned n = ip_bits(a) / 8;
	uint64_t off = 0;

	if (!ip_prefix_has(&m->range, a))
		return UINT64_MAX;
	for (unsigned i = 0; i < n; i++) {
		unsigned diff = a->bytes[i] ^ m->range.ip.bytes[i];

		/* the network part is equal, the range's host part zero: xor is subtraction */
		if (off > IPAM_SIZE_MAX)
			return UINT64_MAX;
		off = off << 8 | diff;
	}
	return off < m->size ? off : UINT64_MAX;
}

static size_t far_find(const struct ipam *m, const struct ip *a)
{
	size_t i = 0;

	while (i < m->n_far && !ip_eq(&m->far[i], a))
		i++;
	return i;
}

static bool is_taken(const struct ipam *m, const struct ip *a)
{
	uint64_t off = offset_of(m, a);

	return off != UINT64_MAX ? bit_get(m, off) : far_find(m, a) < m->n_far;
}

static void take(struct ipam *m, const struct ip *a)
{
	uint64_t off = offset_of(m, a);

	if (off != UINT64_MAX) {
		bit_set(m, off, true);
		return;
	}
	m->far = xrealloc(m->far, (m->n_far + 1) * sizeof(*m->far));
	m->far[m->n_far++] = *a;
}

/* the addresses that mean the whole subnet; IPv4's last is the broadcast address */
static bool is_special(const struct ipam *m, const struct ip *a)
{
	unsigned host = ip_bits(&m->subnet.ip) - m->subnet.bits;
	uint32_t last;

	if (host < 2)
		return false;
	if (ip_eq(a, &m->subnet.ip))
		return true;
	if (a->family != IP_V4)
		return false;
	last = ip_v4_u32(&m->subnet.ip) | (uint32_t)((1ULL << host) - 1);
	return ip_v4_u32(a) == last;
}

static int set_range(struct ipam *m, const struct ip_prefix *range, struct err *e)
{
	char a[IP_PREFIX_TEXT_SIZE], b[IP_PREFIX_TEXT_SIZE];
	struct ip_prefix net = ip_prefix_network(range);

	if (!ip_prefix_has(&m->subnet, &net.ip) || net.bits < m->subnet.bits)
		return err_set(e, ERR_INVALID, 0, "range %s is not within subnet %s",
			       ip_prefix_format(range, a), ip_prefix_format(&m->subnet, b));
	m->range = net;
	return 0;
}

/* the network's and the broadcast address, as far as the bitmap has them */
static void take_specials(struct ipam *m)
{
	struct err ignored;
	struct ip a;

	if (ip_prefix_nth(&m->range, 0, &a, &ignored) == 0 && is_special(m, &a))
		take(m, &a);
	if (ip_prefix_nth(&m->range, m->size - 1, &a, &ignored) == 0 && is_special(m, &a) &&
	    !is_taken(m, &a))
		take(m, &a);
}

static int set_gateway(struct ipam *m, const struct ip *gateway, struct err *e)
{
	char text[IP_TEXT_SIZE];

	if (gateway == NULL || gateway->family == IP_NONE)
		return ipam_alloc(m, &m->gateway, e);
	if (!ip_prefix_has(&m->subnet, gateway))
		return err_set(e, ERR_INVALID, 0, "no matching subnet for gateway %s",
			       ip_format(gateway, text));
	m->gateway = *gateway;
	if (!is_taken(m, gateway))
		take(m, gateway);
	return 0;
}

int ipam_init(struct ipam *m, const struct ip_prefix *subnet, const struct ip_prefix *range,
	      const struct ip *gateway, struct err *e)
{
	struct ipam n = {.subnet = ip_prefix_network(subnet)};
	unsigned host;

	if (subnet->ip.family == IP_NONE)
		return err_set(e, ERR_INVALID, 0, "no subnet");
	n.range = n.subnet;
	if (range != NULL && range->ip.family != IP_NONE && set_range(&n, range, e) < 0)
		return -1;
	host = ip_bits(&n.range.ip) - n.range.bits;
	n.size = host >= 17 ? IPAM_SIZE_MAX : (size_t)1 << host;
	n.used = xcalloc(1, (n.size + 7) / 8);
	take_specials(&n);
	if (set_gateway(&n, gateway, e) < 0) {
		ipam_clear(&n);
		return -1;
	}
	*m = n;
	return 0;
}

void ipam_clear(struct ipam *m)
{
	free(m->used);
	free(m->far);
	memset(m, 0, sizeof(*m));
}

int ipam_alloc(struct ipam *m, struct ip *ret, struct err *e)
{
	for (uint64_t i = 0; i < m->size; i++) {
		if (i % 8 == 0 && m->used[i / 8] == 0xff) {
			i += 7;
			continue;
		}
		if (bit_get(m, i))
			continue;
		if (ip_prefix_nth(&m->range, i, ret, e) < 0)
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

	if (!ip_prefix_has(&m->subnet, a))
		return err_set(e, ERR_INVALID, 0, "no configured subnet contains IP address %s",
			       ip_format(a, text));
	if (is_taken(m, a) || is_special(m, a))
		return err_set(e, ERR_DENIED, 0, "Address already in use");
	take(m, a);
	return 0;
}

void ipam_release(struct ipam *m, const struct ip *a)
{
	uint64_t off;
	size_t i;

	if (!ip_prefix_has(&m->subnet, a) || ip_eq(a, &m->gateway) || is_special(m, a))
		return;
	off = offset_of(m, a);
	i = far_find(m, a);
	if (off != UINT64_MAX)
		bit_set(m, off, false);
	else if (i < m->n_far)
		m->far[i] = m->far[--m->n_far];
}
