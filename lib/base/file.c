// SPDX-License-Identifier: MIT
/* Whole files; see file.h. */
#include "base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/rand.h"

int file_read(int dir_fd, const char *path, size_t max, struct buf *b, struct err *e)
{
	CLEANUP(fd_closep) int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open %s", path);
	if (fd_read_all(fd, max, b, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

int file_sync_dir(int dir_fd, const char *dir, struct err *e)
{
	CLEANUP(fd_closep) int fd = openat(dir_fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(e, "sync %s", dir);
	return 0;
}

int file_sync_parent(int dir_fd, const char *path, struct err *e)
{
	size_t n = (size_t)(path_base(path) - path);
	CLEANUP(freep) char *dir = n > 0 ? xstrndup(path, n) : xstrdup(".");

	return file_sync_dir(dir_fd, dir, e);
}

/* FILE_WHOLE writes the bytes out before the name changes, without a commit of the journal, which
 * keeps that order: ext4 and xfs log a file's size when its bytes are written. */
static int write_out(int fd, enum file_sync sync)
{
	if (sync == FILE_NOSYNC)
		return 0;
	if (sync == FILE_WHOLE &&
	    sync_file_range(fd, 0, 0,
			    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
				    SYNC_FILE_RANGE_WAIT_AFTER) == 0)
		return 0;
	return fsync(fd);
}

static int write_and_rename(int dir_fd, const char *tmp, const char *path, const void *p, size_t n,
			    mode_t mode, enum file_sync sync, struct err *e)
{
	CLEANUP(fd_closep)
	int fd = openat(dir_fd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return err_sys(e, "create %s", tmp);
	if (fchmod(fd, mode) < 0)
		return err_sys(e, "chmod %s", tmp);
	if (fd_write_all(fd, p, n, e) < 0)
		return err_wrap(e, "%s", tmp);
	if (write_out(fd, sync) < 0)
		return err_sys(e, "sync %s", tmp);
	if (renameat(dir_fd, tmp, dir_fd, path) < 0)
		return err_sys(e, "rename %s to %s", tmp, path);
	return 0;
}

int file_write(int dir_fd, const char *path, const void *p, size_t n, mode_t mode,
	       enum file_sync sync, struct err *e)
{
	CLEANUP(freep) char *tmp = NULL;
	char suffix[13];

	rand_hex(suffix, sizeof(suffix) - 1);
	tmp = xasprintf("%.*s.tmp-%s", (int)(path_base(path) - path), path, suffix);
	if (write_and_rename(dir_fd, tmp, path, p, n, mode, sync, e) < 0) {
		unlinkat(dir_fd, tmp, 0);
		return -1;
	}
	return sync == FILE_SYNC ? file_sync_parent(dir_fd, path, e) : 0;
}

int file_write_plain(int dir_fd, const char *path, const char *text, struct err *e)
{
	CLEANUP(fd_closep) int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open %s", path);
	if (fd_write(fd, text, strlen(text)) < 0)
		return err_sys(e, "write %s", path);
	return 0;
}
