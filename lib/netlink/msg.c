// SPDX-License-Identifier: MIT
/* Netlink bytes; see msg.h. Lengths come from outside when parsing: every step is checked. */
#include "netlink/msg.h"

#include <string.h>

static size_t align4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static unsigned char *grow(struct nl_build *b, size_t n)
{
	size_t at = b->len;

	if (b->overflow || n > b->cap || align4(n) > b->cap - at) {
		b->overflow = true;
		return NULL;
	}
	memset(b->data + at, 0, align4(n));
	b->len = at + align4(n);
	return b->data + at;
}

void nl_build_init(struct nl_build *b, void *data, size_t cap, uint16_t type, uint16_t flags)
{
	struct nlmsghdr h = {.nlmsg_type = type, .nlmsg_flags = flags | NLM_F_REQUEST};
	unsigned char *p;

	*b = (struct nl_build){.data = data, .cap = cap & ~(size_t)3};
	p = grow(b, sizeof(h));
	if (p != NULL)
		memcpy(p, &h, sizeof(h));
}

void nl_build_raw(struct nl_build *b, const void *p, size_t n)
{
	unsigned char *to = grow(b, n);

	if (to != NULL)
		memcpy(to, p, n);
}

void nl_build_attr(struct nl_build *b, uint16_t type, const void *p, size_t n)
{
	struct nlattr a = {.nla_len = (uint16_t)(sizeof(a) + n), .nla_type = type};
	unsigned char *to;

	if (n > UINT16_MAX - sizeof(a)) {
		b->overflow = true;
		return;
	}
	to = grow(b, sizeof(a) + n);
	if (to == NULL)
		return;
	memcpy(to, &a, sizeof(a));
	if (n > 0)
		memcpy(to + sizeof(a), p, n);
}

void nl_build_u32(struct nl_build *b, uint16_t type, uint32_t v)
{
	nl_build_attr(b, type, &v, sizeof(v));
}

void nl_build_u8(struct nl_build *b, uint16_t type, uint8_t v)
{
	nl_build_attr(b, type, &v, sizeof(v));
}

void nl_build_str(struct nl_build *b, uint16_t type, const char *s)
{
	nl_build_attr(b, type, s, strlen(s) + 1);
}

size_t nl_build_nest(struct nl_build *b, uint16_t type)
{
	size_t mark = b->len;

	nl_build_attr(b, type | NLA_F_NESTED, NULL, 0);
	return mark;
}

void nl_build_nest_end(struct nl_build *b, size_t mark)
{
	uint16_t len;

	if (b->overflow || b->len - mark > UINT16_MAX) {
		b->overflow = true;
		return;
	}
	len = (uint16_t)(b->len - mark);
	memcpy(b->data + mark, &len, sizeof(len));
}

bool nl_build_end(struct nl_build *b, uint32_t seq)
{
	struct nlmsghdr h;

	if (b->overflow)
		return false;
	memcpy(&h, b->data, sizeof(h));
	h.nlmsg_len = (uint32_t)b->len;
	h.nlmsg_seq = seq;
	memcpy(b->data, &h, sizeof(h));
	return true;
}

/* Takes n bytes and their padding (less at the end of the view) off. */
static const unsigned char *take(struct nl_view *v, size_t n)
{
	const unsigned char *p = v->p;
	size_t padded = align4(n);

	if (n > v->n)
		return NULL;
	if (padded > v->n)
		padded = v->n;
	v->p += padded;
	v->n -= padded;
	return p;
}

bool nl_next_msg(struct nl_view *v, struct nl_reply *ret)
{
	struct nlmsghdr h;
	const unsigned char *p;

	if (v->n < sizeof(h))
		return false;
	memcpy(&h, v->p, sizeof(h));
	if (h.nlmsg_len < sizeof(h))
		return false;
	p = take(v, h.nlmsg_len);
	if (p == NULL)
		return false;
	ret->type = h.nlmsg_type;
	ret->flags = h.nlmsg_flags;
	ret->seq = h.nlmsg_seq;
	ret->body = (struct nl_view){.p = p + sizeof(h), .n = h.nlmsg_len - sizeof(h)};
	return true;
}

bool nl_next_attr(struct nl_view *v, struct nl_attr *ret)
{
	const unsigned char *p;
	struct nlattr a;

	if (v->n < sizeof(a))
		return false;
	memcpy(&a, v->p, sizeof(a));
	if (a.nla_len < sizeof(a))
		return false;
	p = take(v, a.nla_len);
	if (p == NULL)
		return false;
	ret->type = a.nla_type & NLA_TYPE_MASK;
	ret->value = (struct nl_view){.p = p + sizeof(a), .n = a.nla_len - sizeof(a)};
	return true;
}

const void *nl_skip(struct nl_view *v, size_t n)
{
	return take(v, n);
}

uint32_t nl_attr_u32(const struct nl_attr *a, uint32_t fallback)
{
	uint32_t v;

	if (a->value.n != sizeof(v))
		return fallback;
	memcpy(&v, a->value.p, sizeof(v));
	return v;
}

void nl_attr_str(const struct nl_attr *a, char *out, size_t size)
{
	size_t n = strnlen((const char *)a->value.p, a->value.n);

	if (size == 0)
		return;
	if (n >= size)
		n = size - 1;
	memcpy(out, a->value.p, n);
	out[n] = '\0';
}
