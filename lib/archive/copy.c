// SPDX-License-Identifier: MIT
/*
 * docker cp inside one root. The path is absolute in the container; a trailing
 * "/" or "/." is kept, for it says "the directory behind a link" and "the
 * content". Source: moby daemon/archive_unix.go, daemon/containerfs_linux.go,
 * pkg/archive/copy.go.
 */
#include "archive/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/compress.h"
#include "archive/extract.h"
#include "archive/pack.h"
#include "archive/tar.h"
#include "archive/utf8_internal.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/time.h"
#include "config/limits.h"

#define LINKS_MAX 255 /* followed on the way to a link's target */

/* where a path leads: an open directory and a name in it */
struct place {
	int dir_fd;
	char *base;	/* "." for the directory itself */
	char *name;	/* Go's filepath.Base of the path: the top in the archive */
	char *clean;	/* absolute, without trailing slash */
	struct stat st; /* of the object itself, links not followed */
};

static void place_clear(struct place *p)
{
	fd_close(&p->dir_fd);
	free(p->base);
	free(p->name);
	free(p->clean);
}

/* an absolute, cleaned path; *ret_inside: a trailing "/" or "/." asks for what is behind */
static char *clean_path(const char *path, bool *ret_inside, bool *ret_dot)
{
	CLEANUP(freep) char *rooted = path_join("/", path);
	char *clean = path_clean(rooted);

	*ret_dot = str_ends(path, "/.") || str_eq(path, ".");
	*ret_inside = *ret_dot || str_ends(path, "/") || str_eq(clean, "/");
	return clean;
}

static int path_error(const char *path, struct err *e)
{
	if (e->sys == ENOENT)
		return err_set(e, ERR_NOTFOUND, ENOENT, "%s: no such file or directory", path);
	if (e->sys == ENOTDIR)
		return err_set(e, ERR_INVALID, ENOTDIR, "%s: not a directory", path);
	return -1;
}

static int find(int root_fd, const char *path, struct place *p, struct err *e)
{
	CLEANUP(freep) char *parent = NULL;
	bool inside, dot;

	p->clean = clean_path(path, &inside, &dot);
	p->name = xstrdup(dot ? "." : str_eq(p->clean, "/") ? "/" : path_base(p->clean));
	p->base = xstrdup(inside ? "." : path_base(p->clean));
	parent = xstrdup(p->clean);
	if (!inside)
		*strrchr(parent, '/') = 0;
	p->dir_fd = path_open_in_root(root_fd, *parent ? parent : "/",
				      O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, e);
	if (p->dir_fd < 0)
		return path_error(path, e);
	if (fstatat(p->dir_fd, p->base, &p->st, AT_SYMLINK_NOFOLLOW) < 0) {
		(void)err_sys(e, "stat %s", path);
		return path_error(path, e);
	}
	return 0;
}

uint32_t copy_go_mode(uint32_t st_mode)
{
	uint32_t mode = st_mode & 0777;

	if (st_mode & S_ISUID)
		mode |= 1u << 23;
	if (st_mode & S_ISGID)
		mode |= 1u << 22;
	if (st_mode & S_ISVTX)
		mode |= 1u << 20;
	switch (st_mode & S_IFMT) {
	case S_IFDIR:
		return mode | 1u << 31;
	case S_IFLNK:
		return mode | 1u << 27;
	case S_IFBLK:
		return mode | 1u << 26;
	case S_IFCHR:
		return mode | 1u << 26 | 1u << 21;
	case S_IFIFO:
		return mode | 1u << 25;
	case S_IFSOCK:
		return mode | 1u << 24;
	default:
		return mode;
	}
}

/* appends one component to a resolved path; a link's target goes before what is left. 0 or -1 */
static int step(int root_fd, struct buf *done, struct buf *left, struct err *e)
{
	CLEANUP(freep) char *target = NULL;
	size_t n = strcspn(left->data, "/"), before = done->len;
	ssize_t got;

	if (n == 2 && str_starts(left->data, "..")) {
		const char *slash = strrchr(buf_str(done), '/');

		done->len = slash ? (size_t)(slash - done->data) : 0;
		if (done->data)
			done->data[done->len] = 0;
	} else if (n > 0 && !(n == 1 && left->data[0] == '.')) {
		buf_addch(done, '/');
		buf_add(done, left->data, n);
	}
	buf_consume(left, left->data[n] == '/' ? n + 1 : n);
	if (done->len <= before)
		return 0;
	target = xmalloc(ARCHIVE_PATH_MAX + 1);
	got = readlinkat(root_fd, done->data + 1, target, ARCHIVE_PATH_MAX);
	if (got < 0)
		return 0; /* no link, or nothing there */
	target[got] = 0;
	done->len = *target == '/' ? 0 : before;
	done->data[done->len] = 0;
	{
		CLEANUP(buf_clear) struct buf rest = BUF_INIT;

		buf_addf(&rest, "%s/%s", target, buf_str(left));
		buf_reset(left);
		buf_add(left, rest.data, rest.len);
	}
	if (left->len > 4 * ARCHIVE_PATH_MAX)
		return err_set(e, ERR_INVALID, ELOOP, "too many levels of symbolic links");
	return 1;
}

/* the path with all links followed in the root, as far as they lead */
static int resolve(int root_fd, const char *path, struct buf *done, struct err *e)
{
	CLEANUP(buf_clear) struct buf left = BUF_INIT;
	int links = 0;

	buf_addstr(&left, path);
	while (left.len > 0) {
		int r = step(root_fd, done, &left, e);

		if (r < 0)
			return -1;
		links += r;
		if (links > LINKS_MAX)
			return err_set(e, ERR_INVALID, ELOOP, "%s: too many links", path);
	}
	if (done->len == 0)
		buf_addch(done, '/');
	return 0;
}

static int add_stat(int root_fd, const struct place *p, struct buf *json, struct err *e)
{
	CLEANUP(buf_clear) struct buf target = BUF_INIT;
	char mtime[TIME_RFC3339_SIZE];

	if (S_ISLNK(p->st.st_mode) && resolve(root_fd, p->clean, &target, e) < 0)
		return -1;
	time_format((int64_t)p->st.st_mtim.tv_sec * 1000000000 + p->st.st_mtim.tv_nsec, mtime);
	buf_addstr(json, "{\"name\":\"");
	utf8_add_json(json, p->name, strlen(p->name));
	buf_addf(json, "\",\"size\":%lld,\"mode\":%u,\"mtime\":\"%s\",\"linkTarget\":\"",
		 (long long)p->st.st_size, copy_go_mode(p->st.st_mode), mtime);
	utf8_add_json(json, buf_str(&target), target.len);
	buf_addstr(json, "\"}");
	return 0;
}

int copy_stat(int root_fd, const char *path, struct buf *json, struct err *e)
{
	CLEANUP(place_clear) struct place p = {.dir_fd = -1};

	if (find(root_fd, path, &p, e) < 0)
		return -1;
	return add_stat(root_fd, &p, json, e);
}

static int pack(int dir_fd, const char *base, const struct pack_opts *opts, struct stream *out,
		struct err *e)
{
	CLEANUP(tar_writer_freep) struct tar_writer *w = tar_writer_new(out);

	if (pack_tree(w, dir_fd, base, opts, e) < 0)
		return -1;
	return tar_writer_end(w, e);
}

int copy_get(int root_fd, const char *path, struct stream *out, struct err *e)
{
	CLEANUP(place_clear) struct place p = {.dir_fd = -1};
	struct pack_opts opts = {0};

	if (find(root_fd, path, &p, e) < 0)
		return -1;
	opts.prefix = p.name;
	return pack(p.dir_fd, p.base, &opts, out, e);
}

int copy_export(int root_fd, struct stream *out, struct err *e)
{
	static const struct pack_opts opts = {.prefix = "", .one_file_system = true};

	return pack(root_fd, ".", &opts, out, e);
}

static int open_target(int root_fd, const char *path, struct err *e)
{
	CLEANUP(freep) char *rooted = path_join("/", path);
	CLEANUP(freep) char *clean = path_clean(rooted);
	int fd = path_open_in_root(root_fd, clean, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, e);

	if (fd < 0 && e->sys == ENOTDIR)
		return err_set(e, ERR_INVALID, ENOTDIR, "extraction point is not a directory");
	return fd < 0 ? path_error(path, e) : fd;
}

int copy_put_check(int root_fd, const char *path, struct err *e)
{
	CLEANUP(fd_closep) int fd = open_target(root_fd, path, e);

	return fd < 0 ? -1 : 0;
}

int copy_put(int root_fd, const char *path, struct stream *src, const struct copy_put_opts *opts,
	     struct err *e)
{
	CLEANUP(fd_closep) int fd = open_target(root_fd, path, e);
	CLEANUP(stream_freep) struct stream *plain = NULL;
	CLEANUP(tar_reader_freep) struct tar_reader *t = NULL;
	const struct extract_opts x = {
		.whiteout = WHITEOUT_LITERAL,
		.no_overwrite_dir_nondir = opts->no_overwrite_dir_nondir,
		.set_owner = opts->set_owner,
		.uid = opts->uid,
		.gid = opts->gid,
	};

	if (fd < 0 || compress_reader_borrow(src, &plain, e) < 0)
		return -1;
	t = tar_reader_new(plain);
	return extract_tree(t, fd, &x, NULL, e);
}
