// SPDX-License-Identifier: MIT
/*
 * docker commit: a container's writable layer becomes a layer of its own upon
 * the image's. It takes the way of every layer, through the confined unpack:
 * the container's files are no better than a registry's.
 */
#include "image/commit.h"

#include <errno.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "storage/layer.h"
#include "storage/rw.h"

/* of a tar without entries, which Docker takes for no layer */
#define EMPTY_DIFF_ID "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

/* The writable layer's tar into unpack; an early end of unpack is its own to explain. */
static int feed(struct storage *st, struct layer_txn *txn, const char *container, struct err *e)
{
	CLEANUP(stream_freep) struct stream *out = NULL;
	CLEANUP(fd_closep) int in_fd = -1;
	int fds[2], r;

	if (fd_pipe(fds, e) < 0)
		return -1;
	in_fd = fds[0];
	out = stream_fd_new(fds[1]);
	if (storage_unpack_start(txn, in_fd, e) < 0)
		return -1;
	fd_close(&in_fd);
	r = storage_rw_tar(st, container, out, e);
	if (r < 0 && e->sys != EPIPE)
		storage_unpack_cancel(txn);
	return r;
}

int image_commit_layer(struct image_store *s, const char *container, const char *parent,
		       struct image_commit_layer *ret, struct err *e)
{
	CLEANUP(storage_layer_abortp) struct layer_txn *txn = NULL;
	struct storage *st = image_store_storage(s);
	struct err unpack_error;
	struct layer_result r;
	int fed;

	if (st == NULL)
		return err_set(e, ERR_UNAVAILABLE, 0, "there is no layer storage");
	if (storage_layer_begin(st, &txn, e) < 0)
		return -1;
	fed = feed(st, txn, container, e);
	if (storage_unpack_wait(txn, -1, &r, &unpack_error) < 0) {
		if (fed == 0 || e->sys == EPIPE)
			*e = unpack_error;
		return -1;
	}
	if (fed < 0)
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
