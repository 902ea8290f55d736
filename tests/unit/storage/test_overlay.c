// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "base/file.h"
#include "base/str.h"
#include "storage/driver_internal.h"
#include "tests/unit/storage/util.h"

static const char *text_of(const char *root, const char *path)
{
	static char text[256];
	char full[512];
	int fd;
	ssize_t n;

	snprintf(full, sizeof(full), "%s/%s", root, path);
	fd = open(full, O_RDONLY);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	text[MAX(n, 0)] = 0;
	close(fd);
	return text;
}

/* a base, and a layer that hides things; whiteouts as the driver keeps them */
static void make_layers(struct storage *s, char base[DIGEST_SIZE], char top[DIGEST_SIZE])
{
	store_made(s, NULL, base, "dev/", "gone=x");
	store_made(s, base, top, ".wh.gone=", ".wh.again=", "again/", "dev/", "dev/.wh..wh..opq=");
}

static void check_layout(const char *driver)
{
	const char *root = store_root();
	struct storage *s = store_open_as(root, driver);
	char base[DIGEST_SIZE], top[DIGEST_SIZE], path[256], link[64];
	struct layer_info below, above;
	struct strv pairs = STRV_INIT;

	make_layers(s, base, top);
	CHECK_OK(storage_layer_get(s, base, &below, &e), e);
	CHECK_OK(storage_layer_get(s, top, &above, &e), e);
	snprintf(path, sizeof(path), "%s/%s/link", driver, below.cache_id);
	str_copy(link, text_of(root, path), sizeof(link));
	CHECK_EQ(strlen(link), LINK_ID_LEN);
	snprintf(path, sizeof(path), "%s/%s/lower", driver, above.cache_id);
	CHECK_STR(text_of(root, path) + 2, link);
	CHECK_OK(storage_layer_graph_data(s, top, &pairs, &e), e);
	CHECK_EQ(pairs.len, 8);
	snprintf(path, sizeof(path), "%s/%s/%s/diff", root, driver, below.cache_id);
	CHECK_STR(pairs.items[1], path);
	strv_clear(&pairs);
	storage_free(s);
}

TEST(overlay2_layout)
{
	check_layout("overlay2");
}

TEST(fuse_overlayfs_layout)
{
	check_layout("fuse-overlayfs");
}

TEST(fuse_overlayfs_has_whiteouts_by_name)
{
	const char *root = store_root();
	struct storage *s = store_open_as(root, "fuse-overlayfs");
	char base[DIGEST_SIZE], top[DIGEST_SIZE], path[512];
	struct layer_info info;
	struct stat st;
	int fd;

	make_layers(s, base, top);
	CHECK_OK(storage_layer_get(s, top, &info, &e), e);
	snprintf(path, sizeof(path), "%s/fuse-overlayfs/%s/diff", root, info.cache_id);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	CHECK(has(fd, ".wh.gone") && has(fd, "dev/.wh..wh..opq"));
	/* hidden, and there again: empty whatever is below */
	CHECK(!has(fd, ".wh.again") && has(fd, "again/.wh..wh..opq"));
	close(fd);
	CHECK_EQ(chain_lookup(s, layer_find(s, top), "gone", &st), 0);
	CHECK_EQ(chain_lookup(s, layer_find(s, base), "gone", &st), 1);
	CHECK_EQ(chain_lookup(s, layer_find(s, top), "dev", &st), 1);
	storage_free(s);
}

/* what fuse-overlayfs leaves in an upper directory where it cannot make nodes */
TEST(changes_by_names)
{
	const char *root = store_root();
	struct storage *s = store_open_as(root, "fuse-overlayfs");
	char base[DIGEST_SIZE], top[DIGEST_SIZE], path[512];
	struct storage_mount m;

	make_layers(s, base, top);
	CHECK_OK(storage_rw_create(s, "c", base, &e), e);
	m = store_mount_info(s, "c", STORAGE_MOUNT_FUSE);
	CHECK(str_ends(m.options, ",writeback=0") && m.program != NULL);
	snprintf(path, sizeof(path), "%.*s/diff", (int)(strlen(m.merged) - strlen("/merged")),
		 m.merged);
	CHECK_EQ(chdir(path), 0);
	close(open(".wh.gone", O_CREAT | O_WRONLY, 0600));
	CHECK_EQ(mkdir("new", 0755), 0);
	close(open("new/.wh..wh..opq", O_CREAT | O_WRONLY, 0600));
	CHECK_EQ(mkdir("dev", 0711), 0);
	close(open("dev/.wh..opq", O_CREAT | O_WRONLY, 0600));
	store_check_diff(s, "c", "D /gone\nC /dev\nA /new\n");
	store_check_tar(s, "c", ".wh.gone dev/ dev/.wh..wh..opq new/ new/.wh..wh..opq ");
	CHECK_EQ(chdir("/"), 0);
	storage_mount_clear(&m);
	storage_free(s);
}
