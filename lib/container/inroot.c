// SPDX-License-Identifier: MIT
/* Mount targets inside the root: openat2(2) RESOLVE_IN_ROOT, mkdirat(2) on parents. */
#include "container/inroot.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

int inroot_open(int root_fd, const char *path, struct err *e)
{
	return path_open_in_root(root_fd, path, O_PATH | O_CLOEXEC, 0, e);
}

/* Directory of a clean absolute path, making what is missing. */
static int make_dirs(int root_fd, const char *path, struct err *e)
{
	CLEANUP(freep) char *copy = xstrdup(path);
	CLEANUP(fd_closep) int at = -1;
	struct err sub;

	at = path_open_in_root(root_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, &sub);
	if (at >= 0)
		return TAKE_FD(at);
	if (sub.sys != ENOENT) {
		*e = sub;
		return -1;
	}
	at = path_open_in_root(root_fd, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0, e);
	for (char *p = copy; at >= 0 && *p != '\0';) {
		char *name = p + (*p == '/');
		char *end = name + strcspn(name, "/");
		char kept = *end;
		int next;

		*end = '\0';
		if (*name == '\0')
			break;
		next = path_open_in_root(root_fd, copy, O_PATH | O_DIRECTORY | O_CLOEXEC, 0, &sub);
		if (next < 0 && sub.sys == ENOENT) {
			if (mkdirat(at, name, 0755) < 0 && errno != EEXIST)
				return err_sys(e, "mkdir %s in the root", copy);
			next = path_open_in_root(root_fd, copy, O_PATH | O_DIRECTORY | O_CLOEXEC, 0,
						 &sub);
		}
		if (next < 0) {
			*e = sub;
			return -1;
		}
		fd_close(&at);
		at = next;
		*end = kept;
		p = end;
	}
	return TAKE_FD(at);
}

int inroot_make_parent(int root_fd, const char *path, const char **ret_name, struct err *e)
{
	const char *name = path_base(path);
	CLEANUP(freep) char *dir = xstrndup(path, (size_t)(name - path));
	CLEANUP(freep) char *clean = path_clean(*dir != '\0' ? dir : "/");
	int fd;

	if (*name == '\0' || str_eq(name, ".") || str_eq(name, ".."))
		return err_set(e, ERR_INVALID, 0, "%s does not name a file", path);
	fd = make_dirs(root_fd, clean, e);
	if (fd >= 0)
		*ret_name = name;
	return fd;
}

int inroot_make(int root_fd, const char *path, bool directory, struct err *e)
{
	CLEANUP(freep) char *clean = path_clean(path);
	CLEANUP(fd_closep) int fd = -1, dir_fd = -1, made_fd = -1;
	const char *name;
	struct stat st;
	struct err sub;

	fd = inroot_open(root_fd, clean, &sub);
	if (fd >= 0) {
		if (fstat(fd, &st) < 0)
			return err_sys(e, "stat %s in the root", clean);
		if (directory == !!S_ISDIR(st.st_mode))
			return TAKE_FD(fd);
		return err_set(e, ERR_INVALID, directory ? ENOTDIR : EISDIR,
			       "cannot mount a %s on %s: not a %s. Are you trying to mount a "
			       "directory onto a file (or vice-versa)? Check if the specified host "
			       "path exists and is the expected type",
			       directory ? "directory" : "file", clean,
			       directory ? "directory" : "file");
	}
	if (sub.sys != ENOENT) {
		*e = sub;
		return -1;
	}
	if (directory)
		return make_dirs(root_fd, clean, e);
	dir_fd = inroot_make_parent(root_fd, clean, &name, e);
	if (dir_fd < 0)
		return -1;
	made_fd = openat(dir_fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (made_fd < 0 && errno != EEXIST)
		return err_sys(e, "create %s in the root", clean);
	return inroot_open(root_fd, clean, e);
}
