// SPDX-License-Identifier: MIT
#include "usernet/resolv.h"

#include <arpa/inet.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "tests/unit/harness.h"

static unsigned v4(const struct resolv *r, size_t i)
{
	return ntohl(((const struct sockaddr_in *)&r->servers[i])->sin_addr.s_addr);
}

TEST(nameserver_lines)
{
	struct resolv r = {0};

	resolv_parse(&r, "# c\nsearch x\nnameserver 1.2.3.4\nnameserver\tfe80::1%lo\r\n"
			 "nameserver bad\nnameservers 9.9.9.9\nnameserver 5.6.7.8");
	CHECK_EQ(r.n, 3);
	CHECK_EQ(v4(&r, 0), 0x01020304);
	CHECK_EQ(r.servers[1].ss_family, AF_INET6);
	CHECK_EQ(v4(&r, 2), 0x05060708);
	resolv_parse(&r, "nameserver\nnameserver ");
	CHECK_EQ(r.n, 1);
	CHECK_EQ(v4(&r, 0), 0x7f000001);
}

TEST(how_long_a_server_is_waited_for)
{
	static const struct {
		const char *text;
		int ms;
	} cases[] = {
		{"", 2000},
		{"options timeout:1", 1000},
		{"options\tndots:2  timeout:7 rotate\nnameserver 1.2.3.4", 7000},
		{"options timeout:99999999999999999999\n", 30000},
		{"options timeout:0 timeout:-1 timeout: timeout", 2000},
		{"optionstimeout:5\n#options timeout:5\noptions", 2000},
		{"options \ntimeout:5", 2000},
	};
	struct resolv r = {0};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		resolv_parse(&r, cases[i].text);
		CHECK_EQ(r.timeout_ms, cases[i].ms);
	}
}

TEST(a_change_is_seen)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), "resolv.conf");
	struct resolv r = {.path = path};
	struct err e;

	resolv_refresh(&r);
	CHECK_EQ(v4(&r, 0), 0x7f000001);
	CHECK_OK(file_write(-1, path, "nameserver 1.1.1.1\n", 19, 0644, FILE_NOSYNC, &e), e);
	r.n = 0;
	resolv_refresh(&r);
	CHECK_EQ(v4(&r, 0), 0x01010101);
	CHECK_OK(file_write(-1, path, "nameserver 2.2.2.2\n", 19, 0644, FILE_NOSYNC, &e), e);
	resolv_refresh(&r);
	CHECK_EQ(v4(&r, 0), 0x02020202);
}
