// SPDX-License-Identifier: MIT
/*
 * Who sends very many datagrams one by one gets them gathered by N's kernel: the netns-helper is
 * asked to begin with that for the container, and to end it when there are no longer so many, or
 * most come alone all the same (POOL_GATHER; network/gather.c tells how, and why only then).
 * Nothing ticks for that: a container that has become silent costs nothing, and the next datagram
 * that it sends tells.
 *
 * Bounds: a small table of addresses, found by a few of their bits; one that is pushed out by
 * another merely starts to count again. However addresses are forged, the helper is asked to begin
 * USERNET_GATHER_ASKS times a second at most, and not again for an address within GATHER_AGAIN_MS;
 * to end no more often than it began. An address may pass to another container: then most come
 * alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "usernet/usernet_internal.h"

#define GATHER_MANY	 2000 /* single datagrams ... */
#define GATHER_WITHIN_MS 100  /* ... within this time: begin */
#define GATHER_LOOK_MS	 1000 /* in this time ... */
#define GATHER_FEW	 2000 /* ... fewer than so many datagrams: end */
#define GATHER_AGAIN_MS	 10000

struct gather {
	struct gather_slot {
		struct ip src;
		bool on;
		size_t n, singles; /* datagrams, those of them that came alone */
		int64_t since_ms;  /* of the first of n */
		int64_t next_ms;   /* no begin before that */
	} slots[USERNET_GATHER_SLOTS];
	int64_t second_ms;
	unsigned n_asks;
};

void gather_reset(struct usernet *u)
{
	free(TAKE(u->gather));
	u->no_gather = false;
}

static int ask(struct usernet *u, const struct gather_slot *s, bool on)
{
	struct pool_request q = {
		.version = POOL_VERSION, .op = POOL_GATHER, .child = s->src, .n = on};
	struct pool_answer a = {0};
	int fds[POOL_BATCH], sys;
	size_t n_fds;

	sys = pool_call(u, &q, &a, fds, &n_fds);
	while (n_fds > 0)
		fd_close(&fds[--n_fds]);
	log_debug(NULL, "gathering datagrams of one address: %s: %s", on ? "begin" : "end",
		  strerror(sys));
	return sys;
}

static bool may_begin(struct gather *g, struct gather_slot *s, int64_t now)
{
	if (now < s->next_ms)
		return false;
	s->next_ms = now + GATHER_AGAIN_MS;
	if (now - g->second_ms >= 1000) {
		g->second_ms = now;
		g->n_asks = 0;
	}
	return ++g->n_asks <= USERNET_GATHER_ASKS;
}

static void count_single(struct usernet *u, struct gather_slot *s)
{
	int64_t now;
	int sys;

	if (s->n++ == 0)
		s->since_ms = time_mono_ms();
	if (s->n < GATHER_MANY)
		return;
	s->n = 0;
	now = time_mono_ms();
	if (now - s->since_ms > GATHER_WITHIN_MS || !may_begin(u->gather, s, now))
		return;
	sys = ask(u, s, true);
	s->on = sys == 0;
	s->singles = 0;
	s->since_ms = now;
	u->stats.udp_gathered += s->on;
	if (sys == EOPNOTSUPP)
		u->no_gather = true;
}

static void count_gathered(struct usernet *u, struct gather_slot *s, size_t n)
{
	int64_t now = time_mono_ms();

	if (now - s->since_ms >= GATHER_LOOK_MS) {
		if (s->n * GATHER_LOOK_MS < (size_t)(now - s->since_ms) * GATHER_FEW ||
		    s->singles > s->n / 2) {
			s->on = false;
			(void)ask(u, s, false);
		}
		s->n = s->singles = 0;
		s->since_ms = now;
	}
	s->n += n;
	s->singles += n == 1;
}

void gather_count(struct usernet *u, const struct ip *src, size_t n)
{
	struct gather_slot *s;

	if (u->pool_fd < 0 || u->no_gather)
		return;
	if (u->gather == NULL)
		u->gather = xcalloc(1, sizeof(*u->gather));
	s = &u->gather->slots[(src->bytes[3] ^ src->bytes[15]) % USERNET_GATHER_SLOTS];
	if (!ip_eq(&s->src, src)) {
		if (s->on)
			(void)ask(u, s, false);
		*s = (struct gather_slot){.src = *src};
	}
	if (s->on)
		count_gathered(u, s, n);
	else if (n == 1)
		count_single(u, s);
}
