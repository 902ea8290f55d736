// SPDX-License-Identifier: MIT
/*
 * The store as a whole: directories, opening, repair. State on disk is the
 * truth; what is in memory is read from it once and then kept in step. The
 * mutex guards the two tables and the reference counts.
 */
#include "storage/storage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/thread.h"
#include "storage/storage_internal.h"

#define DRIVER "overlay2"

static int open_sub(const char *path, mode_t mode, struct err *e)
{
	int fd;

	if (path_mkdirs(path, mode, e) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	return fd;
}

static int make_sub(int dir_fd, const char *name, mode_t mode, struct err *e)
{
	if (mkdirat(dir_fd, name, mode) < 0 && errno != EEXIST)
		return err_sys(e, "make directory %s", name);
	return 0;
}

/* readdir(3) tells types; overlayfs needs that of its layers */
static bool has_d_type(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *d;
	bool ok = true;

	if (!dir) {
		fd_close(&copy);
		return false;
	}
	while (ok && (d = readdir(dir)))
		ok = d->d_type != DT_UNKNOWN;
	closedir(dir);
	return ok;
}

static int open_dirs(struct storage *s, struct err *e)
{
	CLEANUP(freep) char *db = path_join(s->image_dir, "layerdb");

	s->driver_fd = open_sub(s->driver_dir, 0710, e);
	if (s->driver_fd < 0 || make_sub(s->driver_fd, "l", 0700, e) < 0)
		return -1;
	if (path_mkdirs(s->image_dir, 0700, e) < 0)
		return -1;
	s->db_fd = open_sub(db, 0700, e);
	if (s->db_fd < 0 || make_sub(s->db_fd, "sha256", 0755, e) < 0 ||
	    make_sub(s->db_fd, "mounts", 0755, e) < 0 || make_sub(s->db_fd, "tmp", 0755, e) < 0)
		return -1;
	return 0;
}

int storage_open(const char *root, const char *driver, struct storage **ret, struct err *e)
{
	CLEANUP(storage_freep) struct storage *s = NULL;
	CLEANUP(freep) char *image = NULL;

	if (!str_empty(driver) && !str_eq(driver, DRIVER))
		return err_set(e, ERR_INVALID, 0,
			       "storage driver %s is not supported, only " DRIVER, driver);
	if (root[0] != '/')
		return err_set(e, ERR_INVALID, 0, "data root %s is not an absolute path", root);
	s = xcalloc(1, sizeof(*s));
	s->db_fd = s->driver_fd = s->trash.dir_fd = -1;
	pthread_mutex_init(&s->mu, NULL);
	map_init(&s->layers, free);
	map_init(&s->rws, free);
	s->root = xstrdup(root);
	image = path_join(root, "image");
	s->image_dir = path_join(image, DRIVER);
	s->driver_dir = path_join(root, DRIVER);
	if (open_dirs(s, e) < 0 || overlay_probe(s->driver_fd, s->driver_dir, e) < 0)
		return -1;
	s->index_param = path_exists("/sys/module/overlay/parameters/index");
	s->d_type = has_d_type(s->driver_fd);
	str_copy(s->backing, backing_name(s->driver_fd), sizeof(s->backing));
	if (trash_open(&s->trash, s->driver_fd, ".trash", e) < 0)
		return -1;
	layers_repair(s);
	if (layers_load(s, e) < 0 || rws_load(s, e) < 0)
		return -1;
	*ret = TAKE(s);
	return 0;
}

void storage_free(struct storage *s)
{
	if (!s)
		return;
	trash_close(&s->trash);
	map_clear(&s->rws);
	map_clear(&s->layers);
	pthread_mutex_destroy(&s->mu);
	fd_close(&s->db_fd);
	fd_close(&s->driver_fd);
	free(s->root);
	free(s->image_dir);
	free(s->driver_dir);
	free(s);
}

void storage_freep(struct storage **s)
{
	storage_free(*s);
	*s = NULL;
}

const char *storage_driver(const struct storage *s)
{
	(void)s;
	return DRIVER;
}

const char *storage_root(const struct storage *s)
{
	return s->root;
}

const char *storage_image_dir(const struct storage *s)
{
	return s->image_dir;
}

int storage_discard(struct storage *s, const char *path, struct err *e)
{
	struct err ignored;

	if (trash_move(&s->trash, AT_FDCWD, path, &ignored) == 0)
		return 0;
	/* a mount of its own, out of the trash's reach */
	return path_remove_tree(AT_FDCWD, path, e);
}

void storage_status(const struct storage *s, struct strv *ret_pairs)
{
	const char *const pairs[] = {
		"Backing Filesystem",  s->backing,
		"Supports d_type",     s->d_type ? "true" : "false",
		"Using metacopy",      "false",
		"Native Overlay Diff", "true",
		"userxattr",	       "true",
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		strv_add(ret_pairs, pairs[i]);
}
