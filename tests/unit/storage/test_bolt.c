// SPDX-License-Identifier: MIT
/* Docker's database files: what is written is read back; damage ends the walk. (That bbolt itself
 * reads and writes the same is shown in tests/system/classic.bats.) */
#include <string.h>

#include "base/mem.h"
#include "storage/bolt.h"
#include "tests/unit/harness.h"

static void tell(void *arg, const char *key, size_t n_key, const char *value, size_t n_value)
{
	struct buf *b = arg;

	buf_addf(b, "%.*s=%.*s;", (int)n_key, key, (int)n_value, value);
}

TEST(pairs_come_back)
{
	struct bolt_pair pairs[] = {{(char *)"a", (char *)"1"}, {(char *)"bb", (char *)""}};
	struct buf db = BUF_INIT, told = BUF_INIT;
	struct err e;

	CHECK_OK(bolt_write(&db, "volumes", pairs, 2, &e), e);
	CHECK_EQ(db.len, 5 * 4096);
	CHECK_OK(bolt_each(db.data, db.len, "volumes", tell, &told, &e), e);
	CHECK_STR(buf_str(&told), "a=1;bb=;");
	buf_reset(&told);
	CHECK_OK(bolt_each(db.data, db.len, "others", tell, &told, &e), e);
	CHECK_EQ(told.len, 0);
	/* one meta page is enough */
	db.data[20] ^= 1;
	CHECK_OK(bolt_each(db.data, db.len, "volumes", tell, &told, &e), e);
	CHECK_STR(buf_str(&told), "a=1;bb=;");
	db.data[4096 + 20] ^= 1;
	CHECK_EQ(bolt_each(db.data, db.len, "volumes", tell, &told, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	buf_clear(&db);
	buf_clear(&told);
}

TEST(many_pairs_are_more_than_a_page)
{
	enum { N = 1000 };
	struct bolt_pair *pairs = xcalloc(N, sizeof(*pairs));
	struct buf db = BUF_INIT, told = BUF_INIT, want = BUF_INIT;
	struct err e;

	for (size_t i = 0; i < N; i++) {
		pairs[i].key = xasprintf("key%04zu", i);
		pairs[i].value = xasprintf("{\"value\":%zu}", i);
		buf_addf(&want, "%s=%s;", pairs[i].key, pairs[i].value);
	}
	CHECK_OK(bolt_write(&db, "b", pairs, N, &e), e);
	CHECK_OK(bolt_each(db.data, db.len, "b", tell, &told, &e), e);
	CHECK_STR(buf_str(&told), buf_str(&want));
	for (size_t i = 0; i < N; i++) {
		free(pairs[i].key);
		free(pairs[i].value);
	}
	free(pairs);
	CHECK_EQ(bolt_write(&db, "b", NULL, 65536, &e), -1);
	buf_clear(&db);
	buf_clear(&told);
	buf_clear(&want);
}

TEST(a_tree_that_is_a_ring_ends)
{
	struct bolt_pair one = {(char *)"k", (char *)"v"};
	struct buf db = BUF_INIT, told = BUF_INIT;
	struct err e;

	CHECK_OK(bolt_write(&db, "b", &one, 1, &e), e);
	db.data[4 * 4096 + 8] = 1;	/* the bucket's page is a branch */
	db.data[4 * 4096 + 16 + 8] = 4; /* to itself */
	memset(db.data + 4 * 4096 + 16 + 9, 0, 7);
	CHECK_EQ(bolt_each(db.data, db.len, "b", tell, &told, &e), -1);
	CHECK_EQ(bolt_each(db.data, 4096, "b", tell, &told, &e), -1);
	CHECK_EQ(bolt_each("", 0, "b", tell, &told, &e), -1);
	buf_clear(&db);
	buf_clear(&told);
}
