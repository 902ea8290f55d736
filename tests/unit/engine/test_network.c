// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

TEST(predefined_networks)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_RUNNING);
	struct engine_network *list, one;
	struct engine_filters f;
	struct docker_endpoint *ep;
	struct err e;
	size_t n;

	en->id = xstrdup("test");
	CHECK_OK(bridge_open(en, NULL, &e), e);
	ep = json_map_add(&c->net.networks, "bridge", sizeof(*ep));
	ep->ip_address = xstrdup("172.17.0.2");
	ep->ip_prefix_len = 16;
	CHECK_OK(engine_network_list(en, NULL, &list, &n, &e), e);
	CHECK_EQ(n, 3);
	for (size_t i = 0; i < n; i++)
		engine_network_clear(&list[i]);
	free(list);
	CHECK_OK(engine_network_get(en, "bridge", &one, &e), e);
	CHECK_STR(one.subnet, "172.17.0.0/16");
	CHECK_STR(one.gateway, "172.17.0.1");
	CHECK_EQ(one.n_members, 1);
	CHECK_STR(one.members[0].ipv4, "172.17.0.2/16");
	engine_network_clear(&one);
	CHECK_OK(engine_network_get(en, en->none_id, &one, &e), e);
	CHECK_STR(one.driver, "null");
	engine_network_clear(&one);
	CHECK(engine_network_get(en, "mine", &one, &e) < 0);
	CHECK_STR(e.msg, "network mine not found");
	CHECK_OK(engine_filters_parse("{\"name\":[\"ho\"]}", &f, &e), e);
	CHECK_OK(engine_network_list(en, &f, &list, &n, &e), e);
	CHECK_EQ(n, 1);
	CHECK_STR(list[0].name, "host");
	engine_network_clear(&list[0]);
	free(list);
	engine_filters_clear(&f);
	ipam_clear(&en->ipam);
	free(en->id);
	fixture_free(en);
}

TEST(bridge_address_of_the_configuration)
{
	struct engine *en = fixture_engine();
	struct err e;

	en->id = xstrdup("test");
	CHECK(bridge_open(en, "not an address", &e) < 0);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_OK(bridge_open(en, "192.168.7.1/24", &e), e);
	CHECK(ip_prefix_has(&en->bridge, &en->ipam.gateway));
	ipam_clear(&en->ipam);
	free(en->id);
	fixture_free(en);
}
