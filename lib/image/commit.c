// SPDX-License-Identifier: MIT
/*
 * docker commit: a container's writable layer becomes a layer of its own upon
 * the image's. It takes the way of every layer, through the confined unpack:
 * the container's files are no better than a registry's.
 */
#include "image/commit.h"

#include "base/mem.h"
#include "base/str.h"
#include "storage/layer.h"
#include "storage/rw.h"

/* of a tar without entries, which Docker takes for no layer */
#define EMPTY_DIFF_ID "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

struct source {
	struct storage *st;
	const char *container;
};

static int write_tar(void *arg, struct stream *out, struct err *e)
{
	const struct source *src = arg;

	return storage_rw_tar(src->st, src->container, out, e);
}

int image_commit_layer(struct image_store *s, const char *container, const char *parent,
		       struct image_commit_layer *ret, struct err *e)
{
	CLEANUP(storage_layer_abortp) struct layer_txn *txn = NULL;
	struct source src = {image_store_storage(s), container};
	struct layer_result r;

	if (src.st == NULL)
		return err_set(e, ERR_UNAVAILABLE, 0, "there is no layer storage");
	if (storage_layer_begin(src.st, &txn, e) < 0 ||
	    storage_unpack_from(txn, write_tar, &src, &r, e) < 0)
		return -1;
	str_copy(ret->diff_id, r.diff_id, DIGEST_SIZE);
	ret->empty = str_eq(r.diff_id, EMPTY_DIFF_ID);
	ret->chain[0] = '\0';
	if (ret->empty)
		return 0;
	if (storage_layer_commit(txn, parent, ret->chain, e) < 0)
		return -1;
	txn = NULL; /* consumed */
	return 0;
}

void image_commit_layer_release(struct image_store *s, struct image_commit_layer *l)
{
	if (l->chain[0] != '\0')
		storage_layer_unref(image_store_storage(s), l->chain, NULL);
	l->chain[0] = '\0';
}
