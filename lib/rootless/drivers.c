// SPDX-License-Identifier: MIT
/*
 * External programs for the packets of N: slirp4netns(1), pasta(1). They find
 * the namespaces by the child's /proc entry, which they may still read when
 * they have entered its user namespace (pasta closes inherited descriptors).
 */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/strv.h"
#include "base/str.h"
#include "network/client.h"
#include "rootless/uplink_internal.h"

#define DRIVER_READY_FD 3
#define DRIVER_START_MS 10000
#define PASTA_GOOD_DATE 20240901 /* since then answers go to who asked, not to who spoke last */

/* Paths of the two namespaces. */
struct driver_ns {
	char *user;
	char *net;
};

static unsigned mtu(const struct rk_conf *c)
{
	return c->mtu > 0 ? (unsigned)c->mtu : NETNS_MTU_DEFAULT;
}

static void slirp_argv(const struct rk_conf *c, const struct driver_ns *ns, bool sandbox,
		       struct strv *argv)
{
	char text[IP_PREFIX_TEXT_SIZE];
	struct ip_prefix net = ip_prefix_network(&c->subnet);

	strv_add(argv, c->slirp_binary);
	strv_add(argv, "--configure");
	strv_addf(argv, "--mtu=%u", mtu(c));
	strv_addf(argv, "--ready-fd=%d", DRIVER_READY_FD);
	if (c->disable_host_loopback)
		strv_add(argv, "--disable-host-loopback");
	strv_addf(argv, "--cidr=%s", ip_prefix_format(&net, text));
	if (sandbox)
		strv_add(argv, "--enable-sandbox");
	if (!str_eq(c->slirp_seccomp, "false"))
		strv_add(argv, "--enable-seccomp");
	strv_addf(argv, "--userns-path=%s", ns->user);
	strv_add(argv, "--netns-type=path");
	strv_add(argv, ns->net);
	strv_add(argv, c->ifname);
}

static void pasta_argv(const struct rk_conf *c, const struct driver_ns *ns, struct strv *argv)
{
	char text[IP_TEXT_SIZE];
	struct ip child = rk_conf_address(c, 100), gateway = rk_conf_address(c, 2);
	struct ip dns = rk_conf_address(c, 3);

	strv_add(argv, c->pasta_binary);
	strv_add(argv, "--config-net");
	strv_add(argv, "--foreground");
	strv_add(argv, "--quiet");
	strv_addf(argv, "--ns-ifname=%s", c->ifname);
	strv_addf(argv, "--mtu=%u", mtu(c));
	strv_addf(argv, "--address=%s", ip_format(&child, text));
	strv_addf(argv, "--netmask=%u", (unsigned)c->subnet.bits);
	strv_addf(argv, "--gateway=%s", ip_format(&gateway, text));
	strv_addf(argv, "--dns-forward=%s", ip_format(&dns, text));
	if (c->disable_host_loopback)
		strv_add(argv, "--no-map-gw");
	if (!c->ipv6)
		strv_add(argv, "--ipv4-only");
	for (const char *const *o = (const char *const[]){"-t", "-u", "-T", "-U", NULL}; *o; o++) {
		strv_add(argv, *o);
		strv_add(argv, "none");
	}
	strv_addf(argv, "--userns=%s", ns->user);
	strv_addf(argv, "--netns=%s", ns->net);
}

/* The date in "pasta 2024_09_06.6b38f07" or "pasta 0.0~git20241002.cba3570-1"; 0: none. */
static unsigned long version_date(const char *s)
{
	for (; *s != '\0' && *s != '\n'; s++) {
		unsigned long date = 0;
		unsigned n = 0;

		for (const char *p = s; n < 8 && ((*p >= '0' && *p <= '9') || *p == '_'); p++) {
			if (*p != '_') {
				date = date * 10 + (unsigned long)(*p - '0');
				n++;
			}
		}
		if (n == 8 && date > 20200000 && date < 21000000)
			return date;
	}
	return 0;
}

static void warn_of_old_pasta(const struct rk_conf *c)
{
	const char *const argv[] = {c->pasta_binary, "--version", NULL};
	struct proc_spec spec = {.path = c->pasta_binary, .argv = argv};
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct err e;

	if (proc_run(&spec, DRIVER_START_MS, &out, &e) < 0)
		log_debug(&e, "%s", c->pasta_binary);
	else if (version_date(buf_str(&out)) < PASTA_GOOD_DATE)
		log_warn(NULL,
			 "%s is older than 2024-09: it confuses containers that speak at the same "
			 "time; --net=usernet does not",
			 c->pasta_binary);
}

/* slirp4netns writes a byte when it runs; pasta has no such option and gets a moment. */
static int wait_ready(const struct rk_conf *c, int ready_fd, pid_t pid, struct err *e)
{
	char byte;
	int code;

	if (c->net_kind == RK_NET_SLIRP) {
		if (fd_wait(ready_fd, POLLIN, DRIVER_START_MS) > 0 &&
		    fd_read(ready_fd, &byte, 1) == 1)
			return 0;
		(void)kill(pid, SIGKILL);
		if (proc_wait(pid, 1000, &code, e) < 0)
			log_debug(e, "%s", c->slirp_binary);
		return err_set(e, ERR_UNAVAILABLE, 0, "%s did not start", c->slirp_binary);
	}
	if (proc_wait(pid, 200, &code, e) == 0)
		return err_set(e, ERR_UNAVAILABLE, 0, "%s ended with exit code %d", c->pasta_binary,
			       code);
	return e->kind == ERR_TIMEOUT ? 0 : -1;
}

static pid_t start(const struct rk_conf *c, const struct driver_ns *ns, bool sandbox, struct err *e)
{
	CLEANUP(strv_clear) struct strv argv = STRV_INIT;
	CLEANUP(fd_closep) int ready_fd = -1;
	struct proc_fd pass = {.child_fd = DRIVER_READY_FD};
	struct proc_spec spec = {.fds = &pass, .n_fds = 1, .new_session = true};
	int ready[2];
	pid_t pid;

	if (fd_pipe(ready, e) < 0)
		return -1;
	ready_fd = ready[0];
	pass.fd = ready[1];
	if (c->net_kind == RK_NET_SLIRP)
		slirp_argv(c, ns, sandbox, &argv);
	else
		pasta_argv(c, ns, &argv);
	spec.path = argv.items[0];
	spec.argv = (const char *const *)argv.items;
	pid = proc_spawn(&spec, e);
	close(ready[1]);
	if (pid < 0)
		return err_wrap(e, "%s", argv.items[0]);
	if (wait_ready(c, ready_fd, pid, e) < 0)
		return -1;
	return pid;
}

pid_t rk_driver_start(const struct rk_conf *c, const char *state_dir, pid_t child_pid,
		      struct err *e)
{
	CLEANUP(freep) char *user = xasprintf("/proc/%d/ns/user", (int)child_pid);
	CLEANUP(freep)
	char *net = c->detach_netns ? xasprintf("/proc/%d/root%s/netns", (int)child_pid, state_dir)
				    : xasprintf("/proc/%d/ns/net", (int)child_pid);
	const struct driver_ns ns = {.user = user, .net = net};
	bool sandbox = !str_eq(c->slirp_sandbox, "false");
	pid_t pid;

	if (c->net_kind == RK_NET_PASTA)
		warn_of_old_pasta(c);
	if (c->ipv6)
		log_warn(NULL, "%s carries no IPv6 of containers; --net=usernet does", c->net);
	pid = start(c, &ns, sandbox, e);

	/* its sandbox needs mounts that not every host allows; "auto" does without then */
	if (pid < 0 && sandbox && c->net_kind == RK_NET_SLIRP && str_eq(c->slirp_sandbox, "auto")) {
		log_warn(e, "trying again without slirp4netns' sandbox");
		pid = start(c, &ns, false, e);
	}
	return pid;
}
