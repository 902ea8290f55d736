// SPDX-License-Identifier: MIT
/*
 * The gate: a process that stands in N, the containers' network namespace, with
 * dockerd's user and mount namespace, and whose pid dockerd writes to
 * docker.pid. Documents and users take that pid to look into the containers'
 * network:
 *
 *	nsenter -U --preserve-credentials -n -m -t $(cat $XDG_RUNTIME_DIR/docker.pid)
 *
 * while dockerd itself is in the host's network namespace (detached netns). For
 * everything else one does with that pid the gate is dockerd: signals are
 * passed on to it, and whoever kills the gate kills dockerd. It wakes for
 * nothing else.
 */
#ifndef ROOTLESS_GATE_H
#define ROOTLESS_GATE_H

#include <sys/types.h>

#include "base/err.h"

#define RK_GATE_APPLET "netns-gate"

struct rk_gate {
	pid_t pid;
	int hold_fd; /* it ends when this is closed */
};

#define RK_GATE_INIT          \
	{                     \
		.hold_fd = -1 \
	}

/**
 * rk_gate_start() - start the gate, from a process in the child's mount namespace
 * @g:         filled
 * @state_dir: of the rootlesskit; NULL: there is none
 * @e:         filled on failure
 *
 * By posix_spawn, so threaded processes may call it. It ends with the caller, at its exec too. From
 * now on a thread waits for it: when it is killed, the caller is killed by the same signal.
 *
 * Return: 1; 0 when no gate is needed, for N is the caller's own network namespace or there is no
 * N; -1 failure.
 */
int rk_gate_start(struct rk_gate *g, const char *state_dir, struct err *e) WARN_UNUSED;

/** rk_gate_stop() - ends it, without the consequences; also a never started one */
void rk_gate_stop(struct rk_gate *g);

/**
 * rk_gate_run() - the gate's process
 * @netns_path: N
 * @hold_fd:    its end of file ends the gate
 * @e:          filled on failure
 *
 * Single-threaded. Return: 0 at the end, -1 when N cannot be joined.
 */
int rk_gate_run(const char *netns_path, int hold_fd, struct err *e) WARN_UNUSED;

#endif
