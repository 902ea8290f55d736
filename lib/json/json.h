// SPDX-License-Identifier: MIT
/*
 * JSON documents (RFC 8259) as read-only trees. One document owns every value
 * below it; values and strings are borrowed from it. Building is done by
 * json/write.h, binding to C structs by json/bind.h. A document may be read by
 * several threads at once. All getters accept NULL, which stands for an absent
 * value, so lookups can be chained.
 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum json_kind {
	JSON_NONE, /* absent: the kind of a NULL value */
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_TEXT,
	JSON_ARRAY,
	JSON_OBJECT,
};

/* Use the functions below; the members are public for the iteration macro only. */
struct json {
	enum json_kind kind;
	uint32_t len;	 /* members, items, or bytes of text */
	const char *key; /* member's name, NULL in an array and at the root */
	union {
		const char *text;	  /* number as written, or string; NUL-terminated */
		const struct json *items; /* contiguous */
	} u;
};

/* for (each item of an array or member of an object), nothing for any other kind */
#define json_for_each(item, v) \
	for (const struct json *item = json_first(v); item != NULL; item = json_next(v, item))

/**
 * json_parse() - parse one document
 * @text: bytes; need not be terminated, not kept
 * @len:  their number
 * @ret:  the root, to be freed by json_free()
 * @e:    ERR_INVALID with the byte offset: malformed, deeper than JSON_DEPTH_MAX, more values than
 *        JSON_VALUES_MAX, or longer than JSON_TEXT_MAX
 *
 * As Go's encoding/json: invalid UTF-8 and lone surrogates become U+FFFD, of members with the same
 * name the last one stays. White space may surround the document, nothing else may follow it.
 *
 * Return: 0 or -1.
 */
int json_parse(const char *text, size_t len, struct json **ret, struct err *e) WARN_UNUSED;
/** json_free() - frees a root returned by json_parse() with all below; NULL is fine */
void json_free(struct json *root);
/** json_freep() - CLEANUP(json_freep) */
void json_freep(struct json **root);

/** json_kind() - what a value is; JSON_NONE for NULL */
enum json_kind json_kind(const struct json *v);
/** json_kind_name() - "string", "number", "bool", "null", "array", "object", as Go names them */
const char *json_kind_name(const struct json *v);
/** json_get() - an object's member by exact name, or NULL */
const struct json *json_get(const struct json *obj, const char *key);
/** json_get_fold() - as json_get(), else the first one equal without regard to ASCII case, as Go */
const struct json *json_get_fold(const struct json *obj, const char *key);
/** json_at() - an array's item, or an object's i-th member, or NULL */
const struct json *json_at(const struct json *v, size_t i);
/** json_len() - items or members; 0 for any other kind */
size_t json_len(const struct json *v);
/** json_key_at() - name of an object's i-th member, or NULL */
const char *json_key_at(const struct json *obj, size_t i);
/** json_key() - name of a member, NULL when v is none */
const char *json_key(const struct json *v);
/** json_first() - first item or member, or NULL */
const struct json *json_first(const struct json *v);
/** json_next() - what follows item in v, or NULL */
const struct json *json_next(const struct json *v, const struct json *item);

/** json_str() - a string's text, NULL if not a string. It may hold NUL bytes when \u0000 was
 * written: compare json_str_len() with strlen() where that matters. */
const char *json_str(const struct json *v);
/** json_str_len() - bytes of a string, 0 if not a string */
size_t json_str_len(const struct json *v);
/** json_num() - a number's text as written, NULL if not a number */
const char *json_num(const struct json *v);
/** json_i64() - a number without fraction and exponent that fits; 0 or -1, *ret untouched */
int json_i64(const struct json *v, int64_t *ret) WARN_UNUSED;
/** json_u64() - as json_i64(), not negative */
int json_u64(const struct json *v, uint64_t *ret) WARN_UNUSED;
/** json_dbl() - a number as a finite double; 0 or -1, *ret untouched */
int json_dbl(const struct json *v, double *ret) WARN_UNUSED;
/** json_bool() - true or false; def for any other kind */
bool json_bool(const struct json *v, bool def);

/** json_get_str() - text of a member, NULL if absent or not a string */
const char *json_get_str(const struct json *obj, const char *key);
/** json_get_i64() - a member as a number, def if absent or not an integer */
int64_t json_get_i64(const struct json *obj, const char *key, int64_t def);
/** json_get_bool() - a member as a bool, def if absent or not one */
bool json_get_bool(const struct json *obj, const char *key, bool def);
/** json_path() - json_get() along keys ended by NULL: json_path(v, "HostConfig", "Memory", NULL) */
const struct json *json_path(const struct json *v, ...) __attribute__((sentinel));

#endif
