// SPDX-License-Identifier: MIT
/*
 * The image store's index: reading it at start-up, looking images up, adding
 * them. On disk it is Docker's imagedb (moby image/fs.go): content/sha256/<id>
 * is the configuration, whose digest must be its name; metadata/sha256/<id>/
 * holds parent and lastUpdated. What is torn is left out and logged at debug.
 */
#include "image/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/time.h"
#include "config/limits.h"
#include "image/kept_internal.h"
#include "image/store_internal.h"
#include "storage/layer.h"
#include "storage/storage.h"

#define ALGORITHM	"sha256:"
#define SMALL_FILE_MAX	256
#define DEFAULT_DRIVER	"overlay2"
#define CONTENT_SUBDIR	"imagedb/content/sha256"
#define METADATA_SUBDIR "imagedb/metadata/sha256"

static void image_free(struct image *img)
{
	image_config_free(img->config);
	free(img->json);
	free(img);
}

static void node_free(void *p)
{
	struct image_node *node = p;

	if (--node->image->refs == 0)
		image_free(node->image);
	free(node);
}

static const char *hex_of(const char *id)
{
	return id + strlen(ALGORITHM);
}

void image_chain_id(const struct image_config *c, char ret[DIGEST_SIZE])
{
	char above[DIGEST_SIZE];

	ret[0] = '\0';
	strv_for_each (it, &c->rootfs.diff_ids) {
		storage_chain_id(ret, *it, above);
		str_copy(ret, above, DIGEST_SIZE);
	}
}

/* Reads an image from its configuration and takes a reference on its layers. */
static int image_make(struct image_store *s, const void *json, size_t n, struct image **ret,
		      struct err *e)
{
	struct image *img = xcalloc(1, sizeof(*img));
	uint64_t size = 0;

	sha256_digest(json, n, img->id);
	img->refs = 1;
	if (image_config_parse(json, n, &img->config, e) < 0)
		goto fail;
	image_chain_id(img->config, img->chain_id);
	if (img->chain_id[0] != '\0') {
		if (s->st == NULL) {
			err_set(e, ERR_NOTFOUND, 0, "layer does not exist");
			goto fail;
		}
		if (storage_layer_ref(s->st, img->chain_id, e) < 0)
			goto fail;
		if (storage_layer_total_size(s->st, img->chain_id, &size, e) < 0) {
			storage_layer_unref(s->st, img->chain_id, NULL);
			goto fail;
		}
	}
	img->size_bytes = (int64_t)size;
	img->json = xmalloc(n + 1);
	memcpy(img->json, json, n);
	img->json[n] = '\0';
	img->n_json = n;
	*ret = img;
	return 0;
fail:
	image_free(img);
	return -1;
}

static char *metadata_path(const struct image_store *s, const char *id, const char *name)
{
	return xasprintf("%s/" METADATA_SUBDIR "/%s%s%s", s->dir, hex_of(id), name[0] ? "/" : "",
			 name);
}

static void load_metadata(struct image_store *s, struct image_node *node)
{
	CLEANUP(freep) char *parent = metadata_path(s, node->image->id, "parent");
	CLEANUP(freep) char *updated = metadata_path(s, node->image->id, "lastUpdated");
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	if (file_read(AT_FDCWD, parent, SMALL_FILE_MAX, &b, &e) == 0 && digest_ok(buf_str(&b)))
		str_copy(node->parent, buf_str(&b), sizeof(node->parent));
	buf_reset(&b);
	if (file_read(AT_FDCWD, updated, SMALL_FILE_MAX, &b, &e) == 0 &&
	    time_parse(buf_str(&b), &node->last_tagged_nsec, &e) < 0)
		node->last_tagged_nsec = 0;
}

static int load_one(struct image_store *s, const char *dir, const char *hex, struct err *e)
{
	CLEANUP(freep) char *path = path_join(dir, hex);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct image *img;
	struct image_node *node;

	if (!str_is_hex(hex, 64))
		return err_set(e, ERR_INVALID, 0, "not an image id");
	if (file_read(AT_FDCWD, path, IMAGE_CONFIG_MAX_BYTES, &b, e) < 0 ||
	    image_make(s, buf_str(&b), b.len, &img, e) < 0)
		return -1;
	if (!str_eq(hex_of(img->id), hex)) {
		if (img->chain_id[0] != '\0')
			storage_layer_unref(s->st, img->chain_id, NULL);
		image_free(img);
		return err_set(e, ERR_INVALID, 0, "content has another digest");
	}
	node = xcalloc(1, sizeof(*node));
	node->image = img;
	load_metadata(s, node);
	map_put(&s->images, img->id, node);
	return 0;
}

static void load_images(struct image_store *s)
{
	CLEANUP(freep) char *dir = path_join(s->dir, CONTENT_SUBDIR);
	DIR *d = opendir(dir);
	struct dirent *ent;
	struct err e;

	if (d == NULL)
		return;
	while ((ent = readdir(d)) != NULL)
		if (ent->d_name[0] != '.' && load_one(s, dir, ent->d_name, &e) < 0)
			log_debug(&e, "image store: %s left out", ent->d_name);
	closedir(d);
	/* a parent that is not there is none */
	map_for_each (slot, &s->images) {
		struct image_node *node = slot->value;

		if (node->parent[0] != '\0' && store_node(s, node->parent) == NULL)
			node->parent[0] = '\0';
	}
}

/* Spools of loads that a crash cut off, downloads that nobody took up again. */
static void sweep_spools(const struct image_store *s)
{
	CLEANUP(freep) char *tmp = path_join(s->root, "tmp");
	DIR *d = opendir(tmp);
	struct dirent *ent;
	struct err e;

	kept_sweep(s, REGISTRY_KEEP_SEC);
	if (d == NULL)
		return;
	while ((ent = readdir(d)) != NULL)
		if (str_starts(ent->d_name, "load-") &&
		    path_remove_tree(dirfd(d), ent->d_name, &e) < 0)
			log_debug(&e, "image store: %s", ent->d_name);
	closedir(d);
}

int image_store_open(const char *root, struct storage *st, struct image_store **ret, struct err *e)
{
	static const char *const dirs[] = {CONTENT_SUBDIR, METADATA_SUBDIR,
					   "distribution/diffid-by-digest/sha256",
					   "distribution/v2metadata-by-diffid/sha256"};
	struct image_store *s = xcalloc(1, sizeof(*s));

	s->root = xstrdup(root);
	s->st = st;
	s->dir = xasprintf("%s/image/%s", root, st != NULL ? storage_driver(st) : DEFAULT_DRIVER);
	pthread_mutex_init(&s->write_mu, NULL);
	pthread_mutex_init(&s->mu, NULL);
	map_init(&s->images, node_free);
	map_init(&s->names, free);
	map_init(&s->flights, free);
	cond_init(&s->landed);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		CLEANUP(freep) char *dir = path_join(s->dir, dirs[i]);

		if (path_mkdirs(dir, 0700, e) < 0) {
			image_store_close(s);
			return -1;
		}
	}
	sweep_spools(s);
	load_images(s);
	names_load(s);
	*ret = s;
	return 0;
}

void image_store_close(struct image_store *s)
{
	if (s == NULL)
		return;
	map_clear(&s->flights);
	map_clear(&s->names);
	map_clear(&s->images);
	pthread_cond_destroy(&s->landed);
	pthread_mutex_destroy(&s->mu);
	pthread_mutex_destroy(&s->write_mu);
	free(s->dir);
	free(s->root);
	free(s);
}

struct storage *image_store_storage(struct image_store *s)
{
	return s->st;
}

const char *image_store_root(const struct image_store *s)
{
	return s->root;
}

struct image *image_get_ref(struct image_store *s, struct image *img)
{
	MUTEX_GUARD(&s->mu);
	img->refs++;
	return img;
}

void image_unref(struct image_store *s, struct image *img)
{
	bool last;

	if (img == NULL)
		return;
	pthread_mutex_lock(&s->mu);
	last = --img->refs == 0;
	pthread_mutex_unlock(&s->mu);
	if (last)
		image_free(img);
}

struct image_node *store_node(struct image_store *s, const char *id)
{
	return map_get(&s->images, id);
}

size_t store_children(struct image_store *s, const char *id)
{
	size_t n = 0;

	map_for_each (slot, &s->images)
		n += str_eq(((struct image_node *)slot->value)->parent, id);
	return n;
}

bool store_is_id_prefix(const char *id, const char *name)
{
	const char *hex = str_skip(name, ALGORITHM);

	if (hex == NULL)
		hex = name;
	return hex[0] != '\0' && str_starts(hex_of(id), hex);
}

/* By an unambiguous beginning of an id; mu is held. */
static struct image_node *find_prefix(struct image_store *s, const char *name)
{
	const char *hex = str_skip(name, ALGORITHM);
	struct image_node *found = NULL;

	if (hex == NULL)
		hex = name;
	if (hex[0] == '\0' || hex[strspn(hex, "0123456789abcdef")] != '\0')
		return NULL;
	map_for_each (slot, &s->images) {
		if (!str_starts(hex_of(slot->key), hex))
			continue;
		if (found != NULL)
			return NULL;
		found = slot->value;
	}
	return found;
}

/* By reference: digests win over tags. mu is held. */
static struct image_node *find_name(struct image_store *s, const struct image_ref *ref)
{
	CLEANUP(image_ref_clear) struct image_ref key = IMAGE_REF_INIT;
	CLEANUP(freep) char *name = NULL;
	const char *id;

	image_ref_copy(&key, ref);
	if (key.digest != NULL)
		str_replace_ptr(&key.tag, NULL);
	image_ref_default_tag(&key);
	name = image_ref_familiar(&key);
	id = map_get(&s->names, name);
	return id != NULL ? store_node(s, id) : NULL;
}

int image_store_get(struct image_store *s, const char *name, struct image **ret, struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(freep) char *shown = NULL;
	bool is_id = str_is_hex(name, 64) || digest_ok(name);
	struct image_node *node = NULL;

	if (!is_id && image_ref_parse(name, &ref, e) < 0)
		return -1;
	pthread_mutex_lock(&s->mu);
	if (!is_id)
		node = find_name(s, &ref);
	if (node == NULL)
		node = find_prefix(s, name);
	if (node != NULL) {
		node->image->refs++;
		*ret = node->image;
	}
	pthread_mutex_unlock(&s->mu);
	if (node != NULL)
		return 0;
	if (is_id)
		return err_set(e, ERR_NOTFOUND, 0, "No such image: %s", name);
	image_ref_default_tag(&ref);
	shown = image_ref_familiar(&ref);
	return err_set(e, ERR_NOTFOUND, 0, "No such image: %s", shown);
}

int image_store_resolve(struct image_store *s, const struct image_ref *ref, char *ret_id,
			struct err *e)
{
	CLEANUP(freep) char *shown = NULL;
	struct image_node *node;

	pthread_mutex_lock(&s->mu);
	node = find_name(s, ref);
	if (node != NULL)
		str_copy(ret_id, node->image->id, DIGEST_SIZE);
	pthread_mutex_unlock(&s->mu);
	if (node != NULL)
		return 0;
	shown = image_ref_familiar(ref);
	return err_set(e, ERR_NOTFOUND, 0, "No such image: %s", shown);
}

size_t image_store_count(struct image_store *s)
{
	MUTEX_GUARD(&s->mu);
	return s->images.n;
}

static int write_metadata(struct image_store *s, const char *id, const char *name, const char *text,
			  enum file_sync sync, struct err *e)
{
	CLEANUP(freep) char *dir = metadata_path(s, id, "");
	CLEANUP(freep) char *path = metadata_path(s, id, name);

	if (path_mkdirs(dir, 0700, e) < 0)
		return -1;
	return file_write(AT_FDCWD, path, text, strlen(text), 0600, sync, e);
}

/* write_mu is held. */
static int write_image(struct image_store *s, const struct image *img, const char *parent,
		       struct err *e)
{
	CLEANUP(freep) char *path = xasprintf("%s/" CONTENT_SUBDIR "/%s", s->dir, hex_of(img->id));

	if (s->st != NULL && storage_layer_sync_names(s->st, e) < 0)
		return -1;
	if (file_write(AT_FDCWD, path, img->json, img->n_json, 0600, FILE_SYNC, e) == 0 &&
	    (parent == NULL || write_metadata(s, img->id, "parent", parent, FILE_SYNC, e) == 0))
		return 0;
	unlink(path);
	return -1;
}

int image_store_create(struct image_store *s, const void *json, size_t n, const char *parent,
		       char *ret_id, struct err *e)
{
	struct image *img = NULL;
	struct image_node *node;
	bool known;

	if (image_make(s, json, n, &img, e) < 0)
		return -1;
	str_copy(ret_id, img->id, DIGEST_SIZE);
	MUTEX_GUARD(&s->write_mu);
	pthread_mutex_lock(&s->mu);
	known = store_node(s, img->id) != NULL;
	pthread_mutex_unlock(&s->mu);
	if (known || write_image(s, img, parent, e) < 0) {
		if (img->chain_id[0] != '\0')
			storage_layer_unref(s->st, img->chain_id, NULL);
		image_free(img);
		return known ? 0 : -1;
	}
	node = xcalloc(1, sizeof(*node));
	node->image = img;
	if (parent != NULL)
		str_copy(node->parent, parent, sizeof(node->parent));
	pthread_mutex_lock(&s->mu);
	map_put(&s->images, img->id, node);
	pthread_mutex_unlock(&s->mu);
	return 0;
}

/* moby image/tarexport checkValidParent() */
static bool is_step_above(const struct image_config *c, const struct image_config *parent)
{
	const struct strv *upper = &c->rootfs.diff_ids, *lower = &parent->rootfs.diff_ids;

	if (c->history.len != parent->history.len + 1 || lower->len > upper->len)
		return false;
	for (size_t i = 0; i < parent->history.len; i++)
		if (!str_eq(c->history.items[i].created_by, parent->history.items[i].created_by) ||
		    c->history.items[i].created_nsec != parent->history.items[i].created_nsec)
			return false;
	for (size_t i = 0; i < lower->len; i++)
		if (!str_eq(upper->items[i], lower->items[i]))
			return false;
	return true;
}

void image_store_set_parent(struct image_store *s, const char *id, const char *parent)
{
	struct image_node *node, *above;
	struct err e;
	bool set;
	MUTEX_GUARD(&s->write_mu);

	pthread_mutex_lock(&s->mu);
	node = store_node(s, id);
	above = store_node(s, parent);
	set = node != NULL && above != NULL && node->parent[0] == '\0' &&
	      is_step_above(node->image->config, above->image->config);
	if (set)
		str_copy(node->parent, parent, sizeof(node->parent));
	pthread_mutex_unlock(&s->mu);
	if (set && write_metadata(s, id, "parent", parent, FILE_WHOLE, &e) < 0)
		log_debug(&e, "image store: parent of %s", id);
}

void store_drop(struct image_store *s, const char *id, struct strv *removed, char *ret_parent)
{
	CLEANUP(freep) char *content = xasprintf("%s/" CONTENT_SUBDIR "/%s", s->dir, hex_of(id));
	CLEANUP(freep) char *metadata = metadata_path(s, id, "");
	char chain[DIGEST_SIZE] = "";
	struct image_node *node;
	struct err e;

	ret_parent[0] = '\0';
	pthread_mutex_lock(&s->mu);
	node = map_steal(&s->images, id);
	if (node != NULL) {
		str_copy(ret_parent, node->parent, DIGEST_SIZE);
		str_copy(chain, node->image->chain_id, sizeof(chain));
		/* its children have no parent any more */
		map_for_each (slot, &s->images) {
			struct image_node *child = slot->value;

			if (str_eq(child->parent, id))
				child->parent[0] = '\0';
		}
		node_free(node);
	}
	pthread_mutex_unlock(&s->mu);
	if (node == NULL)
		return;
	/* first, for without the image nobody would look for it */
	if (path_remove_tree(AT_FDCWD, metadata, &e) < 0 ||
	    file_sync_parent(AT_FDCWD, metadata, &e) < 0)
		log_debug(&e, "image store");
	if (unlink(content) < 0 && errno != ENOENT) {
		err_sys(&e, "remove %s", content);
		log_debug(&e, "image store");
	}
	if (file_sync_parent(AT_FDCWD, content, &e) < 0)
		log_debug(&e, "image store");
	if (chain[0] != '\0')
		storage_layer_unref(s->st, chain, removed);
}

int image_store_tag(struct image_store *s, const struct image_ref *ref, const char *id,
		    struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref key = IMAGE_REF_INIT;
	CLEANUP(freep) char *name = NULL;
	char now[TIME_RFC3339_SIZE];
	struct image_node *node;

	image_ref_copy(&key, ref);
	if (key.digest != NULL)
		str_replace_ptr(&key.tag, NULL);
	image_ref_default_tag(&key);
	name = image_ref_familiar(&key);
	MUTEX_GUARD(&s->write_mu);
	pthread_mutex_lock(&s->mu);
	node = store_node(s, id);
	if (node != NULL) {
		node->last_tagged_nsec = time_now_nsec();
		time_format(node->last_tagged_nsec, now);
		map_put(&s->names, name, xstrdup(node->image->id));
	}
	pthread_mutex_unlock(&s->mu);
	if (node == NULL)
		return err_set(e, ERR_NOTFOUND, 0, "No such image: %s", id);
	if (write_metadata(s, id, "lastUpdated", now, FILE_WHOLE, e) < 0)
		return -1;
	return names_save(s, e);
}

bool store_flight_begin(struct image_store *s, const char *chain_id)
{
	MUTEX_GUARD(&s->mu);
	if (map_get(&s->flights, chain_id) != NULL)
		return false;
	map_put(&s->flights, chain_id, xcalloc(1, sizeof(int64_t)));
	return true;
}

void store_flight_end(struct image_store *s, const char *chain_id)
{
	MUTEX_GUARD(&s->mu);
	map_del(&s->flights, chain_id);
	pthread_cond_broadcast(&s->landed);
}

void store_flight_wait(struct image_store *s, const char *chain_id, int64_t deadline_ms)
{
	MUTEX_GUARD(&s->mu);
	while (map_get(&s->flights, chain_id) != NULL)
		if (!cond_wait_until(&s->landed, &s->mu, deadline_ms))
			return;
}

int64_t store_flight_sent(struct image_store *s, const char *chain_id, int64_t add)
{
	MUTEX_GUARD(&s->mu);
	int64_t *sent = map_get(&s->flights, chain_id);

	return sent == NULL ? 0 : (*sent += add);
}

bool store_slot_take(struct image_store *s, enum store_slot slot, int max, int64_t deadline_ms)
{
	MUTEX_GUARD(&s->mu);

	while (s->busy[slot] >= max)
		if (!cond_wait_until(&s->landed, &s->mu, deadline_ms))
			return false;
	s->busy[slot]++;
	return true;
}

void store_slot_give(struct image_store *s, enum store_slot slot)
{
	MUTEX_GUARD(&s->mu);
	s->busy[slot]--;
	pthread_cond_broadcast(&s->landed);
}
