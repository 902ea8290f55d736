// SPDX-License-Identifier: MIT
/* TCP on the host's side: connect, read into the ring, write what came from N. Theory in tcp.c. */
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "usernet/tcp_internal.h"

#define READS_PER_TURN 16

static void connect_failed(struct usernet *u, struct tcp_flow *t, int sys)
{
	if (sys == ECONNREFUSED || sys == ECONNRESET) {
		tcp_segment(u, t, PACKET_RST | PACKET_ACK, 0, 0, 0);
		tcp_kill(u, t, false, false);
		return;
	}
	tun_unreachable(u, tun_error_of(sys), 0, t->quote, t->quote_len);
	tcp_kill(u, t, false, false);
}

/* connect(2) to an ephemeral port of one's own can meet itself (simultaneous open) */
static bool met_itself(int fd)
{
	struct sockaddr_storage a = {0}, b = {0};
	socklen_t la = sizeof(a), lb = sizeof(b);

	return getsockname(fd, (struct sockaddr *)&a, &la) == 0 &&
	       getpeername(fd, (struct sockaddr *)&b, &lb) == 0 && la == lb &&
	       a.ss_family != AF_UNIX && memcmp(&a, &b, la) == 0;
}

static void on_connected(struct usernet *u, struct tcp_flow *t)
{
	socklen_t len = sizeof(int);
	int sys = 0, one = 1;

	if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &sys, &len) < 0)
		sys = errno;
	if (sys == 0 && (met_itself(t->fd) || !tun_peer_ok(u, t->fd)))
		sys = ECONNREFUSED;
	if (sys != 0) {
		connect_failed(u, t, sys);
		return;
	}
	setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(t->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	t->f.user->held--;
	t->state = TCP_HANDSHAKE;
	t->snd_nxt++; /* our SYN */
	tcp_synack(u, t);
	tcp_arm(u, t);
}

/* false: the host socket failed and the flow is dead */
static bool flush_up(struct usernet *u, struct tcp_flow *t)
{
	size_t max = USERNET_RING_BYTES_MAX / 4;
	struct iovec iov[2];

	while (t->up.len > 0) {
		struct msghdr m = {.msg_iov = iov,
				   .msg_iovlen = (size_t)ring_view(&t->up, 0, t->up.len, iov)};
		ssize_t n = sendmsg(t->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			break;
		if (n < 0) {
			tcp_kill(u, t, true, true);
			return false;
		}
		ring_consume(&t->up, (size_t)n);
	}
	if (t->guest_fin && !t->host_shut && t->up.len == 0) {
		shutdown(t->fd, SHUT_WR);
		t->host_shut = true;
	}
	/* tell N when the window has opened by much */
	if (t->rcv_scale == 0)
		max = 16384;
	if ((int32_t)(t->rcv_nxt + tcp_window(u, t) - t->rcv_edge) >= (int32_t)max)
		t->ack_due = true;
	return true;
}

static void on_host(struct loop *l UNUSED, int fd UNUSED, uint32_t events, void *arg)
{
	struct tcp_flow *t = ((void **)arg)[1];
	struct usernet *u = ((void **)arg)[0];

	if (t->state == TCP_CONNECTING) {
		if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0)
			on_connected(u, t);
	} else if (t->state == TCP_OPEN || t->state == TCP_HANDSHAKE) {
		bool alive = (events & EPOLLOUT) == 0 || flush_up(u, t);

		if (alive && (events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0) {
			t->host_ready = true;
			if (t->state == TCP_OPEN)
				tcp_host_read(u, t);
		}
		if (t->state == TCP_OPEN) {
			tcp_set_due(u, t);
			tcp_maybe_done(u, t);
		}
	}
	tcp_flush_due(u);
}

static int watch(struct usernet *u, struct tcp_flow *t)
{
	struct err e;

	t->host_ready = true;
	t->cookie[0] = u;
	t->cookie[1] = t;
	t->source = loop_add(u->loop, t->fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, on_host,
			     t->cookie, &e);
	if (t->source == NULL) {
		limit_short_of_descriptors(u);
		return -1;
	}
	return 0;
}

int tcp_host_connect(struct usernet *u, struct tcp_flow *t, const struct sockaddr *sa,
		     socklen_t len)
{
	t->fd = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0 && errno == EAFNOSUPPORT) {
		connect_failed(u, t, errno);
		return 0;
	}
	if (t->fd < 0) {
		limit_short_of_descriptors(u);
		return -1;
	}
	if ((tun_bind_source(u, t->fd, sa->sa_family) < 0 || connect(t->fd, sa, len) < 0) &&
	    errno != EINPROGRESS) {
		connect_failed(u, t, errno);
		return 0;
	}
	return watch(u, t);
}

int tcp_host_adopt(struct usernet *u, struct tcp_flow *t, int fd)
{
	t->fd = fd;
	return watch(u, t);
}

int tcp_host_dns(struct usernet *u, struct tcp_flow *t)
{
	int fd = dns_stream_open(u, &t->f.key.src, t->f.key.sport);

	if (fd < 0) {
		u->stats.no_descriptor++;
		return -1;
	}
	return tcp_host_adopt(u, t, fd);
}

void tcp_host_read(struct usernet *u, struct tcp_flow *t)
{
	for (int i = 0; i < READS_PER_TURN && !t->host_eof; i++) {
		struct iovec iov[2];
		struct msghdr m = {.msg_iov = iov};
		ssize_t n;

		if (ring_room(&t->down, tcp_rings(u, t), 65536, USERNET_RING_BYTES_MAX) == 0)
			return; /* goes on when N acknowledges */
		m.msg_iovlen = (size_t)ring_space(&t->down, iov);
		n = recvmsg(t->fd, &m, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			t->host_ready = false;
			return;
		}
		if (n < 0) {
			tcp_kill(u, t, true, true);
			return;
		}
		if (n == 0)
			t->host_eof = true;
		else
			ring_commit(&t->down, (size_t)n);
		tcp_set_due(u, t);
	}
}

bool tcp_host_write(struct usernet *u, struct tcp_flow *t, const uint8_t *p, size_t n)
{
	size_t done = 0;

	if (t->up.len == 0) {
		ssize_t r = send(t->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (r < 0 && errno != EAGAIN && errno != EINTR) {
			tcp_kill(u, t, true, true);
			return false;
		}
		done = r > 0 ? (size_t)r : 0;
	}
	if (done < n) {
		size_t room = ring_room(&t->up, tcp_rings(u, t), n - done, USERNET_RING_BYTES_MAX);
		size_t keep = MIN(room, n - done);

		/* the budget may be exhausted: then N must send the rest again */
		ring_add(&t->up, p + done, keep);
		done += keep;
	}
	t->rcv_nxt += (uint32_t)done;
	return done == n;
}
