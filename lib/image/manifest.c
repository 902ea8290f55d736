// SPDX-License-Identifier: MIT
/*
 * Manifests and indexes: image-spec manifest.md, image-index.md and
 * descriptor.md; Docker's manifest v2 schema 2. A body that is both an index
 * and a manifest, or whose media type contradicts the answer's Content-Type,
 * is refused (CVE-2021-41190).
 */
#include "image/manifest.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "json/json.h"

#define SCHEMA1_PREFIX "application/vnd.docker.distribution.manifest.v1+"

static void descriptor_clear(struct descriptor *d)
{
	free(d->media_type);
	platform_clear(&d->platform);
	free(d->ref_name);
	free(d->image_name);
}

void manifest_free(struct manifest *m)
{
	if (m == NULL)
		return;
	free(m->media_type);
	descriptor_clear(&m->config);
	for (size_t i = 0; i < m->n_items; i++)
		descriptor_clear(&m->items[i]);
	free(m->items);
	free(m);
}

void manifest_freep(struct manifest **m)
{
	manifest_free(*m);
}

const char *manifest_accept(void)
{
	return MEDIA_DOCKER_MANIFEST ", " MEDIA_DOCKER_LIST ", " MEDIA_OCI_INDEX
				     ", " MEDIA_OCI_MANIFEST ", application/json;q=0.5, "
				     "*/*;q=0.1";
}

static void parse_platform(const struct json *v, struct platform *p)
{
	p->os = xstrdup(json_get_str(v, "os"));
	p->architecture = xstrdup(json_get_str(v, "architecture"));
	p->variant = xstrdup(json_get_str(v, "variant"));
	p->os_version = xstrdup(json_get_str(v, "os.version"));
}

static int parse_descriptor(const struct json *v, struct descriptor *d, struct err *e)
{
	const char *digest = json_get_str(v, "digest");
	const char *type = json_get_str(v, "mediaType");
	const struct json *notes = json_get(v, "annotations");
	int64_t size = json_get_i64(v, "size", -1);

	if (digest == NULL || type == NULL)
		return err_set(e, ERR_INVALID, 0, "malformed manifest: incomplete descriptor");
	if (!digest_ok(digest))
		return err_set(e, ERR_INVALID, 0,
			       "malformed manifest: unsupported or invalid digest");
	if (size < 0 || (uint64_t)size > REGISTRY_LAYER_MAX_BYTES)
		return err_set(e, ERR_INVALID, 0, "malformed manifest: invalid size of %s", digest);
	str_copy(d->digest, digest, sizeof(d->digest));
	d->media_type = xstrdup(type);
	d->size = size;
	parse_platform(json_get(v, "platform"), &d->platform);
	d->attestation = str_eq(d->platform.os, "unknown") ||
			 json_get_str(notes, "vnd.docker.reference.type") != NULL;
	d->ref_name = xstrdup(json_get_str(notes, "org.opencontainers.image.ref.name"));
	d->image_name = xstrdup(json_get_str(notes, "io.containerd.image.name"));
	return 0;
}

static int parse_items(const struct json *list, size_t max, struct manifest *m, struct err *e)
{
	if (json_kind(list) != JSON_ARRAY && json_kind(list) != JSON_NULL)
		return err_set(e, ERR_INVALID, 0, "malformed manifest: a list is missing");
	if (json_len(list) > max)
		return err_set(e, ERR_INVALID, 0, "manifest has %zu entries, more than %zu",
			       json_len(list), max);
	m->items = xcalloc(json_len(list) + 1, sizeof(*m->items));
	json_for_each (item, list) {
		if (parse_descriptor(item, &m->items[m->n_items++], e) < 0)
			return -1;
	}
	return 0;
}

static bool is_index_type(const char *t)
{
	return str_eq(t, MEDIA_DOCKER_LIST) || str_eq(t, MEDIA_OCI_INDEX);
}

static bool is_manifest_type(const char *t)
{
	return str_eq(t, MEDIA_DOCKER_MANIFEST) || str_eq(t, MEDIA_OCI_MANIFEST);
}

/* What the body is: by its own media type, the answer's, or its members. */
static int choose_type(const struct json *v, const char *content_type, const char **ret,
		       struct err *e)
{
	const char *own = json_get_str(v, "mediaType");
	bool list = json_kind(json_get(v, "manifests")) == JSON_ARRAY;
	bool layers = json_get(v, "layers") != NULL || json_get(v, "config") != NULL;
	const char *type = own != NULL ? own : content_type;

	if (json_get_i64(v, "schemaVersion", 2) == 1 || (own && str_starts(own, SCHEMA1_PREFIX)) ||
	    json_get(v, "fsLayers") != NULL)
		return err_set(e, ERR_UNIMPLEMENTED, 0,
			       "manifest schema 1 (Docker image format v1) is not supported: ask "
			       "the image's author to push it again in the OCI format or as Docker "
			       "manifest v2, schema 2");
	if (list && layers)
		return err_set(e, ERR_INVALID, 0,
			       "malformed manifest: both a manifest and an index");
	if (!is_index_type(type) && !is_manifest_type(type) && own == NULL)
		type = list ? MEDIA_OCI_INDEX : layers ? MEDIA_OCI_MANIFEST : type;
	if (!is_index_type(type) && !is_manifest_type(type))
		return err_set(e, ERR_UNIMPLEMENTED, 0, "unsupported manifest media type: %s",
			       str_empty(type) ? "none given" : type);
	if (own != NULL && content_type != NULL && !str_eq(own, content_type) &&
	    (is_index_type(content_type) || is_manifest_type(content_type)))
		return err_set(e, ERR_INVALID, 0,
			       "malformed manifest: its media type %s is not that of the answer",
			       own);
	*ret = type;
	return 0;
}

int manifest_parse(const void *p, size_t n, const char *media_type, struct manifest **ret,
		   struct err *e)
{
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(manifest_freep) struct manifest *m = xcalloc(1, sizeof(*m));
	const char *type = NULL;

	if (n > REGISTRY_MANIFEST_MAX_BYTES)
		return err_set(e, ERR_INVALID, 0, "manifest of %zu bytes is too large", n);
	if (json_parse(p, n, &v, e) < 0)
		return err_wrap(e, "malformed manifest");
	if (json_kind(v) != JSON_OBJECT)
		return err_set(e, ERR_INVALID, 0, "malformed manifest: not an object");
	if (choose_type(v, media_type, &type, e) < 0)
		return -1;
	m->media_type = xstrdup(type);
	m->is_index = is_index_type(type);
	if (m->is_index) {
		if (parse_items(json_get(v, "manifests"), IMAGE_INDEX_ENTRIES_MAX, m, e) < 0)
			return -1;
	} else if (parse_descriptor(json_get(v, "config"), &m->config, e) < 0 ||
		   parse_items(json_get(v, "layers"), IMAGE_LAYERS_MAX, m, e) < 0) {
		return -1;
	}
	*ret = TAKE(m);
	return 0;
}

const struct descriptor *manifest_choose(const struct manifest *m, const struct platform *want,
					 struct err *e)
{
	CLEANUP(freep) char *text = NULL;
	const struct descriptor *best = NULL;
	int best_score = 0;

	for (size_t i = 0; i < m->n_items; i++) {
		const struct descriptor *d = &m->items[i];
		int score;

		if (d->attestation ||
		    !(is_index_type(d->media_type) || is_manifest_type(d->media_type)))
			continue;
		/* entries without a platform are the last resort */
		score = d->platform.os == NULL ? 1 : platform_match(want, &d->platform);
		if (score > best_score) {
			best_score = score;
			best = d;
		}
	}
	if (best == NULL) {
		text = platform_string(want);
		err_set(e, ERR_NOTFOUND, 0,
			"no matching manifest for %s in the manifest list entries", text);
	}
	return best;
}
