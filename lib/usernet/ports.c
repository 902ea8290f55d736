// SPDX-License-Identifier: MIT
/* Published ports as rootlesskit's parent hands them over; relays are in relay.c, relay_udp.c. */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/mem.h"
#include "usernet/pool.h"
#include "usernet/ports_internal.h"

static void on_port(struct loop *l UNUSED, int fd UNUSED, uint32_t events UNUSED, void *arg)
{
	struct port *p = arg;

	if (p->udp)
		relay_udp_input(p);
	else
		relay_accept(p);
}

static void on_rested(struct wheel_timer *timer, void *arg)
{
	struct port *p = CONTAINER_OF(timer, struct port, rest);
	struct usernet *u = arg;

	loop_mod(u->loop, p->source, EPOLLIN);
}

static void free_port(struct port *p)
{
	if (p->udp)
		relay_udp_kill_all(p);
	else
		relay_kill_all(p);
	loop_del(p->u->loop, p->source);
	wheel_stop(&p->u->wheel, &p->rest);
	fd_close(&p->fd);
	list_del(&p->link);
	p->u->n_ports--;
	free(p);
}

static struct port *find_port(struct usernet *u, uint64_t id)
{
	struct port *p;

	list_for_each (p, &u->ports, link) {
		if (p->id == id)
			return p;
	}
	return NULL;
}

static int set_child(struct port *p, const struct usernet_ctl_port *c, struct err *e)
{
	struct sockaddr_in *s4 = (struct sockaddr_in *)&p->child;
	struct sockaddr_in6 *s6 = (struct sockaddr_in6 *)&p->child;

	if (c->child_port == 0)
		return err_set(e, ERR_INVALID, 0, "published port without a port in the container");
	if (c->family == IP_V6) {
		s6->sin6_family = AF_INET6;
		s6->sin6_port = htons(c->child_port);
		memcpy(&s6->sin6_addr, c->child, 16);
		p->child_len = sizeof(*s6);
		p->pool_kind = c->udp ? POOL_UDP6 : POOL_TCP6;
		return 0;
	}
	if (c->family != IP_V4 && c->family != IP_NONE)
		return err_set(e, ERR_INVALID, 0, "published port with an unknown address family");
	s4->sin_family = AF_INET;
	s4->sin_port = htons(c->child_port);
	s4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (c->family == IP_V4)
		memcpy(&s4->sin_addr, c->child, 4);
	p->child_len = sizeof(*s4);
	p->pool_kind = c->udp ? POOL_UDP4 : POOL_TCP4;
	return 0;
}

/* fd becomes ours on success */
int port_add(struct usernet *u, const struct usernet_ctl_port *c, int fd, struct err *e)
{
	struct port *p;

	if (find_port(u, c->id) != NULL)
		return err_set(e, ERR_CONFLICT, 0, "port id %llu is in use",
			       (unsigned long long)c->id);
	if (u->n_ports >= USERNET_PORTS_MAX)
		return err_set(e, ERR_UNAVAILABLE, 0, "too many published ports");
	p = xcalloc(1, sizeof(*p));
	p->u = u;
	p->id = c->id;
	p->udp = c->udp != 0;
	p->fd = -1;
	list_init(&p->relays);
	wheel_timer_init(&p->rest, on_rested);
	list_add_tail(&u->ports, &p->link);
	u->n_ports++;
	if (set_child(p, c, e) < 0) {
		free_port(p);
		return -1;
	}
	p->fd = fd;
	fd_set_nonblock(fd, true);
	if (!p->udp || relay_udp_setup(p, e) == 0)
		p->source = loop_add(u->loop, fd, EPOLLIN, on_port, p, e);
	if (p->source == NULL) {
		p->fd = -1;
		free_port(p);
		return -1;
	}
	return 0;
}

int port_del(struct usernet *u, uint64_t id, struct err *e)
{
	struct port *p = find_port(u, id);

	if (p == NULL)
		return err_set(e, ERR_NOTFOUND, 0, "no published port with id %llu",
			       (unsigned long long)id);
	free_port(p);
	relay_reap(u);
	return 0;
}

void port_del_all(struct usernet *u)
{
	while (!list_empty(&u->ports))
		free_port(CONTAINER_OF(u->ports.next, struct port, link));
	relay_reap(u);
}
