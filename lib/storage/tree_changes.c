// SPDX-License-Identifier: MIT
/*
 * What a whole tree changes of the one below it: both are walked together, by
 * sorted names. A file differs when mode, owner, device, size, time or
 * capabilities do; of a directory the time says nothing. Source: moby
 * pkg/archive/changes.go, changes_unix.go (statDifferent, sameFsTime).
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/walk.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "storage/driver_internal.h"

#define CAPS_BYTES 64 /* struct vfs_ns_cap_data has 24 */

/* tar and some file systems know whole seconds only */
static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec &&
	       (a->tv_nsec == b->tv_nsec || a->tv_nsec == 0 || b->tv_nsec == 0);
}

static ssize_t read_caps(int dir_fd, const char *name, char out[CAPS_BYTES])
{
	CLEANUP(fd_closep)
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -1 : fgetxattr(fd, "security.capability", out, CAPS_BYTES);
}

static bool same_caps(int a_fd, int b_fd, const char *name)
{
	char a[CAPS_BYTES], b[CAPS_BYTES];
	ssize_t n = read_caps(a_fd, name, a), m = read_caps(b_fd, name, b);

	return n == m && (n <= 0 || memcmp(a, b, (size_t)n) == 0);
}

static bool same(const struct stat *a, const struct stat *b, int a_fd, int b_fd, const char *name)
{
	if (a->st_mode != b->st_mode || a->st_uid != b->st_uid || a->st_gid != b->st_gid ||
	    a->st_rdev != b->st_rdev)
		return false;
	if (S_ISDIR(a->st_mode))
		return true;
	if (a->st_size != b->st_size || !same_time(&a->st_mtim, &b->st_mtim))
		return false;
	return !S_ISREG(a->st_mode) || same_caps(a_fd, b_fd, name);
}

static int compare(struct changes_walk *w, int new_fd, int old_fd, unsigned depth, struct err *e);

static int open_dir(int fd, const char *name)
{
	return openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* old_fd: -1 when there is nothing below */
static int visit(struct changes_walk *w, int new_fd, int old_fd, const char *name, bool in_old,
		 unsigned depth, struct err *e)
{
	CLEANUP(fd_closep) int sub = -1;
	CLEANUP(fd_closep) int old_sub = -1;
	struct stat st, old;

	if (fstatat(new_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	in_old = in_old && fstatat(old_fd, name, &old, AT_SYMLINK_NOFOLLOW) == 0;
	if (!in_old || !same(&st, &old, new_fd, old_fd, name)) {
		changes_tell(w, in_old ? CHANGE_MODIFIED : CHANGE_ADDED);
		w->told = S_ISDIR(st.st_mode) ? w->path.len : w->told;
	}
	if (!S_ISDIR(st.st_mode) || depth > STORAGE_TREE_DEPTH_MAX)
		return 0;
	sub = open_dir(new_fd, name);
	old_sub = in_old && S_ISDIR(old.st_mode) ? open_dir(old_fd, name) : -1;
	return sub < 0 ? 0 : compare(w, sub, old_sub, depth + 1, e);
}

static int compare(struct changes_walk *w, int new_fd, int old_fd, unsigned depth, struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(strv_clear) struct strv olds = STRV_INIT;
	size_t len = w->path.len, i = 0, k = 0;
	int r = 0;

	if (walk_names(new_fd, &names, e) < 0 || (old_fd >= 0 && walk_names(old_fd, &olds, e) < 0))
		return -1;
	while (r == 0 && (i < names.len || k < olds.len)) {
		int order = i == names.len  ? 1
			    : k == olds.len ? -1
					    : strcmp(names.items[i], olds.items[k]);

		buf_addf(&w->path, "/%s", order > 0 ? olds.items[k] : names.items[i]);
		if (order > 0)
			changes_tell(w, CHANGE_DELETED);
		else
			r = visit(w, new_fd, old_fd, names.items[i], order == 0, depth, e);
		i += order <= 0;
		k += order >= 0;
		w->path.len = len;
		w->path.data[len] = 0;
		w->told = MIN(w->told, len);
	}
	return r;
}

int tree_changes(int new_fd, int old_fd, const struct changes_sink *sink, struct err *e)
{
	struct changes_walk w = {.sink = sink};
	int r = compare(&w, new_fd, old_fd, 0, e);

	buf_clear(&w.path);
	return r;
}
