// SPDX-License-Identifier: MIT
/*
 * rootlesskit's parent: stays in the host's namespaces as the calling user.
 *
 *  1. state directory, locked
 *  2. the child is forked into its namespaces, usernet is started beside it
 *  3. id maps: newuidmap and newgidmap, side by side           -> MAPPED
 *  4. api.sock; the child makes its mounts and N meanwhile     <- READY
 *  5. published ports are bound; the network is brought up     -> GO
 *     (with a detached N the command does not live in it, so GO comes first)
 *  6. loop: signals, API requests, usernet's events, until the child ends
 *  7. the state directory is cleared
 */
#include "rootless/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/str.h"
#include "base/time.h"
#include "ns/clone.h"
#include "ns/idmap.h"
#include "ns/subid.h"
#include "rootless/activation.h"
#include "rootless/api.h"
#include "rootless/ports.h"
#include "rootless/signals.h"
#include "rootless/state.h"
#include "rootless/sync_internal.h"
#include "rootless/uplink_internal.h"

struct parent {
	const struct rk_conf *conf;
	struct rk_state state;
	struct rk_activation activation; /* sockets handed to us */
	struct rk_hostports hostports;
	struct rk_ports ports;
	struct rk_uplink uplink;
	struct rk_api api;
	int sync_fd;
	int signal_fd;
	int api_fd;
	pid_t child;
	bool child_ended;
	int child_status;
};

static uint64_t clone_flags(const struct rk_conf *c)
{
	return CLONE_NEWUSER | CLONE_NEWNS | (c->pidns ? CLONE_NEWPID : 0) |
	       (c->utsns ? CLONE_NEWUTS : 0) | (c->ipcns ? CLONE_NEWIPC : 0);
}

/* Step 2. */
static int fork_child(struct parent *p, struct err *e)
{
	struct rk_child_args args = {
		.conf = p->conf,
		.state = &p->state,
		.signal_fd = p->signal_fd,
		.activation = &p->activation,
		.parent_euid = geteuid(),
		.parent_egid = getegid(),
	};
	struct ns_clone spec = NS_CLONE_INIT;
	int pair[2];

	spec.flags = clone_flags(p->conf);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	fflush(NULL);
	p->child = ns_fork(&spec, e);
	if (p->child == 0) {
		close(pair[0]);
		fd_close(&p->state.lock_fd); /* the lock is the parent's life */
		args.sync_fd = pair[1];
		_exit(rk_child_main(&args));
	}
	close(pair[1]);
	if (p->child < 0) {
		p->child = 0;
		close(pair[0]);
		return -1;
	}
	p->sync_fd = pair[0];
	return 0;
}

static int load_ranges(const struct rk_conf *c, struct subid_ranges *uids,
		       struct subid_ranges *gids, struct err *e)
{
	CLEANUP(freep) char *user = subid_user_name(geteuid());

	if (subid_load(SUBID_UID, c->subid, user, geteuid(), uids, e) < 0 ||
	    subid_load(SUBID_GID, c->subid, user, geteuid(), gids, e) < 0)
		return -1;
	subid_exclude(uids, geteuid());
	subid_exclude(gids, getegid());
	return 0;
}

/* The map of the one id that needs nobody's leave, unless a program has written this map. */
static int map_one(pid_t pid, enum subid_kind kind, uint32_t id, struct err *e)
{
	CLEANUP(freep) char *text = xasprintf("0 %u 1\n", id);
	struct idmap there = IDMAP_INIT;
	int r = idmap_load(&there, pid, kind, e);
	bool empty = there.n == 0;
	char path[64];

	idmap_clear(&there);
	if (r < 0 || !empty)
		return r;
	if (kind == SUBID_GID) {
		snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
		if (file_write_plain(AT_FDCWD, path, "deny", e) < 0)
			return -1;
	}
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid,
		 kind == SUBID_UID ? "uid_map" : "gid_map");
	return file_write_plain(AT_FDCWD, path, text, e);
}

/* Without subordinate ids, or the programs that map them, there is one id: the user's own as 0. */
static int map_alone(const struct parent *p, const struct err *why, struct err *e)
{
	if (map_one(p->child, SUBID_UID, geteuid(), e) < 0 ||
	    map_one(p->child, SUBID_GID, getegid(), e) < 0)
		return -1;
	log_warn(why, "[rootlesskit:parent] only one id is mapped, root's: what belongs to others "
		      "in an image cannot be unpacked, and processes cannot become others (see "
		      "thimble doctor)");
	return 0;
}

/* Step 3. */
static int map_ids(struct parent *p, struct err *e)
{
	struct subid_ranges uids = SUBID_RANGES_INIT, gids = SUBID_RANGES_INIT;
	struct idmap uid_map = IDMAP_INIT, gid_map = IDMAP_INIT;
	int result = load_ranges(p->conf, &uids, &gids, e);
	struct err other;

	if (result == 0) {
		idmap_rootless(&uid_map, geteuid(), &uids);
		idmap_rootless(&gid_map, getegid(), &gids);
		result = idmap_install(p->child, &uid_map, &gid_map, e);
	}
	if (result < 0)
		result = map_alone(p, e, &other);
	if (result < 0)
		err_wrap(e, "failed to setup UID/GID map");
	idmap_clear(&uid_map);
	idmap_clear(&gid_map);
	subid_clear(&uids);
	subid_clear(&gids);
	return result;
}

/* Step 4. */
static int open_api(struct parent *p, struct err *e)
{
	CLEANUP(freep) char *path = rk_state_path(&p->state, RK_FILE_API);

	p->api = (struct rk_api){
		.conf = p->conf,
		.state_dir = p->state.dir,
		.child_pid = p->child,
		.ports = &p->ports,
	};
	p->api_fd = net_listen_unix(path, SOCK_STREAM, 0700, e);
	if (p->api_fd < 0)
		return -1;
	return fd_set_nonblock(p->api_fd, true);
}

/* Step 5. */
static int publish(struct parent *p, struct err *e)
{
	const struct rk_port_entry *entry;
	struct rk_spec spec;

	strv_for_each (text, &p->conf->publish) {
		if (rk_spec_parse(*text, &spec, e) < 0 ||
		    rk_ports_add(&p->ports, &spec, &entry, e) < 0)
			return -1;
	}
	return 0;
}

static int bring_up(struct parent *p, struct err *e)
{
	struct err why;

	if (rk_sync_recv(p->sync_fd, RK_SYNC_READY, e) < 0)
		return -1;
	/* the root of the child's cgroup namespace is the group that is now left */
	if (!str_empty(p->conf->evacuate_cgroup2) &&
	    rk_evacuate_cgroup2(p->conf->evacuate_cgroup2, e) < 0)
		return -1;
	if (publish(p, e) < 0)
		return -1;
	if (p->conf->detach_netns && rk_sync_send(p->sync_fd, RK_SYNC_GO, e) < 0)
		return -1;
	if (rk_conf_has_netns(p->conf) && rk_uplink_connect(&p->uplink, p->child, &why) < 0) {
		/* the engine is of use without; its command would not be */
		if (!p->conf->detach_netns || !p->conf->service) {
			*e = why;
			return -1;
		}
		log_error(&why, "network");
	}
	if (!p->conf->detach_netns && rk_sync_send(p->sync_fd, RK_SYNC_GO, e) < 0)
		return -1;
	return 0;
}

static void reap(struct parent *p)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == p->child) {
			p->child_ended = true;
			p->child_status = status;
		} else {
			(void)rk_uplink_reaped(&p->uplink, pid);
		}
	}
}

static void on_signal(struct parent *p)
{
	bool shared;
	int sig;

	while ((sig = rk_signals_next(p->signal_fd, &shared)) != 0) {
		if (sig == SIGCHLD)
			reap(p);
		else if (!shared && !p->child_ended)
			(void)kill(p->child, sig);
	}
}

static void on_api(struct parent *p)
{
	int fd = accept4(p->api_fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		rk_api_serve(&p->api, fd);
}

/* Step 6. */
static void loop(struct parent *p)
{
	while (!p->child_ended) {
		struct pollfd fds[] = {
			{.fd = p->signal_fd, .events = POLLIN},
			{.fd = p->api_fd, .events = POLLIN},
			{.fd = p->uplink.ctl_fd, .events = POLLIN},
		};
		int64_t wait_ms = -1;

		if (p->uplink.retry_at_ms != 0)
			wait_ms = MAX(p->uplink.retry_at_ms - time_mono_ms(), 0);
		if (poll(fds, ARRAY_LEN(fds), (int)wait_ms) < 0 && errno != EINTR)
			break;
		if (fds[2].revents != 0)
			rk_uplink_event(&p->uplink);
		if (fds[0].revents != 0)
			on_signal(p);
		if (fds[1].revents != 0)
			on_api(p);
		rk_uplink_retry(&p->uplink);
	}
}

static int exit_code(const struct parent *p)
{
	int code = WIFEXITED(p->child_status) ? WEXITSTATUS(p->child_status) : 255;

	if (WIFSIGNALED(p->child_status))
		fprintf(stderr, "[rootlesskit:parent] error: child exited: signal: %s\n",
			rk_signal_text(WTERMSIG(p->child_status)));
	else if (code != 0 && !p->conf->quiet)
		fprintf(stderr, "[rootlesskit:parent] error: child exited: exit status %d\n", code);
	return code;
}

/* Steps 2 to 5. */
static int start(struct parent *p, struct err *e)
{
	p->signal_fd = rk_signals_open(e);
	if (p->signal_fd < 0 || fork_child(p, e) < 0)
		return -1;
	if (rk_conf_has_netns(p->conf) && rk_uplink_spawn(&p->uplink, e) < 0)
		return -1;
	if (map_ids(p, e) < 0 || rk_sync_send(p->sync_fd, RK_SYNC_MAPPED, e) < 0)
		return -1;
	if (rk_state_set_child(&p->state, p->child, e) < 0 || open_api(p, e) < 0)
		return -1;
	return bring_up(p, e);
}

/* A child that ended by itself has said why; any other failure is ours, and ends it. */
static int start_failed(struct parent *p, int *ret_code, const struct err *e)
{
	if (p->child <= 0)
		return -1;
	if (e->kind != ERR_CANCELLED)
		(void)kill(p->child, SIGKILL);
	if (waitpid(p->child, &p->child_status, 0) < 0)
		return -1;
	p->child_ended = true;
	if (e->kind != ERR_CANCELLED)
		return -1;
	*ret_code = exit_code(p);
	return 0;
}

int rk_run(const struct rk_conf *conf, int *ret_code, struct err *e)
{
	struct parent p = {.conf = conf, .sync_fd = -1, .signal_fd = -1, .api_fd = -1};
	int result;

	if (rk_state_open(&p.state, conf->state_dir, e) < 0)
		return -1;
	rk_activation_take(&p.activation, conf->service);
	rk_hostports_init(&p.hostports, &p.activation);
	rk_uplink_init(&p.uplink, conf, p.state.dir, &p.ports);
	p.ports.hostports = &p.hostports;
	result = start(&p, e);
	if (result == 0) {
		loop(&p);
		*ret_code = exit_code(&p);
	} else {
		result = start_failed(&p, ret_code, e);
	}
	rk_uplink_close(&p.uplink);
	rk_ports_clear(&p.ports);
	rk_hostports_clear(&p.hostports);
	rk_activation_clear(&p.activation);
	/* an engine that ended leaves nobody in its namespaces */
	if (conf->service)
		(void)rk_state_sweep(&p.state);
	rk_state_close(&p.state);
	fd_close(&p.api_fd);
	fd_close(&p.sync_fd);
	fd_close(&p.signal_fd);
	return result;
}
