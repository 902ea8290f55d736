// SPDX-License-Identifier: MIT
/* Entries of the log driver local. */
#include <string.h>

#include "base/mem.h"
#include "container/log.h"
#include "tests/unit/harness.h"

/* as dockerd 28.5.2 writes the end of a stream without newline */
static const char by_docker[] =
	"\000\000\000"
	"c\012\006stdout\020\205\246\271\320\271\247\227\365\030\032\007partial "
	"\001*D\022@"
	"3cb27810697b07bc5292c1379a911160d1832a2d428044de649495e6ea2c6d14\030\001\000\000\000"
	"c";

TEST(local_entry_of_docker)
{
	struct log_record rec;

	CHECK_EQ(locallog_parse(by_docker, sizeof(by_docker) - 1, &rec),
		 (ssize_t)sizeof(by_docker) - 1);
	CHECK_EQ(rec.n, 7);
	CHECK_EQ(memcmp(rec.line, "partial", 7), 0);
	CHECK(!rec.newline && !rec.is_stderr);
	CHECK_EQ(rec.nsec, 1795349912029647621LL);
}

TEST(local_entries_are_read_back)
{
	struct log_record rec;
	struct buf b = BUF_INIT;
	size_t first;

	locallog_entry(&b, "hello", 5, true, false, 1700000000500000000LL);
	first = b.len;
	locallog_entry(&b, "pie", 3, false, true, 7);
	CHECK_EQ(locallog_parse(b.data, b.len, &rec), (ssize_t)first);
	CHECK_EQ(rec.n, 5);
	CHECK_EQ(memcmp(rec.line, "hello", 5), 0);
	CHECK(rec.is_stderr && rec.newline);
	CHECK_EQ(rec.nsec, 1700000000500000000LL);
	buf_consume(&b, first);
	CHECK_EQ(locallog_parse(b.data, b.len, &rec), (ssize_t)b.len);
	CHECK(!rec.is_stderr && !rec.newline);
	CHECK_EQ(rec.nsec, 7);
	for (size_t n = 0; n < b.len; n++)
		CHECK_EQ(locallog_parse(b.data, n, &rec), 0);
	buf_clear(&b);
}

TEST(local_damage_is_seen)
{
	struct log_record rec;

	CHECK_EQ(locallog_parse("\0\0\0\x02\x10\x01\0\0\0\x03", 10, &rec), -1); /* lengths */
	CHECK_EQ(locallog_parse("\x01\0\0\x02\x10\x01\0\0\0\x02", 10, &rec), -1);
	CHECK_EQ(locallog_parse("\0\0\0\x02\x0a\x06\0\0\0\x02", 10, &rec), -1);
}

TEST(local_last_piece_of_a_long_line)
{
	static const char middle[] = "\0\0\0\x0b\x1a\x01x\x20\x01\x2a\x04\x12\x02id\x00\0\0\x0b";
	static const char last[] = "\0\0\0\x09\x1a\x01x\x20\x01\x2a\x02\x08\x01\0\0\0\x09";
	struct log_record rec;

	CHECK_EQ(locallog_parse(middle, sizeof(middle) - 1, &rec), 19);
	CHECK(!rec.newline);
	CHECK_EQ(locallog_parse(last, sizeof(last) - 1, &rec), 17);
	CHECK(rec.newline);
}
