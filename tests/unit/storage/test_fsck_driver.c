// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "base/file.h"
#include "storage/driver_internal.h"
#include "tests/unit/storage/util.h"
#include "tests/unit/storage/fsck.h"

#define CONTAINER "c"

static const char *root;
static struct layer_info base, top;
static struct rw rw;

/* two layers and a container upon them */
static void make_store(const char *driver)
{
	char chains[2][DIGEST_SIZE];
	char config[256];
	struct storage *s;

	root = store_root();
	s = store_open_as(root, driver);
	store_made(s, NULL, chains[0], "d/", "d/file=text");
	store_made(s, chains[0], chains[1], "other=more");
	CHECK_OK(storage_layer_get(s, chains[0], &base, &e), e);
	CHECK_OK(storage_layer_get(s, chains[1], &top, &e), e);
	CHECK_OK(storage_rw_create(s, CONTAINER, chains[1], &e), e);
	CHECK_OK(rw_find(s, CONTAINER, &rw, &e), e);
	storage_free(s);
	snprintf(config, sizeof(config),
		 "{\"ID\":\"c\",\"Name\":\"/c\",\"Image\":\"i\",\"Driver\":\"%s\"}", driver);
	fsck_put(root, "containers/c/config.v2.json", config);
	fsck_put(root, "containers/c/hostconfig.json", "{}");
	CHECK_EQ(chdir(root), 0);
}

PRINTF(1, 2) static const char *text(const char *fmt, ...)
{
	static char all[4][512];
	static unsigned n;
	va_list ap;

	n = (n + 1) % 4;
	va_start(ap, fmt);
	vsnprintf(all[n], sizeof(all[n]), fmt, ap);
	va_end(ap);
	return all[n];
}

static const char *hex(const struct layer_info *l)
{
	return l->chain_id + strlen("sha256:");
}

static void remove_below(const char *path)
{
	CHECK_OK(path_remove_tree(AT_FDCWD, path, &e), e);
}

TEST(whole_stores)
{
	make_store("overlay2");
	fsck_check(root, "overlay2", NULL, "");
	make_store("vfs");
	fsck_check(root, "vfs", NULL, "");
}

TEST(links_are_made_again)
{
	static char lower[256], before[256];

	make_store("overlay2");
	CHECK(get_file(AT_FDCWD, text("overlay2/%s/lower", rw.mount_id), before, 256) == 0);
	remove_below("overlay2/l");
	CHECK_EQ(mkdir("overlay2/l", 0700), 0);
	remove_below(text("overlay2/%s/lower", rw.mount_id));
	remove_below(text("overlay2/%s/work", rw.mount_id));
	fsck_check_with(root, "overlay2", true, false, NULL, NULL);
	fsck_check(root, "overlay2", NULL, "");
	CHECK(get_file(AT_FDCWD, text("overlay2/%s/lower", rw.mount_id), lower, 256) == 0);
	CHECK_STR(lower, before);
	/* the link alone is left: it keeps its name */
	remove_below(text("overlay2/%s/link", base.cache_id));
	fsck_check(root, "overlay2", NULL, text("link overlay2/%s\n", base.cache_id));
	CHECK(get_file(AT_FDCWD, text("overlay2/%s/lower", rw.mount_id), lower, 256) == 0);
	CHECK_STR(lower, before);
	/* neither file nor link is left of one: it gets a new name, and who stands on it learns it
	 */
	remove_below(text("overlay2/%s/link", base.cache_id));
	remove_below(text("overlay2/l/%s", lower + strlen(lower) - LINK_ID_LEN));
	fsck_check_with(root, "overlay2", true, false, NULL, NULL);
	fsck_check(root, "overlay2", NULL, "");
	CHECK(get_file(AT_FDCWD, text("overlay2/%s/lower", rw.mount_id), lower, 256) == 0);
	CHECK(strcmp(lower, before) != 0 && strlen(lower) == strlen(before));
}

TEST(a_broken_layer_takes_those_upon_it_along)
{
	make_store("overlay2");
	fsck_put(root, text("image/overlay2/layerdb/sha256/%s/diff", hex(&base)), "sha256:torn");
	fsck_check_with(root, "overlay2", true, false, NULL, NULL);
	CHECK(fsck_has(root, text("lost-and-found/image/overlay2/layerdb/sha256/%s", hex(&base))));
	CHECK(fsck_has(root, text("lost-and-found/image/overlay2/layerdb/sha256/%s", hex(&top))));
	CHECK(fsck_has(root, text("lost-and-found/overlay2/%s/diff/other", top.cache_id)));
	CHECK(fsck_has(root, text("overlay2/%s", rw.mount_id)));
	fsck_check_with(root, "overlay2", true, false, NULL, "container containers/c\n");
}

TEST(a_whole_tree_that_is_missing)
{
	make_store("vfs");
	remove_below(text("vfs/dir/%s", top.cache_id));
	fsck_check_with(
		root, "vfs", true, false, NULL,
		text("layer image/vfs/layerdb/sha256/%s\ncontainer containers/c\n", hex(&top)));
	fsck_put(root, "vfs/dir/stray/file", "text");
	fsck_put(root, "vfs/.trash/x/file", "text");
	fsck_check_with(root, "vfs", true, false, NULL,
			"container containers/c\nleftover vfs/.trash/x\ntree vfs/dir/stray\n");
	CHECK(fsck_has(root, "lost-and-found/vfs/dir/stray/file"));
}

TEST(content)
{
	const char *found;

	/* all that its journal names is there, but that is not what was pulled */
	make_store("overlay2");
	remove_below("containers/c");
	CHECK_OK(file_write(AT_FDCWD,
			    text("image/overlay2/layerdb/sha256/%s/tar-split.json.gz", hex(&top)),
			    EMPTY_GZIP, sizeof(EMPTY_GZIP) - 1, 0644, FILE_NOSYNC, &e),
		 e);
	fsck_check_with(root, "overlay2", true, false, NULL, NULL);
	found = text("content image/overlay2/layerdb/sha256/%s\ntree overlay2/%s\n", hex(&top),
		     top.cache_id);
	fsck_check_with(root, "overlay2", false, true, NULL, found);
	make_store("overlay2");
	fsck_put(root, text("overlay2/%s/diff/d/file", base.cache_id), "TEXT");
	fsck_check_with(root, "overlay2", true, false, NULL, "");
	found = text("content image/overlay2/layerdb/sha256/%s\n", hex(&base));
	fsck_check_with(root, "overlay2", true, true, NULL, found);
	remove_below("containers/c");
	fsck_check_with(root, "overlay2", true, false, NULL, NULL);
	fsck_check_with(root, "overlay2", true, true, NULL, NULL);
	CHECK(fsck_has(root, text("lost-and-found/image/overlay2/layerdb/sha256/%s", hex(&base))));
	CHECK(fsck_has(root, text("lost-and-found/overlay2/%s/diff/other", top.cache_id)));
	fsck_check(root, "overlay2", NULL, "");
}

TEST(writable_layers)
{
	make_store("overlay2");
	fsck_put(root, text("overlay2/%s/diff/mine", rw.mount_id), "text");
	remove_below(text("overlay2/%s", rw.init_id));
	fsck_check_with(root, "overlay2", true, false, NULL, NULL);
	fsck_check(root, "overlay2", NULL, "");
	CHECK(fsck_has(root, text("overlay2/%s/diff/mine", rw.mount_id)));
	CHECK(fsck_has(root, text("overlay2/%s/diff/.dockerenv", rw.init_id)));
	/* of no container: what is in it is the user's */
	remove_below("containers/c");
	fsck_check_with(root, "overlay2", true, false, NULL, NULL);
	CHECK(fsck_has(root, text("lost-and-found/overlay2/%s/diff/mine", rw.mount_id)));
	CHECK(!fsck_has(root, text("lost-and-found/overlay2/%s", rw.init_id)));
	fsck_check(root, "overlay2", NULL, "");
}

TEST(dockers_build_cache_is_left_alone)
{
	make_store("overlay2");
	fsck_put(root, "overlay2/k1jx0c0r3yqkzbpqbhwlb1o7h/diff/file", "text");
	fsck_put(root, "overlay2/other1jx0c0r3yqkzbpqbhwlb/diff/file", "text");
	fsck_put(root, "buildkit/snapshots.db", "bolt k1jx0c0r3yqkzbpqbhwlb1o7h bolt");
	fsck_check(root, "overlay2", NULL, "tree overlay2/other1jx0c0r3yqkzbpqbhwlb\n");
}
