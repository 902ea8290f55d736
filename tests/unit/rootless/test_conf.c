// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "rootless/conf.h"
#include "tests/unit/harness.h"

static char *const command[] = {"true", NULL};

static void init(struct rk_conf *c)
{
	rk_conf_init(c);
	c->command = command;
	unsetenv("_DOCKERD_ROOTLESS_CHILD");
}

TEST(defaults)
{
	struct rk_conf c;
	struct err e;

	init(&c);
	CHECK_OK(rk_conf_resolve(&c, &e), e);
	CHECK_EQ(c.net_kind, RK_NET_HOST);
	CHECK(!rk_conf_has_netns(&c));
	CHECK_EQ(c.propagation, MS_PRIVATE | MS_REC);
	CHECK(!c.service && !c.reaper);
	rk_conf_clear(&c);
}

TEST(slirp4netns_is_built_in_unless_named)
{
	struct rk_conf c;
	struct err e;

	init(&c);
	c.net = "slirp4netns";
	c.port_driver = "slirp4netns";
	CHECK_OK(rk_conf_resolve(&c, &e), e);
	CHECK_EQ(c.net_kind, RK_NET_USERNET);
	CHECK_EQ(c.port_kind, RK_PORT_BUILTIN);
	c.slirp_binary = "/usr/bin/slirp4netns";
	c.port_driver = "builtin";
	CHECK_OK(rk_conf_resolve(&c, &e), e);
	CHECK_EQ(c.net_kind, RK_NET_SLIRP);
}

TEST(addresses_of_the_network)
{
	struct rk_conf c;
	struct err e;
	char text[IP_TEXT_SIZE];
	struct ip a;

	init(&c);
	c.cidr = "10.7.3.9/24";
	CHECK_OK(rk_conf_resolve(&c, &e), e);
	a = rk_conf_address(&c, 100);
	CHECK_STR(ip_format(&a, text), "10.7.3.100");
}

static void refused(struct rk_conf *c, const char *why)
{
	struct err e = {0};

	CHECK_EQ(rk_conf_resolve(c, &e), -1);
	CHECK_MSG(strstr(e.msg, why) != NULL, "\"%s\" in \"%s\"", why, e.msg);
}

TEST(refusals)
{
	struct rk_conf c;

	init(&c);
	c.net = "foo";
	refused(&c, "unknown network mode: foo");
	c.net = "vpnkit";
	refused(&c, "not supported");
	init(&c);
	c.port_driver = "builtin";
	refused(&c, "port driver requires non-host network");
	init(&c);
	strv_add(&c.publish, "1:1:1/tcp");
	refused(&c, "port driver \"none\" does not support publishing ports");
	rk_conf_clear(&c);
	init(&c);
	c.net = "usernet";
	c.port_driver = "pesto";
	refused(&c, "pesto");
	init(&c);
	c.mtu = 65522;
	refused(&c, "mtu");
	init(&c);
	c.cidr = "fd00::/64";
	refused(&c, "cidr");
	c.cidr = "10.0.0.0/30";
	refused(&c, "cidr");
	init(&c);
	c.reaper_word = "true";
	refused(&c, "pidns");
	init(&c);
	c.propagation_name = "sideways";
	refused(&c, "propagation");
	init(&c);
	c.subid_word = "magic";
	refused(&c, "subid source");
	init(&c);
	c.command = command + 1;
	refused(&c, "no command specified");
}
