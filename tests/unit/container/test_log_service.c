// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/str.h"
#include "base/time.h"
#include "container/log_service.h"

/* 2023-11-14 22:13:20.5 UTC */
#define NOW 1700000000500000000LL

static struct container_log settings(const char *format, const char *address)
{
	setenv("TZ", "UTC", 1);
	return (struct container_log){.service = (char *)"syslog",
				      .address = (char *)(uintptr_t)address,
				      .format = (char *)(uintptr_t)format,
				      .tag = (char *)"tag",
				      .facility = 24};
}

static int gram_server(const char *path)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	str_copy(sa.sun_path, path, sizeof(sa.sun_path));
	CHECK_EQ(bind(fd, (struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static const char *next(int fd, char *text, size_t size)
{
	ssize_t n;

	CHECK(fd_wait(fd, POLLIN, 2000) > 0);
	n = recv(fd, text, size - 1, 0);
	CHECK(n >= 0);
	text[n] = '\0';
	return text;
}

TEST(syslog_formats)
{
	static const char *const formats[] = {NULL, "rfc3164", "rfc5424", "rfc5424micro"};
	char *path = xasprintf("%s/s", harness_tmpdir()), *address = xasprintf("unixgram:%s", path);
	int fd = gram_server(path);
	char host[65] = "", text[256], want[256];
	struct err e;

	gethostname(host, sizeof(host) - 1);
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		struct container_log c = settings(formats[i], address);
		struct loop *loop = loop_new(&e);
		struct log_service *s = log_service_new(&c, loop, &e);

		CHECK(s != NULL);
		log_service_send(s, "", 0, false, true, NOW); /* nothing is sent */
		log_service_send(s, "hi", 2, false, true, NOW);
		if (i == 0)
			snprintf(want, sizeof(want), "<30>Nov 14 22:13:20 tag[%d]: hi\n", getpid());
		else if (i == 1)
			snprintf(want, sizeof(want), "<30>Nov 14 22:13:20 %s tag[%d]: hi\n", host,
				 getpid());
		else
			snprintf(want, sizeof(want),
				 "<30>1 2023-11-14T22:13:20%sZ %s tag %d tag - hi\n",
				 i == 3 ? ".500000" : "", host, getpid());
		CHECK_STR(next(fd, text, sizeof(text)), want);
		log_service_send(s, "no", 2, true, true, NOW);
		CHECK(str_starts(next(fd, text, sizeof(text)), "<27>"));
		log_service_free(s);
		loop_free(loop);
	}
	close(fd);
	free(path);
	free(address);
}

static void stop(struct loop *l, void *arg)
{
	(void)arg;
	loop_stop(l, 0);
}

static void run_for(struct loop *l, int ms)
{
	struct err e;

	loop_timer(l, ms, stop, NULL);
	CHECK_OK(loop_run(l, &e), e);
}

TEST(journal_is_refused_where_there_is_none)
{
	char *path = xasprintf("%s/s", harness_tmpdir());
	struct container_log c = {
		.service = (char *)"journald", .address = path, .attrs = (char *)"{\"A\":\"b\"}"};
	struct log_service *s;
	struct loop *loop;
	char text[512];
	struct err e;
	int fd;

	loop = loop_new(&e);
	CHECK(log_service_new(&c, loop, &e) == NULL);
	CHECK_STR(e.msg, "journald is not enabled on this host");
	fd = gram_server(path);
	s = log_service_new(&c, loop, &e);
	CHECK(s != NULL);
	log_service_send(s, "hi", 2, true, true, NOW);
	CHECK(str_starts(next(fd, text, sizeof(text)), "PRIORITY=3\nMESSAGE=hi\nA=b\n"));
	log_service_free(s);
	loop_free(loop);
	close(fd);
	free(path);
}

TEST(what_waits_is_sent_when_the_service_is_back)
{
	char *path = xasprintf("%s/s", harness_tmpdir()), *address = xasprintf("unixgram:%s", path);
	struct container_log c = settings(NULL, address);
	int fd = gram_server(path);
	struct loop *loop;
	struct log_service *s;
	char text[256];
	struct err e;

	loop = loop_new(&e);
	s = log_service_new(&c, loop, &e);
	CHECK(s != NULL);
	close(fd);
	log_service_send(s, "one", 3, false, true, NOW);
	log_service_send(s, "two", 3, false, true, NOW);
	unlink(path);
	fd = gram_server(path);
	run_for(loop, 800);
	CHECK(str_ends(next(fd, text, sizeof(text)), ": one\n"));
	CHECK(str_ends(next(fd, text, sizeof(text)), ": two\n"));
	log_service_send(s, "three", 5, false, true, NOW);
	CHECK(str_ends(next(fd, text, sizeof(text)), ": three\n"));
	log_service_free(s);
	loop_free(loop);
	close(fd);
	free(path);
	free(address);
}

TEST(a_service_that_does_not_read_costs_no_memory_and_little_time)
{
	char *path = xasprintf("%s/s", harness_tmpdir()), *address = xasprintf("unix:%s", path);
	struct container_log c = settings(NULL, address);
	int64_t start = time_mono_ms();
	struct loop *loop;
	struct log_service *s;
	char line[1000];
	struct err e;
	int fd;

	c.buffer_bytes = 20000;
	c.drop = true;
	memset(line, 'x', sizeof(line));
	fd = net_listen_unix(path, SOCK_STREAM, 0600, &e);
	CHECK(fd >= 0);
	loop = loop_new(&e);
	s = log_service_new(&c, loop, &e);
	CHECK(s != NULL);
	for (int i = 0; i < 2000; i++)
		log_service_send(s, line, sizeof(line), false, true, NOW);
	CHECK(time_mono_ms() - start < 1000);
	run_for(loop, 50);
	log_service_free(s); /* waits a second for the rest */
	CHECK(time_mono_ms() - start < 4000);
	loop_free(loop);
	close(fd);
	free(path);
	free(address);
}
