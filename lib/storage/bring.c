// SPDX-License-Identifier: MIT
/* Layers from one driver to another; see bring.h. */
#include "storage/bring.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "storage/driver_internal.h"
#include "storage/layer.h"

struct origin {
	struct storage *s;
	const char *id; /* of a layer */
	struct rw rw;
};

static int write_layer(void *arg, struct stream *out, struct err *e)
{
	const struct origin *o = arg;

	return storage_layer_tar(o->s, o->id, out, e);
}

static int write_rw(void *arg, struct stream *out, struct err *e)
{
	const struct origin *o = arg;

	return o->s->driver->tar(o->s, &o->rw, out, e);
}

struct storage *storage_other(const struct storage *s, const char *driver)
{
	return driver_named(driver) ? storage_look(s->root, driver) : NULL;
}

int storage_bring_layer(struct storage *to, struct storage *from, const char *chain_id,
			struct err *e)
{
	CLEANUP(storage_layer_abortp) struct layer_txn *txn = NULL;
	struct origin o = {.s = from, .id = chain_id};
	struct layer_result result;
	char chain[DIGEST_SIZE];
	struct layer_info info;

	if (storage_layer_ref(to, chain_id, e) == 0)
		return 0;
	if (storage_layer_get(from, chain_id, &info, e) < 0 ||
	    (*info.parent && storage_bring_layer(to, from, info.parent, e) < 0) ||
	    storage_layer_begin(to, &txn, e) < 0 ||
	    storage_unpack_from(txn, write_layer, &o, &result, e) < 0)
		return err_wrap(e, "layer %s", chain_id);
	if (!str_eq(result.diff_id, info.diff_id))
		return err_set(e, ERR_INVALID, 0, "layer %s is damaged: see thimble fsck",
			       chain_id);
	if (storage_layer_commit(txn, info.parent, chain, e) < 0)
		return -1;
	txn = NULL; /* consumed */
	return 1;
}

/* what was unpacked becomes what the container has written */
static int put(struct storage *s, struct layer_txn *txn, const char *mount_id, struct err *e)
{
	CLEANUP(fd_closep) int src = -1;
	CLEANUP(fd_closep) int dst = -1;
	char stage[TREE_NAME_SIZE], tree[TREE_NAME_SIZE];

	driver_stage_name(s, storage_layer_cache_id(txn), stage);
	driver_tree_name(s, mount_id, tree);
	if (s->driver->links) { /* it is empty */
		if (unlinkat(s->driver_fd, tree, AT_REMOVEDIR) < 0 ||
		    renameat(s->driver_fd, stage, s->driver_fd, tree) < 0)
			return err_sys(e, "move to %s", tree);
		return 0;
	}
	src = driver_open_dir(s, stage, "unpacked layer", e);
	dst = src < 0 ? -1 : driver_open_dir(s, tree, "writable layer", e);
	return dst < 0 ? -1 : tree_put(src, dst, s->driver->how, true, false, e);
}

int storage_bring_rw(struct storage *to, struct storage *from, const char *id, struct err *e)
{
	CLEANUP(storage_layer_abortp) struct layer_txn *txn = NULL;
	struct origin o = {.s = from};
	struct layer_result result;
	struct err ignored;
	struct keepid ids;
	struct rw fresh;
	const char *chain;

	if (rw_find(from, id, &o.rw, e) < 0 || storage_rw_remove(to, id, e) < 0)
		return -1;
	chain = o.rw.parent ? o.rw.parent->chain_id : NULL;
	/* owners as they are on disk; the layers below get theirs anew */
	ids = o.rw.ids;
	o.rw.ids = (struct keepid){0};
	if ((chain && storage_bring_layer(to, from, chain, e) < 0) ||
	    storage_rw_create(to, id, chain, e) < 0 || rw_find(to, id, &fresh, e) < 0 ||
	    storage_layer_begin(to, &txn, e) < 0 ||
	    storage_unpack_from(txn, write_rw, &o, &result, e) < 0 ||
	    put(to, txn, fresh.mount_id, e) < 0 || storage_rw_keepid(to, id, &ids, e) < 0) {
		(void)!storage_rw_remove(to, id, &ignored);
		return err_wrap(e, "container %s", id);
	}
	return syncfs(to->driver_fd) < 0 ? err_sys(e, "sync") : 0;
}
