// SPDX-License-Identifier: MIT
/*
 * The layers of a pull. Theory of operation:
 *
 * The configuration names every layer's DiffID, so all chain ids are known
 * before a byte is fetched: layers that are there are taken, layers another
 * pull is fetching are awaited, the rest is claimed. Workers (at most
 * max-concurrent-downloads threads) take claimed layers, largest first: socket
 * -> pipe -> unpack, the digest computed by unpack. The calling thread is the
 * coordinator: it walks the layers from the lowest up and commits each when it
 * is ready, for a chain id needs its parent.
 *
 * Pulls cannot wait for each other in a circle: each commits from the lowest
 * layer up and awaits only layers that are not its own, so whoever holds the
 * lowest uncommitted one waits for nobody.
 *
 * A broken connection is resumed with a Range request into the same unpack,
 * which just waits at its pipe meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/time.h"
#include "config/limits.h"
#include "image/pull_internal.h"
#include "image/store_internal.h"

#define MOVE_BYTES	  (256 * 1024)
#define PIPE_BYTES	  (1024 * 1024)
#define PROGRESS_MS	  100
#define WORTH_BYTES	  (1024 * 1024) /* progress that earns new attempts */
#define DEFAULT_DOWNLOADS 3
#define DEFAULT_ATTEMPTS  5
#define AWAIT_TICK_MS	  200

static void set_state(struct pull *p, struct pull_layer *l, enum layer_state state)
{
	MUTEX_GUARD(&p->t.mu);
	l->state = state;
	pthread_cond_broadcast(&p->t.changed);
}

static enum layer_state get_state(struct pull *p, const struct pull_layer *l)
{
	MUTEX_GUARD(&p->t.mu);
	return l->state;
}

/* Takes the layer if it is in the storage. */
static bool take_existing(struct pull *p, struct pull_layer *l)
{
	struct err e;

	if (storage_layer_ref(p->s->st, l->chain, &e) < 0)
		return false;
	l->held = true;
	return true;
}

/* What is to be done about a layer; takes it or claims it if it can. */
static enum layer_state classify(struct pull *p, struct pull_layer *l)
{
	if (take_existing(p, l))
		return LAYER_THERE;
	if (!store_flight_begin(p->s, l->chain))
		return LAYER_AWAITED;
	/* it may have landed between the look and the claim */
	if (take_existing(p, l)) {
		store_flight_end(p->s, l->chain);
		return LAYER_THERE;
	}
	l->claimed = true;
	return LAYER_QUEUED;
}

static void release_claim(struct pull *p, struct pull_layer *l)
{
	if (l->claimed)
		store_flight_end(p->s, l->chain);
	l->claimed = false;
}

/* --- workers --- */

struct move {
	struct pull *p;
	struct pull_layer *l;
	int out_fd;
	char *bytes;
	int64_t sent;
	int64_t said_ms;
};

static void say_downloading(struct move *x, bool force)
{
	int64_t now = time_mono_ms();

	if (!force && now - x->said_ms < PROGRESS_MS)
		return;
	x->said_ms = now;
	transfer_say(&x->p->t, x->l->label, "Downloading", x->sent, x->l->blob->size);
}

/* 1 the whole blob was moved, 0 unpack closed its end, -1 the registry failed */
static int move_from(struct move *x, struct registry_blob *b, struct err *e)
{
	for (;;) {
		ssize_t n = registry_blob_read(b, x->bytes, MOVE_BYTES, e);
		ssize_t at = 0;

		if (n <= 0)
			return n < 0 ? -1 : 1;
		while (at < n) {
			ssize_t w = fd_write(x->out_fd, x->bytes + at, (size_t)(n - at));

			if (w < 0)
				return 0;
			at += w;
		}
		x->sent += n;
		say_downloading(x, false);
	}
}

static bool worth_retrying(const struct err *e)
{
	return e->kind == ERR_SYSTEM || e->kind == ERR_TIMEOUT || e->kind == ERR_UNAVAILABLE;
}

static int move_blob(struct move *x, struct err *e)
{
	const struct registry_config *c = x->p->o->registries;
	int attempts = c->max_attempts > 0 ? c->max_attempts : DEFAULT_ATTEMPTS;

	for (int attempt = 1;; attempt++) {
		CLEANUP(registry_blob_freep) struct registry_blob *b = NULL;
		int64_t before = x->sent;
		int r = registry_blob_open(x->p->t.registry, x->l->blob->digest, x->l->blob->size,
					   x->sent, &b, e);

		if (r == 0)
			r = move_from(x, b, e);
		if (r >= 0)
			return 0;
		if (!worth_retrying(e) || attempt >= attempts)
			return err_wrap(e, "layer %s", x->l->label);
		if (x->sent - before >= WORTH_BYTES)
			attempt = 1;
		else if (e->kind == ERR_TIMEOUT)
			attempt++; /* a stall has cost its time already */
		if (!transfer_retry(&x->p->t, x->l->label, attempt))
			return err_set(e, ERR_CANCELLED, 0, "context canceled");
	}
}

static int begin_unpack(struct pull *p, struct pull_layer *l, int *ret_out_fd, struct err *e)
{
	struct layer_txn *txn = NULL;
	int fds[2], r;

	if (storage_layer_begin(p->s->st, &txn, e) < 0)
		return -1;
	if (fd_pipe(fds, e) < 0) {
		storage_layer_abort(txn);
		return -1;
	}
	(void)fcntl(fds[1], F_SETPIPE_SZ, PIPE_BYTES);
	r = storage_unpack_start(txn, fds[0], e);
	fd_close(&fds[0]);
	if (r < 0) {
		fd_close(&fds[1]);
		storage_layer_abort(txn);
		return -1;
	}
	MUTEX_GUARD(&p->t.mu);
	l->txn = txn;
	*ret_out_fd = fds[1];
	return 0;
}

static int check_result(const struct pull_layer *l, const struct layer_result *r, struct err *e)
{
	if (!str_eq(r->digest, l->blob->digest))
		return err_set(e, ERR_INVALID, 0,
			       "filesystem layer verification failed for digest %s",
			       l->blob->digest);
	if (!str_eq(r->diff_id, l->diff_id))
		return err_set(
			e, ERR_INVALID, 0,
			"layers from manifest don't match image configuration: %s unpacks to "
			"%s instead of %s",
			l->blob->digest, r->diff_id, l->diff_id);
	return 0;
}

static int fetch_layer(struct pull *p, struct pull_layer *l, struct err *e)
{
	struct move x = {.p = p, .l = l, .out_fd = -1};
	CLEANUP(freep) char *bytes = xmalloc(MOVE_BYTES);
	struct layer_result result;
	struct err unpack_error;
	int moved, unpacked;

	x.bytes = bytes;
	if (begin_unpack(p, l, &x.out_fd, e) < 0)
		return -1;
	moved = move_blob(&x, e);
	if (moved == 0 && x.sent == l->blob->size) {
		say_downloading(&x, true);
		transfer_say(&p->t, l->label, "Verifying Checksum", 0, 0);
		transfer_say(&p->t, l->label, "Download complete", 0, 0);
	}
	if (moved < 0)
		storage_unpack_cancel(l->txn);
	fd_close(&x.out_fd);
	transfer_say(&p->t, l->label, "Extracting", moved == 0 ? x.sent : 0, l->blob->size);
	unpacked = storage_unpack_wait(l->txn, -1, &result, &unpack_error);
	if (moved < 0)
		return -1;
	if (unpacked < 0) {
		*e = unpack_error;
		return err_wrap(e, "failed to register layer");
	}
	return check_result(l, &result, e);
}

static struct pull_layer *next_queued(struct pull *p)
{
	struct pull_layer *best = NULL;

	MUTEX_GUARD(&p->t.mu);
	for (size_t i = 0; i < p->n_layers && !p->t.cancelled; i++) {
		struct pull_layer *l = &p->layers[i];

		if (l->state == LAYER_QUEUED && (best == NULL || l->blob->size > best->blob->size))
			best = l;
	}
	if (best != NULL)
		best->state = LAYER_RUNNING;
	return best;
}

static void *worker(void *arg)
{
	struct pull *p = arg;
	struct pull_layer *l;

	while ((l = next_queued(p)) != NULL) {
		struct err e;

		if (fetch_layer(p, l, &e) < 0) {
			transfer_fail(&p->t, &e);
			set_state(p, l, LAYER_FAILED);
		} else {
			set_state(p, l, LAYER_READY);
		}
	}
	return NULL;
}

/* --- coordinator --- */

static void say_pulling(struct pull *p, struct pull_layer *l)
{
	if (!l->noted)
		transfer_say(&p->t, l->label, "Pulling fs layer", 0, 0);
	l->noted = true;
}

/* Another pull's layer: wait for it; when it did not come, fetch it here. */
static void await_other(struct pull *p, struct pull_layer *l)
{
	say_pulling(p, l);
	while (!transfer_is_over(&p->t) && get_state(p, l) == LAYER_AWAITED) {
		store_flight_wait(p->s, l->chain, time_mono_ms() + AWAIT_TICK_MS);
		set_state(p, l, classify(p, l));
	}
	if (get_state(p, l) == LAYER_QUEUED)
		worker(p);
}

static int wait_ready(struct pull *p, struct pull_layer *l, struct err *e)
{
	if (get_state(p, l) == LAYER_AWAITED)
		await_other(p, l);
	MUTEX_GUARD(&p->t.mu);
	while (!p->t.cancelled && l->state != LAYER_READY && l->state != LAYER_THERE)
		cond_wait_until(&p->t.changed, &p->t.mu, -1);
	if (!p->t.cancelled)
		return 0;
	*e = p->t.error;
	return -1;
}

static int commit(struct pull *p, struct pull_layer *l, const char *parent, struct err *e)
{
	CLEANUP(freep) char *repository = image_ref_name(p->ref);
	struct layer_txn *txn;
	char chain[DIGEST_SIZE];

	pthread_mutex_lock(&p->t.mu);
	txn = TAKE(l->txn);
	pthread_mutex_unlock(&p->t.mu);
	if (storage_layer_commit(txn, parent, chain, e) < 0) {
		storage_layer_abort(txn);
		return err_wrap(e, "failed to register layer");
	}
	l->held = true;
	set_state(p, l, LAYER_THERE);
	release_claim(p, l);
	if (!str_eq(chain, l->chain))
		return err_set(e, ERR_INVALID, 0, "layer %s has chain id %s", l->chain, chain);
	image_store_diffid_put(p->s, l->blob->digest, l->diff_id, l->blob->size, repository);
	return 0;
}

static int coordinate(struct pull *p, struct err *e)
{
	const char *parent = NULL;

	for (size_t i = 0; i < p->n_layers; i++) {
		struct pull_layer *l = &p->layers[i];
		bool was_there = get_state(p, l) == LAYER_THERE;

		if (wait_ready(p, l, e) < 0)
			return -1;
		if (get_state(p, l) == LAYER_READY && commit(p, l, parent, e) < 0)
			return -1;
		if (!was_there)
			transfer_say(&p->t, l->label, "Pull complete", 0, 0);
		parent = l->chain;
	}
	return 0;
}

/* The array is filled before others can see it. */
static void make_layers(struct pull *p, const struct manifest *m, const struct image_config *config)
{
	struct pull_layer *layers = xcalloc(m->n_items + 1, sizeof(*layers));
	const char *parent = NULL;

	for (size_t i = 0; i < m->n_items; i++) {
		struct pull_layer *l = &layers[i];

		l->blob = &m->items[i];
		l->diff_id = config->rootfs.diff_ids.items[i];
		storage_chain_id(parent, l->diff_id, l->chain);
		str_copy(l->label, l->blob->digest + strlen("sha256:"), sizeof(l->label));
		parent = l->chain;
		l->state = classify(p, l);
	}
	pthread_mutex_lock(&p->t.mu);
	p->layers = layers;
	p->n_layers = m->n_items;
	pthread_mutex_unlock(&p->t.mu);
	for (size_t i = 0; i < m->n_items; i++) {
		if (layers[i].state == LAYER_THERE)
			transfer_say(&p->t, layers[i].label, "Already exists", 0, 0);
		else
			say_pulling(p, &layers[i]);
	}
}

int pull_layers(struct pull *p, const struct manifest *m, const struct image_config *config,
		struct err *e)
{
	int max = p->o->registries->max_downloads, r;
	pthread_t threads[16];
	size_t n_threads = 0, n_queued = 0;

	if (m->n_items != config->rootfs.diff_ids.len)
		return err_set(e, ERR_INVALID, 0,
			       "layers from manifest don't match image configuration");
	make_layers(p, m, config);
	for (size_t i = 0; i < p->n_layers; i++)
		n_queued += get_state(p, &p->layers[i]) == LAYER_QUEUED;
	max = MIN(max > 0 ? max : DEFAULT_DOWNLOADS, (int)ARRAY_LEN(threads));
	while (n_threads < MIN((size_t)max, n_queued)) {
		if (thread_start_joinable(&threads[n_threads], worker, p, e) < 0) {
			if (n_threads > 0)
				break;
			return -1;
		}
		n_threads++;
	}
	r = coordinate(p, e);
	if (r < 0)
		transfer_fail(&p->t, e);
	for (size_t i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	return r;
}

void pull_layers_clear(struct pull *p)
{
	struct pull_layer *layers;
	size_t n;

	pthread_mutex_lock(&p->t.mu);
	layers = TAKE(p->layers);
	n = p->n_layers;
	p->n_layers = 0;
	pthread_mutex_unlock(&p->t.mu);
	/* topmost first, so that nothing is removed that the next one would have kept */
	for (size_t i = n; i > 0; i--) {
		struct pull_layer *l = &layers[i - 1];

		storage_layer_abort(l->txn);
		if (l->held)
			storage_layer_unref(p->s->st, l->chain, NULL);
		release_claim(p, l);
	}
	free(layers);
}
