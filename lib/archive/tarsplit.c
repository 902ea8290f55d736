// SPDX-License-Identifier: MIT
/*
 * Reading tar-split journals and putting the archive together again. A journal
 * comes from our own data root or from Docker's, and is read as if it were
 * hostile: one flat JSON object a line, lengths bounded, paths opened beneath
 * the tree without following links. Source: github.com/vbatts/tar-split
 * tar/storage (entry.go, packer.go, getter.go) and tar/asm.
 */
#include "archive/tarsplit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "archive/compress.h"
#include "archive/crc64.h"
#include "archive/utf8_internal.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"

#define COPY_BYTES (128 * KIB)

struct tarsplit_reader {
	struct stream *journal;
	struct stream *plain; /* decompressed; NULL until the first read */
	struct buf text;      /* read, not yet consumed */
	size_t at;	      /* consumed of text */
	struct buf name, payload, word;
	bool eof;
};

struct tarsplit_reader *tarsplit_reader_new(struct stream *journal)
{
	struct tarsplit_reader *r = xcalloc(1, sizeof(*r));

	r->journal = journal;
	return r;
}

void tarsplit_reader_free(struct tarsplit_reader *r)
{
	if (!r)
		return;
	stream_free(r->plain);
	buf_clear(&r->text);
	buf_clear(&r->name);
	buf_clear(&r->payload);
	buf_clear(&r->word);
	free(r);
}

void tarsplit_reader_freep(struct tarsplit_reader **r)
{
	tarsplit_reader_free(*r);
	*r = NULL;
}

/* one line, NUL-terminated in place; 1, 0 end, -1 */
static int next_line(struct tarsplit_reader *r, char **ret, struct err *e)
{
	size_t seen = 0;

	for (;;) {
		char *start = r->text.len > 0 ? r->text.data + r->at : NULL;
		size_t n = r->text.len - r->at;
		char *nl = n > seen ? memchr(start + seen, '\n', n - seen) : NULL;
		ssize_t got;

		if (nl || (r->eof && n > 0)) {
			if (nl)
				*nl = 0;
			r->at += nl ? (size_t)(nl - start) + 1 : n;
			*ret = start;
			return 1;
		}
		if (r->eof)
			return 0;
		if (n > ARCHIVE_TARSPLIT_LINE_MAX)
			return err_set(e, ERR_INVALID, 0, "tar-split: line is too long");
		seen = n;
		buf_consume(&r->text, r->at);
		r->at = 0;
		got = stream_read(r->plain, buf_reserve(&r->text, COPY_BYTES), COPY_BYTES, e);
		if (got < 0)
			return -1;
		r->text.len += (size_t)got;
		r->text.data[r->text.len] = 0;
		r->eof = got == 0;
	}
}

static int malformed(struct err *e)
{
	return err_set(e, ERR_INVALID, 0, "tar-split: line is malformed");
}

static const char *skip_blank(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r')
		p++;
	return p;
}

static int hex4(const char **p, uint32_t *ret)
{
	unsigned char b[2];

	if (strnlen(*p, 4) < 4 || hex_decode(*p, b, 2) < 0)
		return -1;
	*ret = (uint32_t)b[0] << 8 | b[1];
	*p += 4;
	return 0;
}

/* behind a backslash */
static int add_escape(struct buf *b, const char **p)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint32_t code, low;
	const char *hit = **p ? strchr(from, **p) : NULL;

	if (hit) {
		buf_addch(b, to[hit - from]);
		++*p;
		return 0;
	}
	if (**p != 'u')
		return -1;
	++*p;
	if (hex4(p, &code) < 0)
		return -1;
	if (code >= 0xd800 && code < 0xdc00 && (*p)[0] == '\\' && (*p)[1] == 'u') {
		const char *q = *p + 2;

		if (hex4(&q, &low) == 0 && low >= 0xdc00 && low < 0xe000) {
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
			*p = q;
		}
	}
	utf8_add(b, code);
	return 0;
}

/* a string, number or word into b; *p moves behind it */
static int scan_value(const char **p, struct buf *b, bool *ret_is_string)
{
	const char *s = skip_blank(*p);

	buf_reset(b);
	*ret_is_string = *s == '"';
	if (*s == '"') {
		for (s++; *s != '"';) {
			size_t plain = strcspn(s, "\"\\");

			buf_add(b, s, plain);
			s += plain;
			if (*s == 0)
				return -1;
			if (*s == '\\') {
				s++;
				if (add_escape(b, &s) < 0)
					return -1;
			}
		}
		s++;
	} else {
		size_t n = strspn(s, "-0123456789abcdefghijklmnopqrstuvwxyz");

		if (n == 0)
			return -1;
		buf_add(b, s, n);
		s += n;
	}
	*p = skip_blank(s);
	return 0;
}

static int set_number(const struct buf *word, uint64_t max, uint64_t *ret)
{
	return str_u64(buf_str(word), max, ret);
}

static int set_field(struct tarsplit_reader *r, struct tarsplit_entry *ent, const char *key,
		     bool is_string)
{
	bool is_null = !is_string && str_eq(buf_str(&r->word), "null");
	uint64_t v;

	if (str_eq(key, "type")) {
		if (set_number(&r->word, 9, &v) < 0)
			return -1;
		ent->type = (int)v;
		return 0;
	}
	if (str_eq(key, "size"))
		return set_number(&r->word, ARCHIVE_FILE_MAX, &ent->size);
	if (is_null)
		return 0;
	if (str_eq(key, "name")) {
		buf_reset(&r->name);
		buf_add(&r->name, buf_str(&r->word), r->word.len);
		return is_string ? 0 : -1;
	}
	if (str_eq(key, "name_raw")) {
		buf_reset(&r->name);
		return base64_decode(&r->name, buf_str(&r->word), r->word.len);
	}
	if (str_eq(key, "payload"))
		return base64_decode(&r->payload, buf_str(&r->word), r->word.len);
	return 0;
}

static int parse_line(struct tarsplit_reader *r, const char *p, struct tarsplit_entry *ent)
{
	char key[16];
	bool is_string;

	p = skip_blank(p);
	if (*p++ != '{')
		return -1;
	for (;;) {
		if (scan_value(&p, &r->word, &is_string) < 0 || !is_string || *p++ != ':')
			return -1;
		str_copy(key, buf_str(&r->word), sizeof(key));
		if (scan_value(&p, &r->word, &is_string) < 0 ||
		    set_field(r, ent, key, is_string) < 0)
			return -1;
		if (*p == '}')
			break;
		if (*p++ != ',')
			return -1;
	}
	return *skip_blank(p + 1) == 0 ? 0 : -1;
}

int tarsplit_next(struct tarsplit_reader *r, struct tarsplit_entry *ret, struct err *e)
{
	struct tarsplit_entry ent = {0};
	char *line = NULL;
	int got;

	if (!r->plain && compress_reader_borrow(r->journal, &r->plain, e) < 0)
		return -1;
	do {
		got = next_line(r, &line, e);
		if (got <= 0)
			return got;
	} while (*skip_blank(line) == 0);
	buf_reset(&r->name);
	buf_reset(&r->payload);
	if (parse_line(r, line, &ent) < 0)
		return malformed(e);
	if ((ent.type != 1 && ent.type != 2) || memchr(buf_str(&r->name), 0, r->name.len))
		return malformed(e);
	ent.name = buf_str(&r->name);
	ent.payload = buf_str(&r->payload);
	ent.n_payload = r->payload.len;
	*ret = ent;
	return 1;
}

/* the tree is one layer: a path in it crosses no link */
static int open_file(int tree_fd, const char *name, struct err *e)
{
	CLEANUP(freep) char *rooted = path_join("/", name);
	CLEANUP(freep) char *clean = path_clean(rooted);
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	};
	int fd = (int)syscall(SYS_openat2, tree_fd, clean + 1, &how, sizeof(how));

	if (fd < 0 && errno == ENOSYS)
		return path_open_beneath(tree_fd, clean + 1, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0,
					 e);
	if (fd < 0)
		return err_sys(e, "tar-split: open %.300s", name);
	return fd;
}

static int copy_file(const struct tarsplit_entry *ent, int tree_fd, struct stream *out,
		     unsigned char *block, struct err *e)
{
	CLEANUP(fd_closep) int fd = open_file(tree_fd, ent->name, e);
	uint64_t left = ent->size, crc = 0, want = 0;

	if (fd < 0)
		return -1;
	while (left > 0) {
		ssize_t n = fd_read(fd, block, (size_t)MIN(left, COPY_BYTES));

		if (n < 0)
			return err_sys(e, "read %.300s", ent->name);
		if (n == 0)
			return err_set(e, ERR_INVALID, 0, "tar-split: file %.300s is too short",
				       ent->name);
		crc = crc64_iso(crc, block, (size_t)n);
		if (stream_write(out, block, (size_t)n, e) < 0)
			return -1;
		left -= (uint64_t)n;
	}
	for (size_t i = 0; i < ent->n_payload && i < 8; i++)
		want = want << 8 | ((const unsigned char *)ent->payload)[i];
	if (ent->n_payload == 8 && want != crc)
		return err_set(e, ERR_INVALID, 0, "tar-split: content of %.300s has changed",
			       ent->name);
	return 0;
}

int tarsplit_assemble(struct stream *journal, int tree_fd, struct stream *out, struct err *e)
{
	CLEANUP(tarsplit_reader_freep) struct tarsplit_reader *r = tarsplit_reader_new(journal);
	CLEANUP(freep) unsigned char *block = xmalloc(COPY_BYTES);
	struct tarsplit_entry ent = {0};
	int got;

	while ((got = tarsplit_next(r, &ent, e)) > 0) {
		if (ent.type == 2) {
			if (ent.n_payload > 0 &&
			    stream_write(out, ent.payload, ent.n_payload, e) < 0)
				return -1;
		} else if (ent.size > 0 && copy_file(&ent, tree_fd, out, block, e) < 0) {
			return -1;
		}
	}
	return got;
}

int tarsplit_bytes(struct stream *journal, uint64_t *ret, struct err *e)
{
	CLEANUP(tarsplit_reader_freep) struct tarsplit_reader *r = tarsplit_reader_new(journal);
	struct tarsplit_entry ent = {0};
	uint64_t sum = 0;
	int got;

	while ((got = tarsplit_next(r, &ent, e)) > 0) {
		sum += ent.type == 2 ? ent.n_payload : ent.size;
		if (sum > ARCHIVE_TOTAL_MAX)
			return err_set(e, ERR_INVALID, 0, "tar-split: the archive is too large");
	}
	if (got == 0)
		*ret = sum;
	return got;
}
