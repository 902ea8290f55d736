// SPDX-License-Identifier: MIT
/* Published ports as rootlesskit's parent hands them over; ports_tcp.c, relay_udp.c serve them. */
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/mem.h"
#include "usernet/ports_internal.h"
#include "usernet/relay_internal.h"

struct endpoint endpoint_of(const struct sockaddr_storage *sa)
{
	const struct sockaddr_in *s4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *s6 = (const struct sockaddr_in6 *)sa;
	struct endpoint p = {0};

	if (sa->ss_family == AF_INET6) {
		bool mapped = IN6_IS_ADDR_V4MAPPED(&s6->sin6_addr);

		p.port = ntohs(s6->sin6_port);
		p.ip.family = mapped ? IP_V4 : IP_V6;
		memcpy(p.ip.bytes, s6->sin6_addr.s6_addr + (mapped ? 12 : 0), mapped ? 4 : 16);
	} else if (sa->ss_family == AF_INET) {
		p.port = ntohs(s4->sin_port);
		p.ip = ip_v4(ntohl(s4->sin_addr.s_addr));
	}
	return p;
}

socklen_t endpoint_sockaddr(const struct endpoint *p, struct sockaddr_storage *ret)
{
	struct sockaddr_in *s4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *s6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (p->ip.family == IP_V6) {
		s6->sin6_family = AF_INET6;
		s6->sin6_port = htons(p->port);
		memcpy(&s6->sin6_addr, p->ip.bytes, 16);
		return sizeof(*s6);
	}
	s4->sin_family = AF_INET;
	s4->sin_port = htons(p->port);
	memcpy(&s4->sin_addr, p->ip.bytes, 4);
	return sizeof(*s4);
}

struct endpoint port_child(const struct port *p)
{
	struct endpoint to = {.ip = p->child, .port = p->child_port};

	if (to.ip.family == IP_NONE)
		to.ip = ip_v4(INADDR_LOOPBACK);
	return to;
}

uint32_t port_pool_kind(const struct port *p)
{
	if (p->child.family == IP_V6)
		return p->udp ? POOL_UDP6 : POOL_TCP6;
	return p->udp ? POOL_UDP4 : POOL_TCP4;
}

static bool is_multicast_or_local(const struct ip *a)
{
	if (a->family == IP_V4)
		return a->bytes[0] == 0 || a->bytes[0] >= 224;
	return a->bytes[0] == 0xff || (a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80);
}

bool port_shows(const struct port *p, const struct endpoint *client)
{
	return p->source_ip && client->port != 0 && client->ip.family == p->child.family &&
	       !ip_eq(&client->ip, &p->child) && !ip_is_loopback(&client->ip) &&
	       !ip_is_any(&client->ip) && !is_multicast_or_local(&client->ip);
}

static void on_port(struct loop *l UNUSED, int fd UNUSED, uint32_t events UNUSED, void *arg)
{
	struct port *p = arg;

	if (p->udp)
		relay_udp_input(p);
	else
		port_accept(p);
}

static void on_rested(struct wheel_timer *timer, void *arg)
{
	struct port *p = CONTAINER_OF(timer, struct port, rest);
	struct usernet *u = arg;

	loop_mod(u->loop, p->source, EPOLLIN);
}

static void free_port(struct port *p)
{
	if (p->udp) {
		relay_udp_kill_all(p);
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
	if (c->child_port == 0)
		return err_set(e, ERR_INVALID, 0, "published port without a port in the container");
	if (c->family != IP_V6 && c->family != IP_V4 && c->family != IP_NONE)
		return err_set(e, ERR_INVALID, 0, "published port with an unknown address family");
	p->child_port = c->child_port;
	p->child.family = c->family;
	memcpy(p->child.bytes, c->child, ip_bits(&p->child) / 8);
	p->stock = stock_get(p->u, &p->child);
	return 0;
}

static int set_socket(struct port *p, int fd, struct err *e)
{
	int one = 1;

	p->fd = fd;
	fd_set_nonblock(fd, true);
	if (p->udp) {
		if (relay_udp_setup(p, e) < 0)
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
