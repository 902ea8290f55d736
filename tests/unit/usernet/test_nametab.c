// SPDX-License-Identifier: MIT
/* Who finds which name: the asker's networks, links, networks by name, round robin, reverse. */
#include "usernet/nametab.h"

#include <stdlib.h>

#include "base/mem.h"
#include "tests/unit/harness.h"

static struct ip addr(const char *s)
{
	struct ip a;
	struct err e;

	CHECK(ip_parse(s, &a, &e) == 0);
	return a;
}

/* names and links: words separated by blanks */
static void put(struct nametab *t, const char *id, const char *container, const char *network,
		const char *v4, const char *names, const char *links)
{
	struct feed_endpoint ep = {.order = 1};

	snprintf(ep.endpoint_id, sizeof(ep.endpoint_id), "%s", id);
	snprintf(ep.container_id, sizeof(ep.container_id), "%s", container);
	snprintf(ep.network_id, sizeof(ep.network_id), "id-%s", network);
	ep.network_name = xstrdup(network);
	ep.v4 = addr(v4);
	strv_split(&ep.names, names, " ");
	strv_split(&ep.links, links, " ");
	CHECK(nametab_put(t, &ep));
	feed_endpoint_clear(&ep);
}

static void fill(struct nametab *t)
{
	nametab_init(t);
	put(t, "e1", "c1", "front", "172.18.0.2", "web c1 www", "");
	put(t, "e2", "c2", "front", "172.18.0.3", "api c2 www", "");
	put(t, "e3", "c2", "back", "172.19.0.2", "api c2", "db=pg");
	put(t, "e4", "c3", "back", "172.19.0.3", "pg c3 my.dotted", "");
}

static size_t find(struct nametab *t, const char *asker, const char *name, enum nametab_answer want)
{
	struct ip a = addr(asker), ips[8];
	size_t n = 99;

	CHECK_EQ(nametab_resolve(t, nametab_asker(t, &a), name, IP_V4, ips, 8, &n), want);
	return n;
}

TEST(names_of_own_networks_only)
{
	struct nametab t;

	fill(&t);
	CHECK_EQ(find(&t, "172.18.0.2", "api", NAMETAB_FOUND), 1);
	CHECK_EQ(find(&t, "172.18.0.2", "www", NAMETAB_FOUND), 2);
	find(&t, "172.18.0.2", "pg", NAMETAB_UNKNOWN);
	find(&t, "172.19.0.3", "web", NAMETAB_UNKNOWN);
	CHECK_EQ(find(&t, "172.19.0.2", "web", NAMETAB_FOUND), 1); /* c2 is in both */
	CHECK_EQ(find(&t, "172.18.0.3", "pg", NAMETAB_FOUND), 1);
	find(&t, "10.0.2.100", "web", NAMETAB_UNKNOWN);
	nametab_clear(&t);
}

TEST(networks_by_name_and_dots)
{
	struct nametab t;

	fill(&t);
	CHECK_EQ(find(&t, "172.18.0.2", "api.front", NAMETAB_FOUND), 1);
	find(&t, "172.18.0.2", "api.back", NAMETAB_UNKNOWN);
	CHECK_EQ(find(&t, "172.18.0.3", "my.dotted", NAMETAB_FOUND), 1);
	CHECK_EQ(find(&t, "172.18.0.3", "my.dotted.back", NAMETAB_FOUND), 1);
	find(&t, "172.18.0.3", "my.dotted.front", NAMETAB_UNKNOWN);
	find(&t, "172.18.0.3", ".front", NAMETAB_UNKNOWN);
	nametab_clear(&t);
}

TEST(links_are_private)
{
	struct nametab t;

	fill(&t);
	CHECK_EQ(find(&t, "172.19.0.2", "db", NAMETAB_FOUND), 1);
	find(&t, "172.19.0.3", "db", NAMETAB_UNKNOWN);
	nametab_clear(&t);
}

TEST(other_family_is_no_data)
{
	struct ip a = addr("172.18.0.2"), ips[1];
	struct nametab t;
	size_t n;

	fill(&t);
	CHECK_EQ(nametab_resolve(&t, nametab_asker(&t, &a), "web", IP_V6, ips, 1, &n),
		 NAMETAB_NO_DATA);
	CHECK_EQ(n, 0);
	nametab_clear(&t);
}

TEST(reverse_in_shared_networks)
{
	struct ip web = addr("172.18.0.2"), pg = addr("172.19.0.3");
	struct nametab t;
	char name[64];

	fill(&t);
	CHECK(nametab_reverse(&t, nametab_asker(&t, &web), &web, name, sizeof(name)));
	CHECK_STR(name, "web.front");
	CHECK(!nametab_reverse(&t, nametab_asker(&t, &web), &pg, name, sizeof(name)));
	CHECK(!nametab_reverse(&t, nametab_asker(&t, &web), &web, name, 5));
	CHECK(!nametab_reverse(&t, NULL, &web, name, sizeof(name)));
	nametab_clear(&t);
}

TEST(changes_and_rebuild)
{
	struct ip web = addr("172.18.0.2");
	struct nametab t;

	fill(&t);
	put(&t, "e1", "c1", "front", "172.18.0.9", "renamed c1", ""); /* set again */
	CHECK(nametab_asker(&t, &web) == NULL);
	find(&t, "172.18.0.3", "web", NAMETAB_UNKNOWN);
	CHECK_EQ(find(&t, "172.18.0.3", "renamed", NAMETAB_FOUND), 1);
	CHECK_EQ(find(&t, "172.18.0.3", "www", NAMETAB_FOUND), 1);
	nametab_remove(&t, "e1");
	nametab_remove(&t, "e1");
	find(&t, "172.18.0.3", "renamed", NAMETAB_UNKNOWN);
	nametab_begin(&t);
	put(&t, "e2", "c2", "front", "172.18.0.3", "api c2", "");
	nametab_end(&t);
	CHECK_EQ(t.endpoints.n, 1);
	CHECK_EQ(t.containers.n, 1);
	CHECK_EQ(t.addresses.n, 1);
	CHECK_EQ(t.by_name.n, 2);
	nametab_clear(&t);
}

TEST(moved_address_stays_with_its_new_owner)
{
	struct ip a = addr("172.18.0.2");
	const struct nametab_container *c;
	struct nametab t;

	nametab_init(&t);
	put(&t, "old", "c1", "front", "172.18.0.2", "web", "");
	put(&t, "new", "c2", "front", "172.18.0.2", "api", "");
	nametab_remove(&t, "old");
	c = nametab_asker(&t, &a);
	CHECK(c != NULL);
	CHECK_STR(c->entries[0]->ep.endpoint_id, "new");
	CHECK(!nametab_is_internal(c) && !nametab_has_ip6(c));
	nametab_clear(&t);
}
