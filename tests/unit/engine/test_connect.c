// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

static int connect_to(struct engine *en, const char *network, const char *container, struct err *e)
{
	struct docker_network_connect rq = {.container = xstrdup(container)};

	return engine_network_connect(en, network, &rq, e);
}

TEST(a_stopped_container)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_EXITED);
	struct docker_network_create rq = {.name = xstrdup("mine")};
	struct docker_endpoint *ep;
	char id[RAND_ID_LEN + 1];
	struct err e;

	CHECK_OK(engine_network_create(en, &rq, id, &e), e);
	json_map_add(&c->net.networks, "bridge", sizeof(*ep));
	CHECK_OK(connect_to(en, "mine", "web", &e), e);
	ep = json_map_get(&c->net.networks, "mine");
	CHECK(ep != NULL);
	CHECK_STR(ep->dns_names.items[0], "web");
	CHECK(str_empty(ep->endpoint_id));
	CHECK_OK(connect_to(en, "mine", "web", &e), e); /* again: new settings */
	CHECK_EQ(c->net.networks.len, 2);
	CHECK(connect_to(en, "nope", "web", &e) < 0);
	CHECK_STR(e.msg, "network nope not found");
	CHECK(connect_to(en, "mine", "", &e) < 0);
	CHECK_STR(e.msg, "invalid name or ID supplied: \"\"");
	CHECK(connect_to(en, "host", "web", &e) < 0);
	CHECK(connect_to(en, "none", "web", &e) < 0);
	CHECK_OK(engine_network_disconnect(en, "mine", "web", false, &e), e);
	CHECK(json_map_get(&c->net.networks, "mine") == NULL);
	CHECK(engine_network_disconnect(en, "mine", "web", false, &e) < 0);
	CHECK(strstr(e.msg, " is not connected to the network mine") != NULL);
	CHECK(engine_network_disconnect(en, "mine", "nope", true, &e) < 0);
	CHECK_STR(e.msg, "endpoint nope not found");
	fixture_free(en);
}
