// SPDX-License-Identifier: MIT
/*
 * json-file entries and rotation. Escapes are those of Docker's writer, which
 * differ from encoding/json's for control characters (\u0009, not \t).
 */
#include "container/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/fastgzip.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "container/log_service.h"
#include "json/utf8.h"
#include "json/write.h"

static void add_escaped(struct buf *out, unsigned char c)
{
	switch (c) {
	case '"':
	case '\\':
		buf_addch(out, '\\');
		buf_addch(out, (char)c);
		break;
	case '\n':
		buf_addstr(out, "\\n");
		break;
	case '\r':
		buf_addstr(out, "\\r");
		break;
	default:
		buf_addf(out, "\\u%04x", c);
	}
}

static void add_text(struct buf *out, const char *text, size_t n)
{
	for (size_t i = 0;;) {
		size_t run = json_plain(text + i, n - i);
		uint32_t c = 0;

		buf_add(out, text + i, run);
		i += run;
		if (i == n)
			break;
		run = utf8_decode(text + i, n - i, &c);
		if (run == 0)
			buf_addstr(out, "\\ufffd");
		else if (c < 0x80)
			add_escaped(out, (unsigned char)c);
		else if (c == 0x2028 || c == 0x2029)
			buf_addf(out, "\\u%04x", (unsigned)c);
		else
			buf_add(out, text + i, run);
		i += MAX(run, 1);
	}
}

/* what is behind the text, the same for all that was read at once */
static void add_tail(struct buf *out, bool is_stderr, const char *attrs, int64_t now_nsec)
{
	char when[TIME_RFC3339_SIZE];

	buf_addstr(out, is_stderr ? "\",\"stream\":\"stderr\"" : "\",\"stream\":\"stdout\"");
	if (!str_empty(attrs)) {
		buf_addstr(out, ",\"attrs\":");
		buf_addstr(out, attrs);
	}
	time_format(now_nsec, when);
	buf_addf(out, ",\"time\":\"%s\"}\n", when);
}

static void add_line(struct buf *out, const char *p, size_t n, const struct buf *tail)
{
	buf_addstr(out, "{\"log\":\"");
	add_text(out, p, n);
	buf_add(out, tail->data, tail->len);
}

void jsonlog_entry(struct buf *out, const char *p, size_t n, bool is_stderr, const char *attrs,
		   int64_t now_nsec)
{
	CLEANUP(buf_clear) struct buf tail = BUF_INIT;

	add_tail(&tail, is_stderr, attrs, now_nsec);
	add_line(out, p, n, &tail);
}

int jsonlog_reopen(struct jsonlog *l, struct err *e)
{
	struct stat st;
	int fd;

	if (str_eq(l->config->driver, "none") || str_empty(l->config->path))
		return 0;
	fd = open(l->config->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0 || fstat(fd, &st) < 0) {
		fd_close(&fd);
		return err_sys(e, "open log %s", l->config->path);
	}
	fd_close(&l->fd);
	l->fd = fd;
	l->size = (uint64_t)st.st_size;
	return 0;
}

int jsonlog_open(struct jsonlog *l, const struct container_log *config, struct err *e)
{
	*l = (struct jsonlog){.config = config, .fd = -1};
	return jsonlog_reopen(l, e);
}

void jsonlog_close(struct jsonlog *l)
{
	fd_close(&l->fd);
	log_service_free(TAKE(l->service));
	buf_clear(&l->partial[0]);
	buf_clear(&l->partial[1]);
}

/* an entry, for the service and in the form of the file; tail is kept for the next */
static void add_entry(const struct jsonlog *l, struct buf *out, const char *p, size_t n,
		      bool is_stderr, int64_t now_nsec, struct buf *tail)
{
	bool whole = n > 0 && p[n - 1] == '\n';

	if (l->service != NULL)
		log_service_send(l->service, p, n - whole, is_stderr, whole, now_nsec);
	if (l->fd < 0)
		return;
	if (str_eq(l->config->driver, "local"))
		return locallog_entry(out, p, n - whole, is_stderr, !whole, now_nsec);
	if (tail->len == 0)
		add_tail(tail, is_stderr, l->config->attrs, now_nsec);
	add_line(out, p, n, tail);
}

static char *numbered(const char *path, int n, bool gz)
{
	return n > 0 ? xasprintf("%s.%d%s", path, n, gz ? ".gz" : "")
		     : xasprintf("%s%s", path, gz ? ".gz" : "");
}

/* path.1 -> path.1.gz; what fails leaves it as it is */
static void compress(const char *path, const struct timespec times[2])
{
	CLEANUP(freep) char *from = numbered(path, 1, false), *to = numbered(path, 1, true);
	CLEANUP(freep) char *tmp = xasprintf("%s.tmp", to), *chunk = NULL;
	CLEANUP(stream_freep) struct stream *out = NULL, *gz = NULL;
	CLEANUP(fd_closep) int in = open(from, O_RDONLY | O_CLOEXEC);
	int fd = in >= 0 ? open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640) : -1;
	struct err ignored;
	ssize_t n;

	if (fd < 0)
		return;
	out = stream_fd_new(fd);
	gz = fastgzip_writer(out);
	chunk = xmalloc(JSONLOG_LINE_MAX);
	while ((n = fd_read(in, chunk, JSONLOG_LINE_MAX)) > 0)
		if (stream_write(gz, chunk, (size_t)n, &ignored) < 0)
			break;
	if (n == 0 && stream_close_write(gz, &ignored) == 0 && futimens(fd, times) == 0 &&
	    rename(tmp, to) == 0)
		(void)unlink(from);
	else
		(void)unlink(tmp);
}

/* path -> path.1 -> path.2 ...; the last one goes. */
static void rotate(struct jsonlog *l)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
	struct err ignored;

	/* by its time who reads it knows the file again, whatever it is called then */
	clock_gettime(CLOCK_REALTIME, &times[1]);
	(void)futimens(l->fd, times);
	if (l->config->max_files <= 1)
		(void)unlink(l->config->path); /* who reads it may do so to its end */
	for (int i = l->config->max_files - 1; i > 0; i--) {
		for (int gz = 0; gz < 2; gz++) { /* Docker may have left compressed ones */
			CLEANUP(freep) char *to = numbered(l->config->path, i, gz);
			CLEANUP(freep) char *from = numbered(l->config->path, i - 1, gz);

			(void)unlink(to);
			(void)rename(from, to);
		}
	}
	if (jsonlog_reopen(l, &ignored) < 0)
		l->size = 0; /* go on in the renamed file rather than lose output */
	else if (l->config->compress)
		compress(l->config->path, times);
}

static void write_out(struct jsonlog *l, const struct buf *out)
{
	struct err ignored;

	if (l->config->max_bytes > 0 && l->size > 0 && l->size + out->len > l->config->max_bytes)
		rotate(l);
	if (out->len > 0 && fd_write_all(l->fd, out->data, out->len, &ignored) == 0)
		l->size += out->len;
}

void jsonlog_write(struct jsonlog *l, bool is_stderr, const char *p, size_t n, int64_t now_nsec)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT, tail = BUF_INIT;
	struct buf *part = &l->partial[is_stderr];

	if (l->fd < 0 && l->service == NULL)
		return;
	buf_reserve(&out, 3 * n);
	while (n > 0) {
		size_t before = out.len;
		const char *nl = memchr(p, '\n', n);
		size_t len = nl != NULL ? (size_t)(nl - p) + 1 : n;
		size_t room = JSONLOG_LINE_MAX - part->len;

		/* the newline does not count against the limit */
		if (len - (nl != NULL) > room) {
			len = room;
			nl = NULL;
		} else if (nl == NULL && len < room) {
			buf_add(part, p, len);
			break;
		}
		if (part->len > 0) {
			buf_add(part, p, len);
			add_entry(l, &out, part->data, part->len, is_stderr, now_nsec, &tail);
			buf_clear(part);
		} else {
			add_entry(l, &out, p, len, is_stderr, now_nsec, &tail);
		}
		if (before > 0 && l->config->max_bytes > 0 &&
		    l->size + out.len > l->config->max_bytes) { /* no file is longer than that */
			write_out(l, &(struct buf){.data = out.data, .len = before});
			buf_consume(&out, before);
		}
		p += len;
		n -= len;
	}
	if (out.len > 0)
		write_out(l, &out);
}

void jsonlog_flush(struct jsonlog *l, int64_t now_nsec)
{
	for (int i = 0; i < 2; i++) {
		CLEANUP(buf_clear) struct buf out = BUF_INIT, tail = BUF_INIT;

		if (l->partial[i].len == 0)
			continue;
		add_entry(l, &out, l->partial[i].data, l->partial[i].len, i == 1, now_nsec, &tail);
		buf_clear(&l->partial[i]);
		write_out(l, &out);
	}
}
