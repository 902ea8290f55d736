// SPDX-License-Identifier: MIT
/*
 * bbolt's file: pages of 4 KiB or so; two meta pages, of which the one with the
 * higher transaction and a right checksum holds; a tree of branch and leaf
 * pages for each bucket, the root's leaves holding the buckets. A small bucket
 * lies as a page of its own inside its entry. All numbers are little endian
 * here (the machine's own in Docker's file). Source: bbolt page.go, bucket.go,
 * db.go.
 */
#include "storage/bolt.h"

#include <string.h>

#include "base/mem.h"

#define MAGIC	    0xED0CDAEDU
#define VERSION	    2
#define PAGE	    4096 /* of what is written */
#define PAGE_HEAD   16
#define ELEMENT	    16
#define META_SIZE   64
#define META_HASH   56 /* bytes that the checksum covers */
#define DEPTH_MAX   16
#define PAIRS_MAX   65535
#define IS_BUCKET   1
#define BUCKET_HEAD 16

enum { PAGE_BRANCH = 1, PAGE_LEAF = 2, PAGE_META = 4, PAGE_FREELIST = 16 };
/* where a meta page's fields are, and a page's */
enum { M_MAGIC = 0, M_VERSION = 4, M_PAGE = 8, M_ROOT = 16, M_FREE = 32, M_END = 40, M_TXID = 48 };
enum { P_ID = 0, P_FLAGS = 8, P_COUNT = 10, P_OVERFLOW = 12 };

struct bolt {
	const unsigned char *db;
	size_t n;
	uint32_t page;
	unsigned left; /* pages that may still be looked at: a loop ends */
	bolt_fn *fn;
	void *arg;
	const char *bucket; /* what is looked for in the root; NULL: it was found */
	const unsigned char *found;
	size_t n_found;
};

static uint64_t get(const unsigned char *p, unsigned bytes)
{
	uint64_t v = 0;

	for (unsigned i = bytes; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

static uint64_t fnv64a(const unsigned char *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3U;
	return h;
}

static bool meta_ok(const unsigned char *m)
{
	return get(m + M_MAGIC, 4) == MAGIC && get(m + M_VERSION, 4) == VERSION &&
	       get(m + META_HASH, 8) == fnv64a(m, META_HASH);
}

static int damaged(struct err *e)
{
	return err_set(e, ERR_INVALID, 0, "the database is damaged");
}

/* the meta page that holds, or NULL; the second one lies a page further, whose size the first tells
 * when it is whole */
static const unsigned char *find_meta(const unsigned char *db, size_t n)
{
	const unsigned char *best = NULL;
	static const uint32_t sizes[] = {0, 4096, 8192, 16384, 65536};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const unsigned char *m = db + sizes[i] + PAGE_HEAD;

		if (n >= sizes[i] + PAGE_HEAD + META_SIZE && meta_ok(m) &&
		    (best == NULL || get(m + M_TXID, 8) > get(best + M_TXID, 8)))
			best = m;
	}
	return best;
}

static int walk_page(struct bolt *b, uint64_t id, unsigned depth, struct err *e);

static void visit(struct bolt *b, uint32_t flags, const unsigned char *key, size_t n_key,
		  const unsigned char *value, size_t n_value)
{
	if (b->bucket == NULL) {
		if (!(flags & IS_BUCKET))
			b->fn(b->arg, (const char *)key, n_key, (const char *)value, n_value);
	} else if ((flags & IS_BUCKET) && n_key == strlen(b->bucket) &&
		   memcmp(key, b->bucket, n_key) == 0) {
		b->found = value;
		b->n_found = n_value;
	}
}

/* the elements of a page whose bytes are these */
static int walk_bytes(struct bolt *b, const unsigned char *p, size_t n, unsigned depth,
		      struct err *e)
{
	uint64_t flags, count;

	if (n < PAGE_HEAD || depth > DEPTH_MAX || b->left-- == 0)
		return damaged(e);
	flags = get(p + P_FLAGS, 2);
	count = get(p + P_COUNT, 2);
	if (count * ELEMENT > n - PAGE_HEAD || !(flags & (PAGE_BRANCH | PAGE_LEAF)))
		return damaged(e);
	for (size_t at = PAGE_HEAD; count-- > 0; at += ELEMENT) {
		const unsigned char *el = p + at;
		uint64_t pos = get(el + 4, 4), n_key = get(el + 8, 4), n_value = get(el + 12, 4);

		if (flags & PAGE_BRANCH) {
			if (walk_page(b, get(el + 8, 8), depth + 1, e) < 0)
				return -1;
			continue;
		}
		if (pos > n - at || n_key + n_value > n - at - pos)
			return damaged(e);
		visit(b, (uint32_t)get(el, 4), el + pos, n_key, el + pos + n_key, n_value);
	}
	return 0;
}

static int walk_page(struct bolt *b, uint64_t id, unsigned depth, struct err *e)
{
	const unsigned char *p;
	uint64_t size;

	if (id >= b->n / b->page)
		return damaged(e);
	p = b->db + id * b->page;
	size = (get(p + P_OVERFLOW, 4) + 1) * b->page;
	return size > b->n - id * b->page ? damaged(e) : walk_bytes(b, p, size, depth, e);
}

int bolt_each(const void *db, size_t n, const char *bucket, bolt_fn *fn, void *arg, struct err *e)
{
	struct bolt b = {.db = db, .n = n, .bucket = bucket, .fn = fn, .arg = arg};
	const unsigned char *meta = find_meta(db, n);
	uint64_t root;

	if (meta == NULL)
		return err_set(e, ERR_INVALID, 0, "not a database of bbolt");
	b.page = (uint32_t)get(meta + M_PAGE, 4);
	if (b.page < 512 || b.page > n)
		return damaged(e);
	b.left = (unsigned)(n / b.page) + 2;
	if (walk_page(&b, get(meta + M_ROOT, 8), 0, e) < 0)
		return -1;
	if (b.found == NULL)
		return 0;
	if (b.n_found < BUCKET_HEAD)
		return damaged(e);
	b.bucket = NULL;
	b.left = (unsigned)(n / b.page) + 2;
	root = get(b.found, 8);
	return root != 0 ? walk_page(&b, root, 0, e)
			 : walk_bytes(&b, b.found + BUCKET_HEAD, b.n_found - BUCKET_HEAD, 0, e);
}

/* --- writing ------------------------------------------------------------------- */

static void put(struct buf *out, uint64_t v, unsigned bytes)
{
	for (; bytes-- > 0; v >>= 8)
		buf_addch(out, (char)v);
}

static void fill(struct buf *out)
{
	while (out->len % PAGE != 0)
		buf_addch(out, 0);
}

static void put_head(struct buf *out, uint64_t id, unsigned flags, size_t count, size_t bytes)
{
	put(out, id, 8);
	put(out, flags, 2);
	put(out, count, 2);
	put(out, bytes == 0 ? 0 : (bytes - 1) / PAGE, 4);
}

enum { ID_FREELIST = 2, ID_ROOT, ID_BUCKET };

static void put_meta(struct buf *out, uint64_t id, uint64_t end)
{
	size_t start;

	put_head(out, id, PAGE_META, 0, 0);
	start = out->len;
	put(out, MAGIC, 4);
	put(out, VERSION, 4);
	put(out, PAGE, 4);
	put(out, 0, 4);
	put(out, ID_ROOT, 8);
	put(out, 0, 8);
	put(out, ID_FREELIST, 8);
	put(out, end, 8);
	put(out, id, 8); /* the transaction */
	put(out, fnv64a((const unsigned char *)out->data + start, META_HASH), 8);
	fill(out);
}

int bolt_write(struct buf *out, const char *bucket, const struct bolt_pair *pairs, size_t n,
	       struct err *e)
{
	size_t bytes = PAGE_HEAD, at, n_bucket = strlen(bucket);

	if (n > PAIRS_MAX)
		return err_set(e, ERR_INVALID, 0, "too many entries for a database: %zu", n);
	for (size_t i = 0; i < n; i++)
		bytes += ELEMENT + strlen(pairs[i].key) + strlen(pairs[i].value);
	for (uint64_t id = 0; id < 2; id++)
		put_meta(out, id, ID_BUCKET + (bytes - 1) / PAGE + 1);
	put_head(out, ID_FREELIST, PAGE_FREELIST, 0, 0);
	fill(out);
	put_head(out, ID_ROOT, PAGE_LEAF, 1, 0);
	put(out, IS_BUCKET, 4);
	put(out, ELEMENT, 4);
	put(out, n_bucket, 4);
	put(out, BUCKET_HEAD, 4);
	buf_add(out, bucket, n_bucket);
	put(out, ID_BUCKET, 8);
	put(out, 0, 8);
	fill(out);
	put_head(out, ID_BUCKET, PAGE_LEAF, n, bytes);
	at = ELEMENT * n; /* from an element to its key */
	for (size_t i = 0; i < n; i++, at -= ELEMENT) {
		put(out, 0, 4);
		put(out, at, 4);
		put(out, strlen(pairs[i].key), 4);
		put(out, strlen(pairs[i].value), 4);
		at += strlen(pairs[i].key) + strlen(pairs[i].value);
	}
	for (size_t i = 0; i < n; i++) {
		buf_addstr(out, pairs[i].key);
		buf_addstr(out, pairs[i].value);
	}
	fill(out);
	return 0;
}
