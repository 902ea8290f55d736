// SPDX-License-Identifier: MIT
/*
 * The feed's messages as bytes. A head (version, op) and fields, each a tag and
 * a length of 16 bits in the machine's order, then its bytes; both ends are the
 * same machine and build. Text has no NUL in it and none behind it.
 */
#include "usernet/feed.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"

enum field {
	F_ENDPOINT = 1,
	F_CONTAINER,
	F_NETWORK,
	F_NETWORK_NAME,
	F_V4,
	F_V6,
	F_ORDER,
	F_NAME,
	F_LINK,
	F_DNS,
	F_INTERNAL,
	F_NDOTS,
	F_LISTENER,
	F_STAT,
};

struct feed_head {
	uint32_t version;
	uint32_t op;
};

struct feed_field {
	uint16_t tag;
	uint16_t len;
};

void feed_endpoint_clear(struct feed_endpoint *e)
{
	free(e->network_name);
	strv_clear(&e->names);
	strv_clear(&e->links);
	strv_clear(&e->dns);
	memset(e, 0, sizeof(*e));
}

void feed_endpoint_copy(struct feed_endpoint *ret, const struct feed_endpoint *e)
{
	*ret = *e;
	ret->network_name = xstrdup(e->network_name);
	ret->names = ret->links = ret->dns = (struct strv)STRV_INIT;
	strv_copy(&ret->names, &e->names);
	strv_copy(&ret->links, &e->links);
	strv_copy(&ret->dns, &e->dns);
}

/* --- writing --- */

void feed_put_head(struct buf *b, enum feed_op op)
{
	struct feed_head h = {.version = FEED_VERSION, .op = op};

	buf_reset(b);
	buf_add(b, &h, sizeof(h));
}

static void put(struct buf *b, enum field tag, const void *p, size_t n)
{
	struct feed_field f = {.tag = (uint16_t)tag, .len = (uint16_t)n};

	buf_add(b, &f, sizeof(f));
	buf_add(b, p, n);
}

/* Text longer than a field can be is cut; no name of Docker's comes near. */
static void put_text(struct buf *b, enum field tag, const char *text)
{
	if (text != NULL)
		put(b, tag, text, MIN(strlen(text), (size_t)UINT16_MAX));
}

static void put_all(struct buf *b, enum field tag, const struct strv *v)
{
	for (size_t i = 0; i < v->len; i++)
		put_text(b, tag, v->items[i]);
}

static void put_ips(struct buf *b, const struct ip *v4, const struct ip *v6)
{
	if (v4->family == IP_V4)
		put(b, F_V4, v4->bytes, 4);
	if (v6->family == IP_V6)
		put(b, F_V6, v6->bytes, 16);
}

int feed_put_endpoint(struct buf *b, const struct feed_endpoint *ep, struct err *e)
{
	feed_put_head(b, FEED_SET);
	put_text(b, F_ENDPOINT, ep->endpoint_id);
	put_text(b, F_CONTAINER, ep->container_id);
	put_text(b, F_NETWORK, ep->network_id);
	put_text(b, F_NETWORK_NAME, ep->network_name);
	put_ips(b, &ep->v4, &ep->v6);
	put(b, F_ORDER, &ep->order, sizeof(ep->order));
	put_all(b, F_NAME, &ep->names);
	put_all(b, F_LINK, &ep->links);
	put_all(b, F_DNS, &ep->dns);
	if (ep->internal)
		put(b, F_INTERNAL, "", 0);
	if (ep->ndots_set)
		put(b, F_NDOTS, "", 0);
	if (b->len > FEED_MESSAGE_MAX)
		return err_set(e, ERR_INVALID, 0, "names of an endpoint take %zu bytes, %llu may",
			       b->len, FEED_MESSAGE_MAX);
	return 0;
}

void feed_put_del(struct buf *b, const char *endpoint_id)
{
	feed_put_head(b, FEED_DEL);
	put_text(b, F_ENDPOINT, endpoint_id);
}

void feed_put_listeners(struct buf *b, const struct feed_listener *l, size_t n)
{
	feed_put_head(b, FEED_LISTENERS);
	for (size_t i = 0; i < n; i++)
		put(b, F_LISTENER, &l[i], sizeof(l[i]));
}

void feed_put_gateway(struct buf *b, const struct ip *v4, const struct ip *v6)
{
	feed_put_head(b, FEED_GATEWAY);
	put_ips(b, v4, v6);
}

void feed_put_stat(struct buf *b, const char *name, uint64_t value)
{
	struct feed_stat s = {.value = value};

	str_copy(s.name, name, sizeof(s.name));
	put(b, F_STAT, &s, sizeof(s));
}

/* --- reading --- */

static bool take_id(const char *p, size_t n, char ret[FEED_ID_SIZE])
{
	if (n == 0 || n >= FEED_ID_SIZE || memchr(p, '\0', n) != NULL)
		return false;
	memcpy(ret, p, n);
	ret[n] = '\0';
	return true;
}

static bool take_ip(const char *p, size_t n, uint8_t family, struct ip *ret)
{
	if (n != (family == IP_V4 ? 4 : 16))
		return false;
	*ret = (struct ip){.family = family};
	memcpy(ret->bytes, p, n);
	return true;
}

static bool take_item(const char *p, size_t n, struct strv *ret)
{
	if (n == 0 || ret->len >= FEED_NAMES_MAX || memchr(p, '\0', n) != NULL)
		return false;
	strv_addn(ret, p, n);
	return true;
}

static bool take_listener(const char *p, size_t n, struct feed_message *m)
{
	if (n != sizeof(*m->listeners) || m->n_listeners >= FEED_LISTENERS_MAX)
		return false;
	m->listeners = xrealloc(m->listeners, (m->n_listeners + 1) * sizeof(*m->listeners));
	memcpy(&m->listeners[m->n_listeners], p, n);
	return m->listeners[m->n_listeners++].ip.family != IP_NONE;
}

static bool take_stat(const char *p, size_t n, struct feed_message *m)
{
	if (n != sizeof(*m->stats) || m->n_stats >= FEED_STATS_MAX)
		return false;
	m->stats = xrealloc(m->stats, (m->n_stats + 1) * sizeof(*m->stats));
	memcpy(&m->stats[m->n_stats], p, n);
	m->stats[m->n_stats++].name[FEED_STAT_NAME - 1] = '\0';
	return true;
}

static bool take_field(uint16_t tag, const char *p, size_t n, struct feed_message *m)
{
	struct feed_endpoint *ep = &m->endpoint;

	switch (tag) {
	case F_ENDPOINT:
		return take_id(p, n, ep->endpoint_id);
	case F_CONTAINER:
		return take_id(p, n, ep->container_id);
	case F_NETWORK:
		return take_id(p, n, ep->network_id);
	case F_NETWORK_NAME:
		if (ep->network_name != NULL || memchr(p, '\0', n) != NULL)
			return false;
		ep->network_name = xstrndup(p, n);
		return true;
	case F_V4:
		return take_ip(p, n, IP_V4, &ep->v4);
	case F_V6:
		return take_ip(p, n, IP_V6, &ep->v6);
	case F_ORDER:
		if (n != sizeof(ep->order))
			return false;
		memcpy(&ep->order, p, n);
		return true;
	case F_NAME:
		return take_item(p, n, &ep->names);
	case F_LINK:
		return take_item(p, n, &ep->links);
	case F_DNS:
		return take_item(p, n, &ep->dns);
	case F_INTERNAL:
		ep->internal = true;
		return true;
	case F_NDOTS:
		ep->ndots_set = true;
		return true;
	case F_LISTENER:
		return take_listener(p, n, m);
	case F_STAT:
		return take_stat(p, n, m);
	default:
		return true;
	}
}

static bool take_fields(const char *p, size_t n, struct feed_message *m)
{
	while (n > 0) {
		struct feed_field f;

		if (n < sizeof(f))
			return false;
		memcpy(&f, p, sizeof(f));
		p += sizeof(f);
		n -= sizeof(f);
		if (f.len > n || !take_field(f.tag, p, f.len, m))
			return false;
		p += f.len;
		n -= f.len;
	}
	return true;
}

static bool complete(const struct feed_message *m)
{
	const struct feed_endpoint *ep = &m->endpoint;

	if (m->op == FEED_DEL)
		return ep->endpoint_id[0] != '\0';
	if (m->op == FEED_SET)
		return ep->endpoint_id[0] != '\0' && ep->container_id[0] != '\0' &&
		       ep->network_id[0] != '\0';
	return m->op >= FEED_BEGIN && m->op <= FEED_GATEWAY;
}

int feed_parse(const void *p, size_t n, struct feed_message *ret, struct err *e)
{
	struct feed_message m = {0};
	struct feed_head h;

	if (n < sizeof(h))
		return err_set(e, ERR_INVALID, 0, "feed: message of %zu bytes", n);
	memcpy(&h, p, sizeof(h));
	if (h.version != FEED_VERSION)
		return err_set(e, ERR_INVALID, 0, "feed: version %u", h.version);
	m.op = h.op;
	if (!take_fields((const char *)p + sizeof(h), n - sizeof(h), &m) || !complete(&m)) {
		feed_message_clear(&m);
		return err_set(e, ERR_INVALID, 0, "feed: malformed message %u", h.op);
	}
	*ret = m;
	return 0;
}

void feed_message_clear(struct feed_message *m)
{
	feed_endpoint_clear(&m->endpoint);
	free(m->listeners);
	free(m->stats);
	memset(m, 0, sizeof(*m));
}
