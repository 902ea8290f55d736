// SPDX-License-Identifier: MIT
/*
 * Theory of operation. TCP that containers send outward need not travel as
 * packets: N's own kernel can end the connection and the bytes be spliced to a
 * socket of the host. For the ports in use (64 of each family at most):
 *
 *	N: rule "ipproto tcp dport PORT lookup ANYIP", where every address is local;
 *	   a transparent listener on PORT that is deaf to SYNs but those of the tun;
 *	   a raw socket, the watch, that shows SYNs which N delivers locally.
 *
 *	1. A container's SYN is delivered locally; the listener drops it, the watch
 *	   shows it. The container has no answer: its SYN is held.
 *	2. usernet connects on the host. Refused: it writes a RST into the tun. No
 *	   way: an ICMP error. So the container never sees a false "connected".
 *	3. It stands: the same SYN is written into the tun, passes the filter, and
 *	   N's kernel shakes hands with the container. accept(2) gives a socket whose
 *	   two addresses find the host socket that waits; a relay joins the two.
 *
 * A port's first SYN finds no rule and comes by the tun, as all of translation
 * (tcp.c) does; that one already goes the fast way. A port is either wholly
 * here or wholly there: it is taken up only while translation has no flow of
 * it, for a rule would tear those, and given up only when it has been without a
 * flow for a minute. More ports than rules, other kernels, no helper: translation.
 *
 * N sets no netfilter rule for this; and nothing here is fragile against usernet's
 * or the helper's end: the helper takes the rules back when the channel of the
 * usernet that asked for them is closed, while rules and listeners outlive a
 * helper and are taken over by the next one's channel.
 *
 * What N delivers locally has passed its routing: networks that are internal or
 * apart, and sources that are not the bridge's own, never get here. An address
 * of N itself does; the helper tells which those are, and they are refused.
 *
 * Facts this rests on (tests/unit/network/test_anyip.c tries each, Linux 6.18):
 * - A raw socket sees what is delivered locally, before TCP's own filter drops it:
 *   better than a packet socket, which sees also what routing then refuses.
 * - The listener's filter must let pass all but SYNs: it is asked for the ACK of
 *   the handshake too. Accepted sockets inherit it; it can be detached.
 * - Packets from the tun to containers must meet the containers' routes before the
 *   ports' rules: a RST's port may be one with a rule.
 * - The tun needs accept_local=1: the check of a source looks up the way back with
 *   the ports swapped, finds it local by a port's rule and drops the packet as
 *   martian; and N's own addresses must be able to refuse. rp_filter must be 0 there (the SYN
 *   comes back by the tun), 1 on bridges. IPv6 has no such checks, all else is the same.
 * - The SYN's checksum is not filled in when a veth brought it: written anew.
 * - tcp_max_tw_buckets=0 in N: else sockets in TIME_WAIT eat reused ports.
 * - Data of a Fast Open SYN is left out and sent again by the container, for the
 *   listener grants no cookies; ECN is negotiated by N's kernel as by any.
 * - A SYN that comes again while held is shown again. Written back twice it is
 *   answered once. With a full backlog N's kernel drops it in silence: it is written
 *   back when the container sends it again.
 * - Rules by port need Linux 4.17; before, the attribute would be ignored and the
 *   rule catch all, so the helper asks for the version.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "usernet/addr.h"
#include "usernet/anyip_internal.h"

#define ACCEPTS_PER_TURN 32
#define IDLE_MS		 60000 /* N's kernel has ended what lingers of a port's flows */
#define UNPROVEN_MS	 5000  /* a port nobody has answered on leaves nothing behind */
#define FAILURE_MS	 1000
#define PORT_DNS	 53 /* 127.0.0.11 has a listener of its own */

static const uint32_t kinds[] = {POOL_TCP4, POOL_TCP6};

static size_t family_index(const struct ip *a)
{
	return a->family == IP_V6 ? 1 : 0;
}

static struct anyip_port *find_port(struct anyip *a, size_t family, uint16_t port)
{
	for (size_t i = 0; i < a->n_ports[family]; i++) {
		if (a->ports[family][i]->port == port)
			return a->ports[family][i];
	}
	return NULL;
}

void anyip_port_left(struct anyip_port *p)
{
	p->n_flows--;
	p->used_ms = time_mono_ms();
}

/* --- what the helper told of N's addresses -------------------------------- */
static bool is_local(const struct anyip *a, const struct ip *ip)
{
	for (uint32_t i = 0; i < a->locals->n; i++) {
		if (ip_eq(&a->locals->a[i].prefix.ip, ip))
			return true;
	}
	return false;
}

/* An address of a bridge's subnet that is not N's own. */
static bool is_container(const struct usernet *u, const struct ip *ip)
{
	const struct tun_net *tun = ip->family == IP_V6 ? &u->net6 : &u->net4;
	const struct anyip *a = u->anyip;
	bool found = false;

	for (uint32_t i = 0; i < a->locals->n; i++) {
		if (ip_eq(&a->locals->a[i].prefix.ip, ip))
			return false;
		found = found || ip_prefix_has(&a->locals->a[i].prefix, ip);
	}
	return found && !ip_prefix_has(&tun->subnet, ip);
}

static void on_notes(struct loop *l, int fd, uint32_t events UNUSED, void *arg)
{
	struct usernet *u = arg;
	struct anyip *a = u->anyip;
	struct err e;
	ssize_t n = fd_recv(fd, u->scratch, USERNET_SCRATCH, NULL, NULL, &e);

	if (n == sizeof(*a->locals)) {
		memcpy(a->locals, u->scratch, sizeof(*a->locals));
		a->locals->n = MIN(a->locals->n, (uint32_t)POOL_LOCALS_MAX);
	} else if (n >= 0 || e.sys != EAGAIN) {
		/* what the helper told last still holds; the next one goes on telling */
		loop_del(l, a->notes_source);
		a->notes_source = NULL;
		fd_close(&a->notes_fd);
	}
}

/* --- SYNs ------------------------------------------------------------------ */
void anyip_seen(struct usernet *u, const struct anyip_syn *s)
{
	struct anyip *a = u->anyip;
	struct anyip_port *p = find_port(a, family_index(&s->dst), s->dport);

	/* N's kernel answers for the other ports; loopback is not ours. Sources are right: N's
	 * rules let a bridge's containers send with addresses of its subnet only */
	if (p == NULL || ip_is_loopback(&s->dst) || !addr_is_source(&s->src) || anyip_again(u, s))
		return;
	if (is_local(a, &s->dst)) {
		anyip_refuse(u, s);
		return;
	}
	anyip_hold(u, p, s);
}

/* --- listeners --------------------------------------------------------------- */
bool anyip_accept(const struct anyip_port *p)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int conn = accept4(p->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (conn < 0)
		return false;
	anyip_join(p->u, conn, &peer);
	return true;
}

static void on_listener(struct loop *l UNUSED, int fd UNUSED, uint32_t events UNUSED, void *arg)
{
	const struct anyip_port *p = arg;
	int n = 0;

	while (n < ACCEPTS_PER_TURN && anyip_accept(p))
		n++;
}

static void drop_port(struct usernet *u, size_t family, size_t i)
{
	struct anyip *a = u->anyip;
	struct anyip_port *p = a->ports[family][i];

	loop_del(u->loop, p->source);
	fd_close(&p->fd);
	a->ports[family][i] = a->ports[family][--a->n_ports[family]];
	free(p);
}

static int ask(struct usernet *u, uint32_t op, size_t family, uint16_t port, uint32_t n,
	       int fds[POOL_BATCH], size_t *n_fds)
{
	struct pool_request q = {
		.version = POOL_VERSION, .op = op, .kind = kinds[family], .n = n, .port = port};
	struct pool_answer ans;
	int sys = pool_call(u, &q, &ans, fds, n_fds);

	if (sys != 0) {
		while (*n_fds > 0)
			fd_close(&fds[--*n_fds]);
	}
	return sys;
}

/* Makes room for a port by giving up the one that was idle longest. */
static bool make_room(struct usernet *u, size_t family)
{
	struct anyip *a = u->anyip;
	int64_t now = time_mono_ms(), longest = 0;
	size_t oldest = USERNET_ANYIP_PORTS_MAX, n_fds;
	int fds[POOL_BATCH];

	if (a->n_ports[family] < USERNET_ANYIP_PORTS_MAX)
		return true;
	for (size_t i = 0; i < a->n_ports[family]; i++) {
		const struct anyip_port *p = a->ports[family][i];

		int64_t idle = now - p->used_ms;

		if (p->n_flows == 0 && idle > longest &&
		    idle > (p->proven ? IDLE_MS : UNPROVEN_MS)) {
			oldest = i;
			longest = idle;
		}
	}
	if (oldest == USERNET_ANYIP_PORTS_MAX ||
	    ask(u, POOL_UNLISTEN, family, a->ports[family][oldest]->port, 0, fds, &n_fds) != 0)
		return false;
	drop_port(u, family, oldest);
	return true;
}

/* The helper is left alone for a while; the first failure that is one is told. */
static void failed(struct usernet *u, size_t family, int sys, const char *what)
{
	struct anyip *a = u->anyip;

	a->not_before_ms[family] = time_mono_ms() + FAILURE_MS;
	if (sys == EOPNOTSUPP || sys == EPROTONOSUPPORT)
		a->off = true;
	if (sys == ENOTCONN || sys == ENETUNREACH || sys == EADDRINUSE || a->told)
		return;
	a->told = true;
	log_info(NULL, "no fast path for the containers' TCP, it is translated: %s: %s", what,
		 strerror(sys));
}

static struct anyip_port *take_up(struct usernet *u, size_t family, uint16_t port)
{
	struct anyip *a = u->anyip;
	struct anyip_port *p;
	int fds[POOL_BATCH], sys;
	size_t n_fds;
	struct err e;

	if (!make_room(u, family))
		return NULL;
	sys = ask(u, POOL_LISTEN, family, port, 0, fds, &n_fds);
	if (sys != 0 || n_fds != 1) {
		failed(u, family, sys, "listen");
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	*p = (struct anyip_port){.u = u, .fd = fds[0], .port = port, .used_ms = time_mono_ms()};
	p->source = loop_add(u->loop, p->fd, EPOLLIN, on_listener, p, &e);
	a->ports[family][a->n_ports[family]++] = p;
	if (p->source == NULL) {
		if (ask(u, POOL_UNLISTEN, family, port, 0, fds, &n_fds) == 0)
			drop_port(u, family, a->n_ports[family] - 1);
		return NULL;
	}
	return p;
}

/* --- the channel ------------------------------------------------------------- */
static void unwatch(struct usernet *u)
{
	struct anyip *a = u->anyip;

	for (size_t i = 0; i < 2; i++) {
		loop_del(u->loop, a->watch_source[i]);
		a->watch_source[i] = NULL;
		a->pressed[i] = false;
		fd_close(&a->watch_fd[i]);
	}
	loop_del(u->loop, a->notes_source);
	a->notes_source = NULL;
	fd_close(&a->notes_fd);
}

static int watch(struct usernet *u, size_t family)
{
	struct anyip *a = u->anyip;
	size_t held = a->n_ports[0] + a->n_ports[1], n_fds;
	int fds[POOL_BATCH], sys;
	struct err e;

	sys = ask(u, POOL_SYN_WATCH, family, 0, (uint32_t)held, fds, &n_fds);
	if (sys != 0 || n_fds == 0)
		return sys != 0 ? sys : EIO;
	a->watch_fd[family] = fds[0];
	a->watch_source[family] = loop_add(u->loop, fds[0], EPOLLIN, anyip_on_watch, u, &e);
	if (n_fds > 1) {
		a->notes_fd = fds[1];
		a->notes_source = loop_add(u->loop, fds[1], EPOLLIN, on_notes, u, &e);
		on_notes(u->loop, fds[1], EPOLLIN, u);
	}
	return 0;
}

static bool watching(struct usernet *u, size_t family)
{
	struct anyip *a = u->anyip;
	int sys;

	if (a->off || time_mono_ms() < a->not_before_ms[family])
		return false;
	sys = a->watch_fd[family] < 0 ? watch(u, family) : 0;
	if (sys != 0)
		failed(u, family, sys, "watch");
	return sys == 0;
}

void anyip_channel(struct usernet *u)
{
	struct anyip *a = u->anyip;

	if (a == NULL) {
		a = u->anyip = xcalloc(1, sizeof(*a));
		a->locals = xcalloc(1, sizeof(*a->locals));
		a->watch_fd[0] = a->watch_fd[1] = a->notes_fd = -1;
		for (size_t i = 0; i < 2; i++)
			a->translated[i] = xcalloc(65536, sizeof(**a->translated));
		list_init(&a->relays);
	}
	unwatch(u);
	a->off = false;
	a->not_before_ms[0] = a->not_before_ms[1] = 0;
	/* at once: what a predecessor left behind goes, what is ours gets its new keeper */
	watching(u, 0);
	watching(u, 1);
}

void anyip_stop(struct usernet *u)
{
	struct anyip *a = u->anyip;
	int fds[POOL_BATCH];
	size_t n_fds;

	if (a == NULL)
		return;
	anyip_end_flows(u);
	for (size_t f = 0; f < 2; f++) {
		while (a->n_ports[f] > 0) {
			ask(u, POOL_UNLISTEN, f, a->ports[f][a->n_ports[f] - 1]->port, 0, fds,
			    &n_fds);
			drop_port(u, f, a->n_ports[f] - 1);
		}
	}
	unwatch(u);
	free(a->queue);
	a->queue = NULL;
	a->queue_head = a->queue_len = a->queue_cap = 0;
}

void anyip_free(struct usernet *u)
{
	if (u->anyip == NULL)
		return;
	anyip_stop(u);
	for (size_t i = 0; i < 2; i++)
		free(u->anyip->translated[i]);
	free(u->anyip->locals);
	free(u->anyip);
	u->anyip = NULL;
}

/* --- translation's side ------------------------------------------------------ */
bool anyip_take(struct usernet *u, const struct packet_ip *ip)
{
	struct anyip *a = u->anyip;
	size_t family = family_index(&ip->dst);
	struct sockaddr_storage sa;
	struct anyip_port *p;
	struct anyip_syn s;
	socklen_t len;

	if (a == NULL || !anyip_syn_parse(ip, &s) || s.dport == PORT_DNS ||
	    !is_container(u, &s.src))
		return false;
	p = find_port(a, family, s.dport);
	if (p != NULL) {
		/* sent before the rule stood */
		if (!anyip_again(u, &s))
			anyip_hold(u, p, &s);
		return true;
	}
	if (u->pool_fd < 0 || a->translated[family][s.dport] > 0 ||
	    tun_destination(u, &s.dst, &sa, &len) != DEST_OK || !watching(u, family))
		return false;
	p = take_up(u, family, s.dport);
	if (p == NULL)
		return false;
	anyip_hold(u, p, &s);
	return true;
}

bool anyip_translated(struct usernet *u, const struct flow_key *k, int change)
{
	struct anyip *a = u->anyip;
	uint16_t *n;

	if (a == NULL || (change > 0 && !is_container(u, &k->src)))
		return false;
	n = &a->translated[family_index(&k->dst)][k->dport];
	*n = (uint16_t)(*n + change);
	return true;
}
