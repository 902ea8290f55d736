// SPDX-License-Identifier: MIT
/*
 * Ports of the host that lead through the tap, as slirp4netns' add_hostfwd
 * makes them: a connection is accepted on the host and goes on as packets from
 * the client's own address, so nothing is needed in the namespace and the
 * server there sees who asks. Clients on the host's loopback, and addresses
 * that the tap's own subnet has, appear as the gateway.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "usernet/addr.h"
#include "usernet/slirp_internal.h"
#include "usernet/tap_internal.h"

#define ACCEPTS_PER_TURN 16
#define REST_MS		 100
#define BACKLOG		 4096
#define PORT_TRIES	 16

struct ip hostfwd_client(const struct usernet *u, const struct ip *a)
{
	const struct tun_net *n = a->family == IP_V6 ? &u->net6 : &u->net4;

	return addr_is_source(a) && !ip_prefix_has(&n->subnet, a) ? *a : n->gateway;
}

/* Two clients may have the same address and port in the namespace: those seen as the gateway. */
static bool free_key(struct usernet *u, struct flow_key *k)
{
	for (int i = 0; i < PORT_TRIES && flow_find(&u->flows, k) != NULL; i++)
		k->dport = (uint16_t)(1024 + rand_u64() % (65536 - 1024));
	return flow_find(&u->flows, k) == NULL;
}

static void reset(int *fd)
{
	struct linger hard = {.l_onoff = 1, .l_linger = 0};

	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	fd_close(fd);
}

static void accepted(struct hostfwd *h, int fd, const struct sockaddr_storage *sa)
{
	struct usernet *u = h->u;
	struct flow_key k = {.kind = FLOW_TCP};
	struct ip from;
	int one = 1;

	from = addr_from_sa(sa, &k.dport);
	k.src = h->spec.guest;
	k.sport = h->spec.guest_port;
	k.dst = hostfwd_client(u, &from);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	tap_ask(u, &k.src);
	if (k.dst.family != k.src.family || !free_key(u, &k) || tcp_from_host(u, fd, &k) < 0)
		reset(&fd);
}

static void rest(struct hostfwd *h)
{
	log_warn(NULL, "published port: accept: %s", strerror(errno));
	loop_mod(h->u->loop, h->source, 0);
	wheel_set(&h->u->wheel, &h->rest, REST_MS);
}

static void on_rested(struct wheel_timer *timer, void *arg)
{
	struct hostfwd *h = CONTAINER_OF(timer, struct hostfwd, rest);
	struct usernet *u = arg;

	loop_mod(u->loop, h->source, EPOLLIN);
}

static void on_port(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	struct hostfwd *h = arg;

	if (h->spec.udp) {
		hostfwd_udp_input(h);
		return;
	}
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage sa = {0};
		socklen_t len = sizeof(sa);
		int client =
			accept4(fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (client < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
				rest(h);
			break;
		}
		accepted(h, client, &sa);
	}
	tcp_flush_due(h->u);
}

static int open_port(struct hostfwd *h, struct err *e)
{
	const struct hostfwd_spec *s = &h->spec;
	char text[IP_TEXT_SIZE];
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sa(&s->host, s->host_port, &sa);
	int one = 1, type = s->udp ? SOCK_DGRAM : SOCK_STREAM;

	h->fd = socket(sa.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (h->fd < 0)
		return err_sys(e, "socket");
	if (sa.ss_family == AF_INET6)
		setsockopt(h->fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (!s->udp)
		setsockopt(h->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(h->fd, (struct sockaddr *)&sa, len) < 0)
		return err_sys(e, "bind %s port %u", ip_format(&s->host, text), s->host_port);
	if (!s->udp && listen(h->fd, BACKLOG) < 0)
		return err_sys(e, "listen on %s port %u", ip_format(&s->host, text), s->host_port);
	return s->udp ? hostfwd_udp_setup(h, e) : 0;
}

static void free_port(struct hostfwd *h)
{
	struct usernet *u = h->u;

	hostfwd_udp_clear(h);
	loop_del(u->loop, h->source);
	wheel_stop(&u->wheel, &h->rest);
	fd_close(&h->fd);
	list_del(&h->link);
	u->n_hostfwds--;
	free(h);
}

int hostfwd_add(struct usernet *u, const struct hostfwd_spec *s, int *ret_id, struct err *e)
{
	struct hostfwd *h;

	if (u->n_hostfwds >= USERNET_HOSTFWD_MAX)
		return err_set(e, ERR_UNAVAILABLE, 0, "too many published ports");
	if (s->host.family == IP_V6 && u->tap->ether.conf.prefix6.ip.family != IP_V6)
		return err_set(e, ERR_INVALID, 0, "IPv6 needs --enable-ipv6");
	h = xcalloc(1, sizeof(*h));
	h->u = u;
	h->spec = *s;
	h->fd = -1;
	if (s->guest.family == IP_NONE)
		h->spec.guest = s->host.family == IP_V6 ? u->net6.guest : u->net4.guest;
	list_init(&h->clients);
	wheel_timer_init(&h->rest, on_rested);
	list_add_tail(&u->hostfwds, &h->link);
	u->n_hostfwds++;
	if (open_port(h, e) == 0)
		h->source = loop_add(u->loop, h->fd, EPOLLIN, on_port, h, e);
	if (h->source == NULL) {
		free_port(h);
		return -1;
	}
	*ret_id = h->id = ++u->last_hostfwd;
	return 0;
}

int hostfwd_remove(struct usernet *u, int id, struct err *e)
{
	struct hostfwd *h;

	list_for_each (h, &u->hostfwds, link) {
		if (h->id == id) {
			free_port(h);
			return 0;
		}
	}
	return err_set(e, ERR_NOTFOUND, 0, "no published port with id %d", id);
}

void hostfwd_clear(struct usernet *u)
{
	while (!list_empty(&u->hostfwds))
		free_port(CONTAINER_OF(u->hostfwds.next, struct hostfwd, link));
}
