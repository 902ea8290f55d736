// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "tests/unit/archive/util.h"

static struct stream *src;

static struct tar_reader *open_made(struct made *m)
{
	src = stream_mem_new(m->bytes.data, m->bytes.len, NULL);
	return tar_reader_new(src);
}

static void done(struct tar_reader *t, struct made *m)
{
	tar_reader_free(t);
	stream_free(src);
	made_free(m);
}

static void check_content(struct tar_reader *t, const char *want, size_t len)
{
	char got[4096];
	size_t n = 0;
	struct err e;
	ssize_t r;

	while ((r = tar_read(t, got + n, MIN((size_t)7, sizeof(got) - n), &e)) > 0)
		n += (size_t)r;
	CHECK_EQ(r, 0);
	CHECK_EQ(n, len);
	CHECK_MEM(got, want, len);
}

TEST(several_entries)
{
	const struct tar_entry *ent = NULL;
	struct tar_reader *t;
	struct made m;
	struct err e;

	made_start(&m);
	made_add(&m, TAR_DIR, "d/", "");
	made_add(&m, TAR_FILE, "d/skipped", "not read");
	made_add(&m, TAR_FILE, "d/f", "content of f");
	made_add(&m, TAR_SYMLINK, "l", "d/f");
	made_end(&m);
	t = open_made(&m);
	CHECK_EQ(tar_next(t, &ent, &e), 1);
	CHECK_EQ(ent->type, TAR_DIR);
	CHECK_EQ(tar_next(t, &ent, &e), 1);
	CHECK_EQ(tar_next(t, &ent, &e), 1);
	check_content(t, "content of f", 12);
	CHECK_EQ(tar_next(t, &ent, &e), 1);
	CHECK_STR(ent->link, "d/f");
	CHECK_EQ(tar_next(t, &ent, &e), 0);
	CHECK_EQ(tar_next(t, &ent, &e), 0);
	done(t, &m);
}

TEST(every_truncation_is_an_error_or_the_end)
{
	struct made m;

	made_start(&m);
	made_add(&m, TAR_FILE, "a", "0123456789");
	made_end(&m);
	for (size_t n = 0; n < m.bytes.len; n++) {
		const struct tar_entry *ent = NULL;
		struct stream *s = stream_mem_new(m.bytes.data, n, NULL);
		struct tar_reader *t = tar_reader_new(s);
		struct err e;
		int r;

		while ((r = tar_next(t, &ent, &e)) > 0)
			;
		/* whole blocks: nothing, or the entry without an end mark, or with half of one */
		CHECK_EQ(r, n == 0 || n == 1024 || n >= 1536 ? 0 : -1);
		tar_reader_free(t);
		stream_free(s);
	}
	made_free(&m);
}

TEST(gnu_long_names)
{
	static const char name[] = "this/is/a/long/name";
	const struct tar_entry *ent = NULL;
	struct tar_reader *t;
	struct made m;
	struct err e;

	made_start(&m);
	made_raw(&m, 'L', "././@LongLink", sizeof(name), NULL, 0, 0);
	made_blocks(&m, name, sizeof(name));
	made_raw(&m, 'K', "././@LongLink", 6, NULL, 0, 0);
	made_blocks(&m, "target", 6);
	made_raw(&m, '2', "short", 0, "cut", TAR_LINK, 3);
	made_end(&m);
	t = open_made(&m);
	CHECK_EQ(tar_next(t, &ent, &e), 1);
	CHECK_STR(ent->name, name);
	CHECK_STR(ent->link, "target");
	done(t, &m);
}

TEST(sparse_0_1_and_1_0)
{
	static const char old[] = "22 GNU.sparse.major=0\n22 GNU.sparse.minor=1\n"
				  "24 GNU.sparse.name=real\n22 GNU.sparse.size=10\n"
				  "26 GNU.sparse.map=2,3,8,1\n";
	static const char new[] = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
				  "24 GNU.sparse.name=real\n26 GNU.sparse.realsize=10\n";
	static const char map[512] = "2\n2\n3\n8\n1\n";
	const struct tar_entry *ent = NULL;
	struct tar_reader *t;
	struct made m;
	struct err e;

	made_start(&m);
	made_raw(&m, 'x', "x", sizeof(old) - 1, NULL, 0, 0);
	made_blocks(&m, old, sizeof(old) - 1);
	made_raw(&m, '0', "fake", 4, NULL, 0, 0);
	made_blocks(&m, "abcd", 4);
	made_raw(&m, 'x', "x", sizeof(new) - 1, NULL, 0, 0);
	made_blocks(&m, new, sizeof(new) - 1);
	made_raw(&m, '0', "fake", 516, NULL, 0, 0);
	buf_add(&m.bytes, map, 512);
	made_blocks(&m, "abcd", 4);
	made_end(&m);
	t = open_made(&m);
	for (int i = 0; i < 2; i++) {
		CHECK_MSG(tar_next(t, &ent, &e) == 1, "%s", e.msg);
		CHECK_STR(ent->name, "real");
		CHECK(ent->sparse);
		CHECK_EQ(ent->size, 10);
		check_content(t, "\0\0abc\0\0\0d\0", 10);
	}
	CHECK_EQ(tar_next(t, &ent, &e), 0);
	done(t, &m);
}

TEST(sparse_old_gnu)
{
	unsigned char fields[512 - TAR_GNU_SPARSE] = {0};
	const struct tar_entry *ent = NULL;
	struct tar_reader *t;
	struct made m;
	struct err e;

	memcpy(fields,
	       "00000000004\0"
	       "00000000002",
	       23);
	memcpy(fields + (TAR_GNU_REALSIZE - TAR_GNU_SPARSE), "00000000010", 11);
	made_start(&m);
	made_raw(&m, 'S', "s", 2, fields, TAR_GNU_SPARSE, sizeof(fields) - 12);
	made_blocks(&m, "xy", 2);
	made_end(&m);
	t = open_made(&m);
	CHECK_EQ(tar_next(t, &ent, &e), 1);
	CHECK_EQ(ent->size, 8);
	check_content(t, "\0\0\0\0xy\0\0", 8);
	CHECK_EQ(tar_next(t, &ent, &e), 0);
	done(t, &m);
}

static int first(struct made *m, struct err *e)
{
	const struct tar_entry *ent = NULL;
	struct tar_reader *t = open_made(m);
	int r = tar_next(t, &ent, e);

	tar_reader_free(t);
	stream_free(src);
	return r;
}

TEST(limits)
{
	struct made m;
	struct err e;

	made_start(&m);
	made_raw(&m, 'x', "x", 1ULL << 30, NULL, 0, 0);
	CHECK_EQ(first(&m, &e), -1);
	buf_reset(&m.bytes);
	made_raw(&m, '0', "x", 0, "\x80\0\0\0\0\x7f\0\0\0\0\0\0", TAR_SIZE, 12);
	CHECK_EQ(first(&m, &e), -1);
	buf_reset(&m.bytes);
	made_raw(&m, 'Z', "x", 0, NULL, 0, 0);
	CHECK_EQ(first(&m, &e), -1);
	buf_reset(&m.bytes);
	made_raw(&m, '0', "", 0, NULL, 0, 0);
	CHECK_EQ(first(&m, &e), -1);
	buf_reset(&m.bytes);
	made_raw(&m, '0', "x", 0, "\x80\0\0\x01\0\0\0\0", TAR_UID, 8);
	CHECK_EQ(first(&m, &e), -1);
	made_free(&m);
}

struct counts {
	size_t n_meta, n_data, n_entries, n_ends;
};

static int on_meta(void *arg, const void *p, size_t n, struct err *e)
{
	(void)p, (void)e;
	((struct counts *)arg)->n_meta += n;
	return 0;
}

static int on_data(void *arg, const void *p, size_t n, struct err *e)
{
	(void)p, (void)e;
	((struct counts *)arg)->n_data += n;
	return 0;
}

static int on_entry(void *arg, const struct tar_entry *ent, struct err *e)
{
	(void)ent, (void)e;
	((struct counts *)arg)->n_entries++;
	return 0;
}

static int on_end(void *arg, struct err *e)
{
	(void)e;
	((struct counts *)arg)->n_ends++;
	return 0;
}

TEST(tap_sees_every_byte)
{
	static const struct tar_tap tap = {on_meta, on_entry, on_data, on_end};
	const struct tar_entry *ent = NULL;
	struct counts c = {0};
	struct tar_reader *t;
	struct made m;
	struct err e;
	size_t total;

	made_start(&m);
	made_add(&m, TAR_FILE, "a", "12345");
	made_add(&m, TAR_DIR, "b", "");
	made_end(&m);
	buf_add(&m.bytes, "garbage behind", 14);
	total = m.bytes.len;
	t = open_made(&m);
	tar_reader_set_tap(t, &tap, &c);
	while (tar_next(t, &ent, &e) > 0)
		;
	CHECK_EQ(c.n_data, 5);
	CHECK_EQ(c.n_meta + c.n_data, total);
	CHECK_EQ(c.n_entries, 2);
	CHECK_EQ(c.n_ends, 2);
	done(t, &m);
}
