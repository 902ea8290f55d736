// SPDX-License-Identifier: MIT
/*
 * Theory of operation. Each TCP connection of N ends here and goes on as a
 * socket of the host; there is no TCP stack, only a translation. RFC 9293.
 *
 * Handshake. A SYN makes a host connect; it is answered only when that one is
 * decided: SYN-ACK when it stands, RST when refused, an ICMP error when there
 * is no way. So N never sees a connection that does not exist.
 *
 * From N. Bytes in order are given to the host socket at once; what it refuses
 * waits in the ring `up`, and the window offered shrinks by as much, so nothing
 * is dropped that was promised a place. Bytes out of order wait (tcp_ooo.c) and
 * are acknowledged selectively.
 *
 * To N. Bytes from the host are read into the ring `down`, are sent as far as
 * N's window reaches, and stay until acknowledged. Loss (a full bridge queue)
 * is seen by selective acknowledgements (tcp_sack.c), without those by three
 * duplicate ones (then holes are filled one by one, RFC 6582: a round trip takes
 * microseconds), or by the timer (then sending goes back to snd_una). The ring's bound, 1 MiB, is
 * all the congestion control the link needs: more would overflow the queues behind the bridge.
 *
 * End. FIN becomes shutdown(SHUT_WR) when everything before it was delivered,
 * in both directions apart; errors become RST. There is no TIME-WAIT: a late
 * segment is answered by RST.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rand.h"
#include "usernet/addr.h"
#include "usernet/tcp_internal.h"

static int32_t seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* Closes everything of the flow; its memory lives until tcp_reap(). */
void tcp_kill(struct usernet *u, struct tcp_flow *t, bool reset_n, bool reset_host)
{
	struct linger hard = {.l_onoff = 1, .l_linger = 0};

	if (t->state == TCP_DEAD)
		return;
	if (reset_n)
		tcp_segment(u, t, PACKET_RST | PACKET_ACK, t->snd_nxt, 0, 0);
	if (t->state == TCP_CONNECTING)
		t->f.user->held--;
	if (reset_host && t->fd >= 0)
		setsockopt(t->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	loop_del(u->loop, t->source);
	fd_close(&t->fd);
	wheel_stop(&u->wheel, &t->timer);
	if (t->counted)
		anyip_translated(u, &t->f.key, -1);
	ring_clear(&t->up, tcp_rings(u, t));
	ring_clear(&t->down, tcp_rings(u, t));
	tcp_ooo_clear(u, t);
	flow_remove(&u->flows, &t->f);
	list_del(&t->due);
	t->state = TCP_DEAD;
	list_add_tail(&u->tcp_dead, &t->due);
}

void tcp_reap(struct usernet *u)
{
	while (!list_empty(&u->tcp_dead)) {
		struct tcp_flow *t = CONTAINER_OF(u->tcp_dead.next, struct tcp_flow, due);

		list_del(&t->due);
		free(t);
	}
}

void tcp_kill_all(struct usernet *u)
{
	struct flow *f;

	while ((f = flow_oldest(&u->flows, FLOW_TCP)) != NULL)
		tcp_kill(u, CONTAINER_OF(f, struct tcp_flow, f), false, true);
	tcp_reap(u);
}

void tcp_maybe_done(struct usernet *u, struct tcp_flow *t)
{
	if (t->state == TCP_OPEN && t->host_shut && t->fin_acked) {
		if (t->ack_due)
			tcp_segment(u, t, PACKET_ACK, t->snd_nxt, 0, 0);
		tcp_kill(u, t, false, false);
	}
}

void tcp_set_peer(const struct usernet *u, struct tcp_flow *t, const struct packet_ip *ip,
		  const struct packet_tcp *in)
{
	unsigned hdrs = (unsigned)packet_ip_hdr(ip->src.family) + PACKET_TCP_HDR;

	t->snd_wnd = in->wnd;
	t->mss = in->mss != 0 ? MAX(in->mss, (uint16_t)88) : 536;
	t->mss = (uint16_t)MIN(t->mss, u->mtu - hdrs);
	t->snd_scale = in->wscale >= 0 ? (uint8_t)in->wscale : 0;
	t->rcv_scale = in->wscale >= 0 ? TCP_WSCALE : 0;
	t->sack = in->sack_ok;
}

static void new_flow(struct usernet *u, const struct flow_key *key, const struct packet_ip *ip,
		     const struct packet_tcp *in)
{
	struct sockaddr_storage sa = {0};
	struct quota_user *user;
	struct tcp_flow *t;
	socklen_t len;

	switch (tun_destination(u, &ip->dst, &sa, &len)) {
	case DEST_REFUSED:
		u->stats.bad_destination++;
		tcp_reset_reply(u, ip, in);
		return;
	case DEST_SILENT:
		return;
	case DEST_NO_ROUTE:
		tun_refuse(u, ip, TUN_NO_ROUTE, 0);
		return;
	case DEST_DNS:
		if (in->dport != 53) {
			tcp_reset_reply(u, ip, in);
			return;
		}
		len = 0;
		break;
	case DEST_OK:
		addr_set_port(&sa, in->dport);
		break;
	}
	/* too many: the SYN is lost, N will try again */
	user = limit_new_flow(u, &ip->src, FLOW_TCP);
	if (user == NULL)
		return;
	t = try_malloc(sizeof(*t));
	if (t == NULL) {
		u->stats.no_memory++;
		return;
	}
	*t = (struct tcp_flow){.f.key = *key, .f.user = user, .fd = -1, .rcv_nxt = in->seq + 1};
	list_init(&t->due);
	wheel_timer_init(&t->timer, tcp_on_timer);
	t->rcv_edge = t->rcv_nxt;
	t->snd_una = t->snd_nxt = t->recover = (uint32_t)rand_u64();
	tcp_set_peer(u, t, ip, in);
	t->quote_len = (uint8_t)tun_quote(ip, t->quote);
	flow_add(&u->flows, &t->f);
	t->counted = anyip_translated(u, key, 1);
	u->stats.tcp_translated++;
	user->held++;
	if ((len == 0 ? tcp_host_dns(u, t) : tcp_host_connect(u, t, (struct sockaddr *)&sa, len)) <
	    0)
		tcp_kill(u, t, false, false);
}

/* An acknowledgement of nothing new: a window's change, or a sign of loss (RFC 6582). */
static void take_duplicate(struct usernet *u, struct tcp_flow *t, const struct packet_tcp *in,
			   uint32_t wnd)
{
	bool dup = in->payload.n == 0 && wnd == t->snd_wnd && t->snd_nxt != t->snd_una &&
		   (in->flags & PACKET_FIN) == 0 && wnd != 0;

	if (t->snd_wnd == 0 && wnd > 0) {
		/* the byte of a probe was not taken */
		t->snd_nxt = t->snd_una;
		t->fin_sent = false;
		t->retries = 0;
	} else if (wnd == 0) {
		t->retries = MIN(t->retries, TCP_RETRIES_MAX - 4); /* it lives, it may take long */
	}
	t->snd_wnd = wnd;
	if (!dup || t->dupacks == 255)
		return;
	t->dupacks++;
	if (!t->sack && t->dupacks == 3 && !t->recovering && seq_diff(t->snd_una, t->recover) > 0) {
		t->recovering = true;
		t->recover = t->snd_nxt;
		tcp_resend_first(u, t);
	}
}

/* What the acknowledgement number says. */
static void take_ack(struct usernet *u, struct tcp_flow *t, const struct packet_tcp *in)
{
	uint32_t wnd = (uint32_t)in->wnd << t->snd_scale;
	int32_t acked = seq_diff(in->ack, t->snd_una);
	size_t data;

	if (acked < 0 || seq_diff(in->ack, t->snd_nxt) > 0) {
		/* after going back, N may acknowledge what was sent before */
		if (acked < 0)
			return; /* overtaken by a later one */
		if ((size_t)acked > t->down.len + (t->host_eof ? 1 : 0)) {
			t->ack_due = true;
			return;
		}
		t->snd_nxt = in->ack;
		t->fin_sent = t->fin_sent || (size_t)acked > t->down.len;
	}
	t->probes = 0;
	if (acked == 0) {
		take_duplicate(u, t, in, wnd);
		if (t->sack && in->n_sacks > 0)
			tcp_sack_input(u, t, in);
		return;
	}
	t->snd_wnd = wnd;
	t->snd_una = in->ack;
	t->dupacks = 0;
	t->retries = 0;
	data = MIN((size_t)acked, t->down.len);
	if (data > 0)
		ring_consume(&t->down, data);
	if (t->fin_sent && t->snd_una == t->snd_nxt && t->down.len == 0 && (size_t)acked > data)
		t->fin_acked = true;
	if (t->sack)
		tcp_sack_input(u, t, in);
	else if (t->recovering && seq_diff(t->snd_una, t->recover) < 0)
		tcp_resend_first(u, t);
	else
		t->recovering = false;
	tcp_arm(u, t);
	if (t->host_ready && !t->host_eof)
		tcp_host_read(u, t);
}

/* Bytes and FIN, in order or not at all. */
static void take_data(struct usernet *u, struct tcp_flow *t, const struct packet_tcp *in)
{
	int32_t skip = seq_diff(t->rcv_nxt, in->seq);
	bool fin = (in->flags & PACKET_FIN) != 0;
	size_t n = in->payload.n, room;

	if (n == 0 && !fin) {
		/* a keepalive, or a probe of our window */
		if (skip != 0)
			t->ack_due = true;
		return;
	}
	t->ack_due = true;
	if (skip < 0 || (size_t)skip > n || t->guest_fin) {
		/* a hole, or all of it known: N counts these, so each is answered */
		if (skip < 0 && n > 0 && !t->guest_fin)
			tcp_ooo_add(u, t, in->seq, in->payload.p, n);
		tcp_segment(u, t, PACKET_ACK, t->snd_nxt, 0, 0);
		return;
	}
	n -= (size_t)skip;
	room = (size_t)seq_diff(t->rcv_edge, t->rcv_nxt);
	if (n > room) {
		n = room;
		fin = false;
	}
	if (n > 0 && !tcp_host_write(u, t, in->payload.p + skip, n))
		return;
	if (fin) {
		t->guest_fin = true;
		t->rcv_nxt++;
		if (t->up.len == 0 && shutdown(t->fd, SHUT_WR) == 0)
			t->host_shut = true;
	} else if (t->n_ooo > 0) {
		tcp_ooo_drain(u, t);
	}
}

static void open_input(struct usernet *u, struct tcp_flow *t, const struct packet_tcp *in)
{
	if (t->state == TCP_HANDSHAKE) {
		if (in->ack != t->snd_nxt)
			return;
		t->state = TCP_OPEN;
		t->snd_una = in->ack;
		t->retries = 0;
		t->snd_wnd = (uint32_t)in->wnd << t->snd_scale;
		tcp_arm(u, t);
		tcp_host_read(u, t);
	} else {
		take_ack(u, t, in);
	}
	if (t->state == TCP_OPEN)
		take_data(u, t, in);
	if (t->state == TCP_OPEN) {
		tcp_set_due(u, t);
		tcp_maybe_done(u, t);
	}
}

static void stray(struct usernet *u, const struct packet_ip *ip, const struct packet_tcp *in)
{
	u->stats.tcp_stray++;
	if ((in->flags & PACKET_RST) == 0)
		tcp_reset_reply(u, ip, in);
}

void tcp_input(struct usernet *u, const struct packet_ip *ip, bool check_sums)
{
	struct flow_key key = {.kind = FLOW_TCP, .src = ip->src, .dst = ip->dst};
	struct packet_tcp in;
	struct tcp_flow *t;
	struct flow *f;

	if (!packet_parse_tcp(ip, check_sums, &in)) {
		u->stats.malformed++;
		return;
	}
	key.sport = in.sport;
	key.dport = in.dport;
	f = flow_find(&u->flows, &key);
	t = f != NULL ? CONTAINER_OF(f, struct tcp_flow, f) : NULL;
	if (t == NULL) {
		if ((in.flags & (PACKET_SYN | PACKET_ACK | PACKET_RST)) != PACKET_SYN)
			stray(u, ip, &in);
		else if (!anyip_take(u, ip))
			new_flow(u, &key, ip, &in);
		return;
	}
	if (t->state == TCP_INWARD) {
		tcp_inward_input(u, t, ip, &in);
	} else if ((in.flags & PACKET_RST) != 0) {
		/* RFC 5961: only the exact number resets; a held SYN is withdrawn by any */
		if (t->state == TCP_CONNECTING || in.seq == t->rcv_nxt)
			tcp_kill(u, t, false, true);
	} else if ((in.flags & PACKET_SYN) != 0) {
		if (t->state == TCP_HANDSHAKE)
			tcp_synack(u, t);
		else if (t->state == TCP_OPEN)
			tcp_segment(u, t, PACKET_ACK, t->snd_nxt, 0, 0);
	} else if ((in.flags & PACKET_ACK) != 0 && t->state != TCP_CONNECTING) {
		open_input(u, t, &in);
	}
	if (t->state == TCP_DEAD)
		tcp_reap(u);
}

void tcp_flush_due(struct usernet *u)
{
	while (!list_empty(&u->tcp_due)) {
		struct tcp_flow *t = CONTAINER_OF(u->tcp_due.next, struct tcp_flow, due);

		list_del(&t->due);
		tcp_output(u, t);
	}
	tcp_reap(u);
}
