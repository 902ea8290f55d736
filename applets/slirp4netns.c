// SPDX-License-Identifier: MIT
/*
 * slirp4netns: usernet with the command line of slirp4netns(1), for those who
 * start that program: Podman, RootlessKit, scripts. See slirp4netns.8.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "applets/applets.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/opt.h"
#include "base/str.h"
#include "usernet/slirp.h"
#include "usernet/usernet.h"

#define COMPATIBLE_VERSION "1.3.3"
#define MTU_MAX		   65521

struct conf {
	const char *exit_fd, *ready_fd, *mtu, *api_socket, *cidr, *netns_type, *userns_path;
	const char *outbound_addr, *outbound_addr6, *macaddress, *target_type;
	bool configure, ipv6, disable_host_loopback, disable_dns, sandbox, seccomp, version, debug;
};

#define AT(member) offsetof(struct conf, member)

static const struct opt opts[] = {
	{'c', "configure", OPT_FLAG, AT(configure), NULL, "set up the interface and lo", NULL},
	{'e', "exit-fd", OPT_STR, AT(exit_fd), "FD", "end when something happens on FD", NULL},
	{'r', "ready-fd", OPT_STR, AT(ready_fd), "FD", "write 1 to FD when all is set up", NULL},
	{'m', "mtu", OPT_STR, AT(mtu), "MTU", "of the interface (default 1500, max 65521)", NULL},
	{'6', "enable-ipv6", OPT_FLAG, AT(ipv6), NULL, "carry IPv6, too", NULL},
	{'a', "api-socket", OPT_STR, AT(api_socket), "PATH", "take requests at this socket", NULL},
	{0, "cidr", OPT_STR, AT(cidr), "CIDR", "the subnet (default 10.0.2.0/24)", NULL},
	{0, "disable-host-loopback", OPT_FLAG, AT(disable_host_loopback), NULL,
	 "close the host's 127.0.0.1 to the gateway's address", NULL},
	{0, "netns-type", OPT_STR, AT(netns_type), "TYPE",
	 "what the first operand is: pid, path or tapfd (default pid)", NULL},
	{0, "userns-path", OPT_STR, AT(userns_path), "PATH", "the target's user namespace", NULL},
	{0, "enable-sandbox", OPT_FLAG, AT(sandbox), NULL,
	 "see no files but those of /etc and /run", NULL},
	{0, "enable-seccomp", OPT_FLAG, AT(seccomp), NULL,
	 "accepted; system calls always are limited", NULL},
	{0, "outbound-addr", OPT_STR, AT(outbound_addr), "IPv4|INTERFACE",
	 "address of the host to connect from", NULL},
	{0, "outbound-addr6", OPT_STR, AT(outbound_addr6), "IPv6|INTERFACE",
	 "address of the host to connect from", NULL},
	{0, "disable-dns", OPT_FLAG, AT(disable_dns), NULL, "close the nameserver's address", NULL},
	{0, "macaddress", OPT_STR, AT(macaddress), "MAC", "of the interface (only with -c)", NULL},
	{0, "target-type", OPT_STR, AT(target_type), "TYPE", "netns or bess (default netns)", NULL},
	{0, "no-host-loopback", OPT_FLAG, AT(disable_host_loopback), NULL, NULL, NULL},
	{0, "create-sandbox", OPT_FLAG, AT(sandbox), NULL, NULL, NULL},
	{0, "debug", OPT_FLAG, AT(debug), NULL, "log more", NULL},
	{'v', "version", OPT_FLAG, AT(version), NULL, "print versions", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "slirp4netns [OPTION]... PID|PATH|FD [TAPNAME]",
	.about = "User-mode networking for unprivileged network namespaces.",
	.opts = opts,
};

/* Everything main() works on. */
struct run {
	struct slirp_target target;
	struct usernet_conf net;
	struct usernet_slirp slirp;
	const char *bess_path; /* NULL: a network namespace */
	int tap_fd;	       /* >= 0: given */
};

static int parse_fd(const char *text, const char *name, int *ret, struct err *e)
{
	uint64_t n;

	if (text == NULL)
		return 0;
	if (str_u64(text, INT32_MAX, &n) < 0)
		return err_set(e, ERR_INVALID, 0, "%s must be a non-negative integer", name);
	*ret = (int)n;
	return 0;
}

/* The subnet's own address with room for .100 (as slirp4netns checks and says it). */
static int parse_cidr(const char *text, struct ip_prefix *ret, struct err *e)
{
	struct ip_prefix net;

	if (strchr(text, '/') == NULL || ip_prefix_parse(text, ret, e) < 0 ||
	    ret->ip.family != IP_V4)
		return err_set(e, ERR_INVALID, 0, "invalid CIDR: %s", text);
	if (ret->bits < 1 || ret->bits > 25)
		return err_set(e, ERR_INVALID, 0, "prefix length needs to be 1-25");
	net = ip_prefix_network(ret);
	if (!ip_eq(&net.ip, &ret->ip))
		return err_set(e, ERR_INVALID, 0,
			       "CIDR needs to be a network address like 10.0.2.0/24, not like "
			       "10.0.2.100/24");
	return 0;
}

/* An address, or the first one of an interface. */
static int parse_outbound(const char *text, uint8_t family, struct ip *ret, struct err *e)
{
	int af = family == IP_V6 ? AF_INET6 : AF_INET;
	struct ifaddrs *all = NULL;

	if (text == NULL || (ip_parse(text, ret, e) == 0 && ret->family == family))
		return 0;
	*ret = (struct ip){0};
	if (getifaddrs(&all) < 0)
		return err_sys(e, "addresses of %s", text);
	for (const struct ifaddrs *a = all; a != NULL && ret->family == IP_NONE; a = a->ifa_next) {
		if (a->ifa_addr == NULL || a->ifa_addr->sa_family != af ||
		    !str_eq(a->ifa_name, text))
			continue;
		ret->family = family;
		if (family == IP_V6)
			memcpy(ret->bytes, &((struct sockaddr_in6 *)(void *)a->ifa_addr)->sin6_addr,
			       16);
		else
			memcpy(ret->bytes, &((struct sockaddr_in *)(void *)a->ifa_addr)->sin_addr,
			       4);
	}
	freeifaddrs(all);
	if (ret->family != IP_NONE)
		return 0;
	return err_set(e, ERR_INVALID, 0, "%s has to be valid %s address or interface name: %s",
		       family == IP_V6 ? "outbound-addr6" : "outbound-addr",
		       family == IP_V6 ? "ipv6" : "ipv4", text);
}

static int set_addresses(const struct conf *c, struct run *r, struct err *e)
{
	struct ip_prefix net, net6;
	struct slirp_target *t = &r->target;

	if (parse_cidr(c->cidr, &net, e) < 0 ||
	    parse_outbound(c->outbound_addr, IP_V4, &r->slirp.outbound, e) < 0 ||
	    parse_outbound(c->outbound_addr6, IP_V6, &r->slirp.outbound6, e) < 0)
		return -1;
	t->addr.bits = net.bits;
	if (ip_prefix_nth(&net, 100, &t->addr.ip, e) < 0 ||
	    ip_prefix_nth(&net, 2, &t->gateway, e) < 0)
		return -1;
	memcpy(r->net.tun.subnet, net.ip.bytes, 4);
	r->net.tun.bits = net.bits;
	if (!c->ipv6)
		return 0;
	if (ip_prefix_parse(USERNET_CIDR6, &net6, e) < 0 ||
	    ip_prefix_nth(&net6, 0x100, &t->addr6.ip, e) < 0 ||
	    ip_prefix_nth(&net6, 2, &t->gateway6, e) < 0)
		return -1;
	t->addr6.bits = net6.bits;
	return 0;
}

/* The operands: whose network namespace, and the interface's name. */
static int set_target(const struct conf *c, struct run *r, int n, char **operand, struct err *e)
{
	const char *type = c->netns_type != NULL ? c->netns_type : "pid";
	struct slirp_target *t = &r->target;
	struct stat st;
	uint64_t pid;

	t->userns_path = c->userns_path;
	if (c->userns_path != NULL && stat(c->userns_path, &st) < 0)
		return err_set(e, ERR_INVALID, 0, "userns path doesn't exist: %s", c->userns_path);
	if (n < 1)
		return err_set(e, ERR_INVALID, 0, "PID, PATH or FD of the target is missing");
	if (str_eq(type, "tapfd"))
		return parse_fd(operand[0], "TAPFD", &r->tap_fd, e);
	if (n < 2)
		return err_set(e, ERR_INVALID, 0, "TAPNAME is missing");
	t->ifname = operand[1];
	if (!str_eq(type, "pid")) {
		t->netns_path = operand[0];
		if (stat(operand[0], &st) < 0)
			return err_sys(e, "existing path expected when --netns-type=path: %s",
				       operand[0]);
		return 0;
	}
	if (str_u64(operand[0], INT32_MAX, &pid) < 0 || pid == 0)
		return err_set(e, ERR_INVALID, 0, "PID must be a positive integer");
	t->pid = (pid_t)pid;
	return 0;
}

static int set_bess(const struct conf *c, struct run *r, int n, char **operand, struct err *e)
{
	const char *bad = c->configure		   ? "--configure"
			  : c->netns_type != NULL  ? "--netns-type"
			  : c->userns_path != NULL ? "--userns-path"
						   : NULL;

	if (bad != NULL)
		return err_set(e, ERR_INVALID, 0, "%s conflicts with --target-type=bess", bad);
	if (n != 1)
		return err_set(e, ERR_INVALID, 0, "--target-type=bess needs one path");
	r->bess_path = operand[0];
	return 0;
}

static int set_all(const struct conf *c, struct run *r, int n, char **operand, struct err *e)
{
	struct slirp_target *t = &r->target;
	uint64_t mtu;

	if (parse_fd(c->exit_fd, "exit-fd", &r->slirp.exit_fd, e) < 0 ||
	    parse_fd(c->ready_fd, "ready-fd", &r->net.ready_fd, e) < 0)
		return -1;
	if (str_u64(c->mtu, MTU_MAX, &mtu) < 0 || mtu == 0)
		return err_set(e, ERR_INVALID, 0, "MTU must be a positive integer (< 65522)");
	t->mtu = r->net.tun.mtu = (uint32_t)mtu;
	t->configure = c->configure;
	t->has_mac = c->macaddress != NULL;
	if (t->has_mac && !c->configure)
		return err_set(e, ERR_INVALID, 0,
			       "--macaddr cannot be specified when --configure or -c is not "
			       "specified");
	if (t->has_mac && mac_parse(c->macaddress, t->mac, e) < 0)
		return err_set(e, ERR_INVALID, 0, "\"%s\" is an invalid MAC address.",
			       c->macaddress);
	r->net.tun.host_loopback = !c->disable_host_loopback;
	r->net.tun.disable_dns = c->disable_dns;
	r->net.tun.ipv6 = c->ipv6;
	if (set_addresses(c, r, e) < 0)
		return -1;
	if (str_eq(c->target_type, "bess"))
		return set_bess(c, r, n, operand, e);
	if (c->target_type != NULL && !str_eq(c->target_type, "netns"))
		return err_set(e, ERR_INVALID, 0,
			       "--target-type must be either \"netns\" or \"bess\"");
	return set_target(c, r, n, operand, e);
}

static int open_api(const char *path, int *ret_fd, struct err *e)
{
	if (path == NULL)
		return 0;
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return err_set(e, ERR_INVALID, 0, "the specified API socket path is too long: %s",
			       path);
	unlink(path);
	*ret_fd = net_listen_unix(path, SOCK_STREAM, 0600, e);
	return *ret_fd < 0 ? -1 : 0;
}

/* What slirp4netns tells whoever watches; some scripts wait for it. */
static void announce(const struct conf *c, const struct run *r)
{
	const struct slirp_target *t = &r->target;
	char text[IP_TEXT_SIZE];
	struct ip_prefix net = ip_prefix_network(&t->addr);
	struct ip dns = {0};
	struct err e;

	if (ip_prefix_nth(&net, 3, &dns, &e) < 0)
		log_debug(&e, "nameserver's address");
	printf("Starting slirp\n* MTU:             %u\n", t->mtu);
	printf("* Network:         %s/%u\n", ip_format(&net.ip, text), net.bits);
	printf("* Gateway:         %s\n", ip_format(&t->gateway, text));
	printf("* DNS:             %s\n", ip_format(&dns, text));
	printf("* Recommended IP:  %s\n", ip_format(&t->addr.ip, text));
	if (c->api_socket != NULL)
		printf("* API Socket:      %s\n", c->api_socket);
	if (!c->disable_host_loopback)
		printf("WARNING: 127.0.0.1:* on the host is accessible as %s (set "
		       "--disable-host-loopback to prohibit connecting to 127.0.0.1:*)\n",
		       ip_format(&t->gateway, text));
	fflush(stdout);
}

static int open_tap(struct run *r, struct err *e)
{
	if (r->tap_fd >= 0) {
		r->net.tun_fd = r->tap_fd;
		return 0;
	}
	if (r->bess_path != NULL)
		return slirp_accept_bess(r->bess_path, &r->net.tun_fd, e);
	return slirp_open_tap(&r->target, &r->net.tun_fd, e);
}

static int run(const struct conf *c, struct run *r, struct err *e)
{
	signal(SIGPIPE, SIG_IGN);
	if (open_tap(r, e) < 0)
		return -1;
	announce(c, r);
	if (open_api(c->api_socket, &r->slirp.api_fd, e) < 0)
		return -1;
	if (c->sandbox && slirp_sandbox(&r->target, e) < 0)
		return err_wrap(e, "sandbox");
	return usernet_run(&r->net, e);
}

static int print_version(void)
{
	printf("slirp4netns version " COMPATIBLE_VERSION "\ncommit: thimble " THIMBLE_VERSION
	       "\nSLIRP_CONFIG_VERSION_MAX: 6\n");
	return fflush(stdout) ? 1 : 0;
}

int slirp4netns_main(int argc, char **argv);

int slirp4netns_main(int argc, char **argv)
{
	struct conf c = {.mtu = "1500", .cidr = "10.0.2.0/24"};
	struct run r = {.net = {.tun_fd = -1,
				.netns_fd = -1,
				.control_fd = -1,
				.feed_fd = -1,
				.ready_fd = -1},
			.slirp = {.api_fd = -1, .exit_fd = -1},
			.tap_fd = -1};
	struct err e;
	int first;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	first = opt_parse(opts, &c, argc, argv, 0, &e);
	if (first >= 0 && c.version)
		return print_version();
	if (first < 0 || set_all(&c, &r, argc - first, argv + first, &e) < 0) {
		fprintf(stderr, "slirp4netns: %s (slirp4netns --help names the options)\n", e.msg);
		return 1;
	}
	log_set_applet("slirp4netns");
	if (c.debug)
		log_set_level(LOG_LEVEL_DEBUG);
	r.net.slirp = &r.slirp;
	if (run(&c, &r, &e) < 0) {
		log_error(&e, "slirp4netns ended");
		return 1;
	}
	return 0;
}
