// SPDX-License-Identifier: MIT
/*
 * Reading json-file and local logs: the current file and its rotated
 * predecessors (<file>.1 is the youngest of them, <file>.1.gz when Docker
 * compressed it). Following watches the container's
 * directory by inotify(7), where a line and a rotation show; the container's
 * changes of state wake through an eventfd(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/compress.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/stream.h"
#include "config/limits.h"
#include "container/log.h"
#include "engine/engine_internal.h"

#define CHUNK	      65536
#define TAIL_CHUNK    8192 /* the first one from the end; each further one is twice as large */
#define ROTATED_LIMIT 1000

struct log_file {
	int fd;
	bool packed;
	ino_t ino;
	int64_t changed_nsec; /* of a rotated one its mark: compressing keeps it */
	off_t n;
};

struct reader {
	const struct engine_logs *l;
	char *path;
	bool local;	      /* the driver, else json-file */
	bool begun;	      /* a file has been opened: */
	struct log_file file; /* of a packed one the plain bytes, or -1 */
	ino_t end_ino;	      /* who does not follow reads no further than the current file */
	off_t end;	      /* was long at the beginning */
	struct buf pending;   /* bytes behind the last whole line */
	struct buf out;
};

/* the plain bytes of a compressed log, in a file without a name; -1: it cannot be read */
static int unpack(const char *path, int fd)
{
	CLEANUP(freep) char *dir = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	CLEANUP(stream_freep) struct stream *plain = NULL;
	CLEANUP(freep) char *chunk = NULL;
	CLEANUP(fd_closep) int to = -1;
	struct stream *packed = stream_fd_new(fd);
	struct err ignored;
	ssize_t n;

	if (compress_reader_new(packed, &plain, NULL, &ignored) < 0) {
		stream_free(packed);
		return -1;
	}
	to = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (to < 0)
		to = memfd_create("log", MFD_CLOEXEC);
	chunk = xmalloc(CHUNK);
	while ((n = stream_read(plain, chunk, CHUNK, &ignored)) > 0)
		if (fd_write_all(to, chunk, (size_t)n, &ignored) < 0)
			return -1;
	lseek(to, 0, SEEK_SET);
	return TAKE_FD(to);
}

/* what there is to know of a file now */
static void look(struct log_file *f)
{
	struct stat st = {0};

	if (fstat(f->fd, &st) < 0)
		return;
	f->ino = st.st_ino;
	f->changed_nsec = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
	f->n = st.st_size;
}

/* number n of the files, 0 the current one; false: there is none */
static bool open_log(const char *path, unsigned n, struct log_file *ret)
{
	CLEANUP(freep) char *name = n > 0 ? xasprintf("%s.%u", path, n) : xstrdup(path);
	CLEANUP(freep) char *gz = xasprintf("%s.gz", name);

	ret->fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ret->packed = ret->fd < 0 && n > 0;
	if (ret->packed)
		ret->fd = open(gz, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	look(ret);
	return ret->fd >= 0;
}

/* goes on with a file, which is the reader's then */
static void use_file(struct reader *r, const struct log_file *f)
{
	fd_close(&r->file.fd);
	r->file = *f;
	if (f->packed)
		r->file.fd = unpack(r->path, f->fd);
	r->begun = true;
	buf_reset(&r->pending);
}

/* "k=v,k=v " of the extra attributes */
static void add_details(struct buf *out, const struct json *attrs)
{
	const char *sep = "";

	json_for_each (a, attrs) {
		buf_addf(out, "%s%s=%s", sep, json_key(a), json_str(a) != NULL ? json_str(a) : "");
		sep = ",";
	}
	buf_addch(out, ' ');
}

/* one entry; 1 written or passed over, 0 the end was reached (until), -1 the client ends it */
static int write_entry(struct reader *r, const struct log_record *rec, const struct json *attrs)
{
	if (r->l->until_nsec != 0 && rec->nsec > r->l->until_nsec)
		return 0;
	if (rec->nsec < r->l->since_nsec || (rec->is_stderr ? !r->l->err : !r->l->out))
		return 1;
	buf_reset(&r->out);
	if (r->l->timestamps) {
		char stamp[TIME_RFC3339_SIZE];

		time_format_full(rec->nsec, stamp);
		buf_addf(&r->out, "%s ", stamp);
	}
	if (r->l->details)
		add_details(&r->out, attrs);
	buf_add(&r->out, rec->line, rec->n);
	if (rec->newline)
		buf_addch(&r->out, '\n');
	return r->l->write(r->l->arg, rec->is_stderr, r->out.data, r->out.len) < 0 ? -1 : 1;
}

/* what follows the text at *p; false: something else does */
static bool passed(const char **p, const char *text)
{
	const char *rest = str_skip(*p, text);

	if (rest != NULL)
		*p = rest;
	return rest != NULL;
}

/* a line as it nearly always is: no attributes, no escape but its newline; false: it is to be
 * parsed */
static bool is_usual(const char *line, size_t n, struct log_record *rec)
{
	const char *p = line, *quote, *escape, *end = line + n;
	char when[TIME_RFC3339_SIZE];
	struct err ignored;

	if (!passed(&p, "{\"log\":\""))
		return false;
	rec->line = p;
	quote = memchr(p, '"', (size_t)(end - p));
	if (quote == NULL)
		return false;
	escape = memchr(p, '\\', (size_t)(quote - p));
	rec->newline = escape != NULL && escape + 2 == quote && escape[1] == 'n';
	if (escape != NULL && !rec->newline)
		return false;
	rec->n = (size_t)((escape != NULL ? escape : quote) - p);
	p = quote;
	rec->is_stderr = passed(&p, "\",\"stream\":\"stderr\",\"time\":\"");
	if (!rec->is_stderr && !passed(&p, "\",\"stream\":\"stdout\",\"time\":\""))
		return false;
	n = (size_t)(end - p);
	if (n < 3 || n - 2 >= sizeof(when) || p[n - 2] != '"' || p[n - 1] != '}')
		return false;
	memcpy(when, p, n - 2);
	when[n - 2] = '\0';
	return time_parse(when, &rec->nsec, &ignored) == 0;
}

/* one line of a json-file; as write_entry() */
static int write_line(struct reader *r, const char *line, size_t n)
{
	CLEANUP(json_freep) struct json *v = NULL;
	struct log_record rec = {0};
	const char *when;
	struct err ignored;

	if (is_usual(line, n, &rec))
		return write_entry(r, &rec, NULL);
	rec = (struct log_record){0};
	if (json_parse(line, n, &v, &ignored) < 0)
		return 1; /* torn by a crash: nothing to show */
	rec.line = json_get_str(v, "log");
	when = json_get_str(v, "time");
	if (rec.line == NULL || when == NULL || time_parse(when, &rec.nsec, &ignored) < 0)
		return 1;
	rec.n = json_str_len(json_get(v, "log"));
	rec.is_stderr = str_eq(json_get_str(v, "stream"), "stderr");
	return write_entry(r, &rec, json_get(v, "attrs"));
}

/* the entry at start of n bytes: its length, 0 it is not whole; *result as write_entry() */
static size_t write_next(struct reader *r, const char *start, size_t n, int *result)
{
	struct log_record rec;
	const char *newline;
	ssize_t used;

	if (!r->local) {
		newline = n > 0 ? memchr(start, '\n', n) : NULL;
		if (newline == NULL)
			return 0;
		*result = write_line(r, start, (size_t)(newline - start));
		return (size_t)(newline - start) + 1;
	}
	used = locallog_parse(start, n, &rec);
	if (used < 0)
		return n; /* damaged: what follows cannot be found */
	if (used > 0)
		*result = write_entry(r, &rec, NULL);
	return (size_t)used;
}

/* the whole entries of pending; as write_entry() */
static int write_entries(struct reader *r)
{
	size_t done = 0, used = 1;
	int result = 1;

	for (; result > 0 && used > 0; done += used)
		used = write_next(r, r->pending.data + done, r->pending.len - done, &result);
	buf_consume(&r->pending, done);
	if (r->pending.len > ENGINE_LOG_LINE_MAX + 8)
		buf_reset(&r->pending);
	return result;
}

/* somebody emptied the file: it is read from its beginning */
static bool begins_anew(struct reader *r)
{
	if (!r->file.packed)
		look(&r->file);
	if (r->file.packed || r->file.n >= lseek(r->file.fd, 0, SEEK_CUR))
		return false;
	lseek(r->file.fd, 0, SEEK_SET);
	buf_reset(&r->pending);
	return true;
}

/* the file is the one with the end */
static bool is_last(const struct reader *r)
{
	return r->end_ino != 0 && !r->file.packed && r->file.ino == r->end_ino;
}

/* how much is to be read at once */
static size_t left_to_read(const struct reader *r)
{
	off_t left = CHUNK;

	if (is_last(r))
		left = r->end - lseek(r->file.fd, 0, SEEK_CUR);
	return (size_t)MAX(0, MIN(left, CHUNK));
}

/* from the file's position to its present end; as write_entry() */
static int drain(struct reader *r, struct err *e)
{
	while (r->file.fd >= 0) {
		size_t left = left_to_read(r);
		ssize_t n = fd_read(r->file.fd, buf_reserve(&r->pending, CHUNK), left);
		int result;

		if (left == 0)
			return 0;
		if (n < 0)
			return err_sys(e, "read log");
		if (n == 0 && begins_anew(r))
			continue;
		if (n == 0)
			return 1;
		r->pending.len += (size_t)n;
		r->pending.data[r->pending.len] = '\0';
		result = write_entries(r);
		if (result <= 0) {
			if (result < 0)
				err_set(e, ERR_CANCELLED, 0, "the client has left");
			return result;
		}
	}
	return 1;
}

/* where the last *lines lines before end begin; *lines becomes what is still missing (0: found
 * here)
 */
static off_t tail_offset(int fd, off_t end, int64_t *lines)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	off_t at = end;
	int64_t want = *lines + 1; /* newlines to meet: the first one ends the last line */
	size_t size = TAIL_CHUNK;

	if (*lines == 0)
		return end;
	for (; at > 0; size = MIN(size * 2, (size_t)CHUNK)) {
		size_t n = MIN((size_t)at, size);
		char *chunk = buf_reserve(&b, n);
		ssize_t got = pread(fd, chunk, n, at - (off_t)n);

		if (got != (ssize_t)n)
			break;
		for (size_t i = n; i-- > 0;) {
			if (chunk[i] != '\n' || --want > 0)
				continue;
			*lines = 0;
			return at - (off_t)n + (off_t)i + 1;
		}
		at -= (off_t)n;
	}
	*lines = want - 1;
	return 0;
}

/* tail_offset() of a local log, whose entries are as long as their last bytes say */
static off_t tail_local(int fd, off_t at, int64_t *lines)
{
	unsigned char frame[4];

	for (; *lines > 0 && at >= 8 && pread(fd, frame, 4, at - 4) == 4; --*lines) {
		size_t len = locallog_length(frame);

		if ((off_t)len > at - 8)
			break;
		at -= (off_t)len + 8;
	}
	return at;
}

/* a walk from the current file to older ones; the numbers may change all the time, the order does
 * not. Between two rotations there are no holes among the numbers, during one at most one */
struct walk {
	unsigned n, holes;
};

static bool walk_on(struct reader *r, struct walk *w, struct log_file *ret)
{
	for (; w->n < ROTATED_LIMIT && w->holes < 2; w->holes++)
		if (open_log(r->path, w->n++, ret)) {
			w->holes = 0;
			return true;
		}
	return false;
}

/* whether f is the open file, which may have got another name and been compressed */
static bool is_open(struct reader *r, const struct log_file *f)
{
	if (!r->file.packed)
		look(&r->file);
	if (!r->begun || (f->packed && f->changed_nsec != r->file.changed_nsec))
		return false;
	return f->packed == r->file.packed ? f->ino == r->file.ino : f->packed;
}

static void note_end(struct reader *r)
{
	struct log_file f;

	if (!open_log(r->path, 0, &f))
		return;
	r->end_ino = f.ino;
	r->end = f.n;
	close(f.fd);
}

/* opens the file in which the last lines begin, at their offset */
static void open_tail(struct reader *r)
{
	int64_t missing = r->l->tail;
	struct walk w = {0};
	struct log_file f;
	off_t end;

	while (walk_on(r, &w, &f)) {
		if (is_open(r, &f)) { /* it was rotated meanwhile */
			close(f.fd);
			continue;
		}
		use_file(r, &f);
		end = is_last(r) ? r->end : lseek(r->file.fd, 0, SEEK_END);
		lseek(r->file.fd,
		      r->local ? tail_local(r->file.fd, end, &missing)
			       : tail_offset(r->file.fd, end, &missing),
		      SEEK_SET);
		if (missing == 0)
			return;
	}
}

/* the last file before the open one; by_time: before the first that is no younger. False: it was
 * not met, and ret is the oldest */
static bool seek_file(struct reader *r, bool by_time, struct log_file *ret)
{
	struct walk w = {0};
	struct log_file f;

	ret->fd = -1;
	while (walk_on(r, &w, &f)) {
		if (by_time ? w.n > 1 && f.changed_nsec <= r->file.changed_nsec : is_open(r, &f)) {
			close(f.fd);
			return true;
		}
		fd_close(&ret->fd);
		*ret = f;
	}
	return false;
}

/* opens the file behind the open one, the oldest when none is; false: the open one is the current
 * one */
static bool next_file(struct reader *r, struct log_file *ret)
{
	if (!seek_file(r, false, ret) && r->begun) {
		fd_close(&ret->fd); /* the open one was removed: the next that is left */
		seek_file(r, true, ret);
	}
	return ret->fd >= 0;
}

/* all there is now, older files first; as write_entry() */
static int read_all(struct reader *r, struct err *e)
{
	struct log_file next;
	int result;

	for (;;) {
		bool more = next_file(r, &next); /* then the open one is complete */

		result = drain(r, e);
		if (result <= 0)
			fd_close(&next.fd);
		if (result <= 0 || !more)
			return result;
		use_file(r, &next);
	}
}

static bool is_active(struct engine *en, struct container *c)
{
	MUTEX_GUARD(&en->mu);

	return !c->removed &&
	       (state_runs(c->state) || c->state == C_STARTING || c->state == C_RESTARTING);
}

struct follower {
	struct list link; /* in the container's followers */
	int watch_fd;	  /* inotify; -1: none is to be had */
	int state_fd;	  /* eventfd, readable after a change of state; -1: none is to be had */
};

void followers_wake(struct container *c)
{
	struct follower *f;

	list_for_each (f, &c->followers, link)
		if (f->state_fd >= 0 && eventfd_write(f->state_fd, 1) < 0)
			continue; /* it is readable already */
}

/* a user has 128 watchers as a rule (fs.inotify.max_user_instances); further followers look often
 */
#define UNWATCHED_MS 200

/* waits for the directory or the state to change or the client to leave; false in the last case or
 * when until has passed */
static bool wait_change(const struct engine_logs *l, const struct follower *f)
{
	struct pollfd p[3] = {{.fd = f->watch_fd, .events = POLLIN},
			      {.fd = f->state_fd, .events = POLLIN},
			      {.fd = l->client_fd, .events = POLLRDHUP}};
	char events[1024] __attribute__((aligned(8)));
	int64_t left = -1;
	eventfd_t ignored;

	if (l->until_nsec != 0) {
		left = (l->until_nsec - time_now_nsec()) / 1000000 + 1;
		if (left <= 0)
			return false;
	}
	if (f->watch_fd < 0 || f->state_fd < 0)
		left = left < 0 ? UNWATCHED_MS : MIN(left, UNWATCHED_MS);
	if (poll(p, ARRAY_LEN(p), (int)MIN(left, INT32_MAX)) < 0 && errno != EINTR)
		return false;
	if (p[0].revents != 0)
		while (read(f->watch_fd, events, sizeof(events)) > 0) {
		}
	if (p[1].revents != 0 && eventfd_read(f->state_fd, &ignored) < 0)
		return false; /* cannot be: it is readable and ours alone */
	return p[2].revents == 0;
}

static int follow(struct engine *en, struct container *c, struct reader *r,
		  const struct follower *f, struct err *e)
{
	for (;;) {
		bool active = is_active(en, c); /* before reading: what came until then is read */
		int result = read_all(r, e);

		if (result <= 0)
			return result;
		if (!active)
			return 0;
		if (r->l->flush != NULL && r->l->flush(r->l->arg) < 0)
			return err_set(e, ERR_CANCELLED, 0, "the client has left");
		if (!wait_change(r->l, f))
			return 0;
	}
}

int engine_logs_check(struct engine *en, const char *name, bool *ret_tty, struct err *e)
{
	struct container *c;
	MUTEX_GUARD(&en->mu);

	c = container_find(en, name, e);
	if (c == NULL)
		return -1;
	if (str_eq(log_format(&c->host.log_config), "none"))
		return err_set(e, ERR_UNIMPLEMENTED, 0,
			       "configured logging driver does not support reading");
	*ret_tty = c->config.tty;
	return 0;
}

/* descriptors that are not to be had are no failure: then it looks often */
static int follower_start(struct follower *f, struct engine *en, struct container *c,
			  const char *dir, struct err *e)
{
	CLEANUP(fd_closep) int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd >= 0 && inotify_add_watch(fd, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
		if (errno != ENOSPC)
			return err_sys(e, "watch %s", dir);
		fd_close(&fd);
	}
	f->watch_fd = TAKE_FD(fd);
	f->state_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	MUTEX_GUARD(&en->mu);
	list_add_tail(&c->followers, &f->link);
	return 0;
}

static void follower_end(struct follower *f, struct engine *en)
{
	pthread_mutex_lock(&en->mu);
	list_del(&f->link);
	pthread_mutex_unlock(&en->mu);
	fd_close(&f->watch_fd);
	fd_close(&f->state_fd);
}

int engine_container_logs(struct engine *en, const char *name, const struct engine_logs *l,
			  struct err *e)
{
	struct container *c = container_get(en, name, e);
	CLEANUP(freep) char *dir = NULL;
	struct follower f = {.watch_fd = -1, .state_fd = -1};
	struct reader r = {.l = l, .file = {.fd = -1}};
	int result = 1;

	if (c == NULL)
		return -1;
	list_init(&f.link);
	r.path = log_path(en, c);
	r.local = str_eq(log_format(&c->host.log_config), "local");
	dir = xstrndup(r.path, (size_t)(strrchr(r.path, '/') - r.path));
	if (l->follow && follower_start(&f, en, c, dir, e) < 0)
		result = -1;
	if (!l->follow)
		note_end(&r);
	if (l->tail >= 0)
		open_tail(&r);
	if (result > 0)
		result = l->follow ? follow(en, c, &r, &f, e) : read_all(&r, e);
	follower_end(&f, en);
	fd_close(&r.file.fd);
	buf_clear(&r.pending);
	buf_clear(&r.out);
	free(r.path);
	container_unref(en, c);
	return result < 0 ? -1 : 0;
}
