// SPDX-License-Identifier: MIT
/* Images and volumes as the API changes them: the rooms' own verbs plus events and the look at who
 * uses what. */
#ifndef ENGINE_RESOURCE_H
#define ENGINE_RESOURCE_H

#include "base/stream.h"
#include "engine/engine.h"
#include "engine/types.h"
#include "image/load.h"
#include "image/pull.h"
#include "image/push.h"
#include "image/save.h"
#include "storage/volume.h"

/** engine_image_pull() - name as given, tag (or digest, or "" for all tags when all is set) */
int engine_image_pull(struct engine *en, const char *name, const char *tag, const char *platform,
		      const struct registry_auth *auth, const struct image_job *job,
		      struct err *e) WARN_UNUSED;
/** engine_image_load() - see image_load() */
int engine_image_load(struct engine *en, struct stream *in, bool quiet, const char *platform,
		      const struct image_job *job, struct err *e) WARN_UNUSED;
/** engine_image_save() - see image_save_open(); platform "linux/arm64" or NULL. */
int engine_image_save(struct engine *en, const struct strv *names, const char *platform,
		      struct image_save **ret, struct err *e) WARN_UNUSED;
/** engine_image_is_for() - ERR_NOTFOUND when an image is not for a platform ("linux/arm64"; NULL
 * and
 * "" are any) */
int engine_image_is_for(struct engine *en, const char *name, const char *platform,
			struct err *e) WARN_UNUSED;
/** engine_image_push() - see image_push(); tag NULL or "": that of the name, else all; platform as
 * above */
int engine_image_push(struct engine *en, const char *name, const char *tag, const char *platform,
		      const struct registry_auth *auth, const struct image_job *job,
		      struct err *e) WARN_UNUSED;
/** engine_image_saved() - the archive was written: events */
void engine_image_saved(struct engine *en, const struct image_save *sv);
/** engine_image_import() - from the stream, or without one from src, which is a URL or one without
 * http://; repo and tag may be NULL; see image_import(). ret_id DIGEST_SIZE bytes */
int engine_image_import(struct engine *en, struct stream *in, const char *src, const char *repo,
			const char *tag, const char *message, const struct strv *changes,
			const char *platform, const struct image_job *job, char *ret_id,
			struct err *e) WARN_UNUSED;
/** engine_image_new_name() - repo and tag (NULL or "" is latest) as the name of an image to be; a
 * digest is ERR_INVALID. ret is the caller's */
int engine_image_new_name(const char *repo, const char *tag, struct image_ref *ret,
			  struct err *e) WARN_UNUSED;

struct engine_commit_opts {
	const char *repo, *tag;		    /* name to give; repo NULL or "": none */
	const char *author, *comment;	    /* may be NULL */
	const struct strv *changes;	    /* Dockerfile instructions; NULL none */
	bool pause;			    /* freeze a running container meanwhile */
	const struct docker_config *config; /* instead of the container's; NULL: that one */
};

/**
 * engine_commit() - POST /commit: an image of a container and its changes
 * @name:   container
 * @ret_id: DIGEST_SIZE bytes
 * @e:      ERR_NOTFOUND no container, or its image is gone; ERR_CONFLICT it is being removed;
 *          ERR_INVALID changes, names
 *
 * Return: 0 or -1.
 */
int engine_commit(struct engine *en, const char *name, const struct engine_commit_opts *o,
		  char *ret_id, struct err *e) WARN_UNUSED;
/** engine_image_tag() - gives name a further reference repo:tag */
int engine_image_tag(struct engine *en, const char *name, const char *repo, const char *tag,
		     struct err *e) WARN_UNUSED;
/** engine_image_remove() - see image_store_remove(); containers using it are looked at */
int engine_image_remove(struct engine *en, const char *name, bool force, bool no_prune,
			struct image_removeds *ret, struct err *e) WARN_UNUSED;
/** engine_image_prune() - see image_store_prune() */
int engine_image_prune(struct engine *en, const struct engine_filters *f,
		       struct image_removeds *ret, struct err *e) WARN_UNUSED;
/** engine_image_containers() - how many containers were made from an image id */
size_t engine_image_containers(struct engine *en, const char *image_id);

struct engine_volume {
	struct volume_info info;
	int64_t size_bytes; /* -1: not asked for */
	int64_t ref_count;  /* containers that use it */
};

/** engine_volume_create() - name NULL or "": random; ret is the caller's */
int engine_volume_create(struct engine *en, const char *name, const char *driver,
			 const struct strv *labels, const struct strv *options,
			 struct engine_volume *ret, struct err *e) WARN_UNUSED;
/** engine_volume_get() - ERR_NOTFOUND "get x: no such volume" */
int engine_volume_get(struct engine *en, const char *name, struct engine_volume *ret,
		      struct err *e) WARN_UNUSED;
/** engine_volume_list() - filters name, label, dangling, driver; *ret of *ret_n items, free each
 * and the array */
int engine_volume_list(struct engine *en, const struct engine_filters *f, bool size,
		       struct engine_volume **ret, size_t *ret_n, struct err *e) WARN_UNUSED;
/** engine_volume_remove() - ERR_CONFLICT "volume is in use - [id]" */
int engine_volume_remove(struct engine *en, const char *name, bool force,
			 struct err *e) WARN_UNUSED;
/** engine_volume_prune() - anonymous unused ones; filter all=true: named ones too */
int engine_volume_prune(struct engine *en, const struct engine_filters *f, struct strv *ret_names,
			int64_t *ret_bytes, struct err *e) WARN_UNUSED;
/** engine_volume_clear() - frees the fields */
void engine_volume_clear(struct engine_volume *v);

#endif
