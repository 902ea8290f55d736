// SPDX-License-Identifier: MIT
/*
 * Clients of a listener. Each walks: METHODS and REQUEST (SOCKS5 only), then
 * CONNECT through the target's addresses, then RELAY until both ways have
 * ended. Up to RELAY it has a deadline.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "config/limits.h"
#include "inspect/dial_internal.h"
#include "inspect/duct.h"
#include "inspect/socks.h"

enum phase { METHODS, REQUEST, CONNECT, RELAY };

struct caller {
	enum phase phase;
	int client_fd, target_fd;
	int64_t deadline_ms; /* 0: none any more */
	uint8_t in[SOCKS_REQUEST_MAX];
	size_t n_in;
	struct socks_request rq;
	struct ip ips[DIAL_ADDRESSES_MAX];
	int n_ips, at; /* at: the next to try */
	struct duct duct;
};

struct service {
	const struct dial_conf *conf;
	struct caller *callers[DIAL_CLIENTS_MAX];
	size_t n;
};

/* a few bytes to a client that has hardly sent any; it does not get more time */
static bool tell(struct caller *c, const uint8_t *p, size_t n)
{
	return send(c->client_fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)n;
}

/* The end of a client that got nowhere; false for the caller to return. */
static bool refuse(const struct service *s, struct caller *c, enum socks_reply code)
{
	uint8_t out[SOCKS_REPLY_SIZE];

	if (s->conf->socks) {
		socks_reply(code, out);
		/* closed in order, so that the answer arrives */
		if (tell(c, out, sizeof(out)) && shutdown(c->client_fd, SHUT_WR) == 0)
			fd_close(&c->client_fd);
	}
	dial_reset(&c->client_fd);
	return false;
}

static enum socks_reply code_of(int sys)
{
	return sys == ECONNREFUSED ? SOCKS_REFUSED
	       : sys == ETIMEDOUT  ? SOCKS_TTL_EXPIRED
				   : SOCKS_HOST_UNREACHABLE;
}

static bool next_address(const struct service *s, struct caller *c, int sys)
{
	uint16_t port = s->conf->socks ? c->rq.port : s->conf->port;

	fd_close(&c->target_fd);
	while (c->at < c->n_ips) {
		c->target_fd = dial_start(&c->ips[c->at++], port);
		if (c->target_fd >= 0) {
			c->phase = CONNECT;
			c->deadline_ms = time_mono_ms() + DIAL_CONNECT_MS;
			return true;
		}
		sys = errno;
	}
	return refuse(s, c, code_of(sys));
}

static bool resolve(const struct service *s, struct caller *c)
{
	const struct dial_guide *g = &s->conf->guide;
	const char *word = s->conf->socks ? c->rq.host : s->conf->word;
	struct err e;

	c->n_ips = g->resolve(g->arg, word, c->ips, DIAL_ADDRESSES_MAX, &e);
	if (c->n_ips < 0) {
		log_debug(&e, "connection to %s", word);
		return refuse(s, c,
			      e.kind == ERR_NOTFOUND ? SOCKS_NOT_ALLOWED : SOCKS_HOST_UNREACHABLE);
	}
	return next_address(s, c, EHOSTUNREACH);
}

static void consume(struct caller *c, size_t n)
{
	c->n_in -= n;
	memmove(c->in, c->in + n, c->n_in);
}

static bool on_methods(struct caller *c)
{
	uint8_t out[SOCKS_METHODS_SIZE];
	bool none = false;
	int r = socks_parse_methods(c->in, c->n_in, &none);

	if (r <= 0)
		return r == 0;
	socks_methods(none, out);
	if (!tell(c, out, sizeof(out)) || !none)
		return false;
	consume(c, (size_t)r);
	c->phase = REQUEST;
	return true;
}

static bool on_request(const struct service *s, struct caller *c)
{
	int r = socks_parse_request(c->in, c->n_in, &c->rq);

	if (r < 0)
		return refuse(s, c, (enum socks_reply) - r);
	if (r == 0)
		return true;
	/* a client speaks on only when it was answered */
	if ((size_t)r != c->n_in)
		return refuse(s, c, SOCKS_FAILED);
	return resolve(s, c);
}

static bool on_words(const struct service *s, struct caller *c)
{
	ssize_t n = recv(c->client_fd, c->in + c->n_in, sizeof(c->in) - c->n_in, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0)
		return false;
	c->n_in += (size_t)n;
	if (c->phase == METHODS && !on_methods(c))
		return false;
	return c->phase != REQUEST || on_request(s, c);
}

static bool on_connected(const struct service *s, struct caller *c)
{
	uint8_t out[SOCKS_REPLY_SIZE];
	int sys = dial_error(c->target_fd);

	if (sys != 0)
		return next_address(s, c, sys);
	socks_reply(SOCKS_OK, out);
	if (s->conf->socks && !tell(c, out, sizeof(out)))
		return false;
	c->phase = RELAY;
	c->deadline_ms = 0;
	duct_init(&c->duct, c->client_fd, c->client_fd, c->target_fd);
	return true;
}

static void caller_poll(const struct caller *c, struct pollfd fds[DUCT_FDS])
{
	for (int i = 0; i < DUCT_FDS; i++)
		fds[i].fd = -1;
	if (c->phase == RELAY)
		duct_poll(&c->duct, fds);
	else if (c->phase == CONNECT)
		fds[0] = (struct pollfd){.fd = c->target_fd, .events = POLLOUT};
	else
		fds[0] = (struct pollfd){.fd = c->client_fd, .events = POLLIN};
}

/* false: this client has ended */
static bool caller_step(const struct service *s, struct caller *c,
			const struct pollfd fds[DUCT_FDS], int64_t now)
{
	int r;

	if (c->phase == RELAY) {
		r = duct_step(&c->duct, fds);
		if (r < 0) {
			dial_reset(&c->client_fd);
			dial_reset(&c->target_fd);
		}
		return r == 0;
	}
	if (fds[0].revents != 0)
		return c->phase == CONNECT ? on_connected(s, c) : on_words(s, c);
	if (c->deadline_ms > now)
		return true;
	return c->phase == CONNECT ? next_address(s, c, ETIMEDOUT) : false;
}

static void caller_free(struct caller *c)
{
	duct_clear(&c->duct);
	fd_close(&c->client_fd);
	fd_close(&c->target_fd);
	free(c);
}

static void on_accept(struct service *s, int listen_fd)
{
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct caller *c;

	if (fd < 0)
		return;
	dial_tune(fd);
	c = xcalloc(1, sizeof(*c));
	c->client_fd = fd;
	c->target_fd = -1;
	c->phase = METHODS;
	c->deadline_ms = time_mono_ms() + DIAL_REQUEST_MS;
	if (!s->conf->socks && !resolve(s, c)) {
		caller_free(c);
		return;
	}
	s->callers[s->n++] = c;
}

/* milliseconds until the first deadline, -1 none */
static int next_deadline(const struct service *s)
{
	int64_t first = -1, now = time_mono_ms();

	for (size_t i = 0; i < s->n; i++) {
		int64_t d = s->callers[i]->deadline_ms;

		if (d != 0 && (first < 0 || d < first))
			first = d;
	}
	return first < 0 ? -1 : (int)MAX(first - now, 0);
}

static void step_all(struct service *s, const struct pollfd *fds)
{
	int64_t now = time_mono_ms();
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (caller_step(s, s->callers[i], fds + i * DUCT_FDS, now))
			s->callers[kept++] = s->callers[i];
		else
			caller_free(s->callers[i]);
	}
	s->n = kept;
}

static int serve(struct service *s, int listen_fd, struct pollfd *fds, struct err *e)
{
	for (;;) {
		bool room = s->n < DIAL_CLIENTS_MAX;

		fds[0] = (struct pollfd){.fd = room ? listen_fd : -1, .events = POLLIN};
		fds[1] = (struct pollfd){.fd = s->conf->stop_fd}; /* POLLHUP comes unasked */
		for (size_t i = 0; i < s->n; i++)
			caller_poll(s->callers[i], fds + 2 + i * DUCT_FDS);
		if (poll(fds, 2 + s->n * DUCT_FDS, next_deadline(s)) < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(e, "poll");
		}
		if (fds[1].fd >= 0 && fds[1].revents != 0)
			return 0;
		step_all(s, fds + 2);
		if (fds[0].fd >= 0 && fds[0].revents != 0)
			on_accept(s, listen_fd);
	}
}

int dial_serve(const struct dial_conf *c, int listen_fd, struct err *e)
{
	CLEANUP(freep)
	struct pollfd *fds = xcalloc(2 + DIAL_CLIENTS_MAX * DUCT_FDS, sizeof(*fds));
	struct service s = {.conf = c};
	int r = serve(&s, listen_fd, fds, e);

	for (size_t i = 0; i < s.n; i++)
		caller_free(s.callers[i]);
	return r;
}
