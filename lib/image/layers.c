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
 * lowest uncommitted one waits for nobody. When a pull gives up, those that
 * awaited its layers claim them.
 *
 * A broken connection is resumed with a Range request into the same unpack,
 * which just waits at its pipe meanwhile. What came of larger layers is kept in a
 * file until the image is there: when the pull ends before that, by whatever
 * cause, the next one begins with the file and asks for the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/time.h"
#include "config/limits.h"
#include "image/kept_internal.h"
#include "image/pull_internal.h"
#include "image/store_internal.h"

#define MOVE_BYTES	 (256 * 1024)
#define PIPE_BYTES	 (1024 * 1024)
#define PROGRESS_MS	 100
#define WORTH_BYTES	 65536
#define DOWNLOADS_MAX	 16 /* workers of a pull */
#define DEFAULT_ATTEMPTS 5
#define AWAIT_TICK_MS	 200

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

/* A layer unpacks in one process while it comes: with few at a time the last ones leave processors
 * idle. */
static int max_downloads(const struct pull *p)
{
	int max = p->o->registries->max_downloads;

	return max > 0 ? max : (int)MAX(4, MIN(4 * sysconf(_SC_NPROCESSORS_ONLN), DOWNLOADS_MAX));
}

/* --- workers --- */

struct move {
	struct pull *p;
	struct pull_layer *l;
	int out_fd, keep_fd;
	char *bytes;
	int64_t sent;
	int64_t kept; /* of those: from an earlier attempt */
	int64_t said_ms;
	const char *twin; /* chain id of a layer with the same DiffID, or NULL */
};

static void came(struct move *x, int64_t n, bool force)
{
	int64_t now = time_mono_ms();

	x->sent += n;
	store_flight_sent(x->p->s, x->l->chain, n);
	if (!force && now - x->said_ms < PROGRESS_MS)
		return;
	x->said_ms = now;
	transfer_say(&x->p->t, x->l->label, "Downloading", x->sent, x->l->blob->size);
}

/* What came before goes first. */
static void send_kept(struct move *x)
{
	unsigned long long n = 0;
	struct err ignored; /* unpack closed its end, and has the reason */

	if (x->keep_fd >= 0 && fd_copy(x->keep_fd, x->out_fd, &n, &ignored) == 0 && n > 0)
		came(x, (int64_t)n, true);
	x->kept = x->sent;
}

/*
 * Writes the next n bytes to the file of what came and to unpack, which gets them out of the file's
 * pages: they are copied once, as without a file.
 */
static int pass_on(struct move *x, size_t n)
{
	off_t from = x->sent;
	size_t sent = 0;
	struct err ignored;

	if (x->keep_fd >= 0 && fd_write_all(x->keep_fd, x->bytes, n, &ignored) < 0) {
		fd_close(&x->keep_fd);
		kept_drop(x->p->s, x->l->blob->digest);
	}
	while (x->keep_fd >= 0 && sent < n) {
		ssize_t r = sendfile(x->out_fd, x->keep_fd, &from, n - sent);

		if (r > 0)
			sent += (size_t)r;
		else if (r == 0 || errno != EINTR)
			break;
	}
	return fd_write_all(x->out_fd, x->bytes + sent, n - sent, &ignored);
}

/* 1 the whole blob was moved, 0 unpack closed its end, -1 the registry failed */
static int move_from(struct move *x, struct registry_blob *b, struct err *e)
{
	for (;;) {
		ssize_t n = registry_blob_read(b, x->bytes, MOVE_BYTES, e);

		if (n <= 0)
			return n < 0 ? -1 : 1;
		if (pass_on(x, (size_t)n) < 0)
			return 0;
		came(x, n, false);
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

	send_kept(x);
	for (int attempt = 1; x->sent < x->l->blob->size; attempt++) {
		CLEANUP(registry_blob_freep) struct registry_blob *b = NULL;
		int64_t before = x->sent;
		int r = registry_blob_open(x->p->t.registry, x->l->blob->digest, x->l->blob->size,
					   x->sent, &b, e);

		if (r == 0)
			r = move_from(x, b, e);
		if (r >= 0)
			break;
		/* a connection that brought something is worth another at once */
		if (worth_retrying(e) && x->sent - before >= WORTH_BYTES &&
		    !transfer_is_over(&x->p->t)) {
			attempt = 0;
			continue;
		}
		if (!worth_retrying(e) || attempt >= attempts)
			return err_wrap(e, "layer %s", x->l->label);
		if (e->kind == ERR_TIMEOUT)
			attempt++; /* a stall has cost its time already */
		if (!transfer_retry(&x->p->t, x->l->label, attempt * attempt))
			return err_set(e, ERR_CANCELLED, 0, "context canceled");
	}
	return 0;
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

static int check_result(const struct pull_layer *l, const struct layer_result *r, bool twin,
			struct err *e)
{
	if (!twin && !str_eq(r->digest, l->blob->digest))
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

/* The layer upon other layers, if this blob was seen to be it; a reference is taken. */
static bool find_twin(struct pull *p, const struct pull_layer *l, char ret_chain[DIGEST_SIZE])
{
	CLEANUP(strv_clear) struct strv chains = STRV_INIT;
	char diff_id[DIGEST_SIZE];

	if (image_store_diffid_get(p->s, l->blob->digest, diff_id) < 0 ||
	    !str_eq(diff_id, l->diff_id))
		return false;
	storage_layer_list(p->s->st, &chains);
	strv_for_each (it, &chains) {
		struct layer_info i;
		struct err e;

		str_copy(ret_chain, *it, DIGEST_SIZE);
		if (storage_layer_get(p->s->st, *it, &i, &e) == 0 &&
		    str_eq(i.diff_id, l->diff_id) && storage_layer_ref(p->s->st, *it, &e) == 0)
			return true;
	}
	return false;
}

static int send_twin(struct move *x, struct err *e)
{
	struct stream *s = stream_fd_new(x->out_fd);
	int r = storage_layer_tar(x->p->s->st, x->twin, s, e);

	x->out_fd = stream_fd_take(s);
	storage_layer_unref(x->p->s->st, x->twin, NULL);
	return r;
}

/* 0 unpacked and verified, 1 what came is not the layer, -1 it did not come */
static int try_layer(struct move *x, struct err *e)
{
	struct pull *p = x->p;
	struct pull_layer *l = x->l;
	struct layer_result result;
	struct err unpack_error;
	int moved, unpacked;

	if (begin_unpack(p, l, &x->out_fd, e) < 0) {
		if (x->twin != NULL)
			storage_layer_unref(p->s->st, x->twin, NULL);
		return -1;
	}
	moved = x->twin != NULL ? send_twin(x, e) : move_blob(x, e);
	if (moved == 0 && x->sent == l->blob->size) {
		came(x, 0, true);
		transfer_say(&p->t, l->label, "Verifying Checksum", 0, 0);
		transfer_say(&p->t, l->label, "Download complete", 0, 0);
	}
	if (moved < 0)
		storage_unpack_cancel(l->txn);
	fd_close(&x->out_fd);
	transfer_say(&p->t, l->label, "Extracting", moved == 0 ? x->sent : 0, l->blob->size);
	unpacked = storage_unpack_wait(l->txn, -1, &result, &unpack_error);
	if (moved < 0 || transfer_is_over(&p->t))
		return x->twin != NULL && !transfer_is_over(&p->t) ? 1 : -1;
	if (unpacked < 0) {
		*e = unpack_error;
		err_wrap(e, "failed to register layer");
		return 1;
	}
	return check_result(l, &result, x->twin != NULL, e) < 0;
}

static int fetch_layer(struct pull *p, struct pull_layer *l, struct err *e)
{
	CLEANUP(freep) char *bytes = xmalloc(MOVE_BYTES);
	char twin[DIGEST_SIZE];
	struct move x = {.twin = find_twin(p, l, twin) ? twin : NULL};
	bool again;
	int r;

	do {
		struct layer_txn *txn;

		pthread_mutex_lock(&p->t.mu);
		txn = TAKE(l->txn);
		pthread_mutex_unlock(&p->t.mu);
		storage_layer_abort(txn);
		store_flight_sent(p->s, l->chain, -store_flight_sent(p->s, l->chain, 0));
		x = (struct move){.p = p,
				  .l = l,
				  .out_fd = -1,
				  .keep_fd = -1,
				  .bytes = bytes,
				  .twin = x.twin};
		if (x.twin == NULL)
			x.keep_fd = kept_open(p->s, l->blob->digest, l->blob->size);
		r = try_layer(&x, e);
		if (r > 0)
			kept_drop(p->s, l->blob->digest);
		fd_close(&x.keep_fd);
		/* what was there may be to blame, after a power cut for instance */
		again = r > 0 && (x.kept > 0 || x.twin != NULL);
		x.twin = NULL;
	} while (again);
	return r == 0 ? 0 : -1;
}

/* The next layer for a worker, once there is one; NULL when there will be none. */
static struct pull_layer *next_queued(struct pull *p)
{
	MUTEX_GUARD(&p->t.mu);
	for (;;) {
		struct pull_layer *best = NULL;
		bool awaited = false;

		for (size_t i = 0; i < p->n_layers && !p->t.cancelled; i++) {
			struct pull_layer *l = &p->layers[i];

			awaited = awaited || l->state == LAYER_AWAITED;
			if (l->state == LAYER_QUEUED &&
			    (best == NULL || l->blob->size > best->blob->size))
				best = l;
		}
		if (best != NULL)
			best->state = LAYER_RUNNING;
		if (best != NULL || !awaited)
			return best;
		cond_wait_until(&p->t.changed, &p->t.mu, -1);
	}
}

static void *worker(void *arg)
{
	struct pull *p = arg;
	struct pull_layer *l;

	while ((l = next_queued(p)) != NULL) {
		bool mine = transfer_slot(&p->t, p->s, SLOT_DOWNLOAD, max_downloads(p), l->label);
		struct err e;
		int r = mine ? fetch_layer(p, l, &e) : -1;

		if (mine)
			store_slot_give(p->s, SLOT_DOWNLOAD);
		if (mine && r < 0)
			transfer_fail(&p->t, &e);
		set_state(p, l, r < 0 ? LAYER_FAILED : LAYER_READY);
	}
	return NULL;
}

/* --- coordinator --- */

/* Other pulls' layers: how far they are; those whose pull gave up are fetched here. */
static void look_at_others(struct pull *p)
{
	for (size_t i = 0; i < p->n_layers; i++) {
		struct pull_layer *l = &p->layers[i];
		int64_t sent;

		if (get_state(p, l) != LAYER_AWAITED)
			continue;
		sent = store_flight_sent(p->s, l->chain, 0);
		if (sent > 0 && sent != l->shown)
			transfer_say(&p->t, l->label,
				     sent < l->blob->size ? "Downloading" : "Extracting", sent,
				     l->blob->size);
		l->shown = sent;
		set_state(p, l, classify(p, l));
	}
}

static void wait_change(struct pull *p, const struct pull_layer *l)
{
	MUTEX_GUARD(&p->t.mu);

	if (!p->t.cancelled && (l->state == LAYER_QUEUED || l->state == LAYER_RUNNING))
		cond_wait_until(&p->t.changed, &p->t.mu, time_mono_ms() + AWAIT_TICK_MS);
}

static int wait_ready(struct pull *p, struct pull_layer *l, struct err *e)
{
	enum layer_state state;

	while (!transfer_is_over(&p->t) && (state = get_state(p, l)) != LAYER_READY &&
	       state != LAYER_THERE) {
		look_at_others(p);
		if (get_state(p, l) == LAYER_AWAITED)
			store_flight_wait(p->s, l->chain, time_mono_ms() + AWAIT_TICK_MS);
		else
			wait_change(p, l);
	}
	MUTEX_GUARD(&p->t.mu);
	*e = p->t.error;
	return p->t.cancelled ? -1 : 0;
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
	for (size_t i = 0; i < m->n_items; i++)
		transfer_say(&p->t, layers[i].label,
			     layers[i].state == LAYER_THERE ? "Already exists" : "Pulling fs layer",
			     0, 0);
}

int pull_layers(struct pull *p, const struct manifest *m, const struct image_config *config,
		struct err *e)
{
	size_t n_threads = 0, n_wanted = 0;
	pthread_t threads[DOWNLOADS_MAX];
	int r;

	if (m->n_items != config->rootfs.diff_ids.len)
		return err_set(e, ERR_INVALID, 0,
			       "layers from manifest don't match image configuration");
	make_layers(p, m, config);
	for (size_t i = 0; i < p->n_layers; i++)
		n_wanted += get_state(p, &p->layers[i]) != LAYER_THERE;
	n_wanted = MIN(n_wanted, (size_t)MIN(max_downloads(p), (int)ARRAY_LEN(threads)));
	while (n_threads < n_wanted) {
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

void pull_layers_clear(struct pull *p, bool done)
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
		if (done)
			kept_drop(p->s, l->blob->digest);
		release_claim(p, l);
	}
	free(layers);
}
