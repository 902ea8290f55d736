// SPDX-License-Identifier: MIT
/*
 * The store as a whole: directories, opening, repair. State on disk is the
 * truth; what is in memory is read from it once and then kept in step. The
 * mutex guards the two tables and the reference counts.
 */
#include "storage/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/thread.h"
#include "storage/driver_internal.h"

#define LOCK_WAIT_MS 5000 /* for an engine that is about to end */

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

static int open_dirs(struct storage *s, struct err *e)
{
	CLEANUP(freep) char *db = path_join(s->image_dir, "layerdb");

	s->driver_fd = open_sub(s->driver_dir, 0710, e);
	if (s->driver_fd < 0 || s->driver->open(s, e) < 0)
		return -1;
	if (path_mkdirs(s->image_dir, 0700, e) < 0)
		return -1;
	s->db_fd = open_sub(db, 0700, e);
	if (s->db_fd < 0 || make_sub(s->db_fd, "sha256", 0755, e) < 0 ||
	    make_sub(s->db_fd, "mounts", 0755, e) < 0 || make_sub(s->db_fd, "tmp", 0755, e) < 0)
		return -1;
	return 0;
}

static int try_lock(int dir_fd, const char *name)
{
	CLEANUP(fd_closep) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	return held ? -1 : TAKE_FD(fd);
}

int storage_lock(const char *root, int timeout_ms, struct err *e)
{
	/* Docker's dockerd keeps its data bases locked */
	static const char *const dockers[] = {"volumes/metadata.db", "network/files/local-kv.db"};
	CLEANUP(fd_closep) int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct timespec nap = {.tv_nsec = 50 * 1000000};
	int fd;

	if (root_fd < 0)
		return err_sys(e, "open %s", root);
	for (; (fd = try_lock(root_fd, ".")) < 0 && timeout_ms > 0; timeout_ms -= 50)
		(void)nanosleep(&nap, NULL);
	for (size_t i = 0; fd >= 0 && i < ARRAY_LEN(dockers); i++) {
		CLEANUP(fd_closep) int other = -1;

		errno = 0;
		other = try_lock(root_fd, dockers[i]);
		if (other < 0 && errno == EWOULDBLOCK)
			fd_close(&fd);
	}
	if (fd < 0)
		return err_set(e, ERR_CONFLICT, 0,
			       "%s is in use by another engine (or by fsck): stop it first", root);
	return fd;
}

static struct storage *storage_new(const char *root)
{
	struct storage *s = xcalloc(1, sizeof(*s));

	s->db_fd = s->driver_fd = s->trash.dir_fd = s->lock_fd = -1;
	pthread_mutex_init(&s->mu, NULL);
	pthread_mutex_init(&s->twin_mu, NULL);
	map_init(&s->layers, free);
	map_init(&s->rws, free);
	s->root = xstrdup(root);
	return s;
}

static void name_dirs(struct storage *s)
{
	s->image_dir = xasprintf("%s/image/%s", s->root, s->driver->name);
	s->driver_dir = path_join(s->root, s->driver->name);
}

struct storage *storage_look(const char *root, const char *driver)
{
	struct storage *s = storage_new(root);
	struct err ignored;

	s->looking = true;
	s->driver = driver_named(driver);
	name_dirs(s);
	s->driver_fd = open(s->driver_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->db_fd = open(s->image_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->driver_fd < 0 && s->db_fd < 0) {
		storage_free(s);
		return NULL;
	}
	if (s->db_fd >= 0) {
		int db_fd = openat(s->db_fd, "layerdb", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		close(s->db_fd);
		s->db_fd = db_fd;
	}
	(void)(layers_load(s, &ignored) < 0 || rws_load(s, &ignored) < 0);
	return s;
}

int storage_open(const char *root, const char *driver, struct storage **ret, struct err *e)
{
	CLEANUP(storage_freep) struct storage *s = NULL;

	if (root[0] != '/')
		return err_set(e, ERR_INVALID, 0, "data root %s is not an absolute path", root);
	s = storage_new(root);
	if (path_mkdirs(root, 0711, e) < 0)
		return -1;
	s->lock_fd = storage_lock(root, LOCK_WAIT_MS, e);
	if (s->lock_fd < 0)
		return -1;
	sweep_unwritten(root);
	if (driver_choose(s, driver, e) < 0)
		return -1;
	name_dirs(s);
	if (open_dirs(s, e) < 0)
		return -1;
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
	pthread_mutex_destroy(&s->twin_mu);
	fd_close(&s->db_fd);
	fd_close(&s->driver_fd);
	fd_close(&s->lock_fd);
	free(s->root);
	free(s->choice);
	strv_clear(&s->others);
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
	return s->driver->name;
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

	/* a mount of its own is out of the trash's reach */
	if (trash_move(&s->trash, AT_FDCWD, path, &ignored) < 0 &&
	    path_remove_tree(AT_FDCWD, path, e) < 0)
		return -1;
	return file_sync_parent(AT_FDCWD, path, e);
}

void storage_status(const struct storage *s, struct strv *ret_pairs)
{
	if (s->driver->status)
		s->driver->status(s, ret_pairs);
}

const char *storage_choice(const struct storage *s)
{
	return s->choice;
}

const struct strv *storage_others(const struct storage *s)
{
	return &s->others;
}
