// SPDX-License-Identifier: MIT
/*
 * A driver: how layers and containers' roots lie on disk. Two families:
 * overlay.c (overlay2, fuse-overlayfs) keeps what each layer changes, and
 * whoever runs the container joins them by a mount; whole.c (btrfs, vfs) keeps
 * every layer as a whole tree. The table and the choice are in driver.c. What
 * all drivers share (metadata in layerdb, references, transactions) is no
 * driver's matter. Source: moby daemon/graphdriver.
 */
#ifndef STORAGE_DRIVER_INTERNAL_H
#define STORAGE_DRIVER_INTERNAL_H

#include "base/buf.h"
#include "storage/layer.h"
#include "storage/rw.h"
#include "storage/storage_internal.h"

#define TREE_NAME_SIZE (CACHE_ID_SIZE + 24)

struct changes_sink {
	void (*fn)(void *arg, enum storage_change_kind kind, const char *path);
	void *arg;
};

enum tree_how {
	TREE_LINK, /* hard links to files: both trees are never written */
	TREE_COPY, /* copies, sharing extents where the file system can */
	TREE_MOVE, /* renamed; the source is left without them */
};

struct driver {
	const char *name;
	/* where trees lie below the driver's directory: <before><id><after> */
	const char *before, *after;
	/* directory in which layers are unpacked before they are settled; "": in their own place */
	const char *staging;
	enum tree_how how; /* what was staged gets into its tree */
	bool links;	   /* each tree has a short name in l/ */
	bool wh_names; /* whiteouts are files .wh.NAME and .wh..wh..opq, not nodes and attributes */

	/* tries it in this directory, which stays as it was; ERR_UNAVAILABLE with the reason */
	int (*probe)(int dir_fd, const char *path, struct err *e);
	/* directories below driver_fd */
	int (*open)(struct storage *s, struct err *e);
	/* an empty place for unpacking the layer id */
	int (*stage)(struct storage *s, const char *id, char ret_link[LINK_ID_LEN + 1],
		     struct err *e);
	/* what was unpacked becomes a layer upon parent (NULL: none) */
	int (*settle)(struct storage *s, const char *id, const struct layer *parent, struct err *e);
	/* init layer and writable layer of a container */
	int (*rw_make)(struct storage *s, struct rw *rw, struct err *e);
	/* whatever there is of id into the trash */
	void (*drop)(struct storage *s, const char *id, const char *link);
	/* how to mount a container's root; without mount_id the parent alone, ret->merged stays */
	int (*mount)(struct storage *s, const struct rw *rw, struct storage_mount *ret,
		     struct err *e);
	/* GraphDriver.Data of a tree upon lower (NULL: nothing) and parent; NULL: no data */
	void (*graph)(struct storage *s, const char *id, const char *lower,
		      const struct layer *parent, struct strv *ret_pairs);
	/* DriverStatus; NULL: none */
	void (*status)(const struct storage *s, struct strv *ret_pairs);
	/* bytes of a writable layer, what it changes, and its tar */
	int (*rw_size)(struct storage *s, const struct rw *rw, uint64_t *ret_bytes, struct err *e);
	int (*changes)(struct storage *s, const struct rw *rw, const struct changes_sink *sink,
		       struct err *e);
	int (*tar)(struct storage *s, const struct rw *rw, struct stream *out, struct err *e);
};

/* overlay.c, whole.c */
extern const struct driver driver_overlay2, driver_fuse, driver_btrfs, driver_vfs;

/* txn.c */

/* name of the tree of a layer being written; borrowed */
const char *storage_layer_cache_id(const struct layer_txn *txn);

/* overlay.c */

/* a tree's short name: link (made up when "") in its file and in l/ */
int overlay_link(struct storage *s, const char *id, char link[LINK_ID_LEN + 1], struct err *e);
/* "l/A:l/B" from l downwards, appended */
void overlay_add_lower(const struct layer *l, struct buf *b);

/* driver.c */

/* picks a driver for s->root: the named one or the best that works; sets s->driver and s->choice */
int driver_choose(struct storage *s, const char *wanted, struct err *e);
/* by name, or NULL */
const struct driver *driver_named(const char *name);
/* name of a tree below driver_fd */
void driver_tree_name(const struct storage *s, const char *id, char out[TREE_NAME_SIZE]);
/* name of the directory a layer is unpacked in */
void driver_stage_name(const struct storage *s, const char *id, char out[TREE_NAME_SIZE]);
/* opens a directory below driver_fd for reading; what: for the error */
int driver_open_dir(struct storage *s, const char *name, const char *what, struct err *e);

/* changes.c */

/* a walk that reports changes */
struct changes_walk {
	const struct changes_sink *sink;
	struct buf path; /* "/a/b", the present entry */
	size_t told;	 /* length of the longest directory on the path already reported */
};

/* reports the present entry, and the directories above it as modified, whatever their own
 * attributes say */
void changes_tell(struct changes_walk *w, enum storage_change_kind kind);

/* of a writable layer that is an overlay's upper directory */
int upper_changes(struct storage *s, const struct rw *rw, const struct changes_sink *sink,
		  struct err *e);
int upper_tar(struct storage *s, const struct rw *rw, struct stream *out, struct err *e);

/* tree_changes.c: of a whole tree compared with the one below */
int tree_changes(int new_fd, int old_fd, const struct changes_sink *sink, struct err *e);

/* tree.c */

/* What is in src_fd into dst_fd: directories are merged, anything else replaces what has its name.
 * wh_names: whiteouts in src are obeyed. dress_root: dst gets the owner, mode, times of src. */
int tree_put(int src_fd, int dst_fd, enum tree_how how, bool wh_names, bool dress_root,
	     struct err *e);
/* a copy of what is in src_fd, whiteouts too, with the owners that keep-id gives it */
int tree_put_ids(int src_fd, int dst_fd, const struct keepid *ids, struct err *e);

/* overlay.c: the layers of a container with the owners of rw->ids; made where they are missing */
int overlay_shift(struct storage *s, const struct rw *rw, struct err *e);

#endif
