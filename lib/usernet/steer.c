// SPDX-License-Identifier: MIT
/* usernet's end of the control socket: control.h says what the messages mean. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "usernet/usernet_internal.h"

/* Does what a message asks; fd (or -1) is taken over when *ret_taken is set. */
static int obey(struct usernet *u, const struct usernet_ctl_msg *m, size_t n, int fd,
		bool *ret_taken, struct err *e)
{
	if (n != sizeof(*m) || m->version != USERNET_CTL_VERSION)
		return err_set(e, ERR_INVALID, 0, "usernet: malformed message");
	if (m->op != USERNET_CTL_PORT_DEL && fd < 0)
		return err_set(e, ERR_INVALID, 0, "usernet: no descriptor in the message");
	switch (m->op) {
	case USERNET_CTL_TUN:
		if (tun_attach(u, fd, &m->tun, e) < 0)
			return -1;
		*ret_taken = true;
		return 0;
	case USERNET_CTL_NETNS:
		pool_set_channel(u, fd);
		*ret_taken = true;
		return 0;
	case USERNET_CTL_PORT_ADD:
		if (port_add(u, &m->port, fd, e) < 0)
			return -1;
		*ret_taken = true;
		return 0;
	case USERNET_CTL_PORT_DEL:
		return port_del(u, m->port.id, e);
	default:
		return err_set(e, ERR_UNIMPLEMENTED, 0, "usernet: unknown message %u", m->op);
	}
}

static void on_control(struct loop *l, int ctl_fd, uint32_t events UNUSED, void *arg)
{
	struct usernet_ctl_reply r = {.version = USERNET_CTL_VERSION};
	struct usernet_ctl_msg m = {0};
	struct usernet *u = arg;
	bool taken = false;
	size_t n_fds = 1;
	int fd = -1;
	struct err e;
	ssize_t n = fd_recv(ctl_fd, &m, sizeof(m), &fd, &n_fds, &e);

	if (n < 0 && e.sys == EAGAIN)
		return;
	if (n <= 0) {
		loop_stop(l, 0); /* the parent is gone, and with it whom we serve */
		return;
	}
	if (n_fds == 0)
		fd = -1;
	r.op = m.op;
	r.seq = m.seq;
	err_clear(&r.err);
	if (obey(u, &m, (size_t)n, fd, &taken, &e) < 0)
		r.err = e;
	if (!taken)
		fd_close(&fd);
	if (fd_send(ctl_fd, &r, sizeof(r), NULL, 0, &e) < 0)
		log_debug(&e, "usernet control");
}

void steer_netns_lost(struct usernet *u)
{
	struct usernet_ctl_reply r = {.version = USERNET_CTL_VERSION, .op = USERNET_EV_NETNS_LOST};
	struct err e;

	err_clear(&r.err);
	if (u->control_fd >= 0 && fd_send(u->control_fd, &r, sizeof(r), NULL, 0, &e) < 0)
		log_debug(&e, "usernet control");
}

int steer_start(struct usernet *u, struct err *e)
{
	fd_set_nonblock(u->control_fd, true);
	return loop_add(u->loop, u->control_fd, EPOLLIN, on_control, u, e) != NULL ? 0 : -1;
}
