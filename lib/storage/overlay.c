// SPDX-License-Identifier: MIT
/*
 * Drivers that join layers by an overlay mount: overlay2 (the kernel's) and
 * fuse-overlayfs (the program of that name). Both lay out alike:
 * <id>/{diff,link,lower,work,committed,merged} and l/<short link>, short so
 * that 128 layers fit into one page of mount options. Source: moby
 * daemon/graphdriver/overlay2/overlay.go, fuse-overlayfs/fuseoverlayfs.go.
 */
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
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/thread.h"
#include "ns/fuse.h"
#include "storage/driver_internal.h"

static void random_link(char out[LINK_ID_LEN + 1])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; /* base32, as Docker */
	unsigned char random[LINK_ID_LEN];

	rand_bytes(random, sizeof(random));
	for (int i = 0; i < LINK_ID_LEN; i++)
		out[i] = digits[random[i] & 31];
	out[LINK_ID_LEN] = 0;
}

/* "l/A:l/B" from l downwards, appended */
void overlay_add_lower(const struct layer *l, struct buf *b)
{
	for (; l; l = l->parent)
		buf_addf(b, "%sl/%s", b->len > 0 ? ":" : "", l->link);
}

int overlay_link(struct storage *s, const char *id, char link[LINK_ID_LEN + 1], struct err *e)
{
	char name[LINK_ID_LEN + 3], path[CACHE_ID_SIZE + 16], target[160];

	if (!*link)
		random_link(link);
	snprintf(name, sizeof(name), "l/%.26s", link);
	snprintf(path, sizeof(path), "%.72s/link", id);
	snprintf(target, sizeof(target), "../%.128s/diff", id);
	unlinkat(s->driver_fd, name, 0);
	if (symlinkat(target, s->driver_fd, name) < 0)
		return err_sys(e, "make %s", name);
	return put_file(s->driver_fd, path, link, 0644, e);
}

/* a new <id> with diff and link; the link's name into ret_link */
static int make(struct storage *s, const char *id, char ret_link[LINK_ID_LEN + 1], struct err *e)
{
	char diff[160];

	snprintf(diff, sizeof(diff), "%.128s/diff", id);
	if (mkdirat(s->driver_fd, id, 0710) < 0 || mkdirat(s->driver_fd, diff, 0755) < 0)
		return err_sys(e, "make layer directory %s", id);
	*ret_link = 0;
	return overlay_link(s, id, ret_link, e);
}

/* lower (with text), work and committed */
static int finish(struct storage *s, const char *id, const char *lower, bool committed,
		  struct err *e)
{
	CLEANUP(fd_closep) int fd = driver_open_dir(s, id, "layer directory", e);

	if (fd < 0)
		return -1;
	if (*lower) {
		if (mkdirat(fd, "work", 0700) < 0)
			return err_sys(e, "make work directory of %s", id);
		if (put_file(fd, "lower", lower, 0644, e) < 0)
			return -1;
	}
	return committed ? put_file(fd, "committed", "", 0600, e) : 0;
}

static int settle(struct storage *s, const char *id, const struct layer *parent, struct err *e)
{
	CLEANUP(buf_clear) struct buf lower = BUF_INIT;

	overlay_add_lower(parent, &lower);
	return finish(s, id, buf_str(&lower), true, e);
}

/* --- layers with other owners: <id>/ids-UID-GID, l/<begin of the link>-UID-GID -------------- */

#define TWIN_PREFIX "ids"
#define TWIN_LINK   12 /* so much of a link names its twins too; a page holds 100 of them */

static void twin_suffix(const struct keepid *ids, char out[24])
{
	*out = 0;
	if (ids->uid != 0 || ids->gid != 0)
		snprintf(out, 24, "-%x-%x", ids->uid, ids->gid);
}

/* the names of all layers below a container's writable one */
static void add_lower_of(const struct rw *rw, struct buf *b)
{
	const struct layer *l = rw->parent;
	int len = LINK_ID_LEN;
	char suffix[24];

	twin_suffix(&rw->ids, suffix);
	if (*suffix)
		len = TWIN_LINK;
	buf_addf(b, "l/%.*s%s", len, rw->init_link, suffix);
	for (; l; l = l->parent)
		buf_addf(b, ":l/%.*s%s", len, l->link, suffix);
}

static int make_twin(struct storage *s, const char *id, const char *link, const struct keepid *ids,
		     struct err *e)
{
	char suffix[24], name[64], tree[TREE_NAME_SIZE], twin[TREE_NAME_SIZE + 24], to[160];
	CLEANUP(fd_closep) int src_fd = -1;
	CLEANUP(fd_closep) int dst_fd = -1;

	twin_suffix(ids, suffix);
	snprintf(name, sizeof(name), "l/%.*s%s", TWIN_LINK, link, suffix);
	if (faccessat(s->driver_fd, name, F_OK, 0) == 0)
		return 0;
	snprintf(twin, sizeof(twin), "%.72s/" TWIN_PREFIX "%s", id, suffix);
	snprintf(to, sizeof(to), "../%s", twin);
	driver_tree_name(s, id, tree);
	if (path_remove_tree(s->driver_fd, twin, e) < 0)
		return -1;
	if (mkdirat(s->driver_fd, twin, 0755) < 0)
		return err_sys(e, "make %s", twin);
	src_fd = driver_open_dir(s, tree, "layer", e);
	dst_fd = src_fd < 0 ? -1 : driver_open_dir(s, twin, "layer", e);
	if (dst_fd < 0 || tree_put_ids(src_fd, dst_fd, ids, e) < 0)
		return -1;
	/* the link says that all is there */
	if (syncfs(dst_fd) < 0 || (unlinkat(s->driver_fd, name, 0) < 0 && errno != ENOENT) ||
	    symlinkat(to, s->driver_fd, name) < 0)
		return err_sys(e, "make %s", name);
	return 0;
}

int overlay_shift(struct storage *s, const struct rw *rw, struct err *e)
{
	char upper[TREE_NAME_SIZE];
	MUTEX_GUARD(&s->twin_mu);

	for (const struct layer *l = rw->parent; l; l = l->parent)
		if (make_twin(s, l->cache_id, l->link, &rw->ids, e) < 0)
			return -1;
	driver_tree_name(s, rw->mount_id, upper);
	if (fchownat(s->driver_fd, upper, keepid_out(rw->ids.uid, 0), keepid_out(rw->ids.gid, 0),
		     0) < 0)
		return err_sys(e, "change owner of %s", upper);
	return make_twin(s, rw->init_id, rw->init_link, &rw->ids, e);
}

static void drop_twin_links(struct storage *s, const char *id, const char *link)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	struct err ignored;
	CLEANUP(fd_closep) int fd = driver_open_dir(s, id, "layer directory", &ignored);
	char name[64];

	if (fd < 0 || walk_names(fd, &names, &ignored) < 0)
		return;
	strv_for_each (it, &names) {
		const char *suffix = str_skip(*it, TWIN_PREFIX "-");

		snprintf(name, sizeof(name), "l/%.*s-%.23s", TWIN_LINK, link, suffix ? suffix : "");
		if (suffix)
			unlinkat(s->driver_fd, name, 0);
	}
}

static void drop(struct storage *s, const char *id, const char *link)
{
	struct err e;
	char name[LINK_ID_LEN + 3];

	if (!str_empty(link)) {
		snprintf(name, sizeof(name), "l/%.26s", link);
		unlinkat(s->driver_fd, name, 0);
		drop_twin_links(s, id, link);
	}
	if (trash_move(&s->trash, s->driver_fd, id, &e) < 0)
		log_debug(&e, "remove layer");
}

static int make_merged(struct storage *s, const char *mount_id, struct err *e)
{
	char path[CACHE_ID_SIZE + 8];

	snprintf(path, sizeof(path), "%s/merged", mount_id);
	if (mkdirat(s->driver_fd, path, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make %s", path);
	return 0;
}

static int rw_make(struct storage *s, struct rw *rw, struct err *e)
{
	CLEANUP(buf_clear) struct buf lower = BUF_INIT;
	CLEANUP(buf_clear) struct buf lower_init = BUF_INIT;

	overlay_add_lower(rw->parent, &lower);
	if (make(s, rw->init_id, rw->init_link, e) < 0 ||
	    init_layer_fill(s, rw->init_id, rw->parent, e) < 0 ||
	    finish(s, rw->init_id, buf_str(&lower), true, e) < 0)
		return -1;
	buf_addf(&lower_init, "l/%s", rw->init_link);
	if (lower.len > 0)
		buf_addf(&lower_init, ":%s", buf_str(&lower));
	if (make(s, rw->mount_id, rw->link, e) < 0 ||
	    finish(s, rw->mount_id, buf_str(&lower_init), false, e) < 0)
		return -1;
	if (make_merged(s, rw->mount_id, e) < 0 || sync_files(s->driver_fd, rw->init_id, e) < 0 ||
	    file_sync_dir(s->driver_fd, "l", e) < 0)
		return -1;
	return sync_files(s->driver_fd, rw->mount_id, e);
}

static int mount_info(struct storage *s, const struct rw *rw, struct storage_mount *ret,
		      struct err *e)
{
	CLEANUP(buf_clear) struct buf lower = BUF_INIT;

	ret->type = STORAGE_MOUNT_OVERLAY;
	if (!*rw->mount_id) {
		overlay_add_lower(rw->parent, &lower);
		ret->base_dir = xstrdup(s->driver_dir);
		ret->options = xasprintf("lowerdir=%s,userxattr", buf_str(&lower));
		return 0;
	}
	if (make_merged(s, rw->mount_id, e) < 0)
		return -1;
	add_lower_of(rw, &lower);
	ret->base_dir = xstrdup(s->driver_dir);
	ret->merged = xasprintf("%s/%s/merged", s->driver_dir, rw->mount_id);
	ret->options = xasprintf("lowerdir=%s,upperdir=%s/diff,workdir=%s/work,userxattr%s",
				 buf_str(&lower), rw->mount_id, rw->mount_id,
				 s->index_param ? ",index=off" : "");
	return 0;
}

static void graph(struct storage *s, const char *id, const char *lower, const struct layer *parent,
		  struct strv *ret_pairs)
{
	CLEANUP(buf_clear) struct buf dirs = BUF_INIT;

	if (lower)
		buf_addf(&dirs, "%s/%s/diff", s->driver_dir, lower);
	for (const struct layer *l = parent; l; l = l->parent)
		buf_addf(&dirs, "%s%s/%s/diff", dirs.len > 0 ? ":" : "", s->driver_dir,
			 l->cache_id);
	if (dirs.len > 0) {
		strv_add(ret_pairs, "LowerDir");
		strv_add(ret_pairs, buf_str(&dirs));
	}
	strv_add(ret_pairs, "MergedDir");
	strv_addf(ret_pairs, "%s/%s/merged", s->driver_dir, id);
	strv_add(ret_pairs, "UpperDir");
	strv_addf(ret_pairs, "%s/%s/diff", s->driver_dir, id);
	strv_add(ret_pairs, "WorkDir");
	strv_addf(ret_pairs, "%s/%s/work", s->driver_dir, id);
}

static int rw_size(struct storage *s, const struct rw *rw, uint64_t *ret_bytes, struct err *e)
{
	char diff[TREE_NAME_SIZE];

	driver_tree_name(s, rw->mount_id, diff);
	return tree_size(s->driver_fd, diff, ret_bytes, e);
}

static int open_dirs(struct storage *s, struct err *e)
{
	if (mkdirat(s->driver_fd, "l", 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make directory l");
	return 0;
}

static int open_overlay2(struct storage *s, struct err *e)
{
	s->index_param = path_exists("/sys/module/overlay/parameters/index");
	s->d_type = has_d_type(s->driver_fd);
	return open_dirs(s, e);
}

static void status_overlay2(const struct storage *s, struct strv *ret_pairs)
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

const struct driver driver_overlay2 = {
	.name = "overlay2",
	.before = "",
	.after = "/diff",
	.staging = "",
	.links = true,
	.probe = overlay_probe,
	.open = open_overlay2,
	.stage = make,
	.settle = settle,
	.rw_make = rw_make,
	.drop = drop,
	.mount = mount_info,
	.graph = graph,
	.status = status_overlay2,
	.rw_size = rw_size,
	.changes = upper_changes,
	.tar = upper_tar,
};

/* The container's shim runs the program in a mount namespace of its own, so that the mount ends
 * with the container and neither needs dockerd. Its server writes through: what is read from the
 * upper directory (diff, commit, sizes) is what the container has written. */
static int mount_fuse(struct storage *s, const struct rw *rw, struct storage_mount *ret,
		      struct err *e)
{
	CLEANUP(freep) char *program = NULL;
	CLEANUP(buf_clear) struct buf lower = BUF_INIT;

	if (!*rw->mount_id)
		return err_set(e, ERR_UNIMPLEMENTED, 0,
			       "fuse-overlayfs mounts no images of several layers");
	program = fuse_overlayfs_find(e);
	if (!program || make_merged(s, rw->mount_id, e) < 0)
		return -1;
	add_lower_of(rw, &lower);
	ret->type = STORAGE_MOUNT_FUSE;
	ret->base_dir = xstrdup(s->driver_dir);
	ret->merged = xasprintf("%s/%s/merged", s->driver_dir, rw->mount_id);
	ret->options = xasprintf("lowerdir=%s,upperdir=%s/diff,workdir=%s/work,writeback=0",
				 buf_str(&lower), rw->mount_id, rw->mount_id);
	ret->program = TAKE(program);
	return 0;
}

const struct driver driver_fuse = {
	.name = "fuse-overlayfs",
	.before = "",
	.after = "/diff",
	.staging = "",
	.links = true,
	.wh_names = true,
	.probe = fuse_probe,
	.open = open_dirs,
	.stage = make,
	.settle = settle,
	.rw_make = rw_make,
	.drop = drop,
	.mount = mount_fuse,
	.graph = graph,
	.rw_size = rw_size,
	.changes = upper_changes,
	.tar = upper_tar,
};
