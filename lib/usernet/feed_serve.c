// SPDX-License-Identifier: MIT
/*
 * usernet's end of the feed. The listening socket is the parent's, so whoever
 * connected while no usernet ran is found waiting in it. The kernel's uid of a
 * peer must be ours. Messages are obeyed one by one; see feed.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/net.h"
#include "usernet/feed.h"
#include "usernet/usernet_internal.h"

#define READS_PER_TURN 256

struct feed_conn {
	struct list link;
	struct usernet *u;
	int fd;
	struct loop_source *source;
};

struct feed_serve {
	int listen_fd;
	unsigned uid; /* ours; asked before the process was confined */
	struct loop_source *source;
	struct list conns; /* struct feed_conn */
	size_t n_conns;
	struct feed_listener *listeners; /* of the engine */
	size_t n_listeners;
	bool told; /* the names are whole, for the first time */
};

static void conn_end(struct feed_conn *c)
{
	loop_del(c->u->loop, c->source);
	fd_close(&c->fd);
	list_del(&c->link);
	c->u->feed->n_conns--;
	free(c);
}

static int send_stats(struct feed_conn *c, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	const struct usernet_stats *s = &c->u->stats;

	feed_put_head(&b, FEED_STATS);
#define X(name, help) feed_put_stat(&b, #name, s->name);
	USERNET_STATS(X)
#undef X
	return feed_send(c->fd, &b, 0, e);
}

static int obey(struct feed_conn *c, struct feed_message *m, struct err *e)
{
	struct usernet *u = c->u;

	switch (m->op) {
	case FEED_BEGIN:
		nametab_begin(&u->names);
		return 0;
	case FEED_SET:
		if (!nametab_put(&u->names, &m->endpoint))
			log_warn(NULL, "too many containers for the nameserver");
		return 0;
	case FEED_DEL:
		nametab_remove(&u->names, m->endpoint.endpoint_id);
		return 0;
	case FEED_END:
		nametab_end(&u->names);
		if (!u->feed->told) {
			u->feed->told = true;
			dns_sock_open(u);
		}
		return 0;
	case FEED_LISTENERS:
		free(u->feed->listeners);
		u->feed->listeners = TAKE(m->listeners);
		u->feed->n_listeners = m->n_listeners;
		return 0;
	case FEED_GATEWAY:
		u->host_names_given = true;
		u->host_name4 = m->endpoint.v4;
		u->host_name6 = m->endpoint.v6;
		return 0;
	case FEED_STATS:
		return send_stats(c, e);
	}
	return 0;
}

/* One message, if there is one: 1, 0 nothing more now, -1 the connection is gone. */
static int take_message(struct feed_conn *c)
{
	struct feed_message m = {0};
	struct err e;
	ssize_t n = fd_recv(c->fd, c->u->scratch, FEED_MESSAGE_MAX, NULL, NULL, &e);
	int r;

	if (n < 0 && (e.sys == EAGAIN || e.sys == EINTR))
		return 0;
	if (n == 0 || (n < 0 && e.sys == ECONNRESET)) {
		conn_end(c);
		return -1;
	}
	if (n < 0 || feed_parse(c->u->scratch, (size_t)n, &m, &e) < 0) {
		log_warn(&e, "feed");
		conn_end(c);
		return -1;
	}
	r = obey(c, &m, &e);
	feed_message_clear(&m);
	if (r < 0) {
		log_debug(&e, "feed");
		conn_end(c);
		return -1;
	}
	return 1;
}

static void on_message(struct loop *l UNUSED, int fd UNUSED, uint32_t events UNUSED, void *arg)
{
	struct feed_conn *c = arg;

	for (int i = 0; i < READS_PER_TURN; i++)
		if (take_message(c) <= 0)
			return;
}

/* false: nobody waits any more */
static bool accept_one(struct usernet *u)
{
	int fd = accept4(u->feed->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct feed_conn *c;
	unsigned uid;
	struct err e;

	if (fd < 0)
		return false;
	if (net_peer_uid(fd, &uid) < 0 || uid != u->feed->uid ||
	    u->feed->n_conns >= FEED_CONNECTIONS_MAX) {
		log_warn(NULL, "feed: refused a client");
		close(fd);
		return true;
	}
	c = xcalloc(1, sizeof(*c));
	c->u = u;
	c->fd = fd;
	list_add_tail(&u->feed->conns, &c->link);
	u->feed->n_conns++;
	c->source = loop_add(u->loop, fd, EPOLLIN, on_message, c, &e);
	if (c->source == NULL)
		conn_end(c);
	return true;
}

static void on_accept(struct loop *l UNUSED, int fd UNUSED, uint32_t events UNUSED, void *arg)
{
	while (accept_one(arg))
		;
}

void feed_serve_drain(struct usernet *u)
{
	struct feed_conn *c, *tmp;

	if (u->feed == NULL)
		return;
	if (u->feed->n_conns == 0)
		(void)accept_one(u);
	list_for_each_safe (c, tmp, &u->feed->conns, link)
		while (take_message(c) > 0)
			;
}

bool feed_told(const struct usernet *u)
{
	return u->feed == NULL || u->feed->told;
}

bool feed_is_listener(const struct usernet *u, const struct ip *addr, uint16_t port)
{
	for (size_t i = 0; u->feed != NULL && i < u->feed->n_listeners; i++) {
		const struct feed_listener *l = &u->feed->listeners[i];

		if (l->port == port && (ip_is_any(&l->ip) || ip_eq(&l->ip, addr)))
			return true;
	}
	return false;
}

int feed_serve_start(struct usernet *u, int listen_fd, struct err *e)
{
	u->feed = xcalloc(1, sizeof(*u->feed));
	list_init(&u->feed->conns);
	u->feed->listen_fd = listen_fd;
	u->feed->uid = geteuid();
	fd_set_nonblock(listen_fd, true);
	u->feed->source = loop_add(u->loop, listen_fd, EPOLLIN, on_accept, u, e);
	return u->feed->source != NULL ? 0 : -1;
}

void feed_serve_stop(struct usernet *u)
{
	if (u->feed == NULL)
		return;
	while (!list_empty(&u->feed->conns))
		conn_end(CONTAINER_OF(u->feed->conns.next, struct feed_conn, link));
	loop_del(u->loop, u->feed->source);
	free(u->feed->listeners);
	free(u->feed);
	u->feed = NULL;
}
