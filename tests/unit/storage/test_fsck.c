// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <sys/file.h>

#include "storage/storage_internal.h"
#include "tests/unit/storage/util.h"
#include "tests/unit/storage/fsck.h"

static const char *empty_store(void)
{
	const char *root = store_root();

	storage_free(store_open(root));
	return root;
}

TEST(nothing_is_found_in_an_empty_store)
{
	fsck_check(empty_store(), "overlay2", NULL, "");
}

TEST(one_has_it_at_a_time)
{
	const char *root = empty_store();
	struct storage *s = store_open(root);
	struct fsck f = {.root = root, .tell = fsck_note};
	int fd;

	CHECK_EQ(fsck_open(&f, &e), -1);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	storage_free(s);
	/* as Docker's dockerd keeps it */
	fsck_put(root, "volumes/metadata.db", "");
	fsck_put(root, "volumes/a/_data/file", "");
	CHECK_EQ(chdir(root), 0);
	fd = open("volumes/metadata.db", O_RDONLY);
	CHECK_EQ(flock(fd, LOCK_EX), 0);
	CHECK_EQ(fsck_open(&f, &e), -1);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	close(fd);
	fsck_check(root, "overlay2", NULL, "");
	CHECK_EQ(chdir("/"), 0);
	f.root = "/nowhere";
	CHECK_EQ(fsck_open(&f, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
}

TEST(damaged_containers_and_volumes_are_moved)
{
	const char *root = empty_store();

	fsck_put(root, "containers/a/hostconfig.json", "{}");
	fsck_put(root, "containers/a/config.v2.json", "{\"ID\":\"a\"");
	fsck_put(root, "containers/b/config.v2.json",
		 "{\"ID\":\"x\",\"Name\":\"/b\",\"Image\":\"i\"}");
	fsck_put(root, "containers/b/hostconfig.json", "{}");
	fsck_put(root, "containers/c/config.v2.json",
		 "{\"ID\":\"c\",\"Name\":\"/c\",\"Image\":\"i\",\"Driver\":\"overlay2\"}");
	fsck_put(root, "containers/c/hostconfig.json", "{}");
	fsck_put(root, "volumes/v/meta.json", "{}");
	fsck_check(root, "overlay2", NULL,
		   "container containers/a\ncontainer containers/b\nvolume volumes/v\n"
		   "container containers/c\n");
	CHECK(fsck_has(root, "lost-and-found/containers/a/config.v2.json"));
	CHECK(fsck_has(root, "lost-and-found/containers/c/config.v2.json"));
	CHECK(fsck_has(root, "lost-and-found/volumes/v/meta.json"));
	/* a second one of that name finds room */
	fsck_put(root, "volumes/v/meta.json", "{}");
	fsck_check(root, "overlay2", NULL, "volume volumes/v\n");
}

TEST(what_was_half_written_is_removed)
{
	const char *root = empty_store();

	fsck_put(root, ".volumes-trash/x/file", "");
	fsck_put(root, "tmp/load-1/blob", "");
	fsck_put(root, "tmp/mine", "");
	fsck_put(root, "image/overlay2/.tmp-0123456789ab", "");
	fsck_put(root, "volumes/vv/_data/.tmp-0123456789ab", "");
	fsck_check(root, "overlay2", NULL,
		   "leftover .volumes-trash/x\nleftover tmp/load-1\n"
		   "leftover image/overlay2/.tmp-0123456789ab\n");
	CHECK(fsck_has(root, "tmp/mine"));
	CHECK(fsck_has(root, "volumes/vv/_data/.tmp-0123456789ab"));
}

/* what the start of an engine removes, and fsck names; the others are somebody's files */
TEST(half_written_files_go_where_the_engine_writes)
{
#define TMP ".tmp-0123456789ab"
	static const char *const ours[] = {
		TMP,
		"image/" TMP,
		"image/overlay2/imagedb/metadata/sha256/x/" TMP,
		"containers/" TMP,
		"containers/a/" TMP,
		"volumes/" TMP,
		"volumes/a/" TMP,
		"network/files/" TMP,
		"network/a/b/" TMP,
	};
	static const char *const others[] = {
		".tmp-0123456789a",	"image/overlay2/.tmp-0123456789abc",
		"containers/a/x" TMP,	"containers/a/b/" TMP,
		"volumes/a/_data/" TMP, "volumes/a/b/" TMP,
		"overlay2/" TMP,	"overlay2/x/diff/" TMP,
	};
	const char *root = empty_store();
	CLEANUP(freep) char *aside = path_join(root, "aside");
	CLEANUP(freep) char *link = path_join(root, "containers/link");

	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		fsck_put(root, ours[i], "");
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		fsck_put(root, others[i], "");
	fsck_put(root, "aside/" TMP, "");
	CHECK_EQ(symlink(aside, link), 0);
	sweep_unwritten(root);
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		CHECK_MSG(!fsck_has(root, ours[i]), "%s", ours[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		CHECK_MSG(fsck_has(root, others[i]), "%s", others[i]);
	CHECK(fsck_has(root, "aside/" TMP)); /* a link is not followed */
	/* a start does that */
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		fsck_put(root, ours[i], "");
	storage_free(store_open(root));
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		CHECK_MSG(!fsck_has(root, ours[i]), "%s", ours[i]);
	sweep_unwritten("/nowhere");
}

TEST(a_mount_is_named)
{
	const char *root = empty_store();
	CLEANUP(freep) char *at = path_join(root, "overlay2/l");

	CHECK_EQ(mount("none", at, "tmpfs", 0, NULL), 0);
	fsck_check_with(root, "overlay2", true, false, NULL, "mount overlay2/l\n");
}
