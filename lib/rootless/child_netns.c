// SPDX-License-Identifier: MIT
/*
 * N, the network namespace of the containers, and the netns-helper in it. With
 * --detach-netns the helper's process makes N and the child stays in the host's
 * network namespace, to which it could not come back once it had left; N is then
 * kept by a bind mount at $STATE_DIR/netns, so it survives the helper. Without,
 * the child itself is in N.
 */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/proc.h"
#include "base/time.h"
#include "network/client.h"
#include "ns/clone.h"
#include "ns/join.h"
#include "rootless/signals.h"
#include "rootless/sync_internal.h"

/* The loopback device of the present network namespace. */
static int loopback_up(struct err *e)
{
	CLEANUP(fd_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {.ifr_name = "lo"};

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		return err_sys(e, "read the flags of lo");
	ifr.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &ifr) < 0)
		return err_sys(e, "bring lo up");
	return 0;
}

/* In the helper's process: becomes the applet. Never returns. */
static void helper_exec(const struct rk_netns *n, pid_t child)
{
	char fd_text[16];
	char *argv[] = {"netns-helper", "--listen-fd", fd_text, NULL};

	/* a session of its own: a terminal's Ctrl-C is not meant for it */
	(void)setsid();
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != child) /* it died before the line above */
		_exit(1);
	rk_signals_restore();
	(void)fd_set_cloexec(n->listen_fd, false);
	snprintf(fd_text, sizeof(fd_text), "%d", n->listen_fd);
	execv(proc_self_exe(), argv);
	_exit(127);
}

/* flags: CLONE_NEWNET for a new N, 0 to run in the one there is. */
static int helper_start(struct rk_netns *n, bool detached, uint64_t flags, struct err *e)
{
	struct ns_clone spec = NS_CLONE_INIT;
	int up[2];
	char ok = 0;
	pid_t child = getpid(), pid;

	spec.flags = flags;
	if (fd_pipe(up, e) < 0)
		return -1;
	pid = ns_fork(&spec, e);
	if (pid == 0) {
		struct err why = {0};

		if (flags == 0 && detached && ns_join(n->netns_fd, NS_NET, &why) < 0)
			log_error(&why, "netns-helper");
		else if (flags != 0 && loopback_up(&why) < 0)
			log_error(&why, "netns-helper");
		if (why.kind != 0)
			_exit(126);
		(void)!write(up[1], "", 1);
		helper_exec(n, child);
	}
	close(up[1]);
	/* it stands in N now: N can be named through its /proc entry */
	if (pid > 0 && fd_read(up[0], &ok, 1) != 1)
		(void)err_set(e, ERR_SYSTEM, 0, "the netns-helper did not start");
	else if (pid > 0)
		n->helper = pid;
	close(up[0]);
	n->started_ms = time_mono_ms();
	return n->helper > 0 ? 0 : -1;
}

int rk_netns_restart(struct rk_netns *n, const struct rk_child_args *a, struct err *e)
{
	return helper_start(n, a->conf->detach_netns, 0, e);
}

static int start_detached(struct rk_netns *n, const struct rk_child_args *a, struct err *e)
{
	CLEANUP(freep) char *path = rk_state_path(a->state, RK_FILE_NETNS);

	if (helper_start(n, true, CLONE_NEWNET, e) < 0)
		return -1;
	n->netns_fd = ns_open_pid(n->helper, NS_NET, e);
	if (n->netns_fd < 0)
		return -1;
	return ns_keep(n->netns_fd, path, e);
}

int rk_netns_start(struct rk_netns *n, const struct rk_child_args *a, struct err *e)
{
	CLEANUP(freep) char *path = rk_state_path(a->state, NETNS_HELPER_SOCKET);

	n->listen_fd = net_listen_unix(path, SOCK_SEQPACKET, 0600, e);
	if (n->listen_fd < 0)
		return -1;
	if (a->conf->detach_netns)
		return start_detached(n, a, e);
	n->netns_fd = ns_open_pid(0, NS_NET, e);
	if (n->netns_fd < 0 || loopback_up(e) < 0)
		return -1;
	return helper_start(n, false, 0, e);
}
