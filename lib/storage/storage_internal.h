// SPDX-License-Identifier: MIT
/* What the files of the storage room share. */
#ifndef STORAGE_STORAGE_INTERNAL_H
#define STORAGE_STORAGE_INTERNAL_H

#include <sys/stat.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/hash.h"
#include "base/keepid.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/strv.h"
#include "storage/storage.h"

#define LINK_ID_LEN   26 /* Docker's short names in overlay2/l */
#define CACHE_ID_SIZE (RAND_ID_LEN + 1)
#define RW_ID_MAX     128 /* bytes of a container id */

/* mount points and files of a container that the image may already have: see init_layer.c */
enum { INIT_ETC, INIT_DEV, INIT_PROC, INIT_SYS, INIT_PTS, INIT_SHM, INIT_DIRS };

struct init_dir {
	bool exists;
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* one layer; the store's mutex guards n_refs, n_children and init, the rest never changes */
struct layer {
	char chain_id[DIGEST_SIZE];
	char diff_id[DIGEST_SIZE];
	char cache_id[CACHE_ID_SIZE + 8]; /* an init layer's has "-init" behind */
	char link[LINK_ID_LEN + 1];
	struct layer *parent; /* NULL: none */
	uint64_t size_bytes;
	unsigned depth;	     /* layers from here down, itself included */
	unsigned n_refs;     /* images, containers, callers */
	unsigned n_children; /* layers upon this one */
	bool init_known;
	struct init_dir init[INIT_DIRS];
};

/* a container's writable layer */
struct rw {
	char mount_id[CACHE_ID_SIZE];
	char init_id[CACHE_ID_SIZE + 8];
	char link[LINK_ID_LEN + 1];
	char init_link[LINK_ID_LEN + 1];
	struct layer *parent; /* referenced; NULL: none */
	struct keepid ids;
};

/* a directory whose content is deleted in the background */
struct trash {
	pthread_mutex_t mu;
	pthread_cond_t idle;
	int dir_fd;
	bool running, again;
};

struct driver;

struct storage {
	const struct driver *driver;
	char *choice;	    /* why this one: see storage_choice() */
	struct strv others; /* see storage_others() */
	char *root, *image_dir, *driver_dir;
	bool looking;  /* for fsck: nothing is changed, layers count when their trees are there */
	int lock_fd;   /* the data root is ours; -1 when looking */
	int db_fd;     /* image/<driver>/layerdb */
	int driver_fd; /* <driver> */
	bool index_param;
	bool d_type;
	char backing[24];
	struct trash trash;
	pthread_mutex_t twin_mu; /* copies for keep-id are made one after another; before mu */
	pthread_mutex_t mu;
	struct map layers; /* chain id -> struct layer */
	struct map rws;	   /* container id -> struct rw */
};

/* storage.c */

/* the store as it is, nothing changed, made or tried; NULL when the driver has nothing there */
struct storage *storage_look(const char *root, const char *driver);

/* trash.c */

/* opens (making it) the directory name below dir_fd, and starts to empty it */
int trash_open(struct trash *t, int dir_fd, const char *name, struct err *e);
/* renames name into the trash and wakes the worker; absent is success */
int trash_move(struct trash *t, int dir_fd, const char *name, struct err *e);
/* waits until nothing is left */
void trash_close(struct trash *t);

/* files.c */

/* makes a new file with this text; not synced */
int put_file(int dir_fd, const char *name, const char *text, mode_t mode, struct err *e);
/* at start-up: files that a crash left half-written in a data root (fsck.c) */
void sweep_unwritten(const char *root);
/* opens a directory, appends the names in it, sorted; its descriptor */
int open_names(int dir_fd, const char *name, struct strv *ret, struct err *e);
/* all files of a directory (relative to dir_fd), and their names, are on disk on return */
int sync_files(int dir_fd, const char *name, struct err *e);
/* reads a small file into out without trailing blanks; -1 when absent or longer than fits */
int get_file(int dir_fd, const char *name, char *out, size_t size);
/* bytes of regular files and links below dir_fd/name, hard links once, whiteouts not */
int tree_size(int dir_fd, const char *name, uint64_t *ret_bytes, struct err *e);

/* probe.c */

/* the name `docker info` gives a file system */
const char *backing_name(int fd);
/* mounts an overlay for a moment below dir_fd (path: its name); ERR_UNAVAILABLE says what is
 * missing */
int overlay_probe(int dir_fd, const char *path, struct err *e);
/* the same through fuse-overlayfs */
int fuse_probe(int dir_fd, const char *path, struct err *e);
/* readdir(3) tells types; overlayfs needs that of its layers */
bool has_d_type(int fd);

/* layer.c */

/* reads layerdb/sha256; broken layers are left out */
int layers_load(struct storage *s, struct err *e);
/* removes what a crash left in layerdb/tmp */
void layers_repair(struct storage *s);
/* with s->mu held */
struct layer *layer_find(struct storage *s, const char *chain_id);
void layer_put(struct storage *s, struct layer *l, struct strv *removed);

/* init_layer.c */

/* fills the empty tree id with what Docker puts under every container */
int init_layer_fill(struct storage *s, const char *id, struct layer *parent, struct err *e);
/* the same in a tree that holds the whole image */
int init_tree_fill(int tree_fd, struct err *e);
/* topmost entry of a path ("a/b") in the chain from l downwards: 1 found, 0 not */
int chain_lookup(struct storage *s, const struct layer *l, const char *path, struct stat *ret);

/* rw.c */

int rws_load(struct storage *s, struct err *e);
/* a copy, for the table may change; the parent stays while the layer is there. ERR_NOTFOUND */
int rw_find(struct storage *s, const char *id, struct rw *ret, struct err *e);

#endif
