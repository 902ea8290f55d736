// SPDX-License-Identifier: MIT
/* One pull: pull.c resolves what to get, layers.c gets the layers. */
#ifndef IMAGE_PULL_INTERNAL_H
#define IMAGE_PULL_INTERNAL_H

#include "image/pull.h"
#include "image/store_internal.h"
#include "image/transfer.h"
#include "storage/layer.h"

/* Who may do what to a layer, by its state (guarded by pull.t.mu). */
enum layer_state {
	LAYER_THERE,   /* in the storage; this pull holds a reference */
	LAYER_AWAITED, /* another pull fetches it; the coordinator looks after that */
	LAYER_QUEUED,  /* claimed by this pull; any worker may take it */
	LAYER_RUNNING, /* one worker owns it; cancelling may kill its unpack */
	LAYER_READY,   /* unpacked and verified; the coordinator commits it */
	LAYER_FAILED,  /* the worker is done with it; the error is the pull's */
};

struct pull_layer {
	const struct descriptor *blob;
	const char *diff_id;
	char chain[DIGEST_SIZE];
	char label[13]; /* as clients see it */
	enum layer_state state;
	bool claimed;	       /* a flight of ours */
	bool held;	       /* a storage reference is ours */
	int64_t shown;	       /* of another pull's download */
	struct layer_txn *txn; /* RUNNING and READY */
};

struct pull {
	struct transfer t; /* first */
	struct image_store *s;
	const struct image_pull_opts *o;
	const struct image_ref *ref;
	struct pull_layer *layers; /* these two are guarded by t.mu */
	size_t n_layers;
	char id[DIGEST_SIZE]; /* what came */
	bool reached;	      /* some registry has answered */
};

/**
 * pull_layers() - fetch, unpack and commit all layers of a configuration
 * @p:      the pull; layers is made here, the references on them are held until
 *          pull_layers_clear()
 * @m:      manifest, borrowed until then
 * @config: configuration, likewise
 */
int pull_layers(struct pull *p, const struct manifest *m, const struct image_config *config,
		struct err *e) WARN_UNUSED;
/** pull_layers_clear() - gives references and claims back, drops what is unfinished; done: and what
 * was kept of the downloads */
void pull_layers_clear(struct pull *p, bool done);

#endif
