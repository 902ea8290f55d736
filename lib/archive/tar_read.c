// SPDX-License-Identifier: MIT
/*
 * Theory of operation. One buffer of READ_BYTES is filled from the stream and
 * consumed in place; content is handed out as pointers into it. take() is the
 * only way bytes leave the buffer, and it shows each of them to the tap, so
 * that headers, padding and content together are the whole archive, in order.
 * An entry is: extended headers (pax x, GNU L and K) collected in `ext`, the
 * header block, content of `left` stored bytes, padding. Sources: see tar.h.
 */
#include "archive/tar_internal.h"

#include <string.h>

#include "base/mem.h"
#include "config/limits.h"

#define READ_BYTES (256 * KIB)

struct tar_reader {
	struct stream *src;
	const struct tar_tap *tap;
	void *tap_arg;
	unsigned char *data;
	size_t at, end;
	bool eof, finished;
	uint64_t total_bytes, n_entries;

	bool in_entry;
	bool tap_data; /* content goes to tap->data, not tap->meta */
	uint64_t left; /* stored content bytes not yet taken */
	size_t pad;
	struct tar_ext ext;
	struct tar_entry ent;
	struct tar_xattr *xattrs; /* ARCHIVE_XATTRS_MAX */
	struct buf name, link, uname, gname;

	size_t region;		    /* sparse: region the next stored byte belongs to */
	uint64_t region_at;	    /* bytes of it already taken */
	uint64_t logical;	    /* tar_read(): position in the file */
	const unsigned char *chunk; /* tar_read(): rest of the last chunk */
	size_t n_chunk;
	uint64_t chunk_offset;
};

struct tar_reader *tar_reader_new(struct stream *src)
{
	struct tar_reader *t = xcalloc(1, sizeof(*t));

	t->src = src;
	t->data = xmalloc(READ_BYTES);
	t->xattrs = xcalloc(ARCHIVE_XATTRS_MAX, sizeof(*t->xattrs));
	tar_ext_init(&t->ext);
	return t;
}

void tar_reader_free(struct tar_reader *t)
{
	if (!t)
		return;
	tar_ext_clear(&t->ext);
	buf_clear(&t->name);
	buf_clear(&t->link);
	buf_clear(&t->uname);
	buf_clear(&t->gname);
	free(t->xattrs);
	free(t->data);
	free(t);
}

void tar_reader_freep(struct tar_reader **t)
{
	tar_reader_free(*t);
	*t = NULL;
}

void tar_reader_set_tap(struct tar_reader *t, const struct tar_tap *tap, void *arg)
{
	t->tap = tap;
	t->tap_arg = arg;
}

/* refills an empty buffer; 1 bytes are there, 0 end of stream, -1 */
static int fill(struct tar_reader *t, struct err *e)
{
	ssize_t n;

	if (t->at < t->end)
		return 1;
	if (t->eof)
		return 0;
	n = stream_read(t->src, t->data, READ_BYTES, e);
	if (n < 0)
		return -1;
	t->at = 0;
	t->end = (size_t)n;
	t->eof = n == 0;
	t->total_bytes += (uint64_t)n;
	if (t->total_bytes > ARCHIVE_TOTAL_MAX)
		return err_set(e, ERR_INVALID, 0, "tar: archive is larger than the limit");
	return n > 0;
}

static int take(struct tar_reader *t, size_t n, bool is_data, struct err *e)
{
	const unsigned char *p = t->data + t->at;

	t->at += n;
	if (!t->tap || n == 0)
		return 0;
	return (is_data ? t->tap->data : t->tap->meta)(t->tap_arg, p, n, e);
}

static int truncated(struct err *e)
{
	return err_set(e, ERR_INVALID, 0, "tar: archive is truncated");
}

/* copies n metadata bytes out; 1, 0 when the stream ended before the first, -1 */
static int read_meta(struct tar_reader *t, void *p, size_t n, struct err *e)
{
	size_t done = 0;

	while (done < n) {
		size_t step;
		int r = fill(t, e);

		if (r < 0)
			return -1;
		if (r == 0)
			return done == 0 ? 0 : truncated(e);
		step = MIN(n - done, t->end - t->at);
		memcpy((char *)p + done, t->data + t->at, step);
		if (take(t, step, false, e) < 0)
			return -1;
		done += step;
	}
	return 1;
}

static int skip_meta(struct tar_reader *t, uint64_t n, struct err *e)
{
	while (n > 0) {
		size_t step;
		int r = fill(t, e);

		if (r <= 0)
			return r < 0 ? -1 : truncated(e);
		step = (size_t)MIN(n, t->end - t->at);
		if (take(t, step, false, e) < 0)
			return -1;
		n -= step;
	}
	return 0;
}

static size_t padding(uint64_t size)
{
	return (size_t)(-size & (TAR_BLOCK_BYTES - 1));
}

/* the payload of an extended header, padding included, into b */
static int read_payload(struct tar_reader *t, uint64_t size, struct buf *b, struct err *e)
{
	if (size > ARCHIVE_PAX_MAX)
		return err_set(e, ERR_INVALID, 0, "tar: extended header of %llu bytes is too large",
			       (unsigned long long)size);
	buf_reset(b);
	if (size > 0) {
		int r = read_meta(t, buf_reserve(b, (size_t)size), (size_t)size, e);

		if (r <= 0)
			return r < 0 ? -1 : truncated(e);
		b->len += (size_t)size;
		b->data[b->len] = 0;
	}
	return skip_meta(t, padding(size), e);
}

static int read_extended(struct tar_reader *t, const struct tar_header *h, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;

	if (read_payload(t, h->size, &text, e) < 0)
		return -1;
	if (h->type == 'x')
		return tar_pax_parse(&t->ext, buf_str(&text), text.len, e);
	if (h->type == 'L') {
		buf_reset(&t->ext.path);
		buf_add(&t->ext.path, buf_str(&text), strnlen(buf_str(&text), text.len));
		t->ext.has_path = t->ext.path.len > 0;
	} else if (h->type == 'K') {
		buf_reset(&t->ext.link);
		buf_add(&t->ext.link, buf_str(&text), strnlen(buf_str(&text), text.len));
		t->ext.has_link = t->ext.link.len > 0;
	}
	return 0; /* 'g': global headers are ignored */
}

/* names from the block, unless an extended header gave them */
static void set_names(struct tar_reader *t, const unsigned char *block, const struct tar_header *h)
{
	struct tar_ext *x = &t->ext;

	buf_reset(&t->name);
	buf_reset(&t->link);
	buf_reset(&t->uname);
	buf_reset(&t->gname);
	if (x->has_path) {
		buf_add(&t->name, x->path.data, x->path.len);
	} else {
		if (h->is_ustar && block[TAR_PREFIX]) {
			tar_field(&t->name, block + TAR_PREFIX, TAR_PREFIX_LEN);
			buf_addch(&t->name, '/');
		}
		tar_field(&t->name, block + TAR_NAME, TAR_NAME_LEN);
	}
	if (x->has_link)
		buf_add(&t->link, x->link.data, x->link.len);
	else
		tar_field(&t->link, block + TAR_LINK, TAR_LINK_LEN);
	if (x->has_uname)
		buf_add(&t->uname, x->uname.data, x->uname.len);
	else if (h->is_ustar || h->is_gnu)
		tar_field(&t->uname, block + TAR_UNAME, TAR_OWNER_LEN);
	if (x->has_gname)
		buf_add(&t->gname, x->gname.data, x->gname.len);
	else if (h->is_ustar || h->is_gnu)
		tar_field(&t->gname, block + TAR_GNAME, TAR_OWNER_LEN);
}

/* old writers say "directory" by a slash; '7' (contiguous) is a file */
static int entry_type(const struct tar_reader *t, char type, struct err *e)
{
	switch (type) {
	case 0:
	case '0':
		return t->name.len > 0 && t->name.data[t->name.len - 1] == '/' ? TAR_DIR : TAR_FILE;
	case '7':
	case 'S':
		return TAR_FILE;
	case 'D':
		return TAR_DIR;
	case TAR_HARDLINK:
	case TAR_SYMLINK:
	case TAR_CHAR:
	case TAR_BLOCK:
	case TAR_DIR:
	case TAR_FIFO:
		return type;
	default:
		return err_set(e, ERR_INVALID, 0, "tar: entry %s has unsupported type 0x%02x",
			       buf_str(&t->name), (unsigned char)type);
	}
}

static int fill_entry(struct tar_reader *t, const struct tar_header *h, struct err *e)
{
	struct tar_ext *x = &t->ext;
	struct tar_entry *ent = &t->ent;
	uint64_t uid = x->has_uid ? x->uid : h->uid;
	uint64_t gid = x->has_gid ? x->gid : h->gid;
	int type = entry_type(t, h->type, e);

	if (type < 0)
		return -1;
	if (t->name.len == 0)
		return err_set(e, ERR_INVALID, 0, "tar: entry without a name");
	if (t->name.len > ARCHIVE_PATH_MAX || t->link.len > ARCHIVE_PATH_MAX)
		return err_set(e, ERR_INVALID, 0, "tar: name longer than %d bytes",
			       ARCHIVE_PATH_MAX);
	if (uid >= UINT32_MAX || gid >= UINT32_MAX)
		return err_set(e, ERR_INVALID, 0, "tar: entry %.200s has an owner out of range",
			       buf_str(&t->name));
	memset(ent, 0, sizeof(*ent));
	ent->type = (enum tar_type)type;
	ent->name = buf_str(&t->name);
	ent->link = type == TAR_SYMLINK || type == TAR_HARDLINK ? buf_str(&t->link) : "";
	ent->uname = buf_str(&t->uname);
	ent->gname = buf_str(&t->gname);
	ent->mode = h->mode;
	ent->uid = (uint32_t)uid;
	ent->gid = (uint32_t)gid;
	ent->mtime_sec = x->has_mtime ? x->mtime_sec : h->mtime_sec;
	ent->mtime_nsec = x->has_mtime ? x->mtime_nsec : 0;
	ent->has_atime = x->has_atime;
	ent->atime_sec = x->atime_sec;
	ent->atime_nsec = x->atime_nsec;
	ent->dev_major = h->dev_major;
	ent->dev_minor = h->dev_minor;
	for (size_t i = 0; i < x->n_xattrs; i++) {
		t->xattrs[i].name = x->xattrs.data + x->xattr_at[i].name;
		t->xattrs[i].value = x->xattrs.data + x->xattr_at[i].value;
		t->xattrs[i].len = x->xattr_at[i].len;
	}
	ent->xattrs = t->xattrs;
	ent->n_xattrs = x->n_xattrs;
	return 0;
}

/* the extension blocks of an old GNU sparse header */
static int read_old_sparse(struct tar_reader *t, const unsigned char *block, struct err *e)
{
	struct tar_sparse *s = &t->ext.sparse;
	unsigned char more[TAR_BLOCK_BYTES];
	bool extended = block[TAR_GNU_EXTENDED] != 0;
	int64_t real_size;

	if (tar_parse_number(block + TAR_GNU_REALSIZE, 12, &real_size) < 0 || real_size < 0)
		return err_set(e, ERR_INVALID, 0, "tar: sparse size is malformed");
	s->n = 0;
	s->real_size = (uint64_t)real_size;
	if (tar_sparse_add_old(s, block + TAR_GNU_SPARSE, 4, e) < 0)
		return -1;
	while (extended) {
		size_t before = s->n;
		int r = read_meta(t, more, sizeof(more), e);

		if (r <= 0)
			return r < 0 ? -1 : truncated(e);
		if (tar_sparse_add_old(s, more, 21, e) < 0)
			return -1;
		extended = more[TAR_GNU_EXT_EXTENDED] != 0;
		if (extended && s->n == before)
			return err_set(e, ERR_INVALID, 0, "tar: sparse map is malformed");
	}
	return 0;
}

/* one decimal line of a pax 1.0 map, which stands before the content */
static int read_map_number(struct tar_reader *t, size_t *consumed, uint64_t *ret, struct err *e)
{
	uint64_t v = 0;
	char c = 0;

	for (int digits = 0;; digits++) {
		int r = t->left == 0 ? 0 : read_meta(t, &c, 1, e);

		if (r <= 0)
			return r < 0 ? -1 : truncated(e);
		t->left--;
		++*consumed;
		if (c == '\n' && digits > 0)
			break;
		if (c < '0' || c > '9' || digits > 18)
			return err_set(e, ERR_INVALID, 0, "tar: sparse map is malformed");
		v = 10 * v + (uint64_t)(c - '0');
	}
	*ret = v;
	return 0;
}

static int read_map_1_0(struct tar_reader *t, struct err *e)
{
	uint64_t n, offset, len;
	size_t consumed = 0, pad;

	t->ext.sparse.n = 0;
	if (read_map_number(t, &consumed, &n, e) < 0)
		return -1;
	for (; n > 0; n--) {
		if (read_map_number(t, &consumed, &offset, e) < 0 ||
		    read_map_number(t, &consumed, &len, e) < 0 ||
		    tar_sparse_add(&t->ext.sparse, offset, len, e) < 0)
			return -1;
	}
	pad = padding(consumed);
	if (pad > t->left)
		return truncated(e);
	t->left -= pad;
	return skip_meta(t, pad, e);
}

static int start_sparse(struct tar_reader *t, const unsigned char *block,
			const struct tar_header *h, struct err *e)
{
	struct tar_ext *x = &t->ext;

	if (h->type == 'S') {
		if (read_old_sparse(t, block, e) < 0)
			return -1;
	} else if (x->sparse_major > 0) {
		if (x->sparse_major != 1 || x->sparse_minor > 0)
			return err_set(e, ERR_INVALID, 0, "tar: sparse format %d.%d is not known",
				       x->sparse_major, x->sparse_minor);
		if (read_map_1_0(t, e) < 0)
			return -1;
	}
	if (h->type != 'S' && !x->has_sparse_size)
		return err_set(e, ERR_INVALID, 0, "tar: sparse file without a size");
	t->ent.sparse = true;
	t->ent.size = x->sparse.real_size;
	t->region = 0;
	t->region_at = 0;
	return tar_sparse_check(&x->sparse, t->left, e);
}

static int start_content(struct tar_reader *t, const unsigned char *block,
			 const struct tar_header *h, struct err *e)
{
	bool sparse = h->type == 'S' || t->ext.sparse_major >= 0;

	/* links, devices, directories have no content, whatever their size says ('D' has) */
	t->left = 0;
	if (t->ent.type == TAR_FILE || h->type == 'D')
		t->left = t->ext.has_size ? t->ext.size : h->size;
	if (t->left > ARCHIVE_FILE_MAX)
		return err_set(e, ERR_INVALID, 0, "tar: entry %.200s is larger than the limit",
			       t->ent.name);
	t->pad = padding(t->left);
	t->logical = 0;
	t->n_chunk = 0;
	t->ent.size = t->ent.type == TAR_FILE ? t->left : 0;
	if (t->ent.type == TAR_FILE && sparse && start_sparse(t, block, h, e) < 0)
		return -1;
	t->tap_data = t->ent.type == TAR_FILE && !t->ent.sparse && t->left > 0;
	if (t->tap && t->tap->entry(t->tap_arg, &t->ent, e) < 0)
		return -1;
	t->in_entry = true;
	return 0;
}

/* what is left of the present entry: content not read, then padding */
static int finish_entry(struct tar_reader *t, struct err *e)
{
	if (!t->in_entry)
		return 0;
	while (t->left > 0) {
		size_t step;
		int r = fill(t, e);

		if (r <= 0)
			return r < 0 ? -1 : truncated(e);
		step = (size_t)MIN(t->left, t->end - t->at);
		if (take(t, step, t->tap_data, e) < 0)
			return -1;
		t->left -= step;
	}
	t->in_entry = false;
	if (t->tap && t->tap->data_end(t->tap_arg, e) < 0)
		return -1;
	tar_ext_reset(&t->ext);
	return skip_meta(t, t->pad, e);
}

/* behind the end mark: everything is read so that digests cover it */
static int drain(struct tar_reader *t, struct err *e)
{
	int r;

	while ((r = fill(t, e)) > 0)
		if (take(t, t->end - t->at, false, e) < 0)
			return -1;
	t->finished = r == 0;
	return r;
}

int tar_next(struct tar_reader *t, const struct tar_entry **ret_ent, struct err *e)
{
	unsigned char block[TAR_BLOCK_BYTES];
	struct tar_header h;

	if (t->finished)
		return 0;
	if (finish_entry(t, e) < 0)
		return -1;
	for (;;) {
		int r = read_meta(t, block, sizeof(block), e);

		if (r < 0)
			return -1;
		if (r > 0)
			r = tar_parse_header(block, &h, e);
		if (r <= 0)
			return r < 0 ? -1 : drain(t, e);
		if (++t->n_entries > ARCHIVE_ENTRIES_MAX)
			return err_set(e, ERR_INVALID, 0, "tar: more than %d entries",
				       ARCHIVE_ENTRIES_MAX);
		if (h.type == 'x' || h.type == 'L' || h.type == 'K' || h.type == 'g') {
			if (read_extended(t, &h, e) < 0)
				return -1;
			continue;
		}
		if (h.type == 'V') { /* a volume's label */
			tar_ext_reset(&t->ext);
			continue;
		}
		set_names(t, block, &h);
		if (fill_entry(t, &h, e) < 0 || start_content(t, block, &h, e) < 0)
			return -1;
		*ret_ent = &t->ent;
		return 1;
	}
}

ssize_t tar_chunk(struct tar_reader *t, const void **ret_p, uint64_t *ret_offset, struct err *e)
{
	const struct tar_sparse *s = &t->ext.sparse;
	size_t step;
	int r;

	if (!t->in_entry || t->ent.type != TAR_FILE)
		return 0;
	while (t->ent.sparse && t->region < s->n && t->region_at == s->map[t->region].len) {
		t->region++;
		t->region_at = 0;
	}
	if (t->left == 0 || (t->ent.sparse && t->region == s->n))
		return 0;
	r = fill(t, e);
	if (r <= 0)
		return r < 0 ? -1 : truncated(e);
	step = (size_t)MIN(t->left, t->end - t->at);
	*ret_p = t->data + t->at;
	if (t->ent.sparse) {
		const struct tar_region *g = &s->map[t->region];

		step = (size_t)MIN(step, g->len - t->region_at);
		*ret_offset = g->offset + t->region_at;
		t->region_at += step;
	} else {
		*ret_offset = t->logical;
		t->logical += step;
	}
	t->left -= step;
	if (take(t, step, t->tap_data, e) < 0)
		return -1;
	return (ssize_t)step;
}

ssize_t tar_read(struct tar_reader *t, void *p, size_t n, struct err *e)
{
	const void *chunk = NULL;

	if (!t->ent.sparse) {
		/* logical is moved on by tar_chunk() */
		if (t->n_chunk == 0) {
			uint64_t offset;
			ssize_t r = tar_chunk(t, &chunk, &offset, e);

			if (r <= 0)
				return r;
			t->chunk = chunk;
			t->n_chunk = (size_t)r;
		}
		n = MIN(n, t->n_chunk);
		memcpy(p, t->chunk, n);
	} else {
		if (!t->in_entry || t->logical >= t->ent.size)
			return 0;
		if (t->n_chunk == 0) {
			ssize_t r = tar_chunk(t, &chunk, &t->chunk_offset, e);

			if (r < 0)
				return -1;
			t->chunk = chunk;
			t->n_chunk = (size_t)r;
			if (r == 0)
				t->chunk_offset = t->ent.size;
		}
		if (t->logical < t->chunk_offset) {
			n = (size_t)MIN(n, t->chunk_offset - t->logical);
			memset(p, 0, n);
			t->logical += n;
			return (ssize_t)n;
		}
		n = MIN(n, t->n_chunk);
		memcpy(p, t->chunk, n);
		t->logical += n;
		t->chunk_offset += n;
	}
	t->chunk += n;
	t->n_chunk -= n;
	return (ssize_t)n;
}
