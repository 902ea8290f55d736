// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "tests/unit/storage/util.h"

TEST(docker_diff_and_commit)
{
	struct storage *s = store_open(store_root());
	char chain[DIGEST_SIZE];
	int root_fd, fd;

	store_made(s, NULL, chain, "d/", "d/changed=x", "d/deleted=x", "kept=x");
	CHECK_OK(storage_rw_create(s, "c", chain, &e), e);
	root_fd = store_mounted(s, "c");
	CHECK_EQ(unlinkat(root_fd, "d/deleted", 0), 0);
	fd = openat(root_fd, "d/changed", O_WRONLY | O_APPEND);
	CHECK_EQ(write(fd, "y", 1), 1);
	close(fd);
	CHECK_EQ(mkdirat(root_fd, "new", 0755), 0);
	close(openat(root_fd, "new/file", O_CREAT | O_WRONLY, 0644));
	close(root_fd);
	store_check_diff(s, "c", "C /d\nC /d/changed\nD /d/deleted\nA /new\nA /new/file\n");
	store_check_tar(s, "c", "d/ d/changed d/.wh.deleted new/ new/file ");
	storage_free(s);
}
