// SPDX-License-Identifier: MIT
/* Subnets cut from pools; see pools.h. Routes: proc(5), the kernel's net/ipv4/fib_trie.c and
 * net/ipv6/route.c. */
#include "network/pools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"

static void append(struct addr_pools *p, const struct ip_prefix *base, unsigned size)
{
	p->items = xrealloc(p->items, (p->n + 1) * sizeof(*p->items));
	p->items[p->n].base = ip_prefix_network(base);
	p->items[p->n++].size = (uint8_t)size;
}

int addr_pools_add(struct addr_pools *p, const char *base, int size, struct err *e)
{
	struct ip_prefix prefix;

	if (ip_prefix_parse(base, &prefix, e) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid base pool \"%s\": invalid CIDR address",
			       base);
	if (size < prefix.bits || size > (int)ip_bits(&prefix.ip) || size == 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid pools size: %d, a subnet of %s has at least %d and at most "
			       "%d bits",
			       size, base, prefix.bits, (int)ip_bits(&prefix.ip));
	append(p, &prefix, (unsigned)size);
	return 0;
}

int addr_pools_parse(struct addr_pools *p, const char *text, struct err *e)
{
	CLEANUP(strv_clear) struct strv fields = STRV_INIT;
	const char *base = NULL;
	uint64_t size = 0;

	strv_split(&fields, text, ",");
	for (size_t i = 0; i < fields.len; i++) {
		const char *v;

		if ((v = str_skip(fields.items[i], "base=")) != NULL)
			base = v;
		else if ((v = str_skip(fields.items[i], "size=")) == NULL ||
			 str_u64(v, 128, &size) < 0)
			return err_set(e, ERR_INVALID, 0,
				       "invalid default address pool \"%s\": expected "
				       "base=SUBNET,size=BITS",
				       text);
	}
	if (base == NULL)
		return err_set(e, ERR_INVALID, 0,
			       "invalid default address pool \"%s\": base is missing", text);
	return addr_pools_add(p, base, (int)size, e);
}

static bool has_family(const struct addr_pools *p, int family)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->items[i].base.ip.family == family)
			return true;
	return false;
}

void addr_pools_default(struct addr_pools *p, const char *seed)
{
	struct ip_prefix v4 = {.ip = ip_v4(0xac110000), .bits = 16}; /* 172.17.0.0/16 */
	struct ip_prefix v6 = {.ip = {.family = IP_V6}, .bits = 48};
	unsigned char sum[SHA256_SIZE];
	struct sha256 h;

	if (!has_family(p, IP_V4)) {
		for (uint32_t i = 17; i < 32; i++) {
			v4.ip = ip_v4(0xac000000 | i << 16);
			append(p, &v4, 16);
		}
		v4.ip = ip_v4(0xc0a80000);
		append(p, &v4, 20);
	}
	if (!has_family(p, IP_V6)) {
		sha256_init(&h);
		sha256_add(&h, seed, strlen(seed));
		sha256_end(&h, sum);
		v6.ip.bytes[0] = 0xfd;
		memcpy(v6.ip.bytes + 1, sum, 5);
		append(p, &v6, 64);
	}
}

void addr_pools_clear(struct addr_pools *p)
{
	free(p->items);
	memset(p, 0, sizeof(*p));
}

/* the i-th subnet of a pool */
static struct ip_prefix subnet_at(const struct addr_pool *pool, uint64_t i)
{
	struct ip_prefix s = pool->base;

	for (unsigned bit = pool->size; bit-- > pool->base.bits && i != 0; i >>= 1)
		if (i & 1)
			s.ip.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	s.bits = pool->size;
	return s;
}

/* the next index whose subnet lies behind the taken one that overlaps subnet i */
static uint64_t skip(const struct addr_pool *pool, uint64_t i, const struct ip_prefix *taken)
{
	unsigned bits = pool->size > taken->bits ? pool->size - taken->bits : 0;

	return bits >= 63 ? UINT64_MAX : ((i >> bits) + 1) << bits;
}

static bool next_in(const struct addr_pool *pool, const struct ip_prefixes *taken,
		    struct ip_prefix *ret)
{
	unsigned bits = pool->size - pool->base.bits;
	uint64_t n = bits >= 63 ? 1ULL << 63 : 1ULL << bits;

	for (uint64_t i = 0; i < n;) {
		struct ip_prefix s = subnet_at(pool, i);
		size_t k = 0;

		while (k < taken->n && !ip_prefix_overlaps(&taken->items[k], &s))
			k++;
		if (k == taken->n) {
			*ret = s;
			return true;
		}
		i = skip(pool, i, &taken->items[k]);
	}
	return false;
}

int addr_pools_next(const struct addr_pools *p, int family, const struct ip_prefixes *taken,
		    struct ip_prefix *ret, struct err *e)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->items[i].base.ip.family == family && next_in(&p->items[i], taken, ret))
			return 0;
	return err_set(e, ERR_INVALID, 0, "all predefined address pools have been fully subnetted");
}

void ip_prefixes_add(struct ip_prefixes *p, const struct ip_prefix *add)
{
	p->items = xrealloc(p->items, (p->n + 1) * sizeof(*p->items));
	p->items[p->n++] = *add;
}

void ip_prefixes_clear(struct ip_prefixes *p)
{
	free(p->items);
	memset(p, 0, sizeof(*p));
}

void ip_prefixes_routes4(struct ip_prefixes *p, const char *text)
{
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;

	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.len; i++) {
		struct ip_prefix r = {.ip = {.family = IP_V4}};
		unsigned dest, mask;

		/* addresses are printed as the machine's numbers, so their bytes are in place */
		if (sscanf(lines.items[i], "%*15s %8x %*8x %*x %*d %*d %*d %8x", &dest, &mask) !=
			    2 ||
		    mask == 0)
			continue;
		memcpy(r.ip.bytes, &dest, 4);
		r.bits = (uint8_t)__builtin_popcount(mask);
		ip_prefixes_add(p, &r);
	}
}

void ip_prefixes_routes6(struct ip_prefixes *p, const char *text)
{
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;

	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.len; i++) {
		struct ip_prefix r = {.ip = {.family = IP_V6}};
		const char *line = lines.items[i];
		unsigned bits;
		size_t n = 0;

		if (strlen(line) < 35 || sscanf(line + 32, " %2x ", &bits) != 1 || bits == 0 ||
		    bits > 127)
			continue;
		for (unsigned byte; n < 16 && sscanf(line + 2 * n, "%2x", &byte) == 1; n++)
			r.ip.bytes[n] = (uint8_t)byte;
		r.bits = (uint8_t)bits;
		if (n == 16 && r.ip.bytes[0] != 0xfe && r.ip.bytes[0] != 0xff)
			ip_prefixes_add(p, &r);
	}
}
