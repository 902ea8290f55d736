// SPDX-License-Identifier: MIT
/* Connections of the fast path: held, released, joined. Theory in anyip.c. */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "usernet/addr.h"
#include "usernet/anyip_internal.h"
#include "usernet/relay_internal.h"
#include "usernet/tcp_internal.h"

#define RELEASED_MS 5000 /* a container that is there has answered N's kernel by then */
#define SYN_LATE_MS 3500 /* a SYN is sent again when it is as old again and a second, RFC 6298 */

static struct flow_key key_of(const struct anyip_syn *s)
{
	return (struct flow_key){.kind = FLOW_ANYIP,
				 .src = s->src,
				 .dst = s->dst,
				 .sport = s->sport,
				 .dport = s->dport};
}

static struct anyip_flow *find(struct usernet *u, const struct flow_key *k)
{
	struct flow *f = flow_find(&u->flows, k);

	return f != NULL ? CONTAINER_OF(f, struct anyip_flow, f) : NULL;
}

static void end_flow(struct anyip_flow *a)
{
	struct usernet *u = a->u;

	if (a->state == ANYIP_HELD)
		a->f.user->held--;
	loop_del(u->loop, a->source);
	wheel_stop(&u->wheel, &a->timer);
	relay_reset(&a->fd);
	flow_remove(&u->flows, &a->f);
	anyip_port_left(a->port);
	free(a);
}

void anyip_end_flows(struct usernet *u)
{
	struct flow *f;

	relay_kill_all(u, &u->anyip->relays);
	while ((f = flow_oldest(&u->flows, FLOW_ANYIP)) != NULL)
		end_flow(CONTAINER_OF(f, struct anyip_flow, f));
}

void anyip_refuse(struct usernet *u, const struct anyip_syn *s)
{
	struct packet_ip ip = {.src = s->src, .dst = s->dst, .proto = IPPROTO_TCP};
	struct packet_tcp in = {
		.sport = s->sport, .dport = s->dport, .seq = s->seq, .flags = PACKET_SYN};

	tcp_reset_reply(u, &ip, &in);
}

static void unreachable(struct usernet *u, const struct anyip_syn *s, enum tun_error what)
{
	uint8_t quote[USERNET_QUOTE_MAX];

	tun_unreachable(u, what, 0, quote, anyip_syn_packet(s, quote));
}

static void answer_failure(struct usernet *u, const struct anyip_syn *s, int sys)
{
	if (sys == ECONNREFUSED || sys == ECONNRESET)
		anyip_refuse(u, s);
	else
		unreachable(u, s, tun_error_of(sys));
}

static void write_back(struct anyip_flow *a)
{
	const struct anyip_syn *s = &a->syn;
	struct tun_out o = {0};
	uint8_t *h = tun_out_start(a->u, &o, &s->src, &s->dst, IPPROTO_TCP, s->tcp_len, 0, true);

	memcpy(h, s->tcp, s->tcp_len);
	tun_out_sum(&o, 16);
	/* if it is not taken, the container sends its SYN again */
	tun_write(a->u, &o);
}

/* The host's side stands: from now on N's kernel may shake hands. With a container that is quick
 * it has done so when the SYN is written: the flow is joined, or gone, when this returns. */
static void release(struct anyip_flow *a)
{
	struct usernet *u = a->u;
	const struct anyip_port *p = a->port;
	int one = 1;

	loop_del(u->loop, a->source);
	a->source = NULL;
	a->f.user->held--;
	a->state = ANYIP_RELEASED;
	wheel_set(&u->wheel, &a->timer, RELEASED_MS);
	write_back(a);
	setsockopt(a->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(a->fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	(void)anyip_accept(p);
}

/* Nobody is there any more: a held SYN was not sent again, a released one came to nothing. */
static void on_timer(struct wheel_timer *timer, void *arg UNUSED)
{
	end_flow(CONTAINER_OF(timer, struct anyip_flow, timer));
}

/* connect(2) to an ephemeral port of one's own can meet itself (simultaneous open) */
static bool met_itself(const struct anyip_flow *a)
{
	struct sockaddr_storage own, peer;
	socklen_t len = sizeof(own), peer_len = sizeof(peer);
	uint16_t port = 0, peer_port = 0;
	struct ip ip, peer_ip;

	if (a->syn.dport < 1024)
		return false;
	if (getsockname(a->fd, (struct sockaddr *)&own, &len) < 0)
		return false;
	ip = addr_from_sa(&own, &port);
	if (port != a->syn.dport || getpeername(a->fd, (struct sockaddr *)&peer, &peer_len) < 0)
		return false;
	peer_ip = addr_from_sa(&peer, &peer_port);
	return ip_eq(&ip, &peer_ip) && peer_port == port;
}

static void on_host(struct loop *l UNUSED, int fd, uint32_t events, void *arg)
{
	struct anyip_flow *a = arg;
	socklen_t len = sizeof(int);
	int sys = 0;

	if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys, &len) < 0)
		sys = errno;
	if (sys == 0 && (met_itself(a) || !tun_peer_ok(a->u, a->fd)))
		sys = ECONNREFUSED;
	if (sys == 0) {
		release(a);
		return;
	}
	answer_failure(a->u, &a->syn, sys);
	end_flow(a);
}

/* 0 connected, EINPROGRESS, or what failed */
static int connect_now(int fd, const struct sockaddr_storage *sa, socklen_t len)
{
	if (connect(fd, (const struct sockaddr *)sa, len) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	/* to this host itself the handshake is over by now: asking again saves a turn */
	if (connect(fd, (const struct sockaddr *)sa, len) == 0)
		return 0;
	return errno == EALREADY || errno == EINPROGRESS ? EINPROGRESS : errno;
}

static void start(struct anyip_flow *a, const struct sockaddr_storage *sa, socklen_t len)
{
	struct usernet *u = a->u;
	struct err e;
	int sys;

	a->fd = socket(sa->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (a->fd < 0) {
		/* the container will try again */
		u->stats.no_descriptor++;
		end_flow(a);
		return;
	}
	sys = connect_now(a->fd, sa, len);
	if (sys == 0 && (met_itself(a) || !tun_peer_ok(a->u, a->fd)))
		sys = ECONNREFUSED;
	if (sys == 0) {
		release(a);
		return;
	}
	if (sys == EINPROGRESS) {
		a->source = loop_add(u->loop, a->fd, EPOLLOUT | EPOLLET, on_host, a, &e);
		a->born_ms = time_mono_ms();
		wheel_set(&u->wheel, &a->timer, SYN_LATE_MS);
		if (a->source != NULL)
			return;
		sys = ENOMEM;
	}
	answer_failure(u, &a->syn, sys);
	end_flow(a);
}

bool anyip_again(struct usernet *u, const struct anyip_syn *s)
{
	struct flow_key k = key_of(s);
	struct anyip_flow *a = find(u, &k);

	if (a == NULL)
		return false;
	/* the newest counts: the address may have a new owner. N's kernel answers for a joined one
	 */
	if (a->state != ANYIP_JOINED)
		a->syn = *s;
	if (a->state == ANYIP_HELD)
		wheel_set(&u->wheel, &a->timer, time_mono_ms() - a->born_ms + SYN_LATE_MS);
	if (a->state == ANYIP_RELEASED) {
		wheel_set(&u->wheel, &a->timer, RELEASED_MS);
		write_back(a);
	}
	return true;
}

void anyip_hold(struct usernet *u, struct anyip_port *p, const struct anyip_syn *s)
{
	struct sockaddr_storage sa;
	struct quota_user *user;
	struct anyip_flow *a;
	socklen_t len;

	switch (tun_destination(u, &s->dst, &sa, &len)) {
	case DEST_NO_ROUTE:
		unreachable(u, s, TUN_NO_ROUTE);
		return;
	case DEST_OK:
		addr_set_port(&sa, s->dport);
		break;
	default:
		u->stats.bad_destination++;
		anyip_refuse(u, s);
		return;
	}
	/* too many: the SYN is lost, the container will try again */
	user = limit_new_flow(u, &s->src, FLOW_ANYIP);
	if (user == NULL)
		return;
	a = try_malloc(sizeof(*a));
	if (a == NULL) {
		u->stats.no_memory++;
		return;
	}
	*a = (struct anyip_flow){.f.key = key_of(s),
				 .f.user = user,
				 .u = u,
				 .port = p,
				 .state = ANYIP_HELD,
				 .fd = -1,
				 .syn = *s};
	wheel_timer_init(&a->timer, on_timer);
	flow_add(&u->flows, &a->f);
	p->n_flows++;
	u->stats.tcp_fast++;
	user->held++;
	start(a, &sa, len);
}

static void on_done(void *arg)
{
	end_flow(arg);
}

void anyip_join(struct usernet *u, int fd, const struct sockaddr_storage *peer)
{
	struct flow_key k = {.kind = FLOW_ANYIP};
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	struct relay_conf conf;
	struct anyip_flow *a;
	struct err e;
	int zero = 0;

	if (getsockname(fd, (struct sockaddr *)&own, &len) < 0) {
		relay_reset(&fd);
		return;
	}
	k.src = addr_from_sa(peer, &k.sport);
	k.dst = addr_from_sa(&own, &k.dport);
	a = find(u, &k);
	if (a == NULL || a->state != ANYIP_RELEASED) {
		relay_reset(&fd);
		return;
	}
	wheel_stop(&u->wheel, &a->timer);
	setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &zero, sizeof(zero));
	conf = (struct relay_conf){
		.fd = {fd, a->fd}, .owner = &u->anyip->relays, .done = on_done, .arg = a};
	a->state = ANYIP_JOINED;
	a->port->proven = true;
	a->fd = -1;
	if (relay_start(u, &conf, &e) < 0) {
		log_debug(&e, "fast path");
		end_flow(a);
	}
}
