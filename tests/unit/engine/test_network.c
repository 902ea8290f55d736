// SPDX-License-Identifier: MIT
#include "engine/network.h"

#include <sys/stat.h>

#include "base/file.h"
#include "tests/unit/engine/fixture.h"

static int create(struct engine *en, const char *json, char *id, struct err *e)
{
	struct docker_network_create rq = {0};

	CHECK_OK(json_bind_text(json, strlen(json), &docker_network_create_json, &rq, e), *e);
	return engine_network_create(en, &rq, id, e);
}

static void refused(struct engine *en, const char *json, enum err_kind kind, const char *text)
{
	char id[RAND_ID_LEN + 1];
	struct err e;

	CHECK(create(en, json, id, &e) < 0);
	CHECK_EQ(e.kind, kind);
	CHECK_STR(e.msg, text);
}

TEST(created_found_and_removed)
{
	struct engine *en = fixture_engine();
	struct docker_network n;
	char id[RAND_ID_LEN + 1], other[RAND_ID_LEN + 1];
	struct err e;

	CHECK_OK(create(en, "{\"Name\":\"mine\",\"Labels\":{\"a\":\"b\"}}", id, &e), e);
	CHECK_OK(engine_network_get(en, "mine", &n, &e), e);
	CHECK_STR(n.id, id);
	CHECK_EQ(n.ipam.config.len, 1);
	CHECK(str_starts(n.ipam.config.items[0].gateway, "1"));
	json_struct_clear(&docker_network_json, &n);
	id[12] = '\0'; /* a prefix will do */
	CHECK_OK(engine_network_get(en, id, &n, &e), e);
	json_struct_clear(&docker_network_json, &n);
	refused(en, "{\"Name\":\"mine\"}", ERR_CONFLICT, "network with name mine already exists");
	CHECK_OK(engine_network_remove(en, "mine", &e), e);
	CHECK(engine_network_get(en, "mine", &n, &e) < 0);
	CHECK_STR(e.msg, "network mine not found");
	CHECK(engine_network_remove(en, "bridge", &e) < 0);
	CHECK_STR(e.msg, "bridge is a pre-defined network and cannot be removed");
	CHECK_OK(create(en, "{\"Name\":\"mine\"}", other, &e), e);
	fixture_free(en);
}

TEST(what_is_refused)
{
	struct engine *en = fixture_engine();

	refused(en, "{}", ERR_INVALID, "invalid name: name is empty");
	refused(en, "{\"Name\":\"host\"}", ERR_DENIED,
		"operation is not permitted on predefined host network ");
	refused(en, "{\"Name\":\"x\",\"Driver\":\"nope\"}", ERR_NOTFOUND,
		"plugin \"nope\" not found");
	refused(en, "{\"Name\":\"x\",\"Driver\":\"host\"}", ERR_DENIED,
		"only one instance of \"host\" network is allowed");
	refused(en, "{\"Name\":\"x\",\"EnableIPv4\":false}", ERR_INVALID,
		"IPv4 or IPv6 must be enabled");
	refused(en, "{\"Name\":\"x\",\"IPAM\":{\"Config\":[{\"Subnet\":\"172.17.4.0/24\"}]}}",
		ERR_DENIED,
		"invalid pool request: Pool overlaps with other one on this address space");
	refused(en, "{\"Name\":\"x\",\"IPAM\":{\"Config\":[{\"Subnet\":\"10.0.2.0/25\"}]}}",
		ERR_DENIED,
		"invalid pool request: Pool overlaps with other one on this address space");
	refused(en,
		"{\"Name\":\"x\",\"IPAM\":{\"Config\":[{\"Subnet\":\"10.20.0.0/24\"},"
		"{\"Subnet\":\"10.21.0.0/24\"}]}}",
		ERR_DENIED, "bridge driver doesn't support multiple subnets");
	refused(en, "{\"Name\":\"x\",\"Options\":{\"com.docker.network.bridge.name\":\"tap0\"}}",
		ERR_DENIED, "bridge name tap0 is in use by the engine");
	fixture_free(en);
}

static void in_use(struct container *c, const char *name, const char *network_id)
{
	struct docker_endpoint *ep = json_map_add(&c->net.networks, name, sizeof(*ep));

	ep->network_id = xstrdup(network_id);
	ep->endpoint_id = xstrdup("0123456789abcdef");
	ep->ip_address = xstrdup("10.7.0.2");
	ep->ip_prefix_len = 24;
}

TEST(in_use_is_not_removed)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_RUNNING);
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	struct docker_network_member *m;
	struct docker_network n;
	char id[RAND_ID_LEN + 1];
	struct err e;

	CHECK_OK(create(en, "{\"Name\":\"mine\"}", id, &e), e);
	in_use(c, "mine", id);
	CHECK(engine_network_remove(en, "mine", &e) < 0);
	CHECK_EQ(e.kind, ERR_DENIED);
	CHECK_STR(e.msg, "error while removing network: network mine has active endpoints "
			 "(name:\"web\" id:\"0123456789ab\")");
	CHECK_OK(engine_network_get(en, "mine", &n, &e), e);
	m = json_map_get(&n.containers, c->id);
	CHECK(m != NULL);
	CHECK_STR(m->ipv4_address, "10.7.0.2/24");
	json_struct_clear(&docker_network_json, &n);
	CHECK_OK(create(en, "{\"Name\":\"idle\"}", id, &e), e);
	CHECK_OK(engine_network_prune(en, NULL, &names, &e), e);
	CHECK_EQ(names.len, 1);
	CHECK_STR(names.items[0], "idle");
	fixture_free(en);
}

TEST(configuration_only_networks)
{
	struct engine *en = fixture_engine();
	struct docker_network n;
	char id[RAND_ID_LEN + 1];
	struct err e;

	CHECK_OK(create(en,
			"{\"Name\":\"cfg\",\"ConfigOnly\":true,\"IPAM\":{\"Config\":[{\"Subnet\":"
			"\"10.30.0.0/24\"}]}}",
			id, &e),
		 e);
	CHECK_OK(create(en, "{\"Name\":\"net\",\"ConfigFrom\":{\"Network\":\"cfg\"}}", id, &e), e);
	CHECK_OK(engine_network_get(en, "net", &n, &e), e);
	CHECK_STR(n.ipam.config.items[0].subnet, "10.30.0.0/24");
	CHECK_STR(n.config_from.network, "cfg");
	json_struct_clear(&docker_network_json, &n);
	fixture_free(en);
}
