// SPDX-License-Identifier: MIT
/*
 * Blobs going up (distribution-spec, "Pushing blobs"). A layer is put together
 * again from its journal, compressed and hashed by a thread of its own while
 * this one sends: one PATCH of unknown length, then a PUT with the digest. When
 * the connection breaks the registry is asked how much it has; the same bytes
 * are made again and the rest of them sent.
 */
#include <errno.h>
#include <string.h>

#include "archive/compress.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/time.h"
#include "config/limits.h"
#include "image/push_internal.h"
#include "storage/layer.h"

#define GZIP_LEVEL  6
#define PROGRESS_MS 100
#define SKIP_BYTES  16384

/* --- a layer as a compressed byte stream --- */

struct source {
	struct push *p;
	const struct push_layer *l;
	pthread_t maker;
	bool started, ended;
	int in_fd, out_fd;
	uint64_t skip;	    /* bytes the registry has already */
	uint64_t tar_bytes; /* done so far; written by the maker, read by the sender */
	int64_t said_ms;
	/* the maker's until it has been joined */
	struct sha256 sum;
	uint64_t bytes;
	struct err error; /* kind 0: none */
};

struct tap {
	struct stream s;
	struct source *src;
	struct stream *to;
};

static int count_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	struct tap *t = (struct tap *)(void *)s;

	__atomic_fetch_add(&t->src->tar_bytes, n, __ATOMIC_RELAXED);
	return stream_write(t->to, p, n, e);
}

static int hash_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	struct tap *t = (struct tap *)(void *)s;

	sha256_add(&t->src->sum, p, n);
	t->src->bytes += n;
	return fd_write_all(t->src->out_fd, p, n, e);
}

static const struct stream_ops count_ops = {.write = count_write};
static const struct stream_ops hash_ops = {.write = hash_write};

static void *make(void *arg)
{
	struct source *src = arg;
	struct tap hash = {.s = {.ops = &hash_ops, .fd = -1}, .src = src};
	CLEANUP(stream_freep) struct stream *gzip = compress_gzip_writer(&hash.s, GZIP_LEVEL);
	struct tap count = {.s = {.ops = &count_ops, .fd = -1}, .src = src, .to = gzip};
	struct err e;

	if (storage_layer_tar(image_store_storage(src->p->s), src->l->chain, &count.s, &e) < 0 ||
	    stream_close_write(gzip, &e) < 0)
		src->error = e;
	fd_close(&src->out_fd);
	return NULL;
}

static int source_open(struct source *src, struct push *p, const struct push_layer *l,
		       uint64_t skip, struct err *e)
{
	int fds[2];

	*src = (struct source){.p = p, .l = l, .in_fd = -1, .out_fd = -1, .skip = skip};
	sha256_init(&src->sum);
	if (fd_pipe(fds, e) < 0)
		return -1;
	src->in_fd = fds[0];
	src->out_fd = fds[1];
	if (thread_start_joinable(&src->maker, make, src, e) < 0) {
		fd_close(&src->out_fd);
		return -1;
	}
	src->started = true;
	return 0;
}

static void source_close(struct source *src)
{
	fd_close(&src->in_fd); /* a maker that is not done gets EPIPE */
	if (src->started)
		pthread_join(src->maker, NULL);
	src->started = false;
}

static ssize_t source_read(void *arg, void *p, size_t n, struct err *e)
{
	struct source *src = arg;
	int64_t now = time_mono_ms();
	ssize_t r;

	if (transfer_is_over(&src->p->t))
		return err_set(e, ERR_CANCELLED, ECANCELED, "context canceled");
	if (now - src->said_ms >= PROGRESS_MS) {
		src->said_ms = now;
		transfer_say(&src->p->t, src->l->label, "Pushing",
			     (int64_t)__atomic_load_n(&src->tar_bytes, __ATOMIC_RELAXED),
			     src->l->total);
	}
	while (src->skip > 0) {
		CLEANUP(freep) char *drop = xmalloc(SKIP_BYTES);

		r = fd_read(src->in_fd, drop, (size_t)MIN(src->skip, (uint64_t)SKIP_BYTES));
		if (r <= 0)
			break;
		src->skip -= (uint64_t)r;
	}
	r = fd_read(src->in_fd, p, n);
	if (r > 0)
		return r;
	if (r < 0)
		return err_sys(e, "read layer");
	source_close(src);
	if (src->error.kind != 0) {
		*e = src->error;
		e->kind = ERR_INVALID; /* ours: trying again does not help */
		return -1;
	}
	src->ended = true;
	return 0;
}

/* --- requests --- */

bool upload_stat(struct registry *r, const char *digest, int64_t *ret_size)
{
	CLEANUP(freep) char *path = xasprintf("/v2/%s/blobs/%s", r->ref.path, digest);
	CLEANUP(exchange_freep) struct exchange *x = NULL;
	const char *length;
	uint64_t size = 0;
	struct err e;

	if (registry_request(r, "HEAD", path, NULL, &x, &e) < 0 ||
	    exchange_response(x)->status != 200)
		return false;
	length = http_headers_get(&exchange_response(x)->headers, "Content-Length");
	if (length == NULL || str_u64(length, REGISTRY_LAYER_MAX_BYTES, &size) < 0)
		return false;
	*ret_size = (int64_t)size;
	return true;
}

int upload_location(struct registry *r, const struct exchange *x, char **ret, struct err *e)
{
	const char *to = http_headers_get(&exchange_response(x)->headers, "Location");
	CLEANUP(url_clear) struct url u = URL_INIT;
	CLEANUP(freep) char *host = NULL;

	if (to == NULL)
		return err_set(e, ERR_INVALID, 0, "registry names no place to upload to");
	if (url_resolve(exchange_url(x), to, &u, e) < 0)
		return err_wrap(e, "failed to parse Location header");
	host = url_host_header(&u);
	if (!str_eq(u.scheme, "https") &&
	    (!str_eq(u.scheme, "http") ||
	     (str_eq(exchange_url(x)->scheme, "https") && !registry_is_insecure(r->config, host))))
		return err_set(e, ERR_DENIED, 0, "upload to %.200s refused", to);
	*ret = url_text(&u);
	return 0;
}

/* An answer of one of these kinds, else its error. */
static int expect(struct exchange *x, int status, int or_status, struct err *e)
{
	int got = exchange_response(x)->status;

	return got == status || got == or_status ? 0 : challenge_error(x, NULL, e);
}

static int begin(struct registry *r, char **ret_session, struct err *e)
{
	CLEANUP(freep) char *path = xasprintf("/v2/%s/blobs/uploads/", r->ref.path);
	CLEANUP(exchange_freep) struct exchange *x = NULL;
	struct transport_request rq = {.method = "POST", .url = path};

	if (registry_send(r, &rq, &x, e) < 0 || expect(x, 202, 202, e) < 0)
		return -1;
	return upload_location(r, x, ret_session, e);
}

/* The PUT that ends an upload; bytes are all of a small blob. */
static int commit(struct registry *r, const char *session, const char *digest, const void *bytes,
		  size_t n, struct err *e)
{
	CLEANUP(http_headers_clear) struct http_headers headers = HTTP_HEADERS_INIT;
	CLEANUP(exchange_freep) struct exchange *x = NULL;
	CLEANUP(freep)
	char *url = xasprintf("%s%cdigest=%s", session, strchr(session, '?') != NULL ? '&' : '?',
			      digest);
	struct transport_request rq = {
		.method = "PUT", .url = url, .headers = &headers, .body = bytes, .n_body = n};
	const char *got;

	http_headers_add(&headers, "Content-Type", "application/octet-stream");
	if (registry_send(r, &rq, &x, e) < 0 || expect(x, 201, 204, e) < 0)
		return -1;
	got = http_headers_get(&exchange_response(x)->headers, "Docker-Content-Digest");
	if (got != NULL && !str_eq(got, digest))
		return err_set(e, ERR_INVALID, 0,
			       "registry computed the digest %.80s where %s was sent", got, digest);
	return 0;
}

int upload_bytes(struct registry *r, const char *digest, const void *bytes, size_t n, struct err *e)
{
	CLEANUP(freep) char *session = NULL;
	int64_t size;

	if (upload_stat(r, digest, &size))
		return 0;
	if (begin(r, &session, e) < 0)
		return -1;
	return commit(r, session, digest, bytes, n, e);
}

/* "0-99" -> 100; the older "bytes=0-99" too */
static bool received(const struct http_response *rs, uint64_t *ret)
{
	const char *v = http_headers_get(&rs->headers, "Range");
	uint64_t last;

	if (v == NULL)
		return false;
	if (str_starts(v, "bytes="))
		v += strlen("bytes=");
	if (!str_starts(v, "0-") || str_u64(v + 2, REGISTRY_LAYER_MAX_BYTES, &last) < 0)
		return false;
	*ret = last > 0 ? last + 1 : 0;
	return true;
}

/* How far an upload that broke has come; without an answer it is begun anew. */
static void ask_status(struct registry *r, char **session, uint64_t *ret_offset)
{
	CLEANUP(exchange_freep) struct exchange *x = NULL;
	struct transport_request rq = {.method = "GET", .url = *session};
	char *next = NULL;
	struct err e;

	*ret_offset = 0;
	if (registry_send(r, &rq, &x, &e) == 0 && exchange_response(x)->status == 204 &&
	    received(exchange_response(x), ret_offset))
		(void)!upload_location(r, x, &next, &e);
	if (next == NULL)
		*ret_offset = 0;
	free(*session);
	*session = next;
}

static int send_body(struct push *p, struct source *src, char **session, struct err *e)
{
	CLEANUP(http_headers_clear) struct http_headers headers = HTTP_HEADERS_INIT;
	CLEANUP(exchange_freep) struct exchange *x = NULL;
	struct transport_request rq = {.method = "PATCH",
				       .url = *session,
				       .headers = &headers,
				       .read = source_read,
				       .read_arg = src};
	char *next = NULL;

	http_headers_add(&headers, "Content-Type", "application/octet-stream");
	if (registry_send(p->t.registry, &rq, &x, e) < 0)
		return -1;
	/* the upload was begun with a token: it has expired since */
	if (exchange_response(x)->status == 401 &&
	    registry_learn(p->t.registry, exchange_response(x)))
		return err_set(e, ERR_UNAVAILABLE, 0, "unauthorized: authentication required");
	if (expect(x, 202, 204, e) < 0 || upload_location(p->t.registry, x, &next, e) < 0)
		return -1;
	free(*session);
	*session = next;
	if (!src->ended)
		return err_set(e, ERR_SYSTEM, ECONNRESET, "registry took only a part of the layer");
	return 0;
}

static int try_once(struct push *p, struct push_layer *l, char **session, bool resumed,
		    struct err *e)
{
	struct source *src;
	uint64_t offset = 0;
	int r;

	if (*session != NULL && resumed)
		ask_status(p->t.registry, session, &offset);
	if (*session == NULL && begin(p->t.registry, session, e) < 0)
		return -1;
	src = xcalloc(1, sizeof(*src));
	r = source_open(src, p, l, offset, e);
	if (r == 0)
		r = send_body(p, src, session, e);
	source_close(src);
	if (r == 0) {
		sha256_end_digest(&src->sum, l->digest);
		l->size = (int64_t)src->bytes;
		transfer_say(&p->t, l->label, "Pushing", (int64_t)src->tar_bytes, l->total);
	}
	free(src);
	return r < 0 ? -1 : commit(p->t.registry, *session, l->digest, NULL, 0, e);
}

/* Refusals are the last word; what the network did is not. */
static bool is_final(const struct err *e)
{
	return e->kind == ERR_UNAUTHORIZED || e->kind == ERR_DENIED || e->kind == ERR_INVALID ||
	       e->kind == ERR_CANCELLED || e->kind == ERR_UNIMPLEMENTED;
}

int upload_layer(struct push *p, struct push_layer *l, char *session, struct err *e)
{
	CLEANUP(freep) char *at = session;

	for (int attempt = 1;; attempt++) {
		if (try_once(p, l, &at, attempt > 1, e) == 0)
			return 0;
		if (is_final(e) || attempt == REGISTRY_UPLOAD_ATTEMPTS || transfer_is_over(&p->t) ||
		    !transfer_retry(&p->t, l->label, attempt * attempt))
			return -1;
	}
}
