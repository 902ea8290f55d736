// SPDX-License-Identifier: MIT
/*
 * What a data root that Docker used holds and thimble has no use for: it stays
 * as it is, so that the way back is open, and is named once at each start.
 * Networks are in a database (bbolt, key docker/network/v1.0/network/<id>/,
 * eight bytes of a counter before the JSON); the build cache stands upon layers
 * of images, which are kept for it.
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "engine/network_internal.h"
#include "storage/bolt.h"

#define NETWORK_KEY  "docker/network/v1.0/network/"
#define COUNTER_SIZE 8
#define STORE_BLOBS  "containerd/daemon/io.containerd.content.v1.content/blobs/sha256"

struct names_wanted {
	struct engine *en;
	struct strv names;
};

static void network_name(void *arg, const char *key, size_t n_key, const char *value, size_t n)
{
	struct names_wanted *wanted = arg;
	CLEANUP(json_freep) struct json *v = NULL;
	const char *name;
	struct err ignored;

	if (n_key < sizeof(NETWORK_KEY) || n < COUNTER_SIZE ||
	    memcmp(key, NETWORK_KEY, sizeof(NETWORK_KEY) - 1) != 0 ||
	    json_parse(value + COUNTER_SIZE, n - COUNTER_SIZE, &v, &ignored) < 0)
		return;
	name = json_get_str(v, "name");
	MUTEX_GUARD(&wanted->en->mu);
	if (!str_empty(name) && network_name_is_user_defined(name) &&
	    network_find(wanted->en, name, &ignored) == NULL)
		strv_add(&wanted->names, name);
}

/* a database or the like below the data root; false when there is none */
static bool read_file(struct engine *en, const char *name, struct buf *ret)
{
	CLEANUP(freep) char *path = path_join(en->data_root, name);
	struct err ignored;

	return path_exists(path) &&
	       file_read(AT_FDCWD, path, STORAGE_DATABASE_MAX, ret, &ignored) == 0;
}

static void tell_networks(struct engine *en)
{
	struct names_wanted wanted = {.en = en};
	CLEANUP(buf_clear) struct buf db = BUF_INIT;
	CLEANUP(freep) char *joined = NULL;
	struct err e;

	if (!read_file(en, "network/files/local-kv.db", &db))
		return;
	if (bolt_each(db.data, db.len, "libnetwork", network_name, &wanted, &e) < 0)
		log_warn(&e, "network/files/local-kv.db: networks of Docker are not known");
	joined = strv_join(&wanted.names, ", ");
	if (wanted.names.len > 0)
		log_warn(NULL,
			 "networks of Docker are not taken over, its network/files/local-kv.db "
			 "stays as it is: docker network create makes them anew: %s",
			 joined);
	strv_clear(&wanted.names);
}

/* the layers whose chain ids stand in the build cache's database get a reference */
static unsigned hold_layers(struct engine *en, const struct buf *db)
{
	static const char prefix[] = "sha256:";
	CLEANUP(strv_clear) struct strv held = STRV_INIT;
	const char *p = db->data, *end = p + db->len;

	while ((p = memmem(p, (size_t)(end - p), prefix, sizeof(prefix) - 1)) != NULL) {
		CLEANUP(freep) char *id = xstrndup(p, MIN((size_t)(end - p), DIGEST_SIZE - 1U));
		struct err ignored;

		if (!strv_has(&held, id) && storage_layer_ref(en->storage, id, &ignored) == 0)
			strv_add(&held, id);
		p += sizeof(prefix) - 1;
	}
	return (unsigned)held.len;
}

static void tell_build_cache(struct engine *en)
{
	CLEANUP(buf_clear) struct buf db = BUF_INIT;

	if (read_file(en, "buildkit/snapshots.db", &db))
		log_info(NULL,
			 "the build cache of Docker is not used and stays as it is (%s/buildkit; "
			 "%u layers are kept for it)",
			 en->data_root, hold_layers(en, &db));
}

static void tell_image_store(struct engine *en)
{
	CLEANUP(freep) char *path = path_join(en->data_root, STORE_BLOBS);
	DIR *d = opendir(path);
	struct dirent *ent;
	unsigned n = 0;

	while (d != NULL && (ent = readdir(d)) != NULL)
		n += ent->d_name[0] != '.';
	if (d != NULL)
		closedir(d);
	if (n > 0)
		log_warn(NULL,
			 "images in Docker's containerd image store are not taken over (%s: %u "
			 "blobs), it stays as it is: docker save there and docker load here",
			 path, n);
}

void legacy_tell(struct engine *en)
{
	struct err e;

	if (volumes_take_over(en->volumes, &e) < 0)
		log_warn(&e, "labels and options of Docker's volumes are not known");
	tell_networks(en);
	tell_build_cache(en);
	tell_image_store(en);
}
