// SPDX-License-Identifier: MIT
/*
 * Writable layers. layerdb/mounts/<container>/ is written and synced first and
 * names the two directories of the driver, so that a half-made layer can be
 * found and removed. Source: moby layer/layer_store.go, layer/filestore.go.
 */
#include "storage/rw.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/thread.h"
#include "storage/layer.h"
#include "storage/driver_internal.h"

static int id_ok(const char *id, struct err *e)
{
	if (*id == 0 || strlen(id) > RW_ID_MAX || strchr(id, '/') || *id == '.')
		return err_set(e, ERR_INVALID, 0, "invalid container id");
	return 0;
}

static void mounts_path(const char *id, char out[RW_ID_MAX + 16])
{
	snprintf(out, RW_ID_MAX + 16, "mounts/%.128s", id);
}

static int write_names(struct storage *s, const char *id, const struct rw *rw, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;
	char dir[RW_ID_MAX + 16];

	mounts_path(id, dir);
	if (mkdirat(s->db_fd, dir, 0755) < 0)
		return err_sys(e, "make %s", dir);
	fd = openat(s->db_fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", dir);
	if (put_file(fd, "mount-id", rw->mount_id, 0644, e) < 0 ||
	    put_file(fd, "init-id", rw->init_id, 0644, e) < 0)
		return -1;
	if (rw->parent && put_file(fd, "parent", rw->parent->chain_id, 0644, e) < 0)
		return -1;
	return sync_files(s->db_fd, dir, e);
}

/* off the table, away from the disk, the chain's reference given back */
static void drop(struct storage *s, const char *id)
{
	char dir[RW_ID_MAX + 16];
	struct err e;
	struct rw *rw;

	mutex_lock(&s->mu);
	rw = map_steal(&s->rws, id);
	pthread_mutex_unlock(&s->mu);
	if (!rw)
		return;
	s->driver->drop(s, rw->mount_id, rw->link);
	s->driver->drop(s, rw->init_id, rw->init_link);
	mounts_path(id, dir);
	if (path_remove_tree(s->db_fd, dir, &e) < 0)
		log_debug(&e, "remove writable layer");
	if (rw->parent) {
		MUTEX_GUARD(&s->mu);

		layer_put(s, rw->parent, NULL);
	}
	free(rw);
}

int storage_rw_create(struct storage *s, const char *id, const char *parent_chain, struct err *e)
{
	struct rw *rw;

	if (id_ok(id, e) < 0)
		return -1;
	mutex_lock(&s->mu);
	if (map_get(&s->rws, id)) {
		pthread_mutex_unlock(&s->mu);
		return err_set(e, ERR_CONFLICT, 0, "container %s has a writable layer already", id);
	}
	rw = xcalloc(1, sizeof(*rw));
	if (!str_empty(parent_chain)) {
		rw->parent = layer_find(s, parent_chain);
		if (!rw->parent) {
			pthread_mutex_unlock(&s->mu);
			free(rw);
			return err_set(e, ERR_NOTFOUND, 0, "layer %s does not exist", parent_chain);
		}
		rw->parent->n_refs++;
	}
	rand_hex(rw->mount_id, RAND_ID_LEN);
	snprintf(rw->init_id, sizeof(rw->init_id), "%s-init", rw->mount_id);
	map_put(&s->rws, id, rw);
	pthread_mutex_unlock(&s->mu);
	if (write_names(s, id, rw, e) < 0 || s->driver->rw_make(s, rw, e) < 0) {
		drop(s, id);
		return -1;
	}
	return 0;
}

int storage_rw_remove(struct storage *s, const char *id, struct err *e)
{
	if (id_ok(id, e) < 0)
		return -1;
	drop(s, id);
	return 0;
}

int rw_find(struct storage *s, const char *id, struct rw *ret, struct err *e)
{
	MUTEX_GUARD(&s->mu);
	struct rw *rw = map_get(&s->rws, id);

	if (!rw)
		return err_set(e, ERR_NOTFOUND, 0, "container %s has no writable layer", id);
	*ret = *rw;
	return 0;
}

void storage_mount_clear(struct storage_mount *m)
{
	free(m->base_dir);
	free(m->program);
	free(m->merged);
	free(m->options);
	memset(m, 0, sizeof(*m));
}

int storage_rw_mount_info(struct storage *s, const char *id, struct storage_mount *ret,
			  struct err *e)
{
	struct rw rw;

	if (rw_find(s, id, &rw, e) < 0)
		return -1;
	ret->ids = rw.ids;
	return s->driver->mount(s, &rw, ret, e);
}

int storage_rw_keepid(struct storage *s, const char *id, const struct keepid *ids, struct err *e)
{
	char path[RW_ID_MAX + 16], text[32];
	struct rw rw;

	if (ids->uid == 0 && ids->gid == 0)
		return 0;
	if (!s->driver->links)
		return err_set(e, ERR_UNIMPLEMENTED, 0,
			       "userns=keep-id needs the storage driver overlay2 or "
			       "fuse-overlayfs, not %s",
			       s->driver->name);
	if (rw_find(s, id, &rw, e) < 0)
		return -1;
	rw.ids = *ids;
	snprintf(path, sizeof(path), "mounts/%.100s/keepid", id);
	snprintf(text, sizeof(text), "%u:%u", ids->uid, ids->gid);
	if (overlay_shift(s, &rw, e) < 0 || put_file(s->db_fd, path, text, 0644, e) < 0)
		return -1;
	mutex_lock(&s->mu);
	((struct rw *)map_get(&s->rws, id))->ids = *ids;
	pthread_mutex_unlock(&s->mu);
	return 0;
}

int storage_image_mount(struct storage *s, const char *chain_id, struct storage_mount *ret,
			struct err *e)
{
	struct rw none = {0};
	char name[TREE_NAME_SIZE];

	mutex_lock(&s->mu);
	none.parent = layer_find(s, chain_id);
	pthread_mutex_unlock(&s->mu);
	if (!none.parent)
		return err_set(e, ERR_NOTFOUND, 0, "layer %s does not exist", chain_id);
	driver_tree_name(s, none.parent->cache_id, name);
	ret->merged = xasprintf("%s/%s", s->driver_dir, name);
	ret->type = STORAGE_MOUNT_NONE;
	return s->driver->links && none.parent->parent ? s->driver->mount(s, &none, ret, e) : 0;
}

int storage_rw_size(struct storage *s, const char *id, uint64_t *ret_bytes, struct err *e)
{
	struct rw rw;

	if (rw_find(s, id, &rw, e) < 0)
		return -1;
	return s->driver->rw_size(s, &rw, ret_bytes, e);
}

int storage_rw_changes(struct storage *s, const char *id,
		       void (*fn)(void *arg, enum storage_change_kind kind, const char *path),
		       void *arg, struct err *e)
{
	const struct changes_sink sink = {fn, arg};
	struct rw rw;

	if (rw_find(s, id, &rw, e) < 0)
		return -1;
	return s->driver->changes(s, &rw, &sink, e);
}

int storage_rw_tar(struct storage *s, const char *id, struct stream *out, struct err *e)
{
	struct rw rw;

	if (rw_find(s, id, &rw, e) < 0)
		return -1;
	return s->driver->tar(s, &rw, out, e);
}

int storage_rw_root_size(struct storage *s, const char *id, uint64_t *ret_bytes, struct err *e)
{
	uint64_t own = 0;
	struct rw rw;

	if (rw_find(s, id, &rw, e) < 0 || storage_rw_size(s, id, &own, e) < 0)
		return -1;
	for (const struct layer *l = rw.parent; l; l = l->parent)
		own += l->size_bytes;
	*ret_bytes = own;
	return 0;
}

int storage_rw_graph_data(struct storage *s, const char *id, struct strv *ret_pairs, struct err *e)
{
	struct rw rw;

	if (rw_find(s, id, &rw, e) < 0)
		return -1;
	strv_add(ret_pairs, "ID");
	strv_add(ret_pairs, id);
	if (s->driver->graph)
		s->driver->graph(s, rw.mount_id, rw.init_id, rw.parent, ret_pairs);
	return 0;
}

void storage_rw_list(struct storage *s, struct strv *ret_ids)
{
	MUTEX_GUARD(&s->mu);
	CLEANUP(freep) const char **keys = map_keys_sorted(&s->rws);

	for (size_t i = 0; i < s->rws.n; i++)
		strv_add(ret_ids, keys[i]);
}

void storage_rw_sweep(struct storage *s, const struct strv *keep_ids)
{
	CLEANUP(strv_clear) struct strv all = STRV_INIT;

	storage_rw_list(s, &all);
	strv_for_each (id, &all)
		if (!strv_has(keep_ids, *id))
			drop(s, *id);
}

/* --- reading layerdb/mounts ------------------------------------------------ */

static bool driver_name_ok(const char *id)
{
	return *id && *id != '.' && !strchr(id, '/');
}

static void read_short_link(struct storage *s, const char *id, char link[LINK_ID_LEN + 1])
{
	char path[CACHE_ID_SIZE + 16], text[LINK_ID_LEN + 2];

	snprintf(path, sizeof(path), "%.70s/link", id);
	if (get_file(s->driver_fd, path, text, sizeof(text)) == 0 && strlen(text) == LINK_ID_LEN)
		str_copy(link, text, LINK_ID_LEN + 1);
}

/* a creation that ended before it wrote its first file, or a removal after its last */
static void remove_unfinished(int mounts_fd, const char *id)
{
	struct err e;

	if (path_remove_tree(mounts_fd, id, &e) < 0)
		log_warn(&e, "unfinished writable layer %s", id);
}

static void read_rw(struct storage *s, int mounts_fd, const char *id)
{
	CLEANUP(fd_closep)
	int fd = openat(mounts_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP(freep) struct rw *rw = xcalloc(1, sizeof(*rw));
	struct stat st = {.st_size = 1};
	char parent[DIGEST_SIZE];

	if (fd >= 0 && !s->looking &&
	    ((fstatat(fd, "mount-id", &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT) ||
	     st.st_size == 0))
		remove_unfinished(mounts_fd, id);
	if (fd < 0 || get_file(fd, "mount-id", rw->mount_id, sizeof(rw->mount_id)) < 0 ||
	    !driver_name_ok(rw->mount_id))
		return;
	if (get_file(fd, "init-id", rw->init_id, sizeof(rw->init_id)) < 0 ||
	    !driver_name_ok(rw->init_id))
		snprintf(rw->init_id, sizeof(rw->init_id), "%s-init", rw->mount_id);
	if (get_file(fd, "parent", parent, sizeof(parent)) == 0) {
		rw->parent = layer_find(s, parent);
		if (!rw->parent)
			log_debug(NULL, "layer %s of container %s is missing", parent, id);
		else
			rw->parent->n_refs++;
	}
	read_short_link(s, rw->mount_id, rw->link);
	read_short_link(s, rw->init_id, rw->init_link);
	if (get_file(fd, "keepid", parent, sizeof(parent)) == 0)
		(void)!sscanf(parent, "%u:%u", &rw->ids.uid, &rw->ids.gid);
	map_put(&s->rws, id, TAKE(rw));
}

int rws_load(struct storage *s, struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(fd_closep) int fd = open_names(s->db_fd, "mounts", &names, e);

	strv_for_each (name, &names)
		if (**name != '.' && strlen(*name) <= RW_ID_MAX)
			read_rw(s, fd, *name);
	return fd < 0 ? -1 : 0;
}
