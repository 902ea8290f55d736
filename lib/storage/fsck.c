// SPDX-License-Identifier: MIT
/*
 * Checking a data root: telling and mending, and the checks of what is no
 * driver's: containers, volumes, leftovers, mounts, owners. The driver's are in
 * fsck_driver.c, the images' in image/fsck.c.
 */
#include "storage/fsck.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/walk.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/rand.h"
#include "base/str.h"
#include "config/limits.h"
#include "json/json.h"
#include "ns/mount.h"
#include "storage/storage_internal.h"

#define LOST	     "lost-and-found"
#define OVERFLOW_UID 65534 /* what an id outside of the user namespace looks like */

/* --- telling and mending ------------------------------------------------------ */

/* moved to where it can be found again: its own path, below lost-and-found */
static int put_aside(struct fsck *f, const char *path, char **ret, struct err *e)
{
	CLEANUP(freep) char *to = xasprintf("%s/" LOST "/%s", f->root, path);
	CLEANUP(freep) char *dir = xstrndup(to, (size_t)(path_base(to) - to));
	char more[10] = "";

	if (path_mkdirs(dir, 0700, e) < 0)
		return -1;
	if (faccessat(AT_FDCWD, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		*more = '.';
		rand_hex(more + 1, 8);
	}
	*ret = xasprintf("%s%s", to, more);
	if (renameat(f->root_fd, path, AT_FDCWD, *ret) < 0)
		return err_sys(e, "move to %s", *ret);
	return 0;
}

void fsck_found(struct fsck *f, enum fsck_how how, const char *check, const char *path,
		const struct err *why, const char *fmt, ...)
{
	static const char *const would[] = {"--repair removes it", ("--repair moves it to " LOST),
					    "--repair mends it", ""};
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(freep) char *to = NULL;
	CLEANUP(freep) char *done = NULL;
	struct err e;
	va_list ap;

	if (f->repair && ((how == FSCK_REMOVE && path_remove_tree(f->root_fd, path, &e) < 0) ||
			  (how == FSCK_MOVE && put_aside(f, path, &to, &e) < 0)))
		why = &e;
	if (!f->repair || how == FSCK_LEAVE)
		done = xstrdup(would[how]);
	else if (why)
		done = xasprintf("NOT mended: %s", why->msg);
	else
		done = how == FSCK_MOVE ? xasprintf("MOVED to %s", to)
					: xstrdup(how == FSCK_FIX ? "mended" : "removed");
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	const struct fsck_finding found = {check, path, buf_str(&text), done,
					   f->repair && !why && how != FSCK_LEAVE};

	*(found.mended ? &f->n_mended : &f->n_left) += 1;
	f->tell(f->arg, &found);
}

void fsck_names(struct fsck *f, const char *path, struct strv *ret)
{
	CLEANUP(fd_closep)
	int fd = openat(f->root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct err e;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return;
	if (fd < 0 ? err_sys(&e, "open") < 0 : walk_names(fd, ret, &e) < 0)
		fsck_found(f, FSCK_LEAVE, "directory", path, NULL, "%s", e.msg);
}

/* --- containers and volumes --------------------------------------------------- */

static struct json *read_json(struct fsck *f, const char *dir, const char *name, struct err *e)
{
	CLEANUP(freep) char *path = path_join(dir, name);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json *v = NULL;

	if (file_read(f->root_fd, path, STORAGE_CONTAINER_FILE_MAX, &b, e) < 0 ||
	    json_parse(buf_str(&b), b.len, &v, e) < 0) {
		err_wrap(e, "%s", name);
		return NULL;
	}
	return v;
}

/* a container without a readable configuration is known to nobody, but its files are the user's */
static void check_container(struct fsck *f, const char *id)
{
	CLEANUP(freep) char *dir = path_join("containers", id);
	struct err e = {0};
	CLEANUP(json_freep) struct json *host = read_json(f, dir, "hostconfig.json", &e);
	CLEANUP(json_freep) struct json *v = read_json(f, dir, "config.v2.json", &e);
	const char *driver = json_get_str(v, "Driver");
	bool bad = !host || !v;

	if (!bad && (!str_eq(json_get_str(v, "ID"), id) || !json_get_str(v, "Name") ||
		     !json_get_str(v, "Image"))) {
		(void)err_set(&e, ERR_INVALID, 0, "config.v2.json is not of this container");
		bad = true;
	}
	map_put(&f->containers, id, xstrdup(bad ? "" : driver ? driver : "-"));
	if (bad)
		fsck_found(f, FSCK_MOVE, "container", dir, NULL, "%s", e.msg);
}

static void check_volume(struct fsck *f, const char *name)
{
	CLEANUP(freep) char *dir = path_join("volumes", name);
	CLEANUP(freep) char *data = path_join(dir, "_data");
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	struct stat st;

	if (fstatat(f->root_fd, dir, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode) ||
	    (fstatat(f->root_fd, data, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode)))
		return;
	fsck_names(f, dir, &names);
	fsck_found(f, names.len > 0 ? FSCK_MOVE : FSCK_REMOVE, "volume", dir, NULL,
		   "it has no directory _data");
}

/* --- leftovers ------------------------------------------------------------------ */

static void check_trash(struct fsck *f, const char *path)
{
	fsck_found(f, FSCK_REMOVE, "leftover", path, NULL, "of a removal that did not end");
}

/* base/file.c's names of files that are being written */
static bool is_unwritten(const char *name)
{
	return str_starts(name, ".tmp-") && strlen(name) == strlen(".tmp-") + 12;
}

static void sweep_dir(int dir_fd, const char *dir, unsigned depth)
{
	int fd = openat(dir_fd, dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *ent;

	if (d == NULL) {
		fd_close(&fd);
		return;
	}
	while ((ent = readdir(d)) != NULL) {
		const char *name = ent->d_name;

		if (is_unwritten(name))
			unlinkat(fd, name, 0);
		else if (depth > 0 && (ent->d_type == DT_DIR || ent->d_type == DT_UNKNOWN) &&
			 !str_eq(name, ".") && !str_eq(name, "..") && !str_eq(name, "_data"))
			sweep_dir(fd, name, depth - 1);
	}
	closedir(d);
}

static void check_unwritten(struct fsck *f, const char *dir, unsigned depth)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;

	fsck_names(f, dir, &names);
	strv_for_each (name, &names) {
		CLEANUP(freep) char *path = path_join(dir, *name);

		if (is_unwritten(*name))
			fsck_found(f, FSCK_REMOVE, "leftover", path, NULL, "a half-written file");
		else if (depth > 0 && !str_eq(*name, "_data"))
			check_unwritten(f, path, depth - 1);
	}
}

/* what a process that died left mounted keeps the store busy */
static void check_mounts(struct fsck *f)
{
	struct mnt_table t = MNT_TABLE_INIT;
	size_t n = strlen(f->root);
	struct err e;

	if (mnt_table_load(&t, 0, &e) < 0)
		fsck_found(f, FSCK_LEAVE, "mount", ".", NULL, "%s", e.msg);
	for (size_t i = 0; i < t.n; i++) {
		const char *at = t.items[i].target;

		if (!strncmp(at, f->root, n) && at[n] == '/' && strchr(at + n + 1, '/'))
			fsck_found(f, FSCK_LEAVE, "mount", at + n + 1, NULL,
				   "a file system (%s) is still mounted here: fusermount3 -u, or "
				   "umount as root",
				   t.items[i].fstype);
	}
	mnt_table_clear(&t);
}

/* --- owners ---------------------------------------------------------------------- */

struct owners {
	char *first; /* path of the first foreign file */
	unsigned n;
};

/* root of the user namespace may do this to every file whose owner is mapped there */
static bool is_foreign(int dir_fd, const char *name, const struct stat *st)
{
	int fd;

	if (st->st_uid != OVERFLOW_UID || !(S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)))
		return false;
	fd = openat(dir_fd, name, O_RDONLY | O_NOATIME | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return errno == EPERM || errno == EACCES;
	close(fd);
	return false;
}

static void look_at_owners(struct fsck *f, const char *path, unsigned depth, struct owners *o)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(fd_closep)
	int fd = openat(f->root_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct owners own = {0};
	struct stat st;
	struct err e;

	if (fd < 0 || walk_names(fd, &names, &e) < 0)
		return;
	strv_for_each (name, &names) {
		CLEANUP(freep) char *sub = depth > 0 ? path_join(path, *name) : xstrdup(*name);
		struct owners *to = depth < 2 ? &own : o;

		/* (of the file system, when the data root is its root) */
		if (fstatat(fd, *name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    (depth == 0 && str_eq(*name, "lost+found")))
			continue;
		if (is_foreign(fd, *name, &st) && to->n++ == 0)
			to->first = xstrdup(sub);
		if (S_ISDIR(st.st_mode) && depth < STORAGE_TREE_DEPTH_MAX)
			look_at_owners(f, sub, depth + 1, to);
		if (own.n > 0)
			fsck_found(
				f, FSCK_LEAVE, "owner", sub, NULL,
				"%u files belong to ids that are not this user's by /etc/subuid "
				"(of "
				"other subordinate ids it had, or of another user), the first is "
				"%s: chown them as root",
				own.n, own.first);
		free(own.first);
		own = (struct owners){0};
	}
}

/* ---------------------------------------------------------------------------------- */

static const struct {
	const char *dir;
	const char *prefix; /* of the names in it that are meant */
	void (*check)(struct fsck *f, const char *name);
	bool whole; /* the check wants the path */
} checks[] = {
	{"containers", "", check_container, false},
	{"volumes", "", check_volume, false},
	{".volumes-trash", "", check_trash, true},
	{"tmp", "load-", check_trash, true},
};

static const struct {
	const char *dir;
	unsigned depth;
} written[] = {{".", 0}, {"image", 6}, {"containers", 1}, {"volumes", 1}, {"network", 2}};

void sweep_unwritten(const char *root)
{
	for (size_t i = 0; i < ARRAY_LEN(written); i++) {
		CLEANUP(freep) char *dir = path_join(root, written[i].dir);

		sweep_dir(AT_FDCWD, dir, written[i].depth);
	}
}

int fsck_open(struct fsck *f, struct err *e)
{
	f->lock_fd = storage_lock(f->root, 0, e);
	if (f->lock_fd < 0)
		return -1;
	f->root_fd = open(f->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->root_fd < 0) {
		fd_close(&f->lock_fd);
		return err_sys(e, "open %s", f->root);
	}
	map_init(&f->containers, free);
	map_init(&f->condemned, free);
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		CLEANUP(strv_clear) struct strv names = STRV_INIT;

		fsck_names(f, checks[i].dir, &names);
		strv_for_each (name, &names) {
			CLEANUP(freep) char *path = path_join(checks[i].dir, *name);

			if (str_starts(*name, checks[i].prefix))
				checks[i].check(f, checks[i].whole ? path : *name);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(written); i++)
		check_unwritten(f, written[i].dir, written[i].depth);
	check_mounts(f);
	look_at_owners(f, ".", 0, NULL);
	return 0;
}

void fsck_close(struct fsck *f)
{
	storage_free(f->st);
	map_clear(&f->containers);
	map_clear(&f->condemned);
	if (f->n_mended > 0)
		syncfs(f->root_fd);
	fd_close(&f->root_fd);
	fd_close(&f->lock_fd);
}
