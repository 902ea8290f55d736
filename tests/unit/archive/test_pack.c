// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/pack.h"
#include "tests/unit/archive/userns.h"
#include "tests/unit/archive/util.h"

static struct err e;

static void put(int dir_fd, const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_CREAT | O_WRONLY, 0640);

	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static bool link_of_file; /* an ordinary file's header names d/gone, which readers do not look at */

/* "name[>link] …" of what packing gives */
static char *packed(int dir_fd, const char *name, struct pack_opts opts)
{
	const struct tar_entry *ent = NULL;
	struct buf text = BUF_INIT;
	struct stream *src;
	struct tar_reader *t;
	struct made m;
	int r;

	made_start(&m);
	CHECK_OK(pack_tree(m.w, dir_fd, name, &opts, &e), e);
	made_end(&m);
	link_of_file = memmem(m.bytes.data, m.bytes.len, "0d/gone", sizeof("0d/gone")) != NULL;
	src = stream_mem_new(m.bytes.data, m.bytes.len, NULL);
	t = tar_reader_new(src);
	while ((r = tar_next(t, &ent, &e)) > 0)
		buf_addf(&text, strstr(ent->name, "/.wh.") != NULL ? "%s%s%s:%o " : "%s%s%s ",
			 ent->name, *ent->link ? ">" : "", ent->link, ent->mode);
	CHECK_EQ(r, 0);
	tar_reader_free(t);
	stream_free(src);
	made_free(&m);
	return buf_detach(&text);
}

TEST(trees)
{
	int fd = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY);
	char *got;

	CHECK_EQ(mkdirat(fd, "d", 0755), 0);
	put(fd, "d/b", "text");
	CHECK_EQ(linkat(fd, "d/b", fd, "d/c", 0), 0);
	CHECK_EQ(symlinkat("../../etc/passwd", fd, "d/l"), 0);
	CHECK_EQ(mkdirat(fd, "d/sub", 0700), 0);
	CHECK_EQ(mkfifoat(fd, "d/sub/p", 0600), 0);
	got = packed(fd, "d", (struct pack_opts){.prefix = "top"});
	CHECK_STR(got, "top/ top/b top/c>top/b top/l>../../etc/passwd top/sub/ top/sub/p ");
	free(got);
	got = packed(fd, ".", (struct pack_opts){.prefix = ""});
	CHECK_STR(got, "d/ d/b d/c>d/b d/l>../../etc/passwd d/sub/ d/sub/p ");
	free(got);
	got = packed(fd, "d/l", (struct pack_opts){.prefix = "x"});
	CHECK_STR(got, "x>../../etc/passwd ");
	free(got);
	close(fd);
}

TEST(whiteouts_become_names)
{
	int fd = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY), sub;
	char *got;

	userns_enter();
	CHECK_EQ(mkdirat(fd, "d", 0755), 0);
	if (mknodat(fd, "d/gone", S_IFCHR, 0) < 0)
		SKIP("no whiteouts here");
	CHECK_EQ(linkat(fd, "d/gone", fd, "d/too", 0), 0);
	CHECK_EQ(symlinkat("x", fd, "d/s"), 0);
	CHECK_EQ(linkat(fd, "d/s", fd, "d/t", 0), 0);
	sub = openat(fd, "d", O_RDONLY | O_DIRECTORY);
	if (fsetxattr(sub, "user.overlay.opaque", "y", 1, 0) < 0)
		SKIP("no user attributes here");
	got = packed(fd, "d", (struct pack_opts){.prefix = "d", .overlay_to_aufs = true});
	/* every byte as Docker's, so that the layer's digest is the same */
	CHECK_STR(got, "d/ d/.wh..wh..opq:755 d/.wh.gone:600 d/s>x d/t>d/s d/.wh.too:600 ");
	CHECK(link_of_file);
	free(got);
	close(sub);
	close(fd);
}
