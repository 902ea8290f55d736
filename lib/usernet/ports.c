// SPDX-License-Identifier: MIT
/* Published ports as rootlesskit's parent hands them over; ports_tcp.c, ports_udp.c serve them. */
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/mem.h"
#include "usernet/addr.h"
#include "usernet/ports_internal.h"
#include "usernet/relay_internal.h"

socklen_t port_child_sa(const struct port *p, struct sockaddr_storage *ret)
{
	const struct ip loopback = ip_v4(INADDR_LOOPBACK);

	return addr_to_sa(p->child.family != IP_NONE ? &p->child : &loopback, p->child_port, ret);
}

uint32_t port_pool_kind(const struct port *p)
{
	if (p->child.family == IP_V6)
		return p->udp ? POOL_UDP6 : POOL_TCP6;
	return p->udp ? POOL_UDP4 : POOL_TCP4;
}

/* fe80::/10 means nothing without an interface, and the container has others */
static bool is_link_local6(const struct ip *a)
{
	return a->family == IP_V6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

bool port_shows(const struct port *p, const struct endpoint *client)
{
	return p->source_ip && client->port != 0 && client->ip.family == p->child.family &&
	       !ip_eq(&client->ip, &p->child) && addr_is_source(&client->ip) &&
	       !is_link_local6(&client->ip);
}

static void on_port(struct loop *l, int fd UNUSED, uint32_t events, void *arg)
{
	struct port *p = arg;

	/* it does not listen (any more), and epoll would say so for ever */
	if (!p->udp && (events & EPOLLHUP) != 0) {
		loop_del(l, p->source);
		p->source = NULL;
		return;
	}
	if (p->udp)
		port_udp_input(p);
	else
		port_accept(p);
}

static void on_rested(struct wheel_timer *timer, void *arg)
{
	struct port *p = CONTAINER_OF(timer, struct port, rest);
	struct usernet *u = arg;

	if (p->source != NULL)
		loop_mod(u->loop, p->source, EPOLLIN);
}

static void free_port(struct port *p)
{
	if (p->udp) {
		port_udp_kill_all(p);
	} else {
		port_close_conns(p);
		relay_kill_all(p->u, &p->relays);
	}
	loop_del(p->u->loop, p->source);
	wheel_stop(&p->u->wheel, &p->rest);
	stock_put(p->stock);
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
	const struct ip n = {0}; /* datagrams go by sockets of N only when there is no tun */

	if (c->child_port == 0)
		return err_set(e, ERR_INVALID, 0, "published port without a port in the container");
	if (c->family != IP_V6 && c->family != IP_V4 && c->family != IP_NONE)
		return err_set(e, ERR_INVALID, 0, "published port with an unknown address family");
	p->child_port = c->child_port;
	p->child.family = c->family;
	memcpy(p->child.bytes, c->child, ip_bits(&p->child) / 8);
	p->stock = stock_get(p->u, p->udp ? &n : &p->child);
	return 0;
}

static int set_socket(struct port *p, int fd, struct err *e)
{
	int one = 1;

	p->fd = fd;
	fd_set_nonblock(fd, true);
	if (p->udp) {
		if (port_udp_setup(p, e) < 0)
			return -1;
	} else {
		/* every accepted socket inherits them */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	}
	p->source = loop_add(p->u->loop, fd, EPOLLIN, on_port, p, e);
	return p->source != NULL ? 0 : -1;
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
	p->source_ip = c->source_ip != 0;
	p->fd = -1;
	list_init(&p->conns);
	list_init(&p->relays);
	wheel_timer_init(&p->rest, on_rested);
	list_add_tail(&u->ports, &p->link);
	u->n_ports++;
	if (set_child(p, c, e) < 0 || set_socket(p, fd, e) < 0) {
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
	return 0;
}

void port_del_all(struct usernet *u)
{
	while (!list_empty(&u->ports))
		free_port(CONTAINER_OF(u->ports.next, struct port, link));
}
