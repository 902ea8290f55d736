// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "tests/unit/archive/util.h"

static int64_t number(const char *text, size_t len)
{
	int64_t v = -77;

	return tar_parse_number((const unsigned char *)text, len, &v) < 0 ? -99 : v;
}

TEST(numbers)
{
	CHECK_EQ(number("0000644\0", 8), 0644);
	CHECK_EQ(number("   644 \0", 8), 0644);
	CHECK_EQ(number("\0\0\0\0\0\0\0\0", 8), 0);
	CHECK_EQ(number("777777777777", 12), 0777777777777LL);
	CHECK_EQ(number("0000648\0", 8), -99);
	CHECK_EQ(number("\x80\0\0\0\0\0\0\0\0\0\x01\0", 12), 256);
	CHECK_EQ(number("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12), -1);
	CHECK_EQ(number("\x80\0\x01\0\0\0\0\0\0\0\0\0", 12), -99); /* beyond 64 bits */
}

TEST(checksum)
{
	struct made m;
	struct tar_header h;
	struct err e;

	made_start(&m);
	made_raw(&m, '0', "a", 5, NULL, 0, 0);
	CHECK_EQ(tar_parse_header((unsigned char *)m.bytes.data, &h, &e), 1);
	CHECK_EQ(h.size, 5);
	CHECK_EQ(h.mode, 0644);
	m.bytes.data[0] = 'b';
	CHECK_EQ(tar_parse_header((unsigned char *)m.bytes.data, &h, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	memset(m.bytes.data, 0, TAR_BLOCK_BYTES);
	CHECK_EQ(tar_parse_header((unsigned char *)m.bytes.data, &h, &e), 0);
	made_free(&m);
}

TEST(negative_size)
{
	struct made m;
	struct tar_header h;
	struct err e;

	made_start(&m);
	made_raw(&m, '0', "a", 0, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", TAR_SIZE, 12);
	CHECK_EQ(tar_parse_header((unsigned char *)m.bytes.data, &h, &e), -1);
	made_free(&m);
}
