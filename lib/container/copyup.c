// SPDX-License-Identifier: MIT
/*
 * Filling a new volume from the image (Docker's copy-up). Runs in the init
 * before the volume is mounted; reads a hostile tree, so names are opened one
 * by one without following links.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "container/inroot.h"

#define XATTR_BYTES 65536

static int copy_dir(int from_fd, int to_fd, unsigned depth, struct err *e);

static void closedirp(DIR **d)
{
	if (*d != NULL)
		closedir(*d);
}

/* What a file system refuses (ENOTSUP, EPERM for trusted names) is left out. */
static void copy_xattrs(int from_fd, int to_fd)
{
	CLEANUP(freep) char *names = NULL;
	CLEANUP(freep) char *value = NULL;
	ssize_t n = flistxattr(from_fd, NULL, 0);

	if (n <= 0 || n > XATTR_BYTES)
		return;
	names = xmalloc((size_t)n + 1);
	value = xmalloc(XATTR_BYTES);
	n = flistxattr(from_fd, names, (size_t)n);
	for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1) {
		ssize_t len = fgetxattr(from_fd, names + at, value, XATTR_BYTES);

		if (len >= 0 && !str_starts(names + at, "user.overlay.") &&
		    !str_starts(names + at, "user.fuseoverlayfs."))
			(void)fsetxattr(to_fd, names + at, value, (size_t)len, 0);
	}
}

/* Owner before mode (chown clears setuid), times last. */
static int copy_meta(int from_fd, int to_fd, struct err *e)
{
	struct timespec times[2];
	struct stat st;

	if (fstat(from_fd, &st) < 0)
		return err_sys(e, "stat");
	if (fchown(to_fd, st.st_uid, st.st_gid) < 0 && errno != EPERM)
		return err_sys(e, "chown");
	copy_xattrs(from_fd, to_fd);
	if (fchmod(to_fd, st.st_mode & 07777) < 0)
		return err_sys(e, "chmod");
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	(void)futimens(to_fd, times);
	return 0;
}

static int copy_link(int from_fd, int to_fd, const char *name, struct err *e)
{
	CLEANUP(freep) char *target = xmalloc(PATH_MAX);
	ssize_t n = readlinkat(from_fd, name, target, PATH_MAX - 1);
	struct stat st;

	if (n < 0 || fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "read link %s", name);
	target[n] = '\0';
	if (symlinkat(target, to_fd, name) < 0)
		return err_sys(e, "link %s", name);
	(void)fchownat(to_fd, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static int copy_entry(int from_fd, int to_fd, const char *name, unsigned depth, struct err *e)
{
	CLEANUP(fd_closep) int in_fd = -1, out_fd = -1;
	struct stat st;

	if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat %s", name);
	if (S_ISLNK(st.st_mode))
		return copy_link(from_fd, to_fd, name, e);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return 0;
	in_fd = openat(from_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (in_fd < 0)
		return err_sys(e, "open %s", name);
	if (S_ISDIR(st.st_mode)) {
		if (mkdirat(to_fd, name, 0700) < 0)
			return err_sys(e, "mkdir %s", name);
		out_fd = openat(to_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (out_fd < 0)
			return err_sys(e, "open %s", name);
		return copy_dir(in_fd, out_fd, depth + 1, e);
	}
	out_fd = openat(to_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out_fd < 0)
		return err_sys(e, "create %s", name);
	if (fd_copy(in_fd, out_fd, NULL, e) < 0)
		return -1;
	return copy_meta(in_fd, out_fd, e);
}

static int copy_dir(int from_fd, int to_fd, unsigned depth, struct err *e)
{
	int list_fd = openat(from_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(closedirp) DIR *d = list_fd >= 0 ? fdopendir(list_fd) : NULL;
	struct dirent *ent;

	if (d == NULL)
		return err_sys(e, "open directory");
	if (depth > CONTAINER_COPYUP_DEPTH)
		return err_set(e, ERR_INVALID, 0, "directories are nested too deeply");
	while ((ent = readdir(d)) != NULL) {
		if (str_eq(ent->d_name, ".") || str_eq(ent->d_name, ".."))
			continue;
		if (copy_entry(from_fd, to_fd, ent->d_name, depth, e) < 0)
			return -1;
	}
	return copy_meta(from_fd, to_fd, e);
}

static bool is_empty(int fd)
{
	int list_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(closedirp) DIR *d = list_fd >= 0 ? fdopendir(list_fd) : NULL;
	struct dirent *ent;

	if (d == NULL)
		return false;
	while ((ent = readdir(d)) != NULL)
		if (!str_eq(ent->d_name, ".") && !str_eq(ent->d_name, ".."))
			return false;
	return true;
}

int copyup_tree(int from_fd, int to_fd, struct err *e)
{
	if (!is_empty(to_fd))
		return 0;
	if (copy_dir(from_fd, to_fd, 0, e) < 0)
		return err_wrap(e, "fill the volume from the image");
	return 0;
}
