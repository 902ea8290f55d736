// SPDX-License-Identifier: MIT
/*
 * The chain of streams of unpack.h: descriptor -> SHA-256 -> inflate ->
 * SHA-256 -> tar reader, whose tap writes the journal. Memory is bounded
 * whatever the layer holds.
 */
#include "archive/unpack.h"

#include <stdlib.h>
#include <string.h>

#include "archive/compress.h"
#include "archive/extract.h"
#include "archive/tar.h"
#include "archive/tarsplit.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/stream.h"

/* a source that hashes what passes; owns nothing below it */
struct digester {
	struct stream s;
	int fd;		    /* reads here, or */
	struct stream *src; /* there */
	bool passive;	    /* hashes nothing */
	struct sha256 hash;
	uint64_t n_bytes;
};

static ssize_t digester_read(struct stream *s, void *p, size_t n, struct err *e)
{
	struct digester *d = CONTAINER_OF(s, struct digester, s);
	ssize_t got = d->src ? stream_read(d->src, p, n, e) : fd_read(d->fd, p, n);

	if (got < 0 && !d->src)
		return err_sys(e, "read layer");
	if (got > 0) {
		if (!d->passive)
			sha256_add(&d->hash, p, (size_t)got);
		d->n_bytes += (uint64_t)got;
	}
	return got;
}

static int digester_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	struct digester *d = CONTAINER_OF(s, struct digester, s);

	return fd_write_all(d->fd, p, n, e);
}

static void digester_free(struct stream *s)
{
	(void)s; /* lives in its caller */
}

static const struct stream_ops digester_ops = {
	.read = digester_read,
	.write = digester_write,
	.free = digester_free,
};

static void digester_init(struct digester *d, int fd, struct stream *src)
{
	memset(d, 0, sizeof(*d));
	d->s.ops = &digester_ops;
	d->s.fd = fd;
	d->s.timeout_ms = -1;
	d->fd = fd;
	d->src = src;
	sha256_init(&d->hash);
}

static int run(struct stream *plain, int root_fd, struct stream *journal,
	       const struct unpack_opts *opts, struct extract_stats *stats, struct err *e)
{
	const struct extract_opts how = {
		.whiteout = opts->whiteout_names ? WHITEOUT_NAMES : WHITEOUT_OVERLAY,
		.owner_xattr = opts->owner_xattr,
		.spare_cache = opts->spare_cache,
		.restorable = journal != NULL,
	};
	CLEANUP(tar_reader_freep) struct tar_reader *t = tar_reader_new(plain);
	CLEANUP(tarsplit_writer_freep) struct tarsplit_writer *w = NULL;

	if (journal) {
		w = tarsplit_writer_new(journal);
		tar_reader_set_tap(t, &tarsplit_tap, w);
	}
	if (extract_tree(t, root_fd, &how, stats, e) < 0)
		return -1;
	return w ? tarsplit_writer_end(w, e) : 0;
}

int unpack_layer(int in_fd, int root_fd, int journal_fd, const struct unpack_opts *opts,
		 struct unpack_result *ret, struct err *e)
{
	struct digester blob, tar, journal;
	CLEANUP(stream_freep) struct stream *plain = NULL;
	struct extract_stats stats = {0};
	enum compress_kind kind;

	digester_init(&blob, in_fd, NULL);
	digester_init(&journal, journal_fd, NULL);
	if (compress_reader_new(&blob.s, &plain, &kind, e) < 0)
		return -1;
	digester_init(&tar, -1, plain);
	tar.passive = kind == COMPRESS_NONE; /* the blob is the tar */
	if (run(&tar.s, root_fd, journal_fd < 0 ? NULL : &journal.s, opts, &stats, e) < 0)
		return -1;
	memset(ret, 0, sizeof(*ret));
	sha256_end_digest(&blob.hash, ret->digest);
	if (tar.passive)
		memcpy(ret->diff_id, ret->digest, sizeof(ret->diff_id));
	else
		sha256_end_digest(&tar.hash, ret->diff_id);
	ret->blob_bytes = blob.n_bytes;
	ret->tar_bytes = tar.n_bytes;
	ret->content_bytes = stats.content_bytes;
	ret->link_bytes = stats.link_bytes;
	ret->n_entries = stats.n_entries;
	ret->n_skipped = stats.n_skipped;
	ret->compressed = kind != COMPRESS_NONE;
	return 0;
}
