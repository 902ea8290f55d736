// SPDX-License-Identifier: MIT
#include "netlink/ethtool.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mem.h"
#include "netlink/rtnl.h"
#include "tests/unit/netlink/netns.h"

static void make_pair(void)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct rtnl_veth pair = {
		.name = "near0", .peer_name = "far0", .peer_netns_fd = -1, .set_up = true};
	struct err e;

	enter_new_netns();
	CHECK_OK(rtnl_open(&nl, &e), e);
	CHECK_OK(rtnl_veth_add(&nl, &pair, &e), e);
}

static uint32_t gro_of(const char *ifname)
{
	CLEANUP(fd_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_value v = {.cmd = ETHTOOL_GGRO};
	struct ifreq r = {.ifr_data = (void *)&v};

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", ifname);
	CHECK(ioctl(fd, SIOCETHTOOL, &r) == 0);
	return v.data;
}

TEST(on_and_off)
{
	static const char *const gro[] = {ETHTOOL_FEATURE_GRO};
	struct err e;

	make_pair();
	CHECK_OK(ethtool_features_set("near0", gro, 1, false, &e), e);
	CHECK_EQ(gro_of("near0"), 0);
	CHECK_OK(ethtool_features_set("near0", gro, 1, true, &e), e);
	CHECK_EQ(gro_of("near0"), 1);
	CHECK_OK(ethtool_features_set("near0", gro, 1, true, &e), e);
	CHECK_OK(ethtool_features_set("near0", gro, 1, false, &e), e);
	CHECK_EQ(gro_of("near0"), 0);
}

TEST(all_or_nothing)
{
	static const char *const some[] = {ETHTOOL_FEATURE_GRO, "rx-that-nobody-has"};
	static const char *const fixed[] = {"rx-gro-hw"};
	struct err e;

	make_pair();
	CHECK_OK(ethtool_features_set("near0", some, 1, false, &e), e);
	CHECK(ethtool_features_set("near0", some, 2, true, &e) < 0);
	CHECK_EQ(e.kind, ERR_UNIMPLEMENTED);
	CHECK_EQ(gro_of("near0"), 0);
	CHECK(ethtool_features_set("near0", fixed, 1, true, &e) < 0);
	CHECK_EQ(e.kind, ERR_UNIMPLEMENTED);
}

TEST(no_such_link)
{
	static const char *const gro[] = {ETHTOOL_FEATURE_GRO};
	struct err e;

	make_pair();
	CHECK(ethtool_features_set("none0", gro, 1, true, &e) < 0);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
}
