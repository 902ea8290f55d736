// SPDX-License-Identifier: MIT
/* Address values and their text forms; see ip.h. */
#include "netlink/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

unsigned ip_bits(const struct ip *a)
{
	return a->family == IP_V4 ? 32 : a->family == IP_V6 ? 128 : 0;
}

struct ip ip_v4(uint32_t host_order)
{
	struct ip a = {.family = IP_V4};
	uint32_t be = htonl(host_order);

	memcpy(a.bytes, &be, sizeof(be));
	return a;
}

uint32_t ip_v4_u32(const struct ip *a)
{
	uint32_t be;

	memcpy(&be, a->bytes, sizeof(be));
	return ntohl(be);
}

bool ip_eq(const struct ip *a, const struct ip *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, ip_bits(a) / 8) == 0;
}

int ip_parse(const char *s, struct ip *ret, struct err *e)
{
	struct ip a = {0};

	if (inet_pton(AF_INET, s, a.bytes) == 1)
		a.family = IP_V4;
	else if (inet_pton(AF_INET6, s, a.bytes) == 1)
		a.family = IP_V6;
	else
		return err_set(e, ERR_INVALID, 0, "invalid IP address: %s", s);
	*ret = a;
	return 0;
}

const char *ip_format(const struct ip *a, char out[IP_TEXT_SIZE])
{
	out[0] = '\0';
	if (a->family != IP_NONE)
		inet_ntop(a->family == IP_V4 ? AF_INET : AF_INET6, a->bytes, out, IP_TEXT_SIZE);
	return out;
}

int ip_prefix_parse(const char *s, struct ip_prefix *ret, struct err *e)
{
	const char *slash = strchr(s, '/');
	char addr[IP_TEXT_SIZE];
	struct ip_prefix p;
	uint64_t bits;

	if (slash == NULL || (size_t)(slash - s) >= sizeof(addr))
		return err_set(e, ERR_INVALID, 0, "invalid CIDR address: %s", s);
	memcpy(addr, s, (size_t)(slash - s));
	addr[slash - s] = '\0';
	if (ip_parse(addr, &p.ip, e) < 0 || str_u64(slash + 1, ip_bits(&p.ip), &bits) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid CIDR address: %s", s);
	p.bits = (uint8_t)bits;
	*ret = p;
	return 0;
}

const char *ip_prefix_format(const struct ip_prefix *p, char out[IP_PREFIX_TEXT_SIZE])
{
	char addr[IP_TEXT_SIZE];

	out[0] = '\0';
	if (p->ip.family != IP_NONE)
		snprintf(out, IP_PREFIX_TEXT_SIZE, "%s/%u", ip_format(&p->ip, addr), p->bits);
	return out;
}

struct ip_prefix ip_prefix_network(const struct ip_prefix *p)
{
	struct ip_prefix n = *p;

	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = p->bits > i * 8 ? MIN(p->bits - i * 8, 8U) : 0;

		n.ip.bytes[i] &= (uint8_t)(0xff00U >> keep);
	}
	return n;
}

bool ip_prefix_has(const struct ip_prefix *p, const struct ip *a)
{
	struct ip_prefix x = {.ip = *a, .bits = p->bits};
	struct ip_prefix n = ip_prefix_network(p);

	if (a->family == IP_NONE || a->family != p->ip.family)
		return false;
	x = ip_prefix_network(&x);
	return ip_eq(&x.ip, &n.ip);
}

bool ip_prefix_overlaps(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->bits <= b->bits ? ip_prefix_has(a, &b->ip) : ip_prefix_has(b, &a->ip);
}

int ip_prefix_nth(const struct ip_prefix *p, uint64_t n, struct ip *ret, struct err *e)
{
	struct ip_prefix net = ip_prefix_network(p);
	unsigned n_bytes = ip_bits(&net.ip) / 8;
	char text[IP_PREFIX_TEXT_SIZE];
	uint64_t carry = n;

	for (unsigned i = n_bytes; i-- > 0 && carry > 0;) {
		carry += net.ip.bytes[i];
		net.ip.bytes[i] = (uint8_t)carry;
		carry >>= 8;
	}
	if (carry > 0 || !ip_prefix_has(p, &net.ip))
		return err_set(e, ERR_INVALID, 0, "subnet %s is too small",
			       ip_prefix_format(p, text));
	*ret = net.ip;
	return 0;
}

/* The IPv4 address inside ::ffff:0:0/96; otherwise the address itself. */
static struct ip unmapped(const struct ip *a)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
	struct ip v4 = {.family = IP_V4};

	if (a->family != IP_V6 || memcmp(a->bytes, prefix, sizeof(prefix)) != 0)
		return *a;
	memcpy(v4.bytes, a->bytes + 12, 4);
	return v4;
}

bool ip_is_loopback(const struct ip *a)
{
	static const uint8_t one[16] = {[15] = 1};
	struct ip u = unmapped(a);

	if (u.family == IP_V4)
		return u.bytes[0] == 127;
	return u.family == IP_V6 && memcmp(u.bytes, one, 16) == 0;
}

bool ip_is_any(const struct ip *a)
{
	static const uint8_t zero[16];
	struct ip u = unmapped(a);

	return u.family != IP_NONE && memcmp(u.bytes, zero, 16) == 0;
}

const char *mac_format(const uint8_t mac[MAC_SIZE], char out[MAC_TEXT_SIZE])
{
	snprintf(out, MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return out;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int mac_parse(const char *s, uint8_t ret[MAC_SIZE], struct err *e)
{
	uint8_t mac[MAC_SIZE];

	if (strlen(s) != MAC_TEXT_SIZE - 1)
		return err_set(e, ERR_INVALID, 0, "invalid MAC address: %s", s);
	for (size_t i = 0; i < MAC_SIZE; i++) {
		int hi = hex_digit(s[i * 3]), lo = hex_digit(s[i * 3 + 1]);
		char sep = s[i * 3 + 2];

		if (hi < 0 || lo < 0 || (i + 1 < MAC_SIZE && sep != ':' && sep != '-'))
			return err_set(e, ERR_INVALID, 0, "invalid MAC address: %s", s);
		mac[i] = (uint8_t)(hi << 4 | lo);
	}
	memcpy(ret, mac, MAC_SIZE);
	return 0;
}

void mac_from_ip(const struct ip *a, uint8_t ret[MAC_SIZE])
{
	ret[0] = 0x02;
	ret[1] = 0x42;
	memcpy(ret + 2, a->bytes + (a->family == IP_V6 ? 12 : 0), 4);
}
