// SPDX-License-Identifier: MIT
/*
 * Binding of JSON objects to C structs by tables, as Go's struct tags do it:
 * member names match without regard to ASCII case, unknown members are
 * ignored, null leaves plain values alone and empties pointers, lists and maps.
 * A struct of zero bytes is the zero value of every type; owned memory is
 * released by json_struct_clear().
 *
 *	static const struct json_field point_fields[] = {
 *		JSON_F(struct point, name, "Name", JSON_B_STR, NULL, 0),
 *		JSON_F(struct point, tags, "Tags", JSON_B_STRV, NULL, JSON_OMITEMPTY),
 *		{0},
 *	};
 *	const struct json_struct point_json = {"Point", sizeof(struct point), point_fields};
 */
#ifndef JSON_BIND_H
#define JSON_BIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "json/json.h"
#include "json/write.h"

/*
 * Type of a member, and the C type at its offset. "nil" is the zero value and
 * prints null; a list or map that was given as [] or {} is not nil and prints
 * so. JSON_OMITEMPTY leaves out both.
 */
enum json_bind_type {
	JSON_B_END = 0,
	JSON_B_STR,	    /* char *, owned; NULL prints "" (null with JSON_NULLABLE) */
	JSON_B_BOOL,	    /* bool */
	JSON_B_INT,	    /* int */
	JSON_B_UINT32,	    /* uint32_t */
	JSON_B_INT64,	    /* int64_t */
	JSON_B_UINT64,	    /* uint64_t */
	JSON_B_DBL,	    /* double */
	JSON_B_TRI,	    /* int of enum json_tri: Go's *bool */
	JSON_B_OPT_INT64,   /* struct json_opt_i64: Go's *int, *int64 */
	JSON_B_TIME,	    /* int64_t nanoseconds since 1970; RFC 3339 text; 0 is Go's zero time */
	JSON_B_STRV,	    /* struct strv: []string */
	JSON_B_STRV_OR_STR, /* struct strv; a plain string is read as a list of one (Cmd,
			       Entrypoint) */
	JSON_B_STRMAP,	    /* struct json_strmap: map[string]string */
	JSON_B_SET,	    /* struct strv of names: map[string]struct{} */
	JSON_B_STRV_MAP,    /* struct json_map, value struct strv *: map[string][]string */
	JSON_B_I64_ARR,	    /* struct json_i64s: []int64 */
	JSON_B_U64_PAIR,    /* uint64_t[2]: [2]uint (ConsoleSize) */
	JSON_B_STRUCT,	    /* the struct described by sub */
	JSON_B_STRUCT_PTR,  /* owned pointer to such a struct; NULL is nil */
	JSON_B_INLINE, /* the struct described by sub, its members in the outer object; no name */
	JSON_B_STRUCT_ARR, /* JSON_ARRAY_OF(the struct described by sub) */
	JSON_B_STRUCT_MAP, /* struct json_map, value pointer to such a struct */
	JSON_B_ARR_MAP, /* struct json_map, value struct json_array * (NULL: null): PortBindings */
	JSON_B_RAW,	/* char *, owned JSON text, any kind; NULL is null */
};

enum json_field_flags {
	JSON_OMITEMPTY = 1,   /* left out when zero, nil or empty; as in Go not for JSON_B_STRUCT */
	JSON_NULLABLE = 2,    /* JSON_B_STR: NULL is null, not "" */
	JSON_EMPTY_LIST = 4,  /* a nil list or map prints [] or {} instead of null */
	JSON_OMITZERO = 8,    /* JSON_B_STRUCT: left out when all its members are empty */
	JSON_WRITE_ONLY = 16, /* not read */
	JSON_READ_ONLY = 32,  /* not written */
};

struct json_struct;

struct json_field {
	const char *name;
	enum json_bind_type type;
	size_t offset;
	const struct json_struct *sub; /* struct types only */
	unsigned flags;		       /* enum json_field_flags */
};

struct json_struct {
	const char *name; /* Go's, for error texts: "container.HostConfig" */
	size_t size;
	const struct json_field *fields; /* ended by JSON_B_END */
};

#define JSON_F(struct_type, member, json_name, bind_type, sub_struct, bind_flags)                  \
	{                                                                                          \
		.name = (json_name), .type = (bind_type), .offset = offsetof(struct_type, member), \
		.sub = (sub_struct), .flags = (bind_flags)                                         \
	}

enum json_tri { JSON_TRI_FALSE = -1, JSON_TRI_NIL = 0, JSON_TRI_TRUE = 1 };

struct json_opt_i64 {
	bool set;
	int64_t value;
};

struct json_pair {
	char *key;
	char *value;
};

/* Ordered pairs; written sorted by key. items is NULL while nil. */
struct json_strmap {
	struct json_pair *items;
	size_t len;
	size_t cap;
};

struct json_i64s {
	int64_t *items;
	size_t len;
	size_t cap;
};

/* A list of structs; items is NULL while nil. Declare members with JSON_ARRAY_OF(struct x). */
struct json_array {
	void *items;
	size_t len;
	size_t cap;
};

#define JSON_ARRAY_OF(item_type)  \
	struct {                  \
		item_type *items; \
		size_t len;       \
		size_t cap;       \
	}

struct json_map_entry {
	char *key;
	void *value; /* owned; what it points to is the member's bind type */
};

/* Ordered entries; written sorted by key. items is NULL while nil. */
struct json_map {
	struct json_map_entry *items;
	size_t len;
	size_t cap;
};

/**
 * json_bind() - store an object's members in a struct
 * @v:   an object; NULL or null changes nothing
 * @t:   describes *out
 * @out: a zeroed or earlier bound struct; what is stored before a failure stays, so clear it anyway
 * @e:   ERR_INVALID: "json: cannot unmarshal string into Go struct field Config.Env of type
 *       []string"; also for strings holding NUL bytes
 *
 * Lists and maps are replaced, not merged.
 *
 * Return: 0 or -1.
 */
int json_bind(const struct json *v, const struct json_struct *t, void *out,
	      struct err *e) WARN_UNUSED;
/** json_bind_text() - json_parse() and json_bind() */
int json_bind_text(const char *text, size_t len, const struct json_struct *t, void *out,
		   struct err *e) WARN_UNUSED;
/** json_unbind() - writes a struct as an object, members in the table's order */
void json_unbind(struct json_w *w, const struct json_struct *t, const void *obj);
/** json_unbind_fields() - as json_unbind() without the braces, into an object already open */
void json_unbind_fields(struct json_w *w, const struct json_struct *t, const void *obj);
/** json_struct_clear() - frees what a struct owns and zeroes it */
void json_struct_clear(const struct json_struct *t, void *obj);
/** json_struct_copy() - deep copy into dst, which is overwritten (not cleared) */
void json_struct_copy(const struct json_struct *t, void *dst, const void *src);

/** json_strmap_get() - value or NULL; borrowed */
const char *json_strmap_get(const struct json_strmap *m, const char *key);
/** json_strmap_set() - stores copies, replacing an older value; value NULL removes */
void json_strmap_set(struct json_strmap *m, const char *key, const char *value);
/** json_strmap_clear() - frees all; nil again */
void json_strmap_clear(struct json_strmap *m);
/** json_strmap_copy() - sets all of src in dst */
void json_strmap_copy(struct json_strmap *dst, const struct json_strmap *src);
/** json_array_add() - appends a zeroed struct of t->size to a JSON_ARRAY_OF (passed by address) and
 * returns it; earlier items may move */
void *json_array_add(void *array, const struct json_struct *t);
/** json_array_clear() - frees all items; nil again */
void json_array_clear(void *array, const struct json_struct *t);
/** json_map_get() - value or NULL; borrowed */
void *json_map_get(const struct json_map *m, const char *key);
/** json_map_add() - the value under key, made (zeroed, size bytes) when absent */
void *json_map_add(struct json_map *m, const char *key, size_t size);
/** json_strv_empty() - makes a vector empty but not nil, so that it prints [] */
void json_strv_empty(struct strv *v);

#endif
