// SPDX-License-Identifier: MIT
/*
 * Read-only layers. A layer is unpacked without knowing its parent (all layers
 * of an image at once), then committed under its chain id (image-spec,
 * "Layer ChainID"), parents first. References are counted in memory: images and
 * containers hold them; the last release removes a layer, and its parents as
 * far as nobody holds them.
 */
#ifndef STORAGE_LAYER_H
#define STORAGE_LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/rand.h"
#include "base/stream.h"
#include "base/strv.h"
#include "storage/storage.h"

/* a layer being written; one thread at a time */
struct layer_txn;

struct layer_result {
	char digest[DIGEST_SIZE];  /* of the stream as read, compressed or not */
	char diff_id[DIGEST_SIZE]; /* of the plain tar */
	uint64_t blob_bytes;	   /* read */
	uint64_t tar_bytes;
	uint64_t size_bytes; /* of the files: Docker's layer size */
	uint64_t n_entries;
	bool compressed;
};

/** storage_layer_begin() - a new, empty layer directory */
int storage_layer_begin(struct storage *s, struct layer_txn **ret, struct err *e) WARN_UNUSED;

/**
 * storage_unpack_start() - starts the applet `unpack` on a blob
 * @txn:   layer, nothing unpacked yet
 * @in_fd: pipe, socket or file with the blob; the caller closes its own copy at once (so that the
 *         writer of a pipe sees EPIPE when unpack fails)
 * @e:     filled on failure
 *
 * Return: 0 or -1.
 */
int storage_unpack_start(struct layer_txn *txn, int in_fd, struct err *e) WARN_UNUSED;

/**
 * storage_unpack_wait() - waits for the end of the unpacking
 * @txn:        layer
 * @timeout_ms: < 0 for ever; ERR_TIMEOUT leaves it running
 * @ret:        what was read
 * @e:          the applet's own error
 *
 * The caller compares ret->digest with what it asked for before it commits.
 *
 * Return: 0 or -1.
 */
int storage_unpack_wait(struct layer_txn *txn, int timeout_ms, struct layer_result *ret,
			struct err *e) WARN_UNUSED;
/**
 * storage_unpack_from() - unpacks a tar that a function writes, and waits for the end
 * @txn: layer, nothing unpacked yet
 * @fn:  writes the tar to out
 * @arg: for fn
 * @ret: what came out
 * @e:   the error of whoever failed first
 *
 * Return: 0 or -1.
 */
int storage_unpack_from(struct layer_txn *txn,
			int (*fn)(void *arg, struct stream *out, struct err *e), void *arg,
			struct layer_result *ret, struct err *e) WARN_UNUSED;
/** storage_unpack_cancel() - any thread: kills the running unpack; the waiter gets ERR_CANCELLED */
void storage_unpack_cancel(struct layer_txn *txn);

/**
 * storage_layer_commit() - names an unpacked layer
 * @txn:       layer; consumed on success, on failure still the caller's to abort
 * @parent:    chain id of the layer below, NULL or "" for none; must exist
 * @ret_chain: its chain id
 * @e:         ERR_NOTFOUND when the parent is missing
 *
 * Content is synced (one syncfs), then renamed into place. When the chain id
 * exists already, that layer is taken and this one dropped. The caller holds one
 * reference on the result.
 *
 * Return: 0 or -1.
 */
int storage_layer_commit(struct layer_txn *txn, const char *parent, char ret_chain[DIGEST_SIZE],
			 struct err *e) WARN_UNUSED;
/** storage_layer_abort() - drops the layer, killing a running unpack; NULL is fine */
void storage_layer_abort(struct layer_txn *txn);
/** storage_layer_abortp() - CLEANUP(storage_layer_abortp) */
void storage_layer_abortp(struct layer_txn **txn);

/** storage_layer_import() - begin, unpack, wait, commit in one: the blob from in_fd (owned by the
 * caller) becomes a layer; one reference is the caller's */
int storage_layer_import(struct storage *s, int in_fd, const char *parent, struct layer_result *ret,
			 char ret_chain[DIGEST_SIZE], struct err *e) WARN_UNUSED;

/** storage_chain_id() - chain id of diff_id upon parent (NULL or "" for none) */
void storage_chain_id(const char *parent, const char *diff_id, char ret_chain[DIGEST_SIZE]);

struct layer_info {
	char chain_id[DIGEST_SIZE];
	char diff_id[DIGEST_SIZE];
	char parent[DIGEST_SIZE]; /* chain id; "" for none */
	char cache_id[RAND_ID_LEN + 1];
	uint64_t size_bytes; /* of this layer alone */
	unsigned n_refs;
};

/** storage_layer_get() - looks up by chain id without a reference; ERR_NOTFOUND */
int storage_layer_get(struct storage *s, const char *chain_id, struct layer_info *ret,
		      struct err *e) WARN_UNUSED;
/** storage_layer_ref() - takes a reference; ERR_NOTFOUND */
int storage_layer_ref(struct storage *s, const char *chain_id, struct err *e) WARN_UNUSED;
/** storage_layer_unref() - gives a reference back; the last removes the layer (renamed into the
 * trash, deleted in the background). removed (may be NULL) gets the chain ids that went */
void storage_layer_unref(struct storage *s, const char *chain_id, struct strv *removed);
/** storage_layer_list() - appends all chain ids, sorted */
void storage_layer_list(struct storage *s, struct strv *ret_chain_ids);
/** storage_layer_sync_names() - layers that were committed are there after a power cut, too */
int storage_layer_sync_names(struct storage *s, struct err *e) WARN_UNUSED;
/** storage_layer_sweep() - at start-up, after images and containers took their references: removes
 * layers that nobody holds; removed may be NULL */
void storage_layer_sweep(struct storage *s, struct strv *removed);
/** storage_layer_total_size() - bytes of the layer and all its parents */
int storage_layer_total_size(struct storage *s, const char *chain_id, uint64_t *ret_bytes,
			     struct err *e) WARN_UNUSED;
/** storage_layer_graph_data() - GraphDriver.Data of an image: appends key, value, … (MergedDir,
 * UpperDir, WorkDir, LowerDir) */
int storage_layer_graph_data(struct storage *s, const char *chain_id, struct strv *ret_pairs,
			     struct err *e) WARN_UNUSED;
/** storage_layer_tar() - writes the layer's exact tar (its digest is the diff id) from tar-split
 * and tree; hold a reference meanwhile */
int storage_layer_tar(struct storage *s, const char *chain_id, struct stream *out,
		      struct err *e) WARN_UNUSED;
/** storage_layer_tar_bytes() - how long storage_layer_tar()'s answer is, without writing it */
int storage_layer_tar_bytes(struct storage *s, const char *chain_id, uint64_t *ret_bytes,
			    struct err *e) WARN_UNUSED;

#endif
