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
