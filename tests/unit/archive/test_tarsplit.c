// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/tarsplit.h"
#include "tests/unit/archive/util.h"

/* a journal as Docker 28 wrote it, and the archive it stands for */
TEST(reads_docker_lines)
{
	static const char text[] =
		"{\"type\":2,\"payload\":\"aGVhZA==\",\"position\":0}\n"
		"{\"type\":1,\"name\":\"./b\\nad\\u00e4\\ud83d\\ude00\",\"size\":1,"
		"\"payload\":\"IxAAAAAAAAA=\",\"position\":1}\n"
		"{\"type\":1,\"name_raw\":\"/w==\",\"payload\":null,\"position\":2}";
	struct stream *s = stream_mem_new(text, sizeof(text) - 1, NULL);
	struct tarsplit_reader *r = tarsplit_reader_new(s);
	struct tarsplit_entry ent;
	struct err e;

	CHECK_EQ(tarsplit_next(r, &ent, &e), 1);
	CHECK_EQ(ent.type, 2);
	CHECK_EQ(ent.n_payload, 4);
	CHECK_MEM(ent.payload, "head", 4);
	CHECK_EQ(tarsplit_next(r, &ent, &e), 1);
	CHECK_EQ(ent.type, 1);
	CHECK_STR(ent.name, "./b\nad\xc3\xa4\xf0\x9f\x98\x80");
	CHECK_EQ(ent.size, 1);
	CHECK_EQ(ent.n_payload, 8);
	CHECK_EQ(tarsplit_next(r, &ent, &e), 1);
	CHECK_STR(ent.name, "\xff");
	CHECK_EQ(ent.size, 0);
	CHECK_EQ(tarsplit_next(r, &ent, &e), 0);
	tarsplit_reader_free(r);
	stream_free(s);
}

TEST(malformed_lines)
{
	static const char *const bad[] = {
		"x",
		"{",
		"{}",
		"{\"type\":3}",
		"{\"type\":1,\"name\":\"a}",
		"{\"type\":1} x",
		"{\"type\":2,\"payload\":\"*\"}",
		"{\"type\":1,\"name\":\"\\u00\"}",
		"{\"type\":1,\"name\":\"a\\u0000b\"}",
		"{\"type\":1,\"size\":-1}",
		"[1]",
		"{\"type\":1,\"name\":\"\\",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct stream *s = stream_mem_new(bad[i], strlen(bad[i]), NULL);
		struct tarsplit_reader *r = tarsplit_reader_new(s);
		struct tarsplit_entry ent;
		struct err e;

		CHECK_MSG(tarsplit_next(r, &ent, &e) == -1, "accepted: %s", bad[i]);
		tarsplit_reader_free(r);
		stream_free(s);
	}
}

static int assemble(const char *journal, int dir_fd, struct buf *out, struct err *e)
{
	struct stream *s = stream_mem_new(journal, strlen(journal), NULL);
	struct stream *o = stream_mem_new("", 0, out);
	int r = tarsplit_assemble(s, dir_fd, o, e);

	stream_free(s);
	stream_free(o);
	return r;
}

TEST(assembly)
{
	static const char good[] =
		"{\"type\":2,\"payload\":\"aGVhZA==\",\"position\":0}\n"
		"{\"type\":1,\"name\":\"/f\",\"size\":1,\"payload\":\"IxAAAAAAAAA=\"}\n";
	static const char changed[] =
		"{\"type\":1,\"name\":\"f\",\"size\":1,\"payload\":\"IxAAAAAAAAE=\"}\n";
	static const char link[] = "{\"type\":1,\"name\":\"l\",\"size\":1,\"payload\":null}\n";
	static const char outside[] =
		"{\"type\":1,\"name\":\"../../../etc/passwd\",\"size\":1,\"payload\":null}\n";
	int dir_fd = open(harness_tmpdir(), O_RDONLY | O_DIRECTORY);
	int fd = openat(dir_fd, "f", O_CREAT | O_WRONLY, 0644);
	struct buf out = BUF_INIT;
	struct err e;

	CHECK_EQ(write(fd, "x", 1), 1);
	close(fd);
	CHECK_EQ(symlinkat("/etc/passwd", dir_fd, "l"), 0);
	CHECK_OK(assemble(good, dir_fd, &out, &e), e);
	CHECK_STR(buf_str(&out), "headx");
	CHECK_EQ(assemble(changed, dir_fd, &out, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_EQ(assemble(link, dir_fd, &out, &e), -1);
	CHECK_EQ(assemble(outside, dir_fd, &out, &e), -1);
	buf_clear(&out);
	close(dir_fd);
}
