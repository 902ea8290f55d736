// SPDX-License-Identifier: MIT
/*
 * Theory of operation. Each direction of a relay is a small pump: read and send
 * at first; once a read comes back full, splice(2) through a pipe, which never
 * copies to user space; back to reading after a few short ones. Edge-triggered:
 * a pump runs until one side would block, and only the pumps an event concerns. A
 * short read says that nothing more is there (epoll(7)), unless the end is near. A pipe is held
 * only while bulk moves, for beyond pipe-user-pages-soft they shrink to two pages. SPLICE_F_MORE is
 * never passed (it corks for 200 ms).
 *
 * Half-close: end of file with nothing pending becomes shutdown(SHUT_WR) on the
 * other side. An error resets both: what was received before it is delivered
 * first, for the error is met when reading.
 */
#include "usernet/relay_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"

#define RELAY_READ	     16384
#define RELAY_SPLICE	     (1 << 20)
#define RELAY_STEPS	     32	  /* of a pump before others have their turn */
#define RELAY_SHORTS	     3	  /* and it is no bulk any more */
#define RELAY_CROWDED_US     1000 /* of standing back: whom we wait for needs less */
#define RELAY_CROWDED_FOR_US 500000
#define RELAY_EVENTS	     (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

/* bytes from side i to side 1 - i */
struct pump {
	int pipe[2]; /* -1: none */
	size_t in_pipe;
	uint8_t *rest; /* read but not yet sent; NULL: none */
	size_t rest_off, rest_len;
	bool bulk;
	uint8_t n_short; /* short splices in a row */
	bool rested;	 /* since the last splice that brought something */
	bool more;	 /* others had their turn before it was through */
	bool ended;	 /* the end of what side i sends, or an error, was announced */
	bool eof, done;
};

struct relay {
	struct list link; /* in the owner's list, or usernet.relays_dead */
	struct usernet *u;
	int fd[2];
	struct loop_source *source[2];
	struct pump pump[2];
	void (*done)(void *);
	void *arg;
	bool dead;
};

void relay_reset(int *fd)
{
	struct linger hard = {.l_onoff = 1, .l_linger = 0};

	if (*fd >= 0)
		setsockopt(*fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	fd_close(fd);
}

static void free_relay(struct relay *r)
{
	for (int i = 0; i < 2; i++) {
		loop_del(r->u->loop, r->source[i]);
		fd_close(&r->fd[i]);
	}
	list_del(&r->link);
	free(r);
}

static void reap(struct loop *l UNUSED, void *arg)
{
	struct usernet *u = arg;

	while (!list_empty(&u->relays_dead))
		free_relay(CONTAINER_OF(u->relays_dead.next, struct relay, link));
}

/* One that both sides have ended is closed when nothing is waiting: nobody waits for that. */
static void kill_relay(struct relay *r, bool reset)
{
	if (r->dead)
		return;
	r->dead = true;
	for (int i = 0; i < 2; i++) {
		if (reset) {
			loop_del(r->u->loop, r->source[i]);
			r->source[i] = NULL;
			relay_reset(&r->fd[i]);
		}
		if (r->pump[i].pipe[0] >= 0)
			pipes_give(&r->u->pipes, r->pump[i].pipe, r->pump[i].in_pipe == 0);
		free(r->pump[i].rest);
	}
	r->u->n_relays--;
	list_del(&r->link);
	list_add_tail(&r->u->relays_dead, &r->link);
	loop_later(r->u->loop, reap, r->u);
	if (r->done != NULL)
		r->done(r->arg);
}

void relay_kill_all(struct usernet *u, struct list *owner)
{
	while (!list_empty(owner))
		kill_relay(CONTAINER_OF(owner->next, struct relay, link), true);
	reap(u->loop, u);
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
	p->bulk = n == RELAY_READ;
	p->n_short = 0;
	return n < RELAY_READ && p->rest == NULL && !p->ended ? STEP_BLOCKED : STEP_MORE;
}

/* Who sends goes first: what comes half a MiB at a time wakes us less often than 64 KiB. Not while
 * somebody else takes the processor meanwhile. */
static bool stand_back(struct usernet *u)
{
	int64_t before = time_mono_us(), after;

	if (before < u->crowded_until_us)
		return false;
	sched_yield();
	after = time_mono_us();
	if (after - before > RELAY_CROWDED_US)
		u->crowded_until_us = after + RELAY_CROWDED_FOR_US;
	return true;
}

static enum step splice_in(struct usernet *u, struct pump *p, int in)
{
	ssize_t n =
		splice(in, NULL, p->pipe[1], NULL, RELAY_SPLICE, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

	if (n > 0) {
		p->in_pipe += (size_t)n;
		p->rested = false;
		p->n_short = n < RELAY_READ ? p->n_short + 1 : 0;
		return STEP_MORE;
	}
	if (n == 0)
		p->eof = true;
	else if (errno != EAGAIN)
		return would_block();
	if (n < 0 && !p->rested && stand_back(u)) {
		p->rested = true;
		return STEP_MORE;
	}
	/* a lull: the pipe goes to whoever needs one */
	p->bulk = p->n_short < RELAY_SHORTS;
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
		/* when the other way has ended too, closing tells it */
		if (!r->pump[1 - from].done)
			shutdown(out, SHUT_WR);
		p->done = true;
		return STEP_BLOCKED;
	}
	if (p->bulk && (p->pipe[0] >= 0 || pipes_take(&r->u->pipes, p->pipe)))
		return splice_in(r->u, p, in);
	return read_step(r->u, p, in, out);
}

/* Events of side i concern what it sends, and what waits to be sent to it. */
static bool concerned(const struct pump *p, bool readable, bool writable)
{
	return readable || (writable && (p->rest != NULL || p->in_pipe > 0 || p->more));
}

static void run(struct relay *r, int side, uint32_t events)
{
	bool readable = (events & ~(uint32_t)EPOLLOUT) != 0,
	     writable = (events & ~(uint32_t)EPOLLIN) != 0;
	bool again = false;

	for (int from = 0; from < 2; from++) {
		struct pump *p = &r->pump[from];
		enum step s = STEP_MORE;

		if (!concerned(p, from == side && readable, from != side && writable))
			continue;
		for (int i = 0; i < RELAY_STEPS && s == STEP_MORE; i++)
			s = pump_step(r, from);
		if (s == STEP_FAILED) {
			kill_relay(r, true);
			return;
		}
		p->more = s == STEP_MORE;
		again = again || p->more;
	}
	if (r->pump[0].done && r->pump[1].done) {
		kill_relay(r, false);
		return;
	}
	/* a source that is edge-triggered says nothing again by itself: re-arming it does */
	if (again) {
		for (int i = 0; i < 2; i++)
			loop_mod(r->u->loop, r->source[i], RELAY_EVENTS);
	}
}

static void on_side(struct loop *l UNUSED, int fd, uint32_t events, void *arg)
{
	struct relay *r = arg;
	int side;

	if (r->dead)
		return;
	side = fd == r->fd[0] ? 0 : 1;
	if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0)
		r->pump[side].ended = true;
	/* a reset of the side that has nothing more to send is met by no read */
	if ((events & EPOLLERR) != 0 && r->pump[side].done)
		kill_relay(r, true);
	else
		run(r, side, events);
}

int relay_start(struct usernet *u, const struct relay_conf *c, struct err *e)
{
	struct relay *r;
	bool full = u->n_relays >= USERNET_RELAYS_MAX;

	r = xcalloc(1, sizeof(*r));
	r->u = u;
	for (int i = 0; i < 2; i++) {
		r->fd[i] = c->fd[i];
		r->pump[i].pipe[0] = r->pump[i].pipe[1] = -1;
	}
	list_add_tail(c->owner, &r->link);
	u->n_relays++;
	for (int i = 0; i < 2 && !full; i++) {
		r->source[i] = loop_add(u->loop, r->fd[i], RELAY_EVENTS, on_side, r, e);
		if (r->source[i] == NULL)
			break;
	}
	if (r->source[1] == NULL) {
		kill_relay(r, true);
		return full ? err_set(e, ERR_UNAVAILABLE, 0, "too many relayed connections") : -1;
	}
	r->done = c->done;
	r->arg = c->arg;
	return 0;
}
