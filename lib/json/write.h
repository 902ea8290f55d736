// SPDX-License-Identifier: MIT
/*
 * JSON writer straight into a buffer. Commas, colons and (when asked for)
 * indentation are the writer's; wrong nesting is a bug of the caller and
 * aborts. Escapes as Go's encoding/json does, since clients compare: < > & as
 * \u003c \u003e \u0026, U+2028 and U+2029 escaped, invalid UTF-8 as \ufffd.
 *
 *	jw_init(&w, &buf);
 *	jw_obj(&w);
 *	jw_kstr(&w, "Id", id);
 *	jw_karr(&w, "Names");
 *	jw_str(&w, name);
 *	jw_end(&w);
 *	jw_end(&w);
 */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "json/json.h"

#define JSON_WRITE_DEPTH 160 /* open containers; own code plus one tree of JSON_DEPTH_MAX */

struct json_w {
	struct buf *buf;    /* borrowed */
	const char *indent; /* NULL: compact */
	bool plain_html;    /* < > & unescaped, as Go's SetEscapeHTML(false) */
	bool after_key;
	bool first; /* nothing yet in the innermost container */
	unsigned depth;
	char closers[JSON_WRITE_DEPTH];
};

/** json_plain() - how many bytes at the begin of a text stand for themselves in a JSON string, also
 * where Go escapes <, > and & */
size_t json_plain(const char *s, size_t n);
/** jw_init() - starts a compact document appended to buf, which must outlive the writer */
void jw_init(struct json_w *w, struct buf *buf);
/** jw_init_indent() - as jw_init(), as Go's MarshalIndent with prefix ""; indent is borrowed */
void jw_init_indent(struct json_w *w, struct buf *buf, const char *indent);

/** jw_obj() - opens an object */
void jw_obj(struct json_w *w);
/** jw_arr() - opens an array */
void jw_arr(struct json_w *w);
/** jw_end() - closes the innermost object or array */
void jw_end(struct json_w *w);
/** jw_key() - a member's name; exactly one value must follow */
void jw_key(struct json_w *w, const char *key);

/** jw_str() - a string; NULL is written as "" */
void jw_str(struct json_w *w, const char *s);
/** jw_strn() - a string of n bytes */
void jw_strn(struct json_w *w, const char *s, size_t n);
/** jw_strf() - formatted text as a string */
void jw_strf(struct json_w *w, const char *fmt, ...) PRINTF(2, 3);
/** jw_i64() - a number */
void jw_i64(struct json_w *w, int64_t n);
/** jw_u64() - a number */
void jw_u64(struct json_w *w, uint64_t n);
/** jw_dbl() - a number in Go's shortest form; not finite is null */
void jw_dbl(struct json_w *w, double d);
/** jw_bool() - true or false */
void jw_bool(struct json_w *w, bool b);
/** jw_null() - null */
void jw_null(struct json_w *w);
/** jw_raw() - text that is a whole JSON value already, taken as it is; NULL or "" is null */
void jw_raw(struct json_w *w, const char *text);
/** jw_tree() - a parsed value; NULL is null. Numbers as they were written. */
void jw_tree(struct json_w *w, const struct json *v);

/** jw_kstr() - member with a string */
void jw_kstr(struct json_w *w, const char *key, const char *s);
/** jw_ki64() - member with a number */
void jw_ki64(struct json_w *w, const char *key, int64_t n);
/** jw_ku64() - member with a number */
void jw_ku64(struct json_w *w, const char *key, uint64_t n);
/** jw_kdbl() - member with a number */
void jw_kdbl(struct json_w *w, const char *key, double d);
/** jw_kbool() - member with true or false */
void jw_kbool(struct json_w *w, const char *key, bool b);
/** jw_knull() - member with null */
void jw_knull(struct json_w *w, const char *key);
/** jw_kraw() - member with jw_raw() */
void jw_kraw(struct json_w *w, const char *key, const char *text);
/** jw_kobj() - member that is an object, opened */
void jw_kobj(struct json_w *w, const char *key);
/** jw_karr() - member that is an array, opened */
void jw_karr(struct json_w *w, const char *key);

/** json_print() - appends a value compactly, or with indent when it is not NULL */
void json_print(struct buf *b, const struct json *v, const char *indent);

#endif
