// SPDX-License-Identifier: MIT
/* Small files of the store, and how much a tree holds. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/walk.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"
#include "config/limits.h"
#include "storage/storage_internal.h"

int put_file(int dir_fd, const char *name, const char *text, mode_t mode, struct err *e)
{
	CLEANUP(fd_closep)
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return err_sys(e, "create %s", name);
	if (*text && fd_write_all(fd, text, strlen(text), e) < 0)
		return -1;
	/* on its way already when it is synced: one commit of the journal will do for several */
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	return 0;
}

int open_names(int dir_fd, const char *name, struct strv *ret, struct err *e)
{
	CLEANUP(fd_closep)
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open %.200s", name);
	return walk_names(fd, ret, e) < 0 ? -1 : TAKE_FD(fd);
}

int sync_files(int dir_fd, const char *name, struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(fd_closep) int fd = open_names(dir_fd, name, &names, e);

	if (fd < 0)
		return -1;
	strv_add(&names, ".");
	strv_for_each (it, &names) {
		CLEANUP(fd_closep) int file = openat(fd, *it, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

		if (file < 0 || fsync(file) < 0)
			return err_sys(e, "sync %.200s", *it);
	}
	return 0;
}

int get_file(int dir_fd, const char *name, char *out, size_t size)
{
	CLEANUP(fd_closep) int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : fd_read(fd, out, size);

	if (n < 0 || (size_t)n == size)
		return -1;
	while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == ' '))
		n--;
	out[n] = 0;
	return 0;
}

struct size_walk {
	struct map links; /* "device:inode" of files with several names already counted */
	uint64_t bytes;
};

static void count(struct size_walk *w, const struct stat *st)
{
	if (S_ISDIR(st->st_mode) || S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
		return;
	if (st->st_nlink > 1) {
		char key[48];

		snprintf(key, sizeof(key), "%llx:%llx", (unsigned long long)st->st_dev,
			 (unsigned long long)st->st_ino);
		if (map_get(&w->links, key))
			return;
		map_put(&w->links, key, w);
	}
	w->bytes += (uint64_t)st->st_size;
}

static int walk(struct size_walk *w, int dir_fd, const char *name, unsigned depth, struct err *e)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	struct stat st;
	int r = 0;

	if (!dir) {
		fd_close(&fd);
		return errno == ENOENT && depth > 0 ? 0 : err_sys(e, "open %.200s", name);
	}
	while (r == 0 && (d = readdir(dir))) {
		if (str_eq(d->d_name, ".") || str_eq(d->d_name, "..") ||
		    fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		count(w, &st);
		if (S_ISDIR(st.st_mode) && depth < STORAGE_TREE_DEPTH_MAX)
			r = walk(w, fd, d->d_name, depth + 1, e);
	}
	closedir(dir);
	return r;
}

int tree_size(int dir_fd, const char *name, uint64_t *ret_bytes, struct err *e)
{
	struct size_walk w = {.bytes = 0};
	int r;

	map_init(&w.links, NULL);
	r = walk(&w, dir_fd, name, 0, e);
	map_clear(&w.links);
	if (r == 0)
		*ret_bytes = w.bytes;
	return r;
}
