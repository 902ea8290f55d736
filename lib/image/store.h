// SPDX-License-Identifier: MIT
/*
 * The image store, in the layout of Docker 20.10-28 with graph drivers:
 *
 *   image/<driver>/repositories.json                    names and digests -> image ids
 *   image/<driver>/imagedb/content/sha256/<id>          the configuration's bytes
 *   image/<driver>/imagedb/metadata/sha256/<id>/parent, lastUpdated
 *   image/<driver>/distribution/diffid-by-digest/sha256/<digest>
 *   image/<driver>/distribution/v2metadata-by-diffid/sha256/<diff id>
 *
 * An image's id is the digest of its configuration. Everything is kept in an
 * index in memory guarded by one mutex; files are written whole and renamed,
 * content before the references to it. Any thread may call everything here.
 */
#ifndef IMAGE_STORE_H
#define IMAGE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/strv.h"
#include "image/config.h"
#include "image/reference.h"

struct image_store;
struct storage;

/* One image, immutable but for its reference count; image_unref() what you got. */
struct image {
	char id[DIGEST_SIZE];	    /* "sha256:…" */
	char chain_id[DIGEST_SIZE]; /* of its top layer; "" without layers */
	struct image_config *config;
	char *json; /* the stored bytes */
	size_t n_json;
	int64_t size_bytes; /* sum of its layers */
	unsigned refs;	    /* guarded by the store */
};

/* A row of a list, or everything about one image. All is owned. */
struct image_info {
	struct image *image;
	struct strv tags;	  /* familiar: "alpine:3.20" */
	struct strv digests;	  /* familiar: "alpine@sha256:…" */
	char parent[DIGEST_SIZE]; /* "" when none */
	int64_t last_tagged_nsec; /* 0 when never */
	int64_t shared_bytes;	  /* layers also in other images; -1 when not asked for */
	size_t n_children;
};

struct image_infos {
	struct image_info *items;
	size_t n;
};

/* Filters of GET /images/json and POST /images/prune; an empty list does not filter. */
struct image_filters {
	int dangling;		/* -1 not asked, 0 false, 1 true */
	struct strv labels;	/* "key" or "key=value"; all must hold */
	struct strv not_labels; /* label!=; none may hold */
	struct strv references; /* patterns; one must match */
	struct strv before;	/* image references; older than each */
	struct strv since;	/* image references; newer than each */
	int64_t until_nsec;	/* created before that; 0 none */
};

#define IMAGE_FILTERS_INIT      \
	{                       \
		.dangling = -1, \
	}

/* How an image is used by containers; the store asks without holding its lock. */
struct image_users {
	/* Fills the id of one container that uses the image and returns true; only running (or
	 * paused) ones when running_only. May be NULL: none. */
	bool (*in_use)(void *arg, const char *image_id, bool running_only, char *ret_container,
		       size_t n);
	void *arg;
};

struct image_removed {
	char *untagged; /* familiar reference, or NULL */
	char *image;	/* the image that was meant; NULL: a layer */
	char *deleted;	/* image or layer chain id, or NULL */
};

struct image_removeds {
	struct image_removed *items;
	size_t n;
	int64_t freed_bytes;
};

/**
 * image_store_open() - read or make the store below a data root
 * @root:  the data root ("~/.local/share/docker"); image/<driver> is made below it
 * @st:    the layer storage, borrowed until image_store_close(); names the driver
 * @ret:   the store
 * @e:     ERR_SYSTEM when the directories cannot be made; torn or foreign entries are left out
 *         with a debug line, never an error
 *
 * Return: 0 or -1.
 */
int image_store_open(const char *root, struct storage *st, struct image_store **ret,
		     struct err *e) WARN_UNUSED;
/** image_store_close() - frees the index; NULL is fine; no call may be under way */
void image_store_close(struct image_store *s);
/** image_store_storage() - the layer storage given at open */
struct storage *image_store_storage(struct image_store *s);
/** image_store_root() - the data root given at open */
const char *image_store_root(const struct image_store *s);

/**
 * image_store_get() - look an image up as a user names it
 * @s:    the store
 * @name: "alpine", "alpine:3", "alpine@sha256:…", "sha256:…", a full or unambiguous short id
 * @ret:  the image, to be given back with image_unref()
 * @e:    ERR_NOTFOUND "No such image: alpine:latest"; ERR_INVALID for a malformed name
 *
 * Return: 0 or -1.
 */
int image_store_get(struct image_store *s, const char *name, struct image **ret,
		    struct err *e) WARN_UNUSED;
/** image_get_ref() - one more reference */
struct image *image_get_ref(struct image_store *s, struct image *img);
/** image_unref() - gives one back; NULL is fine */
void image_unref(struct image_store *s, struct image *img);
/** image_store_info() - everything about one image, by name as image_store_get() */
int image_store_info(struct image_store *s, const char *name, struct image_info *ret,
		     struct err *e) WARN_UNUSED;
/** image_info_clear() - frees and gives the image back */
void image_info_clear(struct image_store *s, struct image_info *i);
/**
 * image_store_list() - the images, newest first
 * @all:    images that only serve as parents too
 * @f:      filters, NULL for none; the caller's
 * @shared: work out shared_bytes too
 *
 * Return: 0, or -1 with ERR_NOTFOUND (before, since name no image).
 */
int image_store_list(struct image_store *s, bool all, bool shared, const struct image_filters *f,
		     struct image_infos *ret, struct err *e) WARN_UNUSED;
/** image_infos_clear() - frees all */
void image_infos_clear(struct image_store *s, struct image_infos *l);
/** image_filters_clear() - frees the lists */
void image_filters_clear(struct image_filters *f);
/** image_filters_label_ok() - do labels satisfy the label filters */
bool image_filters_label_ok(const struct image_filters *f, const struct json_strmap *labels);
/** image_store_count() - number of images (GET /info) */
size_t image_store_count(struct image_store *s);
/** image_store_layers_bytes() - disk used by all layers (GET /system/df) */
int64_t image_store_layers_bytes(struct image_store *s);

/**
 * image_store_create() - keep a configuration whose layers are all in the storage
 * @json, @n: the configuration, stored byte for byte
 * @parent:   image id of the parent, or NULL
 * @ret_id:   the image's id, DIGEST_SIZE bytes
 * @e:        ERR_INVALID malformed; ERR_NOTFOUND a layer is missing
 *
 * An image already there is success and stays as it is.
 *
 * Return: 0 or -1.
 */
int image_store_create(struct image_store *s, const void *json, size_t n, const char *parent,
		       char *ret_id, struct err *e) WARN_UNUSED;
/** image_store_set_parent() - says that an image was made of another one by one step. Not believed
 * (and then nothing happens) unless the parent's layers and history are the image's beginning */
void image_store_set_parent(struct image_store *s, const char *id, const char *parent);
/**
 * image_store_tag() - give an image a name, taking it from another one
 * @ref: with a tag, or with a digest only (a digest reference is kept beside tags)
 * @id:  image id
 *
 * Return: 0 or -1 (ERR_NOTFOUND no such image, ERR_SYSTEM).
 */
int image_store_tag(struct image_store *s, const struct image_ref *ref, const char *id,
		    struct err *e) WARN_UNUSED;
/** image_store_resolve() - image id a reference points at; ERR_NOTFOUND without one */
int image_store_resolve(struct image_store *s, const struct image_ref *ref, char *ret_id,
			struct err *e) WARN_UNUSED;
/**
 * image_store_remove() - DELETE /images/{name}: untag, and delete what nothing names or uses
 * @name:     as image_store_get()
 * @force:    untag all names and ignore stopped containers
 * @no_prune: keep unnamed parents
 * @u:        who uses images; may be NULL
 * @ret:      what was done, in order; the caller's
 * @e:        ERR_CONFLICT with Docker's words
 *
 * Return: 0 or -1.
 */
int image_store_remove(struct image_store *s, const char *name, bool force, bool no_prune,
		       const struct image_users *u, struct image_removeds *ret,
		       struct err *e) WARN_UNUSED;
/** image_store_prune() - POST /images/prune: removes unused images that pass the filters (dangling
 * ones only, unless f->dangling is 0) */
int image_store_prune(struct image_store *s, const struct image_filters *f,
		      const struct image_users *u, struct image_removeds *ret,
		      struct err *e) WARN_UNUSED;
/** image_removeds_clear() - frees all */
void image_removeds_clear(struct image_removeds *r);

/** image_store_diffid_get() - DiffID known for a compressed layer's digest; 0 or -1 (no error) */
int image_store_diffid_get(struct image_store *s, const char *digest, char *ret_diff_id);
/** image_store_diffid_put() - remembers that a compressed digest unpacks to a DiffID, and that the
 * repository (name without tag) has it */
void image_store_diffid_put(struct image_store *s, const char *digest, const char *diff_id,
			    int64_t size, const char *repository);

#endif
