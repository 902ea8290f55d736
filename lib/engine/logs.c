// SPDX-License-Identifier: MIT
/*
 * Reading json-file logs: the current file and its rotated predecessors
 * (<file>.1 is the youngest of them). Following watches the container's
 * directory by inotify(7), where a line and a rotation show; the container's
 * changes of state wake through an eventfd(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "config/limits.h"
#include "engine/engine_internal.h"

#define CHUNK	      65536
#define ROTATED_LIMIT 1000

struct reader {
	const struct engine_logs *l;
	char *path;
	int fd;
	struct buf pending; /* bytes behind the last whole line */
	struct buf out;
};

static int open_log(const char *path, unsigned n)
{
	CLEANUP(freep) char *numbered = n > 0 ? xasprintf("%s.%u", path, n) : xstrdup(path);

	return open(numbered, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
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

/* one line of the file; 1 written or passed over, 0 the end was reached (until), -1 the client ends
 * it */
static int write_line(struct reader *r, const char *line, size_t n)
{
	CLEANUP(json_freep) struct json *v = NULL;
	const char *text, *when;
	bool is_err;
	int64_t at;
	struct err ignored;

	if (json_parse(line, n, &v, &ignored) < 0)
		return 1; /* torn by a crash: nothing to show */
	text = json_get_str(v, "log");
	when = json_get_str(v, "time");
	if (text == NULL || when == NULL || time_parse(when, &at, &ignored) < 0)
		return 1;
	is_err = str_eq(json_get_str(v, "stream"), "stderr");
	if (r->l->until_nsec != 0 && at > r->l->until_nsec)
		return 0;
	if (at < r->l->since_nsec || (is_err ? !r->l->err : !r->l->out))
		return 1;
	buf_reset(&r->out);
	if (r->l->timestamps) {
		char stamp[TIME_RFC3339_SIZE];

		time_format_full(at, stamp);
		buf_addf(&r->out, "%s ", stamp);
	}
	if (r->l->details)
		add_details(&r->out, json_get(v, "attrs"));
	buf_add(&r->out, text, json_str_len(json_get(v, "log")));
	return r->l->write(r->l->arg, is_err, r->out.data, r->out.len) < 0 ? -1 : 1;
}

/* the whole lines of pending; as write_line() */
static int write_lines(struct reader *r)
{
	size_t done = 0;
	int result = 1;

	while (result > 0) {
		char *start = r->pending.data + done;
		char *newline =
			r->pending.len > done ? memchr(start, '\n', r->pending.len - done) : NULL;

		if (newline == NULL)
			break;
		result = write_line(r, start, (size_t)(newline - start));
		done = (size_t)(newline - r->pending.data) + 1;
	}
	buf_consume(&r->pending, done);
	if (r->pending.len > ENGINE_LOG_LINE_MAX)
		buf_reset(&r->pending);
	return result;
}

/* from the file's position to its present end; as write_line() */
static int drain(struct reader *r, struct err *e)
{
	for (;;) {
		ssize_t n = fd_read(r->fd, buf_reserve(&r->pending, CHUNK), CHUNK);
		int result;

		if (n < 0)
			return err_sys(e, "read log");
		if (n == 0)
			return 1;
		r->pending.len += (size_t)n;
		r->pending.data[r->pending.len] = '\0';
		result = write_lines(r);
		if (result <= 0) {
			if (result < 0)
				err_set(e, ERR_CANCELLED, 0, "the client has left");
			return result;
		}
	}
}

/* where the last *lines lines of a file begin; *lines becomes what is still missing (0: found here)
 */
static off_t tail_offset(int fd, int64_t *lines)
{
	CLEANUP(freep) char *chunk = xmalloc(CHUNK);
	off_t end = lseek(fd, 0, SEEK_END), at = end;
	int64_t want = *lines + 1; /* newlines to meet: the first one ends the last line */

	if (*lines == 0)
		return end;
	while (at > 0) {
		size_t n = (size_t)MIN(at, CHUNK);
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

/* opens the file with which reading begins, at its offset; *ret_n is its number (0: the current
 * one), -1: no file */
static int open_first(struct reader *r, int *ret_n)
{
	int64_t missing = r->l->tail;
	int n = 0, fd;

	*ret_n = -1;
	for (n = 0; n < ROTATED_LIMIT; n++) {
		off_t at = 0;

		fd = open_log(r->path, (unsigned)n);
		if (fd < 0)
			return 0;
		if (r->l->tail >= 0)
			at = tail_offset(fd, &missing);
		lseek(fd, at, SEEK_SET);
		fd_close(&r->fd);
		r->fd = fd;
		*ret_n = n;
		if (r->l->tail >= 0 && missing == 0)
			return 0;
	}
	return 0;
}

/* all there is now, older files first; as write_line() */
static int read_all(struct reader *r, struct err *e)
{
	int n, result;

	open_first(r, &n);
	if (n < 0)
		return 1;
	for (;;) {
		result = drain(r, e);
		if (result <= 0 || n == 0)
			return result;
		n--;
		fd_close(&r->fd);
		r->fd = open_log(r->path, (unsigned)n);
		if (r->fd < 0)
			return 1;
		buf_reset(&r->pending);
	}
}

/* goes on to the current file when the open one was rotated away (or there was none yet); true when
 * it did */
static bool next_file(struct reader *r)
{
	struct stat now, ours;
	int fd = open_log(r->path, 0);

	if (fd < 0)
		return false;
	if (r->fd >= 0 && fstat(fd, &now) == 0 && fstat(r->fd, &ours) == 0 &&
	    now.st_ino == ours.st_ino && now.st_dev == ours.st_dev) {
		close(fd);
		return false;
	}
	fd_close(&r->fd);
	r->fd = fd;
	buf_reset(&r->pending);
	return true;
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
		int result = r->fd >= 0 ? drain(r, e) : 1;

		if (result <= 0)
			return result;
		if (next_file(r))
			continue;
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
	if (!str_eq(c->host.log_config.type, "json-file"))
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
	struct reader r = {.l = l, .fd = -1};
	int result = 1;

	if (c == NULL)
		return -1;
	list_init(&f.link);
	dir = container_dir(en, c);
	r.path = xasprintf("%s/%s-json.log", dir, c->id);
	if (l->follow && follower_start(&f, en, c, dir, e) < 0)
		result = -1;
	if (result > 0)
		result = read_all(&r, e);
	if (result > 0 && l->follow)
		result = follow(en, c, &r, &f, e);
	follower_end(&f, en);
	fd_close(&r.fd);
	buf_clear(&r.pending);
	buf_clear(&r.out);
	free(r.path);
	container_unref(en, c);
	return result < 0 ? -1 : 0;
}
