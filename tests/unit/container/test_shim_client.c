// SPDX-License-Identifier: MIT
/* The client's own errors. */
#include "tests/unit/container/box.h"

TEST(client_connect_says_when_there_is_no_shim)
{
	struct shim_conn c;
	struct shim_info i;
	struct err e;

	CHECK_EQ(shim_connect(harness_tmpdir(), &c, &i, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
}

TEST(client_bounds_leftover_and_keys)
{
	struct shim_attach a = {.client_fd = -1, .n_leftover = SHIM_LEFTOVER_MAX + 1};
	struct shim_conn c = {.fd = -1};
	struct err e;

	CHECK_EQ(shim_attach(&c, "", &a, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	a.n_leftover = 0;
	a.n_detach_keys = SHIM_DETACH_KEYS_MAX + 1;
	CHECK_EQ(shim_attach(&c, "", &a, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
}
