// SPDX-License-Identifier: MIT
#include <string.h>

#include "base/mem.h"
#include "ns/mount.h"
#include "tests/unit/harness.h"

static const char sample[] =
	"23 28 0:21 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
	"28 1 254:1 / / rw,relatime shared:1 master:3 - ext4 /dev/vda1 rw,errors=remount-ro\n"
	"40 28 0:30 /sub /mnt/a\\040b ro unbindable - tmpfs none rw,size=1k\n"
	"41 28 0:31 / /mnt rw - tmpfs  rw\n"
	"42 28 0:32 / /mnt rw - proc proc rw\n";

TEST(fields)
{
	struct mnt_table t = MNT_TABLE_INIT;
	struct err e;

	CHECK_OK(mnt_table_parse(&t, sample, strlen(sample), &e), e);
	CHECK_EQ(t.n, 5);
	CHECK_EQ(t.items[1].dev_major, 254);
	CHECK(t.items[1].shared && t.items[1].slave);
	CHECK_STR(t.items[1].super_options, "rw,errors=remount-ro");
	CHECK_STR(t.items[2].target, "/mnt/a b");
	CHECK_STR(t.items[2].root, "/sub");
	CHECK(t.items[2].unbindable && !t.items[2].shared);
	CHECK_STR(t.items[3].source, "");
	CHECK_STR(t.items[3].super_options, "rw");
	mnt_table_clear(&t);
}

TEST(the_last_mount_on_a_path_counts)
{
	struct mnt_table t = MNT_TABLE_INIT;
	struct err e;

	CHECK_OK(mnt_table_parse(&t, sample, strlen(sample), &e), e);
	CHECK_STR(mnt_table_find(&t, "/mnt")->fstype, "proc");
	CHECK(mnt_table_find(&t, "/nix") == NULL);
	CHECK_STR(mnt_table_covering(&t, "/sys/fs")->target, "/sys");
	CHECK_STR(mnt_table_covering(&t, "/system")->target, "/");
	CHECK_STR(mnt_table_covering(&t, "/mnt/a b/c")->target, "/mnt/a b");
	mnt_table_clear(&t);
}

TEST(malformed_lines_are_refused)
{
	static const char *const bad[] = {"\n",
					  "1",
					  "1 2 3 / / rw - t s o",
					  "a 1 0:1 / / rw - t s o",
					  "1 1 0:1 / / rw shared:1",
					  "1 1 0:1 / / rw -"};
	struct mnt_table t = MNT_TABLE_INIT;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_MSG(mnt_table_parse(&t, bad[i], strlen(bad[i]), &e) == -1, "%s", bad[i]);
	CHECK_EQ(t.n, 0);
	mnt_table_clear(&t);
}
