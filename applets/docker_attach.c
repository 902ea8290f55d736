// SPDX-License-Identifier: MIT
/*
 * Streams between our terminal and a container. Three threads at most: this
 * one copies the container's output, a second one our input, a third one waits
 * for signals. The engine ends the session by closing the stream; the user by
 * the detach keys, which the input thread watches for (moby/term's escape
 * proxy), so they never reach the engine.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "applets/docker_cli.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/thread.h"
#include "client/lines.h"
#include "client/spec.h"

#define COPY_BYTES 32768
#define KEYS_MAX   16

static struct termios saved_tty;
static bool tty_is_raw;

static void tty_restore(void)
{
	if (tty_is_raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &saved_tty);
	tty_is_raw = false;
}

static void tty_raw(void)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &t) < 0)
		return;
	saved_tty = t;
	cfmakeraw(&t);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSANOW, &t) < 0)
		return;
	if (!tty_is_raw)
		atexit(tty_restore);
	tty_is_raw = true;
}

bool docker_tty_size(unsigned *rows, unsigned *cols)
{
	struct winsize ws;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &ws) < 0)
		return false;
	*rows = ws.ws_row;
	*cols = ws.ws_col;
	return true;
}

int docker_io_check(bool input, bool tty, struct err *e)
{
	if (input && tty && !isatty(STDIN_FILENO))
		return err_set(e, ERR_INVALID, 0, "the input device is not a TTY");
	return 0;
}

/* --- input ----------------------------------------------------------------- */

struct escape {
	unsigned char keys[KEYS_MAX];
	int n_keys;
	int matched; /* keys held back so far */
};

/*
 * Copies bytes to out, keeping back what may be the beginning of the keys; true
 * when they are complete.
 */
static bool escape_filter(struct escape *x, const unsigned char *p, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (x->n_keys > 0 && p[i] == x->keys[x->matched]) {
			if (++x->matched == x->n_keys)
				return true;
			continue;
		}
		buf_add(out, x->keys, (size_t)x->matched);
		x->matched = 0;
		if (x->n_keys > 0 && p[i] == x->keys[0])
			x->matched = 1;
		else
			buf_addch(out, (char)p[i]);
	}
	return false;
}

/* The one session of this process; the thread may still sit in read(0) when we exit. */
static struct {
	struct stream *stream;
	struct escape escape;
	atomic_bool detached;
} session;

static void input_thread(void *arg UNUSED)
{
	CLEANUP(freep) unsigned char *p = xmalloc(COPY_BYTES);
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct err e;

	for (;;) {
		ssize_t n = fd_read(STDIN_FILENO, p, COPY_BYTES);

		if (n <= 0)
			break;
		buf_reset(&out);
		if (escape_filter(&session.escape, p, (size_t)n, &out)) {
			session.detached = true;
			shutdown(session.stream->fd, SHUT_RDWR); /* ends the output's read */
			return;
		}
		if (out.len > 0 && stream_write(session.stream, out.data, out.len, &e) < 0)
			return;
	}
	stream_close_write(session.stream, &e);
}

static int start_input(struct docker_io *io, struct err *e)
{
	const char *keys = io->detach_keys != NULL ? io->detach_keys : "ctrl-p,ctrl-q";

	session.stream = io->stream;
	if (io->tty)
		session.escape.n_keys = spec_keys(keys, session.escape.keys, KEYS_MAX, e);
	if (session.escape.n_keys < 0)
		return -1;
	return thread_start(input_thread, NULL, e);
}

/* --- output ---------------------------------------------------------------- */

static int print_frame(void *arg UNUSED, int stream, const char *p, size_t n, struct err *e)
{
	if (stream == 3)
		return err_set(e, ERR_SYSTEM, 0, "error from daemon in stream: %.*s", (int)n, p);
	return fd_write_all(stream == 2 ? STDERR_FILENO : STDOUT_FILENO, p, n, e);
}

static int print_output(struct docker_io *io, struct demux *d, const char *p, size_t n,
			struct err *e)
{
	if (!io->output)
		return 0;
	if (io->multiplexed)
		return demux_add(d, p, n, print_frame, NULL, e);
	return fd_write_all(STDOUT_FILENO, p, n, e);
}

static int copy_output(struct docker_io *io, struct err *e)
{
	CLEANUP(freep) char *p = xmalloc(COPY_BYTES);
	struct demux d = {0};

	if (print_output(io, &d, buf_str(&io->left), io->left.len, e) < 0)
		return -1;
	for (;;) {
		ssize_t n = stream_read(io->stream, p, COPY_BYTES, e);

		if (n == 0 || session.detached)
			return 0;
		if (n < 0)
			return -1;
		if (print_output(io, &d, p, (size_t)n, e) < 0)
			return -1;
	}
}

int docker_io_run(struct docker_io *io, struct err *e)
{
	int r;

	if (io->tty && io->input)
		tty_raw();
	if (io->input && start_input(io, e) < 0) {
		tty_restore();
		return -1;
	}
	r = copy_output(io, e);
	io->detached = session.detached;
	tty_restore();
	return r;
}

void docker_io_clear(struct docker_io *io)
{
	/* the input thread may still sit in read(0): the stream stays open until we exit */
	if (!io->input)
		stream_free(io->stream);
	else if (io->stream != NULL)
		shutdown(io->stream->fd, SHUT_RDWR);
	io->stream = NULL;
	buf_clear(&io->left);
}

/* --- signals --------------------------------------------------------------- */

static const int proxied[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT};

struct proxy {
	struct client *client;
	char *path; /* to resize, or the container's id */
	bool redraw;
};

static void send_size(struct proxy *p, unsigned more)
{
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {.method = "POST", .path = p->path, .query = &q};
	unsigned rows, cols;
	char text[16];
	struct err e;

	if (!docker_tty_size(&rows, &cols) || (rows == 0 && cols == 0))
		return;
	snprintf(text, sizeof(text), "%u", rows + more);
	http_query_add(&q, "h", text);
	snprintf(text, sizeof(text), "%u", cols + more);
	http_query_add(&q, "w", text);
	(void)!client_call(p->client, &rq, NULL, &e); /* the container may be gone: no matter */
}

static void resize_thread(void *arg)
{
	struct proxy *p = arg;
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	if (p->redraw)
		send_size(p, 1);
	send_size(p, 0);
	while (sigwait(&set, &sig) == 0)
		send_size(p, 0);
}

static const char *signal_word(int sig)
{
	static const struct {
		int sig;
		const char *word;
	} words[] = {{SIGHUP, "HUP"},	{SIGINT, "INT"},   {SIGQUIT, "QUIT"}, {SIGTERM, "TERM"},
		     {SIGUSR1, "USR1"}, {SIGUSR2, "USR2"}, {SIGALRM, "ALRM"}, {SIGCONT, "CONT"}};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (words[i].sig == sig)
			return words[i].word;
	return "KILL";
}

static void signal_thread(void *arg)
{
	struct proxy *p = arg;
	unsigned endings = 0;
	sigset_t set;
	int sig;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(proxied); i++)
		sigaddset(&set, proxied[i]);
	while (sigwait(&set, &sig) == 0) {
		CLEANUP(freep) char *path = client_path("/containers/%s/kill", p->path);
		CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
		struct client_req rq = {.method = "POST", .path = path, .query = &q};
		struct err e;

		if ((sig == SIGINT || sig == SIGTERM) && ++endings >= 3) {
			tty_restore();
			fputs("\ngot 3 SIGTERM/SIGINTs, forcefully exiting\n", stderr);
			_exit(1);
		}
		http_query_add(&q, "signal", signal_word(sig));
		(void)!client_call(p->client, &rq, NULL, &e);
	}
}

static void start_proxy(struct docker_cli *cli, struct proxy *p, const int *sigs, size_t n,
			void (*fn)(void *arg))
{
	sigset_t set;
	struct err e;

	sigemptyset(&set);
	for (size_t i = 0; i < n; i++)
		sigaddset(&set, sigs[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	p->client = client_clone(cli->client);
	if (thread_start(fn, p, &e) < 0)
		pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

void docker_resize_start(struct docker_cli *cli, char *path, bool redraw)
{
	static const int winch[] = {SIGWINCH};
	struct proxy *p = xcalloc(1, sizeof(*p));

	p->path = path;
	p->redraw = redraw;
	start_proxy(cli, p, winch, 1, resize_thread);
}

void docker_signals_start(struct docker_cli *cli, char *id)
{
	struct proxy *p = xcalloc(1, sizeof(*p));

	p->path = id;
	start_proxy(cli, p, proxied, ARRAY_LEN(proxied), signal_thread);
}
