// SPDX-License-Identifier: MIT
/*
 * Loss on the way to N, known by its selective acknowledgements. RFC 2018, RFC 6675, RFC 2883.
 *
 * N names what it has beyond the first hole. When that is three segments or more, recovery begins:
 * every hole is sent again, once, as it becomes known. What is sent again may be lost too, and
 * there may be no room for new bytes whose arrival would show that; so after each round of
 * repetitions the last byte goes again: N answers it at once by naming it, and what is missing then
 * was lost. Without that word a timer helps (tcp_output.c).
 */
#include "base/mem.h"
#include "usernet/tcp_internal.h"

#define SEGMENTS_A_ROUND 16 /* of at most TCP_GSO_MAX */

static int32_t diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* Puts [from, to) into the sorted list, joined with what it touches. */
static void add(struct tcp_flow *t, uint32_t from, uint32_t to)
{
	unsigned i = 0, j;

	while (i < t->n_sacked && diff(t->sacked[i].to, from) < 0)
		i++;
	for (j = i; j < t->n_sacked && diff(t->sacked[j].from, to) <= 0; j++) {
		if (diff(t->sacked[j].from, from) < 0)
			from = t->sacked[j].from;
		if (diff(t->sacked[j].to, to) > 0)
			to = t->sacked[j].to;
	}
	if (i == j) { /* touches none */
		if (t->n_sacked == TCP_SACKED_MAX)
			return; /* to be sent once more than needed */
		for (unsigned k = t->n_sacked++; k > i; k--)
			t->sacked[k] = t->sacked[k - 1];
	} else {
		for (unsigned k = j; k < t->n_sacked; k++)
			t->sacked[k - (j - i) + 1] = t->sacked[k];
		t->n_sacked -= j - i - 1;
	}
	t->sacked[i] = (struct packet_range){.from = from, .to = to};
}

static void forget_below_una(struct tcp_flow *t)
{
	unsigned n = 0;

	for (unsigned i = 0; i < t->n_sacked; i++) {
		if (diff(t->sacked[i].to, t->snd_una) > 0)
			t->sacked[n++] = t->sacked[i];
	}
	t->n_sacked = n;
}

void tcp_sack_forget(struct tcp_flow *t)
{
	t->n_sacked = 0;
	t->probe_out = false;
}

/* One round: the holes above t->resent up to what N has, as far as they are surely holes. */
static bool resend_holes(struct usernet *u, struct tcp_flow *t)
{
	uint32_t end = t->sacked[t->n_sacked - 1].to;
	size_t most = u->vnet ? TCP_GSO_MAX / t->mss * t->mss : t->mss;
	uint32_t pos = t->resent;
	unsigned sent = 0, i = 0;

	if (diff(pos, t->snd_una) < 0)
		pos = t->snd_una;
	while (sent < SEGMENTS_A_ROUND) {
		size_t n;

		while (i < t->n_sacked && diff(t->sacked[i].to, pos) <= 0)
			i++;
		if (i == t->n_sacked)
			break;
		if (diff(pos, t->sacked[i].from) >= 0) {
			pos = t->sacked[i].to;
			continue;
		}
		/* not what may only have been overtaken */
		if (pos != t->snd_una && diff(end, t->sacked[i].from) < 3 * t->mss)
			break;
		n = MIN((size_t)diff(t->sacked[i].from, pos), MAX(most, (size_t)t->mss));
		n = MIN(n, t->down.len - (size_t)diff(pos, t->snd_una));
		if (n == 0)
			break;
		tcp_segment(u, t, PACKET_ACK, pos, (size_t)diff(pos, t->snd_una), n);
		pos += (uint32_t)n;
		sent++;
	}
	t->resent = pos;
	return sent > 0;
}

static void probe(struct usernet *u, struct tcp_flow *t)
{
	size_t flying = MIN((size_t)(t->snd_nxt - t->snd_una), t->down.len);

	if (flying == 0)
		return;
	t->probe_seq = t->snd_una + (uint32_t)flying - 1;
	t->probe_out = true;
	tcp_segment(u, t, PACKET_ACK, t->probe_seq, flying - 1, 1);
}

void tcp_sack_input(struct usernet *u, struct tcp_flow *t, const struct packet_tcp *in)
{
	uint32_t limit = t->snd_una + (uint32_t)t->down.len;
	bool again = false;

	forget_below_una(t);
	for (unsigned i = 0; i < in->n_sacks; i++) {
		const struct packet_range *r = &in->sacks[i];

		if (diff(r->to, r->from) <= 0 || diff(r->to, limit) > 0)
			continue;
		if (i == 0 && t->probe_out && r->from == t->probe_seq &&
		    r->to == t->probe_seq + 1) {
			t->probe_out = false;
			again = true;
		}
		if (diff(r->from, t->snd_una) >= 0)
			add(t, r->from, r->to);
	}
	if (t->recovering && diff(t->snd_una, t->recover) >= 0) {
		t->recovering = false;
		t->probe_out = false;
	}
	if (t->n_sacked == 0)
		return;
	if (!t->recovering) {
		if (diff(t->sacked[t->n_sacked - 1].to, t->snd_una) <= 3 * t->mss && t->dupacks < 3)
			return;
		t->recovering = true;
		t->recover = t->snd_nxt;
		t->resent = t->snd_una;
		t->probe_out = false;
	} else if (again) {
		t->resent = t->snd_una;
	}
	if (resend_holes(u, t) && !t->probe_out)
		probe(u, t);
}
