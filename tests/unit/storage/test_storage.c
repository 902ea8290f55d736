// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "base/str.h"
#include "tests/unit/storage/util.h"

TEST(opens_and_tells_its_status)
{
	struct strv status = STRV_INIT;
	struct storage *s = store_open(store_root());

	CHECK_STR(storage_driver(s), "overlay2");
	CHECK(str_ends(storage_image_dir(s), "/image/overlay2"));
	storage_status(s, &status);
	CHECK_EQ(status.len, 10);
	CHECK_STR(status.items[0], "Backing Filesystem");
	CHECK_STR(status.items[1], "tmpfs");
	CHECK_STR(status.items[3], "true");
	strv_clear(&status);
	storage_free(s);
}

TEST(refuses)
{
	struct storage *s = NULL;

	CHECK_EQ(storage_open("/tmp", "zfs", &s, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_EQ(storage_open("relative", NULL, &s, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
}

TEST(discards_a_tree)
{
	struct storage *s = store_open(store_root());
	CLEANUP(freep) char *dir = xasprintf("%s/containers", storage_root(s));

	CHECK_EQ(mkdir(dir, 0700), 0);
	CHECK_OK(storage_discard(s, dir, &e), e);
	CHECK(access(dir, F_OK) < 0);
	CHECK_OK(storage_discard(s, dir, &e), e); /* absent */
	storage_free(s);
}
