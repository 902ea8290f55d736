// SPDX-License-Identifier: MIT
/* Sockets made in N and in containers' namespaces, ahead of use: stock.h. */
#include "usernet/stock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "usernet/usernet_internal.h"

#define STOCK_IDLE_MS 60000

struct stock {
	struct list link; /* in usernet.stocks */
	struct usernet *u;
	struct ip child;
	unsigned refs;
	bool inside;
	struct ip gateway, gateway6;
	struct wheel_timer idle;
	struct shelf {
		int fds[POOL_BATCH];
		size_t n;
		uint32_t batch; /* asked for at the next refill; 0 is 1 */
	} shelves[POOL_KIND_END - 1];
};

void stock_drop(struct stock *s)
{
	for (size_t k = 0; k < ARRAY_LEN(s->shelves); k++) {
		while (s->shelves[k].n > 0)
			fd_close(&s->shelves[k].fds[--s->shelves[k].n]);
		s->shelves[k].batch = 0;
	}
}

static void on_idle(struct wheel_timer *timer, void *arg UNUSED)
{
	stock_drop(CONTAINER_OF(timer, struct stock, idle));
}

struct stock *stock_get(struct usernet *u, const struct ip *child)
{
	struct stock *s;

	list_for_each (s, &u->stocks, link) {
		if (ip_eq(&s->child, child)) {
			s->refs++;
			return s;
		}
	}
	s = xcalloc(1, sizeof(*s));
	s->u = u;
	s->child = *child;
	s->refs = 1;
	wheel_timer_init(&s->idle, on_idle);
	list_add_tail(&u->stocks, &s->link);
	return s;
}

void stock_put(struct stock *s)
{
	if (s == NULL || --s->refs > 0)
		return;
	stock_drop(s);
	wheel_stop(&s->u->wheel, &s->idle);
	list_del(&s->link);
	free(s);
}

static int ask(struct stock *s, uint32_t kind, const struct ip *child)
{
	struct shelf *shelf = &s->shelves[kind - 1];
	struct pool_request q = {
		.version = POOL_VERSION, .op = POOL_SOCKETS, .kind = kind, .child = *child};
	struct pool_answer a = {0};
	int sys;

	q.n = MAX(shelf->batch, 1U);
	sys = pool_call(s->u, &q, &a, shelf->fds, &shelf->n);
	if (sys != 0)
		return sys;
	shelf->batch = MIN(q.n * 2, (uint32_t)POOL_BATCH);
	s->inside = child->family != IP_NONE;
	s->gateway = a.gateway;
	s->gateway6 = a.gateway6;
	return 0;
}

static void refill(struct stock *s, uint32_t kind)
{
	const struct ip n = {0};
	int sys = ask(s, kind, &s->child);

	/* no container has that address: something in N, perhaps */
	if (sys == EHOSTUNREACH && s->child.family != IP_NONE)
		sys = ask(s, kind, &n);
	if (sys != 0 && sys != ENOTCONN)
		log_warn(NULL, "no socket for a published port: %s", strerror(sys));
}

int stock_take(struct stock *s, uint32_t kind)
{
	struct shelf *shelf = &s->shelves[kind - 1];

	if (shelf->n == 0)
		refill(s, kind);
	if (shelf->n == 0)
		return -1;
	wheel_set(&s->u->wheel, &s->idle, STOCK_IDLE_MS);
	return shelf->fds[--shelf->n];
}

const struct ip *stock_gateway(const struct stock *s, uint8_t family)
{
	const struct ip *g = family == IP_V6 ? &s->gateway6 : &s->gateway;

	return s->inside && g->family != IP_NONE ? g : NULL;
}

bool stock_is_inside(const struct stock *s)
{
	return s->inside;
}
