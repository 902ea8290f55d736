// SPDX-License-Identifier: MIT
/*
 * Published TCP. A client accepted on the host is joined to a socket made in N
 * that connects to the container. Each direction is a small pump: read and send
 * at first; once a read comes back full, splice(2) through a pipe, which never
 * copies to user space; back to reading when the bulk is over. Edge-triggered:
 * a pump runs until one side would block. SPLICE_F_MORE is never passed (it
 * corks for 200 ms).
 *
 * Half-close: end of file with nothing pending becomes shutdown(SHUT_WR) on the
 * other side. An error resets both. A target that refuses is tried again for a
 * second, for a container's server may be just starting.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "usernet/ports_internal.h"

#define RELAY_READ	 16384
#define RELAY_SPLICE	 (1 << 20)
#define RELAY_TURNS	 16
#define RELAY_RETRIES	 5
#define RELAY_RETRY_MS	 200
#define RELAY_CONNECT_MS 30000
#define RELAY_REST_MS	 200
#define ACCEPTS_PER_TURN 32

enum { CLIENT, CHILD };

/* bytes from side i to side 1 - i */
struct pump {
	int pipe[2]; /* -1: none */
	size_t in_pipe;
	uint8_t *rest; /* read but not yet sent; NULL: none */
	size_t rest_off, rest_len;
	bool bulk;
	bool eof, done;
};

struct relay {
	struct list link; /* in port.relays, or usernet.relays_dead */
	struct port *port;
	struct usernet *u;
	int fd[2];
	struct loop_source *source[2];
	struct pump pump[2];
	struct wheel_timer timer; /* retry, connect timeout, or the next turn */
	unsigned tries;
	bool connected, dead;
};

static void kill_relay(struct relay *r, bool reset)
{
	struct linger hard = {.l_onoff = 1, .l_linger = 0};

	if (r->dead)
		return;
	r->dead = true;
	for (int i = 0; i < 2; i++) {
		if (reset && r->fd[i] >= 0)
			setsockopt(r->fd[i], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		loop_del(r->u->loop, r->source[i]);
		fd_close(&r->fd[i]);
		if (r->pump[i].pipe[0] >= 0)
			pipes_give(&r->u->pipes, r->pump[i].pipe, r->pump[i].in_pipe == 0);
		free(r->pump[i].rest);
	}
	wheel_stop(&r->u->wheel, &r->timer);
	r->u->n_relays--;
	list_del(&r->link);
	list_add_tail(&r->u->relays_dead, &r->link);
}

void relay_reap(struct usernet *u)
{
	while (!list_empty(&u->relays_dead)) {
		struct relay *r = CONTAINER_OF(u->relays_dead.next, struct relay, link);

		list_del(&r->link);
		free(r);
	}
}

void relay_kill_all(struct port *p)
{
	while (!list_empty(&p->relays))
		kill_relay(CONTAINER_OF(p->relays.next, struct relay, link), true);
}

/* What a step of a pump came to. */
enum step { STEP_MORE, STEP_BLOCKED, STEP_FAILED };

static enum step would_block(void)
{
	if (errno == EINTR)
		return STEP_MORE;
	return errno == EAGAIN ? STEP_BLOCKED : STEP_FAILED;
}

static enum step send_rest(struct pump *p, int out)
{
	ssize_t n = send(out, p->rest + p->rest_off, p->rest_len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0)
		return would_block();
	p->rest_off += (size_t)n;
	p->rest_len -= (size_t)n;
	if (p->rest_len == 0) {
		free(p->rest);
		p->rest = NULL;
	}
	return STEP_MORE;
}

static enum step read_step(struct usernet *u, struct pump *p, int in, int out)
{
	ssize_t n = recv(in, u->scratch, RELAY_READ, MSG_DONTWAIT), sent;

	if (n < 0)
		return would_block();
	if (n == 0) {
		p->eof = true;
		return STEP_MORE;
	}
	sent = send(out, u->scratch, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		return STEP_FAILED;
	sent = MAX(sent, 0);
	if (sent < n) {
		p->rest_len = (size_t)(n - sent);
		p->rest_off = 0;
		p->rest = xmemdup(u->scratch + sent, p->rest_len);
	}
	p->bulk = n == RELAY_READ && (p->pipe[0] >= 0 || pipes_take(&u->pipes, p->pipe));
	return STEP_MORE;
}

static enum step splice_in(struct usernet *u, struct pump *p, int in)
{
	ssize_t n =
		splice(in, NULL, p->pipe[1], NULL, RELAY_SPLICE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n > 0) {
		p->in_pipe += (size_t)n;
		return STEP_MORE;
	}
	if (n == 0)
		p->eof = true;
	else if (errno != EAGAIN)
		return would_block();
	/* a lull: the pipe goes to whoever needs one */
	p->bulk = false;
	pipes_give(&u->pipes, p->pipe, true);
	return n == 0 ? STEP_MORE : STEP_BLOCKED;
}

static enum step splice_out(struct pump *p, int out)
{
	ssize_t n =
		splice(p->pipe[0], NULL, out, NULL, p->in_pipe, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n <= 0)
		return n == 0 ? STEP_FAILED : would_block();
	p->in_pipe -= (size_t)n;
	return STEP_MORE;
}

static enum step pump_step(struct relay *r, int from)
{
	struct pump *p = &r->pump[from];
	int in = r->fd[from], out = r->fd[1 - from];

	if (p->done)
		return STEP_BLOCKED;
	if (p->rest != NULL)
		return send_rest(p, out);
	if (p->in_pipe > 0)
		return splice_out(p, out);
	if (p->eof) {
		shutdown(out, SHUT_WR);
		p->done = true;
		return STEP_BLOCKED;
	}
	return p->bulk ? splice_in(r->u, p, in) : read_step(r->u, p, in, out);
}

static void run(struct relay *r)
{
	bool again = false;

	for (int from = 0; from < 2; from++) {
		enum step s = STEP_MORE;

		for (int i = 0; i < RELAY_TURNS * 2 && s == STEP_MORE; i++)
			s = pump_step(r, from);
		if (s == STEP_FAILED) {
			kill_relay(r, true);
			return;
		}
		again = again || s == STEP_MORE;
	}
	if (r->pump[CLIENT].done && r->pump[CHILD].done) {
		kill_relay(r, false);
		return;
	}
	/* a source that is edge-triggered says nothing again by itself: re-arming it does */
	if (again) {
		for (int i = 0; i < 2; i++)
			loop_mod(r->u->loop, r->source[i],
				 EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
	}
}

static void connect_child(struct relay *r);

static void on_side(struct loop *l UNUSED, int fd UNUSED, uint32_t events, void *arg)
{
	struct relay *r = arg;
	struct usernet *u = r->u;
	socklen_t len = sizeof(int);
	int sys = 0;

	if (!r->connected && r->fd[CHILD] >= 0 && fd == r->fd[CHILD]) {
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys, &len) < 0)
			sys = errno;
		if (sys == ECONNREFUSED && r->tries < RELAY_RETRIES) {
			loop_del(u->loop, r->source[CHILD]);
			r->source[CHILD] = NULL;
			fd_close(&r->fd[CHILD]);
			wheel_set(&u->wheel, &r->timer, RELAY_RETRY_MS);
			return;
		}
		if (sys != 0) {
			kill_relay(r, true);
		} else if ((events & EPOLLOUT) != 0) {
			r->connected = true;
			wheel_stop(&u->wheel, &r->timer);
		}
	}
	if (!r->dead && r->connected)
		run(r);
	else if (!r->dead && fd == r->fd[CLIENT] && (events & (EPOLLERR | EPOLLHUP)) != 0)
		kill_relay(r, true); /* the client gave up before the container answered */
	relay_reap(u);
}

static void on_timer(struct wheel_timer *timer, void *arg)
{
	struct relay *r = CONTAINER_OF(timer, struct relay, timer);

	if (r->fd[CHILD] < 0)
		connect_child(r);
	else
		kill_relay(r, true);
	relay_reap(arg);
}

static void connect_child(struct relay *r)
{
	const struct port *p = r->port;
	struct usernet *u = r->u;
	struct err e;

	r->tries++;
	r->fd[CHILD] = pool_take(u, p->pool_kind);
	if (r->fd[CHILD] < 0) {
		/* the helper is being started again */
		if (r->tries >= RELAY_RETRIES)
			kill_relay(r, true);
		else
			wheel_set(&u->wheel, &r->timer, RELAY_RETRY_MS);
		return;
	}
	if (connect(r->fd[CHILD], (const struct sockaddr *)&p->child, p->child_len) < 0 &&
	    errno != EINPROGRESS && errno != ECONNREFUSED) {
		kill_relay(r, true);
		return;
	}
	wheel_set(&u->wheel, &r->timer, RELAY_CONNECT_MS);
	r->source[CHILD] = loop_add(u->loop, r->fd[CHILD],
				    EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, on_side, r, &e);
	if (r->source[CHILD] == NULL) {
		log_warn(&e, "watch a published connection");
		kill_relay(r, true);
	}
}

static void new_relay(struct port *p, int fd)
{
	struct relay *r = xcalloc(1, sizeof(*r));
	struct err e;
	int one = 1;

	r->port = p;
	r->u = p->u;
	r->fd[CLIENT] = fd;
	r->fd[CHILD] = -1;
	for (int i = 0; i < 2; i++)
		r->pump[i].pipe[0] = r->pump[i].pipe[1] = -1;
	wheel_timer_init(&r->timer, on_timer);
	list_add_tail(&p->relays, &r->link);
	p->u->n_relays++;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	r->source[CLIENT] =
		loop_add(p->u->loop, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, on_side, r, &e);
	if (r->source[CLIENT] == NULL) {
		log_warn(&e, "watch a published connection");
		kill_relay(r, true);
		return;
	}
	connect_child(r);
}

void relay_accept(struct port *p)
{
	struct usernet *u = p->u;

	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		int fd;

		if (u->n_relays >= USERNET_RELAYS_MAX) {
			loop_mod(u->loop, p->source, 0);
			wheel_set(&u->wheel, &p->rest, RELAY_REST_MS);
			break;
		}
		fd = accept4(p->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
			log_warn(NULL, "published port: accept: %s", strerror(errno));
			loop_mod(u->loop, p->source, 0);
			wheel_set(&u->wheel, &p->rest, RELAY_REST_MS);
			break;
		}
		if (fd < 0)
			break;
		new_relay(p, fd);
	}
	relay_reap(u);
}
