// SPDX-License-Identifier: MIT
/*
 * Who sends very many datagrams one by one gets them gathered by N's kernel: the netns-helper is
 * asked to switch that on for the container (POOL_GATHER; network/gather.c tells how and why only
 * then). What arrives joined, by that or by the container itself, does not count.
 *
 * Bounds: a small table of addresses, found by a few of their bits; one that is pushed out by
 * another merely starts to count again. However addresses are forged, the helper is asked
 * USERNET_GATHER_ASKS times a second at most, and not again for an address within GATHER_AGAIN_MS;
 * that it is asked again at all is for addresses that pass to another container.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/time.h"
#include "usernet/usernet_internal.h"

#define GATHER_MANY	 2000 /* datagrams ... */
#define GATHER_WITHIN_MS 100  /* ... within this time */
#define GATHER_AGAIN_MS	 10000

struct gather {
	struct gather_slot {
		struct ip src;
		uint32_t n;
		int64_t since_ms; /* of the first of n */
		int64_t next_ms;  /* not to be asked for before that */
	} slots[USERNET_GATHER_SLOTS];
	int64_t second_ms;
	unsigned n_asks;
};

void gather_reset(struct usernet *u)
{
	free(TAKE(u->gather));
	u->no_gather = false;
}

static bool may_ask(struct gather *g, struct gather_slot *s, int64_t now)
{
	if (now < s->next_ms)
		return false;
	if (now - g->second_ms >= 1000) {
		g->second_ms = now;
		g->n_asks = 0;
	}
	return ++g->n_asks <= USERNET_GATHER_ASKS;
}

static void ask(struct usernet *u, struct gather_slot *s, int64_t now)
{
	struct pool_request q = {.version = POOL_VERSION, .op = POOL_GATHER, .child = s->src};
	struct pool_answer a = {0};
	int fds[POOL_BATCH], sys;
	size_t n_fds;

	s->next_ms = now + GATHER_AGAIN_MS;
	sys = pool_call(u, &q, &a, fds, &n_fds);
	while (n_fds > 0)
		fd_close(&fds[--n_fds]);
	if (sys == 0)
		u->stats.udp_gathered++;
	if (sys == EOPNOTSUPP)
		u->no_gather = true;
	log_debug(NULL, "many datagrams from one address: %s",
		  sys == 0 ? "gathered from now on" : strerror(sys));
}

void gather_count(struct usernet *u, const struct ip *src)
{
	struct gather_slot *s;
	int64_t now;

	if (u->pool_fd < 0 || u->no_gather)
		return;
	if (u->gather == NULL)
		u->gather = xcalloc(1, sizeof(*u->gather));
	s = &u->gather->slots[(src->bytes[3] ^ src->bytes[15]) % USERNET_GATHER_SLOTS];
	if (!ip_eq(&s->src, src))
		*s = (struct gather_slot){.src = *src};
	if (s->n++ == 0)
		s->since_ms = time_mono_ms();
	if (s->n < GATHER_MANY)
		return;
	s->n = 0;
	now = time_mono_ms();
	if (now - s->since_ms <= GATHER_WITHIN_MS && may_ask(u->gather, s, now))
		ask(u, s, now);
}
