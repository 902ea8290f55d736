// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

/* a network with the subnet, and an endpoint of the container in it */
static struct docker_endpoint *join(struct engine *en, struct container *c, const char *name,
				    const char *subnet, bool internal)
{
	struct docker_network_create rq = {.name = xstrdup(name),
					   .internal = internal,
					   .ipam = xcalloc(1, sizeof(struct docker_ipam))};
	struct docker_ipam_config *conf =
		json_array_add(&rq.ipam->config, &docker_ipam_config_json);
	char id[RAND_ID_LEN + 1];
	struct err e;

	conf->subnet = xstrdup(subnet);
	CHECK_OK(engine_network_create(en, &rq, id, &e), e);
	return json_map_add(&c->net.networks, name, sizeof(struct docker_endpoint));
}

TEST(addresses_interfaces_and_the_way_out)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_STARTING);
	struct docker_endpoint *b = join(en, c, "bnet", "10.2.0.0/24", false),
			       *a = join(en, c, "anet", "10.1.0.0/24", false),
			       *i = join(en, c, "aaa", "10.3.0.0/24", true), **eps;
	struct err e;

	en->netns = netns_client_new("/nowhere");
	str_replace_ptr(&c->host.network_mode, "bnet");
	CHECK_EQ(endpoints_order(en, c, &eps), 3);
	CHECK(eps[0] == b && eps[1] == i && eps[2] == a);
	free(eps);
	a->ipam_config = xcalloc(1, sizeof(*a->ipam_config));
	a->ipam_config->ipv4_address = xstrdup("10.1.0.50");
	a->desired_mac = xstrdup("02:42:00:00:00:01");
	CHECK_OK(network_reserve(en, c, &e), e);
	CHECK_STR(b->ip_address, "10.2.0.2");
	CHECK_STR(b->ifname, "eth0");
	CHECK_STR(i->ifname, "eth1");
	CHECK_STR(a->ip_address, "10.1.0.50");
	CHECK_STR(a->mac_address, "02:42:00:00:00:01");
	CHECK_STR(a->gateway, "10.1.0.1");
	CHECK(str_empty(i->gateway));
	CHECK_STR(a->dns_names.items[0], "web");
	CHECK(endpoints_gateway(c, IP_V4) == a); /* by name; internal never */
	b->gw_priority = 1;
	CHECK(endpoints_gateway(c, IP_V4) == b);
	network_release(en, c);
	CHECK(str_empty(a->ip_address) && str_empty(a->endpoint_id) && str_empty(a->ifname));
	CHECK_STR(a->mac_address, "02:42:00:00:00:01");
	CHECK_OK(network_reserve(en, c, &e), e);
	CHECK_STR(b->ip_address, "10.2.0.2");
	network_release(en, c);
	netns_client_free(en->netns);
	fixture_free(en);
}

TEST(a_fixed_address_is_taken_once)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_STARTING),
			 *d = fixture_container(en, 'b', "db", C_STARTING);
	struct docker_endpoint *a = join(en, c, "net", "10.1.0.0/24", false), *b;
	struct err e;

	en->netns = netns_client_new("/nowhere");
	str_replace_ptr(&c->host.network_mode, "net");
	str_replace_ptr(&d->host.network_mode, "net");
	b = json_map_add(&d->net.networks, "net", sizeof(*b));
	a->ipam_config = xcalloc(1, sizeof(*a->ipam_config));
	a->ipam_config->ipv4_address = xstrdup("10.1.0.50");
	b->ipam_config = xcalloc(1, sizeof(*b->ipam_config));
	b->ipam_config->ipv4_address = xstrdup("10.1.0.50");
	CHECK_OK(network_reserve(en, c, &e), e);
	CHECK(network_reserve(en, d, &e) < 0);
	CHECK_STR(e.msg, "failed to set up container networking: Address already in use");
	CHECK_EQ(e.kind, ERR_DENIED);
	network_release(en, d);
	network_release(en, c);
	CHECK_OK(network_reserve(en, d, &e), e);
	network_release(en, d);
	netns_client_free(en->netns);
	fixture_free(en);
}

TEST(a_rename_changes_names)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_STARTING);
	struct docker_endpoint *a = join(en, c, "net", "10.1.0.0/24", false);

	strv_add(&a->aliases, "www");
	endpoint_dns_names(c, "net", a);
	CHECK_EQ(a->dns_names.len, 3);
	str_replace_ptr(&c->name, "web2");
	endpoints_renamed(en, c);
	CHECK_STR(a->dns_names.items[0], "web2");
	CHECK_STR(a->dns_names.items[1], "www");
	str_replace_ptr(&c->name, "web");
	fixture_free(en);
}
