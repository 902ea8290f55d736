// SPDX-License-Identifier: MIT
/*
 * Echo requests of N through the host's ICMP datagram sockets, which exist
 * where net.ipv4.ping_group_range names the group; otherwise "administratively
 * prohibited" is answered and the sysctl named once. Replies are never forged.
 * One socket per source, destination and id; the kernel puts its own id in.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "usernet/host_error.h"
#include "usernet/usernet_internal.h"

#define PING_IDLE_MS   60000
#define READS_PER_TURN 16
#define SEND_TRIES     4
#define ECHO_HDR       8

struct ping_flow {
	struct flow f; /* first */
	struct usernet *u;
	int fd;
	struct loop_source *source;
	struct wheel_timer timer;
	uint8_t hops; /* hop limit given to the socket; 0: the default */
	bool whole;   /* the host may not cut requests */
};

static void kill_flow(struct usernet *u, struct ping_flow *w)
{
	loop_del(u->loop, w->source);
	fd_close(&w->fd);
	wheel_stop(&u->wheel, &w->timer);
	flow_remove(&u->flows, &w->f);
	free(w);
}

void ping_evict(struct usernet *u, struct flow *f)
{
	kill_flow(u, CONTAINER_OF(f, struct ping_flow, f));
}

void ping_kill_all(struct usernet *u)
{
	struct flow *f;

	while ((f = flow_oldest(&u->flows, FLOW_PING)) != NULL)
		kill_flow(u, CONTAINER_OF(f, struct ping_flow, f));
}

/* Writes an echo message of which only the id and the checksum are still wrong. */
static void send_to_n(struct usernet *u, const struct ip *src, const struct ip *dst, uint8_t *msg,
		      size_t n, uint16_t id)
{
	bool v6 = src->family == IP_V6;
	struct tun_out o = {0};
	uint8_t *h = tun_out_start(u, &o, src, dst, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, ECHO_HDR,
				   n - ECHO_HDR, false);

	memcpy(h, msg, ECHO_HDR);
	h[0] = v6 ? PACKET_ECHO6_REPLY : PACKET_ECHO4_REPLY;
	packet_put16(h + 4, id);
	tun_out_data(&o, msg + ECHO_HDR, n - ECHO_HDR);
	tun_out_sum(&o, 2);
	tun_write(u, &o);
}

/* What became of a request, by the host's network: N gets the same, about its own request. */
static bool take_errors(struct usernet *u, struct ping_flow *w)
{
	bool any = false;
	const struct flow_key *k = &w->f.key;
	bool v6 = k->dst.family == IP_V6;
	struct host_error he;

	while (host_error_next(w->fd, k->dst.family, &he)) {
		uint8_t q[PACKET_IP6_HDR + HOST_ERROR_DATA] = {0};
		size_t n = packet_write_ip(q, &k->src, &k->dst, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP,
					   0, he.n, false);

		any = true;
		if (he.local || he.n < ECHO_HDR)
			continue;
		packet_put16(he.data + 4, k->sport);
		memcpy(q + n, he.data, he.n);
		tun_unreachable_from(u, he.what, &he.from, he.mtu, q, n + he.n);
	}
	return any;
}

static void on_reply(struct loop *l UNUSED, int fd, uint32_t events, void *arg)
{
	struct ping_flow *w = arg;
	struct usernet *u = w->u;
	const struct flow_key *k = &w->f.key;
	uint8_t reply = k->dst.family == IP_V6 ? PACKET_ECHO6_REPLY : PACKET_ECHO4_REPLY;

	if ((events & EPOLLERR) != 0)
		take_errors(u, w);
	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t n = recv(fd, u->scratch, USERNET_SCRATCH, MSG_DONTWAIT);

		if (n < 0)
			break;
		if (n >= ECHO_HDR && n <= 65000 && u->scratch[0] == reply)
			send_to_n(u, &k->dst, &k->src, u->scratch, (size_t)n, k->sport);
	}
}

static void on_idle(struct wheel_timer *timer, void *arg)
{
	kill_flow(arg, CONTAINER_OF(timer, struct ping_flow, timer));
}

static struct ping_flow *new_flow(struct usernet *u, const struct flow_key *k,
				  const struct sockaddr_storage *sa, socklen_t len, int *ret_sys)
{
	int proto = sa->ss_family == AF_INET6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP;
	struct quota_user *user = limit_new_flow(u, &k->src, FLOW_PING);
	struct ping_flow *w;
	struct err e;

	if (user == NULL)
		return NULL;
	w = xcalloc(1, sizeof(*w));
	w->f.user = user;
	w->f.key = *k;
	w->u = u;
	list_init(&w->f.used);
	wheel_timer_init(&w->timer, on_idle);
	flow_add(&u->flows, &w->f);
	w->fd = socket(sa->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, proto);
	if (w->fd < 0 || connect(w->fd, (const struct sockaddr *)sa, len) < 0) {
		*ret_sys = errno;
		kill_flow(u, w);
		return NULL;
	}
	host_error_enable(w->fd, k->dst.family);
	w->source = loop_add(u->loop, w->fd, EPOLLIN, on_reply, w, &e);
	if (w->source == NULL) {
		*ret_sys = e.sys;
		kill_flow(u, w);
		return NULL;
	}
	return w;
}

static void refuse(struct usernet *u, const struct packet_ip *ip, int sys)
{
	if (sys == EACCES && !u->ping_refused_logged) {
		log_warn(NULL, "ping is not allowed: set the sysctl net.ipv4.ping_group_range "
			       "to include this user's group");
		u->ping_refused_logged = true;
	}
	u->stats.ping_refused++;
	tun_refuse(u, ip, tun_error_of(sys), 0);
}

/* The gateway and the nameserver are ours: their echo replies are no forgery. */
static void answer_own(struct usernet *u, const struct packet_ip *ip, const struct packet_echo *in)
{
	size_t n = MIN(in->whole.n, (size_t)USERNET_SCRATCH);

	memcpy(u->scratch, in->whole.p, n);
	send_to_n(u, &ip->dst, &ip->src, u->scratch, n, in->id);
}

/* The socket of an echo request, made when it is new; NULL when there can be none. */
static struct ping_flow *flow_of(struct usernet *u, const struct packet_ip *ip, uint16_t id)
{
	struct flow_key key = {.kind = FLOW_PING, .src = ip->src, .dst = ip->dst, .sport = id};
	struct flow *f = flow_find(&u->flows, &key);
	struct sockaddr_storage sa;
	struct ping_flow *w = NULL;
	int sys = EPERM;
	socklen_t len;

	if (f != NULL)
		return CONTAINER_OF(f, struct ping_flow, f);
	if (tun_destination(u, &ip->dst, &sa, &len) == DEST_OK)
		w = new_flow(u, &key, &sa, len, &sys);
	if (w == NULL)
		refuse(u, ip, sys);
	return w;
}

/* 0 or errno; again when the call only told of an earlier request's fate */
static int send_request(struct usernet *u, struct ping_flow *w, const struct packet *p)
{
	int sys = 0;

	for (int i = 0; i < SEND_TRIES; i++) {
		if (send(w->fd, p->p, p->n, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		sys = errno;
		if (!take_errors(u, w))
			break;
	}
	return sys;
}

/* A bridge narrower than others: IPv6 datagrams are cut for it from now on. Other errors of N need
 * no answer: its hosts' sockets see to themselves. */
static void take_complaint(struct usernet *u, const struct packet_ip *ip)
{
	const uint8_t *h = packet_at(&ip->payload, 0, 8);

	if (ip->src.family == IP_V6 && h != NULL && h[0] == PACKET_TOO_BIG6)
		u->mtu6 = USERNET_MTU6_MIN;
	else
		u->stats.icmp_other++;
}

void ping_input(struct usernet *u, const struct packet_ip *ip, bool check_sums)
{
	uint8_t family = ip->dst.family, hops = host_hops_wanted(ip);
	struct packet_echo in;
	struct ping_flow *w;
	int sys;

	if (!packet_parse_echo(ip, check_sums, &in) || in.reply) {
		take_complaint(u, ip);
		return;
	}
	if (tun_is_own(u, &ip->dst)) {
		answer_own(u, ip, &in);
		return;
	}
	w = flow_of(u, ip, in.id);
	if (w == NULL)
		return;
	wheel_set(&u->wheel, &w->timer, PING_IDLE_MS);
	if (hops != w->hops)
		host_hops_set(w->fd, family, hops);
	w->hops = hops;
	if (ip->dont_frag != w->whole)
		host_may_fragment(w->fd, family, !ip->dont_frag);
	w->whole = ip->dont_frag;
	sys = send_request(u, w, &in.whole);
	if (sys == EMSGSIZE)
		tun_refuse(u, ip, TUN_TOO_BIG, host_error_mtu(w->fd, family));
	else if (sys != 0 && sys != EAGAIN && sys != EINTR && sys != ENOBUFS)
		refuse(u, ip, sys);
}
