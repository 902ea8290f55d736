// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "tests/unit/archive/util.h"

TEST(lists)
{
	struct tar_sparse s = {0};
	struct err e;

	CHECK_EQ(tar_sparse_add_list(&s, "0,10,100,5", &e), 0);
	CHECK_EQ(s.n, 2);
	CHECK_EQ(s.map[1].offset, 100);
	s.real_size = 105;
	CHECK_EQ(tar_sparse_check(&s, 15, &e), 0);
	CHECK_EQ(tar_sparse_check(&s, 14, &e), -1);
	s.real_size = 104;
	CHECK_EQ(tar_sparse_check(&s, 15, &e), -1);
	CHECK_EQ(tar_sparse_add_list(&s, "1", &e), -1);
	CHECK_EQ(tar_sparse_add_list(&s, "1,x", &e), -1);
	CHECK_EQ(tar_sparse_add_list(&s, "99999999999999999999999,1", &e), -1);
	tar_sparse_clear(&s);
}

TEST(overlap_is_refused)
{
	struct tar_sparse s = {.real_size = 100};
	struct err e;

	CHECK_EQ(tar_sparse_add_list(&s, "0,10,5,10", &e), 0);
	CHECK_EQ(tar_sparse_check(&s, 100, &e), -1);
	s.n = 0;
	CHECK_EQ(tar_sparse_add_list(&s, "0,9223372036854775807", &e), 0);
	CHECK_EQ(tar_sparse_check(&s, 100, &e), -1);
	tar_sparse_clear(&s);
}

TEST(old_map)
{
	static const char map[48] = "00000000000\0"
				    "00000000010\0"
				    "00000001000\0"
				    "00000000020";
	struct tar_sparse s = {.real_size = 4096};
	struct err e;

	CHECK_EQ(tar_sparse_add_old(&s, (const unsigned char *)map, 2, &e), 0);
	CHECK_EQ(s.n, 2);
	CHECK_EQ(s.map[1].offset, 512);
	CHECK_EQ(s.map[1].len, 16);
	tar_sparse_clear(&s);
}
