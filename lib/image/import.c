// SPDX-License-Identifier: MIT
/*
 * docker import: one layer from a root file system's tar, streamed straight
 * into unpack, and a configuration made of the given changes. The tar comes from
 * the client or from a web server, asked as registries are (proxies, certs.d,
 * redirects, bounded waits); what is said of that is moby's
 * (builder/remotecontext, GetWithStatusError).
 */
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "config/limits.h"
#include "image/load.h"
#include "image/transport_internal.h"
#include "storage/layer.h"

#define MOVE_BYTES     65536
#define PROGRESS_BYTES (512 * KIB) /* between two messages */

static int cancelled(const struct image_job *job, struct err *e)
{
	if (job != NULL && job->cancelled != NULL && job->cancelled(job->arg))
		return err_set(e, ERR_CANCELLED, 0, "context canceled");
	return 0;
}

/* Moves the stream into unpack's pipe; its early end is for the waiter to explain. */
static int pump(struct stream *in, int64_t length, int out_fd, const struct image_job *job,
		struct err *e)
{
	CLEANUP(freep) char *p = xmalloc(MOVE_BYTES);
	struct image_progress m = {.status = "Importing", .has_detail = true, .total = length};
	int64_t next = 0;

	for (;;) {
		ssize_t n = stream_read(in, p, MOVE_BYTES, e);
		ssize_t at = 0;

		if (length >= 0 && (n <= 0 || m.current >= next)) {
			(void)!job->progress(job->arg, &m);
			next = m.current + PROGRESS_BYTES;
		}
		if (n <= 0)
			return n < 0 ? -1 : 0;
		while (at < n) {
			ssize_t w = fd_write(out_fd, p + at, (size_t)(n - at));

			if (w < 0)
				return 0;
			at += w;
		}
		m.current += n;
		if (m.current > (int64_t)IMAGE_LOAD_MAX_BYTES)
			return err_set(e, ERR_INVALID, 0, "archive is too large");
		if (cancelled(job, e) < 0)
			return -1;
	}
}

static int import_layer(struct storage *st, struct stream *in, int64_t length,
			const struct image_job *job, struct layer_result *ret, char *ret_chain,
			struct err *e)
{
	CLEANUP(storage_layer_abortp) struct layer_txn *txn = NULL;
	CLEANUP(fd_closep) int out_fd = -1;
	struct err unpack_error;
	int fds[2], moved;

	if (storage_layer_begin(st, &txn, e) < 0 || fd_pipe(fds, e) < 0)
		return -1;
	out_fd = fds[1];
	if (storage_unpack_start(txn, fds[0], e) < 0) {
		fd_close(&fds[0]);
		return -1;
	}
	fd_close(&fds[0]);
	moved = pump(in, length, out_fd, job, e);
	if (moved < 0)
		storage_unpack_cancel(txn);
	fd_close(&out_fd);
	if (storage_unpack_wait(txn, -1, ret, &unpack_error) < 0) {
		if (moved == 0)
			*e = unpack_error;
		return -1;
	}
	if (moved < 0 || storage_layer_commit(txn, NULL, ret_chain, e) < 0)
		return -1;
	txn = NULL; /* consumed */
	return 0;
}

static int refused(struct exchange *x, const char *url, struct err *e)
{
	const struct http_response *rs = exchange_response(x);

	challenge_error(x, NULL, e);
	return err_set(e, e->kind, 0, "failed to GET %.300s with status %d %s", url, rs->status,
		       rs->reason);
}

/* Asks the web server; the body of its answer is the tar. */
static int open_url(struct transport *t, const struct image_import_opts *o, struct exchange **ret,
		    struct err *e)
{
	const struct transport_request rq = {.method = "GET", .url = o->url};
	CLEANUP(freep) char *say = xasprintf("Downloading from %s", o->url);
	const struct image_progress m = {.status = say};

	if (!str_starts(o->url, "http://") && !str_starts(o->url, "https://"))
		return err_set(e, ERR_SYSTEM, 0, "Get \"%.300s\": unsupported protocol scheme",
			       o->url);
	if (transport_do(t, &rq, ret, e) < 0)
		return -1;
	if (exchange_response(*ret)->status >= 400)
		return refused(*ret, o->url, e);
	(void)!o->job->progress(o->job->arg, &m);
	return 0;
}

/* The layer of the stream, or of the web server's answer. */
static int get_layer(struct storage *st, struct stream *in, const struct image_import_opts *o,
		     struct layer_result *ret, char *ret_chain, struct err *e)
{
	struct transport *t = o->url != NULL ? transport_new(o->registries) : NULL;
	CLEANUP(stream_freep) struct stream *body = NULL;
	struct exchange *x = NULL;
	int64_t length = -1;
	int r = 0;

	if (t != NULL && (r = open_url(t, o, &x, e)) == 0) {
		length = (int64_t)exchange_response(x)->content_bytes;
		in = body = http_body_stream_new(exchange_body(x));
	}
	if (r == 0)
		r = import_layer(st, in, length, o->job, ret, ret_chain, e);
	exchange_free(x);
	transport_free(t);
	return r;
}

static int make_config(const struct image_import_opts *o, struct image_config *c, struct err *e)
{
	CLEANUP(platform_clear) struct platform host = PLATFORM_INIT;
	const struct platform *p = o->platform;

	if (p == NULL) {
		platform_host(&host);
		p = &host;
	}
	if (!str_eq(p->os, "linux"))
		return err_set(e, ERR_INVALID, 0, "operating system is not supported");
	c->docker_version = xstrdup(o->version);
	c->architecture = xstrdup(p->architecture);
	c->os = xstrdup(p->os);
	c->variant = xstrdup(p->variant);
	c->created_nsec = time_now_nsec();
	c->comment = str_empty(o->message)
			     ? xasprintf("Imported from %s", o->url != NULL ? o->url : "-")
			     : xstrdup(o->message);
	image_config_add_history(c, c->created_nsec, NULL, c->comment, false);
	return o->changes != NULL ? image_config_changes(&c->config, o->changes, e) : 0;
}

int image_import(struct image_store *s, struct stream *in, const struct image_import_opts *o,
		 char *ret_id, struct err *e)
{
	CLEANUP(image_config_freep) struct image_config *c = image_config_new();
	CLEANUP(buf_clear) struct buf json = BUF_INIT;
	struct storage *st = image_store_storage(s);
	struct image_progress m = {.status = ret_id};
	char chain[DIGEST_SIZE];
	struct layer_result r;
	int result;

	if (st == NULL)
		return err_set(e, ERR_UNAVAILABLE, 0, "there is no layer storage");
	if (make_config(o, c, e) < 0 || get_layer(st, in, o, &r, chain, e) < 0)
		return -1;
	strv_add(&c->rootfs.diff_ids, r.diff_id);
	image_config_write(c, &json);
	result = image_store_create(s, buf_str(&json), json.len, NULL, ret_id, e);
	storage_layer_unref(st, chain, NULL);
	if (result < 0 || (o->ref != NULL && image_store_tag(s, o->ref, ret_id, e) < 0))
		return -1;
	if (o->job != NULL && o->job->progress != NULL)
		o->job->progress(o->job->arg, &m);
	return 0;
}
