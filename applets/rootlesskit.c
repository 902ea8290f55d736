// SPDX-License-Identifier: MIT
/*
 * rootlesskit: RootlessKit's command line (its cmd/rootlesskit/main.go) as an
 * option table; the work is lib/rootless.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "applets/applets.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/str.h"
#include "rootless/conf.h"
#include "rootless/parent.h"

#define CONF(member) offsetof(struct rk_conf, member)

static const struct opt opts[] = {
	{0, NULL, OPT_HEADING, 0, NULL, "Misc:", NULL},
	{0, "debug", OPT_FLAG, CONF(debug), NULL, "debug mode", NULL},
	{0, "print-semver", OPT_STR, CONF(print_semver), "PART",
	 "print a version component as a decimal integer [major, minor, patch]", NULL},
	{'v', "version", OPT_FLAG, CONF(version), NULL, "print the version", NULL},
	{0, NULL, OPT_HEADING, 0, NULL, "Mount:", NULL},
	{0, "copy-up", OPT_STRV, CONF(copy_up), "DIR",
	 "mount a tmpfs on DIR with links to its contents, e.g. --copy-up=/etc", NULL},
	{0, "copy-up-mode", OPT_STR, CONF(copy_up_mode), "MODE", "copy-up mode [tmpfs+symlink]",
	 NULL},
	{0, "propagation", OPT_STR, CONF(propagation_name), "MODE",
	 "mount propagation [rprivate, rslave]", NULL},
	{0, NULL, OPT_HEADING, 0, NULL, "Network:", NULL},
	{0, "net", OPT_STR, CONF(net), "DRIVER",
	 "network driver [host, none, usernet, slirp4netns, pasta] (default: host)", NULL},
	{0, "mtu", OPT_INT, CONF(mtu), "BYTES", "MTU for non-host network (default: 65520)", NULL},
	{0, "cidr", OPT_STR, CONF(cidr), "CIDR", "CIDR of the network (default: 10.0.2.0/24)",
	 NULL},
	{0, "ifname", OPT_STR, CONF(ifname), "NAME", "network interface name (default: tap0)",
	 NULL},
	{0, "disable-host-loopback", OPT_FLAG, CONF(disable_host_loopback), NULL,
	 "prohibit connecting to 127.0.0.1:* on the host namespace", NULL},
	{0, "ipv6", OPT_FLAG, CONF(ipv6), NULL, "enable IPv6 routing; unrelated to port forwarding",
	 NULL},
	{0, "detach-netns", OPT_FLAG, CONF(detach_netns), NULL,
	 "keep the network namespace beside the command, in STATEDIR/netns", NULL},
	{0, "slirp4netns-binary", OPT_STR, CONF(slirp_binary), "PATH",
	 "run this slirp4netns for --net=slirp4netns instead of the built-in network", NULL},
	{0, "slirp4netns-sandbox", OPT_STR, CONF(slirp_sandbox), "WHEN",
	 "sandbox of an external slirp4netns [auto, true, false]", NULL},
	{0, "slirp4netns-seccomp", OPT_STR, CONF(slirp_seccomp), "WHEN",
	 "seccomp filter of an external slirp4netns [auto, true, false]", NULL},
	{0, "pasta-binary", OPT_STR, CONF(pasta_binary), "PATH", "pasta for --net=pasta", NULL},
	{0, "vpnkit-binary", OPT_STR, CONF(vpnkit_binary), "PATH", NULL, NULL},
	{0, "lxc-user-nic-binary", OPT_STR, CONF(lxc_binary), "PATH", NULL, NULL},
	{0, "lxc-user-nic-bridge", OPT_STR, CONF(lxc_bridge), "NAME", NULL, NULL},
	{0, NULL, OPT_HEADING, 0, NULL, "Port:", NULL},
	{0, "port-driver", OPT_STR, CONF(port_driver), "DRIVER",
	 "port driver for non-host network [none, builtin]", NULL},
	{'p', "publish", OPT_STRV, CONF(publish), "SPEC",
	 "publish ports, e.g. 127.0.0.1:8080:80/tcp", NULL},
	{0, "source-ip-transparent", OPT_FLAG, CONF(source_ip_transparent), NULL,
	 "containers see the clients' addresses (default true)", NULL},
	{0, NULL, OPT_HEADING, 0, NULL, "Process:", NULL},
	{0, "pidns", OPT_FLAG, CONF(pidns), NULL, "create a PID namespace", NULL},
	{0, "cgroupns", OPT_FLAG, CONF(cgroupns), NULL, "create a cgroup namespace", NULL},
	{0, "utsns", OPT_FLAG, CONF(utsns), NULL, "create a UTS namespace", NULL},
	{0, "ipcns", OPT_FLAG, CONF(ipcns), NULL, "create an IPC namespace", NULL},
	{0, "reaper", OPT_STR, CONF(reaper_word), "WHEN",
	 "enable process reaper, requires --pidns [auto, true, false]", NULL},
	{0, "evacuate-cgroup2", OPT_STR, CONF(evacuate_cgroup2), "NAME",
	 "move processes into this subgroup, requires --pidns and --cgroupns", NULL},
	{0, NULL, OPT_HEADING, 0, NULL, "State:", NULL},
	{0, "state-dir", OPT_STR, CONF(state_dir), "DIR", "state directory", NULL},
	{0, NULL, OPT_HEADING, 0, NULL, "SubID:", NULL},
	{0, "subid-source", OPT_STR, CONF(subid_word), "SOURCE",
	 "source of the subids: getsubids or /etc/subuid and /etc/subgid [auto, dynamic, static]",
	 NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "rootlesskit [OPTIONS] COMMAND [ARGUMENTS...]",
	.about = "Run a command as root of a new user and mount namespace, without privileges.\n"
		 "Subordinate ids come from /etc/subuid and /etc/subgid.",
	.opts = opts,
};

static int print_semver(const char *part)
{
	static const char *const names[] = {"major", "minor", "patch"};
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;

	strv_split(&parts, RK_VERSION, ".");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_eq(part, names[i])) {
			puts(parts.items[i]);
			return 0;
		}
	}
	fprintf(stderr,
		"[rootlesskit:parent] error: expected semver component major, minor or "
		"patch, got %s\n",
		part);
	return 1;
}

static int fail(const struct err *e)
{
	fprintf(stderr, "[rootlesskit:parent] error: %s\n", e->msg);
	return 1;
}

static int run(struct rk_conf *conf)
{
	struct err e;
	int code;

	if (rk_conf_resolve(conf, &e) < 0)
		return fail(&e);
	if (rk_conf_has_netns(conf) && conf->net_kind != RK_NET_NONE &&
	    !conf->disable_host_loopback)
		log_warn(NULL, "[rootlesskit:parent] specifying --disable-host-loopback is highly "
			       "recommended to prohibit connecting to 127.0.0.1:* on the host "
			       "namespace");
	if (rk_run(conf, &code, &e) < 0)
		return fail(&e);
	return code;
}

int rootlesskit_main(int argc, char **argv);

int rootlesskit_main(int argc, char **argv)
{
	struct rk_conf conf;
	struct err e;
	int first, code;

	if (opt_wants_help(opts, argc, argv, OPT_STOP_AT_OPERAND)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	rk_conf_init(&conf);
	first = opt_parse(opts, &conf, argc, argv, OPT_STOP_AT_OPERAND, &e);
	if (first < 0) {
		code = fail(&e);
	} else if (conf.version) {
		printf("rootlesskit version %s (thimble %s)\n", RK_VERSION, THIMBLE_VERSION);
		code = 0;
	} else if (!str_empty(conf.print_semver)) {
		code = print_semver(conf.print_semver);
	} else {
		if (conf.debug)
			log_set_level(LOG_LEVEL_DEBUG);
		conf.command = argv + first;
		code = run(&conf);
	}
	rk_conf_clear(&conf);
	return code;
}
