// SPDX-License-Identifier: MIT
/* What the netns-helper takes from usernet. */
#include "usernet/pool.h"

#include "tests/unit/harness.h"

static const struct pool_request sockets = {
	.version = POOL_VERSION, .op = POOL_SOCKETS, .kind = POOL_TCP4, .n = POOL_BATCH};

TEST(requests_in_range_pass)
{
	struct pool_request q = sockets;

	CHECK(pool_request_ok(&q, sizeof(q)));
	q.child = ip_v4(0xac110002);
	CHECK(pool_request_ok(&q, sizeof(q)));
	q = (struct pool_request){.version = POOL_VERSION, .op = POOL_SYN_WATCH, .kind = POOL_TCP6};
	CHECK(pool_request_ok(&q, sizeof(q)));
	q = (struct pool_request){
		.version = POOL_VERSION, .op = POOL_LISTEN, .kind = POOL_TCP4, .port = 443};
	CHECK(pool_request_ok(&q, sizeof(q)));
	q = (struct pool_request){.version = POOL_VERSION, .op = POOL_DNS};
	CHECK(pool_request_ok(&q, sizeof(q)));
	q = (struct pool_request){
		.version = POOL_VERSION, .op = POOL_GATHER, .child = ip_v4(0xac110002)};
	CHECK(pool_request_ok(&q, sizeof(q)));
}

TEST(others_do_not)
{
	struct pool_request q = sockets;

	CHECK(!pool_request_ok(&q, sizeof(q) - 1));
	q.version = 1;
	CHECK(!pool_request_ok(&q, sizeof(q)));
	q = sockets;
	q.n = POOL_BATCH + 1;
	CHECK(!pool_request_ok(&q, sizeof(q)));
	q.n = 0;
	CHECK(!pool_request_ok(&q, sizeof(q)));
	q = sockets;
	q.kind = POOL_KIND_END;
	CHECK(!pool_request_ok(&q, sizeof(q)));
	q = sockets;
	q.child.family = 5;
	CHECK(!pool_request_ok(&q, sizeof(q)));
	q = sockets;
	q.op = POOL_OP_END;
	CHECK(!pool_request_ok(&q, sizeof(q)));
	q = (struct pool_request){.version = POOL_VERSION, .op = POOL_GATHER};
	CHECK(!pool_request_ok(&q, sizeof(q)));
	q.child = ip_v4(0xac110002);
	q.n = 2;
	CHECK(!pool_request_ok(&q, sizeof(q)));
	q = (struct pool_request){.version = POOL_VERSION, .op = POOL_LISTEN, .kind = POOL_TCP4};
	CHECK(!pool_request_ok(&q, sizeof(q)));
	q = (struct pool_request){
		.version = POOL_VERSION, .op = POOL_LISTEN, .kind = POOL_UDP4, .port = 53};
	CHECK(!pool_request_ok(&q, sizeof(q)));
}
