// SPDX-License-Identifier: MIT
/*
 * docker save (moby image/tarexport/save.go). The small files are made first,
 * so that everything can be written sorted by name in one pass; a layer's size
 * is known from its journal. Times are the image's, or zero, never now. What
 * Docker adds for engines before 1.9 (one more file a layer, which no other
 * file names) is left out.
 */
#include "image/save.h"

#include <string.h>

#include "archive/tar.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "image/store_internal.h"
#include "json/write.h"
#include "storage/layer.h"

#define BLOBS	     "blobs/sha256/"
#define MEDIA_LAYER  "application/vnd.oci.image.layer.v1.tar"
#define LAYOUT_TEXT  "{\"imageLayoutVersion\": \"1.0.0\"}"
#define NSEC_PER_SEC 1000000000LL

/* One file of the archive. */
struct member {
	struct buf text;
	char chain[DIGEST_SIZE]; /* a layer's; "" for a text */
	uint64_t size_bytes;
	int64_t mtime_sec;
};

struct saved {
	struct image *image; /* a reference */
	bool held;	     /* a reference on its layers */
	struct strv tags;    /* familiar, as asked for */
	char parent[DIGEST_SIZE];
	char manifest[DIGEST_SIZE];
	size_t manifest_bytes;
};

struct image_save {
	struct image_store *s;
	JSON_ARRAY_OF(struct saved) images;
	struct map members; /* name -> struct member */
};

static void member_free(void *p)
{
	struct member *m = p;

	buf_clear(&m->text);
	free(m);
}

void image_save_free(struct image_save *sv)
{
	if (sv == NULL)
		return;
	for (size_t i = 0; i < sv->images.len; i++) {
		struct saved *it = &sv->images.items[i];

		if (it->held)
			storage_layer_unref(image_store_storage(sv->s), it->image->chain_id, NULL);
		image_unref(sv->s, it->image);
		strv_clear(&it->tags);
	}
	free(sv->images.items);
	map_clear(&sv->members);
	free(sv);
}

void image_save_freep(struct image_save **sv)
{
	image_save_free(*sv);
}

void image_save_ids(const struct image_save *sv, struct strv *ret)
{
	for (size_t i = 0; i < sv->images.len; i++)
		strv_add(ret, sv->images.items[i].image->id);
}

/* --- what is to be saved --- */

/* The image's entry, made when it is new; takes img. */
static int add_image(struct image_save *sv, struct image *img, const struct platform *want,
		     struct saved **ret, struct err *e)
{
	struct saved *it;

	for (size_t i = 0; i < sv->images.len; i++) {
		if (str_eq(sv->images.items[i].image->id, img->id)) {
			image_unref(sv->s, img);
			*ret = &sv->images.items[i];
			return 0;
		}
	}
	sv->images.items =
		xrealloc(sv->images.items, (sv->images.len + 1) * sizeof(*sv->images.items));
	it = &sv->images.items[sv->images.len++];
	*it = (struct saved){.image = img, .tags = STRV_INIT};
	*ret = it;
	if (want != NULL && platform_score(want, img->config) != PLATFORM_SAME) {
		CLEANUP(freep) char *text = platform_string(want);

		return err_set(e, ERR_SYSTEM, 0, "no suitable export target found for platform %s",
			       text);
	}
	if (img->chain_id[0] == '\0')
		return err_set(e, ERR_UNIMPLEMENTED, 0, "empty export - not implemented");
	if (storage_layer_ref(image_store_storage(sv->s), img->chain_id, e) < 0)
		return -1;
	it->held = true;
	return 0;
}

static void add_tag(struct saved *it, const char *tag)
{
	if (!strv_has(&it->tags, tag))
		strv_add(&it->tags, tag);
}

/* All tags of a repository; how many there are. */
static size_t repository_tags(struct image_store *s, const char *repository, struct strv *tags)
{
	size_t n = strlen(repository);
	MUTEX_GUARD(&s->mu);

	map_for_each (slot, &s->names)
		if (str_starts(slot->key, repository) && slot->key[n] == ':' &&
		    strchr(slot->key + n, '/') == NULL && !name_is_digest(slot->key))
			strv_add(tags, slot->key);
	strv_sort(tags);
	return tags->len;
}

static int add_by_name(struct image_save *sv, const char *name, const char *tag,
		       const struct platform *want, struct err *e)
{
	struct image *img;
	struct saved *it;

	if (image_store_get(sv->s, name, &img, e) < 0 || add_image(sv, img, want, &it, e) < 0)
		return -1;
	if (tag != NULL)
		add_tag(it, tag);
	return 0;
}

/* Docker has words of its own for what is not there. */
static int missing(const char *name, bool tagged, struct err *e)
{
	if (e->kind != ERR_NOTFOUND || !str_starts(e->msg, "No such image"))
		return -1;
	return tagged ? err_set(e, ERR_NOTFOUND, 0, "reference does not exist")
		      : err_set(e, ERR_NOTFOUND, 0, "No such image: %s", name);
}

static int find(struct image_save *sv, const char *name, const struct platform *want, struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(strv_clear) struct strv tags = STRV_INIT;
	CLEANUP(freep) char *familiar = NULL;
	bool tagged;

	if (digest_ok(name) || str_is_hex(name, 64))
		return add_by_name(sv, name, NULL, want, e);
	if (image_ref_parse(name, &ref, e) < 0)
		return -1;
	tagged = ref.tag != NULL || ref.digest != NULL;
	familiar = tagged ? image_ref_familiar(&ref) : image_ref_familiar_name(&ref);
	if (tagged || repository_tags(sv->s, familiar, &tags) == 0) {
		bool keep = tagged && ref.digest == NULL && !str_starts(name, "sha256:");

		return add_by_name(sv, name, keep ? familiar : NULL, want, e) < 0
			       ? missing(name, tagged, e)
			       : 0;
	}
	strv_for_each (it, &tags)
		if (add_by_name(sv, *it, *it, want, e) < 0)
			return -1;
	return 0;
}

/* --- the files --- */

static struct member *add_member(struct image_save *sv, const char *name, int64_t mtime_sec)
{
	struct member *m = xcalloc(1, sizeof(*m));

	m->mtime_sec = mtime_sec;
	map_put(&sv->members, name, m);
	return m;
}

static void blob_name(const char *digest, char *ret, size_t n)
{
	snprintf(ret, n, BLOBS "%s", digest + strlen("sha256:"));
}

static int add_layers(struct image_save *sv, const struct saved *it, struct err *e)
{
	const struct image_config *c = it->image->config;
	char chain[DIGEST_SIZE] = "", above[DIGEST_SIZE], name[DIGEST_SIZE + sizeof(BLOBS)];

	strv_for_each (diff_id, &c->rootfs.diff_ids) {
		struct member *m;

		storage_chain_id(chain, *diff_id, above);
		str_copy(chain, above, sizeof(chain));
		blob_name(*diff_id, name, sizeof(name));
		if (map_get(&sv->members, name) != NULL)
			continue;
		m = add_member(sv, name, c->created_nsec / NSEC_PER_SEC);
		str_copy(m->chain, chain, sizeof(m->chain));
		if (storage_layer_tar_bytes(image_store_storage(sv->s), chain, &m->size_bytes, e) <
		    0)
			return -1;
	}
	return 0;
}

static uint64_t layer_bytes(struct image_save *sv, const char *diff_id)
{
	char name[DIGEST_SIZE + sizeof(BLOBS)];
	const struct member *m;

	blob_name(diff_id, name, sizeof(name));
	m = map_get(&sv->members, name);
	return m != NULL ? m->size_bytes : 0;
}

static void add_manifest(struct image_save *sv, struct saved *it)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	char name[DIGEST_SIZE + sizeof(BLOBS)];
	struct member *m;
	struct json_w w;

	jw_init(&w, &b);
	jw_obj(&w);
	jw_ki64(&w, "schemaVersion", 2);
	jw_kstr(&w, "mediaType", MEDIA_OCI_MANIFEST);
	jw_kobj(&w, "config");
	jw_kstr(&w, "mediaType", MEDIA_OCI_CONFIG);
	jw_kstr(&w, "digest", it->image->id);
	jw_ku64(&w, "size", it->image->n_json);
	jw_end(&w);
	jw_karr(&w, "layers");
	strv_for_each (diff_id, &it->image->config->rootfs.diff_ids) {
		jw_obj(&w);
		jw_kstr(&w, "mediaType", MEDIA_LAYER);
		jw_kstr(&w, "digest", *diff_id);
		jw_ku64(&w, "size", layer_bytes(sv, *diff_id));
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	sha256_digest(b.data, b.len, it->manifest);
	it->manifest_bytes = b.len;
	blob_name(it->manifest, name, sizeof(name));
	m = add_member(sv, name, 0);
	buf_add(&m->text, b.data, b.len);
}

/* --- index.json, manifest.json, repositories --- */

static const char *tag_of(const char *familiar)
{
	return strrchr(familiar, ':') + 1;
}

static void index_entry(struct json_w *w, const struct saved *it, const char *tag)
{
	jw_obj(w);
	jw_kstr(w, "mediaType", MEDIA_OCI_MANIFEST);
	jw_kstr(w, "digest", it->manifest);
	jw_ku64(w, "size", it->manifest_bytes);
	if (tag != NULL) {
		CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
		CLEANUP(freep) char *full = NULL;
		struct err e;

		if (image_ref_parse(tag, &ref, &e) == 0)
			full = image_ref_full(&ref);
		jw_kobj(w, "annotations");
		jw_kstr(w, "io.containerd.image.name", full);
		jw_kstr(w, "org.opencontainers.image.ref.name", tag_of(tag));
		jw_end(w);
	}
	jw_end(w);
}

static void write_index(struct image_save *sv, struct buf *b)
{
	struct json_w w;

	jw_init(&w, b);
	jw_obj(&w);
	jw_ki64(&w, "schemaVersion", 2);
	jw_kstr(&w, "mediaType", MEDIA_OCI_INDEX);
	jw_karr(&w, "manifests");
	for (size_t i = 0; i < sv->images.len; i++) {
		const struct saved *it = &sv->images.items[i];

		if (it->tags.len == 0)
			index_entry(&w, it, NULL);
		strv_for_each (tag, &it->tags)
			index_entry(&w, it, *tag);
	}
	jw_end(&w);
	jw_end(&w);
}

static void write_sources(struct image_save *sv, struct json_w *w, const struct saved *it)
{
	CLEANUP(strv_clear) struct strv sorted = STRV_INIT;
	const char *last = "";

	strv_copy(&sorted, &it->image->config->rootfs.diff_ids);
	strv_sort(&sorted);
	jw_kobj(w, "LayerSources");
	strv_for_each (diff_id, &sorted) {
		if (str_eq(*diff_id, last))
			continue;
		last = *diff_id;
		jw_kobj(w, *diff_id);
		jw_kstr(w, "mediaType", MEDIA_LAYER);
		if (layer_bytes(sv, *diff_id) > 0)
			jw_ku64(w, "size", layer_bytes(sv, *diff_id));
		jw_kstr(w, "digest", *diff_id);
		jw_end(w);
	}
	jw_end(w);
}

/* Only parents that are in the archive too are named. */
static bool is_saved(const struct image_save *sv, const char *id)
{
	for (size_t i = 0; i < sv->images.len; i++)
		if (str_eq(sv->images.items[i].image->id, id))
			return true;
	return false;
}

static void write_manifest(struct image_save *sv, struct buf *b)
{
	char name[DIGEST_SIZE + sizeof(BLOBS)];
	struct json_w w;

	jw_init(&w, b);
	jw_arr(&w);
	for (size_t i = 0; i < sv->images.len; i++) {
		const struct saved *it = &sv->images.items[i];

		jw_obj(&w);
		blob_name(it->image->id, name, sizeof(name));
		jw_kstr(&w, "Config", name);
		if (it->tags.len == 0)
			jw_knull(&w, "RepoTags");
		else
			jw_karr(&w, "RepoTags");
		strv_for_each (tag, &it->tags)
			jw_str(&w, *tag);
		if (it->tags.len > 0)
			jw_end(&w);
		jw_karr(&w, "Layers");
		strv_for_each (diff_id, &it->image->config->rootfs.diff_ids) {
			blob_name(*diff_id, name, sizeof(name));
			jw_str(&w, name);
		}
		jw_end(&w);
		if (it->parent[0] != '\0' && is_saved(sv, it->parent))
			jw_kstr(&w, "Parent", it->parent);
		write_sources(sv, &w, it);
		jw_end(&w);
	}
	jw_end(&w);
	buf_addch(b, '\n');
}

/* name -> tag -> topmost layer, keys sorted; false without any tag */
static bool write_repositories(struct image_save *sv, struct buf *b)
{
	CLEANUP(strv_clear) struct strv lines = STRV_INIT; /* "name tag layer" */
	CLEANUP(freep) char *open = NULL;
	struct json_w w;

	for (size_t i = 0; i < sv->images.len; i++) {
		const struct strv *d = &sv->images.items[i].image->config->rootfs.diff_ids;

		strv_for_each (tag, &sv->images.items[i].tags) {
			int n = (int)(tag_of(*tag) - *tag) - 1;

			strv_addf(&lines, "%.*s %s %s", n, *tag, tag_of(*tag),
				  d->items[d->len - 1] + strlen("sha256:"));
		}
	}
	strv_sort(&lines);
	jw_init(&w, b);
	jw_obj(&w);
	strv_for_each (line, &lines) {
		char *tag = strchr(*line, ' ') + 1, *layer = strchr(tag, ' ') + 1;

		tag[-1] = layer[-1] = '\0';
		if (open == NULL || !str_eq(open, *line)) {
			if (open != NULL)
				jw_end(&w);
			jw_kobj(&w, *line);
			str_replace_ptr(&open, *line);
		}
		jw_kstr(&w, tag, layer);
	}
	if (open != NULL)
		jw_end(&w);
	jw_end(&w);
	buf_addch(b, '\n');
	return lines.len > 0;
}

static int make_members(struct image_save *sv, struct err *e)
{
	char name[DIGEST_SIZE + sizeof(BLOBS)];
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < sv->images.len; i++) {
		struct saved *it = &sv->images.items[i];
		struct member *m;

		if (add_layers(sv, it, e) < 0)
			return -1;
		blob_name(it->image->id, name, sizeof(name));
		m = add_member(sv, name, it->image->config->created_nsec / NSEC_PER_SEC);
		buf_add(&m->text, it->image->json, it->image->n_json);
		add_manifest(sv, it);
	}
	write_index(sv, &add_member(sv, "index.json", 0)->text);
	write_manifest(sv, &add_member(sv, "manifest.json", 0)->text);
	buf_addstr(&add_member(sv, "oci-layout", 0)->text, LAYOUT_TEXT);
	if (write_repositories(sv, &b))
		add_member(sv, "repositories", 0)->text = b;
	else
		buf_clear(&b);
	return 0;
}

static void find_parents(struct image_save *sv)
{
	MUTEX_GUARD(&sv->s->mu);

	for (size_t i = 0; i < sv->images.len; i++) {
		struct saved *it = &sv->images.items[i];
		const struct image_node *node = store_node(sv->s, it->image->id);

		if (node != NULL)
			str_copy(it->parent, node->parent, sizeof(it->parent));
	}
}

int image_save_open(struct image_store *s, const struct strv *names, const struct platform *want,
		    struct image_save **ret, struct err *e)
{
	CLEANUP(image_save_freep) struct image_save *sv = xcalloc(1, sizeof(*sv));

	sv->s = s;
	map_init(&sv->members, member_free);
	strv_for_each (it, names)
		if (find(sv, *it, want, e) < 0)
			return -1;
	find_parents(sv);
	if (make_members(sv, e) < 0)
		return -1;
	*ret = TAKE(sv);
	return 0;
}

/* --- writing --- */

/* A layer's bytes into the tar; too many are an error of the writer's, too few of ours. */
struct layer_out {
	struct stream s;
	struct tar_writer *w;
	uint64_t left;
};

static int layer_out_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	struct layer_out *o = (struct layer_out *)(void *)s;

	o->left -= MIN((uint64_t)n, o->left);
	return tar_write(o->w, p, n, e);
}

static const struct stream_ops layer_out_ops = {.write = layer_out_write};

static int write_dir(struct tar_writer *w, const char *name, int64_t mtime_sec, struct err *e)
{
	struct tar_entry ent = {.name = name,
				.link = "",
				.type = TAR_DIR,
				.mode = 0755,
				.mtime_sec = mtime_sec,
				.uname = "",
				.gname = ""};

	return tar_write_entry(w, &ent, e);
}

static int write_member(struct image_save *sv, struct tar_writer *w, const char *name,
			struct err *e)
{
	const struct member *m = map_get(&sv->members, name);
	struct layer_out o = {
		.s = {.ops = &layer_out_ops, .fd = -1}, .w = w, .left = m->size_bytes};
	struct tar_entry ent = {.name = name,
				.link = "",
				.type = TAR_FILE,
				.mode = 0644,
				.size = m->size_bytes,
				.mtime_sec = m->mtime_sec,
				.uname = "",
				.gname = ""};

	if (m->chain[0] == '\0')
		return tar_write_file(w, name, 0644, m->mtime_sec, buf_str(&m->text), m->text.len,
				      e);
	if (tar_write_entry(w, &ent, e) < 0 ||
	    storage_layer_tar(image_store_storage(sv->s), m->chain, &o.s, e) < 0)
		return -1;
	return o.left == 0 ? 0
			   : err_set(e, ERR_SYSTEM, 0, "layer %s is shorter than its journal says",
				     m->chain);
}

int image_save_write(struct image_save *sv, struct stream *out, struct err *e)
{
	CLEANUP(tar_writer_freep) struct tar_writer *w = tar_writer_new(out);
	CLEANUP(freep) const char **names = map_keys_sorted(&sv->members);
	int64_t mtime_sec = sv->images.len > 0
				    ? sv->images.items[0].image->config->created_nsec / NSEC_PER_SEC
				    : 0;

	if (sv->images.len > 0 &&
	    (write_dir(w, "blobs/", mtime_sec, e) < 0 || write_dir(w, BLOBS, mtime_sec, e) < 0))
		return -1;
	for (size_t i = 0; i < sv->members.n; i++)
		if (write_member(sv, w, names[i], e) < 0)
			return -1;
	return tar_writer_end(w, e);
}
