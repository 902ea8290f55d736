// SPDX-License-Identifier: MIT
/* Reading json-file logs: order over rotated files, tail, times, torn lines. */
#include "archive/compress.h"
#include "base/file.h"
#include "base/stream.h"
#include "container/log.h"
#include "tests/unit/engine/fixture.h"

static void write_log(struct engine *en, struct container *c, int n, const char *text)
{
	CLEANUP(freep) char *dir = container_dir(en, c);
	CLEANUP(freep)
	char *path = n == 0 ? xasprintf("%s/%s-json.log", dir, c->id)
			    : xasprintf("%s/%s-json.log.%d", dir, c->id, n);
	struct err e;

	CHECK_OK(file_write(AT_FDCWD, path, text, strlen(text), 0600, FILE_NOSYNC, &e), e);
}

#define LINE(stream, second, text)                                                                \
	"{\"log\":\"" text "\\n\",\"stream\":\"" stream "\",\"time\":\"2024-01-01T00:00:0" second \
	"Z\"}\n"

static int append(void *arg, bool is_err, const char *text, size_t n)
{
	struct buf *b = arg;

	buf_addstr(b, is_err ? "E:" : "O:");
	buf_add(b, text, n);
	return 0;
}

static void fill(struct engine *en, struct container *c)
{
	write_log(en, c, 1, LINE("stdout", "1", "one") LINE("stderr", "2", "two"));
	write_log(en, c, 0,
		  LINE("stdout", "3", "three") "{\"log\":\"to"
					       "\n" LINE("stdout", "4", "four"));
}

static char *read_with(struct engine *en, struct engine_logs l)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct err e;

	l.client_fd = -1;
	l.write = append;
	l.arg = &out;
	CHECK_OK(engine_container_logs(en, "web", &l, &e), e);
	return buf_detach(&out);
}

#define CHECK_LOGS(expected, ...)                                                              \
	do {                                                                                   \
		CLEANUP(freep) char *text_ = read_with(en, (struct engine_logs){__VA_ARGS__}); \
		CHECK_STR(text_, expected);                                                    \
	} while (0)

TEST(logs_oldest_first_and_torn_lines_left_out)
{
	struct engine *en = fixture_engine();

	fill(en, fixture_container(en, 'a', "web", C_EXITED));
	CHECK_LOGS("O:one\nE:two\nO:three\nO:four\n", .out = true, .err = true, .tail = -1);
	CHECK_LOGS("E:two\n", .err = true, .tail = -1);
	fixture_free(en);
}

/* what a line may hold beside the usual: escapes before the end, no newline, attributes, another
 * order */
TEST(logs_unusual_lines)
{
	struct engine *en = fixture_engine();

	write_log(en, fixture_container(en, 'a', "web", C_EXITED), 0,
		  LINE("stdout", "1", "say \\\"a\\\"") LINE(
			  "stdout", "2",
			  "a\\\\") "{\"log\":\"b\\\\n\",\"stream\":\"stdout\",\"time\":\"2024-01-"
				   "01T00:00:03Z\"}\n"
				   "{\"log\":\"\",\"stream\":\"stdout\",\"time\":\"2024-01-01T00:"
				   "00:04Z\"}\n"
				   "{\"log\":\"c\",\"stream\":\"stderr\",\"attrs\":{\"k\":\"v\"},"
				   "\"time\":\"2024-01-01T00:00:05Z\"}\n"
				   "{\"stream\":\"stdout\",\"log\":\"d\\u003c\",\"time\":\"2024-01-"
				   "01T00:00:06Z\"}\n"
				   "{\"log\":\"e\",\"stream\":\"stdout\",\"time\":\"nonsense\"}\n"
				   "{\"log\":\"f\",\"stream\":\"stdout\",\"time\":\"\n"
				   "{\"log\":\"g\",\"stream\":\"stdout\",\"time\":\"2024-01-01T00:"
				   "00:07.25Z\"}\n");
	CHECK_LOGS("O:say \"a\"\nO:a\\\nO:b\\nO:E:cO:d<O:g", .out = true, .err = true, .tail = -1);
	fixture_free(en);
}

TEST(logs_tail_reaches_into_rotated_files)
{
	struct engine *en = fixture_engine();

	fill(en, fixture_container(en, 'a', "web", C_EXITED));
	CHECK_LOGS("", .out = true, .err = true, .tail = 0);
	CHECK_LOGS("O:four\n", .out = true, .err = true, .tail = 1);
	/* the torn line counts as one */
	CHECK_LOGS("E:two\nO:three\nO:four\n", .out = true, .err = true, .tail = 4);
	CHECK_LOGS("O:one\nE:two\nO:three\nO:four\n", .out = true, .err = true, .tail = 100);
	fixture_free(en);
}

TEST(logs_since_until_timestamps)
{
	struct engine *en = fixture_engine();
	int64_t second = 1000000000LL, base = 1704067200LL * second;

	fill(en, fixture_container(en, 'a', "web", C_EXITED));
	CHECK_LOGS("O:three\nO:four\n", .out = true, .err = true, .tail = -1,
		   .since_nsec = base + 3 * second);
	CHECK_LOGS("O:one\nE:two\n", .out = true, .err = true, .tail = -1,
		   .until_nsec = base + 2 * second);
	CHECK_LOGS("O:2024-01-01T00:00:04.000000000Z four\n", .out = true, .tail = 1,
		   .timestamps = true);
	fixture_free(en);
}

TEST(logs_of_nothing)
{
	struct engine *en = fixture_engine();

	fixture_container(en, 'a', "web", C_CREATED);
	CHECK_LOGS("", .out = true, .err = true, .tail = -1);
	fixture_free(en);
}

static void end_container(void *arg)
{
	struct engine *en = arg;
	struct container *c = map_get(&en->names, "web");
	struct err e;

	write_log(en, c, 0,
		  LINE("stdout", "3", "three") LINE("stdout", "4", "four")
			  LINE("stdout", "5", "five"));
	pthread_mutex_lock(&en->mu);
	CHECK_OK(container_step(en, c, EV_EXIT, &e), e);
	pthread_mutex_unlock(&en->mu);
}

static int start_end(void *arg)
{
	struct buf *b = arg;
	static bool once;
	struct err e;

	(void)b;
	if (!once)
		CHECK_OK(thread_start(end_container, *(struct engine **)(void *)(b + 1), &e), e);
	once = true;
	return 0;
}

TEST(logs_follow_ends_with_the_container_and_misses_nothing)
{
	struct engine *en = fixture_engine();
	struct {
		struct buf out;
		struct engine *en;
	} arg = {.en = en};
	struct engine_logs l = {.out = true,
				.err = true,
				.follow = true,
				.tail = -1,
				.client_fd = -1,
				.write = append,
				.flush = start_end,
				.arg = &arg};
	struct err e;

	fill(en, fixture_container(en, 'a', "web", C_RUNNING));
	CHECK_OK(engine_container_logs(en, "web", &l, &e), e);
	CHECK(strstr(arg.out.data, "O:five\n") != NULL);
	buf_clear(&arg.out);
	fixture_free(en);
}

TEST(logs_of_the_driver_local)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_EXITED);
	CLEANUP(buf_clear) struct buf log = BUF_INIT;
	CLEANUP(freep) char *path = NULL;
	CLEANUP(freep) char *rotated = NULL;
	CLEANUP(freep) char *dir = NULL;
	struct err e;

	str_replace_ptr(&c->host.log_config.type, "local");
	path = log_path(en, c);
	rotated = xasprintf("%s.1", path);
	dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	CHECK_OK(path_mkdirs(dir, 0700, &e), e);
	locallog_entry(&log, "one", 3, false, false, 1);
	CHECK_OK(file_write(AT_FDCWD, rotated, log.data, log.len, 0600, FILE_NOSYNC, &e), e);
	buf_reset(&log);
	locallog_entry(&log, "two", 3, true, false, 2);
	locallog_entry(&log, "thr", 3, false, true, 3);
	locallog_entry(&log, "ee", 2, false, false, 4);
	CHECK_OK(file_write(AT_FDCWD, path, log.data, log.len, 0600, FILE_NOSYNC, &e), e);
	CHECK_LOGS("O:one\nE:two\nO:thrO:ee\n", .out = true, .err = true, .tail = -1);
	CHECK_LOGS("O:ee\n", .out = true, .err = true, .tail = 1);
	CHECK_LOGS("O:one\nE:two\nO:thrO:ee\n", .out = true, .err = true, .tail = 4);
	CHECK_LOGS("E:two\n", .err = true, .tail = -1);
	fixture_free(en);
}

TEST(logs_that_docker_compressed)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_EXITED);
	CLEANUP(freep) char *path = log_path(en, c);
	CLEANUP(freep) char *packed = xasprintf("%s.1.gz", path);
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct stream *mem = stream_mem_new(NULL, 0, &out);
	struct stream *gz = compress_gzip_writer(mem, 6);
	struct err e;

	CHECK_OK(stream_write(gz, LINE("stdout", "1", "one"),
			      sizeof(LINE("stdout", "1", "one")) - 1, &e),
		 e);
	CHECK_OK(stream_close_write(gz, &e), e);
	stream_free(gz);
	stream_free(mem);
	CHECK_OK(file_write(AT_FDCWD, packed, out.data, out.len, 0600, FILE_NOSYNC, &e), e);
	write_log(en, c, 0, LINE("stdout", "3", "three"));
	CHECK_LOGS("O:one\nO:three\n", .out = true, .err = true, .tail = -1);
	CHECK_LOGS("O:three\n", .out = true, .err = true, .tail = 1);
	CHECK_OK(file_write(AT_FDCWD, packed, "damaged", 7, 0600, FILE_NOSYNC, &e), e);
	CHECK_LOGS("O:three\n", .out = true, .err = true, .tail = -1);
	fixture_free(en);
}
