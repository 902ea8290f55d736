// SPDX-License-Identifier: MIT
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "client/spec.h"
#include "tests/unit/harness.h"

static void reads(const char *text, const char *json)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct spec_network n;
	struct json_w w;
	struct err e;

	CHECK_OK(spec_network(text, &n, &e), e);
	jw_init(&w, &b);
	spec_network_write(&n, &w);
	CHECK_STR(buf_str(&b), json);
	spec_network_clear(&n);
}

static void refuses(const char *text, const char *why)
{
	struct spec_network n;
	struct err e;

	CHECK(spec_network(text, &n, &e) < 0);
	CHECK_STR(e.msg, why);
	spec_network_clear(&n);
}

TEST(networks_of_run)
{
	struct spec_network n;
	struct err e;

	CHECK_OK(spec_network("n:x", &n, &e), e);
	CHECK_STR(n.name, "n:x");
	spec_network_clear(&n);
	reads("name=n2", "{}");
	reads("name=n2,alias=zz,ip=10.60.0.50,mac-address=02:42:00:00:00:01,gw-priority=-4,"
	      "driver-opt=a=b,link-local-ip=169.254.1.1,ip6=fd00::9",
	      "{\"IPAMConfig\":{\"IPv4Address\":\"10.60.0.50\",\"IPv6Address\":\"fd00::9\","
	      "\"LinkLocalIPs\":[\"169.254.1.1\"]},\"Aliases\":[\"zz\"],"
	      "\"MacAddress\":\"02:42:00:00:00:01\",\"DriverOpts\":{\"a\":\"b\"},"
	      "\"GwPriority\":-4}");
}

TEST(networks_that_are_none)
{
	refuses("name=n2,bogus=1", "invalid field key bogus");
	refuses("ip=1.2.3.4", "network name/id is not specified");
	refuses("name=b,gw-priority=x", "invalid gw-priority (x): invalid syntax");
	refuses("name=b,driver-opt=x", "invalid key value pair format in driver options");
	refuses("name=b,alias", "invalid field alias");
	refuses("b,alias=x", "invalid field b");
	refuses("name=b,mac-address=zz", "zz is not a valid mac address");
}

static void ipam(const char *subnets, const char *ranges, const char *gateways, const char *aux,
		 const char *want)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct spec_ipam in = {0};
	struct json_w w;
	struct err e;

	strv_split(&in.subnets, subnets, " ");
	strv_split(&in.ranges, ranges, " ");
	strv_split(&in.gateways, gateways, " ");
	strv_split(&in.aux, aux, " ");
	jw_init(&w, &b);
	if (spec_ipam(&in, &w, &e) < 0)
		CHECK_STR(e.msg, want);
	else
		CHECK_STR(buf_str(&b), want);
	strv_clear(&in.subnets);
	strv_clear(&in.ranges);
	strv_clear(&in.gateways);
	strv_clear(&in.aux);
}

TEST(addresses_go_to_their_subnets)
{
	ipam("", "", "", "", "[]");
	ipam("10.1.0.0/16 fd00::/64", "10.1.2.0/24", "fd00::1 10.1.0.9", "a=10.1.0.5",
	     "[{\"Subnet\":\"10.1.0.0/16\",\"IPRange\":\"10.1.2.0/24\",\"Gateway\":\"10.1.0.9\","
	     "\"AuxiliaryAddresses\":{\"a\":\"10.1.0.5\"}},"
	     "{\"Subnet\":\"fd00::/64\",\"Gateway\":\"fd00::1\"}]");
	ipam("", "", "10.1.0.1", "", "every ip-range or gateway must have a corresponding subnet");
	ipam("10.1.0.0/16", "", "10.9.0.1", "", "no matching subnet for gateway 10.9.0.1");
	ipam("10.1.0.0/16", "10.9.0.0/24", "", "", "no matching subnet for range 10.9.0.0/24");
	ipam("10.1.0.0/16", "", "", "b=10.9.0.5", "no matching subnet for aux-address 10.9.0.5");
	ipam("10.1.0.0/16 10.1.1.0/24", "", "", "",
	     "multiple overlapping subnet configuration is not supported");
	ipam("10.1.0.0/16 10.2.0.0/16", "", "10.1.0.1 10.1.0.2", "",
	     "cannot configure multiple gateways (10.1.0.2, 10.1.0.1) for the same subnet "
	     "(10.1.0.0/16)");
}
