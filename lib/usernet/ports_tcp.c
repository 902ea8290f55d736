// SPDX-License-Identifier: MIT
/*
 * Published TCP. A client accepted on the host is joined to a socket made in the
 * container's own network namespace, which is bound to the client's address and
 * port before it connects to the container: so the container sees who asks, and
 * no packet is forwarded or translated. ip(7) IP_TRANSPARENT; the replies stay
 * inside by the mark (pool_sockets.c of the helper).
 *
 * Clients that cannot be shown as they are (the host's loopback, another address
 * family) appear as the network's gateway, with a port of the kernel's choice.
 *
 * A target that refuses is tried again for a second, for a container's server
 * may be just starting; then the client sees a reset. Nothing of this holds up
 * the listener.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "usernet/addr.h"
#include "usernet/ports_internal.h"
#include "usernet/relay_internal.h"

#define CONN_RETRIES	8
#define CONN_RETRY_MS	100
#define CONN_CONNECT_MS 30000
#define PORT_REST_MS	200

struct port_conn {
	struct list link; /* in port.conns */
	struct port *port;
	int fd[2]; /* client, container; -1 none */
	struct loop_source *source;
	struct wheel_timer timer; /* retry, or connect timeout */
	unsigned tries;
	struct endpoint client;
};

static void end_conn(struct port_conn *c)
{
	struct usernet *u = c->port->u;

	loop_del(u->loop, c->source);
	wheel_stop(&u->wheel, &c->timer);
	relay_reset(&c->fd[0]);
	fd_close(&c->fd[1]);
	list_del(&c->link);
	u->n_port_conns--;
	free(c);
}

void port_close_conns(struct port *p)
{
	while (!list_empty(&p->conns))
		end_conn(CONTAINER_OF(p->conns.next, struct port_conn, link));
}

/* The container's side stands. */
static void join(struct port_conn *c)
{
	struct relay_conf conf = {.fd = {c->fd[0], c->fd[1]}, .owner = &c->port->relays};
	struct err e;

	c->fd[0] = c->fd[1] = -1;
	loop_del(c->port->u->loop, c->source);
	c->source = NULL;
	if (relay_start(c->port->u, &conf, &e) < 0)
		log_debug(&e, "published connection");
	end_conn(c);
}

static void bind_to(int fd, const struct ip *ip, uint16_t port)
{
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sa(ip, port, &sa);
	int one = 1;

	if (port != 0 && bind(fd, (struct sockaddr *)&sa, len) == 0)
		return;
	/* the kernel chooses the port when it connects: only the pair has to be unique */
	addr_set_port(&sa, 0);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sa, len) < 0)
		log_debug(NULL, "published port: bind: %s", strerror(errno));
}

static void show_client(struct port_conn *c, int fd)
{
	const struct port *p = c->port;
	const struct ip *gateway = stock_gateway(p->stock, p->child.family);

	if (!stock_is_inside(p->stock))
		return;
	if (port_shows(p, &c->client))
		/* a port that was taken at the first try still is */
		bind_to(fd, &c->client.ip, c->tries > 1 ? 0 : c->client.port);
	else if (gateway != NULL)
		bind_to(fd, gateway, 0);
}

/* 0 connected, EINPROGRESS, or what failed */
static int connect_now(const struct port *p, int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = port_child_sa(p, &sa);

	if (connect(fd, (struct sockaddr *)&sa, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	/* inside one namespace the handshake is over by now: that saves a turn of the loop */
	if (connect(fd, (struct sockaddr *)&sa, len) == 0 || errno == EISCONN)
		return 0;
	return errno == EALREADY ? EINPROGRESS : errno;
}

static void on_child(struct loop *l, int fd, uint32_t events, void *arg);

static void failed(struct port_conn *c, int sys)
{
	struct usernet *u = c->port->u;

	loop_del(u->loop, c->source);
	c->source = NULL;
	fd_close(&c->fd[1]);
	if (sys == ENETUNREACH || sys == EHOSTUNREACH || sys == EADDRNOTAVAIL)
		stock_drop(c->port->stock); /* perhaps of a namespace that has gone */
	else if (sys != ECONNREFUSED && sys != ENOTCONN)
		c->tries = CONN_RETRIES; /* a server that resets at once means it */
	if (c->tries >= CONN_RETRIES)
		end_conn(c);
	else
		wheel_set(&u->wheel, &c->timer, CONN_RETRY_MS);
}

static void try_child(struct port_conn *c)
{
	struct port *p = c->port;
	struct usernet *u = p->u;
	struct err e;
	int sys;

	c->tries++;
	c->fd[1] = stock_take(p->stock, port_pool_kind(p));
	if (c->fd[1] < 0) {
		failed(c, ENOTCONN); /* the helper is being started again */
		return;
	}
	show_client(c, c->fd[1]);
	sys = connect_now(p, c->fd[1]);
	if (sys == 0) {
		join(c);
		return;
	}
	if (sys != EINPROGRESS) {
		failed(c, sys);
		return;
	}
	wheel_set(&u->wheel, &c->timer, CONN_CONNECT_MS);
	c->source = loop_add(u->loop, c->fd[1], EPOLLOUT, on_child, c, &e);
	if (c->source == NULL) {
		log_warn(&e, "watch a published connection");
		end_conn(c);
	}
}

static void on_child(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	struct port_conn *c = arg;
	socklen_t len = sizeof(int);
	int sys = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys, &len) < 0)
		sys = errno;
	if (sys == 0)
		join(c);
	else
		failed(c, sys);
}

static void on_timer(struct wheel_timer *timer, void *arg UNUSED)
{
	struct port_conn *c = CONTAINER_OF(timer, struct port_conn, timer);

	if (c->fd[1] < 0)
		try_child(c);
	else
		end_conn(c);
}

static void new_conn(struct port *p, int fd, const struct sockaddr_storage *from)
{
	struct port_conn *c = xcalloc(1, sizeof(*c));

	c->port = p;
	c->fd[0] = fd;
	c->fd[1] = -1;
	c->client.ip = addr_from_sa(from, &c->client.port);
	wheel_timer_init(&c->timer, on_timer);
	list_add_tail(&p->conns, &c->link);
	p->u->n_port_conns++;
	try_child(c);
}

static void rest(struct port *p)
{
	loop_mod(p->u->loop, p->source, 0);
	wheel_set(&p->u->wheel, &p->rest, PORT_REST_MS);
}

/* One a turn: that there is no other costs nothing to hear from epoll. */
void port_accept(struct port *p)
{
	struct usernet *u = p->u;
	struct sockaddr_storage from = {0};
	socklen_t len = sizeof(from);
	int fd;

	if (u->n_relays + u->n_port_conns >= USERNET_RELAYS_MAX) {
		rest(p);
		return;
	}
	/* TCP_NODELAY and keepalive are inherited from the listener */
	fd = accept4(p->fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		new_conn(p, fd, &from);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
		log_warn(NULL, "published port: accept: %s", strerror(errno));
		rest(p);
	}
}
