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
	struct made m;

	made_start(&m);
	made_add(&m, TAR_DIR, "dev", "");
	made_add(&m, TAR_FILE, "gone", "x");
	store_layer(s, &m, NULL, base);
	made_start(&m);
	made_add(&m, TAR_FILE, ".wh.gone", "");
	made_add(&m, TAR_FILE, ".wh.again", "");
	made_add(&m, TAR_DIR, "again", "");
	made_add(&m, TAR_DIR, "dev", "");
	made_add(&m, TAR_FILE, "dev/.wh..wh..opq", "");
	store_layer(s, &m, base, top);
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

static bool has(const char *root, const char *id, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/fuse-overlayfs/%s/diff/%s", root, id, name);
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

TEST(fuse_overlayfs_has_whiteouts_by_name)
{
	const char *root = store_root();
	struct storage *s = store_open_as(root, "fuse-overlayfs");
	char base[DIGEST_SIZE], top[DIGEST_SIZE];
	struct layer_info info;
	struct stat st;

	make_layers(s, base, top);
	CHECK_OK(storage_layer_get(s, top, &info, &e), e);
	CHECK(has(root, info.cache_id, ".wh.gone") && has(root, info.cache_id, "dev/.wh..wh..opq"));
	/* hidden, and there again: empty whatever is below */
	CHECK(!has(root, info.cache_id, ".wh.again") &&
	      has(root, info.cache_id, "again/.wh..wh..opq"));
	CHECK_EQ(chain_lookup(s, layer_find(s, top), "gone", &st), 0);
	CHECK_EQ(chain_lookup(s, layer_find(s, base), "gone", &st), 1);
	CHECK_EQ(chain_lookup(s, layer_find(s, top), "dev", &st), 1);
	storage_free(s);
}

static void note(void *arg, enum storage_change_kind kind, const char *path)
{
	buf_addf(arg, "%c %s\n", "CAD"[kind], path);
}

/* what fuse-overlayfs leaves in an upper directory where it cannot make nodes */
TEST(changes_by_names)
{
	const char *root = store_root();
	struct storage *s = store_open_as(root, "fuse-overlayfs");
	char base[DIGEST_SIZE], top[DIGEST_SIZE], path[512];
	struct storage_mount m = {0};
	struct buf text = BUF_INIT, tar = BUF_INIT;
	struct stream *out = stream_mem_new("", 0, &tar), *in;
	const struct tar_entry *ent = NULL;
	struct tar_reader *t;

	make_layers(s, base, top);
	CHECK_OK(storage_rw_create(s, "c", base, &e), e);
	CHECK_OK(storage_rw_mount_info(s, "c", &m, &e), e);
	CHECK_EQ(m.type, STORAGE_MOUNT_FUSE);
	CHECK(str_ends(m.options, ",writeback=0") && m.program != NULL);
	snprintf(path, sizeof(path), "%.*s/diff", (int)(strlen(m.merged) - strlen("/merged")),
		 m.merged);
	CHECK_EQ(chdir(path), 0);
	close(open(".wh.gone", O_CREAT | O_WRONLY, 0600));
	CHECK_EQ(mkdir("new", 0755), 0);
	close(open("new/.wh..wh..opq", O_CREAT | O_WRONLY, 0600));
	CHECK_EQ(mkdir("dev", 0711), 0);
	close(open("dev/.wh..opq", O_CREAT | O_WRONLY, 0600));
	CHECK_OK(storage_rw_changes(s, "c", note, &text, &e), e);
	CHECK_STR(buf_str(&text), "D /gone\nC /dev\nA /new\n");
	CHECK_OK(storage_rw_tar(s, "c", out, &e), e);
	in = stream_mem_new(tar.data, tar.len, NULL);
	t = tar_reader_new(in);
	buf_reset(&text);
	while (tar_next(t, &ent, &e) > 0)
		buf_addf(&text, "%s ", ent->name);
	CHECK_STR(buf_str(&text), ".wh.gone dev/ dev/.wh..wh..opq new/ new/.wh..wh..opq ");
	tar_reader_free(t);
	stream_free(in);
	stream_free(out);
	buf_clear(&tar);
	CHECK_EQ(chdir("/"), 0);
	buf_clear(&text);
	storage_mount_clear(&m);
	storage_free(s);
}
