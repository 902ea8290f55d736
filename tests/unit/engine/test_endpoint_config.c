// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

static void check(struct engine *en, const char *network, const char *json, const char *text)
{
	struct docker_endpoint ep = {0};
	struct err e;

	CHECK_OK(json_bind_text(json, strlen(json), &docker_endpoint_json, &ep, &e), e);
	if (text == NULL) {
		CHECK_OK(endpoint_check(network_by_name(en, network), network, &ep, &e), e);
	} else {
		CHECK(endpoint_check(network_by_name(en, network), network, &ep, &e) < 0);
		CHECK_STR(e.msg, text);
	}
	json_struct_clear(&docker_endpoint_json, &ep);
}

TEST(endpoints_in_dockers_words)
{
	struct engine *en = fixture_engine();
	struct docker_network_create rq = {.name = xstrdup("net"),
					   .ipam = xcalloc(1, sizeof(struct docker_ipam))};
	struct docker_ipam_config *conf =
		json_array_add(&rq.ipam->config, &docker_ipam_config_json);
	char id[RAND_ID_LEN + 1];
	struct err e;

	conf->subnet = xstrdup("10.60.0.0/24");
	CHECK_OK(engine_network_create(en, &rq, id, &e), e);
	check(en, "net", "{\"IPAMConfig\":{\"IPv4Address\":\"10.60.0.9\"},\"Aliases\":[\"x\"]}",
	      NULL);
	check(en, "net", "{\"IPAMConfig\":{\"IPv4Address\":\"10.99.0.9\"}}",
	      "invalid endpoint settings:\nno configured subnet or ip-range contain the IP address "
	      "10.99.0.9");
	check(en, "net", "{\"IPAMConfig\":{\"IPv4Address\":\"zz\"}}",
	      "invalid endpoint settings:\n* invalid IPv4 address: zz\n* no configured subnet or "
	      "ip-range contain the IP address zz");
	check(en, "net", "{\"IPAMConfig\":{\"IPv6Address\":\"fd00:9::1\"}}",
	      "invalid endpoint settings:\nuser specified IP address is supported only when "
	      "connecting to networks with user configured subnets");
	check(en, "net", "{\"MacAddress\":\"zz\"}", "invalid MAC address zz");
	check(en, "bridge", "{\"Aliases\":[\"x\"]}",
	      "invalid endpoint settings:\nnetwork-scoped alias is supported only for containers "
	      "in user defined networks");
	check(en, "gone", "{\"Aliases\":[\"x\"]}", NULL);
	fixture_free(en);
}

static void configure(struct engine *en, struct container *c, const char *json, const char *text)
{
	struct docker_networking_config nc = {0};
	struct err e;

	json_struct_clear(&docker_network_settings_json, &c->net);
	CHECK_OK(json_bind_text(json, strlen(json), &docker_networking_config_json, &nc, &e), e);
	if (text == NULL) {
		CHECK_OK(endpoints_configure(en, c, &nc, &e), e);
	} else {
		CHECK(endpoints_configure(en, c, &nc, &e) < 0);
		CHECK_STR(e.msg, text);
	}
	json_struct_clear(&docker_networking_config_json, &nc);
}

TEST(networks_of_a_new_container)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_CREATED);
	struct docker_endpoint *ep;

	configure(en, c, "{}", NULL);
	CHECK_EQ(c->net.networks.len, 1);
	CHECK_STR(c->net.networks.items[0].key, "bridge");
	configure(en, c,
		  "{\"EndpointsConfig\":{\"default\":{\"MacAddress\":\"02:42:00:00:00:01\"}}}",
		  NULL);
	ep = json_map_get(&c->net.networks, "bridge");
	CHECK(ep != NULL);
	CHECK_STR(ep->desired_mac, "02:42:00:00:00:01");
	CHECK_STR(c->config.mac_address, "02:42:00:00:00:01");
	configure(en, c, "{\"EndpointsConfig\":{\"bridge\":{\"Aliases\":[\"x\"]}}}",
		  "invalid config for network bridge: invalid endpoint settings:\nnetwork-scoped "
		  "alias is supported only for containers in user defined networks");
	configure(en, c, "{\"EndpointsConfig\":{\"bridge\":null,\"other\":{}}}",
		  "invalid config for network bridge: EndpointsConfig is nil");
	configure(en, c, "{\"EndpointsConfig\":{\"bridge\":{},\"other\":{}}}", NULL);
	CHECK_EQ(c->net.networks.len, 2);
	str_replace_ptr(&c->host.network_mode, "host");
	configure(en, c, "{\"EndpointsConfig\":{\"other\":{}}}",
		  "conflicting options: cannot attach both user-defined and non-user-defined "
		  "network-modes");
	fixture_free(en);
}
