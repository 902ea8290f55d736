// SPDX-License-Identifier: MIT
/*
 * TCP connections that begin on the host: accepted there, they go on as packets
 * into N. The SYN is ours; with N's answer the flow is one as tcp.c has them.
 * A refusal by N resets the client. RFC 9293 section 3.5.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "usernet/tcp_internal.h"

int tcp_from_host(struct usernet *u, int fd, const struct flow_key *key)
{
	struct quota_user *user;
	struct tcp_flow *t;

	user = limit_new_flow(u, &key->src, FLOW_TCP);
	if (user == NULL)
		return -1;
	t = try_malloc(sizeof(*t));
	if (t == NULL) {
		u->stats.no_memory++;
		return -1;
	}
	*t = (struct tcp_flow){.f.key = *key, .f.user = user, .fd = -1, .state = TCP_INWARD};
	list_init(&t->due);
	wheel_timer_init(&t->timer, tcp_on_timer);
	t->snd_una = t->snd_nxt = t->recover = (uint32_t)rand_u64();
	t->rcv_scale = TCP_WSCALE;
	if (tcp_host_adopt(u, t, fd) < 0) {
		free(t);
		return -1;
	}
	flow_add(&u->flows, &t->f);
	t->snd_nxt++; /* our SYN */
	tcp_synack(u, t);
	tcp_arm(u, t);
	return 0;
}

void tcp_inward_input(struct usernet *u, struct tcp_flow *t, const struct packet_ip *ip,
		      const struct packet_tcp *in)
{
	bool ack = (in->flags & PACKET_ACK) != 0;

	if (ack && in->ack != t->snd_nxt) {
		/* of an older connection: it must go, then ours is asked for again */
		if ((in->flags & PACKET_RST) == 0)
			tcp_reset_reply(u, ip, in);
		return;
	}
	if ((in->flags & PACKET_RST) != 0) {
		if (ack)
			tcp_kill(u, t, false, true);
		return;
	}
	if (!ack || (in->flags & PACKET_SYN) == 0)
		return;
	t->rcv_nxt = t->rcv_edge = in->seq + 1;
	tcp_set_peer(u, t, ip, in);
	t->snd_una = in->ack;
	t->retries = 0;
	t->state = TCP_OPEN;
	t->ack_due = true;
	tcp_arm(u, t);
	tcp_host_read(u, t);
	if (t->state == TCP_OPEN)
		tcp_set_due(u, t);
}
