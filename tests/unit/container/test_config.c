// SPDX-License-Identifier: MIT
/* shim.json and exit.json survive a round trip. */
#include "container/config.h"

#include "tests/unit/harness.h"

TEST(config_round_trip)
{
	struct container_config c = {.id = (char *)"abc",
				     .rootfs = {.type = (char *)"bind", .source = (char *)"/x"},
				     .log = {.driver = (char *)"none", .max_bytes = 5},
				     .open_stdin = true};
	struct container_config d;
	const char *dir = harness_tmpdir();
	struct err e;

	CHECK_OK(container_config_save(dir, &c, &e), e);
	CHECK_OK(container_config_load(dir, &d, &e), e);
	CHECK_STR(d.id, "abc");
	CHECK_STR(d.rootfs.source, "/x");
	CHECK_EQ(d.log.max_bytes, 5);
	CHECK(d.open_stdin && !d.stdin_once);
	container_config_clear(&d);
}

TEST(config_exit_round_trip)
{
	struct container_exit x = {.exit_code = 137, .finished_nsec = 1700000000123456789LL};
	struct container_exit y;
	const char *dir = harness_tmpdir();
	struct err e;

	CHECK_EQ(container_exit_load(dir, &y, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK_OK(container_exit_save(dir, &x, &e), e);
	CHECK_OK(container_exit_load(dir, &y, &e), e);
	CHECK_EQ(y.exit_code, 137);
	CHECK_EQ(y.finished_nsec, x.finished_nsec);
	container_exit_clear(&y);
}
