// SPDX-License-Identifier: MIT
/* Which URL goes through which proxy, and addresses in blocks. */
#include "base/mem.h"
#include "image/cidr_internal.h"
#include "image/transport_internal.h"
#include "tests/unit/harness.h"

static const char *via(const char *no_proxy, const char *url)
{
	struct registry_config c = {.http_proxy = xstrdup("http://p:1"),
				    .https_proxy = xstrdup("http://p:2"),
				    .no_proxy = xstrdup(no_proxy)};
	CLEANUP(url_clear) struct url u = URL_INIT;
	const char *p;
	struct err e;

	CHECK_OK(url_parse(url, &u, &e), e);
	p = proxy_for(&c, &u);
	p = p == NULL ? "none" : p == c.http_proxy ? "http" : "https";
	registry_config_clear(&c);
	return p;
}

TEST(proxy_choice)
{
	CHECK_STR(via("", "http://a.example/"), "http");
	CHECK_STR(via("", "https://a.example/"), "https");
	CHECK_STR(via("", "https://localhost:5000/"), "none");
	CHECK_STR(via("", "https://127.1.2.3/"), "none");
	CHECK_STR(via("", "https://[::1]:5000/"), "none");
	CHECK_STR(via("*", "https://a.example/"), "none");
	CHECK_STR(via("example", "https://a.example/"), "none");
	CHECK_STR(via(".example", "https://a.example/"), "none");
	CHECK_STR(via(".a.example", "https://a.example/"), "https");
	CHECK_STR(via("ample", "https://a.example/"), "https");
	CHECK_STR(via("x, A.EXAMPLE:443", "https://a.example/"), "none");
	CHECK_STR(via("a.example:444", "https://a.example/"), "https");
	CHECK_STR(via("10.0.0.0/8", "https://10.1.2.3/"), "none");
	CHECK_STR(via("10.0.0.0/8", "https://11.1.2.3/"), "https");
}

TEST(proxy_cidr)
{
	CHECK_EQ(cidr_contains("192.168.0.0/16", "192.168.255.1"), 1);
	CHECK_EQ(cidr_contains("192.168.0.0/16", "192.169.0.1"), 0);
	CHECK_EQ(cidr_contains("fd00::/8", "fd12::1"), 1);
	CHECK_EQ(cidr_contains("fd00::/8", "10.0.0.1"), 0);
	CHECK_EQ(cidr_contains("0.0.0.0/0", "1.2.3.4"), 1);
	CHECK_EQ(cidr_contains("0.0.0.0/0", "a.example"), 0);
	CHECK_EQ(cidr_contains("10.0.0.0/33", "10.0.0.1"), -1);
	CHECK_EQ(cidr_contains("10.0.0.0", "10.0.0.1"), -1);
	CHECK_EQ(cidr_contains("x/8", "10.0.0.1"), -1);
	CHECK(cidr_ok("10.0.0.0/8"));
	CHECK(!cidr_ok("10.0.0.0/"));
}
