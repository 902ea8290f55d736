// SPDX-License-Identifier: MIT
#include <unistd.h>

#include "base/file.h"
#include "tests/unit/engine/fixture.h"

static void reopen(struct engine *en)
{
	struct err e;

	networks_close(en);
	map_init(&en->networks, NULL);
	CHECK_OK(networks_open(en, &(struct engine_options){0}, &e), e);
}

static void put(struct engine *en, const char *name, const char *text)
{
	CLEANUP(freep) char *path = xasprintf("%s/network/thimble/%s", en->data_root, name);
	struct err e;

	CHECK_OK(file_write(AT_FDCWD, path, text, strlen(text), 0600, FILE_NOSYNC, &e), e);
}

static bool there(struct engine *en, const char *name)
{
	CLEANUP(freep) char *path = xasprintf("%s/network/thimble/%s", en->data_root, name);

	return access(path, F_OK) == 0;
}

TEST(networks_survive_a_restart)
{
	struct engine *en = fixture_engine();
	struct docker_network_create rq = {.name = xstrdup("mine"),
					   .enable_ipv6 = JSON_TRI_TRUE,
					   .internal = true,
					   .ipam = xcalloc(1, sizeof(struct docker_ipam))};
	struct docker_ipam_config *c = json_array_add(&rq.ipam->config, &docker_ipam_config_json);
	char id[RAND_ID_LEN + 1], bridge_id[RAND_ID_LEN + 1], text[IP_TEXT_SIZE];
	struct network *n;
	struct err e;

	c->subnet = xstrdup("10.9.0.0/24");
	c->ip_range = xstrdup("10.9.0.128/25");
	c->gateway = xstrdup("10.9.0.254");
	json_strmap_set(&c->auxiliary_addresses, "router", "10.9.0.130");
	CHECK_OK(engine_network_create(en, &rq, id, &e), e);
	str_copy(bridge_id, network_by_name(en, "bridge")->info.id, sizeof(bridge_id));
	reopen(en);
	CHECK_EQ(en->networks.n, 4);
	CHECK_STR(network_by_name(en, "bridge")->info.id, bridge_id);
	n = network_by_name(en, "mine");
	CHECK(n != NULL);
	CHECK_STR(n->info.id, id);
	CHECK(n->info.internal && n->v4.configured && !n->v6.configured && n->v6.set);
	CHECK_STR(ip_format(&n->v4.gateway.ip, text), "10.9.0.254");
	CHECK_EQ(n->v4.gateway.bits, 24);
	CHECK(str_starts(n->bridge, "br-"));
	fixture_free(en);
}

TEST(unusable_files_are_set_aside)
{
	struct engine *en = fixture_engine();
	char id[RAND_ID_LEN + 1], name[128];

	memset(id, 'a', RAND_ID_LEN);
	id[RAND_ID_LEN] = '\0';
	snprintf(name, sizeof(name), "%s.json", id);
	put(en, name, "{\"Name\":\"x\",");
	put(en, ".tmp-0123", "half");
	put(en, "README", "not ours");
	reopen(en);
	CHECK_EQ(en->networks.n, 3);
	CHECK(!there(en, name));
	snprintf(name, sizeof(name), "%s.json.bad", id);
	CHECK(there(en, name));
	CHECK(!there(en, ".tmp-0123"));
	CHECK(there(en, "README"));
	fixture_free(en);
}

TEST(address_of_the_default_bridge)
{
	struct engine *en = fixture_engine();
	struct engine_options o = {.bip = "192.168.7.1/24", .no_icc = true};
	struct network *n;
	struct err e;

	networks_close(en);
	map_init(&en->networks, NULL);
	CHECK_OK(networks_open(en, &o, &e), e);
	n = network_by_name(en, "bridge");
	CHECK_STR(n->info.ipam.config.items[0].subnet, "192.168.7.0/24");
	CHECK(!n->icc);
	networks_close(en);
	map_init(&en->networks, NULL);
	o.fixed_cidr = "192.168.7.128/25";
	o.ipv6 = true;
	CHECK_OK(networks_open(en, &o, &e), e);
	n = network_by_name(en, "bridge");
	CHECK(n->v6.set && n->v6.gateway.bits == 64);
	CHECK_EQ(n->v4.ipam.range.bits, 25);
	networks_close(en);
	map_init(&en->networks, NULL);
	o.bip = "not an address";
	CHECK(networks_open(en, &o, &e) < 0);
	CHECK_EQ(e.kind, ERR_INVALID);
	fixture_free(en);
}
