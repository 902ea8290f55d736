// SPDX-License-Identifier: MIT
/* TCP towards N: segments, the window we offer, retransmission and probes. Theory in tcp.c. */
#include <string.h>

#include "base/mem.h"
#include "usernet/tcp_internal.h"

#define BLOCKS_MAX (4 + (PACKET_SACKS - 1) * 8)

struct ring_budget *tcp_rings(struct usernet *u, const struct tcp_flow *t)
{
	return t->f.user != NULL ? &t->f.user->rings : &u->rings;
}

/* The largest window we would offer; less for newcomers when memory is short. */
static size_t window_max(const struct usernet *u, const struct tcp_flow *t)
{
	const struct ring_budget *share = t->f.user != NULL ? &t->f.user->rings : &u->rings;
	bool many = u->rings.used > u->rings.max / 2 || share->used > share->max / 2;
	size_t max = many ? 65536 : USERNET_RING_BYTES_MAX / 2;

	return t->rcv_scale > 0 ? max : 65535;
}

uint32_t tcp_window(const struct usernet *u, const struct tcp_flow *t)
{
	size_t max = window_max(u, t);
	uint32_t promised = t->rcv_edge - t->rcv_nxt;
	uint32_t now = t->up.len >= max ? 0 : (uint32_t)(max - t->up.len);

	/* a promise is kept: the right edge never moves left */
	return (int32_t)promised > 0 && promised > now ? promised : now;
}

/* IP and TCP headers; returns the latter. */
static uint8_t *headers(struct usernet *u, struct tun_out *o, const struct ip *src, uint16_t sport,
			const struct ip *dst, uint16_t dport, size_t opts, size_t n)
{
	uint8_t *h = tun_out_start(u, o, src, dst, IPPROTO_TCP, PACKET_TCP_HDR + opts, n, true);

	packet_put16(h, sport);
	packet_put16(h + 2, dport);
	h[12] = (uint8_t)((PACKET_TCP_HDR + opts) / 4 << 4);
	tun_out_sum(o, 16);
	return h;
}

/* The options of a segment; returns how many bytes. */
static size_t options(const struct usernet *u, const struct tcp_flow *t, bool syn, bool bare,
		      uint8_t o[BLOCKS_MAX])
{
	struct packet_range r[PACKET_SACKS];
	size_t n = 4;

	if (syn) {
		o[0] = 2;
		o[1] = 4;
		packet_put16(o + 2, (uint16_t)(u->mtu - packet_ip_hdr(t->f.key.src.family) -
					       PACKET_TCP_HDR));
		if (t->rcv_scale > 0) {
			memcpy(o + n, (const uint8_t[]){1, 3, 3, TCP_WSCALE}, 4);
			n += 4;
		}
		if (t->sack || t->state == TCP_INWARD) {
			memcpy(o + n, (const uint8_t[]){1, 1, 4, 2}, 4);
			n += 4;
		}
		return n;
	}
	if (!bare || !t->sack || t->n_ooo == 0)
		return 0;
	for (unsigned i = 0, k = tcp_ooo_blocks(t, r); i < k; i++, n += 8) {
		packet_put32(o + n, r[i].from);
		packet_put32(o + n + 4, r[i].to);
	}
	o[0] = o[1] = 1;
	o[2] = 5;
	o[3] = (uint8_t)(n - 2);
	return n;
}

/* One segment with n bytes of the ring `down` from off on. */
void tcp_segment(struct usernet *u, struct tcp_flow *t, uint8_t flags, uint32_t seq, size_t off,
		 size_t n)
{
	const struct flow_key *k = &t->f.key;
	bool syn = (flags & PACKET_SYN) != 0;
	uint8_t opt[BLOCKS_MAX];
	size_t opts = options(u, t, syn, n == 0, opt);
	unsigned scale = syn ? 0 : t->rcv_scale;
	uint32_t wnd = tcp_window(u, t);
	struct tun_out o = {0};
	uint8_t *h = headers(u, &o, &k->dst, k->dport, &k->src, k->sport, opts, n);

	packet_put32(h + 4, seq);
	packet_put32(h + 8, t->rcv_nxt);
	h[13] = flags;
	if (wnd >> scale > 65535)
		wnd = 65535U << scale;
	packet_put16(h + 14, (uint16_t)(wnd >> scale));
	memcpy(h + PACKET_TCP_HDR, opt, opts);
	if ((int32_t)(t->rcv_nxt + (wnd >> scale << scale) - t->rcv_edge) > 0)
		t->rcv_edge = t->rcv_nxt + (wnd >> scale << scale);
	o.n_payload = ring_view(&t->down, off, n, o.own);
	o.payload = o.own;
	o.gso_size = t->mss;
	t->ack_due = false;
	tun_write(u, &o);
}

void tcp_reset_reply(struct usernet *u, const struct packet_ip *ip, const struct packet_tcp *in)
{
	struct tun_out o = {0};
	uint8_t *h = headers(u, &o, &ip->dst, in->dport, &ip->src, in->sport, 0, 0);
	uint32_t len = (uint32_t)in->payload.n + ((in->flags & PACKET_SYN) != 0) +
		       ((in->flags & PACKET_FIN) != 0);

	if ((in->flags & PACKET_ACK) != 0) {
		packet_put32(h + 4, in->ack);
		h[13] = PACKET_RST;
	} else {
		packet_put32(h + 8, in->seq + len);
		h[13] = PACKET_RST | PACKET_ACK;
	}
	tun_write(u, &o);
}

void tcp_synack(struct usernet *u, struct tcp_flow *t)
{
	uint8_t flags = t->state == TCP_INWARD ? PACKET_SYN : PACKET_SYN | PACKET_ACK;

	tcp_segment(u, t, flags, t->snd_nxt - 1, 0, 0);
}

void tcp_set_due(struct usernet *u, struct tcp_flow *t)
{
	list_del(&t->due);
	list_add_tail(&u->tcp_due, &t->due);
}

/* Sends what N's window allows, FIN behind the last byte, or a bare ACK when one is owed. */
void tcp_output(struct usernet *u, struct tcp_flow *t)
{
	size_t max = t->mss;
	bool armed = t->snd_nxt != t->snd_una;

	if (t->state != TCP_OPEN)
		return;
	if (u->vnet && t->mss < TCP_GSO_MAX)
		max = TCP_GSO_MAX / t->mss * t->mss;
	while (!t->fin_sent) {
		size_t flying = t->snd_nxt - t->snd_una;
		size_t left = t->down.len - flying;
		size_t open = t->snd_wnd > flying ? t->snd_wnd - flying : 0;
		size_t n = MIN(MIN(left, open), max);

		/* not a sliver of a closing window while others are under way */
		if (n == 0 || (n < left && n < t->mss && flying > 0))
			break;
		tcp_segment(u, t, n == left ? PACKET_ACK | PACKET_PSH : PACKET_ACK, t->snd_nxt,
			    flying, n);
		t->snd_nxt += (uint32_t)n;
	}
	if (t->host_eof && !t->fin_sent && t->snd_nxt - t->snd_una == t->down.len) {
		tcp_segment(u, t, PACKET_FIN | PACKET_ACK, t->snd_nxt, 0, 0);
		t->snd_nxt++;
		t->fin_sent = true;
	}
	if (t->ack_due)
		tcp_segment(u, t, PACKET_ACK, t->snd_nxt, 0, 0);
	if (!armed || !wheel_is_set(&t->timer))
		tcp_arm(u, t);
}

void tcp_resend_first(struct usernet *u, struct tcp_flow *t)
{
	size_t n = MIN(t->down.len, (size_t)t->mss);

	if (n > 0)
		tcp_segment(u, t, PACKET_ACK, t->snd_una, 0, n);
}

void tcp_arm(struct usernet *u, struct tcp_flow *t)
{
	int64_t delay = (int64_t)TCP_RTO_MS << t->retries;
	bool waiting = t->snd_nxt != t->snd_una || t->down.len > 0;

	if (t->state == TCP_HANDSHAKE || t->state == TCP_INWARD)
		delay = 1000LL << t->retries;
	else if (!waiting && (t->up.cap > 0 || t->down.cap > 0))
		delay = TCP_TRIM_MS;
	else if (!waiting)
		delay = t->probes > 0 ? TCP_KEEP_INTVL_MS : TCP_KEEP_IDLE_MS;
	wheel_set(&u->wheel, &t->timer, waiting ? MIN(delay, TCP_RTO_MAX_MS) : delay);
}

/* N did not answer in time: go back to what it has, or ask whether it is there. */
static void retransmit(struct usernet *u, struct tcp_flow *t)
{
	if (t->snd_wnd == 0) {
		/* a probe: one byte beyond the closed window (RFC 9293 section 3.8.6.1) */
		if (t->down.len > 0)
			tcp_segment(u, t, PACKET_ACK, t->snd_una, 0, 1);
		if (t->down.len > 0 && t->snd_nxt == t->snd_una)
			t->snd_nxt++;
		return;
	}
	if ((int32_t)(t->snd_nxt - t->recover) > 0)
		t->recover = t->snd_nxt;
	tcp_sack_forget(t); /* N may have dropped what it named (RFC 2018 section 8) */
	t->recovering = false;
	t->snd_nxt = t->snd_una;
	t->fin_sent = false;
	t->dupacks = 0;
	tcp_output(u, t);
}

void tcp_on_timer(struct wheel_timer *timer, void *arg)
{
	struct tcp_flow *t = CONTAINER_OF(timer, struct tcp_flow, timer);
	struct usernet *u = arg;
	bool waiting = t->snd_nxt != t->snd_una || t->down.len > 0;

	if (t->state == TCP_HANDSHAKE || t->state == TCP_INWARD) {
		if (++t->retries > TCP_SYN_RETRIES)
			tcp_kill(u, t, false, true);
		else
			tcp_synack(u, t);
	} else if (waiting) {
		if (++t->retries > TCP_RETRIES_MAX)
			tcp_kill(u, t, true, true);
		else
			retransmit(u, t);
	} else if (t->up.cap > 0 || t->down.cap > 0) {
		if (t->up.len == 0)
			ring_clear(&t->up, tcp_rings(u, t));
		ring_clear(&t->down, tcp_rings(u, t));
	} else if (++t->probes > TCP_KEEP_PROBES) {
		tcp_kill(u, t, true, true);
	} else {
		tcp_segment(u, t, PACKET_ACK, t->snd_nxt - 1, 0, 0);
	}
	if (t->state != TCP_DEAD)
		tcp_arm(u, t);
	tcp_flush_due(u);
}
