// SPDX-License-Identifier: MIT
/*
 * The parent's side of usernet's control socket: one message, one answer; events
 * that usernet sends unasked may stand before the answer.
 */
#include "usernet/control.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/time.h"

/* One message from usernet; ERR_UNAVAILABLE at its end. */
static int receive(int ctl_fd, struct usernet_ctl_reply *r, struct err *e)
{
	ssize_t n = fd_recv(ctl_fd, r, sizeof(*r), NULL, NULL, e);

	if (n == 0)
		return err_set(e, ERR_UNAVAILABLE, 0, "usernet has ended");
	if (n < 0 && (e->sys == ECONNRESET || e->sys == EPIPE))
		return err_set(e, ERR_UNAVAILABLE, e->sys, "usernet has ended");
	if (n < 0)
		return -1;
	if (n != (ssize_t)sizeof(*r) || r->version != USERNET_CTL_VERSION)
		return err_set(e, ERR_INVALID, 0, "malformed message from usernet");
	r->err.msg[sizeof(r->err.msg) - 1] = '\0';
	return 0;
}

static void note_event(const struct usernet_ctl_reply *r, bool *ret_netns_lost)
{
	if (r->op == USERNET_EV_NETNS_LOST && ret_netns_lost != NULL)
		*ret_netns_lost = true;
}

static int call(int ctl_fd, struct usernet_ctl_msg *m, int fd, bool *ret_netns_lost, struct err *e)
{
	static uint32_t last_seq;
	int64_t deadline = time_mono_ms() + USERNET_CTL_TIMEOUT_MS;
	struct usernet_ctl_reply r;

	m->version = USERNET_CTL_VERSION;
	m->seq = ++last_seq;
	if (fd_send(ctl_fd, m, sizeof(*m), &fd, fd >= 0 ? 1 : 0, e) < 0) {
		if (e->sys == EPIPE || e->sys == ECONNRESET)
			return err_set(e, ERR_UNAVAILABLE, e->sys, "usernet has ended");
		return -1;
	}
	for (;;) {
		int64_t left = deadline - time_mono_ms();

		if (left <= 0 || fd_wait(ctl_fd, POLLIN, (int)left) == 0)
			return err_set(e, ERR_TIMEOUT, ETIMEDOUT, "usernet does not answer");
		if (receive(ctl_fd, &r, e) < 0)
			return -1;
		if (r.op >= USERNET_EV_NETNS_LOST)
			note_event(&r, ret_netns_lost);
		else if (r.seq == m->seq) /* else a late answer to a call given up */
			break;
	}
	if (r.err.kind == 0)
		return 0;
	*e = r.err;
	return -1;
}

int usernet_ctl_tun(int ctl_fd, const struct usernet_ctl_tun *t, int tun_fd, bool *ret_netns_lost,
		    struct err *e)
{
	struct usernet_ctl_msg m = {.op = USERNET_CTL_TUN};

	m.tun = *t;
	return call(ctl_fd, &m, tun_fd, ret_netns_lost, e);
}

int usernet_ctl_netns(int ctl_fd, int pool_fd, bool *ret_netns_lost, struct err *e)
{
	struct usernet_ctl_msg m = {.op = USERNET_CTL_NETNS};

	return call(ctl_fd, &m, pool_fd, ret_netns_lost, e);
}

int usernet_ctl_port_add(int ctl_fd, const struct usernet_ctl_port *p, int host_fd,
			 bool *ret_netns_lost, struct err *e)
{
	struct usernet_ctl_msg m = {.op = USERNET_CTL_PORT_ADD};

	m.port = *p;
	return call(ctl_fd, &m, host_fd, ret_netns_lost, e);
}

int usernet_ctl_port_del(int ctl_fd, uint64_t id, bool *ret_netns_lost, struct err *e)
{
	struct usernet_ctl_msg m = {.op = USERNET_CTL_PORT_DEL};

	m.port.id = id;
	return call(ctl_fd, &m, -1, ret_netns_lost, e);
}

int usernet_ctl_event(int ctl_fd, bool *ret_netns_lost, struct err *e)
{
	struct usernet_ctl_reply r;

	if (receive(ctl_fd, &r, e) < 0)
		return -1;
	note_event(&r, ret_netns_lost);
	return 0;
}
