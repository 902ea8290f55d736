// SPDX-License-Identifier: MIT
/* DNS messages; see dns_msg.h. */
#include "usernet/dns_msg.h"

#include <string.h>

#include "base/mem.h"

#define FLAG_QR	      0x80 /* third byte */
#define FLAG_TC	      0x02
#define FLAG_RD	      0x01
#define FLAG_RA	      0x80 /* fourth byte */
#define LABEL_MAX     63
#define WIRE_NAME_MAX 255
#define RR_FIXED      10 /* type, class, ttl, length */
#define OPT_SIZE      (1 + RR_FIXED)

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static char lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* The question's name at p, uncompressed, as text; bytes it takes, or 0 when malformed. */
static size_t read_name(const uint8_t *p, size_t n, char ret[DNS_NAME_SIZE])
{
	size_t at = 0, out = 0;
	bool plain = true;

	while (at < n && at < WIRE_NAME_MAX) {
		size_t len = p[at++];

		if (len == 0) {
			ret[out > 0 && plain ? out - 1 : 0] = '\0';
			return at;
		}
		if (len > LABEL_MAX || len > n - at || at + len >= WIRE_NAME_MAX)
			return 0;
		for (size_t i = 0; i < len; i++) {
			ret[out] = lower(p[at + i]);
			plain = plain && host_char(ret[out++]);
		}
		ret[out++] = '.';
		at += len;
	}
	return 0;
}

/* Steps over a name that may end in a pointer; the offset behind it, or 0. */
static size_t skip_name(const uint8_t *p, size_t n, size_t at)
{
	while (at < n) {
		size_t len = p[at];

		if (len == 0)
			return at + 1;
		if ((len & 0xc0) == 0xc0)
			return n - at >= 2 ? at + 2 : 0;
		if (len > LABEL_MAX)
			return 0;
		at += 1 + len;
	}
	return 0;
}

/* Looks for OPT among the records behind the question. */
static int read_records(const uint8_t *p, size_t n, struct dns_question *ret)
{
	size_t count = (size_t)get16(p + 6) + get16(p + 8) + get16(p + 10);
	size_t at = ret->end;

	for (; count > 0; count--) {
		size_t name = at, len;

		at = skip_name(p, n, at);
		if (at == 0 || n - at < RR_FIXED)
			return DNS_FORMERR;
		len = get16(p + at + 8);
		if (len > n - at - RR_FIXED)
			return DNS_FORMERR;
		if (get16(p + at) == DNS_OPT) {
			if (ret->edns || p[name] != 0)
				return DNS_FORMERR;
			ret->edns = true;
			ret->udp_size = (uint16_t)MAX(get16(p + at + 2), DNS_UDP_DEFAULT);
			ret->dnssec = (p[at + 6] & 0x80) != 0;
			if (p[at + 5] != 0)
				return DNS_BADVERS;
		}
		at += RR_FIXED + len;
	}
	return DNS_NOERROR;
}

int dns_question_parse(const uint8_t *p, size_t n, struct dns_question *ret)
{
	size_t len;

	*ret = (struct dns_question){.udp_size = DNS_UDP_DEFAULT, .end = DNS_HDR_SIZE};
	if (n < DNS_HDR_SIZE || (p[2] & FLAG_QR) != 0)
		return -1;
	ret->id = get16(p);
	ret->recursion = (p[2] & FLAG_RD) != 0;
	if ((p[2] >> 3 & 0xf) != 0)
		return DNS_NOTIMP;
	if (get16(p + 4) != 1)
		return DNS_FORMERR;
	len = read_name(p + DNS_HDR_SIZE, n - DNS_HDR_SIZE, ret->name);
	if (len == 0 || n - DNS_HDR_SIZE - len < 4) {
		ret->name[0] = '\0';
		return DNS_FORMERR;
	}
	ret->end = DNS_HDR_SIZE + len + 4;
	ret->type = get16(p + ret->end - 4);
	ret->class = get16(p + ret->end - 2);
	return read_records(p, n, ret);
}

/* --- reverse names --- */

static bool reverse4(const char *name, const char *end, struct ip *ret)
{
	*ret = (struct ip){.family = IP_V4};
	for (int i = 3; i >= 0; i--) {
		unsigned v = 0;
		int digits = 0;

		while (name < end && *name >= '0' && *name <= '9' && digits < 3) {
			v = v * 10 + (unsigned)(*name++ - '0');
			digits++;
		}
		if (digits == 0 || v > 255 || (i > 0 && (name == end || *name++ != '.')))
			return false;
		ret->bytes[i] = (uint8_t)v;
	}
	return name == end;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool reverse6(const char *name, const char *end, struct ip *ret)
{
	*ret = (struct ip){.family = IP_V6};
	if (end - name != 63)
		return false;
	for (int i = 0; i < 32; i++) {
		int v = nibble(name[2 * i]);

		if (v < 0 || (i < 31 && name[2 * i + 1] != '.'))
			return false;
		ret->bytes[15 - i / 2] |= (uint8_t)(i % 2 == 0 ? v : v << 4);
	}
	return true;
}

bool dns_name_reverse(const char *name, struct ip *ret)
{
	static const char v4[] = ".in-addr.arpa", v6[] = ".ip6.arpa";
	size_t n = strlen(name);

	if (n > sizeof(v4) - 1 && strcmp(name + n - (sizeof(v4) - 1), v4) == 0)
		return reverse4(name, name + n - (sizeof(v4) - 1), ret);
	if (n > sizeof(v6) - 1 && strcmp(name + n - (sizeof(v6) - 1), v6) == 0)
		return reverse6(name, name + n - (sizeof(v6) - 1), ret);
	return false;
}

/* --- answers --- */

void dns_answer_begin(struct dns_answer *a, const struct dns_question *q, const uint8_t *query,
		      uint8_t *out, size_t cap, unsigned rcode)
{
	/* the question is at most 12 + 255 + 4 bytes, OPT 11: that fits into 512 */
	*a = (struct dns_answer){.p = out, .n = q->end, .cap = cap, .q = q};
	memmove(out, query, q->end);
	out[2] = (uint8_t)(FLAG_QR | (query[2] & 0x78) | (q->recursion ? FLAG_RD : 0));
	out[3] = (uint8_t)(FLAG_RA | (rcode & 0xf));
	memset(out + 4, 0, 8);
	put16(out + 4, q->end > DNS_HDR_SIZE ? 1 : 0);
	if (q->edns) {
		a->cap -= OPT_SIZE;
		out[11] = (uint8_t)(rcode >> 4); /* kept here until dns_answer_end() */
	}
}

/* Room for a record of len bytes of data, filled in up to there; NULL when it does not fit. */
static uint8_t *add_record(struct dns_answer *a, unsigned type, size_t len)
{
	uint8_t *p = a->p + a->n;

	if (a->full || a->cap - a->n < 2 + RR_FIXED + len) {
		a->full = true;
		return NULL;
	}
	put16(p, 0xc000 | DNS_HDR_SIZE); /* the name asked */
	put16(p + 2, type);
	put16(p + 4, DNS_CLASS_IN);
	put16(p + 6, 0);
	put16(p + 8, DNS_TTL_SEC);
	put16(p + 10, (unsigned)len);
	a->n += 2 + RR_FIXED + len;
	a->count++;
	return p + 2 + RR_FIXED;
}

void dns_answer_ip(struct dns_answer *a, const struct ip *ip)
{
	size_t len = ip_bits(ip) / 8;
	uint8_t *p = add_record(a, ip->family == IP_V6 ? DNS_AAAA : DNS_A, len);

	if (p != NULL)
		memcpy(p, ip->bytes, len);
}

bool dns_answer_ptr(struct dns_answer *a, const char *name)
{
	uint8_t wire[WIRE_NAME_MAX];
	size_t at = 0;
	uint8_t *p;

	while (*name != '\0') {
		size_t len = strcspn(name, ".");

		if (len == 0 || len > LABEL_MAX || at + len + 2 > sizeof(wire))
			return false;
		wire[at++] = (uint8_t)len;
		memcpy(wire + at, name, len);
		at += len;
		name += len + (name[len] == '.');
	}
	if (at == 0)
		return false;
	wire[at++] = 0;
	p = add_record(a, DNS_PTR, at);
	if (p != NULL)
		memcpy(p, wire, at);
	return true;
}

size_t dns_answer_end(struct dns_answer *a)
{
	uint8_t extended = a->p[11];

	put16(a->p + 6, a->count);
	put16(a->p + 10, a->q->edns ? 1 : 0);
	if (a->full)
		a->p[2] |= FLAG_TC;
	if (a->q->edns) {
		uint8_t *p = a->p + a->n;

		memset(p, 0, OPT_SIZE);
		put16(p + 1, DNS_OPT);
		put16(p + 3, DNS_UDP_DEFAULT * 8);
		p[5] = extended;
		p[7] = a->q->dnssec ? 0x80 : 0;
		a->n += OPT_SIZE;
	}
	return a->n;
}

/* --- upstream's answers --- */

static bool same_text(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

bool dns_reply_matches(const uint8_t *query, const struct dns_question *q, const uint8_t *p,
		       size_t n)
{
	unsigned rcode;

	if (n < DNS_HDR_SIZE || (p[2] & FLAG_QR) == 0 || get16(p) != get16(query))
		return false;
	rcode = dns_reply_rcode(p);
	if (get16(p + 4) == 0)
		return rcode == DNS_FORMERR || rcode == DNS_SERVFAIL || rcode == DNS_NOTIMP ||
		       rcode == DNS_REFUSED;
	/* lengths of labels are below 'A', so comparing all of it as text is exact */
	return get16(p + 4) == 1 && n >= q->end &&
	       same_text(p + DNS_HDR_SIZE, query + DNS_HDR_SIZE, q->end - DNS_HDR_SIZE - 4) &&
	       memcmp(p + q->end - 4, query + q->end - 4, 4) == 0;
}

unsigned dns_reply_rcode(const uint8_t *p)
{
	return p[3] & 0xf;
}

size_t dns_reply_truncate(const struct dns_question *q, uint8_t *p, size_t n)
{
	p[2] |= FLAG_TC;
	memset(p + 6, 0, 6);
	return get16(p + 4) == 1 ? MIN(n, q->end) : DNS_HDR_SIZE;
}
