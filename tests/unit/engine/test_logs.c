// SPDX-License-Identifier: MIT
/* Reading json-file logs: order over rotated files, tail, times, torn lines. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

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

struct talker {
	struct buf out;
	char *path;
};

/* the container says something for each line that is read */
static int append_while_it_talks(void *arg, bool is_err, const char *text, size_t n)
{
	static const char more[] = LINE("stdout", "5", "more");
	struct talker *t = arg;
	int fd = open(t->path, O_WRONLY | O_APPEND | O_CLOEXEC);

	CHECK(write(fd, more, sizeof(more) - 1) == (ssize_t)sizeof(more) - 1);
	close(fd);
	return append(&t->out, is_err, text, n);
}

TEST(logs_end_where_they_ended_when_they_were_asked_for)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_EXITED);
	CLEANUP(freep) char *dir = container_dir(en, c);
	struct talker t = {.out = BUF_INIT, .path = xasprintf("%s/%s-json.log", dir, c->id)};
	struct engine_logs l = {
		.out = true, .client_fd = -1, .write = append_while_it_talks, .arg = &t};
	struct err e;

	fill(en, c);
	l.tail = 1;
	CHECK_OK(engine_container_logs(en, "web", &l, &e), e);
	CHECK_STR(t.out.data, "O:four\n");
	buf_reset(&t.out);
	l.tail = -1;
	CHECK_OK(engine_container_logs(en, "web", &l, &e), e);
	CHECK_STR(t.out.data, "O:one\nO:three\nO:four\nO:more\n");
	buf_clear(&t.out);
	free(t.path);
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

/* a container that writes on while its log is read: with each line that is read another comes */
struct writing {
	struct engine *en;
	struct container *c;
	struct container_log config;
	struct jsonlog log;
	int written, read, total; /* lines */
	int more;		  /* with each that is read */
};

static void write_on(struct writing *w, int n)
{
	char line[16];

	for (; n > 0 && w->written < w->total; n--) {
		snprintf(line, sizeof(line), "%d\n", w->written);
		jsonlog_write(&w->log, false, line, strlen(line), time_now_nsec());
		w->written++;
	}
}

static int check_line(void *arg, bool is_err, const char *text, size_t n)
{
	struct writing *w = arg;
	char line[16];
	struct err e;

	(void)is_err;
	snprintf(line, sizeof(line), "%d\n", w->read);
	CHECK_MSG(n == strlen(line) && memcmp(text, line, n) == 0, "%.*s instead of %s", (int)n,
		  text, line);
	w->read++;
	write_on(w, w->more);
	if (w->read == w->total && w->c->state == C_RUNNING) {
		pthread_mutex_lock(&w->en->mu);
		CHECK_OK(container_step(w->en, w->c, EV_EXIT, &e), e);
		pthread_mutex_unlock(&w->en->mu);
	}
	return 0;
}

/* ahead: lines that are there at the beginning */
static void read_while_rotated(const char *driver, int max_files, bool compress, int ahead,
			       struct engine_logs l)
{
	struct engine *en = fixture_engine();
	struct writing w = {.en = en,
			    .c = fixture_container(en, 'a', "web", C_RUNNING),
			    .config = {.driver = (char *)(uintptr_t)driver,
				       .max_files = max_files,
				       .max_bytes = 160, /* two lines */
				       .compress = compress},
			    .more = 1,
			    .total = l.follow ? 200 : ahead + 20};
	CLEANUP(freep) char *dir = NULL;
	struct err e;

	str_replace_ptr(&w.c->host.log_config.type, driver);
	w.config.path = log_path(en, w.c);
	dir = xstrndup(w.config.path, (size_t)(strrchr(w.config.path, '/') - w.config.path));
	CHECK_OK(path_mkdirs(dir, 0700, &e), e);
	CHECK_OK(jsonlog_open(&w.log, &w.config, &e), e);
	write_on(&w, ahead);
	w.read = l.tail >= 0 ? ahead - (int)l.tail : 0;
	l.out = l.err = true;
	l.client_fd = -1;
	l.write = check_line;
	l.arg = &w;
	CHECK_OK(engine_container_logs(en, "web", &l, &e), e);
	CHECK(l.follow ? w.read == w.total : w.read >= ahead);
	jsonlog_close(&w.log);
	free(w.config.path);
	CHECK_OK(path_remove_tree(AT_FDCWD, en->data_root, &e), e);
	fixture_free(en);
}

TEST(logs_followed_while_they_are_rotated)
{
	struct engine_logs l = {.follow = true, .tail = -1};

	read_while_rotated("json-file", 4, false, 3, l);
	read_while_rotated("json-file", 4, true, 3, l);
	read_while_rotated("local", 4, true, 3, l);
	read_while_rotated("json-file", 1, false, 1, l);
	l.tail = 2;
	read_while_rotated("json-file", 4, true, 3, l);
}

TEST(logs_read_while_they_are_rotated)
{
	struct engine_logs l = {.tail = -1};

	read_while_rotated("json-file", 30, false, 12, l);
	read_while_rotated("json-file", 30, true, 12, l);
	l.tail = 7;
	read_while_rotated("json-file", 30, false, 12, l);
	read_while_rotated("local", 30, true, 12, l);
}

static int empty_file(void *arg)
{
	struct writing *w = arg;

	if (w->read == 2 && w->written == 2) {
		CHECK_EQ(truncate(w->config.path, 0), 0);
		write_on(w, 1);
	}
	return 0;
}

TEST(logs_followed_beyond_being_emptied)
{
	struct engine_logs l = {.follow = true, .tail = -1, .flush = empty_file};
	struct engine *en = fixture_engine();
	struct writing w = {
		.en = en, .total = 3, .config = {.driver = (char *)(uintptr_t) "json-file"}};
	struct err e;

	w.c = fixture_container(en, 'a', "web", C_RUNNING);
	w.config.path = log_path(en, w.c);
	CHECK_OK(jsonlog_open(&w.log, &w.config, &e), e);
	write_on(&w, 2);
	l.out = true;
	l.client_fd = -1;
	l.write = check_line;
	l.arg = &w;
	CHECK_OK(engine_container_logs(en, "web", &l, &e), e);
	jsonlog_close(&w.log);
	free(w.config.path);
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

/* as Docker leaves them: two may be of one moment */
static char *write_packed(struct engine *en, struct container *c, int n, const char *text)
{
	static const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};
	CLEANUP(freep) char *path = log_path(en, c);
	char *packed = xasprintf("%s.%d.gz", path, n);
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct stream *mem = stream_mem_new(NULL, 0, &out);
	struct stream *gz = compress_gzip_writer(mem, 6);
	struct err e;

	CHECK_OK(stream_write(gz, text, strlen(text), &e), e);
	CHECK_OK(stream_close_write(gz, &e), e);
	stream_free(gz);
	stream_free(mem);
	CHECK_OK(file_write(AT_FDCWD, packed, out.data, out.len, 0600, FILE_NOSYNC, &e), e);
	CHECK_EQ(utimensat(AT_FDCWD, packed, times, 0), 0);
	return packed;
}

TEST(logs_that_docker_compressed)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_EXITED);
	CLEANUP(freep) char *older = write_packed(en, c, 2, LINE("stdout", "1", "one"));
	CLEANUP(freep) char *newer = write_packed(en, c, 1, LINE("stdout", "2", "two"));
	struct err e;

	write_log(en, c, 0, LINE("stdout", "3", "three"));
	CHECK_LOGS("O:one\nO:two\nO:three\n", .out = true, .err = true, .tail = -1);
	CHECK_LOGS("O:two\nO:three\n", .out = true, .err = true, .tail = 2);
	CHECK_LOGS("O:three\n", .out = true, .err = true, .tail = 1);
	CHECK_OK(file_write(AT_FDCWD, newer, "damaged", 7, 0600, FILE_NOSYNC, &e), e);
	CHECK_LOGS("O:one\nO:three\n", .out = true, .err = true, .tail = -1);
	fixture_free(en);
}
