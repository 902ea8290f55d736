// SPDX-License-Identifier: MIT
/* Shares of the users; see quota.h. */
#include "usernet/quota.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"
#include "config/limits.h"
#include "usernet/flow.h"

_Static_assert(FLOW_TCP < QUOTA_KINDS && FLOW_UDP < QUOTA_KINDS && FLOW_PING < QUOTA_KINDS,
	       "kinds of flows with a share");

static const size_t user_max[QUOTA_KINDS] = {
	[FLOW_TCP] = USERNET_TCP_MAX,
	[FLOW_UDP] = USERNET_UDP_MAX,
	[FLOW_PING] = USERNET_PING_MAX,
};

unsigned quota_kind(unsigned flow_kind)
{
	return flow_kind == FLOW_ANYIP ? FLOW_TCP : flow_kind;
}

void quota_init(struct quota *q, size_t max, size_t udp_max)
{
	memset(q, 0, sizeof(*q));
	rand_bytes(q->hash_key, sizeof(q->hash_key));
	for (size_t i = 0; i < QUOTA_RANKS; i++)
		list_init(&q->ranks[i]);
	list_init(&q->idle);
	q->max = max;
	q->udp_max = udp_max;
}

static struct quota_user **bucket(struct quota *q, const struct ip *ip)
{
	return &q->buckets[siphash(q->hash_key, ip, sizeof(*ip)) % QUOTA_BUCKETS];
}

static void forget(struct quota *q, struct quota_user *user)
{
	struct quota_user **b = bucket(q, &user->ip);

	while (*b != user)
		b = &(*b)->next;
	*b = user->next;
	list_del(&user->rank);
	q->n_idle--;
	free(user);
}

void quota_clear(struct quota *q)
{
	while (!list_empty(&q->idle))
		forget(q, CONTAINER_OF(q->idle.next, struct quota_user, rank));
}

static bool is_idle(const struct quota_user *user)
{
	return user->n[FLOW_TCP] + user->n[FLOW_UDP] + user->n[FLOW_PING] == 0;
}

struct quota_user *quota_user(struct quota *q, const struct ip *ip)
{
	struct quota_user **b = bucket(q, ip), *user = *b;

	while (user != NULL && memcmp(&user->ip, ip, sizeof(*ip)) != 0)
		user = user->next;
	if (user != NULL)
		return user;
	if (q->n_idle >= USERNET_USERS_IDLE)
		forget(q, CONTAINER_OF(q->idle.next, struct quota_user, rank));
	user = try_malloc(sizeof(*user));
	if (user == NULL)
		return NULL;
	*user = (struct quota_user){.ip = *ip};
	for (size_t i = 0; i < QUOTA_KINDS; i++)
		list_init(&user->flows[i]);
	b = bucket(q, ip);
	user->next = *b;
	*b = user;
	list_add_tail(&q->idle, &user->rank);
	q->n_idle++;
	return user;
}

static struct flow *oldest(struct quota_user *user, unsigned kind)
{
	struct list *head = &user->flows[kind];

	return list_empty(head) ? NULL : CONTAINER_OF(head->next, struct flow, mine);
}

struct flow *quota_largest(struct quota *q)
{
	for (size_t i = QUOTA_RANKS - 1; i > 0; i--) {
		if (!list_empty(&q->ranks[i]))
			return oldest(CONTAINER_OF(q->ranks[i].next, struct quota_user, rank),
				      FLOW_UDP);
	}
	return NULL;
}

enum quota_answer quota_ask(struct quota *q, struct quota_user *user, unsigned kind, int64_t now_ms,
			    struct flow **ret_evict)
{
	*ret_evict = NULL;
	if (user->fresh_ms != now_ms) {
		user->fresh_ms = now_ms;
		user->n_fresh = 0;
	}
	if (++user->n_fresh > USERNET_FRESH_MAX)
		return QUOTA_RATE;
	if (user->n[kind] >= user_max[kind]) {
		*ret_evict = kind == FLOW_TCP ? NULL : oldest(user, kind);
		return *ret_evict != NULL ? QUOTA_OK : QUOTA_LIMIT;
	}
	if (kind == FLOW_UDP && q->udp >= q->udp_max) {
		*ret_evict = quota_largest(q);
		return *ret_evict != NULL ? QUOTA_OK : QUOTA_LIMIT;
	}
	if (q->n >= q->max / 5 * 4)
		*ret_evict = quota_largest(q);
	return q->n < q->max || *ret_evict != NULL ? QUOTA_OK : QUOTA_LIMIT;
}

/* Puts the user where its number of flows belongs. */
static void set_rank(struct quota *q, struct quota_user *user)
{
	unsigned rank = 0;

	for (size_t n = user->n[FLOW_UDP]; n > 0 && rank < QUOTA_RANKS - 1; n /= 2)
		rank++;
	if (rank == user->rank_now)
		return;
	list_del(&user->rank);
	user->rank_now = rank;
	if (rank > 0)
		list_add_tail(&q->ranks[rank], &user->rank);
	else
		list_init(&user->rank);
}

void quota_take(struct quota *q, struct quota_user *user, unsigned kind)
{
	if (is_idle(user)) {
		list_del(&user->rank);
		list_init(&user->rank);
		q->n_idle--;
	}
	q->n++;
	q->udp += kind == FLOW_UDP;
	user->n[kind]++;
	set_rank(q, user);
}

void quota_give(struct quota *q, struct quota_user *user, unsigned kind)
{
	q->n--;
	q->udp -= kind == FLOW_UDP;
	user->n[kind]--;
	set_rank(q, user);
	if (!is_idle(user))
		return;
	list_add_tail(&q->idle, &user->rank);
	if (++q->n_idle > USERNET_USERS_IDLE)
		forget(q, CONTAINER_OF(q->idle.next, struct quota_user, rank));
}
