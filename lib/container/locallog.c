// SPDX-License-Identifier: MIT
/*
 * Entries of Docker's log driver "local": the length of a protocol buffers
 * message (big endian, 32 bits), the message, the length again, so that a tail
 * is found from the end. Source: moby daemon/logger/local,
 * api/types/plugins/logdriver/entry.proto.
 */
#include <string.h>

#include "config/limits.h"
#include "container/log.h"

enum { FIELD_SOURCE = 1, FIELD_TIME_NANO, FIELD_LINE, FIELD_PARTIAL, FIELD_PARTIAL_METADATA };
enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };
#define METADATA_LAST 1

static void add_varint(struct buf *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_addch(out, (char)(v | 0x80));
	buf_addch(out, (char)v);
}

static void add_bytes(struct buf *out, unsigned field, const char *p, size_t n)
{
	add_varint(out, field << 3 | WIRE_BYTES);
	add_varint(out, n);
	buf_add(out, p, n);
}

void locallog_entry(struct buf *out, const char *p, size_t n, bool is_stderr, bool partial,
		    int64_t now_nsec)
{
	CLEANUP(buf_clear) struct buf m = BUF_INIT;
	char frame[4];

	add_bytes(&m, FIELD_SOURCE, is_stderr ? "stderr" : "stdout", 6);
	add_varint(&m, FIELD_TIME_NANO << 3 | WIRE_VARINT);
	add_varint(&m, (uint64_t)now_nsec);
	add_bytes(&m, FIELD_LINE, p, n);
	if (partial) {
		add_varint(&m, FIELD_PARTIAL << 3 | WIRE_VARINT);
		add_varint(&m, 1);
	}
	for (unsigned i = 0; i < 4; i++)
		frame[i] = (char)(m.len >> (24 - 8 * i));
	buf_add(out, frame, 4);
	buf_add(out, m.data, m.len);
	buf_add(out, frame, 4);
}

struct cursor {
	const unsigned char *p, *end;
	bool bad;
};

static uint64_t get_varint(struct cursor *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64 && c->p < c->end; shift += 7) {
		v |= (uint64_t)(*c->p & 0x7f) << shift;
		if (!(*c->p++ & 0x80))
			return v;
	}
	c->bad = true;
	return 0;
}

/* the next field: its number; *ret_v a varint's value or the length of the bytes at *ret_p */
static unsigned get_field(struct cursor *c, uint64_t *ret_v, const unsigned char **ret_p)
{
	uint64_t key = get_varint(c);

	*ret_v = get_varint(c);
	*ret_p = NULL;
	if ((key & 7) == WIRE_BYTES && *ret_v <= (uint64_t)(c->end - c->p)) {
		*ret_p = c->p;
		c->p += *ret_v;
	} else if ((key & 7) != WIRE_VARINT) {
		c->bad = true; /* longer than what is there, or of no use here */
	}
	return (unsigned)(key >> 3) & 0xff;
}

static bool is_last(const unsigned char *p, size_t n)
{
	struct cursor c = {p, p + n, false};
	const unsigned char *ignored;
	bool last = false;
	uint64_t v;

	while (!c.bad && c.p < c.end)
		if (get_field(&c, &v, &ignored) == METADATA_LAST)
			last = v != 0;
	return last;
}

static bool parse_message(struct cursor c, struct log_record *ret)
{
	bool partial = false, last = false;

	*ret = (struct log_record){.line = ""};
	while (!c.bad && c.p < c.end) {
		const unsigned char *p;
		uint64_t v;
		unsigned field = get_field(&c, &v, &p);

		if (c.bad)
			break;
		if (field == FIELD_SOURCE && p != NULL)
			ret->is_stderr = v == 6 && memcmp(p, "stderr", 6) == 0;
		else if (field == FIELD_TIME_NANO && p == NULL)
			ret->nsec = (int64_t)v;
		else if (field == FIELD_LINE && p != NULL)
			ret->line = (const char *)p, ret->n = (size_t)v;
		else if (field == FIELD_PARTIAL && p == NULL)
			partial = v != 0;
		else if (field == FIELD_PARTIAL_METADATA && p != NULL)
			last = is_last(p, (size_t)v);
	}
	ret->newline = !partial || last;
	return !c.bad;
}

size_t locallog_length(const unsigned char frame[4])
{
	return (size_t)frame[0] << 24 | (size_t)frame[1] << 16 | (size_t)frame[2] << 8 | frame[3];
}

ssize_t locallog_parse(const char *p, size_t n, struct log_record *ret)
{
	const unsigned char *u = (const unsigned char *)p;
	size_t len;

	if (n < 4)
		return 0;
	len = locallog_length(u);
	if (len > ENGINE_LOG_LINE_MAX)
		return -1;
	if (n < len + 8)
		return 0;
	if (memcmp(u, u + 4 + len, 4) != 0 ||
	    !parse_message((struct cursor){u + 4, u + 4 + len, false}, ret))
		return -1;
	return (ssize_t)len + 8;
}
