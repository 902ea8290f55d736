// SPDX-License-Identifier: MIT
/*
 * The containers' names as usernet knows them from the feed: who asks (by
 * source address), which networks that container is in, and what a name means
 * there. Order of a search as Docker's resolver has it. Belongs to the loop.
 */
#ifndef USERNET_NAMETAB_H
#define USERNET_NAMETAB_H

#include "base/map.h"
#include "usernet/feed.h"

struct nametab_container;

/* One endpoint in the table. */
struct nametab_entry {
	struct feed_endpoint ep;
	struct nametab_container *container;
	struct ip *dns; /* ep.dns as addresses; what is none is left out */
	size_t n_dns;
	bool stale; /* between FEED_BEGIN and FEED_END: not set again yet */
};

/* A container: its endpoints by order. Valid until the table changes. */
struct nametab_container {
	struct nametab_entry **entries;
	size_t n;
};

struct nametab {
	struct map endpoints;  /* endpoint id -> struct nametab_entry, owned */
	struct map containers; /* container id -> struct nametab_container, owned */
	struct map addresses;  /* text -> struct nametab_entry */
	struct map by_name;    /* "network id/name" -> struct nametab_list, owned */
};

enum nametab_answer {
	NAMETAB_UNKNOWN, /* no such name in the asker's networks */
	NAMETAB_FOUND,
	NAMETAB_NO_DATA, /* the name exists, but not with an address of that family */
};

/** nametab_init() - an empty table */
void nametab_init(struct nametab *t);
/** nametab_clear() - frees all */
void nametab_clear(struct nametab *t);
/** nametab_put() - sets an endpoint (copied); false when the table is full */
bool nametab_put(struct nametab *t, const struct feed_endpoint *ep);
/** nametab_remove() - nothing when unknown */
void nametab_remove(struct nametab *t, const char *endpoint_id);
/** nametab_begin() - from now on nametab_put() decides what nametab_end() leaves */
void nametab_begin(struct nametab *t);
/** nametab_end() - removes what was not put since nametab_begin() */
void nametab_end(struct nametab *t);

/** nametab_asker() - the container with that address, or NULL */
const struct nametab_container *nametab_asker(const struct nametab *t, const struct ip *addr);
/**
 * nametab_resolve() - addresses of a name
 * @c:      who asks; NULL finds nothing
 * @name:   lower case, without final dot; may end in ".NETWORK"
 * @family: enum ip_family
 * @ret:    filled in the order of the table, at most max
 * @ret_n:  how many
 */
enum nametab_answer nametab_resolve(const struct nametab *t, const struct nametab_container *c,
				    const char *name, uint8_t family, struct ip *ret, size_t max,
				    size_t *ret_n);
/** nametab_reverse() - "name.network" of an address in one of the asker's networks into ret; false
 * when there is none */
bool nametab_reverse(const struct nametab *t, const struct nametab_container *c,
		     const struct ip *addr, char *ret, size_t size);
/** nametab_shares_network() - the address belongs to an endpoint in one of the asker's networks */
bool nametab_shares_network(const struct nametab *t, const struct nametab_container *c,
			    const struct ip *addr);
/** nametab_is_internal() - all networks of the container are internal */
bool nametab_is_internal(const struct nametab_container *c);
/** nametab_has_ip6() - some endpoint of the container has an IPv6 address */
bool nametab_has_ip6(const struct nametab_container *c);

#endif
