// SPDX-License-Identifier: MIT
/*
 * Theory of operation. Each flow of datagrams (source, destination, both ports) has one connected
 * host socket. 30 s without an answer, 180 s after one; a flow to port 53 ends with its answer.
 *
 * Out: what one turn of the tun brings is collected into a burst as long as flow and size stay the
 * same, and sent by one call; N's kernel may itself hand several datagrams over as one. In: the
 * host's datagrams are read many at a time and those of one size go into N as one packet, which N's
 * kernel cuts. Each of these is asked of the kernel once and done without where it is missing.
 *
 * Errors of the host's network (ICMP, by the sockets' error queues) become ICMP for N, routers'
 * addresses and path MTUs included. A datagram that N allows to be cut is cut by the host.
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
#include "base/time.h"
#include "usernet/addr.h"
#include "usernet/host_error.h"
#include "usernet/udp_internal.h"

#define UDP_FIRST_MS   30000
#define UDP_REPLIED_MS 180000
#define UDP_READS      4 /* calls in one turn of a flow */

static void kill_flow(struct usernet *u, struct udp_flow *w)
{
	if (u->burst != NULL && u->burst->w == w)
		u->burst->w = NULL;
	loop_del(u->loop, w->source);
	fd_close(&w->fd);
	wheel_stop(&u->wheel, &w->timer);
	flow_remove(&u->flows, &w->f);
	free(w);
	if (u->flows.n[FLOW_UDP] == 0)
		udp_slots_free(u);
}

void udp_evict(struct usernet *u, struct flow *f)
{
	u->stats.udp_evicted++;
	kill_flow(u, CONTAINER_OF(f, struct udp_flow, f));
}

void udp_kill_all(struct usernet *u)
{
	struct flow *f;

	while ((f = flow_oldest(&u->flows, FLOW_UDP)) != NULL)
		kill_flow(u, CONTAINER_OF(f, struct udp_flow, f));
	udp_slots_free(u);
	free(u->burst);
	u->burst = NULL;
}

static void on_udp(struct loop *l UNUSED, int fd UNUSED, uint32_t events, void *arg)
{
	struct udp_flow *w = arg;
	struct usernet *u = w->u;
	int n = UDP_SLOTS;

	if ((events & EPOLLERR) != 0)
		udp_host_errors(u, w);
	for (int i = 0; i < UDP_READS && n == UDP_SLOTS; i++) {
		n = udp_host_read(u, w);
		if (n <= 0)
			continue;
		if (w->f.key.dport == 53) {
			kill_flow(u, w);
			return;
		}
		w->used_ms = time_mono_ms();
		if (!w->replied)
			wheel_set(&u->wheel, &w->timer, UDP_REPLIED_MS);
		w->replied = true;
	}
}

static void on_idle(struct wheel_timer *timer, void *arg)
{
	struct udp_flow *w = CONTAINER_OF(timer, struct udp_flow, timer);
	int64_t life = w->replied ? UDP_REPLIED_MS : UDP_FIRST_MS;
	int64_t left = w->used_ms + life - time_mono_ms();

	if (left > 0)
		wheel_set(&w->u->wheel, timer, left);
	else
		kill_flow(arg, w);
}

static int open_socket(struct usernet *u, struct udp_flow *w, const struct sockaddr_storage *sa,
		       socklen_t len)
{
	int one = 1;

	w->fd = socket(sa->ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd < 0)
		return -1;
	udp_host_setup(u, w);
	if (tun_bind_source(u, w->fd, sa->ss_family) < 0)
		return -1;
	if (connect(w->fd, (const struct sockaddr *)sa, len) == 0)
		return 0;
	/* a broadcast address of one of the host's networks */
	if (errno != EACCES || setsockopt(w->fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one)) < 0)
		return -1;
	return connect(w->fd, (const struct sockaddr *)sa, len);
}

static struct udp_flow *new_flow(struct usernet *u, const struct flow_key *k,
				 const struct sockaddr_storage *sa, socklen_t len)
{
	struct quota_user *user = limit_new_flow(u, &k->src, FLOW_UDP);
	struct host_error he = {0};
	struct udp_flow *w;
	struct err e;

	if (user == NULL)
		return NULL;
	w = xcalloc(1, sizeof(*w));
	w->f.user = user;
	w->f.key = *k;
	w->u = u;
	w->used_ms = time_mono_ms();
	list_init(&w->f.used);
	wheel_timer_init(&w->timer, on_idle);
	flow_add(&u->flows, &w->f);
	if (open_socket(u, w, sa, len) < 0) {
		int sys = errno;

		kill_flow(u, w);
		/* EAGAIN: every port of the host is taken */
		if (sys == EMFILE || sys == ENFILE || sys == ENOMEM || sys == ENOBUFS ||
		    sys == EAGAIN) {
			limit_short_of_descriptors(u);
			return NULL;
		}
		he.what = tun_error_of(sys);
		udp_report(u, k, &he);
		return NULL;
	}
	w->source = loop_add(u->loop, w->fd, EPOLLIN, on_udp, w, &e);
	if (w->source == NULL) {
		kill_flow(u, w);
		limit_short_of_descriptors(u);
		return NULL;
	}
	wheel_set(&u->wheel, &w->timer, UDP_FIRST_MS);
	return w;
}

/* The flow of a datagram, made when it is new; NULL when there can be none and N was told. */
static struct udp_flow *flow_of(struct usernet *u, const struct packet_ip *ip,
				const struct packet_udp *in)
{
	struct flow_key key = {.kind = FLOW_UDP,
			       .src = ip->src,
			       .dst = ip->dst,
			       .sport = in->sport,
			       .dport = in->dport};
	struct udp_flow *w = u->burst != NULL ? u->burst->w : NULL;
	struct sockaddr_storage sa;
	struct flow *f;
	socklen_t len;

	if (w != NULL && memcmp(&w->f.key, &key, sizeof(key)) == 0)
		return w; /* many of one flow in a row are the rule */
	f = flow_find(&u->flows, &key);
	if (f != NULL) {
		w = CONTAINER_OF(f, struct udp_flow, f);
		if (!w->stale)
			return w;
		kill_flow(u, w);
	}
	switch (tun_destination(u, &ip->dst, &sa, &len)) {
	case DEST_OK:
		addr_set_port(&sa, in->dport);
		return new_flow(u, &key, &sa, len);
	case DEST_SILENT:
		return NULL;
	case DEST_NO_ROUTE:
		tun_refuse(u, ip, TUN_NO_ROUTE, 0);
		return NULL;
	default:
		u->stats.bad_destination++;
		tun_refuse(u, ip, TUN_PROHIBITED, 0);
		return NULL;
	}
}

static void pass_hops(struct usernet *u, struct udp_flow *w, const struct packet_ip *ip)
{
	uint8_t hops = host_hops_wanted(ip);

	if (hops == w->hops)
		return;
	udp_flush(u);
	host_hops_set(w->fd, ip->dst.family, hops);
	w->hops = hops;
}

static void dns_input(struct usernet *u, const struct packet_ip *ip, const struct packet_udp *in)
{
	struct packet_udp one = *in;
	size_t part = ip->udp_gso > 0 ? ip->udp_gso : in->payload.n;

	for (size_t off = 0; off < in->payload.n; off += part) {
		one.payload.p = in->payload.p + off;
		one.payload.n = MIN(part, in->payload.n - off);
		dns_query(u, ip, &one);
	}
}

void udp_input(struct usernet *u, const struct packet_ip *ip, bool check_sums)
{
	const struct tun_net *net = ip->dst.family == IP_V6 ? &u->net6 : &u->net4;
	struct packet_udp in;
	struct udp_flow *w;
	struct packet one;

	if (!packet_parse_udp(ip, check_sums, &in)) {
		u->stats.malformed++;
		return;
	}
	gather_count(u, &ip->src,
		     ip->udp_gso > 0 ? (in.payload.n + ip->udp_gso - 1) / ip->udp_gso : 1);
	if (in.dport == 53 && !u->no_dns && ip_eq(&ip->dst, &net->dns)) {
		dns_input(u, ip, &in);
		return;
	}
	if (hostfwd_udp_reply(u, ip, &in) || port_udp_answer(u, ip, &in))
		return;
	w = flow_of(u, ip, &in);
	if (w == NULL)
		return;
	pass_hops(u, w, ip);
	if (ip->udp_gso > 0 && udp_send_joined(u, w, &in.payload, ip->udp_gso))
		return;
	one = in.payload;
	if (ip->udp_gso > 0)
		one.n = MIN(one.n, (size_t)ip->udp_gso);
	do {
		udp_burst_add(u, w, &one, ip->dont_frag);
		one.p += one.n;
		one.n = MIN(one.n, (size_t)(in.payload.p + in.payload.n - one.p));
	} while (one.n > 0);
}
