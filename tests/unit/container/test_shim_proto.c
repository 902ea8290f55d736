// SPDX-License-Identifier: MIT
/* Requests to a shim are checked before use. */
#include "container/shim_proto.h"

#include <string.h>

#include "tests/unit/harness.h"

static int parse(const struct shim_request *r, size_t n, size_t n_fds)
{
	struct shim_request out;
	const void *tail;
	struct err e;

	return shim_request_parse(r, n, n_fds, &out, &tail, &e);
}

TEST(proto_accepts_and_refuses)
{
	struct shim_request r = {.magic = SHIM_MAGIC, .type = SHIM_REQ_START};

	CHECK_EQ(parse(&r, sizeof(r), 0), 0);
	CHECK_EQ(parse(&r, sizeof(r) - 1, 0), -1);
	CHECK_EQ(parse(&r, sizeof(r), 1), -1);
	r.n_tail = 4;
	CHECK_EQ(parse(&r, sizeof(r), 0), -1);
	r.n_tail = 0;
	r.type = SHIM_REQ_TYPES;
	CHECK_EQ(parse(&r, sizeof(r), 0), -1);
	r.type = SHIM_REQ_ATTACH;
	CHECK_EQ(parse(&r, sizeof(r), 0), 0); /* a place for a client that comes later */
	CHECK_EQ(parse(&r, sizeof(r), 1), -1);
	r.flags = SHIM_HAS_CLIENT;
	CHECK_EQ(parse(&r, sizeof(r), 1), 0);
	memset(r.exec_id, 'x', sizeof(r.exec_id));
	CHECK_EQ(parse(&r, sizeof(r), 1), -1);
	r.magic++;
	CHECK_EQ(parse(&r, sizeof(r), 1), -1);
}
