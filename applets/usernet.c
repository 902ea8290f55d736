// SPDX-License-Identifier: MIT
/* usernet: options to config, then usernet/usernet.h. See usernet.8. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "applets/applets.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/opt.h"
#include "usernet/usernet.h"

struct conf {
	int tun_fd, netns_fd, control_fd, feed_fd, ready_fd, mtu;
	const char *cidr;
	const char *resolv_conf;
	bool disable_host_loopback, disable_dns, no_sandbox, debug;
};

#define AT(member) offsetof(struct conf, member)

static const struct opt opts[] = {
	{0, "control-fd", OPT_INT, AT(control_fd), "FD",
	 "be steered by this socket; end when it is closed", NULL},
	{0, "tun-fd", OPT_INT, AT(tun_fd), "FD", "serve this tun device from the start", NULL},
	{0, "netns-fd", OPT_INT, AT(netns_fd), "FD", "get sockets from this netns-helper channel",
	 NULL},
	{0, "feed-fd", OPT_INT, AT(feed_fd), "FD",
	 "be told the containers' names by connections to this listening socket", NULL},
	{0, "ready-fd", OPT_INT, AT(ready_fd), "FD", "write one byte there when running", NULL},
	{0, "cidr", OPT_STR, AT(cidr), "CIDR", "subnet of the tun (default 10.0.2.0/24)", NULL},
	{0, "mtu", OPT_INT, AT(mtu), "MTU", "of the tun (default 65520)", NULL},
	{0, "disable-host-loopback", OPT_FLAG, AT(disable_host_loopback), NULL,
	 "close the host's 127.0.0.1 to the gateway's address (default true)", NULL},
	{0, "disable-dns", OPT_FLAG, AT(disable_dns), NULL, "close the nameserver's address", NULL},
	{0, "resolv-conf", OPT_STR, AT(resolv_conf), "PATH",
	 "where the host's nameservers stand (default /etc/resolv.conf)", NULL},
	{0, "no-sandbox", OPT_FLAG, AT(no_sandbox), NULL, "do not confine the process (debugging)",
	 NULL},
	{0, "debug", OPT_FLAG, AT(debug), NULL, "log more", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "usernet [OPTIONS]",
	.about = "Carry TCP, UDP, ping and DNS between a tun device and sockets of this network\n"
		 "namespace, and relay published ports. Started by rootlesskit.",
	.opts = opts,
};

static int subnet(const struct conf *c, struct usernet_conf *u, struct err *e)
{
	struct ip_prefix p;

	if (ip_prefix_parse(c->cidr, &p, e) < 0)
		return -1;
	if (p.ip.family != IP_V4)
		return err_set(e, ERR_INVALID, 0, "--cidr must be an IPv4 subnet: %s", c->cidr);
	memcpy(u->tun.subnet, p.ip.bytes, 4);
	u->tun.bits = p.bits;
	u->tun.mtu = (uint32_t)c->mtu;
	u->tun.host_loopback = !c->disable_host_loopback;
	u->tun.disable_dns = c->disable_dns;
	return 0;
}

int usernet_main(int argc, char **argv);

int usernet_main(int argc, char **argv)
{
	struct conf c = {.tun_fd = -1,
			 .netns_fd = -1,
			 .control_fd = -1,
			 .feed_fd = -1,
			 .ready_fd = -1,
			 .mtu = 65520,
			 .cidr = "10.0.2.0/24",
			 .disable_host_loopback = true};
	struct usernet_conf u = {0};
	struct err e;
	int first;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	first = opt_parse(opts, &c, argc, argv, 0, &e);
	if (first >= 0 && (first < argc || (c.tun_fd < 0 && c.control_fd < 0)))
		first = err_set(&e, ERR_INVALID, 0, "need --control-fd or --tun-fd, no operands");
	if (first < 0 || subnet(&c, &u, &e) < 0) {
		fprintf(stderr, "usernet: %s\n", e.msg);
		return 2;
	}
	log_set_applet("usernet");
	if (c.debug)
		log_set_level(LOG_LEVEL_DEBUG);
	u.tun_fd = c.tun_fd;
	u.netns_fd = c.netns_fd;
	u.control_fd = c.control_fd;
	u.feed_fd = c.feed_fd;
	u.ready_fd = c.ready_fd;
	u.resolv_conf = c.resolv_conf;
	u.no_sandbox = c.no_sandbox;
	if (usernet_run(&u, &e) < 0) {
		log_error(&e, "usernet ended");
		return 1;
	}
	return 0;
}
