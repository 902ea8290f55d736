// SPDX-License-Identifier: MIT
/*
 * The parent's end of N's network: the usernet process (or an external
 * slirp4netns or pasta for the packets), told about tun, sockets and ports, and
 * started again when it dies.
 */
#ifndef ROOTLESS_UPLINK_INTERNAL_H
#define ROOTLESS_UPLINK_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "network/client.h"
#include "rootless/conf.h"
#include "rootless/ports.h"

struct rk_uplink {
	const struct rk_conf *conf;
	const char *state_dir;
	struct netns_client *helper;
	struct rk_relay relay;
	struct rk_ports *ports;
	pid_t usernet; /* 0: not running */
	int ctl_fd;
	int feed_fd;  /* listens for usernet */
	int tun_fd;   /* ours, so that N keeps its device while usernet is started again */
	pid_t driver; /* the external program; 0: none */
	pid_t child;  /* whose namespaces it serves */
	int64_t retry_at_ms;
	int64_t started_ms;
	int delay_ms;
	bool tun_failed;		      /* said once */
	bool tun_sent, pool_sent, ports_sent; /* what the present usernet was told */
};

/* rk_uplink_init() - nothing runs yet; the relay may be given to rk_ports_init() */
void rk_uplink_init(struct rk_uplink *u, const struct rk_conf *conf, const char *state_dir,
		    struct rk_ports *ports);
/* rk_uplink_spawn() - start usernet, if the configuration needs one */
int rk_uplink_spawn(struct rk_uplink *u, struct err *e) WARN_UNUSED;
/* rk_uplink_connect() - N stands: tun, sockets and ports to usernet, or the external program */
int rk_uplink_connect(struct rk_uplink *u, pid_t child_pid, struct err *e) WARN_UNUSED;
/* rk_uplink_event() - the control socket is readable */
void rk_uplink_event(struct rk_uplink *u);
/* rk_uplink_reaped() - true when the process was one of ours; it is then planned again */
bool rk_uplink_reaped(struct rk_uplink *u, pid_t pid);
/* rk_uplink_retry() - start again what is due */
void rk_uplink_retry(struct rk_uplink *u);
/* rk_uplink_close() - ends the processes */
void rk_uplink_close(struct rk_uplink *u);

/* rk_driver_start() - an external slirp4netns or pasta on N, ready when it returns; its pid
 * (drivers.c) */
pid_t rk_driver_start(const struct rk_conf *conf, const char *state_dir, pid_t child_pid,
		      struct err *e) WARN_UNUSED;

#endif
