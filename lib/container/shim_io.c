// SPDX-License-Identifier: MIT
/*
 * Output and input of processes, and the clients attached to them.
 *
 * Output is read in pieces of SHIM_PIECE bytes, logged, and written to every
 * client at once. What a client's socket does not take waits in its buffer.
 * When that holds more than SHIM_CLIENT_BUF_MAX, nothing more is read from the
 * process (it blocks on its full pipe, as on a slow terminal), but for at most
 * SHIM_STALL_MS: a client that has not emptied its buffer by then is dropped.
 * So a slow client loses nothing, a dead one stops the container for at most
 * that long, and memory is bounded.
 *
 * A client's place may be reserved: what is written from then on waits for it,
 * until the link that asked for the place brings the client's socket, or closes.
 *
 * Input of clients goes to the process; what its pipe does not take waits
 * (SHIM_STDIN_BUF_MAX), and the clients are not read meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/time.h"
#include "config/limits.h"
#include "container/shim_internal.h"

#define SHIM_PIECE    16384
#define SHIM_STALL_MS 10000
#define SHIM_DRAIN_MS 2000
#define FRAME_HEAD    8

/* Untouched pages of it cost nothing; one process, one thread. */
static char piece[SHIM_PIECE];

static void on_stdin(struct loop *l, int fd, uint32_t events, void *arg);

/* --- clients --- */

/* Input that nobody read would turn the close into a reset, and the client would lose output. */
static void discard_input(int fd)
{
	shutdown(fd, SHUT_RDWR);
	while (recv(fd, piece, sizeof(piece), MSG_DONTWAIT) > 0)
		;
}

void shim_user_free(struct shim_user *u)
{
	loop_del(u->proc->shim->loop, u->source);
	list_del(&u->link);
	u->proc->n_users--;
	if (u->keeper != NULL)
		u->keeper->place = NULL;
	discard_input(u->fd);
	fd_close(&u->fd);
	buf_clear(&u->out);
	free(u);
}

static void watch(struct shim_user *u, uint32_t events)
{
	if (u->events == events || u->source == NULL)
		return;
	u->events = events;
	loop_mod(u->proc->shim->loop, u->source, events);
}

static bool takes_input(const struct shim_user *u)
{
	return u->flags & SHIM_STDIN && !u->input_ended && !u->closing && u->proc->stdin_fd >= 0;
}

static void rewatch(struct shim_user *u)
{
	watch(u, (takes_input(u) && u->proc->stdin_buf.len == 0 ? EPOLLIN : 0) |
			 (u->out.len > 0 ? EPOLLOUT : 0));
}

static void on_drain_again(struct loop *l UNUSED, void *arg)
{
	struct shim_proc *p = arg;

	p->drain_timer = NULL;
	shim_io_drain(p);
}

/* Buffers are short again: the process may write on. */
static void unhold(struct shim_proc *p)
{
	struct shim_user *u;
	struct err ignored;

	if (!p->held)
		return;
	list_for_each (u, &p->users, link)
		if (u->out.len > SHIM_CLIENT_BUF_MAX)
			return;
	p->held = false;
	loop_timer_cancel(p->shim->loop, TAKE(p->stall_timer));
	if (shim_io_start(p, &ignored) < 0 || (p->ended && !p->finished)) {
		/* not from here: somebody may be walking the clients */
		loop_timer_cancel(p->shim->loop, TAKE(p->drain_timer));
		p->drain_timer = loop_timer(p->shim->loop, 0, on_drain_again, p);
	}
}

static void drop_user(struct shim_user *u, bool by_keys)
{
	struct shim_event ev = {.type = SHIM_EVENT_DETACH,
				.tag = u->tag,
				.by_keys = by_keys,
				.at_nsec = time_now_nsec()};
	struct shim_proc *p = u->proc;
	struct shim *s = p->shim;

	memcpy(ev.exec_id, p->id, sizeof(ev.exec_id));
	shim_user_free(u);
	(void)shim_link_event(s, &ev);
	unhold(p);
	shim_check_end(s);
}

/* The stall limit has passed: whoever is still full goes. */
static void on_stall(struct loop *l UNUSED, void *arg)
{
	struct shim_proc *p = arg;
	struct shim_user *u, *next;

	p->stall_timer = NULL;
	list_for_each_safe (u, next, &p->users, link)
		if (u->out.len > SHIM_CLIENT_BUF_MAX || u->closing)
			drop_user(u, false);
}

static void hold(struct shim_proc *p)
{
	if (p->held)
		return;
	p->held = true;
	for (int i = 0; i < SHIM_STREAMS; i++) /* not just masked: a hang-up would spin */
		loop_del(p->shim->loop, TAKE(p->out_source[i]));
	if (p->stall_timer == NULL)
		p->stall_timer = loop_timer(p->shim->loop, SHIM_STALL_MS, on_stall, p);
}

/* What waits, as far as the socket takes it; -1: the client is gone. */
static int flush_user(struct shim_user *u)
{
	while (u->out.len > 0) {
		ssize_t n = send(u->fd, u->out.data, u->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		buf_consume(&u->out, (size_t)n);
	}
	buf_clear(&u->out);
	return 0;
}

/* One piece to one client; -1: the client is gone. */
static int write_user(struct shim_user *u, enum shim_stream stream, const char *p, size_t n)
{
	unsigned char head[FRAME_HEAD] = {stream == SHIM_ERR ? 2 : 1,
					  0,
					  0,
					  0,
					  (unsigned char)(n >> 24),
					  (unsigned char)(n >> 16),
					  (unsigned char)(n >> 8),
					  (unsigned char)n};
	size_t n_head = u->flags & SHIM_RAW ? 0 : FRAME_HEAD;
	struct iovec v[2] = {{head, n_head}, {(void *)(uintptr_t)p, n}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
	ssize_t done = 0;

	if (u->out.len == 0 && u->fd >= 0) {
		do
			done = sendmsg(u->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		while (done < 0 && errno == EINTR);
		if (done < 0 && errno != EAGAIN)
			return -1;
		done = MAX(done, 0);
	}
	if ((size_t)done < n_head) {
		buf_add(&u->out, head + done, n_head - (size_t)done);
		done = (ssize_t)n_head;
	}
	if ((size_t)done < n_head + n)
		buf_add(&u->out, p + ((size_t)done - n_head), n_head + n - (size_t)done);
	return 0;
}

static void write_users(struct shim_proc *p, enum shim_stream stream, const char *data, size_t n)
{
	unsigned want = stream == SHIM_ERR ? SHIM_STDERR : SHIM_STDOUT;
	struct shim_user *u, *next;

	list_for_each_safe (u, next, &p->users, link) {
		if (!(u->flags & want) || u->closing)
			continue;
		if (write_user(u, stream, data, n) < 0) {
			drop_user(u, false);
			continue;
		}
		rewatch(u);
		if (u->out.len > SHIM_CLIENT_BUF_MAX)
			hold(p);
	}
}

/* --- output --- */

static void close_out(struct shim_proc *p, enum shim_stream i)
{
	loop_del(p->shim->loop, TAKE(p->out_source[i]));
	if (p->tty && i == SHIM_OUT) { /* input goes the same way */
		loop_del(p->shim->loop, TAKE(p->stdin_source));
		p->stdin_fd = -1;
		buf_clear(&p->stdin_buf);
	}
	fd_close(&p->out_fd[i]);
}

/* One read; 1 more may come, 0 nothing now, -1 the end. */
static int pump(struct shim_proc *p, enum shim_stream i)
{
	ssize_t n = fd_read(p->out_fd[i], piece, sizeof(piece));

	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0) /* EIO: the last user of the terminal has closed it */
		return -1;
	if (p == p->shim->main)
		jsonlog_write(&p->shim->log, i == SHIM_ERR, piece, (size_t)n, time_now_nsec());
	write_users(p, i, piece, (size_t)n);
	return 1;
}

static void on_output(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	struct shim_proc *p = arg;
	enum shim_stream i = fd == p->out_fd[SHIM_ERR] ? SHIM_ERR : SHIM_OUT;

	if (p->held)
		return;
	if (pump(p, i) < 0)
		close_out(p, i);
	if (p->ended && !p->finished)
		shim_io_drain(p);
}

static void on_drain_timeout(struct loop *l UNUSED, void *arg)
{
	struct shim_proc *p = arg;

	p->drain_timer = NULL;
	for (int i = 0; i < SHIM_STREAMS; i++)
		close_out(p, (enum shim_stream)i);
	shim_proc_finished(p);
}

void shim_io_drain(struct shim_proc *p)
{
	bool open = false;

	for (int i = 0; i < SHIM_STREAMS; i++) {
		int r = 1;

		while (p->out_fd[i] >= 0 && !p->held && (r = pump(p, (enum shim_stream)i)) > 0)
			;
		if (p->out_fd[i] < 0)
			continue;
		/* A pipe that is empty now is done: what still holds it is not this process. A
		 * terminal hands its last bytes over a little later, and then says EIO. */
		if (r < 0 || (r == 0 && !p->tty))
			close_out(p, (enum shim_stream)i);
		else
			open = true;
	}
	if (!open) {
		loop_timer_cancel(p->shim->loop, TAKE(p->drain_timer));
		shim_proc_finished(p);
	} else if (p->drain_timer == NULL && !p->held) {
		p->drain_timer = loop_timer(p->shim->loop, SHIM_DRAIN_MS, on_drain_timeout, p);
	}
}

/* --- input --- */

static void rewatch_users(struct shim_proc *p)
{
	struct shim_user *u;

	list_for_each (u, &p->users, link)
		rewatch(u);
}

static void close_stdin_now(struct shim_proc *p)
{
	loop_del(p->shim->loop, TAKE(p->stdin_source));
	buf_clear(&p->stdin_buf);
	if (!p->tty)
		fd_close(&p->stdin_fd);
	rewatch_users(p);
}

/* Writes what waits; the rest is written when the pipe can take it. */
static void push_stdin(struct shim_proc *p)
{
	struct err ignored;

	while (p->stdin_fd >= 0 && p->stdin_buf.len > 0) {
		ssize_t n = fd_write(p->stdin_fd, p->stdin_buf.data, p->stdin_buf.len);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			close_stdin_now(p);
			return;
		}
		buf_consume(&p->stdin_buf, (size_t)n);
	}
	if (p->stdin_buf.len > 0) {
		/* the terminal's master is watched for output by its own descriptor */
		if (p->stdin_source == NULL && !p->tty)
			p->stdin_source = loop_add(p->shim->loop, p->stdin_fd, EPOLLOUT, on_stdin,
						   p, &ignored);
		else if (p->tty && p->out_source[SHIM_OUT] != NULL)
			loop_mod(p->shim->loop, p->out_source[SHIM_OUT], EPOLLIN | EPOLLOUT);
		return;
	}
	loop_del(p->shim->loop, TAKE(p->stdin_source));
	if (p->tty && p->out_source[SHIM_OUT] != NULL)
		loop_mod(p->shim->loop, p->out_source[SHIM_OUT], EPOLLIN);
	buf_clear(&p->stdin_buf);
	if (p->stdin_close)
		close_stdin_now(p);
	else
		rewatch_users(p);
}

static void on_stdin(struct loop *l UNUSED, int fd UNUSED, uint32_t events UNUSED, void *arg)
{
	push_stdin(arg);
}

static void on_terminal(struct loop *l, int fd, uint32_t events, void *arg)
{
	struct shim_proc *p = arg;

	if (events & EPOLLOUT)
		push_stdin(p);
	if (events & ~(uint32_t)EPOLLOUT && p->out_fd[SHIM_OUT] >= 0)
		on_output(l, fd, events, arg);
}

void shim_io_close_stdin(struct shim_proc *p)
{
	p->stdin_close = true;
	if (p->stdin_buf.len == 0)
		close_stdin_now(p);
}

/* Input bytes, without the detach sequence; true when it was complete. Keys of an incomplete one
 * are kept back until it is clear that they are none. */
static bool filter_keys(struct shim_user *u, const unsigned char *p, size_t n, struct buf *out)
{
	if (u->n_keys == 0) {
		buf_add(out, p, n);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (p[i] == u->keys[u->n_matched]) {
			if (++u->n_matched == u->n_keys)
				return true;
			continue;
		}
		buf_add(out, u->keys, u->n_matched);
		u->n_matched = p[i] == u->keys[0];
		if (u->n_matched == 0)
			buf_addch(out, (char)p[i]);
	}
	return false;
}

static void end_input(struct shim_user *u)
{
	struct shim_proc *p = u->proc;

	u->input_ended = true;
	rewatch(u);
	if (!p->tty && u->flags & SHIM_STDIN && (p != p->shim->main || p->shim->config.stdin_once))
		shim_io_close_stdin(p);
}

/* Takes input; true when the client has detached (and is gone). */
static bool take_input(struct shim_user *u, const void *data, size_t n)
{
	struct shim_proc *p = u->proc;
	bool detached = filter_keys(u, data, n, &p->stdin_buf);

	push_stdin(p);
	if (detached)
		drop_user(u, true);
	return detached;
}

static void read_user(struct shim_user *u)
{
	ssize_t n = fd_read(u->fd, piece, sizeof(piece));

	if (n > 0)
		(void)take_input(u, piece, (size_t)n);
	else if (n == 0)
		end_input(u);
	else if (errno != EAGAIN)
		drop_user(u, false);
}

static void on_user(struct loop *l UNUSED, int fd UNUSED, uint32_t events, void *arg)
{
	struct shim_user *u = arg;
	struct shim_proc *p = u->proc;

	if (events & EPOLLOUT) {
		if (flush_user(u) < 0 || (u->closing && u->out.len == 0)) {
			drop_user(u, false);
			return;
		}
		rewatch(u);
		unhold(p);
		return;
	}
	if (events & EPOLLIN && takes_input(u)) {
		read_user(u);
		return;
	}
	if (events & (EPOLLHUP | EPOLLERR)) {
		if (u->flags & SHIM_STDIN && !u->input_ended)
			end_input(u);
		drop_user(u, false);
	}
}

void shim_io_give_up(struct shim_link *l)
{
	if (l->place != NULL)
		drop_user(l->place, false);
}

int shim_io_reserve(struct shim_proc *p, const struct shim_request *r, struct err *e)
{
	struct shim_user *u;

	if (p->finished || p->n_users >= SHIM_CLIENTS_MAX)
		return err_set(e, ERR_CONFLICT, 0,
			       p->finished ? "the process has ended" : "too many clients");
	u = xcalloc(1, sizeof(*u));
	u->proc = p;
	u->fd = -1;
	u->flags = r->flags & (SHIM_STDIN | SHIM_STDOUT | SHIM_STDERR | SHIM_RAW);
	u->keeper = p->shim->caller;
	shim_io_give_up(u->keeper);
	u->keeper->place = u;
	list_add_tail(&p->users, &u->link);
	p->n_users++;
	return 0;
}

int shim_io_attach(struct shim_proc *p, const struct shim_request *r, const void *tail, int fd,
		   struct err *e)
{
	struct shim_user *u = p->shim->caller->place;

	if (u == NULL || u->proc != p) {
		if (shim_io_reserve(p, r, e) < 0) {
			close(fd);
			return -1;
		}
		u = p->shim->caller->place;
	}
	u->keeper->place = NULL;
	u->keeper = NULL;
	u->fd = fd;
	u->tag = r->tag;
	u->n_keys = p->tty ? r->n_detach_keys : 0;
	memcpy(u->keys, r->detach_keys, sizeof(u->keys));
	(void)fd_set_nonblock(fd, true);
	u->source = loop_add(p->shim->loop, fd, 0, on_user, u, e);
	if (u->source == NULL) {
		shim_user_free(u);
		return -1;
	}
	if (u->closing && u->out.len == 0) {
		drop_user(u, false);
		return 0;
	}
	if (r->n_tail > 0 && takes_input(u) && take_input(u, tail, r->n_tail))
		return 0;
	rewatch(u);
	return 0;
}

/* --- opening and closing --- */

static int open_pipe(struct shim_proc *p, int stream, struct err *e)
{
	int fds[2];

	if (fd_pipe(fds, e) < 0)
		return -1;
	if (stream == 0) {
		p->child_stdio[0] = fds[0];
		p->stdin_fd = fds[1];
		(void)fd_set_nonblock(fds[1], true);
	} else {
		p->child_stdio[stream] = fds[1];
		p->out_fd[stream - 1] = fds[0];
		(void)fd_set_nonblock(fds[0], true);
	}
	return 0;
}

int shim_io_open(struct shim_proc *p, unsigned flags, struct err *e)
{
	static const unsigned bits[3] = {SHIM_STDIN, SHIM_STDOUT, SHIM_STDERR};

	if (p->tty)
		return 0;
	for (int i = 0; i < 3; i++) {
		if (flags & bits[i]) {
			if (open_pipe(p, i, e) < 0)
				return -1;
			continue;
		}
		p->child_stdio[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (p->child_stdio[i] < 0)
			return err_sys(e, "open /dev/null");
	}
	return 0;
}

int shim_io_start(struct shim_proc *p, struct err *e)
{
	for (int i = 0; i < SHIM_STREAMS; i++) {
		if (p->out_fd[i] < 0 || p->out_source[i] != NULL)
			continue;
		p->out_source[i] = loop_add(p->shim->loop, p->out_fd[i], EPOLLIN,
					    p->tty ? on_terminal : on_output, p, e);
		if (p->out_source[i] == NULL)
			return -1;
	}
	return 0;
}

void shim_io_close_child(struct shim_proc *p)
{
	for (int i = 0; i < 3; i++)
		fd_close(&p->child_stdio[i]);
}

void shim_io_close(struct shim_proc *p)
{
	struct shim_user *u, *next;

	close_stdin_now(p);
	for (int i = 0; i < SHIM_STREAMS; i++)
		close_out(p, (enum shim_stream)i);
	loop_timer_cancel(p->shim->loop, TAKE(p->drain_timer));
	list_for_each_safe (u, next, &p->users, link) {
		u->closing = true;
		if (u->out.len == 0 && u->keeper == NULL)
			shim_user_free(u);
		else
			rewatch(u);
	}
	if (p->n_users > 0 && p->stall_timer == NULL)
		p->stall_timer = loop_timer(p->shim->loop, SHIM_STALL_MS, on_stall, p);
}
