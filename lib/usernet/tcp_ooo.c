// SPDX-License-Identifier: MIT
/*
 * Segments of N that came before their time: kept until the hole before them is filled, and told to
 * N by selective acknowledgements. RFC 2018. They lie within the window promised and are charged to
 * the rings' budget.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "usernet/tcp_internal.h"

struct tcp_ooo {
	struct list link; /* in tcp_flow.ooo, by seq, without overlaps */
	uint32_t seq, len;
	uint8_t data[];
};

static void drop(struct usernet *u, struct tcp_flow *t, struct tcp_ooo *o)
{
	list_del(&o->link);
	t->n_ooo--;
	ring_budget_give(tcp_rings(u, t), sizeof(*o) + o->len);
	free(o);
}

void tcp_ooo_clear(struct usernet *u, struct tcp_flow *t)
{
	while (t->n_ooo > 0)
		drop(u, t, CONTAINER_OF(t->ooo.next, struct tcp_ooo, link));
}

void tcp_ooo_add(struct usernet *u, struct tcp_flow *t, uint32_t seq, const uint8_t *p, size_t n)
{
	int32_t room = (int32_t)(t->rcv_edge - seq);
	struct tcp_ooo *o;
	struct list *at;

	if (t->n_ooo == 0)
		list_init(&t->ooo);
	if (room <= 0 || t->n_ooo >= TCP_OOO_MAX)
		return;
	n = MIN(n, (size_t)room);
	/* mostly it comes behind all others */
	at = t->ooo.prev;
	while (at != &t->ooo && (int32_t)(CONTAINER_OF(at, struct tcp_ooo, link)->seq - seq) > 0)
		at = at->prev;
	if (at != &t->ooo) {
		const struct tcp_ooo *before = CONTAINER_OF(at, struct tcp_ooo, link);
		int32_t known = (int32_t)(before->seq + before->len - seq);

		if (known > 0 && (size_t)known >= n)
			return;
		if (known > 0) {
			seq += (uint32_t)known;
			p += known;
			n -= (size_t)known;
		}
	}
	if (at->next != &t->ooo) {
		const struct tcp_ooo *after = CONTAINER_OF(at->next, struct tcp_ooo, link);

		n = MIN(n, (size_t)(after->seq - seq));
	}
	if (n == 0 || !ring_budget_has(tcp_rings(u, t), sizeof(*o) + n))
		return;
	o = try_malloc(sizeof(*o) + n);
	if (o == NULL)
		return;
	o->seq = seq;
	o->len = (uint32_t)n;
	memcpy(o->data, p, n);
	list_init(&o->link);
	list_add_tail(at->next, &o->link); /* before the next is behind at */
	t->n_ooo++;
	t->ooo_last = seq;
	ring_budget_take(tcp_rings(u, t), sizeof(*o) + n);
}

void tcp_ooo_drain(struct usernet *u, struct tcp_flow *t)
{
	while (t->n_ooo > 0) {
		struct tcp_ooo *o = CONTAINER_OF(t->ooo.next, struct tcp_ooo, link);
		int32_t known = (int32_t)(t->rcv_nxt - o->seq);

		if (known < 0)
			return;
		if ((uint32_t)known < o->len &&
		    !tcp_host_write(u, t, o->data + known, o->len - (uint32_t)known))
			return; /* no room for all of it, or the flow has ended */
		drop(u, t, o);
	}
}

/* The bytes without a gap from one segment on; returns the segment behind them. */
static const struct list *merge(const struct tcp_flow *t, const struct list *at,
				struct packet_range *ret)
{
	const struct tcp_ooo *o = CONTAINER_OF(at, struct tcp_ooo, link);

	ret->from = ret->to = o->seq;
	for (; at != &t->ooo; at = at->next) {
		o = CONTAINER_OF(at, struct tcp_ooo, link);
		if (o->seq != ret->to)
			break;
		ret->to += o->len;
	}
	return at;
}

unsigned tcp_ooo_blocks(const struct tcp_flow *t, struct packet_range ret[PACKET_SACKS])
{
	const struct list *at = t->n_ooo > 0 ? t->ooo.next : &t->ooo;
	unsigned n = 1; /* the first place is for the newest */
	bool newest = false;
	struct packet_range r;

	while (at != &t->ooo) {
		at = merge(t, at, &r);
		if ((int32_t)(t->ooo_last - r.from) >= 0 && (int32_t)(t->ooo_last - r.to) < 0) {
			ret[0] = r;
			newest = true;
		} else if (n < PACKET_SACKS - 1) {
			ret[n++] = r;
		}
	}
	if (!newest) /* it was filled in meanwhile */
		ret[0] = ret[--n];
	return n;
}
