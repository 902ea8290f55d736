// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "tests/unit/archive/util.h"

static struct tar_ext ext;

static int parse(const char *text, size_t n)
{
	struct err e;

	tar_ext_reset(&ext);
	return tar_pax_parse(&ext, text, n, &e);
}

#define PARSE(text) parse(text, sizeof(text) - 1)

TEST(records)
{
	CHECK_EQ(PARSE("11 path=ab\n14 uid=123456\n17 mtime=12.0625\n"), 0);
	CHECK(ext.has_path && ext.has_uid && ext.has_mtime);
	CHECK_STR(buf_str(&ext.path), "ab");
	CHECK_EQ(ext.uid, 123456);
	CHECK_EQ(ext.mtime_sec, 12);
	CHECK_EQ(ext.mtime_nsec, 62500000);
	CHECK_EQ(PARSE("8 path=\n"), 0);
	CHECK(!ext.has_path);
	tar_ext_clear(&ext);
}

TEST(malformed_records)
{
	CHECK_EQ(PARSE("path=ab\n"), -1);
	CHECK_EQ(PARSE("12 path=ab\n"), -1);
	CHECK_EQ(PARSE("99999999999999999999 path=ab\n"), -1);
	CHECK_EQ(PARSE("0 \n"), -1);
	CHECK_EQ(PARSE("10 path=ab"), -1);
	CHECK_EQ(PARSE("7 path\n"), -1);
	CHECK_EQ(PARSE("11 path=a\0\n"), -1);
	CHECK_EQ(PARSE("9 uid=x1\n"), -1);
	CHECK_EQ(PARSE("10 size=-1\n"), -1);
	tar_ext_clear(&ext);
}

TEST(xattrs)
{
	CHECK_EQ(PARSE("26 SCHILY.xattr.user.a=b\0\n28 SCHILY.xattr.user.a=cde\n"), -1);
	CHECK_EQ(PARSE("26 SCHILY.xattr.user.a=b\0\n28 SCHILY.xattr.user.a=cdef\n"), 0);
	CHECK_EQ(ext.n_xattrs, 1);
	CHECK_EQ(ext.xattr_at[0].len, 4);
	CHECK_STR(ext.xattrs.data + ext.xattr_at[0].name, "user.a");
	tar_ext_clear(&ext);
}

TEST(times)
{
	int64_t sec;
	uint32_t nsec;

	CHECK_EQ(tar_parse_time("-1.5", &sec, &nsec), 0);
	CHECK_EQ(sec, -2);
	CHECK_EQ(nsec, 500000000);
	CHECK_EQ(tar_parse_time("1.1234567891", &sec, &nsec), 0);
	CHECK_EQ(nsec, 123456789);
	CHECK_EQ(tar_parse_time("", &sec, &nsec), -1);
	CHECK_EQ(tar_parse_time("1.x", &sec, &nsec), -1);
	CHECK_EQ(tar_parse_time("99999999999999999999", &sec, &nsec), -1);
}
