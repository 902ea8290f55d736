// SPDX-License-Identifier: MIT
/* The json-file log. */
#include "container/log.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "tests/unit/harness.h"

TEST(log_entry_escapes_as_docker)
{
	struct buf b = BUF_INIT;

	jsonlog_entry(&b, "a\"\\\n\r\t<\xff\xc3\xa9\xe2\x80\xa8", 13, true, "{\"k\":\"v\"}",
		      1700000000500000000LL);
	CHECK_STR(buf_str(&b), "{\"log\":\"a\\\"\\\\\\n\\r\\u0009\\u003c\\ufffd\xc3\xa9\\u2028\","
			       "\"stream\":\"stderr\",\"attrs\":{\"k\":\"v\"},"
			       "\"time\":\"2023-11-14T22:13:20.5Z\"}\n");
	buf_clear(&b);
}

static void read_log(const char *path, struct buf *b)
{
	struct err e;

	buf_reset(b);
	CHECK_OK(file_read(AT_FDCWD, path, 1 << 20, b, &e), e);
}

static int count(const struct buf *b, const char *what)
{
	int n = 0;

	for (const char *p = buf_str(b); (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

TEST(log_splits_lines)
{
	char *path = xasprintf("%s/log", harness_tmpdir());
	struct container_log c = {.driver = (char *)"json-file", .path = path, .max_files = 1};
	struct buf b = BUF_INIT;
	char *big = xcalloc(1, 40000);
	struct jsonlog l;
	struct err e;

	memset(big, 'x', 40000);
	CHECK_OK(jsonlog_open(&l, &c, &e), e);
	jsonlog_write(&l, false, "one\ntw", 6, 1);
	jsonlog_write(&l, true, "other\n", 6, 1);
	jsonlog_write(&l, false, "o\n", 2, 1);
	read_log(path, &b);
	CHECK_EQ(count(&b, "\n"), 3);
	CHECK(strstr(b.data, "{\"log\":\"two\\n\"") != NULL);
	jsonlog_write(&l, false, big, 40000, 1);
	read_log(path, &b);
	CHECK_EQ(count(&b, "\n"), 5); /* two full pieces, the rest waits */
	jsonlog_flush(&l, 1);
	read_log(path, &b);
	CHECK_EQ(count(&b, "\n"), 6);
	CHECK_EQ(count(&b, "x"), 40000);
	jsonlog_close(&l);
	buf_clear(&b);
	free(big);
	free(path);
}

/* ten lines of one file each */
static void write_lines(const struct container_log *c)
{
	struct jsonlog l;
	struct err e;

	CHECK_OK(jsonlog_open(&l, c, &e), e);
	for (int i = 0; i < 10; i++)
		jsonlog_write(&l, false, "line\n", 5, 1700000000500000000LL + i);
	jsonlog_close(&l);
}

TEST(log_rotates)
{
	char *path = xasprintf("%s/log", harness_tmpdir());
	char *second = xasprintf("%s.1", path);
	char *third = xasprintf("%s.2", path);
	struct container_log c = {
		.driver = (char *)"json-file", .path = path, .max_files = 2, .max_bytes = 100};
	struct buf b = BUF_INIT;

	write_lines(&c);
	read_log(path, &b);
	CHECK_EQ(count(&b, "\n"), 1);
	read_log(second, &b);
	CHECK_EQ(count(&b, "\n"), 1);
	CHECK(access(third, F_OK) < 0);
	buf_clear(&b);
	free(path);
	free(second);
	free(third);
}

TEST(log_rotates_and_compresses)
{
	char *path = xasprintf("%s/log", harness_tmpdir());
	char *second = xasprintf("%s.1.gz", path), *third = xasprintf("%s.2.gz", path);
	char *plain = xasprintf("%s.1", path), *fourth = xasprintf("%s.3.gz", path);
	struct container_log c = {.driver = (char *)"json-file",
				  .path = path,
				  .max_files = 3,
				  .max_bytes = 100,
				  .compress = true};
	struct buf b = BUF_INIT;

	write_lines(&c);
	read_log(second, &b);
	CHECK(b.len > 20 && memcmp(b.data, "\x1f\x8b\x08", 3) == 0);
	read_log(third, &b);
	CHECK(access(plain, F_OK) < 0 && access(fourth, F_OK) < 0);
	buf_clear(&b);
	free(path);
	free(second);
	free(third);
	free(plain);
	free(fourth);
}

TEST(log_files_of_one_large_output)
{
	char *path = xasprintf("%s/log", harness_tmpdir());
	struct container_log c = {
		.driver = (char *)"json-file", .path = path, .max_files = 9, .max_bytes = 200};
	struct buf b = BUF_INIT;
	struct jsonlog l;
	struct err e;

	CHECK_OK(jsonlog_open(&l, &c, &e), e);
	jsonlog_write(&l, false, "1\n2\n3\n4\n5\n6\n7\n", 14, 1700000000500000000LL);
	for (int i = 0; i < 3; i++) {
		char *name = i > 0 ? xasprintf("%s.%d", path, i) : xstrdup(path);

		read_log(name, &b);
		CHECK(b.len > 0 && b.len <= 200);
		CHECK_EQ(count(&b, "\n"), i == 0 ? 1 : 3);
		free(name);
	}
	jsonlog_close(&l);
	buf_clear(&b);
	free(path);
}

TEST(log_none_writes_nothing)
{
	struct container_log c = {.driver = (char *)"none"};
	struct jsonlog l;
	struct err e;

	CHECK_OK(jsonlog_open(&l, &c, &e), e);
	jsonlog_write(&l, false, "x\n", 2, 1);
	CHECK_EQ(l.fd, -1);
	jsonlog_close(&l);
}
