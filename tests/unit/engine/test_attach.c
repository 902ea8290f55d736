// SPDX-License-Identifier: MIT
#include "engine/engine_internal.h"
#include "tests/unit/harness.h"

TEST(detach_keys_default)
{
	unsigned char keys[SHIM_DETACH_KEYS_MAX];
	struct err e;
	size_t n;

	CHECK_OK(detach_keys_parse(NULL, keys, &n, &e), e);
	CHECK_EQ(n, 2);
	CHECK_MEM(keys, "\x10\x11", 2);
	CHECK_OK(detach_keys_parse("", keys, &n, &e), e);
	CHECK_EQ(n, 0);
}

TEST(detach_keys_words)
{
	unsigned char keys[SHIM_DETACH_KEYS_MAX];
	struct err e;
	size_t n;

	CHECK_OK(detach_keys_parse("ctrl-a,x,ctrl-@,ctrl-_", keys, &n, &e), e);
	CHECK_EQ(n, 4);
	CHECK_MEM(keys, "\x01x\x00\x1f", 4);
}

TEST(detach_keys_refused)
{
	static const char *const bad[] = {"ctrl-",     "ctrl-ab",
					  "ab",	       "ctrl-1",
					  "a,,ctrl-~", "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a"};
	unsigned char keys[SHIM_DETACH_KEYS_MAX];
	struct err e;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK_MSG(detach_keys_parse(bad[i], keys, &n, &e) < 0, "%s", bad[i]);
		CHECK_EQ(e.kind, ERR_INVALID);
	}
}
