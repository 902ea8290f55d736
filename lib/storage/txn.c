// SPDX-License-Identifier: MIT
/*
 * A layer being written. Order on disk, so that a crash at any point leaves
 * something the next start recognises:
 *  1. layerdb/tmp/write-set-<cache-id> is made: it names the tree to come
 *  2. the driver's directories (overlay2: <cache-id>/diff and link); unpack
 *     writes into them and the journal into the write set
 *  3. the driver settles them upon the parent (overlay2: lower, work,
 *     committed); diff, size, cache-id, parent into the write set
 *  4. syncfs(2)
 *  5. the write set is renamed to layerdb/sha256/<chain>, which
 *     storage_layer_sync_names() makes last, once for all layers of an image
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/unpack.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/time.h"
#include "config/limits.h"
#include "storage/layer.h"
#include "storage/driver_internal.h"

#define JOURNAL "tar-split.json.gz"

/* numbers in the applet unpack */
enum { CHILD_IN = 0, CHILD_DIR = 3, CHILD_STATUS = 4, CHILD_JOURNAL = 5 };

struct layer_txn {
	struct storage *s;
	char cache_id[CACHE_ID_SIZE];
	char link[LINK_ID_LEN + 1];
	int set_fd; /* the write set */
	bool unpacked;
	struct layer_result result;
	pthread_mutex_t mu; /* guards pid, cancelled */
	pid_t pid;	    /* of unpack, until it is reaped; 0: none */
	int status_fd;
	bool cancelled;
};

const char *storage_layer_cache_id(const struct layer_txn *txn)
{
	return txn->cache_id;
}

static void set_name(const struct layer_txn *t, char out[CACHE_ID_SIZE + 16])
{
	snprintf(out, CACHE_ID_SIZE + 16, "tmp/write-set-%s", t->cache_id);
}

int storage_layer_begin(struct storage *s, struct layer_txn **ret, struct err *e)
{
	CLEANUP(storage_layer_abortp) struct layer_txn *t = xcalloc(1, sizeof(*t));
	char set[CACHE_ID_SIZE + 16];

	t->s = s;
	t->set_fd = t->status_fd = -1;
	pthread_mutex_init(&t->mu, NULL);
	rand_hex(t->cache_id, RAND_ID_LEN);
	set_name(t, set);
	if (mkdirat(s->db_fd, set, 0700) < 0)
		return err_sys(e, "make %s", set);
	t->set_fd = openat(s->db_fd, set, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->set_fd < 0)
		return err_sys(e, "open %s", set);
	if (s->driver->stage(s, t->cache_id, t->link, e) < 0)
		return -1;
	*ret = TAKE(t);
	return 0;
}

static int spawn_unpack(struct layer_txn *t, int in_fd, int dir_fd, int status_fd, int journal_fd,
			struct err *e)
{
	const char *const argv[] = {"unpack",
				    "--dir-fd=3",
				    "--status-fd=4",
				    "--tar-split-fd=5",
				    t->s->driver->wh_names ? "--whiteout-names" : NULL,
				    NULL};
	const struct proc_fd fds[] = {
		{in_fd, CHILD_IN},
		{dir_fd, CHILD_DIR},
		{status_fd, CHILD_STATUS},
		{journal_fd, CHILD_JOURNAL},
	};
	const struct proc_spec spec = {.argv = argv, .fds = fds, .n_fds = ARRAY_LEN(fds)};
	MUTEX_GUARD(&t->mu);

	if (t->cancelled)
		return err_set(e, ERR_CANCELLED, 0, "unpacking was cancelled");
	t->pid = proc_spawn(&spec, e);
	if (t->pid < 0) {
		t->pid = 0;
		return -1;
	}
	return 0;
}

int storage_unpack_start(struct layer_txn *txn, int in_fd, struct err *e)
{
	CLEANUP(fd_closep) int dir_fd = -1;
	CLEANUP(fd_closep) int journal_fd = -1;
	CLEANUP(fd_closep) int status_out = -1;
	char dir[TREE_NAME_SIZE];
	int status[2];

	driver_stage_name(txn->s, txn->cache_id, dir);
	dir_fd = driver_open_dir(txn->s, dir, "layer directory", e);
	if (dir_fd < 0)
		return -1;
	journal_fd = openat(txn->set_fd, JOURNAL, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (journal_fd < 0)
		return err_sys(e, "create " JOURNAL);
	if (fd_pipe(status, e) < 0)
		return -1;
	txn->status_fd = status[0];
	status_out = status[1];
	return spawn_unpack(txn, in_fd, dir_fd, status_out, journal_fd, e);
}

/* the applet's last word; without one its exit tells why */
static int read_status(struct layer_txn *t, struct unpack_status *ret, struct err *e)
{
	struct err ignored;
	bool heard = fd_read_full(t->status_fd, ret, sizeof(*ret), &ignored) == 0;
	pid_t pid = t->pid;
	int code = 0;
	bool cancelled;

	mutex_lock(&t->mu); /* no cancel between the reaping and the forgetting */
	if (proc_wait(pid, -1, &code, &ignored) < 0)
		code = -1;
	t->pid = 0;
	cancelled = t->cancelled;
	pthread_mutex_unlock(&t->mu);
	fd_close(&t->status_fd);
	if (cancelled)
		return err_set(e, ERR_CANCELLED, 0, "unpacking was cancelled");
	if (!heard)
		return err_set(e, ERR_SYSTEM, 0, "unpack ended without a result (%s %d)",
			       code > 128 ? "signal" : "exit code", code > 128 ? code - 128 : code);
	return 0;
}

int storage_unpack_wait(struct layer_txn *txn, int timeout_ms, struct layer_result *ret,
			struct err *e)
{
	struct unpack_status st;
	int ready;

	if (txn->pid == 0)
		return err_set(e, ERR_INVALID, 0, "nothing is being unpacked");
	ready = fd_wait(txn->status_fd, POLLIN, timeout_ms);
	if (ready == 0)
		return err_set(e, ERR_TIMEOUT, 0, "layer is still being unpacked");
	if (ready < 0)
		return err_sys(e, "wait for unpack");
	if (read_status(txn, &st, e) < 0)
		return -1;
	if (st.err.kind != 0) {
		*e = st.err;
		e->msg[sizeof(e->msg) - 1] = 0;
		return -1;
	}
	memset(&txn->result, 0, sizeof(txn->result));
	str_copy(txn->result.digest, st.result.digest, DIGEST_SIZE);
	str_copy(txn->result.diff_id, st.result.diff_id, DIGEST_SIZE);
	txn->result.blob_bytes = st.result.blob_bytes;
	txn->result.tar_bytes = st.result.tar_bytes;
	/* Docker's overlay drivers add up what lies in the directory, the others the tar's sizes */
	txn->result.size_bytes = st.result.content_bytes;
	if (txn->s->driver->staging[0] == '\0')
		txn->result.size_bytes += st.result.link_bytes;
	txn->result.n_entries = st.result.n_entries;
	txn->result.compressed = st.result.compressed;
	txn->unpacked = true;
	if (ret)
		*ret = txn->result;
	return 0;
}

/* an early end of unpack is its own to explain */
static int feed(struct layer_txn *txn, int (*fn)(void *arg, struct stream *out, struct err *e),
		void *arg, struct err *e)
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
	r = fn(arg, out, e);
	if (r < 0 && e->sys != EPIPE)
		storage_unpack_cancel(txn);
	return r;
}

int storage_unpack_from(struct layer_txn *txn,
			int (*fn)(void *arg, struct stream *out, struct err *e), void *arg,
			struct layer_result *ret, struct err *e)
{
	struct err unpack_error;
	int fed = feed(txn, fn, arg, e);

	if (storage_unpack_wait(txn, -1, ret, &unpack_error) < 0) {
		if (fed == 0 || e->sys == EPIPE)
			*e = unpack_error;
		return -1;
	}
	return fed;
}

void storage_unpack_cancel(struct layer_txn *txn)
{
	MUTEX_GUARD(&txn->mu);

	txn->cancelled = true;
	if (txn->pid > 0)
		kill(txn->pid, SIGKILL);
}

static void txn_free(struct layer_txn *t)
{
	fd_close(&t->set_fd);
	fd_close(&t->status_fd);
	pthread_mutex_destroy(&t->mu);
	free(t);
}

void storage_layer_abort(struct layer_txn *txn)
{
	char set[CACHE_ID_SIZE + 16];
	struct unpack_status st;
	struct err e;

	if (!txn)
		return;
	if (txn->pid > 0) {
		storage_unpack_cancel(txn);
		(void)!read_status(txn, &st, &e);
	}
	txn->s->driver->drop(txn->s, txn->cache_id, txn->link);
	set_name(txn, set);
	if (path_remove_tree(txn->s->db_fd, set, &e) < 0)
		log_debug(&e, "drop layer");
	txn_free(txn);
}

void storage_layer_abortp(struct layer_txn **txn)
{
	storage_layer_abort(*txn);
	*txn = NULL;
}

/* step 3 */
static int write_metadata(struct layer_txn *t, const char *parent, struct err *e)
{
	char size[24];

	snprintf(size, sizeof(size), "%llu", (unsigned long long)t->result.size_bytes);
	if (put_file(t->set_fd, "diff", t->result.diff_id, 0644, e) < 0 ||
	    put_file(t->set_fd, "size", size, 0644, e) < 0 ||
	    put_file(t->set_fd, "cache-id", t->cache_id, 0644, e) < 0)
		return -1;
	return str_empty(parent) ? 0 : put_file(t->set_fd, "parent", parent, 0644, e);
}

/* the new layer with its reference on the parent */
static int prepare(struct layer_txn *t, const char *parent, struct layer *l, struct err *e)
{
	MUTEX_GUARD(&t->s->mu);
	struct layer *p = NULL;

	if (!str_empty(parent)) {
		p = layer_find(t->s, parent);
		if (!p)
			return err_set(e, ERR_NOTFOUND, 0, "parent layer %s does not exist",
				       parent);
		if (p->depth >= STORAGE_LAYERS_MAX)
			return err_set(e, ERR_INVALID, 0, "max depth exceeded: more than %d layers",
				       STORAGE_LAYERS_MAX);
		p->n_children++; /* keeps it while the lock is not held */
	}
	str_copy(l->diff_id, t->result.diff_id, sizeof(l->diff_id));
	str_copy(l->cache_id, t->cache_id, sizeof(l->cache_id));
	str_copy(l->link, t->link, sizeof(l->link));
	storage_chain_id(parent, l->diff_id, l->chain_id);
	l->parent = p;
	l->depth = p ? p->depth + 1 : 1;
	l->size_bytes = t->result.size_bytes;
	l->n_refs = 1;
	return 0;
}

/* takes the layer that is there already; false when there is none */
static bool take_existing(struct storage *s, const char *chain_id)
{
	struct layer *l = layer_find(s, chain_id);

	if (l)
		l->n_refs++;
	return l != NULL;
}

static void undo_prepare(struct storage *s, struct layer *l)
{
	MUTEX_GUARD(&s->mu);

	if (l->parent && l->parent->n_children-- == 1 && l->parent->n_refs == 0)
		layer_put(s, l->parent, NULL);
}

/* step 5; 1 named, 0 another thread was faster */
static int name_layer(struct layer_txn *t, struct layer *l, struct err *e)
{
	MUTEX_GUARD(&t->s->mu);
	char set[CACHE_ID_SIZE + 16], to[DIGEST_SIZE + 8];

	if (take_existing(t->s, l->chain_id))
		return 0;
	set_name(t, set);
	snprintf(to, sizeof(to), "sha256/%s", l->chain_id + strlen("sha256:"));
	/* a broken layer of that name, which loading left out, makes room */
	if (renameat(t->s->db_fd, set, t->s->db_fd, to) < 0 &&
	    (path_remove_tree(t->s->db_fd, to, e) < 0 ||
	     renameat(t->s->db_fd, set, t->s->db_fd, to) < 0))
		return err_sys(e, "name layer %s", l->chain_id);
	map_put(&t->s->layers, l->chain_id, l);
	return 1;
}

int storage_layer_commit(struct layer_txn *txn, const char *parent, char ret_chain[DIGEST_SIZE],
			 struct err *e)
{
	struct storage *s = txn->s;
	struct layer *l;
	int r;

	if (!txn->unpacked)
		return err_set(e, ERR_INVALID, 0, "layer is not unpacked");
	l = xcalloc(1, sizeof(*l));
	r = prepare(txn, parent, l, e);
	if (r < 0) {
		free(l);
		return -1;
	}
	mutex_lock(&s->mu);
	r = take_existing(s, l->chain_id) ? 0 : 1;
	pthread_mutex_unlock(&s->mu);
	if (r > 0) {
		r = s->driver->settle(s, txn->cache_id, l->parent, e) < 0 ||
				    write_metadata(txn, parent, e) < 0
			    ? -1
			    : 1;
		if (r > 0 && syncfs(txn->set_fd) < 0)
			r = err_sys(e, "sync layer");
		if (r > 0)
			r = name_layer(txn, l, e);
	}
	if (r >= 0)
		str_copy(ret_chain, l->chain_id, DIGEST_SIZE);
	if (r > 0) {
		txn_free(txn);
		return 0;
	}
	undo_prepare(s, l);
	free(l);
	if (r == 0)
		storage_layer_abort(txn);
	return r;
}

int storage_layer_import(struct storage *s, int in_fd, const char *parent, struct layer_result *ret,
			 char ret_chain[DIGEST_SIZE], struct err *e)
{
	CLEANUP(storage_layer_abortp) struct layer_txn *t = NULL;

	if (storage_layer_begin(s, &t, e) < 0 || storage_unpack_start(t, in_fd, e) < 0 ||
	    storage_unpack_wait(t, -1, ret, e) < 0 ||
	    storage_layer_commit(t, parent, ret_chain, e) < 0)
		return -1;
	t = NULL; /* consumed */
	return 0;
}
