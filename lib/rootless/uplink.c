// SPDX-License-Identifier: MIT
/*
 * usernet as rootlesskit's parent keeps it. The order at start and after a
 * death is the same: process, tun, channel for sockets in N, ports.
 */
#include "rootless/uplink_internal.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/time.h"
#include "usernet/control.h"
#include "usernet/feed.h"

#define RETRY_DELAY_MIN_MS 100
#define RETRY_DELAY_MAX_MS 10000
#define RETRY_CALM_MS	   60000
#define USERNET_CONTROL_FD 3
#define USERNET_FEED_FD	   4

/* usernet is started again: whoever calls must not take that for an answer. */
static void plan_retry(struct rk_uplink *u)
{
	if (u->delay_ms == 0 || time_mono_ms() - u->started_ms > RETRY_CALM_MS)
		u->delay_ms = RETRY_DELAY_MIN_MS;
	else
		u->delay_ms = MIN(u->delay_ms * 2, RETRY_DELAY_MAX_MS);
	u->retry_at_ms = time_mono_ms() + u->delay_ms;
}

static int send_pool(struct rk_uplink *u, struct err *e)
{
	CLEANUP(fd_closep) int pool_fd = -1;

	if (netns_pool_open(u->helper, &pool_fd, e) < 0)
		return err_wrap(e, "netns-helper");
	if (usernet_ctl_netns(u->ctl_fd, pool_fd, NULL, e) < 0)
		return -1;
	u->pool_sent = true;
	return 0;
}

/* After a call that met the event that usernet lost its channel. */
static void renew_pool(struct rk_uplink *u, bool lost)
{
	struct err e;

	if (!lost)
		return;
	u->pool_sent = false;
	if (send_pool(u, &e) < 0) {
		/* so it is at every end of the child; the next try warns */
		log_debug(&e, "sockets in the network namespace");
		plan_retry(u);
	}
}

static int relay_add(void *arg, const struct rk_port_entry *p, struct err *e)
{
	struct rk_uplink *u = arg;
	struct usernet_ctl_port port = {
		.id = p->id,
		.udp = rk_proto_is_udp(p->spec.proto),
		.family = p->spec.child_ip.family,
		.child_port = p->spec.child_port,
		.source_ip = u->conf->source_ip_transparent,
	};
	bool lost = false;
	int result;

	if (u->ctl_fd < 0 || !u->ports_sent)
		return err_set(e, ERR_UNAVAILABLE, 0, "usernet is being started");
	memcpy(port.child, p->spec.child_ip.bytes, sizeof(port.child));
	result = usernet_ctl_port_add(u->ctl_fd, &port, p->host_fd, &lost, e);
	renew_pool(u, lost);
	return result;
}

static int relay_del(void *arg, uint64_t id, struct err *e)
{
	struct rk_uplink *u = arg;
	bool lost = false;
	int result;

	if (u->ctl_fd < 0)
		return err_set(e, ERR_UNAVAILABLE, 0, "usernet is being started");
	result = usernet_ctl_port_del(u->ctl_fd, id, &lost, e);
	renew_pool(u, lost);
	return result;
}

void rk_uplink_init(struct rk_uplink *u, const struct rk_conf *conf, const char *state_dir,
		    struct rk_ports *ports)
{
	*u = (struct rk_uplink){
		.conf = conf,
		.state_dir = state_dir,
		.ports = ports,
		.relay = {.add = relay_add, .del = relay_del, .arg = u},
		.ctl_fd = -1,
		.feed_fd = -1,
		.tun_fd = -1,
	};
	rk_ports_init(ports, conf->port_kind == RK_PORT_NONE ? NULL : &u->relay);
}

static bool needs_usernet(const struct rk_uplink *u)
{
	return u->conf->net_kind == RK_NET_USERNET || u->conf->port_kind == RK_PORT_BUILTIN;
}

/* The engine's way to usernet; made once, so that it is there while usernet is started again. */
static int open_feed(struct rk_uplink *u, struct err *e)
{
	CLEANUP(freep) char *path = path_join(u->state_dir, FEED_SOCKET);

	if (u->feed_fd < 0)
		u->feed_fd = net_listen_unix(path, SOCK_SEQPACKET, 0600, e);
	return u->feed_fd < 0 ? -1 : 0;
}

int rk_uplink_spawn(struct rk_uplink *u, struct err *e)
{
	static const char *const argv[] = {"usernet", "--control-fd", "3", "--feed-fd", "4", NULL};
	struct proc_fd pass[] = {{.child_fd = USERNET_CONTROL_FD}, {.child_fd = USERNET_FEED_FD}};
	struct proc_spec spec = {
		.argv = argv, .fds = pass, .n_fds = ARRAY_LEN(pass), .new_session = true};
	int pair[2];

	if (!needs_usernet(u))
		return 0;
	if (open_feed(u, e) < 0)
		return err_wrap(e, "usernet");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	pass[0].fd = pair[1];
	pass[1].fd = u->feed_fd;
	u->usernet = proc_spawn(&spec, e);
	close(pair[1]);
	if (u->usernet < 0) {
		u->usernet = 0;
		close(pair[0]);
		return err_wrap(e, "usernet");
	}
	u->ctl_fd = pair[0];
	u->tun_sent = u->pool_sent = u->ports_sent = false;
	u->started_ms = time_mono_ms();
	return 0;
}

/* Without a tun bridges and published ports still work, so it is no reason to end. */
static int open_tun(struct rk_uplink *u, struct err *e)
{
	struct netns_tun t = {
		.subnet = ip_prefix_network(&u->conf->subnet),
		.mtu = (unsigned)u->conf->mtu,
		.ipv6 = u->conf->ipv6,
	};

	snprintf(t.ifname, sizeof(t.ifname), "%s", u->conf->ifname);
	if (netns_tun_open(u->helper, &t, &u->tun_fd, e) == 0)
		return 0;
	if (e->kind != ERR_UNAVAILABLE && e->kind != ERR_DENIED)
		return -1;
	if (!u->tun_failed)
		log_warn(e, "no network to the outside: /dev/net/tun cannot be used; bridges "
			    "and published ports work");
	u->tun_failed = true;
	return 0;
}

static int send_tun(struct rk_uplink *u, struct err *e)
{
	struct ip_prefix net = ip_prefix_network(&u->conf->subnet);
	struct usernet_ctl_tun tun = {
		.bits = net.bits,
		.ipv6 = u->conf->ipv6,
		.host_loopback = !u->conf->disable_host_loopback,
		.mtu = u->conf->mtu > 0 ? (unsigned)u->conf->mtu : NETNS_MTU_DEFAULT,
	};
	bool lost = false;

	memcpy(tun.subnet, net.ip.bytes, sizeof(tun.subnet));
	return usernet_ctl_tun(u->ctl_fd, &tun, u->tun_fd, &lost, e);
}

/*
 * Tells usernet what it was not told yet; may be called again after a failure. The tun is there
 * when the channel to the helper opens, and usernet has the channel when it reads the first
 * packet: so the first SYN finds the fast path.
 */
static int brief(struct rk_uplink *u, struct err *e)
{
	bool tun = u->conf->net_kind == RK_NET_USERNET;

	if (tun && u->tun_fd < 0 && open_tun(u, e) < 0)
		return -1;
	if (!u->pool_sent && send_pool(u, e) < 0)
		return -1;
	if (!u->tun_sent && u->tun_fd >= 0) {
		if (send_tun(u, e) < 0)
			return -1;
		u->tun_sent = true;
	}
	if (!u->ports_sent) {
		u->ports_sent = true; /* from now on additions go straight through */
		return rk_ports_replay(u->ports, e);
	}
	return 0;
}

static bool needs_driver(const struct rk_uplink *u)
{
	return u->conf->net_kind == RK_NET_SLIRP || u->conf->net_kind == RK_NET_PASTA;
}

static int start_driver(struct rk_uplink *u, struct err *e)
{
	struct netns_tun t = {.subnet = ip_prefix_network(&u->conf->subnet)};

	u->driver = rk_driver_start(u->conf, u->state_dir, u->child, e);
	if (u->driver < 0) {
		u->driver = 0;
		return -1;
	}
	u->started_ms = time_mono_ms();
	snprintf(t.ifname, sizeof(t.ifname), "%s", u->conf->ifname);
	return netns_tun_adopt(u->helper, &t, e);
}

int rk_uplink_connect(struct rk_uplink *u, pid_t child_pid, struct err *e)
{
	CLEANUP(freep) char *path = path_join(u->state_dir, NETNS_HELPER_SOCKET);

	u->helper = netns_client_new(path);
	u->child = child_pid;
	if (needs_driver(u) && start_driver(u, e) < 0)
		return -1;
	if (!needs_usernet(u))
		return 0;
	if (u->ctl_fd < 0)
		return err_set(e, ERR_UNAVAILABLE, 0, "usernet ended at once");
	return brief(u, e);
}

void rk_uplink_event(struct rk_uplink *u)
{
	bool lost = false;
	struct err e;

	if (usernet_ctl_event(u->ctl_fd, &lost, &e) < 0) {
		log_debug(&e, "usernet");
		fd_close(&u->ctl_fd);
		if (u->usernet > 0)
			(void)kill(u->usernet, SIGTERM);
		return;
	}
	renew_pool(u, lost);
}

bool rk_uplink_reaped(struct rk_uplink *u, pid_t pid)
{
	if (pid == u->driver) {
		u->driver = 0;
		plan_retry(u);
		log_error(NULL, "%s ended, starting it again", u->conf->net);
		return true;
	}
	if (pid != u->usernet)
		return false;
	u->usernet = 0;
	fd_close(&u->ctl_fd);
	plan_retry(u);
	log_warn(NULL, "usernet ended, starting it again");
	return true;
}

void rk_uplink_retry(struct rk_uplink *u)
{
	struct err e;

	if (u->retry_at_ms == 0 || u->retry_at_ms > time_mono_ms() || u->helper == NULL)
		return;
	u->retry_at_ms = 0;
	if (needs_driver(u) && u->driver == 0 && start_driver(u, &e) < 0) {
		log_error(&e, "no network to the outside");
		plan_retry(u);
		return;
	}
	if (u->usernet == 0 && rk_uplink_spawn(u, &e) < 0) {
		log_error(&e, "usernet");
		plan_retry(u);
		return;
	}
	if (u->ctl_fd >= 0 && brief(u, &e) < 0) {
		log_error(&e, "usernet");
		plan_retry(u);
	}
}

void rk_uplink_close(struct rk_uplink *u)
{
	fd_close(&u->ctl_fd); /* its end of file ends usernet */
	if (u->usernet > 0) {
		(void)kill(u->usernet, SIGTERM);
		(void)waitpid(u->usernet, NULL, 0);
	}
	if (u->driver > 0) {
		(void)kill(u->driver, SIGTERM);
		(void)waitpid(u->driver, NULL, 0);
	}
	u->usernet = u->driver = 0;
	fd_close(&u->tun_fd);
	fd_close(&u->feed_fd);
	netns_client_free(u->helper);
	u->helper = NULL;
}
