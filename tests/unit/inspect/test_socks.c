// SPDX-License-Identifier: MIT
#include "inspect/socks.h"

#include <string.h>

#include "tests/unit/harness.h"

#define METHODS(text) socks_parse_methods((const uint8_t *)(text), sizeof(text) - 1, &none)
#define REQUEST(text) socks_parse_request((const uint8_t *)(text), sizeof(text) - 1, &rq)

TEST(methods)
{
	bool none = false;

	CHECK_EQ(METHODS(""), 0);
	CHECK_EQ(METHODS("\x05"), 0);
	CHECK_EQ(METHODS("\x05\x02\x02"), 0);
	CHECK_EQ(METHODS("\x05\x02\x02\x01"), 4);
	CHECK(!none);
	CHECK_EQ(METHODS("\x05\x00"), 2);
	CHECK(!none);
	CHECK_EQ(METHODS("\x05\x02\x02\x00more"), 4);
	CHECK(none);
	CHECK_EQ(METHODS("\x04\x01"), -1);
	CHECK_EQ(METHODS("GET / HTTP/1.1"), -1);
}

TEST(requests)
{
	struct socks_request rq;

	CHECK_EQ(REQUEST("\x05\x01\x00\x03\x03web\x00\x50"), 10);
	CHECK_STR(rq.host, "web");
	CHECK_EQ(rq.port, 80);
	CHECK_EQ(REQUEST("\x05\x01\x00\x01\xac\x11\x00\x02\x1f\x90"), 10);
	CHECK_STR(rq.host, "172.17.0.2");
	CHECK_EQ(rq.port, 8080);
	CHECK_EQ(REQUEST("\x05\x01\x00\x04\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\x00\x35"), 22);
	CHECK_STR(rq.host, "fd00::2");
	CHECK_EQ(rq.port, 53);
}

TEST(a_request_in_pieces)
{
	static const char whole[] = "\x05\x01\x00\x03\x03web\x00\x50";
	struct socks_request rq;

	for (size_t n = 0; n < sizeof(whole) - 1; n++)
		CHECK_EQ(socks_parse_request((const uint8_t *)whole, n, &rq), 0);
}

TEST(refused_requests)
{
	struct socks_request rq;

	CHECK_EQ(REQUEST("\x04\x01\x00\x01\x7f\0\0\x01\x00\x50"), -SOCKS_FAILED);
	CHECK_EQ(REQUEST("\x05\x02\x00\x01\x7f\0\0\x01\x00\x50"), -SOCKS_BAD_COMMAND);
	CHECK_EQ(REQUEST("\x05\x03\x00\x01\x7f\0\0\x01\x00\x50"), -SOCKS_BAD_COMMAND);
	CHECK_EQ(REQUEST("\x05\x01\x00\x05"), -SOCKS_BAD_ADDRESS);
	CHECK_EQ(REQUEST("\x05\x01\x00\x01\x7f\0\0\x01\x00\x00"), -SOCKS_REFUSED);
	CHECK_EQ(REQUEST("\x05\x01\x00\x03\x00\x00\x50"), -SOCKS_HOST_UNREACHABLE);
	CHECK_EQ(REQUEST("\x05\x01\x00\x03\x03w\x00x\x00\x50"), -SOCKS_HOST_UNREACHABLE);
	CHECK_EQ(REQUEST("\x05\x01\x00\x03\x03w\nx\x00\x50"), -SOCKS_HOST_UNREACHABLE);
	CHECK_EQ(REQUEST("\x05\x01\x00\x03\x03w x\x00\x50"), -SOCKS_HOST_UNREACHABLE);
}

TEST(the_longest_name)
{
	uint8_t p[SOCKS_REQUEST_MAX] = {5, 1, 0, 3, 255};
	struct socks_request rq;

	memset(p + 5, 'a', 255);
	p[261] = 1;
	CHECK_EQ(socks_parse_request(p, sizeof(p), &rq), SOCKS_REQUEST_MAX);
	CHECK_EQ(strlen(rq.host), 255);
	CHECK_EQ(rq.port, 1);
}

TEST(answers)
{
	uint8_t m[SOCKS_METHODS_SIZE], r[SOCKS_REPLY_SIZE];

	socks_methods(true, m);
	CHECK_MEM(m, "\x05\x00", 2);
	socks_methods(false, m);
	CHECK_MEM(m, "\x05\xff", 2);
	socks_reply(SOCKS_REFUSED, r);
	CHECK_MEM(r, "\x05\x05\x00\x01\0\0\0\0\0\0", SOCKS_REPLY_SIZE);
}
