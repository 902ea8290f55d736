// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

static void fault(const char *subnet, const char *range, const char *gateway, const char *text)
{
	struct docker_ipam ipam = {0};
	struct docker_ipam_config *c = json_array_add(&ipam.config, &docker_ipam_config_json);
	struct err e;

	c->subnet = xstrdup(subnet);
	c->ip_range = xstrdup(range);
	c->gateway = xstrdup(gateway);
	if (text == NULL) {
		CHECK_OK(netconfig_check_ipam(&ipam, &e), e);
	} else {
		CHECK(netconfig_check_ipam(&ipam, &e) < 0);
		CHECK(str_starts(e.msg, "invalid network config:\n"));
		CHECK_STR(strchr(e.msg, '\n') + 1, text);
	}
	json_struct_clear(&docker_ipam_json, &ipam);
}

TEST(ipam_in_dockers_words)
{
	fault("10.10.0.0/24", "10.10.0.128/25", "10.10.0.1", NULL);
	fault("garbage", NULL, NULL, "invalid subnet garbage: invalid CIDR block notation");
	fault("10.10.0.5/24", NULL, NULL, "invalid subnet 10.10.0.5/24: it should be 10.10.0.0/24");
	fault("10.10.0.0/24", "10.11.0.0/25", NULL,
	      "invalid ip-range 10.11.0.0/25: parent subnet 10.10.0.0/24 doesn't contain ip-range");
	fault("10.10.0.0/24", "10.10.0.0/16", NULL,
	      "invalid ip-range 10.10.0.0/16: CIDR block is bigger than its parent subnet "
	      "10.10.0.0/24");
	fault("10.10.0.0/24", NULL, "10.11.0.1",
	      "invalid gateway 10.11.0.1: parent subnet 10.10.0.0/24 doesn't contain this address");
	fault("10.10.0.0/24", NULL, "fd00::1",
	      "invalid gateway fd00::1: parent subnet is an IPv4 block");
	fault("10.10.0.5/24", NULL, "foo",
	      "* invalid subnet 10.10.0.5/24: it should be 10.10.0.0/24\n"
	      "* invalid gateway foo: invalid address");
}

static int option(struct network *n, const char *key, const char *value, struct err *e)
{
	str_replace_ptr(&n->info.id, "0123456789abcdef");
	json_strmap_clear(&n->info.options);
	json_strmap_set(&n->info.options, key, value);
	return netconfig_apply_options(n, e);
}

TEST(options_of_the_bridge)
{
	static const char *const bad[][2] = {
		{OPT_BRIDGE "enable_icc", "maybe"},
		{OPT_BRIDGE "host_binding_ipv4", "zz"},
		{OPT_MTU, "zz"},
		{OPT_MTU, "-1"},
		{OPT_MTU, "67"},
		{OPT_BRIDGE "name", "waytoolonginterfacename"},
		{OPT_BRIDGE "name", "a/b"},
		{OPT_BRIDGE "name", "lo"},
		{OPT_BRIDGE "gateway_mode_ipv4", "isolated"},
		{OPT_BRIDGE "gateway_mode_ipv4", "zz"},
	};
	struct network *n = network_new();
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK(option(n, bad[i][0], bad[i][1], &e) < 0);
	CHECK_OK(option(n, "foo", "bar", &e), e);
	CHECK_STR(n->bridge, "br-0123456789ab");
	CHECK_EQ(n->mtu, 1500);
	CHECK_OK(option(n, OPT_MTU, "1400", &e), e);
	CHECK_EQ(n->mtu, 1400);
	CHECK_OK(option(n, OPT_BRIDGE "name", "brx", &e), e);
	CHECK_STR(n->bridge, "brx");
	CHECK_OK(option(n, OPT_BRIDGE "enable_icc", "false", &e), e);
	CHECK(!n->icc);
	network_free(n);
}
