// SPDX-License-Identifier: MIT
/* Overlay roots with relative layer names. */
#include "tests/unit/container/box.h"

#include <errno.h>

#include "container/rootfs.h"

TEST(rootfs_mounts_overlay_relative_to_its_driver)
{
	struct container_config c = {.rootfs = {.type = (char *)"overlay",
						.base_dir = (char *)"/tmp/overlay2",
						.options = (char *)"lowerdir=l/A:l/B,upperdir=u,"
								   "workdir=w,userxattr"}};
	struct oci_spec spec = {0};
	struct stat st;
	struct err e;
	int fd;

	(void)box_enter();
	CHECK(mkdir("/tmp/overlay2", 0755) == 0 && chdir("/tmp/overlay2") == 0);
	CHECK(mkdir("l", 0755) == 0 && mkdir("u", 0755) == 0 && mkdir("w", 0755) == 0);
	CHECK(mkdir("l/A", 0755) == 0 && mkdir("l/B", 0755) == 0 && mkdir("l/B/dir", 0755) == 0);
	fd = rootfs_mount(BOX_BUNDLE, &c, &spec, &e);
	if (fd < 0 && e.sys == EPERM)
		SKIP("this kernel has no overlay in user namespaces");
	CHECK_MSG(fd >= 0, "%s", e.msg);
	CHECK(fstatat(fd, "dir", &st, 0) == 0);
}

TEST(rootfs_refuses_an_unknown_kind)
{
	struct container_config c = {.rootfs = {.type = (char *)"tape"}};
	struct oci_spec spec = {0};
	struct err e;

	(void)box_enter();
	CHECK_EQ(rootfs_mount(BOX_BUNDLE, &c, &spec, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
}
