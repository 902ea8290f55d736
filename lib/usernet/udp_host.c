// SPDX-License-Identifier: MIT
/*
 * UDP on the host's side: bursts out by UDP_SEGMENT (Linux 4.18), several datagrams in by
 * recvmmsg(2) or, joined by the kernel, UDP_GRO (Linux 5.0); each probed once. Theory in udp.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "usernet/host_error.h"
#include "usernet/udp_internal.h"

#define CONTROL	   64
#define SEND_TRIES 4
/* joined datagrams of so many bytes are worth a call; below, copying them together costs less */
#define UDP_JOINED_MIN 8192

/* what one call of recvmmsg(2) fills; pages are used as far as datagrams reach */
struct udp_slots {
	struct mmsghdr m[UDP_SLOTS];
	struct iovec iov[UDP_SLOTS];
	_Alignas(struct cmsghdr) uint8_t control[UDP_SLOTS][CONTROL];
	uint8_t *data;
};

void udp_slots_free(struct usernet *u)
{
	if (u->udp_slots != NULL)
		free(u->udp_slots->data);
	free(u->udp_slots);
	u->udp_slots = NULL;
}

static struct udp_slots *slots(struct usernet *u)
{
	struct udp_slots *s = u->udp_slots;

	if (s != NULL)
		return s;
	s = xcalloc(1, sizeof(*s));
	s->data = xmalloc((size_t)UDP_SLOTS *
			  UDP_SLOT_SIZE); /* so large that it is mapped, not touched */
	u->udp_slots = s;
	return s;
}

uint8_t *udp_slots_data(struct usernet *u)
{
	return slots(u)->data;
}

/* Old kernels take the message for a segment size as none at all, so it must not be tried out. */
static void probe(struct usernet *u, int fd)
{
	socklen_t len = sizeof(int);
	int v = 0, one = 1;

	u->udp_probed = true;
	u->no_udp_gso = getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &v, &len) < 0;
	u->no_udp_gro = setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one)) < 0;
	if (u->no_udp_gso)
		log_warn(NULL, "datagrams are sent one by one: UDP_SEGMENT needs Linux 4.18");
	else if (u->no_udp_gro)
		log_warn(NULL, "datagrams are received one by one: UDP_GRO needs Linux 5.0");
}

void udp_host_setup(struct usernet *u, struct udp_flow *w)
{
	int one = 1;

	if (!u->udp_probed)
		probe(u, w->fd);
	else if (!u->no_udp_gro && w->f.key.dport != 53)
		setsockopt(w->fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one));
	host_may_fragment(w->fd, w->f.key.dst.family, false);
	host_error_enable(w->fd, w->f.key.dst.family);
}

void udp_report(struct usernet *u, const struct flow_key *k, const struct host_error *he)
{
	uint8_t q[PACKET_IP6_HDR + PACKET_UDP_HDR + HOST_ERROR_DATA] = {0};
	size_t n =
		packet_write_ip(q, &k->src, &k->dst, IPPROTO_UDP, 0, PACKET_UDP_HDR + he->n, false);
	uint8_t *h = q + n;

	packet_put16(h, k->sport);
	packet_put16(h + 2, k->dport);
	packet_put16(h + 4, (uint16_t)(PACKET_UDP_HDR + he->n));
	memcpy(h + PACKET_UDP_HDR, he->data, he->n);
	tun_unreachable_from(u, he->what, &he->from, he->mtu, q, n + PACKET_UDP_HDR + he->n);
}

bool udp_host_errors(struct usernet *u, struct udp_flow *w)
{
	struct host_error he;
	bool any = false;

	while (host_error_next(w->fd, w->f.key.dst.family, &he)) {
		any = true;
		if (!he.local)
			udp_report(u, &w->f.key, &he);
	}
	return any;
}

/* sendmsg(2), again when it only told of an earlier datagram's fate. 0 or errno. */
static int send_some(struct usernet *u, struct udp_flow *w, const void *p, size_t n, size_t seg)
{
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint16_t))] = {0};
	struct iovec iov = {.iov_base = (void *)p, .iov_len = n};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	uint16_t size = (uint16_t)seg;
	struct cmsghdr *c;
	int sys = 0;

	if (seg > 0) {
		m.msg_control = control;
		m.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = IPPROTO_UDP;
		c->cmsg_type = UDP_SEGMENT;
		c->cmsg_len = CMSG_LEN(sizeof(size));
		memcpy(CMSG_DATA(c), &size, sizeof(size));
	}
	for (int i = 0; i < SEND_TRIES; i++) {
		if (sendmsg(w->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 0;
		sys = errno;
		if (sys == EAGAIN || sys == ENOBUFS || !udp_host_errors(u, w) || sys == EMSGSIZE)
			break;
	}
	return sys;
}

static void send_single(struct usernet *u, struct udp_flow *w, const void *p, size_t n,
			bool dont_frag)
{
	struct host_error he = {0};
	int sys = send_some(u, w, p, n, 0);

	/* what N has marked stays whole, or N hears of it; what it has not may be cut */
	if (sys == EMSGSIZE && !dont_frag && !w->may_frag) {
		w->may_frag = true;
		host_may_fragment(w->fd, w->f.key.dst.family, true);
		sys = send_some(u, w, p, n, 0);
	}
	if (sys == 0)
		return;
	if (sys == EAGAIN || sys == ENOBUFS || sys == EINTR) {
		u->stats.udp_send_full++;
		return;
	}
	he.what = tun_error_of(sys);
	if (sys == EMSGSIZE)
		he.mtu = host_error_mtu(w->fd, w->f.key.dst.family);
	else
		w->stale = true; /* its source address may be gone: the next one gets another */
	udp_report(u, &w->f.key, &he);
}

void udp_flush(struct usernet *u)
{
	struct udp_burst *b = u->burst;
	struct udp_flow *w = b != NULL ? b->w : NULL;
	int sys = EINVAL;

	if (w == NULL)
		return;
	b->w = NULL;
	if (b->n > 1 && !w->no_gso && !u->no_udp_gso) {
		sys = send_some(u, w, b->buf, b->len, b->seg);
		if (sys == EAGAIN || sys == ENOBUFS)
			u->stats.udp_send_full += b->n;
		if (sys == 0 || sys == EAGAIN || sys == ENOBUFS)
			return;
		/* larger than the way's MTU, or a device without checksums */
		w->no_gso = true;
	}
	for (size_t off = 0; off < b->len; off += b->seg)
		send_single(u, w, b->buf + off, MIN(b->seg, b->len - off), b->dont_frag);
}

bool udp_send_joined(struct usernet *u, struct udp_flow *w, const struct packet *p, size_t seg)
{
	size_t n = (p->n + seg - 1) / seg;
	int sys;

	if (p->n < UDP_JOINED_MIN || n < 2 || n > UDP_BURST_SEGS || p->n > UDP_BURST_LEN ||
	    seg > UDP_BURST_PART || w->no_gso || u->no_udp_gso)
		return false;
	udp_flush(u);
	w->used_ms = time_mono_ms();
	sys = send_some(u, w, p->p, p->n, seg);
	if (sys == EAGAIN || sys == ENOBUFS)
		u->stats.udp_send_full += n;
	else if (sys != 0)
		w->no_gso = true; /* see udp_flush() */
	return !w->no_gso;
}

void udp_burst_add(struct usernet *u, struct udp_flow *w, const struct packet *p, bool dont_frag)
{
	struct udp_burst *b = u->burst;

	if (b == NULL)
		b = u->burst = xcalloc(1, sizeof(*b));
	if (b->w != NULL && (b->w != w || b->closed || b->dont_frag != dont_frag || p->n > b->seg ||
			     p->n == 0 || b->n == UDP_BURST_SEGS || b->len + p->n > sizeof(b->buf)))
		udp_flush(u);
	if (p->n == 0 || p->n > UDP_BURST_PART) {
		send_single(u, w, p->p, p->n, dont_frag);
		return;
	}
	if (b->w == NULL) {
		b->w = w;
		b->len = 0;
		b->n = 0;
		b->seg = p->n;
		b->closed = false;
		b->dont_frag = dont_frag;
		w->used_ms = time_mono_ms();
	}
	memcpy(b->buf + b->len, p->p, p->n);
	b->len += p->n;
	b->n++;
	b->closed = p->n < b->seg;
}

size_t udp_joined(struct msghdr *m)
{
	int size = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO &&
		    c->cmsg_len >= CMSG_LEN(sizeof(size)))
			memcpy(&size, CMSG_DATA(c), sizeof(size));
	}
	return size > 0 ? (size_t)size : 0;
}

/* From message i on as many as may go into N as one; returns how many. */
static int pass_on(struct usernet *u, struct udp_flow *w, struct udp_slots *s, int i, int n)
{
	const struct flow_key *k = &w->f.key;
	size_t first = s->m[i].msg_len;
	struct udp_to_n d = {.src = &k->dst,
			     .dst = &k->src,
			     .sport = k->dport,
			     .dport = k->sport,
			     .iov = &s->iov[i],
			     .n_iov = 1,
			     .len = first,
			     .gso = udp_joined(&s->m[i].msg_hdr)};

	s->iov[i].iov_len = first;
	if (d.gso == 0 && first > 0) {
		while (i + d.n_iov < n && d.len + first <= UDP_BURST_LEN) {
			int j = i + d.n_iov;
			size_t len = s->m[j].msg_len;

			if (len > first || len == 0 || udp_joined(&s->m[j].msg_hdr) != 0)
				break;
			s->iov[j].iov_len = len;
			d.len += len;
			d.n_iov++;
			if (len < first)
				break;
		}
		d.gso = d.n_iov > 1 ? first : 0;
	}
	udp_to_n(u, &d);
	return d.n_iov;
}

int udp_host_read(struct usernet *u, struct udp_flow *w)
{
	struct udp_slots *s = slots(u);
	int n;

	for (int i = 0; i < UDP_SLOTS; i++) {
		s->iov[i] = (struct iovec){.iov_base = s->data + (size_t)i * UDP_SLOT_SIZE,
					   .iov_len = UDP_SLOT_SIZE};
		s->m[i].msg_hdr = (struct msghdr){.msg_iov = &s->iov[i], .msg_iovlen = 1};
		if (u->no_udp_gro)
			continue;
		s->m[i].msg_hdr.msg_control = s->control[i];
		s->m[i].msg_hdr.msg_controllen = CONTROL;
	}
	n = recvmmsg(w->fd, s->m, UDP_SLOTS, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n;)
		i += pass_on(u, w, s, i, n);
	return n;
}
