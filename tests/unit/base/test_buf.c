// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <string.h>

#include "base/buf.h"

TEST(an_empty_buffer_is_an_empty_string)
{
	struct buf b = BUF_INIT;

	CHECK_STR(buf_str(&b), "");
	CHECK(b.data == NULL);
	buf_clear(&b);
}

TEST(it_grows_and_stays_terminated)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	for (int i = 0; i < 10000; i++) {
		buf_addch(&b, 'x');
		CHECK(b.data[b.len] == '\0');
	}
	CHECK_EQ(b.len, 10000);
	CHECK(b.cap > b.len);
}

TEST(append_kinds)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	buf_addstr(&b, "a=");
	buf_addf(&b, "%05d", 42);
	buf_add(&b, ";\0;", 3);
	CHECK_EQ(b.len, 10);
	CHECK_MEM(b.data, "a=00042;\0;", 10);
	buf_reset(&b);
	CHECK_STR(buf_str(&b), "");
}

TEST(a_long_format_grows_it)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	buf_addf(&b, "%0*d", 5000, 1);
	CHECK_EQ(b.len, 5000);
	CHECK(b.data[4999] == '1');
}

TEST(reserve_then_write)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	char *to = buf_reserve(&b, 3);

	memcpy(to, "abc", 3);
	b.len += 3;
	b.data[b.len] = '\0';
	CHECK_STR(buf_str(&b), "abc");
}

TEST(consume_drops_from_the_front)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	buf_addstr(&b, "abcdef");
	buf_consume(&b, 2);
	CHECK_STR(buf_str(&b), "cdef");
	buf_consume(&b, 100);
	CHECK_EQ(b.len, 0);
	CHECK_STR(buf_str(&b), "");
}

TEST(detach_gives_the_bytes_away)
{
	struct buf b = BUF_INIT;
	char *s;

	buf_addstr(&b, "mine");
	s = buf_detach(&b);
	CHECK_STR(s, "mine");
	free(s);
	CHECK(b.data == NULL);
	s = buf_detach(&b);
	CHECK_STR(s, "");
	free(s);
}
