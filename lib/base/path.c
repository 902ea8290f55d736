// SPDX-License-Identifier: MIT
/*
 * Paths, and opening beneath a directory. openat2(2) does the work; where the
 * kernel (before 5.6) or a seccomp filter refuses it, the path is walked one
 * component at a time without following links, which is stricter: a path
 * through a symlink then fails with ELOOP instead of being resolved inside.
 */
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/rand.h"
#include "base/str.h"
#include "base/strv.h"

char *path_join(const char *a, const char *b)
{
	size_t n = strlen(a);

	while (n > 1 && a[n - 1] == '/')
		n--;
	while (*b == '/')
		b++;
	if (n == 0 || (n == 1 && *a == '/'))
		return xasprintf("%s%s", n == 0 ? "" : "/", b);
	return xasprintf("%.*s/%s", (int)n, a, b);
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

char *path_clean(const char *path)
{
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;
	CLEANUP(strv_clear) struct strv kept = STRV_INIT;
	CLEANUP(freep) char *joined = NULL;
	bool rooted = *path == '/';

	strv_split(&parts, path, "/");
	for (size_t i = 0; i < parts.len; i++) {
		const char *part = parts.items[i];

		if (str_eq(part, "."))
			continue;
		if (!str_eq(part, "..")) {
			strv_add(&kept, part);
		} else if (kept.len > 0 && !str_eq(kept.items[kept.len - 1], "..")) {
			strv_remove(&kept, kept.len - 1);
		} else if (!rooted) {
			strv_add(&kept, part);
		}
	}
	joined = strv_join(&kept, "/");
	if (!rooted && *joined == '\0')
		return xstrdup(".");
	return xasprintf("%s%s", rooted ? "/" : "", joined);
}

bool path_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/* the fallback: every component with O_NOFOLLOW, ".." refused */
static int open_walk(int dir_fd, const char *path, int flags, mode_t mode)
{
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;
	CLEANUP(fd_closep) int at = -1;

	strv_split(&parts, path, "/");
	if (parts.len == 0)
		strv_add(&parts, ".");
	for (size_t i = 0; i < parts.len; i++) {
		bool last = i + 1 == parts.len;
		int next;

		if (str_eq(parts.items[i], "..")) {
			errno = EXDEV;
			return -1;
		}
		next = openat(at >= 0 ? at : dir_fd, parts.items[i],
			      last ? flags | O_NOFOLLOW | O_CLOEXEC
				   : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
			      mode);
		if (next < 0)
			return -1;
		fd_close(&at);
		at = next;
	}
	return TAKE_FD(at);
}

static int open_resolve(int dir_fd, const char *path, int flags, mode_t mode, uint64_t resolve,
			struct err *e)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
		.resolve = resolve | RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	do
		fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
	while (fd < 0 &&
	       (errno == EINTR || errno == EAGAIN)); /* EAGAIN: a rename raced with ".." */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = open_walk(dir_fd, path, flags, mode);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	return (int)fd;
}

int path_open_beneath(int dir_fd, const char *path, int flags, mode_t mode, struct err *e)
{
	return open_resolve(dir_fd, path, flags, mode, RESOLVE_BENEATH, e);
}

int path_open_in_root(int dir_fd, const char *path, int flags, mode_t mode, struct err *e)
{
	return open_resolve(dir_fd, path, flags, mode, RESOLVE_IN_ROOT, e);
}

int path_mkdirs(const char *path, mode_t mode, struct err *e)
{
	size_t parent = strlen(path);
	struct stat st;
	int saved;

	if (mkdir(path, mode) == 0)
		return 0;
	while (parent > 0 && path[parent - 1] == '/')
		parent--;
	while (parent > 0 && path[parent - 1] != '/')
		parent--;
	if (errno == ENOENT && parent > 0) {
		CLEANUP(freep) char *up = xstrndup(path, parent);

		if (path_mkdirs(up, mode, e) < 0)
			return -1;
		if (mkdir(path, mode) == 0)
			return 0;
	}
	saved = errno;
	if (saved == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	errno = saved;
	return err_sys(e, "mkdir %s", path);
}

/*
 * Trees may be deeper than the stack of a thread or its descriptors allow (a
 * container makes them with mkdir and chdir). What lies REMOVE_DEPTH_MAX levels
 * down is renamed into the top directory, which is gone through again.
 */
#define REMOVE_RACES_MAX 10
#define REMOVE_DEPTH_MAX 100

struct removal {
	int top_fd;	  /* the first directory */
	unsigned n_moved; /* up into it, in the present round */
};

static int remove_at(struct removal *r, int dir_fd, const char *name, unsigned depth);

/* empties an open directory; keeps going past failures and reports the last one in errno */
static int remove_contents(struct removal *r, int fd, unsigned depth)
{
	DIR *d = fdopendir(fd);
	struct dirent *ent;
	int failed = 0;

	if (d == NULL) {
		close(fd);
		return -1;
	}
	while ((ent = readdir(d)) != NULL) {
		if (str_eq(ent->d_name, ".") || str_eq(ent->d_name, ".."))
			continue;
		if (remove_at(r, dirfd(d), ent->d_name, depth) < 0 && errno != ENOENT)
			failed = errno;
	}
	closedir(d);
	if (failed == 0)
		return 0;
	errno = failed;
	return -1;
}

static int open_dir_for_removal(int dir_fd, const char *name)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir_fd, name, flags);

	if (fd < 0 && errno == EACCES && fchmodat(dir_fd, name, 0700, 0) == 0)
		fd = openat(dir_fd, name, flags);
	return fd;
}

static int move_up(struct removal *r, int dir_fd, const char *name)
{
	char to[33];

	rand_hex(to, sizeof(to) - 1);
	fchmodat(dir_fd, name, 0700, 0); /* a directory that is not writable cannot be moved */
	if (renameat(dir_fd, name, r->top_fd, to) < 0)
		return -1;
	r->n_moved++;
	return 0;
}

static int remove_top(struct removal *r, int fd)
{
	int status;

	r->top_fd = fd;
	do {
		int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		r->n_moved = 0;
		status = copy < 0 ? -1 : remove_contents(r, copy, 1);
	} while (status == 0 && r->n_moved > 0);
	close(fd);
	return status;
}

static int remove_at(struct removal *r, int dir_fd, const char *name, unsigned depth)
{
	int fd;

	if (unlinkat(dir_fd, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM && errno != EACCES)
		return -1;
	if (depth == REMOVE_DEPTH_MAX && move_up(r, dir_fd, name) == 0)
		return 0;
	fd = open_dir_for_removal(dir_fd, name);
	if (fd < 0)
		return -1;
	fchmod(fd, 0700);
	if ((depth == 0 ? remove_top(r, fd) : remove_contents(r, fd, depth + 1)) < 0)
		return -1;
	return unlinkat(dir_fd, name, AT_REMOVEDIR);
}

int path_remove_tree(int dir_fd, const char *name, struct err *e)
{
	struct removal r = {.top_fd = -1};

	/* not empty at the end: somebody wrote while we removed, so look again */
	for (int tries = 0; remove_at(&r, dir_fd, name, 0) < 0 && errno != ENOENT; tries++)
		if (errno != ENOTEMPTY || tries == REMOVE_RACES_MAX)
			return err_sys(e, "remove %s", name);
	return 0;
}

/* A character of a class, maybe escaped; *p is NULL where none may be. */
static unsigned char class_char(const char **p)
{
	unsigned char c;

	if (**p == '\\')
		(*p)++;
	else if (**p == '-' || **p == ']')
		*p = "";
	c = (unsigned char)**p;
	*p = c != '\0' ? *p + 1 : NULL;
	return c;
}

/* After the bracket of a class. */
static bool class_has(const char **p, unsigned char c)
{
	bool negated = **p == '^', has = false;

	*p += negated;
	do {
		unsigned char low = class_char(p), high = low;

		if (*p != NULL && **p == '-') {
			(*p)++;
			high = class_char(p);
		}
		has = has || (low <= c && c <= high);
	} while (*p != NULL && **p != ']');
	if (*p != NULL)
		(*p)++;
	return has != negated;
}

/* Whether one element of a pattern, which is no star, is c; moves *p past it, NULL: malformed. */
static bool element_is(const char **p, unsigned char c)
{
	unsigned char want = (unsigned char)*(*p)++;

	if (want == '[')
		return class_has(p, c) && c != '\0';
	if (want == '?')
		return c != '/' && c != '\0';
	if (want == '\\')
		want = (unsigned char)*(*p)++;
	if (want == '\0')
		*p = NULL;
	return want == c;
}

int path_match(const char *pattern, const char *name)
{
	const char *star = NULL,
		   *from = NULL; /* after the last star, and what it stands for until */

	for (const char *p = pattern; *p != '\0';) {
		if (*p == '*')
			p++;
		else
			(void)element_is(&p, '\0');
		if (p == NULL)
			return -1;
	}
	for (;;) {
		if (*pattern == '*') {
			star = ++pattern;
			from = name;
		} else if (*pattern == '\0' && *name == '\0') {
			return 1;
		} else if (*pattern != '\0' && element_is(&pattern, (unsigned char)*name)) {
			name++;
		} else {
			if (star == NULL || *from == '/' || *from == '\0')
				return 0;
			name = ++from;
			pattern = star;
		}
	}
}
