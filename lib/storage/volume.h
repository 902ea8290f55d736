// SPDX-License-Identifier: MIT
/*
 * Volumes of the local driver: volumes/<name>/_data, opts.json as Docker's
 * driver writes it, and meta.json with what Docker keeps in metadata.db
 * (labels, time, options as given). Who uses a volume is the engine's matter.
 */
#ifndef STORAGE_VOLUME_H
#define STORAGE_VOLUME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

struct volume_info {
	char *name;
	char *mountpoint; /* "<root>/volumes/<name>/_data" */
	int64_t created_nsec;
	struct strv labels;  /* "key=value", sorted */
	struct strv options; /* "key=value", sorted: type, device, o */
	bool anonymous;	     /* label com.docker.volume.anonymous */
};

struct volumes;

/** volumes_open() - opens or makes <root>/volumes, where what a crash left half-made is removed;
 * any thread may use the object */
int volumes_open(const char *root, struct volumes **ret, struct err *e) WARN_UNUSED;
/** volumes_free() - NULL is fine */
void volumes_free(struct volumes *vs);
/** volume_info_clear() - frees the fields */
void volume_info_clear(struct volume_info *v);
/** volume_name_ok() - [a-zA-Z0-9][a-zA-Z0-9_.-]+, at most 255 bytes; else ERR_INVALID */
int volume_name_ok(const char *name, struct err *e) WARN_UNUSED;

/**
 * volume_create() - makes a volume, or finds it
 * @vs:      volumes
 * @name:    NULL or "": a random name of 64 digits
 * @labels:  "key=value"; may be NULL
 * @options: type, device and o are known, others ERR_INVALID; may be NULL
 * @ret:     the volume; may be NULL
 * @e:       filled on failure; an existing volume keeps its own labels and options, as in Docker
 *
 * Return: 1 made, 0 existed, -1 failure.
 */
int volume_create(struct volumes *vs, const char *name, const struct strv *labels,
		  const struct strv *options, struct volume_info *ret, struct err *e) WARN_UNUSED;
/** volume_get() - ERR_NOTFOUND "get NAME: no such volume" */
int volume_get(struct volumes *vs, const char *name, struct volume_info *ret,
	       struct err *e) WARN_UNUSED;
/** volume_list() - appends all names, sorted */
int volume_list(struct volumes *vs, struct strv *ret_names, struct err *e) WARN_UNUSED;
/** volume_remove() - removes with its content (renamed first, deleted in the background);
 * ERR_NOTFOUND */
int volume_remove(struct volumes *vs, const char *name, struct err *e) WARN_UNUSED;
/** volume_size() - bytes of content (walks it), for df */
int volume_size(struct volumes *vs, const char *name, uint64_t *ret_bytes,
		struct err *e) WARN_UNUSED;
/** volume_is_empty() - nothing in _data: the image's content is then copied up */
bool volume_is_empty(const struct volume_info *v);

/**
 * volumes_take_over() - what Docker's metadata.db knows of volumes (labels, options) becomes ours:
 * meta.json beside _data. The database itself stays as it is. ERR_INVALID when it cannot be read
 */
int volumes_take_over(struct volumes *vs, struct err *e) WARN_UNUSED;
/** volumes_give_back() - at the end: metadata.db gets what Docker has to know of our volumes; it is
 * written anew only when that differs */
int volumes_give_back(struct volumes *vs, struct err *e) WARN_UNUSED;

#endif
