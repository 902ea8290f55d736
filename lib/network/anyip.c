// SPDX-License-Identifier: MIT
/*
 * The fast path for TCP out of N, the helper's end: POOL_SYN_WATCH, POOL_LISTEN
 * and POOL_UNLISTEN of usernet/pool.h. Theory of operation: usernet/anyip.c.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "network/pool_internal.h"

#define WATCH_BYTES	  (1 << 20)
#define LISTEN_BACKLOG	  4096
#define KEEPALIVE_IDLE_S  300
#define KEEPALIVE_INTVL_S 30
#define RULES_MAX	  4096 /* taken back at most */
#define LO_INDEX	  1    /* of every network namespace */

static const uint8_t families[] = {IP_V4, IP_V6};

static uint8_t family_of(uint32_t kind)
{
	return kind == POOL_TCP6 ? IP_V6 : IP_V4;
}

struct way_out {
	uint8_t family;
	struct rtnl_route found;
};

static int is_way_out(const struct rtnl_route *r, void *arg)
{
	struct way_out *w = arg;

	if (r->family != w->family || r->dst.ip.family != IP_NONE || r->oif == 0 ||
	    r->gateway.family == IP_NONE || (r->table != 0 && r->table != RT_TABLE_MAIN))
		return 0;
	w->found = *r;
	return 1;
}

/* N's default route: its device is the tun, its gateway an address of the host's. */
static int way_out(struct netns_server *s, uint8_t family, struct rtnl_route *ret)
{
	struct way_out w = {.family = family};
	struct err e;

	if (rtnl_routes(&s->rtnl, is_way_out, &w, &e) < 0)
		return e.sys != 0 ? e.sys : EIO;
	if (w.found.oif == 0)
		return ENETUNREACH;
	*ret = w.found;
	return 0;
}

/* Older kernels would take a rule by port for a rule for everything. */
static bool kernel_has_port_rules(void)
{
	unsigned major = 0, minor = 0;
	struct utsname u;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return false;
	return major > 4 || (major == 4 && minor >= 17);
}

static struct rtnl_rule gateway_rule(uint8_t family)
{
	return (struct rtnl_rule){.family = family,
				  .priority = NETNS_RULE_GATEWAY_IN,
				  .action = FR_ACT_GOTO,
				  .go_to = NETNS_RULE_APART};
}

static void delete_all(struct rtnl *nl, const struct rtnl_rule *r)
{
	struct err e;
	int n = 0;

	while (n < RULES_MAX && rtnl_rule_del(nl, r, &e) == 0)
		n++;
}

static void flush(struct netns_server *s)
{
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		struct rtnl_rule ports = {.family = families[i], .priority = NETNS_RULE_ANYIP};
		struct rtnl_rule gateway = gateway_rule(families[i]);

		delete_all(&s->rtnl, &ports);
		delete_all(&s->rtnl, &gateway);
	}
}

/* The table that ports' rules lead to, and the way to it for the gateway's address. */
static int base_rules(struct netns_server *s, uint8_t family, const struct rtnl_route *out)
{
	const struct ip *gateway = &out->gateway;
	char tun[IFNAMSIZ], path[NETNS_SYSCTL_MAX];
	struct rtnl_rule rule = gateway_rule(family);
	struct rtnl_route all = {.family = family,
				 .table = NETNS_TABLE_ANYIP,
				 .type = RTN_LOCAL,
				 .scope = RT_SCOPE_HOST,
				 .oif = LO_INDEX};
	struct err e;

	rule.dst = (struct ip_prefix){.ip = *gateway, .bits = (uint8_t)ip_bits(gateway)};
	/* what usernet answers as N's own address would be taken for spoofed */
	if (if_indextoname((unsigned)out->oif, tun) != NULL) {
		snprintf(path, sizeof(path), "net/ipv4/conf/%s/accept_local", tun);
		netns_sysctl_try(path, "1");
	}
	if (rtnl_route_add(&s->rtnl, &all, &e) < 0 || rtnl_rule_add(&s->rtnl, &rule, &e) < 0) {
		log_debug(&e, "fast path");
		return e.sys != 0 ? e.sys : EIO;
	}
	return 0;
}

static int attach(int fd, struct sock_filter *f, size_t n)
{
	struct sock_fprog p = {.len = (unsigned short)n, .filter = f};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p));
}

/* The watch sees SYNs that did not come by the tun. Its data starts with the IPv4 header, or
 * behind the IPv6 ones. */
static int attach_watch_filter(int fd, uint8_t family, int tun)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 13),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x17),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)tun, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, LO_INDEX, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	if (family == IP_V6)
		f[0] = (struct sock_filter)BPF_STMT(BPF_LDX | BPF_IMM, 0);
	return attach(fd, f, ARRAY_LEN(f));
}

/* A listener is deaf to SYNs that did not come by the tun. Its data starts with the TCP header. */
static int attach_listen_filter(int fd, int tun)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)tun, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return attach(fd, f, ARRAY_LEN(f));
}

static int watch_socket(uint8_t family, int tun)
{
	CLEANUP(fd_closep) int fd = -1;
	int one = 1, room = WATCH_BYTES, r;

	fd = socket(family == IP_V6 ? AF_INET6 : AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    IPPROTO_TCP);
	if (fd < 0 || attach_watch_filter(fd, family, tun) < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)); /* as much as rmem_max allows */
	if (family == IP_V6)
		r = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	else
		r = setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	return r < 0 ? -1 : TAKE_FD(fd);
}

struct collect {
	struct pool_locals *l;
};

static int add_local(const struct rtnl_addr *a, void *arg)
{
	struct pool_locals *l = ((struct collect *)arg)->l;

	if (l->n < POOL_LOCALS_MAX)
		l->a[l->n++] =
			(struct pool_local){.ifindex = (uint32_t)a->index, .prefix = a->prefix};
	return 0;
}

void netns_anyip_addresses(struct netns_server *s)
{
	CLEANUP(freep) struct pool_locals *l = NULL;
	struct collect c;
	struct err e;

	if (s->anyip.notes_fd < 0)
		return;
	l = xcalloc(1, sizeof(*l));
	l->version = POOL_VERSION;
	c.l = l;
	if (rtnl_addrs(&s->rtnl, add_local, &c, &e) < 0 ||
	    fd_send(s->anyip.notes_fd, l, sizeof(*l), NULL, 0, &e) < 0) {
		/* a usernet that has gone is seen by its channel */
		log_debug(&e, "fast path: N's addresses");
	}
}

void netns_anyip_end(struct netns_server *s, const void *channel)
{
	if (s->anyip.owner != channel || channel == NULL)
		return;
	flush(s);
	fd_close(&s->anyip.notes_fd);
	s->anyip.owner = NULL;
}

/* The channel's usernet takes the fast path over; one that holds listeners keeps its rules. */
static int take_over(struct netns_server *s, const void *channel, bool keep, int *ret_notes_fd)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return errno;
	if (!keep)
		flush(s);
	fd_close(&s->anyip.notes_fd);
	s->anyip.owner = channel;
	s->anyip.notes_fd = pair[0];
	netns_anyip_addresses(s);
	*ret_notes_fd = pair[1];
	return 0;
}

int netns_pool_syn_watch(struct netns_server *s, const void *channel, const struct pool_request *q,
			 int fds[POOL_BATCH], size_t *n_fds)
{
	CLEANUP(fd_closep) int fd = -1;
	uint8_t family = family_of(q->kind);
	struct rtnl_route out;
	int sys;

	if (!kernel_has_port_rules())
		return EOPNOTSUPP;
	sys = way_out(s, family, &out);
	if (sys != 0)
		return sys;
	fd = watch_socket(family, out.oif);
	if (fd < 0)
		return errno;
	if (s->anyip.owner != channel) {
		sys = take_over(s, channel, q->n > 0, &fds[1]);
		if (sys != 0)
			return sys;
		*n_fds = 1;
	}
	sys = base_rules(s, family, &out);
	if (sys != 0) {
		if (*n_fds > 0)
			fd_close(&fds[1]);
		*n_fds = 0;
		netns_anyip_end(s, channel);
		return sys;
	}
	fds[0] = TAKE_FD(fd);
	++*n_fds;
	return 0;
}

static void set_listener_options(int fd)
{
	int one = 1, idle = KEEPALIVE_IDLE_S, interval = KEEPALIVE_INTVL_S;

	/* accepted sockets inherit all of these; the link is this machine's memory: no pacing */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
}

static int listener(uint8_t family, uint16_t port, int tun)
{
	struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	CLEANUP(fd_closep) int fd = -1;
	int one = 1, r;

	fd = socket(family == IP_V6 ? AF_INET6 : AF_INET,
		    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	set_listener_options(fd);
	netns_pool_small_window(fd);
	if (attach_listen_filter(fd, tun) < 0)
		return -1;
	if (family == IP_V6) {
		if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0 ||
		    setsockopt(fd, IPPROTO_IPV6, IPV6_TRANSPARENT, &one, sizeof(one)) < 0)
			return -1;
		r = bind(fd, (struct sockaddr *)&a6, sizeof(a6));
	} else {
		if (setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &one, sizeof(one)) < 0)
			return -1;
		r = bind(fd, (struct sockaddr *)&a4, sizeof(a4));
	}
	if (r < 0 || listen(fd, LISTEN_BACKLOG) < 0)
		return -1;
	return TAKE_FD(fd);
}

static struct rtnl_rule port_rule(const struct pool_request *q)
{
	return (struct rtnl_rule){.family = family_of(q->kind),
				  .priority = NETNS_RULE_ANYIP,
				  .table = NETNS_TABLE_ANYIP,
				  .ipproto = IPPROTO_TCP,
				  .dport = q->port};
}

int netns_pool_listen(struct netns_server *s, const void *channel, const struct pool_request *q,
		      int fds[POOL_BATCH], size_t *n_fds)
{
	CLEANUP(fd_closep) int fd = -1;
	struct rtnl_rule rule = port_rule(q);
	struct rtnl_route out;
	struct err e;
	int sys;

	if (s->anyip.owner != channel)
		return EPERM;
	sys = way_out(s, rule.family, &out);
	if (sys != 0)
		return sys;
	fd = listener(rule.family, q->port, out.oif);
	if (fd < 0)
		return errno;
	if (rtnl_rule_add(&s->rtnl, &rule, &e) < 0)
		return e.sys != 0 ? e.sys : EIO;
	fds[0] = TAKE_FD(fd);
	*n_fds = 1;
	return 0;
}

int netns_pool_unlisten(struct netns_server *s, const void *channel, const struct pool_request *q)
{
	struct rtnl_rule rule = port_rule(q);
	struct err e;

	if (s->anyip.owner != channel)
		return EPERM;
	if (rtnl_rule_del(&s->rtnl, &rule, &e) < 0 && e.kind != ERR_NOTFOUND)
		return e.sys != 0 ? e.sys : EIO;
	return 0;
}
