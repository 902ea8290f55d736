// SPDX-License-Identifier: MIT
/*
 * What a container changed (docker diff) and its layer as a tar (docker
 * commit). Both read the upper directory: a whiteout is a deletion, anything
 * else was added when no layer below has it and modified otherwise. Source:
 * moby pkg/archive/changes.go, changes_linux.go.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/pack.h"
#include "archive/tar.h"
#include "archive/walk.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "storage/driver_internal.h"

#define WH_PREFIX ".wh."

struct changes {
	struct storage *s;
	struct layer init; /* the init layer, as the top of the chain below */
	struct changes_walk w;
	struct keepid ids;
};

void changes_tell(struct changes_walk *w, enum storage_change_kind kind)
{
	char *path = w->path.data;
	size_t last = (size_t)(strrchr(path, '/') - path);

	while (w->told < last) {
		size_t next = w->told + 1 + strcspn(path + w->told + 1, "/");
		char kept = path[next];

		path[next] = 0;
		w->sink->fn(w->sink->arg, CHANGE_MODIFIED, path);
		path[next] = kept;
		w->told = next;
	}
	w->sink->fn(w->sink->arg, kind, path);
}

/* copied up but not changed, as far as Docker's rootless dockerd looks */
static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       (S_ISDIR(a->st_mode) || a->st_size == b->st_size) &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int walk(struct changes *c, int fd, unsigned depth, struct err *e);

static int visit(struct changes *c, int fd, const char *name, unsigned depth, struct err *e)
{
	CLEANUP(fd_closep) int sub = -1;
	struct stat st, below;
	bool is_dir, exists;

	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	st.st_uid = keepid_in(c->ids.uid, st.st_uid);
	st.st_gid = keepid_in(c->ids.gid, st.st_gid);
	is_dir = S_ISDIR(st.st_mode);
	exists = chain_lookup(c->s, &c->init, c->w.path.data + 1, &below) > 0;
	if (S_ISCHR(st.st_mode) && st.st_rdev == 0) {
		changes_tell(&c->w, CHANGE_DELETED);
	} else if (!(exists && same(&st, &below))) {
		changes_tell(&c->w, exists ? CHANGE_MODIFIED : CHANGE_ADDED);
		c->w.told = is_dir ? c->w.path.len : c->w.told;
	}
	if (!is_dir || depth > STORAGE_TREE_DEPTH_MAX)
		return 0;
	sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return sub < 0 ? 0 : walk(c, sub, depth + 1, e);
}

static int walk(struct changes *c, int fd, unsigned depth, struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	size_t len = c->w.path.len;
	int r = 0;

	if (walk_names(fd, &names, e) < 0)
		return -1;
	for (size_t i = 0; r == 0 && i < names.len; i++) {
		const char *gone =
			c->s->driver->wh_names ? str_skip(names.items[i], WH_PREFIX) : NULL;

		if (gone &&
		    (str_starts(gone, WH_PREFIX) || str_eq(gone, ".opq") || strv_has(&names, gone)))
			continue; /* opaque (fuse-overlayfs: .wh..opq), or hidden and there again */
		buf_addf(&c->w.path, "/%s", gone ? gone : names.items[i]);
		if (gone)
			changes_tell(&c->w, CHANGE_DELETED);
		else
			r = visit(c, fd, names.items[i], depth, e);
		c->w.path.len = len;
		c->w.path.data[len] = 0;
		c->w.told = MIN(c->w.told, len);
	}
	return r;
}

/* the upper directory, and the init layer as a link of the chain */
static int open_upper(struct storage *s, const struct rw *rw, struct layer *ret_init, struct err *e)
{
	char diff[TREE_NAME_SIZE];

	memset(ret_init, 0, sizeof(*ret_init));
	str_copy(ret_init->cache_id, rw->init_id, sizeof(ret_init->cache_id));
	ret_init->parent = rw->parent;
	driver_tree_name(s, rw->mount_id, diff);
	return driver_open_dir(s, diff, "writable layer", e);
}

int upper_changes(struct storage *s, const struct rw *rw, const struct changes_sink *sink,
		  struct err *e)
{
	struct changes *c = xcalloc(1, sizeof(*c));
	CLEANUP(fd_closep) int fd = open_upper(s, rw, &c->init, e);
	int r = -1;

	c->s = s;
	c->w.sink = sink;
	c->ids = rw->ids;
	if (fd >= 0)
		r = walk(c, fd, 0, e);
	buf_clear(&c->w.path);
	free(c);
	return r;
}

int upper_tar(struct storage *s, const struct rw *rw, struct stream *out, struct err *e)
{
	const struct pack_opts opts = {.prefix = "", .overlay_to_aufs = true, .ids = rw->ids};
	CLEANUP(tar_writer_freep) struct tar_writer *w = tar_writer_new(out);
	CLEANUP(fd_closep) int fd = -1;
	struct layer init;

	fd = open_upper(s, rw, &init, e);
	if (fd < 0 || pack_tree(w, fd, ".", &opts, e) < 0)
		return -1;
	return tar_writer_end(w, e);
}
