// SPDX-License-Identifier: MIT
/*
 * The process as a whole: state, confinement, loop. Theory: everything that
 * parses what N sends lives here, in a process that holds no capability and can
 * open no file but resolv.conf; sockets in N and the tun come to it ready-made.
 * One thread, one epoll loop, timers on a wheel that stands still when nothing
 * is under way.
 */
#include "usernet/usernet.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "usernet/slirp_internal.h"
#include "usernet/tap_internal.h"
#include "usernet/hostaddr.h"
#include "usernet/usernet_internal.h"

#define EAGER_US 20 /* a process of this host that is woken answers within */

static void on_signal(struct loop *l, int fd UNUSED, uint32_t events UNUSED, void *arg UNUSED)
{
	loop_stop(l, 0);
}

static int add_signals(struct loop *l, int *ret_fd, struct err *e)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*ret_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*ret_fd < 0)
		return err_sys(e, "signalfd");
	return loop_add(l, *ret_fd, EPOLLIN, on_signal, NULL, e) != NULL ? 0 : -1;
}

static void init(struct usernet *u, const struct usernet_conf *c)
{
	flow_table_init(&u->flows);
	limit_init(u);
	u->rings.max = USERNET_RINGS_BYTES_MAX;
	list_init(&u->tcp_due);
	list_init(&u->tcp_dead);
	list_init(&u->ports);
	list_init(&u->relays_dead);
	list_init(&u->stocks);
	list_init(&u->hostfwds);
	list_init(&u->api_clients);
	u->tun_fd = -1;
	u->pool_fd = -1;
	u->mtu6 = USERNET_MTU6;
	u->next_id6 = (uint32_t)rand_u64();
	u->control_fd = c->control_fd;
	u->resolv.path = c->resolv_conf != NULL ? c->resolv_conf : "/etc/resolv.conf";
	u->inet6_fd = hostaddr_open();
	u->rx = xmalloc(USERNET_TUN_BUF);
	u->scratch = xmalloc(USERNET_SCRATCH);
	dns_init(u);
}

static void clear(struct usernet *u)
{
	slirp_serve_end(u);
	tun_detach(u);
	tap_end(u);
	port_del_all(u);
	port_slots_free(u);
	feed_serve_stop(u);
	dns_clear(u);
	anyip_free(u);
	pool_clear(u);
	gather_reset(u);
	pipes_clear(&u->pipes);
	loop_free(u->loop);
	quota_clear(&u->flows.quota);
	fd_close(&u->inet6_fd);
	free(u->rx);
	free(u->scratch);
}

static void freep_usernet(struct usernet **u)
{
	if (*u == NULL)
		return;
	clear(*u);
	free(*u);
}

int usernet_run(const struct usernet_conf *c, struct err *e)
{
	CLEANUP(freep_usernet) struct usernet *u = xcalloc(1, sizeof(*u));
	CLEANUP(fd_closep) int signal_fd = -1;

	init(u, c);
	u->loop = loop_new(e);
	if (u->loop == NULL)
		return -1;
	wheel_init(&u->wheel, u->loop, u);
	if (add_signals(u->loop, &signal_fd, e) < 0)
		return -1;
	if (c->control_fd >= 0 && steer_start(u, e) < 0)
		return -1;
	if (c->feed_fd >= 0 && feed_serve_start(u, c->feed_fd, e) < 0)
		return -1;
	u->slirp = c->slirp;
	if (c->slirp != NULL) {
		tap_start(u, c->tun_fd);
		if (slirp_serve(u, e) < 0)
			return -1;
	}
	if (!c->no_sandbox && usernet_confine(u->resolv.path, c->slirp != NULL, e) < 0)
		return err_wrap(e, "confine usernet");
	if (c->netns_fd >= 0)
		pool_set_channel(u, c->netns_fd);
	if (c->tun_fd >= 0 && tun_attach(u, c->tun_fd, &c->tun, e) < 0)
		return -1;
	if (c->ready_fd >= 0 && fd_write_all(c->ready_fd, "1", 1, e) < 0)
		return -1;
	if (c->ready_fd >= 0 && c->slirp != NULL)
		close(c->ready_fd); /* some wait for its end */
	loop_eager(u->loop, EAGER_US);
	return loop_run(u->loop, e);
}
