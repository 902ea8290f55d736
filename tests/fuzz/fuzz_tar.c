// SPDX-License-Identifier: MIT
/*
 * tar: whatever the bytes are, reading ends, content stays within its size, and
 * what the tap sees is exactly the archive. What could be read can be written
 * and read again to the same entry.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "archive/tar.h"
#include "base/buf.h"
#include "base/stream.h"

#define CONTENT_MAX (1 << 20) /* sparse files may claim gigabytes of zeros */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_bytes(void *arg, const void *p, size_t n, struct err *e)
{
	(void)e;
	buf_add(arg, p, n);
	return 0;
}

static int on_entry(void *arg, const struct tar_entry *ent, struct err *e)
{
	(void)arg, (void)ent, (void)e;
	return 0;
}

static int on_end(void *arg, struct err *e)
{
	(void)arg, (void)e;
	return 0;
}

/* writes the entry without content and compares what comes back */
static void check_again(const struct tar_entry *ent)
{
	struct tar_entry copy = *ent;
	const struct tar_entry *back = NULL;
	struct buf bytes = BUF_INIT;
	struct stream *out = stream_mem_new("", 0, &bytes), *in;
	struct tar_writer *w = tar_writer_new(out);
	struct tar_reader *t;
	struct err e;

	copy.size = 0;
	if (tar_write_entry(w, &copy, &e) < 0 || tar_writer_end(w, &e) < 0)
		abort();
	in = stream_mem_new(bytes.data, bytes.len, NULL);
	t = tar_reader_new(in);
	/* our pax header may grow beyond the limit, or a file's name may end in a slash */
	if (tar_next(t, &back, &e) == 1 && back->type == copy.type &&
	    (strcmp(back->name, copy.name) != 0 || strcmp(back->link, copy.link) != 0 ||
	     back->uid != copy.uid || back->gid != copy.gid || back->mode != copy.mode ||
	     back->n_xattrs != copy.n_xattrs))
		abort();
	tar_reader_free(t);
	tar_writer_free(w);
	stream_free(in);
	stream_free(out);
	buf_clear(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tar_tap tap = {on_bytes, on_entry, on_bytes, on_end};
	struct buf seen = BUF_INIT;
	struct stream *src = stream_mem_new(data, size, NULL);
	struct tar_reader *t = tar_reader_new(src);
	const struct tar_entry *ent = NULL;
	char block[4096];
	struct err e;
	int r;

	tar_reader_set_tap(t, &tap, &seen);
	while ((r = tar_next(t, &ent, &e)) > 0) {
		uint64_t total = 0;
		ssize_t n = 0;

		check_again(ent);
		while (total < CONTENT_MAX && (n = tar_read(t, block, sizeof(block), &e)) > 0)
			total += (uint64_t)n;
		if (total > ent->size || (n == 0 && total != ent->size))
			abort();
	}
	if (seen.len > size || (seen.len > 0 && memcmp(seen.data, data, seen.len) != 0) ||
	    (r == 0 && seen.len != size))
		abort();
	tar_reader_free(t);
	stream_free(src);
	buf_clear(&seen);
	return 0;
}
