// SPDX-License-Identifier: MIT
/*
 * The containers' names as usernet knows them from the feed: who asks (by
 * source address), which networks that container is in, and what a name means
 * there. Order of a search as Docker's resolver has it. Belongs to the loop.
 */
#ifndef USERNET_NAMES_H
#define USERNET_NAMES_H

#include "base/map.h"
#include "usernet/feed.h"

struct names_container;

/* One endpoint in the table. */
struct names_entry {
	struct feed_endpoint ep;
	struct names_container *container;
	struct ip *dns; /* ep.dns as addresses; what is none is left out */
	size_t n_dns;
	bool stale; /* between FEED_BEGIN and FEED_END: not set again yet */
};

/* A container: its endpoints by order. Valid until the table changes. */
struct names_container {
	struct names_entry **entries;
	size_t n;
};

struct names {
	struct map endpoints;  /* endpoint id -> struct names_entry, owned */
	struct map containers; /* container id -> struct names_container, owned */
	struct map addresses;  /* text -> struct names_entry */
	struct map by_name;    /* "network id/name" -> struct names_list, owned */
};

enum names_answer {
	NAMES_UNKNOWN, /* no such name in the asker's networks */
	NAMES_FOUND,
	NAMES_NO_DATA, /* the name exists, but not with an address of that family */
};

/** names_init() - an empty table */
void names_init(struct names *t);
/** names_clear() - frees all */
void names_clear(struct names *t);
/** names_put() - sets an endpoint (copied); false when the table is full */
bool names_put(struct names *t, const struct feed_endpoint *ep);
/** names_remove() - nothing when unknown */
void names_remove(struct names *t, const char *endpoint_id);
/** names_begin() - from now on names_put() decides what names_end() leaves */
void names_begin(struct names *t);
/** names_end() - removes what was not put since names_begin() */
void names_end(struct names *t);

/** names_asker() - the container with that address, or NULL */
const struct names_container *names_asker(const struct names *t, const struct ip *addr);
/**
 * names_resolve() - addresses of a name
 * @c:      who asks; NULL finds nothing
 * @name:   lower case, without final dot; may end in ".NETWORK"
 * @family: enum ip_family
 * @ret:    filled in the order of the table, at most max
 * @ret_n:  how many
 */
enum names_answer names_resolve(const struct names *t, const struct names_container *c,
				const char *name, uint8_t family, struct ip *ret, size_t max,
				size_t *ret_n);
/** names_reverse() - "name.network" of an address in one of the asker's networks into ret; false
 * when there is none */
bool names_reverse(const struct names *t, const struct names_container *c, const struct ip *addr,
		   char *ret, size_t size);
/** names_shares_network() - the address belongs to an endpoint in one of the asker's networks */
bool names_shares_network(const struct names *t, const struct names_container *c,
			  const struct ip *addr);
/** names_is_internal() - all networks of the container are internal */
bool names_is_internal(const struct names_container *c);
/** names_has_ip6() - some endpoint of the container has an IPv6 address */
bool names_has_ip6(const struct names_container *c);

#endif
