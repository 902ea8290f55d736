// SPDX-License-Identifier: MIT
/*
 * OCI image layouts (image-spec image-layout.md): index.json names manifests
 * or further indexes below blobs/sha256/. Every blob used is checked against
 * the digest that names it.
 */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/load_internal.h"

#define DEPTH_MAX 4

static char *blob_path(const char *digest)
{
	return xasprintf("blobs/sha256/%s", digest + strlen("sha256:"));
}

static int read_blob(struct load *l, const struct descriptor *d, size_t max, struct buf *b,
		     struct err *e)
{
	CLEANUP(freep) char *path = blob_path(d->digest);
	char got[DIGEST_SIZE];

	if (spool_read(l->sp, path, max, b, e) < 0)
		return -1;
	sha256_digest(buf_str(b), b->len, got);
	if (!str_eq(got, d->digest))
		return err_set(e, ERR_INVALID, 0, "verification failed for digest %s", d->digest);
	return 0;
}

/* The name to give: containerd's full one, or a reference name that is more than a tag. */
static void add_name(const struct descriptor *d, struct strv *names)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	const char *name = d->image_name != NULL ? d->image_name : d->ref_name;
	struct err e;

	if (name == NULL || (d->image_name == NULL && strpbrk(name, ":/") == NULL))
		return;
	if (image_ref_parse(name, &ref, &e) == 0)
		strv_add(names, name);
}

static int load_manifest(struct load *l, const struct manifest *m, const struct strv *names,
			 struct err *e)
{
	CLEANUP(strv_clear) struct strv files = STRV_INIT;
	CLEANUP(strv_clear) struct strv digests = STRV_INIT;
	CLEANUP(buf_clear) struct buf config = BUF_INIT;

	if (read_blob(l, &m->config, IMAGE_CONFIG_MAX_BYTES, &config, e) < 0)
		return -1;
	for (size_t i = 0; i < m->n_items; i++) {
		strv_take(&files, blob_path(m->items[i].digest));
		strv_add(&digests, m->items[i].digest);
	}
	return load_image(l, buf_str(&config), config.len, &files, &digests, names, NULL, e);
}

static int load_descriptor(struct load *l, const struct descriptor *d, struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(manifest_freep) struct manifest *m = NULL;

	add_name(d, &names);
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		CLEANUP(buf_clear) struct buf text = BUF_INIT;
		CLEANUP(manifest_freep) struct manifest *above UNUSED = m;

		m = NULL;
		if (read_blob(l, d, REGISTRY_MANIFEST_MAX_BYTES, &text, e) < 0 ||
		    manifest_parse(buf_str(&text), text.len, d->media_type, &m, e) < 0)
			return -1;
		if (!m->is_index)
			return load_manifest(l, m, &names, e);
		d = manifest_choose(m, l->want, e);
		if (d == NULL)
			return -1;
	}
	return err_set(e, ERR_INVALID, 0, "indexes are nested too deep");
}

int load_oci_layout(struct load *l, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(manifest_freep) struct manifest *index = NULL;

	if (spool_read(l->sp, "index.json", REGISTRY_MANIFEST_MAX_BYTES, &text, e) < 0 ||
	    manifest_parse(buf_str(&text), text.len, MEDIA_OCI_INDEX, &index, e) < 0)
		return err_wrap(e, "index.json");
	if (!index->is_index)
		return err_set(e, ERR_INVALID, 0, "index.json is no index");
	for (size_t i = 0; i < index->n_items; i++)
		if (!index->items[i].attestation && load_descriptor(l, &index->items[i], e) < 0)
			return -1;
	return 0;
}
