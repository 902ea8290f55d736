// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "tests/unit/storage/util.h"

static void note(void *arg, enum storage_change_kind kind, const char *path)
{
	buf_addf(arg, "%c %s\n", "CAD"[kind], path);
}

TEST(docker_diff_and_commit)
{
	struct storage *s = store_open(store_root());
	struct buf text = BUF_INIT, tar = BUF_INIT;
	struct stream *out = stream_mem_new("", 0, &tar), *in;
	const struct tar_entry *ent = NULL;
	struct storage_mount info = {0};
	struct tar_reader *t;
	char chain[DIGEST_SIZE];
	struct made m;
	int fd;

	made_start(&m);
	made_add(&m, TAR_DIR, "d", "");
	made_add(&m, TAR_FILE, "d/changed", "x");
	made_add(&m, TAR_FILE, "d/deleted", "x");
	made_add(&m, TAR_FILE, "kept", "x");
	store_layer(s, &m, NULL, chain);
	CHECK_OK(storage_rw_create(s, "c", chain, &e), e);
	CHECK_OK(storage_rw_mount_info(s, "c", &info, &e), e);
	CHECK_EQ(chdir(info.base_dir), 0);
	CHECK_EQ(mount("overlay", info.merged, "overlay", 0, info.options), 0);
	CHECK_EQ(chdir(info.merged), 0);
	CHECK_EQ(unlink("d/deleted"), 0);
	fd = open("d/changed", O_WRONLY | O_APPEND);
	CHECK_EQ(write(fd, "y", 1), 1);
	close(fd);
	CHECK_EQ(mkdir("new", 0755), 0);
	close(open("new/file", O_CREAT | O_WRONLY, 0644));
	CHECK_OK(storage_rw_changes(s, "c", note, &text, &e), e);
	CHECK_STR(buf_str(&text), "C /d\nC /d/changed\nD /d/deleted\nA /new\nA /new/file\n");
	CHECK_OK(storage_rw_tar(s, "c", out, &e), e);
	in = stream_mem_new(tar.data, tar.len, NULL);
	t = tar_reader_new(in);
	buf_reset(&text);
	while (tar_next(t, &ent, &e) > 0)
		buf_addf(&text, "%s ", ent->name);
	CHECK_STR(buf_str(&text), "d/ d/changed d/.wh.deleted new/ new/file ");
	tar_reader_free(t);
	stream_free(in);
	stream_free(out);
	buf_clear(&text);
	buf_clear(&tar);
	storage_mount_clear(&info);
	CHECK_EQ(chdir("/"), 0);
	storage_free(s);
}
