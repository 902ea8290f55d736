// SPDX-License-Identifier: MIT
/* Binding: any document into a struct with every type; what was written binds to the same again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "json/bind.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sub {
	char *s;
	struct json_opt_i64 o;
	struct sub *next;
};

struct all {
	struct sub in, one, *ptr;
	JSON_ARRAY_OF(struct sub) list;
	struct json_map map, arrays, vectors;
	struct strv v, c, set;
	struct json_strmap m;
	struct json_i64s i;
	char *str, *raw;
	bool b;
	int n, tri;
	uint32_t u32;
	int64_t i64, when;
	uint64_t u64, pair[2];
	double d;
};

static const struct json_struct sub_json;
static const struct json_field sub_fields[] = {
	JSON_F(struct sub, s, "S", JSON_B_STR, NULL, JSON_NULLABLE),
	JSON_F(struct sub, o, "O", JSON_B_OPT_INT64, NULL, JSON_OMITEMPTY),
	JSON_F(struct sub, next, "Next", JSON_B_STRUCT_PTR, &sub_json, JSON_OMITEMPTY),
	{0},
};
static const struct json_struct sub_json = {"p.Sub", sizeof(struct sub), sub_fields};

static const struct json_field fields[] = {
	JSON_F(struct all, in, NULL, JSON_B_INLINE, &sub_json, 0),
	JSON_F(struct all, one, "one", JSON_B_STRUCT, &sub_json, JSON_OMITZERO),
	JSON_F(struct all, ptr, "ptr", JSON_B_STRUCT_PTR, &sub_json, 0),
	JSON_F(struct all, list, "list", JSON_B_STRUCT_ARR, &sub_json, 0),
	JSON_F(struct all, map, "map", JSON_B_STRUCT_MAP, &sub_json, 0),
	JSON_F(struct all, arrays, "arrays", JSON_B_ARR_MAP, &sub_json, 0),
	JSON_F(struct all, vectors, "vectors", JSON_B_STRV_MAP, NULL, 0),
	JSON_F(struct all, v, "v", JSON_B_STRV, NULL, JSON_OMITEMPTY),
	JSON_F(struct all, c, "c", JSON_B_STRV_OR_STR, NULL, 0),
	JSON_F(struct all, set, "set", JSON_B_SET, NULL, 0),
	JSON_F(struct all, m, "m", JSON_B_STRMAP, NULL, 0),
	JSON_F(struct all, i, "i", JSON_B_I64_ARR, NULL, 0),
	JSON_F(struct all, str, "str", JSON_B_STR, NULL, 0),
	JSON_F(struct all, raw, "raw", JSON_B_RAW, NULL, 0),
	JSON_F(struct all, b, "b", JSON_B_BOOL, NULL, 0),
	JSON_F(struct all, n, "n", JSON_B_INT, NULL, 0),
	JSON_F(struct all, tri, "tri", JSON_B_TRI, NULL, 0),
	JSON_F(struct all, u32, "u32", JSON_B_UINT32, NULL, 0),
	JSON_F(struct all, i64, "i64", JSON_B_INT64, NULL, 0),
	JSON_F(struct all, when, "when", JSON_B_TIME, NULL, 0),
	JSON_F(struct all, u64, "u64", JSON_B_UINT64, NULL, 0),
	JSON_F(struct all, pair, "pair", JSON_B_U64_PAIR, NULL, 0),
	JSON_F(struct all, d, "d", JSON_B_DBL, NULL, 0),
	{0},
};
static const struct json_struct all_json = {"p.All", sizeof(struct all), fields};

static void print(struct buf *b, const struct all *a)
{
	struct json_w w;

	jw_init(&w, b);
	json_unbind(&w, &all_json, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct all a = {0}, b = {0}, copy;
	struct err e;

	if (json_bind_text((const char *)data, size, &all_json, &a, &e) == 0) {
		print(&first, &a);
		if (json_bind_text(first.data, first.len, &all_json, &b, &e) < 0)
			abort();
		json_struct_copy(&all_json, &copy, &b);
		print(&second, &copy);
		json_struct_clear(&all_json, &copy);
		if (strcmp(first.data, second.data) != 0)
			abort();
	}
	json_struct_clear(&all_json, &a);
	json_struct_clear(&all_json, &b);
	buf_clear(&first);
	buf_clear(&second);
	return 0;
}
