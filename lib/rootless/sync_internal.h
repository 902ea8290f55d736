// SPDX-License-Identifier: MIT
/*
 * The dialogue of rootlesskit's two processes over one SOCK_SEQPACKET pair:
 *
 *  1. parent -> child  RK_SYNC_MAPPED   the id maps are written
 *  2. child  -> parent RK_SYNC_READY    namespaces, mounts and helper stand
 *  3. parent -> child  RK_SYNC_GO       the network is up: run the command
 *
 * Afterwards nothing is said, and the end of file is news: the other one died.
 * A child that fails before 3 prints why and ends; the parent passes its exit
 * code on.
 */
#ifndef ROOTLESS_SYNC_INTERNAL_H
#define ROOTLESS_SYNC_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "rootless/conf.h"
#include "rootless/state.h"

enum rk_sync { RK_SYNC_MAPPED = 1, RK_SYNC_READY, RK_SYNC_GO };

/* rk_sync_send() - one message */
int rk_sync_send(int sock, enum rk_sync what, struct err *e) WARN_UNUSED;
/* rk_sync_recv() - waits for this message; ERR_CANCELLED when the other side ended */
int rk_sync_recv(int sock, enum rk_sync want, struct err *e) WARN_UNUSED;

struct rk_activation;

/* What the child needs of the parent, copied by the fork. */
struct rk_child_args {
	const struct rk_conf *conf;
	const struct rk_state *state;
	int sync_fd;
	int signal_fd;
	const struct rk_activation *activation;
	uid_t parent_euid;
	gid_t parent_egid;
};

/* rk_child_main() - the whole life of the child; its exit code */
int rk_child_main(const struct rk_child_args *a);

/* The child's mounts: propagation, /proc, /sys, copy-up (child_mounts.c). */
int rk_child_mounts(const struct rk_child_args *a, struct err *e) WARN_UNUSED;
/* rk_child_resolv() - /etc/resolv.conf names the network's DNS; for a command inside N */
int rk_child_resolv(const struct rk_child_args *a, struct err *e) WARN_UNUSED;
/* rk_evacuate_cgroup2() - moves the processes of rootlesskit's cgroup into a child of it */
int rk_evacuate_cgroup2(const char *name, struct err *e) WARN_UNUSED;

/* N and the helper in it (child_netns.c). */
struct rk_netns {
	int listen_fd; /* netns-helper.sock, kept over restarts of the helper: no call is refused */
	int netns_fd;  /* N; -1 while there is none */
	pid_t helper;  /* 0: not running */
	int64_t retry_at_ms; /* when to start it again; 0: not planned */
	int64_t started_ms;
	int delay_ms;
};

/* rk_netns_start() - makes N (detached or our own) and the helper in it */
int rk_netns_start(struct rk_netns *n, const struct rk_child_args *a, struct err *e) WARN_UNUSED;
/* rk_netns_restart() - the helper again, in the same N */
int rk_netns_restart(struct rk_netns *n, const struct rk_child_args *a, struct err *e) WARN_UNUSED;

#endif
