// SPDX-License-Identifier: MIT
/*
 * What rootlesskit is asked to do: the options as given (filled by the applet's
 * option table) and what rk_conf_resolve() makes of them.
 */
#ifndef ROOTLESS_CONF_H
#define ROOTLESS_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strv.h"
#include "netlink/ip.h"
#include "ns/subid.h"

#define RK_VERSION     "2.0.2" /* of RootlessKit's command line and API, for programs that ask */
#define RK_API_VERSION "1.1.1"
#define RK_MTU_MAX     65521

enum rk_net {
	RK_NET_HOST,	/* no network namespace */
	RK_NET_NONE,	/* one with the loopback device only */
	RK_NET_USERNET, /* ours */
	RK_NET_SLIRP,	/* an external slirp4netns */
	RK_NET_PASTA,	/* an external pasta */
};

enum rk_port_driver { RK_PORT_NONE, RK_PORT_BUILTIN };

struct rk_conf {
	/* as given; borrowed strings */
	bool debug;
	const char *print_semver;
	bool version;
	const char *state_dir; /* NULL: a temporary one */
	const char *net;
	const char *slirp_binary;
	const char *slirp_sandbox;
	const char *slirp_seccomp;
	const char *pasta_binary;
	const char *vpnkit_binary;
	const char *lxc_binary;
	const char *lxc_bridge;
	int mtu;	  /* 0: the driver's default */
	const char *cidr; /* NULL: 10.0.2.0/24 */
	const char *ifname;
	bool disable_host_loopback;
	bool ipv6;
	bool source_ip_transparent; /* containers see the address of who connects to a published
				       port */
	struct strv copy_up;
	const char *copy_up_mode;
	const char *port_driver;
	struct strv publish;
	bool pidns, cgroupns, utsns, ipcns;
	bool detach_netns;
	const char *propagation_name;
	const char *reaper_word;
	const char *evacuate_cgroup2;
	const char *subid_word;
	char *const *command; /* NULL-terminated */

	/* resolved */
	enum rk_net net_kind;
	enum rk_port_driver port_kind;
	struct ip_prefix subnet;
	unsigned long propagation; /* MS_* */
	bool reaper;
	enum subid_source subid;
	bool quiet;   /* nothing is said of the command's exit code */
	bool service; /* run by dockerd-rootless.sh: a crashed command is started again, what it
			 left in the user namespace ends with it */
};

/** rk_conf_init() - defaults */
void rk_conf_init(struct rk_conf *c);
/** rk_conf_clear() - frees the vectors */
void rk_conf_clear(struct rk_conf *c);

/**
 * rk_conf_resolve() - check the options and fill the resolved part
 * @c: options
 * @e: ERR_INVALID for a wrong or contradictory option, ERR_UNIMPLEMENTED for a driver we do not
 *     have; the sentence as RootlessKit writes it where it has one
 */
int rk_conf_resolve(struct rk_conf *c, struct err *e) WARN_UNUSED;

/** rk_conf_has_netns() - the command's network is not the host's */
bool rk_conf_has_netns(const struct rk_conf *c);
/** rk_conf_address() - the n-th address of the driver's network: 2 gateway, 3 DNS, 100 N itself */
struct ip rk_conf_address(const struct rk_conf *c, unsigned n);

#endif
