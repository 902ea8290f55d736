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
#include "usernet/usernet_internal.h"

#define PING_IDLE_MS 60000

struct ping_flow {
	struct flow f; /* first */
	struct usernet *u;
	int fd;
	struct loop_source *source;
	struct wheel_timer timer;
};

static void kill_flow(struct usernet *u, struct ping_flow *w)
{
	loop_del(u->loop, w->source);
	fd_close(&w->fd);
	wheel_stop(&u->wheel, &w->timer);
	flow_remove(&u->flows, &w->f);
	free(w);
}

void ping_kill_all(struct usernet *u)
{
	struct flow *f;

	while ((f = flow_oldest(&u->flows, FLOW_PING)) != NULL)
		kill_flow(u, CONTAINER_OF(f, struct ping_flow, f));
}

static void on_reply(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	struct ping_flow *w = arg;
	struct usernet *u = w->u;
	ssize_t n = recv(fd, u->scratch, USERNET_SCRATCH, MSG_DONTWAIT);
	struct tun_out o = {.hdr_len = PACKET_IP4_HDR};

	if (n < 8 || n > 65000 || u->scratch[0] != 0)
		return;
	packet_put16(u->scratch + 4, w->f.key.sport);
	packet_put16(u->scratch + 2, 0);
	packet_put16(u->scratch + 2,
		     (uint16_t)~packet_fold(packet_sum(0, u->scratch, (size_t)n, 0)));
	packet_write_ip4(o.hdr, w->f.key.dst, w->f.key.src, IPPROTO_ICMP, ++u->next_id, (size_t)n,
			 false);
	o.payload[0] = (struct iovec){.iov_base = u->scratch, .iov_len = (size_t)n};
	o.n_payload = 1;
	o.payload_len = (size_t)n;
	tun_write(u, &o);
}

static void on_idle(struct wheel_timer *timer, void *arg)
{
	kill_flow(arg, CONTAINER_OF(timer, struct ping_flow, timer));
}

static struct ping_flow *new_flow(struct usernet *u, const struct flow_key *k,
				  const struct sockaddr_in *sa, int *ret_sys)
{
	struct ping_flow *w;
	struct err e;

	if (u->flows.n[FLOW_PING] >= USERNET_PING_MAX)
		kill_flow(u, CONTAINER_OF(flow_oldest(&u->flows, FLOW_PING), struct ping_flow, f));
	w = xcalloc(1, sizeof(*w));
	w->f.key = *k;
	w->u = u;
	list_init(&w->f.used);
	wheel_timer_init(&w->timer, on_idle);
	flow_add(&u->flows, &w->f);
	w->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (w->fd < 0 || connect(w->fd, (const struct sockaddr *)sa, sizeof(*sa)) < 0) {
		*ret_sys = errno;
		kill_flow(u, w);
		return NULL;
	}
	w->source = loop_add(u->loop, w->fd, EPOLLIN, on_reply, w, &e);
	if (w->source == NULL) {
		*ret_sys = e.sys;
		kill_flow(u, w);
		return NULL;
	}
	return w;
}

static void refuse(struct usernet *u, const struct packet_ip4 *ip, int sys)
{
	uint8_t quote[USERNET_QUOTE_MAX];
	uint8_t code = sys == ENETUNREACH ? 0 : sys == EHOSTUNREACH ? 1 : 13;

	if (sys == EACCES && !u->ping_refused_logged) {
		log_warn(NULL, "ping is not allowed: set the sysctl net.ipv4.ping_group_range "
			       "to include this user's group");
		u->ping_refused_logged = true;
	}
	tun_unreachable(u, code, 0, quote, tun_quote(ip, quote));
}

/* The gateway and the nameserver are ours: their echo replies are no forgery. */
static void answer_own(struct usernet *u, const struct packet_ip4 *ip, const struct packet_echo *in)
{
	struct tun_out o = {.hdr_len = PACKET_IP4_HDR, .n_payload = 1};
	size_t n = MIN(in->whole.n, (size_t)USERNET_SCRATCH);

	memcpy(u->scratch, in->whole.p, n);
	u->scratch[0] = 0;
	packet_put16(u->scratch + 2, 0);
	packet_put16(u->scratch + 2, (uint16_t)~packet_fold(packet_sum(0, u->scratch, n, 0)));
	packet_write_ip4(o.hdr, ip->dst, ip->src, IPPROTO_ICMP, ++u->next_id, n, false);
	o.payload[0] = (struct iovec){.iov_base = u->scratch, .iov_len = n};
	o.payload_len = n;
	tun_write(u, &o);
}

void ping_input(struct usernet *u, const struct packet_ip4 *ip)
{
	struct flow_key key = {.kind = FLOW_PING, .src = ip->src, .dst = ip->dst};
	struct packet_echo in;
	struct ping_flow *w;
	struct sockaddr_in sa;
	struct flow *f;
	int sys = EACCES;

	if (!packet_parse_echo(ip, &in) || in.type != 8)
		return;
	if (ip->dst == u->gateway || ip->dst == u->dns) {
		answer_own(u, ip, &in);
		return;
	}
	if (tun_destination(u, ip->dst, &sa) != DEST_OK) {
		refuse(u, ip, EPERM);
		return;
	}
	key.sport = in.id;
	f = flow_find(&u->flows, &key);
	w = f != NULL ? CONTAINER_OF(f, struct ping_flow, f) : new_flow(u, &key, &sa, &sys);
	if (w == NULL) {
		refuse(u, ip, sys);
		return;
	}
	wheel_set(&u->wheel, &w->timer, PING_IDLE_MS);
	if (send(w->fd, in.whole.p, in.whole.n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
	    errno != EAGAIN && errno != EINTR)
		refuse(u, ip, errno);
}
