// SPDX-License-Identifier: MIT
/*
 * Blobs of a registry as bounded byte streams. What the answer promises must
 * agree with what the manifest promised, and exactly that many bytes come out;
 * whether they are the right ones is for whoever hashes them.
 */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/registry.h"
#include "image/registry_internal.h"

#define SKIP_BYTES 16384

struct registry_blob {
	struct exchange *x;
	int64_t size; /* whole blob, -1 unknown */
	int64_t at;   /* bytes handed out, and skipped before */
};

void registry_blob_free(struct registry_blob *b)
{
	if (b == NULL)
		return;
	exchange_free(b->x);
	free(b);
}

void registry_blob_freep(struct registry_blob **b)
{
	registry_blob_free(*b);
}

int64_t registry_blob_size(const struct registry_blob *b)
{
	return b->size;
}

static int blob_error(struct exchange *x, const char *digest, struct err *e)
{
	CLEANUP(freep) char *code = NULL;
	int status = exchange_response(x)->status;

	challenge_error(x, &code, e);
	if (status == 404)
		return err_set(e, ERR_NOTFOUND, 0, "blob unknown to registry: %s", digest);
	return err_wrap(e, "blob %.19s", digest);
}

/* A 206 answer must begin where it was asked to: "bytes 100-199/200". */
static bool range_begins_at(const struct http_response *rs, int64_t offset)
{
	const char *v = http_headers_get(&rs->headers, "Content-Range");
	CLEANUP(freep) char *first = NULL;
	uint64_t n;

	if (v == NULL || (v = str_skip(v, "bytes ")) == NULL)
		return false;
	first = xstrndup(v, strcspn(v, "-"));
	return str_u64(first, INT64_MAX, &n) == 0 && (int64_t)n == offset;
}

static int check_promise(struct registry_blob *b, int64_t offset, struct err *e)
{
	const struct http_response *rs = exchange_response(b->x);
	int64_t promised;

	if (rs->status == 206 && !range_begins_at(rs, offset))
		return err_set(e, ERR_INVALID, 0,
			       "registry answers another range than was asked "
			       "for");
	b->at = rs->status == 206 ? offset : 0;
	if (rs->framing != HTTP_BODY_LENGTH)
		return 0;
	if (rs->content_bytes > REGISTRY_LAYER_MAX_BYTES)
		return err_set(e, ERR_INVALID, 0, "blob is too large");
	promised = b->at + (int64_t)rs->content_bytes;
	if (b->size >= 0 && promised != b->size)
		return err_set(e, ERR_INVALID, 0,
			       "registry promises a blob of %lld bytes where the manifest says "
			       "%lld",
			       (long long)promised, (long long)b->size);
	b->size = promised;
	return 0;
}

static int skip_to(struct registry_blob *b, int64_t offset, struct err *e)
{
	CLEANUP(freep) char *p = b->at < offset ? xmalloc(SKIP_BYTES) : NULL;

	while (b->at < offset) {
		ssize_t n = registry_blob_read(b, p, (size_t)MIN(SKIP_BYTES, offset - b->at), e);

		if (n < 0)
			return -1;
		if (n == 0)
			return err_set(e, ERR_INVALID, 0, "blob ends before offset %lld",
				       (long long)offset);
	}
	return 0;
}

int registry_blob_open(struct registry *r, const char *digest, int64_t size, int64_t offset,
		       struct registry_blob **ret, struct err *e)
{
	CLEANUP(http_headers_clear) struct http_headers headers = HTTP_HEADERS_INIT;
	CLEANUP(registry_blob_freep) struct registry_blob *b = xcalloc(1, sizeof(*b));
	CLEANUP(freep) char *path = xasprintf("/v2/%s/blobs/%s", r->ref.path, digest);
	int status;

	b->size = size;
	if (offset > 0)
		http_headers_addf(&headers, "Range", "bytes=%lld-", (long long)offset);
	if (registry_request(r, "GET", path, &headers, &b->x, e) < 0)
		return -1;
	status = exchange_response(b->x)->status;
	if (status != 200 && !(status == 206 && offset > 0))
		return blob_error(b->x, digest, e);
	if (check_promise(b, offset, e) < 0 || skip_to(b, offset, e) < 0)
		return -1;
	*ret = TAKE(b);
	return 0;
}

ssize_t registry_blob_read(struct registry_blob *b, void *p, size_t n, struct err *e)
{
	int64_t max = b->size >= 0 ? b->size : (int64_t)REGISTRY_LAYER_MAX_BYTES;
	ssize_t r = http_body_read(exchange_body(b->x), p, n, e);

	if (r < 0)
		return -1;
	if (r > max - b->at)
		return err_set(e, ERR_INVALID, 0, "blob is longer than the %lld bytes promised",
			       (long long)max);
	if (r == 0 && b->size >= 0 && b->at < b->size)
		return err_set(e, ERR_SYSTEM, ECONNRESET, "unexpected EOF");
	b->at += r;
	return r;
}

int registry_fetch(struct registry *r, const char *digest, int64_t size, size_t max,
		   struct buf *body, struct err *e)
{
	CLEANUP(registry_blob_freep) struct registry_blob *b = NULL;
	char got[DIGEST_SIZE];
	size_t start = body->len;

	if (size > (int64_t)max)
		return err_set(e, ERR_INVALID, 0, "blob %.19s of %lld bytes is too large", digest,
			       (long long)size);
	if (registry_blob_open(r, digest, size, 0, &b, e) < 0)
		return -1;
	for (;;) {
		char *p = buf_reserve(body, 32768);
		ssize_t n = registry_blob_read(b, p, 32768, e);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		body->len += (size_t)n;
		body->data[body->len] = '\0';
		if (body->len - start > max)
			return err_set(e, ERR_INVALID, 0, "blob %.19s is too large", digest);
	}
	sha256_digest(body->data != NULL ? body->data + start : "", body->len - start, got);
	if (!str_eq(got, digest))
		return err_set(e, ERR_INVALID, 0, "verification failed for digest %s", digest);
	return 0;
}
