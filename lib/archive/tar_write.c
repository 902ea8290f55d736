// SPDX-License-Identifier: MIT
/*
 * Writing tar: ustar where it can hold the entry, else a pax extended header
 * before it. Source: POSIX.1-2017 pax, "ustar Interchange Format" and "pax
 * Extended Header".
 */
#include "archive/tar_internal.h"

#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

#define OCTAL_MAX(digits) ((1ULL << (3 * (digits))) - 1)

struct tar_writer {
	struct stream *out;
	struct buf pax; /* records of the present entry */
	uint64_t left;	/* content still owed */
	size_t pad;
};

struct tar_writer *tar_writer_new(struct stream *out)
{
	struct tar_writer *w = xcalloc(1, sizeof(*w));

	w->out = out;
	return w;
}

void tar_writer_free(struct tar_writer *w)
{
	if (!w)
		return;
	buf_clear(&w->pax);
	free(w);
}

void tar_writer_freep(struct tar_writer **w)
{
	tar_writer_free(*w);
	*w = NULL;
}

static size_t decimal_digits(size_t n)
{
	size_t digits = 1;

	for (; n >= 10; n /= 10)
		digits++;
	return digits;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts its own digits */
static void add_record(struct buf *b, const char *key, const void *value, size_t n)
{
	size_t rest = strlen(key) + n + 3;
	size_t len = rest + decimal_digits(rest);

	len = rest + decimal_digits(len);
	buf_addf(b, "%zu %s=", len, key);
	buf_add(b, value, n);
	buf_addch(b, '\n');
}

static void add_text(struct buf *b, const char *key, const char *value)
{
	add_record(b, key, value, strlen(value));
}

static void add_number(struct buf *b, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	add_text(b, key, text);
}

static void add_time(struct buf *b, const char *key, int64_t sec, uint32_t nsec)
{
	char text[48];
	bool negative = sec < 0;

	if (negative && nsec > 0) {
		sec++;
		nsec = 1000000000 - nsec;
	}
	snprintf(text, sizeof(text), "%s%llu", negative ? "-" : "",
		 (unsigned long long)(negative ? -sec : sec));
	if (nsec > 0)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ".%09u", nsec);
	add_text(b, key, text);
}

/* zero-padded octal digits and NUL; what does not fit is left to pax and written as 0 */
static void put_octal(unsigned char *block, size_t at, size_t len, uint64_t v)
{
	char text[24];

	if (v > OCTAL_MAX(len - 1))
		v = 0;
	snprintf(text, sizeof(text), "%0*llo", (int)len - 1, (unsigned long long)v);
	memcpy(block + at, text, len - 1);
}

/* the name's length in the prefix field: 0 all in the name's own, -1 does not fit */
static int split_name(const char *name)
{
	size_t len = strlen(name);
	const char *cut;

	if (len <= TAR_NAME_LEN)
		return 0;
	/* the last slash that leaves something behind it, and not more before it than fits */
	cut = name + MIN(len - 2, (size_t)TAR_PREFIX_LEN);
	while (cut > name && *cut != '/')
		cut--;
	return cut == name || len - (size_t)(cut - name) - 1 > TAR_NAME_LEN ? -1
									    : (int)(cut - name);
}

static bool is_ascii(const char *s)
{
	while (*s > 0)
		s++;
	return *s == 0;
}

/* What stands in a field beside a pax record of it, as Go writes it: ASCII only, cut; a name that
 * is cut behind a slash would be taken for a directory. */
static void put_ascii(unsigned char *block, size_t at, size_t len, const char *s)
{
	size_t n = 0;
	bool cut = strlen(s) > len;

	for (; *s && n < len; s++)
		if (*s > 0)
			block[at + n++] = (unsigned char)*s;
	while (cut && n == len && len > 0 && block[at + len - 1] == '/')
		block[at + --len] = 0;
}

static void finish_block(unsigned char *block, char type)
{
	unsigned sum = 0;
	char text[8];

	block[TAR_TYPE] = (unsigned char)type;
	memcpy(block + TAR_MAGIC,
	       "ustar\0"
	       "00",
	       8);
	memset(block + TAR_CHKSUM, ' ', 8);
	for (int i = 0; i < TAR_BLOCK_BYTES; i++)
		sum += block[i];
	snprintf(text, sizeof(text), "%06o", sum);
	memcpy(block + TAR_CHKSUM, text, 7); /* six digits, NUL; the blank stays */
}

static int write_padding(struct tar_writer *w, size_t n, struct err *e)
{
	static const char zeros[TAR_BLOCK_BYTES];

	return n > 0 ? stream_write(w->out, zeros, n, e) : 0;
}

static int write_pax(struct tar_writer *w, const struct tar_entry *ent, struct err *e)
{
	unsigned char block[TAR_BLOCK_BYTES] = {0};
	const char *base = path_base(ent->name);
	CLEANUP(freep)
	char *raw = xasprintf("%.*sPaxHeaders.0/%s", (int)(base - ent->name), ent->name, base);
	CLEANUP(freep) char *name = path_clean(raw);

	put_ascii(block, TAR_NAME, TAR_NAME_LEN, name);
	put_octal(block, TAR_MODE, 8, 0);
	put_octal(block, TAR_UID, 8, 0);
	put_octal(block, TAR_GID, 8, 0);
	put_octal(block, TAR_SIZE, 12, w->pax.len);
	put_octal(block, TAR_MTIME, 12, 0);
	finish_block(block, 'x');
	if (stream_write(w->out, block, sizeof(block), e) < 0 ||
	    stream_write(w->out, w->pax.data, w->pax.len, e) < 0)
		return -1;
	return write_padding(w, -w->pax.len & (TAR_BLOCK_BYTES - 1), e);
}

static void add_xattrs(struct buf *b, const struct tar_entry *ent)
{
	CLEANUP(buf_clear) struct buf key = BUF_INIT;

	for (size_t i = 0; i < ent->n_xattrs; i++) {
		buf_reset(&key);
		buf_addf(&key, "SCHILY.xattr.%s", ent->xattrs[i].name);
		add_record(b, buf_str(&key), ent->xattrs[i].value, ent->xattrs[i].len);
	}
}

/* The records, sorted by key. path: the name too, because it does not fit or others are there. */
static void collect_pax(struct buf *b, const struct tar_entry *ent, uint64_t size, bool path)
{
	buf_reset(b);
	add_xattrs(b, ent);
	if (ent->has_atime)
		add_time(b, "atime", ent->atime_sec, ent->atime_nsec);
	if (ent->gid > OCTAL_MAX(7))
		add_number(b, "gid", ent->gid);
	if (ent->gname && (strlen(ent->gname) >= TAR_OWNER_LEN || !is_ascii(ent->gname)))
		add_text(b, "gname", ent->gname);
	if (ent->link && (strlen(ent->link) > TAR_LINK_LEN || !is_ascii(ent->link)))
		add_text(b, "linkpath", ent->link);
	if (ent->mtime_nsec > 0 || ent->mtime_sec < 0 || ent->mtime_sec > (int64_t)OCTAL_MAX(11))
		add_time(b, "mtime", ent->mtime_sec, ent->mtime_nsec);
	if (path)
		add_text(b, "path", ent->name);
	if (size > OCTAL_MAX(11))
		add_number(b, "size", size);
	if (ent->uid > OCTAL_MAX(7))
		add_number(b, "uid", ent->uid);
	if (ent->uname && (strlen(ent->uname) >= TAR_OWNER_LEN || !is_ascii(ent->uname)))
		add_text(b, "uname", ent->uname);
}

/* The name into the block, split in two or with a record; as Go's archive/tar decides, so that a
 * commit has Docker's digest. */
static void put_names(struct buf *b, unsigned char *block, const struct tar_entry *ent,
		      uint64_t size)
{
	int cut = split_name(ent->name);
	bool odd = !is_ascii(ent->name);

	collect_pax(b, ent, size, cut < 0 || odd);
	if (cut > 0 && !odd && b->len > 0)
		collect_pax(b, ent, size, true);
	if (cut > 0 && b->len == 0) {
		memcpy(block + TAR_PREFIX, ent->name, (size_t)cut);
		put_ascii(block, TAR_NAME, TAR_NAME_LEN, ent->name + cut + 1);
	} else {
		put_ascii(block, TAR_NAME, TAR_NAME_LEN, ent->name);
	}
	put_ascii(block, TAR_LINK, TAR_LINK_LEN, ent->link ? ent->link : "");
	put_ascii(block, TAR_UNAME, TAR_OWNER_LEN - 1, ent->uname ? ent->uname : "");
	put_ascii(block, TAR_GNAME, TAR_OWNER_LEN - 1, ent->gname ? ent->gname : "");
}

int tar_write_entry(struct tar_writer *w, const struct tar_entry *ent, struct err *e)
{
	unsigned char block[TAR_BLOCK_BYTES] = {0};
	uint64_t size = ent->type == TAR_FILE ? ent->size : 0;

	if (w->left > 0)
		return err_set(e, ERR_INVALID, 0, "tar: %llu bytes of content are missing",
			       (unsigned long long)w->left);
	if (str_empty(ent->name))
		return err_set(e, ERR_INVALID, 0, "tar: entry without a name");
	put_names(&w->pax, block, ent, size);
	put_octal(block, TAR_MODE, 8, ent->mode & 07777);
	put_octal(block, TAR_UID, 8, ent->uid);
	put_octal(block, TAR_GID, 8, ent->gid);
	put_octal(block, TAR_SIZE, 12, size);
	put_octal(block, TAR_MTIME, 12, ent->mtime_sec < 0 ? 0 : (uint64_t)ent->mtime_sec);
	put_octal(block, TAR_MAJOR, 8, ent->dev_major);
	put_octal(block, TAR_MINOR, 8, ent->dev_minor);
	finish_block(block, (char)ent->type);
	if (w->pax.len > 0 && write_pax(w, ent, e) < 0)
		return -1;
	w->left = size;
	w->pad = (size_t)(-size & (TAR_BLOCK_BYTES - 1));
	return stream_write(w->out, block, sizeof(block), e);
}

int tar_write(struct tar_writer *w, const void *p, size_t n, struct err *e)
{
	if (n > w->left)
		return err_set(e, ERR_INVALID, 0, "tar: more content than announced");
	if (n == 0)
		return 0;
	if (stream_write(w->out, p, n, e) < 0)
		return -1;
	w->left -= n;
	return w->left == 0 ? write_padding(w, w->pad, e) : 0;
}

int tar_write_file(struct tar_writer *w, const char *name, uint32_t mode, int64_t mtime_sec,
		   const void *p, size_t n, struct err *e)
{
	struct tar_entry ent = {
		.name = name,
		.link = "",
		.type = TAR_FILE,
		.mode = mode,
		.size = n,
		.mtime_sec = mtime_sec,
	};

	if (tar_write_entry(w, &ent, e) < 0)
		return -1;
	return tar_write(w, p, n, e);
}

int tar_writer_end(struct tar_writer *w, struct err *e)
{
	if (w->left > 0)
		return err_set(e, ERR_INVALID, 0, "tar: %llu bytes of content are missing",
			       (unsigned long long)w->left);
	if (write_padding(w, TAR_BLOCK_BYTES, e) < 0)
		return -1;
	return write_padding(w, TAR_BLOCK_BYTES, e);
}
