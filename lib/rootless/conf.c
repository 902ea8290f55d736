// SPDX-License-Identifier: MIT
/*
 * Options of rootlesskit: words to values, contradictions to sentences
 * (RootlessKit's cmd/rootlesskit/main.go is the model of what is accepted).
 */
#include "rootless/conf.h"

#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/str.h"
#include "network/client.h"
#include "ns/mount.h"

void rk_conf_init(struct rk_conf *c)
{
	*c = (struct rk_conf){
		.net = "host",
		.slirp_sandbox = "auto",
		.slirp_seccomp = "auto",
		.copy_up_mode = "tmpfs+symlink",
		.port_driver = "none",
		.propagation_name = "rprivate",
		.reaper_word = "auto",
		.subid_word = "auto",
		.source_ip_transparent = true,
		.ifname = NETNS_IFNAME_DEFAULT,
	};
}

void rk_conf_clear(struct rk_conf *c)
{
	strv_clear(&c->copy_up);
	strv_clear(&c->publish);
}

bool rk_conf_has_netns(const struct rk_conf *c)
{
	return c->net_kind != RK_NET_HOST;
}

struct ip rk_conf_address(const struct rk_conf *c, unsigned n)
{
	struct ip_prefix net = ip_prefix_network(&c->subnet);

	return ip_v4(ip_v4_u32(&net.ip) + n);
}

static bool is_executable(const char *path)
{
	return !str_empty(path) && access(path, X_OK) == 0;
}

/* A program of PATH. */
static bool in_path(const char *name)
{
	CLEANUP(strv_clear) struct strv dirs = STRV_INIT;
	const char *path = getenv("PATH");

	strv_split(&dirs, path == NULL ? "/usr/local/bin:/usr/bin:/bin" : path, ":");
	strv_for_each (dir, &dirs) {
		CLEANUP(freep) char *file = xasprintf("%s/%s", *dir, name);

		if (is_executable(file))
			return true;
	}
	return false;
}

static int resolve_net(struct rk_conf *c, struct err *e)
{
	const char *net = c->net;

	if (str_eq(net, "host")) {
		c->net_kind = RK_NET_HOST;
	} else if (str_eq(net, "none")) {
		c->net_kind = RK_NET_NONE;
	} else if (str_eq(net, "usernet")) {
		c->net_kind = RK_NET_USERNET;
	} else if (str_eq(net, "slirp4netns")) {
		/* only a binary named on purpose replaces what is built in */
		c->net_kind = str_empty(c->slirp_binary) ? RK_NET_USERNET : RK_NET_SLIRP;
	} else if (str_eq(net, "pasta")) {
		c->net_kind = RK_NET_PASTA;
		if (str_empty(c->pasta_binary))
			c->pasta_binary = "pasta";
		if (!is_executable(c->pasta_binary) && !in_path(c->pasta_binary))
			return err_set(e, ERR_UNAVAILABLE, 0,
				       "--net=pasta: %s is not installed; --net=usernet needs no "
				       "other program",
				       c->pasta_binary);
	} else if (str_eq(net, "vpnkit") || str_eq(net, "lxc-user-nic") ||
		   str_eq(net, "gvisor-tap-vsock")) {
		return err_set(
			e, ERR_UNIMPLEMENTED, 0,
			"network mode %s is not supported: use --net=usernet, which is built "
			"in, or slirp4netns or pasta",
			net);
	} else {
		return err_set(e, ERR_INVALID, 0, "unknown network mode: %s", net);
	}
	return 0;
}

static int resolve_ports(struct rk_conf *c, struct err *e)
{
	const char *driver = c->port_driver;

	if (str_eq(driver, "none")) {
		c->port_kind = RK_PORT_NONE;
		if (c->publish.len > 0)
			return err_set(e, ERR_INVALID, 0,
				       "port driver \"none\" does not support publishing ports");
		return 0;
	}
	/* those of slirp4netns and pasta keep the client's address; so does ours, with any network
	 */
	if (str_eq(driver, "builtin") || str_eq(driver, "slirp4netns") ||
	    str_eq(driver, "implicit")) {
		c->port_kind = RK_PORT_BUILTIN;
	} else if (str_eq(driver, "gvisor-tap-vsock") || str_eq(driver, "pesto")) {
		return err_set(e, ERR_UNIMPLEMENTED, 0,
			       "port driver %s is not supported: use --port-driver=builtin, which "
			       "keeps the client's address",
			       driver);
	} else {
		return err_set(e, ERR_INVALID, 0, "unknown port driver: %s", driver);
	}
	if (c->net_kind == RK_NET_HOST)
		return err_set(e, ERR_INVALID, 0, "port driver requires non-host network");
	return 0;
}

static int resolve_words(struct rk_conf *c, struct err *e)
{
	static const char *const subid_words[] = {"auto", "dynamic", "static"};
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(subid_words); i++) {
		if (str_eq(c->subid_word, subid_words[i])) {
			c->subid = (enum subid_source)i;
			known = true;
		}
	}
	if (!known)
		return err_set(e, ERR_INVALID, 0, "unknown subid source: %s", c->subid_word);
	if (mnt_propagation_parse(c->propagation_name, &c->propagation) < 0)
		return err_set(e, ERR_INVALID, 0, "unknown propagation: %s", c->propagation_name);
	if (!str_eq(c->copy_up_mode, "tmpfs+symlink"))
		return err_set(e, ERR_INVALID, 0, "unknown copy-up mode: %s", c->copy_up_mode);
	if (str_eq(c->reaper_word, "auto"))
		c->reaper = c->pidns;
	else if (str_bool(c->reaper_word, &c->reaper) < 0)
		return err_set(e, ERR_INVALID, 0, "unknown reaper mode: %s", c->reaper_word);
	if (c->reaper && !c->pidns)
		return err_set(e, ERR_INVALID, 0, "reaper requires pidns");
	if (!str_empty(c->evacuate_cgroup2) && (!c->pidns || !c->cgroupns))
		return err_set(e, ERR_INVALID, 0, "evacuate-cgroup2 requires pidns and cgroupns");
	return 0;
}

int rk_conf_resolve(struct rk_conf *c, struct err *e)
{
	if (resolve_net(c, e) < 0 || resolve_ports(c, e) < 0 || resolve_words(c, e) < 0)
		return -1;
	if (c->mtu < 0 || c->mtu > RK_MTU_MAX)
		return err_set(e, ERR_INVALID, 0, "mtu must be <= %d, got %d", RK_MTU_MAX, c->mtu);
	if (ip_prefix_parse(c->cidr == NULL ? NETNS_CIDR_DEFAULT : c->cidr, &c->subnet, e) < 0)
		return err_wrap(e, "cidr");
	if (c->subnet.ip.family != IP_V4 || c->subnet.bits > 25)
		return err_set(e, ERR_INVALID, 0,
			       "cidr must be an IPv4 network of at least 128 addresses, got %s",
			       c->cidr);
	if (str_empty(c->ifname))
		c->ifname = NETNS_IFNAME_DEFAULT;
	if (c->command == NULL || c->command[0] == NULL)
		return err_set(e, ERR_INVALID, 0, "no command specified");
	c->service = !str_empty(getenv("_DOCKERD_ROOTLESS_CHILD"));
	return 0;
}
