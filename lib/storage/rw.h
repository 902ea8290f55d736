// SPDX-License-Identifier: MIT
/*
 * Containers' writable layers: an init layer (mount points and the files that
 * Docker puts into every container) and the layer itself upon an image's chain.
 * They are mounted by whoever runs the container, in its own mount namespace,
 * never here.
 */
#ifndef STORAGE_RW_H
#define STORAGE_RW_H

#include <stdint.h>

#include "base/err.h"
#include "base/keepid.h"
#include "base/stream.h"
#include "base/strv.h"
#include "storage/storage.h"

/** storage_rw_create() - makes the layer for container id upon a chain id (NULL or "": empty
 * image); holds a reference on the chain until it is removed. ERR_CONFLICT when it exists */
int storage_rw_create(struct storage *s, const char *id, const char *parent_chain,
		      struct err *e) WARN_UNUSED;

/**
 * storage_rw_keepid() - the container's ids are others than the engine's
 * @s:   store
 * @id:  container, which has not run yet
 * @ids: both 0: nothing happens
 * @e:   ERR_UNIMPLEMENTED unless the driver joins layers
 *
 * A kernel lets nobody without root idmap an overlay or what lies below it, so each layer is copied
 * once for each pair of ids, sharing extents where the file system can; the copies go with the
 * layer.
 */
int storage_rw_keepid(struct storage *s, const char *id, const struct keepid *ids,
		      struct err *e) WARN_UNUSED;

enum storage_mount_type {
	STORAGE_MOUNT_OVERLAY, /* chdir(base_dir); mount("overlay", merged, "overlay", 0, options)
				*/
	STORAGE_MOUNT_FUSE,    /* cd base_dir; program -o options merged: see ns/fuse.h */
	STORAGE_MOUNT_NONE,    /* merged is the root as it is */
};

/* How a root comes about. Directories in the options are relative to base_dir, so that 128 layers
 * fit into one page. */
struct storage_mount {
	enum storage_mount_type type;
	char *merged;	   /* absolute, exists */
	char *base_dir;	   /* "<root>/overlay2"; NULL: none */
	char *options;	   /* "lowerdir=l/A:l/B,upperdir=…,workdir=…,userxattr"; NULL: none */
	char *program;	   /* absolute path of fuse-overlayfs; NULL: none */
	struct keepid ids; /* of the container that mounts it */
};

/** storage_mount_clear() - frees the strings */
void storage_mount_clear(struct storage_mount *m);
/** storage_rw_mount_info() - how to mount it; ERR_NOTFOUND */
int storage_rw_mount_info(struct storage *s, const char *id, struct storage_mount *ret,
			  struct err *e) WARN_UNUSED;
/** storage_image_mount() - how to mount an image's chain read-only: an overlay without an upper
 * directory, or (STORAGE_MOUNT_NONE) the tree it is. ERR_UNIMPLEMENTED: this driver cannot */
int storage_image_mount(struct storage *s, const char *chain_id, struct storage_mount *ret,
			struct err *e) WARN_UNUSED;
/** storage_rw_remove() - renames it away and deletes in the background; releases the chain; absent
 * is success. The container must not run. removed (may be NULL) gets layers that went with it */
int storage_rw_remove(struct storage *s, const char *id, struct err *e) WARN_UNUSED;
/** storage_rw_size() - SizeRw: bytes in the upper directory (walks it) */
int storage_rw_size(struct storage *s, const char *id, uint64_t *ret_bytes,
		    struct err *e) WARN_UNUSED;
/** storage_rw_root_size() - SizeRootFs: the image's layers and SizeRw */
int storage_rw_root_size(struct storage *s, const char *id, uint64_t *ret_bytes,
			 struct err *e) WARN_UNUSED;
/** storage_rw_graph_data() - GraphDriver.Data of a container: appends key, value, … */
int storage_rw_graph_data(struct storage *s, const char *id, struct strv *ret_pairs,
			  struct err *e) WARN_UNUSED;

enum storage_change_kind { CHANGE_MODIFIED = 0, CHANGE_ADDED = 1, CHANGE_DELETED = 2 };

/** storage_rw_changes() - docker diff: calls fn for each change, sorted by path ("/a/b") */
int storage_rw_changes(struct storage *s, const char *id,
		       void (*fn)(void *arg, enum storage_change_kind kind, const char *path),
		       void *arg, struct err *e) WARN_UNUSED;
/** storage_rw_tar() - docker commit: the writable layer as a layer tar with .wh. names */
int storage_rw_tar(struct storage *s, const char *id, struct stream *out,
		   struct err *e) WARN_UNUSED;
/** storage_rw_list() - appends the container ids that have a writable layer */
void storage_rw_list(struct storage *s, struct strv *ret_ids);
/** storage_rw_sweep() - at start-up: removes writable layers of containers not in keep_ids */
void storage_rw_sweep(struct storage *s, const struct strv *keep_ids);

#endif
