// SPDX-License-Identifier: MIT
/*
 * Read-only layers: table, references, removal. On disk a layer is
 * layerdb/sha256/<chain> (metadata) and overlay2/<cache-id> (tree); it exists
 * from the moment its metadata directory is renamed into place, which happens
 * after everything it names was synced. Source: moby layer/filestore.go,
 * daemon/graphdriver/overlay2/overlay.go.
 */
#include "storage/layer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/tarsplit.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "base/thread.h"
#include "config/limits.h"
#include "storage/driver_internal.h"

#define TXN_PREFIX     "write-set-"
#define REMOVED_PREFIX "removing-"

void storage_chain_id(const char *parent, const char *diff_id, char ret_chain[DIGEST_SIZE])
{
	char text[2 * DIGEST_SIZE];

	if (str_empty(parent)) {
		str_copy(ret_chain, diff_id, DIGEST_SIZE);
		return;
	}
	snprintf(text, sizeof(text), "%.71s %.71s", parent, diff_id);
	sha256_digest(text, strlen(text), ret_chain);
}

struct layer *layer_find(struct storage *s, const char *chain_id)
{
	return map_get(&s->layers, chain_id);
}

/* --- reading the store ---------------------------------------------------- */

/* the tree is there: by its short name, or by itself where there are none */
static bool read_link(struct storage *s, const char *cache_id, char link[LINK_ID_LEN + 2])
{
	char path[TREE_NAME_SIZE];
	bool found;

	*link = 0;
	driver_tree_name(s, cache_id, path);
	found = faccessat(s->driver_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (!s->driver->links)
		return found;
	snprintf(path, sizeof(path), "%.64s/link", cache_id);
	if (get_file(s->driver_fd, path, link, LINK_ID_LEN + 2) == 0 && strlen(link) == LINK_ID_LEN)
		return true;
	*link = 0;
	return s->looking && found;
}

static bool cache_id_ok(const char *id)
{
	return *id != 0 && strlen(id) < CACHE_ID_SIZE &&
	       strspn(id, "0123456789abcdefghijklmnopqrstuvwxyz") == strlen(id);
}

/* one directory of layerdb/sha256; NULL when it is not a whole layer */
static struct layer *read_layer(struct storage *s, int db_fd, const char *hex, char *ret_parent)
{
	CLEANUP(fd_closep)
	int fd = openat(db_fd, hex, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP(freep) struct layer *l = xcalloc(1, sizeof(*l));
	char size[24], link[LINK_ID_LEN + 2], chain[DIGEST_SIZE];

	if (fd < 0 || !str_is_hex(hex, 64) ||
	    get_file(fd, "diff", l->diff_id, sizeof(l->diff_id)) < 0 || !digest_ok(l->diff_id) ||
	    get_file(fd, "cache-id", l->cache_id, sizeof(l->cache_id)) < 0 ||
	    !cache_id_ok(l->cache_id) || get_file(fd, "size", size, sizeof(size)) < 0 ||
	    str_u64(size, UINT64_MAX, &l->size_bytes) < 0 || !read_link(s, l->cache_id, link))
		return NULL;
	if (get_file(fd, "parent", ret_parent, DIGEST_SIZE) < 0)
		*ret_parent = 0;
	str_copy(l->link, link, sizeof(l->link));
	snprintf(l->chain_id, sizeof(l->chain_id), "sha256:%.64s", hex);
	storage_chain_id(ret_parent, l->diff_id, chain);
	if (!str_eq(chain, l->chain_id)) /* parent or diff is of another layer, or torn */
		return NULL;
	return TAKE(l);
}

/* joins a layer to its parent, its parent first; false when one is missing */
static bool join(struct storage *s, struct map *found, struct map *parents, const char *chain,
		 unsigned depth)
{
	const char *parent = map_get(parents, chain);
	struct layer *l, *p = NULL;

	if (map_get(&s->layers, chain))
		return true;
	if (depth > STORAGE_LAYERS_MAX || !map_get(found, chain))
		return false;
	if (!str_empty(parent)) {
		if (!join(s, found, parents, parent, depth + 1))
			return false;
		p = map_get(&s->layers, parent);
	}
	l = map_steal(found, chain);
	l->parent = p;
	l->depth = p ? p->depth + 1 : 1;
	if (p)
		p->n_children++;
	map_put(&s->layers, chain, l);
	return true;
}

int layers_load(struct storage *s, struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(fd_closep) int fd = open_names(s->db_fd, "sha256", &names, e);
	struct map found, parents;
	CLEANUP(freep) const char **chains = NULL;
	size_t n;

	if (fd < 0)
		return -1;
	map_init(&found, free);
	map_init(&parents, free);
	strv_for_each (name, &names) {
		char parent[DIGEST_SIZE];
		struct layer *l = read_layer(s, fd, *name, parent);

		if (!l)
			continue;
		map_put(&parents, l->chain_id, xstrdup(parent));
		map_put(&found, l->chain_id, l);
	}
	n = parents.n;
	chains = map_keys_sorted(&parents);
	for (size_t i = 0; i < n; i++)
		if (!join(s, &found, &parents, chains[i], 0))
			log_debug(NULL, "layer %s has no parent any more", chains[i]);
	map_clear(&found);
	map_clear(&parents);
	return 0;
}

static void drop_tree(struct storage *s, const char *cache_id)
{
	char link[LINK_ID_LEN + 2] = "";

	s->driver->drop(s, cache_id, read_link(s, cache_id, link) ? link : "");
}

/* unfinished writes and removals name their tree */
void layers_repair(struct storage *s)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	struct err e;
	CLEANUP(fd_closep) int fd = open_names(s->db_fd, "tmp", &names, &e);

	strv_for_each (name, &names) {
		const char *id = str_skip(*name, TXN_PREFIX);
		char path[DIGEST_SIZE + 32], cache_id[CACHE_ID_SIZE];

		snprintf(path, sizeof(path), "%.90s/cache-id", *name);
		if (id && str_is_hex(id, RAND_ID_LEN)) {
			drop_tree(s, id);
		} else if (!str_starts(*name, REMOVED_PREFIX)) {
			continue;
		} else if (get_file(fd, path, cache_id, sizeof(cache_id)) == 0 &&
			   cache_id_ok(cache_id)) {
			drop_tree(s, cache_id);
		}
		if (path_remove_tree(fd, *name, &e) < 0)
			log_debug(&e, "repair layerdb");
	}
}

/* --- references ------------------------------------------------------------ */

static void remove_on_disk(struct storage *s, const struct layer *l)
{
	char from[DIGEST_SIZE + 8], to[DIGEST_SIZE + 24];
	struct err e;

	snprintf(from, sizeof(from), "sha256/%s", l->chain_id + strlen("sha256:"));
	snprintf(to, sizeof(to), "tmp/" REMOVED_PREFIX "%s", l->chain_id + strlen("sha256:"));
	if (renameat(s->db_fd, from, s->db_fd, to) < 0 && errno != ENOENT) {
		(void)err_sys(&e, "remove layer %s", l->chain_id);
		log_debug(&e, "remove layer");
		return;
	}
	s->driver->drop(s, l->cache_id, l->link);
	if (path_remove_tree(s->db_fd, to, &e) < 0)
		log_debug(&e, "remove layer");
}

/* removes the layer if nobody holds it, then its parents as far as that goes */
static void collect(struct storage *s, struct layer *l, struct strv *removed)
{
	while (l && l->n_refs == 0 && l->n_children == 0) {
		struct layer *parent = l->parent;

		remove_on_disk(s, l);
		if (removed)
			strv_add(removed, l->chain_id);
		if (parent)
			parent->n_children--;
		map_del(&s->layers, l->chain_id);
		l = parent;
	}
}

void layer_put(struct storage *s, struct layer *l, struct strv *removed)
{
	if (l->n_refs > 0)
		l->n_refs--;
	collect(s, l, removed);
}

static int not_found(const char *chain_id, struct err *e)
{
	return err_set(e, ERR_NOTFOUND, 0, "layer %s does not exist", chain_id);
}

int storage_layer_ref(struct storage *s, const char *chain_id, struct err *e)
{
	MUTEX_GUARD(&s->mu);
	struct layer *l = layer_find(s, chain_id);

	if (!l)
		return not_found(chain_id, e);
	l->n_refs++;
	return 0;
}

void storage_layer_unref(struct storage *s, const char *chain_id, struct strv *removed)
{
	MUTEX_GUARD(&s->mu);
	struct layer *l = layer_find(s, chain_id);

	if (l)
		layer_put(s, l, removed);
}

void storage_layer_list(struct storage *s, struct strv *ret_chain_ids)
{
	MUTEX_GUARD(&s->mu);
	CLEANUP(freep) const char **keys = map_keys_sorted(&s->layers);

	for (size_t i = 0; i < s->layers.n; i++)
		strv_add(ret_chain_ids, keys[i]);
}

/* short names whose tree is gone: of a creation that a crash cut off before it wrote down the name
 */
static void sweep_links(struct storage *s)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	struct err ignored;
	CLEANUP(fd_closep) int fd = open_names(s->driver_fd, "l", &names, &ignored);

	strv_for_each (name, &names)
		if (faccessat(fd, *name, F_OK, 0) < 0 && errno == ENOENT)
			unlinkat(fd, *name, 0);
}

void storage_layer_sweep(struct storage *s, struct strv *removed)
{
	MUTEX_GUARD(&s->mu);
	CLEANUP(strv_clear) struct strv all = STRV_INIT;

	map_for_each (slot, &s->layers)
		strv_add(&all, slot->key);
	strv_for_each (id, &all) {
		struct layer *l = layer_find(s, *id);

		if (l)
			collect(s, l, removed);
	}
	if (s->driver->links)
		sweep_links(s);
}

int storage_layer_sync_names(struct storage *s, struct err *e)
{
	return file_sync_dir(s->db_fd, "sha256", e);
}

int storage_layer_get(struct storage *s, const char *chain_id, struct layer_info *ret,
		      struct err *e)
{
	MUTEX_GUARD(&s->mu);
	struct layer *l = layer_find(s, chain_id);

	if (!l)
		return not_found(chain_id, e);
	memset(ret, 0, sizeof(*ret));
	str_copy(ret->chain_id, l->chain_id, sizeof(ret->chain_id));
	str_copy(ret->diff_id, l->diff_id, sizeof(ret->diff_id));
	str_copy(ret->parent, l->parent ? l->parent->chain_id : "", sizeof(ret->parent));
	str_copy(ret->cache_id, l->cache_id, sizeof(ret->cache_id));
	ret->size_bytes = l->size_bytes;
	ret->n_refs = l->n_refs;
	return 0;
}

int storage_layer_total_size(struct storage *s, const char *chain_id, uint64_t *ret_bytes,
			     struct err *e)
{
	MUTEX_GUARD(&s->mu);
	uint64_t sum = 0;
	struct layer *l = layer_find(s, chain_id);

	if (!l)
		return not_found(chain_id, e);
	for (; l; l = l->parent)
		sum += l->size_bytes;
	*ret_bytes = sum;
	return 0;
}

int storage_layer_graph_data(struct storage *s, const char *chain_id, struct strv *ret_pairs,
			     struct err *e)
{
	MUTEX_GUARD(&s->mu);
	struct layer *l = layer_find(s, chain_id);

	if (!l)
		return not_found(chain_id, e);
	if (s->driver->graph)
		s->driver->graph(s, l->cache_id, NULL, l->parent, ret_pairs);
	return 0;
}

static struct stream *open_journal(struct storage *s, const char *chain_id, struct err *e)
{
	char path[DIGEST_SIZE + 64];
	int fd;

	snprintf(path, sizeof(path), "sha256/%s/tar-split.json.gz", chain_id + strlen("sha256:"));
	fd = openat(s->db_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_sys(e, "open tar-split of layer %s", chain_id);
		return NULL;
	}
	return stream_fd_new(fd);
}

int storage_layer_tar(struct storage *s, const char *chain_id, struct stream *out, struct err *e)
{
	CLEANUP(stream_freep) struct stream *journal = NULL;
	CLEANUP(fd_closep) int tree_fd = -1;
	struct layer_info info;
	char path[DIGEST_SIZE + 64];

	if (storage_layer_get(s, chain_id, &info, e) < 0)
		return -1;
	journal = open_journal(s, chain_id, e);
	if (journal == NULL)
		return -1;
	driver_tree_name(s, info.cache_id, path);
	tree_fd = driver_open_dir(s, path, "tree of a layer", e);
	if (tree_fd < 0)
		return -1;
	return tarsplit_assemble(journal, tree_fd, out, e);
}

int storage_layer_tar_bytes(struct storage *s, const char *chain_id, uint64_t *ret_bytes,
			    struct err *e)
{
	CLEANUP(stream_freep) struct stream *journal = open_journal(s, chain_id, e);

	return journal == NULL ? -1 : tarsplit_bytes(journal, ret_bytes, e);
}
