// SPDX-License-Identifier: MIT
/*
 * The table of names; see nametab.h. The search follows moby's
 * libnetwork/sandbox.go ResolveName(): for "a.b.c" first that name in every
 * network of the container, then "a.b" in network "c", then "a" in "b.c"; for
 * each of them links before names; the first network that knows it answers.
 */
#include "usernet/nametab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"

#define KEY_SIZE (FEED_ID_SIZE + 256)

struct nametab_list {
	struct nametab_entry **items;
	size_t n;
};

static void entry_free(void *p)
{
	struct nametab_entry *en = p;

	feed_endpoint_clear(&en->ep);
	free(en->dns);
	free(en);
}

static void container_free(void *p)
{
	free(((struct nametab_container *)p)->entries);
	free(p);
}

static void list_free(void *p)
{
	free(((struct nametab_list *)p)->items);
	free(p);
}

void nametab_init(struct nametab *t)
{
	map_init(&t->endpoints, entry_free);
	map_init(&t->containers, container_free);
	map_init(&t->addresses, NULL);
	map_init(&t->by_name, list_free);
}

void nametab_clear(struct nametab *t)
{
	map_clear(&t->by_name);
	map_clear(&t->addresses);
	map_clear(&t->containers);
	map_clear(&t->endpoints);
}

/* The key of a name in a network; false when it is too long to be one. */
static bool name_key(const char *network_id, const char *name, char out[KEY_SIZE])
{
	int n = snprintf(out, KEY_SIZE, "%s/%s", network_id, name);

	if (n >= KEY_SIZE || name[0] == '\0')
		return false;
	for (char *p = out + strlen(network_id) + 1; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p | 0x20);
	return true;
}

static void add_pointer(struct nametab_entry ***items, size_t *n, struct nametab_entry *en)
{
	*items = xrealloc(*items, (*n + 1) * sizeof(**items));
	(*items)[(*n)++] = en;
}

static void drop_pointer(struct nametab_entry **items, size_t *n, const struct nametab_entry *en)
{
	size_t left = 0;

	for (size_t i = 0; i < *n; i++)
		if (items[i] != en)
			items[left++] = items[i];
	*n = left;
}

static void index_address(struct nametab *t, const struct ip *addr, struct nametab_entry *en)
{
	char text[IP_TEXT_SIZE];

	if (addr->family != IP_NONE)
		map_put(&t->addresses, ip_format(addr, text), en);
}

static void unindex_address(struct nametab *t, const struct ip *addr,
			    const struct nametab_entry *en)
{
	char text[IP_TEXT_SIZE];

	/* a later endpoint may have the address by now */
	if (addr->family != IP_NONE && map_get(&t->addresses, ip_format(addr, text)) == en)
		map_del(&t->addresses, text);
}

static void index_name(struct nametab *t, const char *name, struct nametab_entry *en)
{
	char key[KEY_SIZE];
	struct nametab_list *l;

	if (!name_key(en->ep.network_id, name, key))
		return;
	l = map_get(&t->by_name, key);
	if (l == NULL) {
		l = xcalloc(1, sizeof(*l));
		map_put(&t->by_name, key, l);
	}
	if (l->n == 0 || l->items[l->n - 1] != en) /* the same name twice in one endpoint */
		add_pointer(&l->items, &l->n, en);
}

static void unindex_name(struct nametab *t, const char *name, const struct nametab_entry *en)
{
	char key[KEY_SIZE];
	struct nametab_list *l;

	if (!name_key(en->ep.network_id, name, key))
		return;
	l = map_get(&t->by_name, key);
	if (l == NULL)
		return;
	drop_pointer(l->items, &l->n, en);
	if (l->n == 0)
		map_del(&t->by_name, key);
}

static int by_order(const void *a, const void *b)
{
	const struct feed_endpoint *x = &(*(struct nametab_entry *const *)a)->ep;
	const struct feed_endpoint *y = &(*(struct nametab_entry *const *)b)->ep;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return strcmp(x->network_name != NULL ? x->network_name : "",
		      y->network_name != NULL ? y->network_name : "");
}

static void join_container(struct nametab *t, struct nametab_entry *en)
{
	struct nametab_container *c = map_get(&t->containers, en->ep.container_id);

	if (c == NULL) {
		c = xcalloc(1, sizeof(*c));
		map_put(&t->containers, en->ep.container_id, c);
	}
	add_pointer(&c->entries, &c->n, en);
	qsort(c->entries, c->n, sizeof(struct nametab_entry *), by_order);
	en->container = c;
}

static void leave_container(struct nametab *t, struct nametab_entry *en)
{
	struct nametab_container *c = en->container;

	drop_pointer(c->entries, &c->n, en);
	if (c->n == 0)
		map_del(&t->containers, en->ep.container_id);
}

static void parse_servers(struct nametab_entry *en)
{
	struct err ignored;

	en->dns = xcalloc(en->ep.dns.len + 1, sizeof(*en->dns));
	for (size_t i = 0; i < en->ep.dns.len; i++)
		if (ip_parse(en->ep.dns.items[i], &en->dns[en->n_dns], &ignored) == 0)
			en->n_dns++;
}

void nametab_remove(struct nametab *t, const char *endpoint_id)
{
	struct nametab_entry *en = map_steal(&t->endpoints, endpoint_id);

	if (en == NULL)
		return;
	for (size_t i = 0; i < en->ep.names.len; i++)
		unindex_name(t, en->ep.names.items[i], en);
	unindex_address(t, &en->ep.v4, en);
	unindex_address(t, &en->ep.v6, en);
	leave_container(t, en);
	entry_free(en);
}

bool nametab_put(struct nametab *t, const struct feed_endpoint *ep)
{
	struct nametab_entry *en;

	nametab_remove(t, ep->endpoint_id);
	if (t->endpoints.n >= FEED_ENDPOINTS_MAX || ep->endpoint_id[0] == '\0')
		return false;
	en = xcalloc(1, sizeof(*en));
	feed_endpoint_copy(&en->ep, ep);
	parse_servers(en);
	map_put(&t->endpoints, ep->endpoint_id, en);
	join_container(t, en);
	index_address(t, &en->ep.v4, en);
	index_address(t, &en->ep.v6, en);
	for (size_t i = 0; i < en->ep.names.len; i++)
		index_name(t, en->ep.names.items[i], en);
	return true;
}

void nametab_begin(struct nametab *t)
{
	map_for_each (slot, &t->endpoints)
		((struct nametab_entry *)slot->value)->stale = true;
}

void nametab_end(struct nametab *t)
{
	CLEANUP(strv_clear) struct strv gone = STRV_INIT;

	map_for_each (slot, &t->endpoints)
		if (((struct nametab_entry *)slot->value)->stale)
			strv_add(&gone, slot->key);
	for (size_t i = 0; i < gone.len; i++)
		nametab_remove(t, gone.items[i]);
}

/* --- questions --- */

static const struct nametab_entry *by_address(const struct nametab *t, const struct ip *addr)
{
	char text[IP_TEXT_SIZE];

	return map_get(&t->addresses, ip_format(addr, text));
}

const struct nametab_container *nametab_asker(const struct nametab *t, const struct ip *addr)
{
	const struct nametab_entry *en = by_address(t, addr);

	return en != NULL ? en->container : NULL;
}

struct search {
	const struct nametab *t;
	uint8_t family;
	struct ip *ret;
	size_t max, n;
	bool exists; /* some endpoint has the name, whatever the family */
};

/* A name in one network. */
static bool in_network(struct search *s, const struct nametab_entry *en, const char *name)
{
	char key[KEY_SIZE];
	const struct nametab_list *l;

	if (!name_key(en->ep.network_id, name, key))
		return false;
	l = map_get(&s->t->by_name, key);
	for (size_t i = 0; l != NULL && i < l->n; i++) {
		const struct feed_endpoint *ep = &l->items[i]->ep;
		const struct ip *a = s->family == IP_V6 ? &ep->v6 : &ep->v4;

		s->exists = true;
		if (a->family != IP_NONE && s->n < s->max)
			s->ret[s->n++] = *a;
	}
	return s->n > 0;
}

/* What a link of this endpoint calls name; NULL when it is none. */
static const char *link_target(const struct nametab_entry *en, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < en->ep.links.len; i++) {
		const char *text = en->ep.links.items[i];

		if (strncasecmp(text, name, n) == 0 && text[n] == '=')
			return text + n + 1;
	}
	return NULL;
}

/* name in the network called network ("": every network of the container) */
static bool search_networks(struct search *s, const struct nametab_container *c, const char *name,
			    const char *network, bool links)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct nametab_entry *en = c->entries[i];
		const char *target = link_target(en, name);

		if (network[0] != '\0' &&
		    (en->ep.network_name == NULL || strcasecmp(network, en->ep.network_name) != 0))
			continue;
		if (links != (target != NULL))
			continue;
		if (in_network(s, en, links ? target : name))
			return true;
	}
	return false;
}

enum nametab_answer nametab_resolve(const struct nametab *t, const struct nametab_container *c,
				    const char *name, uint8_t family, struct ip *ret, size_t max,
				    size_t *ret_n)
{
	struct search s = {.t = t, .family = family, .ret = ret, .max = max};
	char head[256];
	size_t cut;

	*ret_n = 0;
	if (c == NULL || name[0] == '\0' || str_copy(head, name, sizeof(head)) >= sizeof(head))
		return NAMETAB_UNKNOWN;
	cut = strlen(head);
	for (const char *network = "";;) {
		if (search_networks(&s, c, head, network, true) ||
		    search_networks(&s, c, head, network, false)) {
			*ret_n = s.n;
			return NAMETAB_FOUND;
		}
		if (s.exists)
			return NAMETAB_NO_DATA;
		while (cut > 0 && name[cut - 1] != '.')
			cut--;
		if (cut <= 1)
			return NAMETAB_UNKNOWN;
		network = name + cut;
		head[--cut] = '\0';
	}
}

bool nametab_shares_network(const struct nametab *t, const struct nametab_container *c,
			    const struct ip *addr)
{
	const struct nametab_entry *en = by_address(t, addr);

	for (size_t i = 0; en != NULL && c != NULL && i < c->n; i++)
		if (strcmp(c->entries[i]->ep.network_id, en->ep.network_id) == 0)
			return true;
	return false;
}

bool nametab_reverse(const struct nametab *t, const struct nametab_container *c,
		     const struct ip *addr, char *ret, size_t size)
{
	const struct nametab_entry *en = by_address(t, addr);
	int n;

	if (en == NULL || en->ep.names.len == 0 || !nametab_shares_network(t, c, addr))
		return false;
	n = snprintf(ret, size, "%s.%s", en->ep.names.items[0],
		     en->ep.network_name != NULL ? en->ep.network_name : "");
	return n > 0 && (size_t)n < size;
}

bool nametab_is_internal(const struct nametab_container *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (!c->entries[i]->ep.internal)
			return false;
	return c->n > 0;
}

bool nametab_has_ip6(const struct nametab_container *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->entries[i]->ep.v6.family != IP_NONE)
			return true;
	return false;
}
