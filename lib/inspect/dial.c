// SPDX-License-Identifier: MIT
/* Words and addresses, one connection, standard input and output. */
#include "inspect/dial.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/str.h"
#include "config/limits.h"
#include "inspect/dial_internal.h"
#include "inspect/duct.h"

int dial_parse(const char *text, char **ret_word, uint16_t *ret_port, struct err *e)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;
	size_t len;

	if (colon == NULL || colon == text || str_u64(colon + 1, 65535, &port) < 0)
		return err_set(e, ERR_INVALID, 0, "%s: expected CONTAINER:PORT", text);
	len = (size_t)(colon - text);
	if (*text == '[' && len > 2 && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	*ret_word = xstrndup(text, len);
	*ret_port = (uint16_t)port;
	return 0;
}

int dial_loopback(const char *text, struct ip *ret, uint16_t *ret_port, struct err *e)
{
	CLEANUP(freep)
	char *full = strchr(text, ':') == NULL ? xasprintf("127.0.0.1:%s", text) : xstrdup(text);
	CLEANUP(freep) char *host = NULL;
	struct err why;

	if (dial_parse(full, &host, ret_port, &why) < 0)
		return err_set(e, ERR_INVALID, 0, "%s: expected [ADDRESS:]PORT", text);
	if (str_eq(host, "localhost")) {
		free(host);
		host = xstrdup("127.0.0.1");
	}
	if (ip_parse(host, ret, &why) < 0 || !ip_is_loopback(ret))
		return err_set(e, ERR_INVALID, 0,
			       "%s: only addresses of the loopback interface: who reaches this "
			       "reaches every container",
			       text);
	return 0;
}

int dial_listen(const char *text, struct err *e)
{
	char host[IP_TEXT_SIZE];
	uint16_t port;
	struct ip ip;
	int fd;

	if (dial_loopback(text, &ip, &port, e) < 0)
		return -1;
	(void)ip_format(&ip, host);
	fd = net_listen_tcp(host, port, e);
	if (fd >= 0)
		(void)fd_set_nonblock(fd, true);
	return fd;
}

static int start(const struct ip *ip, uint16_t port, int type)
{
	CLEANUP(fd_closep) int fd = -1;
	struct sockaddr_storage sa;
	socklen_t len = dial_sockaddr(ip, port, &sa);

	fd = socket(sa.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (type == SOCK_STREAM)
		dial_tune(fd);
	if (connect(fd, (struct sockaddr *)&sa, len) < 0 && errno != EINPROGRESS)
		return -1;
	return TAKE_FD(fd);
}

int dial_start(const struct ip *ip, uint16_t port)
{
	return start(ip, port, SOCK_STREAM);
}

int dial_connect(const struct dial_conf *c, struct err *e)
{
	struct ip ips[DIAL_ADDRESSES_MAX];
	int n = c->guide.resolve(c->guide.arg, c->word, ips, DIAL_ADDRESSES_MAX, e), sys = 0;

	for (int i = 0; i < n; i++) {
		CLEANUP(fd_closep)
		int fd = start(&ips[i], c->port, c->udp ? SOCK_DGRAM : SOCK_STREAM);
		int r = fd < 0 ? -1 : fd_wait(fd, POLLOUT, DIAL_CONNECT_MS);

		sys = fd < 0 ? errno : r <= 0 ? ETIMEDOUT : dial_error(fd);
		if (sys == 0)
			return TAKE_FD(fd);
	}
	if (n < 0)
		return -1;
	return err_set(e, ERR_UNAVAILABLE, sys, "connect to %s port %u: %s", c->word, c->port,
		       sys != 0 ? strerror(sys) : "no address");
}

int dial_stdio(int in_fd, int out_fd, int fd, struct err *e)
{
	bool terminal = isatty(in_fd) == 1;
	struct duct d;
	int r = 0;

	duct_init(&d, in_fd, out_fd, fd);
	while (r == 0 && !(duct_way_done(&d, 1) && (terminal || duct_way_done(&d, 0)))) {
		struct pollfd fds[DUCT_FDS];

		duct_poll(&d, fds);
		if (poll(fds, DUCT_FDS, -1) < 0) {
			r = errno == EINTR ? 0 : -1;
			continue;
		}
		r = duct_step(&d, fds);
		/* whoever reads standard output has to see the end, too */
		if (duct_way_done(&d, 1) && !terminal && out_fd != in_fd)
			fd_close(&out_fd);
	}
	if (r < 0)
		(void)err_sys(e, "connection");
	duct_clear(&d);
	return r < 0 ? -1 : 0;
}
