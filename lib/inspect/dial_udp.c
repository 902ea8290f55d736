// SPDX-License-Identifier: MIT
/*
 * Datagrams into the containers' network: standard input and output, or the
 * clients of a socket, each of which has a connected socket of its own on the
 * containers' side, so that answers find their way back (udp(7); RFC 4787,
 * REQ-5 for how long without traffic). Datagrams that cannot be sent at once
 * are lost, as on any network.
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
#include "base/str.h"
#include "base/time.h"
#include "config/limits.h"
#include "inspect/dial_internal.h"

struct peer {
	struct sockaddr_storage from; /* the client */
	socklen_t from_len;
	int target_fd;
	int64_t last_ms;
};

struct desk {
	const struct dial_conf *conf;
	int listen_fd;
	struct peer peers[DIAL_CLIENTS_MAX];
	size_t n;
	char *data; /* DIAL_DATAGRAM_MAX */
};

int dial_listen_udp(const char *text, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;
	struct sockaddr_storage sa;
	struct ip ip;
	uint16_t port;
	socklen_t len;

	if (dial_loopback(text, &ip, &port, e) < 0)
		return -1;
	len = dial_sockaddr(&ip, port, &sa);
	fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, len) < 0)
		return err_sys(e, "listen on %s", text);
	return TAKE_FD(fd);
}

/* What came from the container, if anything: 0, or -1 with errno when the socket has failed. */
static int to_output(int fd, int out_fd, char *data, int64_t *deadline_ms)
{
	ssize_t n = recv(fd, data, DIAL_DATAGRAM_MAX, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (*deadline_ms != 0)
		*deadline_ms = time_mono_ms() + DIAL_QUIET_MS;
	return fd_write(out_fd, data, (size_t)n) < 0 ? -1 : 0;
}

/* One read is one datagram: 1 sent, 0 end of file, -1 errno. */
static int from_input(int fd, int in_fd, char *data)
{
	ssize_t n = fd_read(in_fd, data, DIAL_DATAGRAM_MAX);

	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 1 : (int)n;
	return send(fd, data, (size_t)n, MSG_NOSIGNAL) < 0 ? -1 : 1;
}

int dial_stdio_udp(int in_fd, int out_fd, int fd, struct err *e)
{
	CLEANUP(freep) char *data = xmalloc(DIAL_DATAGRAM_MAX);
	int64_t deadline_ms = 0; /* 0: input has not ended */

	for (;;) {
		struct pollfd fds[2] = {{.fd = fd, .events = POLLIN},
					{.fd = deadline_ms == 0 ? in_fd : -1, .events = POLLIN}};
		int64_t left = deadline_ms == 0 ? -1 : deadline_ms - time_mono_ms();
		int r;

		if (deadline_ms != 0 && left <= 0)
			return 0;
		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			return err_sys(e, "poll");
		if (fds[0].revents != 0 && to_output(fd, out_fd, data, &deadline_ms) < 0)
			return err_sys(e, "datagrams");
		if (fds[1].revents == 0)
			continue;
		r = from_input(fd, in_fd, data);
		if (r < 0)
			return err_sys(e, "datagrams");
		if (r == 0)
			deadline_ms = time_mono_ms() + DIAL_QUIET_MS;
	}
}

static void forget(struct desk *d, size_t i)
{
	fd_close(&d->peers[i].target_fd);
	d->peers[i] = d->peers[--d->n];
}

static size_t quietest(const struct desk *d)
{
	size_t at = 0;

	for (size_t i = 1; i < d->n; i++)
		if (d->peers[i].last_ms < d->peers[at].last_ms)
			at = i;
	return at;
}

/* The client's place; when there is none left the one that was quiet for longest loses its own. */
static struct peer *peer_of(struct desk *d, const struct sockaddr_storage *from, socklen_t len)
{
	struct err e;
	int fd;

	for (size_t i = 0; i < d->n; i++)
		if (d->peers[i].from_len == len && memcmp(&d->peers[i].from, from, len) == 0)
			return &d->peers[i];
	fd = dial_connect(d->conf, &e);
	if (fd < 0) {
		log_debug(&e, "datagrams to %s", d->conf->word);
		return NULL;
	}
	if (d->n == DIAL_CLIENTS_MAX)
		forget(d, quietest(d));
	d->peers[d->n] = (struct peer){.from = *from, .from_len = len, .target_fd = fd};
	return &d->peers[d->n++];
}

static void from_client(struct desk *d)
{
	struct sockaddr_storage from = {0};
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(d->listen_fd, d->data, DIAL_DATAGRAM_MAX, MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len);
	struct peer *p = n < 0 ? NULL : peer_of(d, &from, len);

	if (p == NULL)
		return;
	p->last_ms = time_mono_ms();
	(void)send(p->target_fd, d->data, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* false: nobody is there any more; the client's next datagram looks for the container again */
static bool from_target(struct desk *d, struct peer *p)
{
	ssize_t n = recv(p->target_fd, d->data, DIAL_DATAGRAM_MAX, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	p->last_ms = time_mono_ms();
	(void)sendto(d->listen_fd, d->data, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL,
		     (struct sockaddr *)&p->from, p->from_len);
	return true;
}

/* milliseconds until the first client has been quiet for too long, -1 none */
static int next_quiet(const struct desk *d)
{
	if (d->n == 0)
		return -1;
	return (int)MAX(d->peers[quietest(d)].last_ms + DIAL_IDLE_MS - time_mono_ms(), 0);
}

static int serve(struct desk *d, struct err *e)
{
	struct pollfd fds[2 + DIAL_CLIENTS_MAX];

	for (;;) {
		size_t n = d->n;
		int64_t now;

		fds[0] = (struct pollfd){.fd = d->listen_fd, .events = POLLIN};
		fds[1] = (struct pollfd){.fd = d->conf->stop_fd}; /* POLLHUP comes unasked */
		for (size_t i = 0; i < n; i++)
			fds[2 + i] = (struct pollfd){.fd = d->peers[i].target_fd, .events = POLLIN};
		if (poll(fds, 2 + n, next_quiet(d)) < 0) {
			if (errno == EINTR)
				continue;
			return err_sys(e, "poll");
		}
		if (fds[1].fd >= 0 && fds[1].revents != 0)
			return 0;
		now = time_mono_ms();
		/* from the end: forget() moves the last one */
		for (size_t i = n; i-- > 0;)
			if ((fds[2 + i].revents != 0 && !from_target(d, &d->peers[i])) ||
			    d->peers[i].last_ms + DIAL_IDLE_MS <= now)
				forget(d, i);
		if (fds[0].revents != 0)
			from_client(d);
	}
}

int dial_serve_udp(const struct dial_conf *c, int listen_fd, struct err *e)
{
	struct desk *d = xcalloc(1, sizeof(*d));
	int r;

	d->conf = c;
	d->listen_fd = listen_fd;
	d->data = xmalloc(DIAL_DATAGRAM_MAX);
	r = serve(d, e);
	while (d->n > 0)
		forget(d, 0);
	free(d->data);
	free(d);
	return r;
}
