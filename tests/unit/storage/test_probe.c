// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "storage/storage_internal.h"
#include "tests/unit/storage/util.h"

TEST(leaves_nothing_mounted)
{
	const char *root = store_root();
	int fd = open(root, O_RDONLY | O_DIRECTORY);

	if (overlay_probe(fd, root, &e) < 0)
		SKIP(e.msg);
	CHECK_STR(backing_name(fd), "tmpfs");
	CHECK(faccessat(fd, ".probe", F_OK, 0) < 0);
	close(fd);
}

TEST(says_what_is_missing)
{
	int fd = open("/proc/self", O_RDONLY | O_DIRECTORY);

	CHECK_EQ(overlay_probe(fd, "/proc/self", &e), -1);
	CHECK_STR(backing_name(fd), "<unknown>");
	close(fd);
}
