// SPDX-License-Identifier: MIT
/*
 * The sockets on 127.0.0.11:53 in N, made by the netns-helper (POOL_DNS). They
 * outlive it, so a new channel asks for them only when there are none. An
 * earlier usernet's may take a moment to go: then it is tried again. They are
 * opened when the engine has told all names: a nameserver that knows half of
 * them would deny the rest, and be believed.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "usernet/addr.h"
#include "usernet/dns_internal.h"
#include "usernet/pool.h"

#define READS_PER_TURN	 64
#define ACCEPTS_PER_TURN 16
#define REOPEN_MS	 500
#define REOPEN_MAX	 20

static void on_udp(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	struct usernet *u = arg;

	for (int i = 0; i < READS_PER_TURN; i++) {
		struct dns_origin from = {.via = DNS_VIA_SOCKET};
		struct sockaddr_storage sa = {0};
		socklen_t len = sizeof(sa);
		ssize_t n = recvfrom(fd, u->dns->rx, USERNET_DNS_BYTES_MAX + 1, MSG_DONTWAIT,
				     (struct sockaddr *)&sa, &len);

		if (n < 0)
			return; /* EAGAIN, or an ICMP error of an answer: nobody's business */
		from.asker = addr_from_sa(&sa, &from.port);
		dns_ask(u, &from, u->dns->rx, (size_t)n);
	}
}

static void on_tcp(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	struct usernet *u = arg;

	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage sa = {0};
		socklen_t len = sizeof(sa);
		int conn = accept4(fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		struct ip asker;
		uint16_t port;

		if (conn < 0)
			return;
		asker = addr_from_sa(&sa, &port);
		dns_stream_accept(u, conn, &asker, port);
	}
}

void dns_sock_close(struct usernet *u)
{
	struct dns *d = u->dns;

	wheel_stop(&u->wheel, &d->reopen);
	loop_del(u->loop, d->udp_source);
	loop_del(u->loop, d->tcp_source);
	d->udp_source = d->tcp_source = NULL;
	fd_close(&d->udp_fd);
	fd_close(&d->tcp_fd);
}

static int ask_helper(struct usernet *u)
{
	struct pool_request q = {.version = POOL_VERSION, .op = POOL_DNS};
	struct pool_answer a;
	int fds[POOL_BATCH];
	size_t n;
	int sys = pool_call(u, &q, &a, fds, &n);

	if (sys == 0 && n == 2) {
		u->dns->udp_fd = fds[0];
		u->dns->tcp_fd = fds[1];
		return 0;
	}
	while (n > 0)
		fd_close(&fds[--n]);
	return sys != 0 ? sys : EPROTO;
}

static void on_reopen(struct wheel_timer *timer UNUSED, void *arg)
{
	dns_sock_open(arg);
}

void dns_sock_init(struct dns *d)
{
	d->udp_fd = d->tcp_fd = -1;
	wheel_timer_init(&d->reopen, on_reopen);
}

void dns_sock_open(struct usernet *u)
{
	struct dns *d = u->dns;
	struct err e;
	int sys;

	if (d->udp_fd >= 0 || u->no_dns || u->pool_fd < 0 || !feed_told(u))
		return;
	sys = ask_helper(u);
	if (sys == EADDRINUSE && d->reopened++ < REOPEN_MAX) {
		wheel_set(&u->wheel, &d->reopen, REOPEN_MS);
		return;
	}
	if (sys != 0) {
		log_warn(NULL, "no nameserver on " DNS_N_IP " for the containers: %s",
			 strerror(sys));
		return;
	}
	d->reopened = 0;
	d->udp_source = loop_add(u->loop, d->udp_fd, EPOLLIN, on_udp, u, &e);
	d->tcp_source = loop_add(u->loop, d->tcp_fd, EPOLLIN, on_tcp, u, &e);
	if (d->udp_source == NULL || d->tcp_source == NULL) {
		log_warn(&e, "nameserver on " DNS_N_IP);
		dns_sock_close(u);
	}
}
