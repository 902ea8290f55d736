// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/walk_internal.h"

TEST(names_and_attributes)
{
	int fd = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY);
	struct walk_xattrs x = {0};
	struct strv names = STRV_INIT;
	struct err e;

	CHECK_EQ(mkdirat(fd, "b", 0755), 0);
	CHECK_EQ(mkdirat(fd, "a", 0755), 0);
	CHECK_OK(walk_names(fd, &names, &e), e);
	CHECK_EQ(names.len, 2);
	CHECK_STR(names.items[0], "a");
	strv_clear(&names);
	CHECK(!walk_is_opaque(fd));
	if (fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0)
		SKIP("no user attributes here");
	CHECK(walk_is_opaque(fd));
	CHECK_EQ(fsetxattr(fd, "user.a", "1234", 4, 0), 0);
	CHECK_EQ(fsetxattr(fd, "user.empty", "", 0, 0), 0);
	walk_xattrs_read(&x, fd);
	CHECK_EQ(x.n, 2); /* not overlayfs' own */
	CHECK_EQ(x.items[0].len + x.items[1].len, 4);
	walk_xattrs_clear(&x);
	close(fd);
}
