// SPDX-License-Identifier: MIT
/* Stored programs. */
#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/path.h"
#include "sandbox/seccomp.h"
#include "tests/unit/harness.h"

TEST(filter_store_and_load)
{
	uint64_t insns[2] = {6, 0x7fff000000000006};
	struct sandbox_filter f = {insns, 2, 4}, g = {0};
	const char *dir = harness_tmpdir();
	char *sub = path_join(dir, "new"), *file = path_join(sub, "key");
	struct err e;

	CHECK_EQ(sandbox_filter_load(sub, "key", &g, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK_OK(sandbox_filter_store(sub, "key", &f, &e), e);
	CHECK_OK(sandbox_filter_load(sub, "key", &g, &e), e);
	CHECK_EQ(g.n_insns, 2);
	CHECK_EQ(g.flags, 4);
	CHECK_MEM(g.insns, insns, sizeof(insns));
	sandbox_filter_clear(&g);
	CHECK_OK(file_write(AT_FDCWD, file, "damaged", 7, 0600, FILE_NOSYNC, &e), e);
	CHECK_EQ(sandbox_filter_load(sub, "key", &g, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	free(sub);
	free(file);
}
