// SPDX-License-Identifier: MIT
/*
 * Checking one driver: layerdb against the trees. First the layers, then the
 * containers' writable layers, then the trees that nothing names; what links
 * overlay2's trees to one another is made anew where it is damaged, for all of
 * it follows from layerdb.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/stream.h"
#include "config/limits.h"
#include "storage/driver_internal.h"
#include "storage/fsck.h"
#include "storage/layer.h"

#define UNFINISHED "write-set-"

static char *db_path(const struct fsck *f, const char *dir, const char *name)
{
	return xasprintf("image/%s/layerdb/%s/%s", f->st->driver->name, dir, name);
}

static char *tree_path(const struct fsck *f, const char *id)
{
	char tree[TREE_NAME_SIZE];

	driver_tree_name(f->st, id, tree);
	return path_join(f->st->driver->name, tree);
}

static bool tree_exists(const struct fsck *f, const char *id)
{
	CLEANUP(freep) char *path = tree_path(f, id);
	struct stat st;

	return fstatat(f->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* --- layers ------------------------------------------------------------------- */

/* which of a layer's files kept it from being loaded */
static void tell_broken(struct fsck *f, const char *hex)
{
	CLEANUP(freep) char *path = db_path(f, "sha256", hex);
	CLEANUP(fd_closep) int fd = openat(f->root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	static const char *const files[] = {"diff", "size", "cache-id", "parent"};
	char text[ARRAY_LEN(files)][DIGEST_SIZE] = {""};
	char chain[DIGEST_SIZE] = "";
	const char *missing = NULL;

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (get_file(fd, files[i], text[i], DIGEST_SIZE) < 0 && i < 3 && !missing)
			missing = files[i];
	if (!missing)
		storage_chain_id(text[3], text[0], chain);
	if (missing)
		fsck_found(f, FSCK_MOVE, "layer", path, NULL, "%s is missing", missing);
	else if (!str_eq(str_skip(chain, "sha256:"), hex))
		fsck_found(f, FSCK_MOVE, "layer", path, NULL,
			   "it is not what its name says: diff or parent is damaged");
	else if (*text[2] && !strchr(text[2], '/') && !tree_exists(f, text[2]))
		fsck_found(f, FSCK_MOVE, "layer", path, NULL, "its directory %s/%s is missing",
			   f->st->driver->name, text[2]);
	else if (*text[3] && !layer_find(f->st, text[3]))
		fsck_found(f, FSCK_MOVE, "layer", path, NULL,
			   "the layer below, %s, is missing or damaged", text[3]);
	else
		fsck_found(f, FSCK_MOVE, "layer", path, NULL, "size or cache-id is damaged");
}

static bool stands_on(const struct layer *l, const struct layer *below)
{
	while (l && l != below)
		l = l->parent;
	return l != NULL;
}

static bool has_container(const struct fsck *f, const struct layer *l)
{
	map_for_each (slot, &f->st->rws)
		if (stands_on(((struct rw *)slot->value)->parent, l))
			return true;
	return false;
}

/* a layer with wrong content, and all that stand on it, are as good as missing */
static void condemn(struct fsck *f, struct layer *bad)
{
	CLEANUP(freep) const char **chains = map_keys_sorted(&f->st->layers);
	size_t n = f->st->layers.n;

	for (size_t i = 0; i < n; i++) {
		struct layer *l = layer_find(f->st, chains[i]);
		CLEANUP(freep) char *path = db_path(f, "sha256", str_skip(l->chain_id, "sha256:"));

		if (!stands_on(l, bad))
			continue;
		map_put(&f->condemned, l->chain_id, l);
		if (l != bad)
			fsck_found(f, FSCK_MOVE, "layer", path, NULL,
				   "the layer below, %s, is damaged", l->parent->chain_id);
	}
	map_for_each (slot, &f->condemned)
		map_steal(&f->st->layers, slot->key);
}

struct hasher {
	struct stream s;
	struct sha256 sum;
};

static int add_to_hash(struct stream *s, const void *p, size_t n, struct err *e)
{
	(void)e;
	sha256_add(&((struct hasher *)(void *)s)->sum, p, n);
	return 0;
}

static const struct stream_ops hash_ops = {.write = add_to_hash};

/* the tar that the layer was made of comes out again, to the bit */
static void check_content(struct fsck *f, struct layer *l, const char *path)
{
	struct hasher h = {.s = {.ops = &hash_ops, .fd = -1, .timeout_ms = -1}};
	struct err e = {.msg = "its digest is another"};
	char digest[DIGEST_SIZE];

	sha256_init(&h.sum);
	if (storage_layer_tar(f->st, l->chain_id, &h.s, &e) == 0) {
		sha256_end_digest(&h.sum, digest);
		if (str_eq(digest, l->diff_id))
			return;
	}
	if (has_container(f, l)) {
		fsck_found(f, FSCK_LEAVE, "content", path, NULL,
			   "files are not what was pulled (%s), but a container stands on it: "
			   "remove the container, then check again",
			   e.msg);
		return;
	}
	fsck_found(f, FSCK_MOVE, "content", path, NULL, "files are not what was pulled (%s)",
		   e.msg);
	condemn(f, l);
}

static void check_layers(struct fsck *f)
{
	CLEANUP(freep) char *dir = db_path(f, "sha256", "");
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	uint64_t bytes;
	struct err e;

	fsck_names(f, dir, &names);
	strv_for_each (hex, &names) {
		CLEANUP(freep) char *chain = xasprintf("sha256:%s", *hex);
		CLEANUP(freep) char *path = db_path(f, "sha256", *hex);
		struct layer *l = layer_find(f->st, chain);

		if (!l && !map_get(&f->condemned, chain))
			tell_broken(f, *hex);
		else if (l && storage_layer_tar_bytes(f->st, chain, &bytes, &e) < 0)
			fsck_found(f, FSCK_LEAVE, "tar-split", path, NULL,
				   "%s: containers run, but the image cannot be saved or pushed; "
				   "remove and pull it to mend that",
				   e.msg);
		else if (l && f->content)
			check_content(f, l, path);
	}
}

/* --- writable layers ------------------------------------------------------------- */

/* the directory of a tree and all that belongs to it */
static char *tree_dir(const struct fsck *f, const char *id)
{
	return xasprintf("%s/%s%s", f->st->driver->name, f->st->driver->before, id);
}

/* an init layer holds nothing of its own: both are made, and the old writable layer is kept */
static int remake_init(struct fsck *f, struct rw *rw, struct err *e)
{
	CLEANUP(freep) char *init = tree_dir(f, rw->init_id);
	CLEANUP(freep) char *tree = tree_dir(f, rw->mount_id);
	CLEANUP(freep) char *kept = xasprintf("%s-kept", tree);
	char old[LINK_ID_LEN + 1], made[LINK_ID_LEN + 3];
	int r;

	str_copy(old, rw->link, sizeof(old));
	if (path_remove_tree(f->root_fd, init, e) < 0)
		return -1;
	if (renameat(f->root_fd, tree, f->root_fd, kept) < 0)
		return err_sys(e, "set the writable layer aside");
	r = f->st->driver->rw_make(f->st, rw, e);
	if (f->st->driver->links) {
		snprintf(made, sizeof(made), "l/%s", rw->link);
		unlinkat(f->st->driver_fd, made, 0);
		str_copy(rw->link, old, sizeof(old));
	}
	if (r == 0)
		r = path_remove_tree(f->root_fd, tree, e);
	if (renameat(f->root_fd, kept, f->root_fd, tree) < 0 && r == 0)
		r = err_sys(e, "put the writable layer back");
	return r;
}

static void check_rw(struct fsck *f, const char *id, const char *path)
{
	struct rw *rw = map_get(&f->st->rws, id);
	const char *driver = map_get(&f->containers, id);
	CLEANUP(freep) char *dir = path_join("containers", id);
	CLEANUP(freep) char *parent = path_join(path, "parent");
	struct err e;
	int r;

	if (!rw || !driver || (!*driver && f->repair)) {
		fsck_found(f, FSCK_REMOVE, "leftover", path, NULL,
			   rw ? "names the writable layer of no container"
			      : "names no writable layer");
		map_del(&f->st->rws, id);
	} else if (!tree_exists(f, rw->mount_id)) {
		fsck_found(f, FSCK_REMOVE, "leftover", path, NULL, "names a layer that is missing");
		map_del(&f->st->rws, id);
	} else if (!rw->parent && faccessat(f->root_fd, parent, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		fsck_found(f, FSCK_LEAVE, "container", dir, NULL,
			   "layers of its image are missing; its own files are there: pull the "
			   "image again, then start the engine anew");
	} else if (!tree_exists(f, rw->init_id)) {
		r = f->repair ? remake_init(f, rw, &e) : 0;
		fsck_found(f, FSCK_FIX, "container", dir, r < 0 ? &e : NULL,
			   "its init layer is missing");
	}
}

/* both ways: writable layers of no container, containers without writable layer */
static void check_rws(struct fsck *f)
{
	CLEANUP(freep) char *dir = db_path(f, "mounts", "");
	CLEANUP(strv_clear) struct strv names = STRV_INIT;

	fsck_names(f, dir, &names);
	strv_for_each (id, &names) {
		CLEANUP(freep) char *path = db_path(f, "mounts", *id);

		check_rw(f, *id, path);
	}
	map_for_each (slot, &f->containers) {
		CLEANUP(freep) char *path = path_join("containers", slot->key);

		if (str_eq(slot->value, f->st->driver->name) && !map_get(&f->st->rws, slot->key))
			fsck_found(f, FSCK_MOVE, "container", path, NULL,
				   "its writable layer is missing");
	}
}

/* --- trees ---------------------------------------------------------------------- */

static char unfinished[LINK_ID_LEN + 1]; /* stands for the link of a tree that goes */

/* id of each tree that something names -> where its short link is kept */
static void gather_known(struct fsck *f, struct map *known)
{
	CLEANUP(freep) char *tmp = db_path(f, "tmp", "");
	CLEANUP(strv_clear) struct strv names = STRV_INIT;

	map_for_each (slot, &f->st->layers)
		map_put(known, ((struct layer *)slot->value)->cache_id,
			((struct layer *)slot->value)->link);
	map_for_each (slot, &f->st->rws) {
		struct rw *rw = slot->value;

		map_put(known, rw->mount_id, rw->link);
		map_put(known, rw->init_id, rw->init_link);
	}
	fsck_names(f, tmp, &names);
	strv_for_each (name, &names) {
		CLEANUP(freep) char *path = path_join(tmp, *name);

		if (str_starts(*name, UNFINISHED))
			map_put(known, *name + strlen(UNFINISHED), unfinished);
		fsck_found(f, FSCK_REMOVE, "leftover", path, NULL, "of a layer that was being %s",
			   str_starts(*name, UNFINISHED) ? "unpacked" : "removed");
	}
}

/* the build cache of Docker's dockerd has trees of its own, named in a data base of its own */
static void read_snapshots(struct fsck *f, struct buf *ret)
{
	struct err ignored;

	(void)!file_read(f->root_fd, "buildkit/snapshots.db", STORAGE_DATABASE_MAX, ret, &ignored);
}

static bool is_empty(struct fsck *f, const char *id)
{
	CLEANUP(freep) char *path = tree_path(f, id);
	CLEANUP(strv_clear) struct strv names = STRV_INIT;

	fsck_names(f, path, &names);
	return names.len == 0;
}

static void check_tree(struct fsck *f, const char *id, const char *path, const char *link,
		       const struct buf *snapshots)
{
	if (link == unfinished)
		fsck_found(f, FSCK_REMOVE, "leftover", path, NULL, "of a layer being unpacked");
	else if (!link &&
		 (snapshots->len == 0 || !memmem(snapshots->data, snapshots->len, id, strlen(id))))
		fsck_found(f, str_ends(id, "-init") || is_empty(f, id) ? FSCK_REMOVE : FSCK_MOVE,
			   "tree", path, NULL, "no layer and no container has it");
}

static void check_trees(struct fsck *f, const struct map *known)
{
	const struct driver *d = f->st->driver;
	CLEANUP(freep) char *dir = tree_dir(f, "");
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(buf_clear) struct buf snapshots = BUF_INIT;

	read_snapshots(f, &snapshots);
	fsck_names(f, dir, &names);
	strv_for_each (id, &names) {
		CLEANUP(freep) char *path = tree_dir(f, *id);
		struct stat st;

		if (**id != '.' && !(d->links && str_eq(*id, "l")) &&
		    fstatat(f->root_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
			check_tree(f, *id, path, map_get(known, *id), &snapshots);
	}
}

static void check_leftovers(struct fsck *f)
{
	static const char *const dirs[] = {".trash", ".staging"};

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		CLEANUP(freep) char *dir = path_join(f->st->driver->name, dirs[i]);
		CLEANUP(strv_clear) struct strv names = STRV_INIT;

		fsck_names(f, dir, &names);
		strv_for_each (name, &names) {
			CLEANUP(freep) char *path = path_join(dir, *name);

			fsck_found(f, FSCK_REMOVE, "leftover", path, NULL,
				   "of something that did not end");
		}
	}
}

/* --- overlay2's links ---------------------------------------------------------------- */

/* name in l/ -> where it leads */
static void read_links(struct fsck *f, const char *dir, struct map *ret)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	char to[CACHE_ID_SIZE + 24];

	fsck_names(f, dir, &names);
	strv_for_each (name, &names) {
		CLEANUP(freep) char *path = path_join(dir, *name);
		ssize_t n = readlinkat(f->root_fd, path, to, sizeof(to) - 1);
		struct stat st;

		if (fstatat(f->root_fd, path, &st, 0) < 0)
			fsck_found(f, FSCK_REMOVE, "link", path, NULL, "it leads nowhere");
		else if (n > 0 && strlen(*name) == LINK_ID_LEN)
			map_put(ret, *name, xstrndup(to, (size_t)n));
	}
}

/* a tree's file link, and the symbolic link of that name, lead to each other */
static void check_link(struct fsck *f, const struct map *links, const char *id, char *link)
{
	CLEANUP(freep) char *path = path_join(f->st->driver->name, id);
	CLEANUP(freep) char *to = xasprintf("../%s/diff", id);
	struct err e;
	int r = 0;

	if (!tree_exists(f, id) || (*link && str_eq(map_get(links, link), to)))
		return;
	map_for_each (slot, links)
		if (str_eq(slot->value, to))
			str_copy(link, slot->key, LINK_ID_LEN + 1);
	if (f->repair)
		r = overlay_link(f->st, id, link, &e);
	fsck_found(f, FSCK_FIX, "link", path, r < 0 ? &e : NULL,
		   "its short name in l/ is missing or damaged");
}

/* file lower of a tree that stands on others */
static void check_lower(struct fsck *f, const char *id, const char *first, const struct layer *l)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s/lower", f->st->driver->name, id);
	CLEANUP(buf_clear) struct buf want = BUF_INIT;
	CLEANUP(buf_clear) struct buf is = BUF_INIT;
	struct err e;
	int r = 0;

	if (first)
		buf_addf(&want, "l/%s", first);
	overlay_add_lower(l, &want);
	if (want.len == 0 || (file_read(f->root_fd, path, STORAGE_META_MAX, &is, &e) == 0 &&
			      str_eq(buf_str(&is), buf_str(&want))))
		return;
	if (f->repair)
		r = file_write(f->root_fd, path, want.data, want.len, 0644, FILE_CONTENT, &e);
	fsck_found(f, FSCK_FIX, "link", path, r < 0 ? &e : NULL,
		   "the names of the layers below are missing or wrong");
}

static void check_work(struct fsck *f, const char *id)
{
	CLEANUP(freep) char *path = xasprintf("%s/%s/work", f->st->driver->name, id);
	struct err e;
	int r = 0;

	if (faccessat(f->root_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return;
	if (f->repair && mkdirat(f->root_fd, path, 0700) < 0)
		r = err_sys(&e, "make it");
	fsck_found(f, FSCK_FIX, "link", path, r < 0 ? &e : NULL, "the work directory is missing");
}

static void check_links(struct fsck *f, const struct map *known)
{
	CLEANUP(freep) char *dir = path_join(f->st->driver->name, "l");
	struct map links;

	map_init(&links, free);
	read_links(f, dir, &links);
	map_for_each (slot, known)
		if (slot->value != unfinished)
			check_link(f, &links, slot->key, slot->value);
	map_clear(&links);
	map_for_each (slot, &f->st->layers)
		check_lower(f, ((struct layer *)slot->value)->cache_id, NULL,
			    ((struct layer *)slot->value)->parent);
	map_for_each (slot, &f->st->rws) {
		const struct rw *rw = slot->value;

		if (!tree_exists(f, rw->init_id))
			continue;
		check_lower(f, rw->init_id, NULL, rw->parent);
		check_lower(f, rw->mount_id, rw->init_link, rw->parent);
		check_work(f, rw->mount_id);
	}
}

/* ------------------------------------------------------------------------------------- */

bool fsck_driver(struct fsck *f, const char *driver)
{
	struct map known;

	storage_free(f->st);
	f->st = storage_look(f->root, driver);
	if (!f->st)
		return false;
	map_clear(&f->condemned);
	map_init(&known, NULL);
	check_layers(f);
	check_rws(f);
	check_leftovers(f);
	gather_known(f, &known);
	check_trees(f, &known);
	if (f->st->driver->links)
		check_links(f, &known);
	map_clear(&known);
	return true;
}
