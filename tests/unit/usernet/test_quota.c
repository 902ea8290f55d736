// SPDX-License-Identifier: MIT
#include "usernet/quota.h"

#include <stdlib.h>

#include "base/mem.h"
#include "config/limits.h"
#include "tests/unit/harness.h"
#include "usernet/flow.h"

static struct flow_table *table(size_t max)
{
	struct flow_table *t = xcalloc(1, sizeof(*t));

	flow_table_init(t);
	quota_init(&t->quota, max, max);
	return t;
}

static struct quota_user *user(struct flow_table *t, uint32_t n)
{
	struct ip a = ip_v4(0xac110000U + n);

	return quota_user(&t->quota, &a);
}

static struct flow *add(struct flow_table *t, uint32_t n, enum flow_kind kind, uint16_t port)
{
	struct flow *f = xcalloc(1, sizeof(*f));

	f->key = (struct flow_key){.kind = kind, .src = ip_v4(0xac110000U + n), .sport = port};
	f->user = user(t, n);
	flow_add(t, f);
	return f;
}

static void drop(struct flow_table *t, struct flow *f)
{
	flow_remove(t, f);
	free(f);
}

static void end(struct flow_table *t)
{
	struct flow *f;

	for (enum flow_kind k = FLOW_TCP; k <= FLOW_PING; k++) {
		while ((f = flow_oldest(t, k)) != NULL)
			drop(t, f);
	}
	CHECK_EQ(t->quota.n, 0);
	quota_clear(&t->quota);
	free(t);
}

TEST(a_user_has_its_share_and_others_theirs)
{
	struct flow_table *t = table(USERNET_FLOWS_MAX);
	struct flow *evict, *first = add(t, 1, FLOW_UDP, 0), *second = add(t, 1, FLOW_UDP, 1);

	for (unsigned i = 2; i < USERNET_UDP_MAX; i++)
		add(t, 1, FLOW_UDP, (uint16_t)i);
	CHECK_EQ(quota_ask(&t->quota, user(t, 1), FLOW_UDP, 1, &evict), QUOTA_OK);
	CHECK(evict == first);
	CHECK(flow_find(t, &first->key) == first); /* used: it is the second's turn */
	CHECK_EQ(quota_ask(&t->quota, user(t, 1), FLOW_UDP, 1, &evict), QUOTA_OK);
	CHECK(evict == second);
	CHECK_EQ(quota_ask(&t->quota, user(t, 2), FLOW_UDP, 1, &evict), QUOTA_OK);
	CHECK(evict == NULL);
	for (unsigned i = 0; i < USERNET_TCP_MAX; i++)
		add(t, 1, FLOW_TCP, (uint16_t)i);
	CHECK_EQ(quota_ask(&t->quota, user(t, 1), FLOW_TCP, 1, &evict), QUOTA_LIMIT);
	CHECK_EQ(quota_ask(&t->quota, user(t, 2), FLOW_TCP, 1, &evict), QUOTA_OK);
	end(t);
}

TEST(so_many_new_ones_in_a_millisecond)
{
	struct flow_table *t = table(1000);
	struct flow *evict;

	for (int i = 0; i < USERNET_FRESH_MAX; i++)
		CHECK_EQ(quota_ask(&t->quota, user(t, 1), FLOW_TCP, 7, &evict), QUOTA_OK);
	CHECK_EQ(quota_ask(&t->quota, user(t, 1), FLOW_UDP, 7, &evict), QUOTA_RATE);
	CHECK_EQ(quota_ask(&t->quota, user(t, 2), FLOW_TCP, 7, &evict), QUOTA_OK);
	CHECK_EQ(quota_ask(&t->quota, user(t, 1), FLOW_TCP, 8, &evict), QUOTA_OK);
	end(t);
}

TEST(near_the_end_the_largest_user_gives)
{
	struct flow_table *t = table(100);
	struct flow *evict, *largest = add(t, 3, FLOW_UDP, 0);

	add(t, 1, FLOW_UDP, 0);
	for (uint16_t i = 1; i < 40; i++)
		add(t, 3, FLOW_UDP, i);
	for (uint16_t i = 0; i < 20; i++)
		add(t, 2, FLOW_UDP, i);
	CHECK_EQ(quota_ask(&t->quota, user(t, 1), FLOW_TCP, 1, &evict), QUOTA_OK);
	CHECK(evict == NULL);
	for (uint16_t i = 0; i < 20; i++)
		add(t, 1, FLOW_TCP, i);
	CHECK_EQ(quota_ask(&t->quota, user(t, 1), FLOW_TCP, 1, &evict), QUOTA_OK);
	CHECK(evict == largest);
	end(t);
}

TEST(datagrams_leave_ports_to_the_host)
{
	struct flow_table *t = table(1000);
	struct flow *evict, *largest = add(t, 3, FLOW_UDP, 0), *mine = add(t, 1, FLOW_UDP, 0);

	t->quota.udp_max = 20;
	for (uint16_t i = 1; i < 19; i++)
		add(t, 3, FLOW_UDP, i);
	CHECK_EQ(quota_ask(&t->quota, user(t, 1), FLOW_UDP, 1, &evict), QUOTA_OK);
	CHECK(evict == largest);
	CHECK(quota_largest(&t->quota) == largest);
	CHECK_EQ(quota_ask(&t->quota, user(t, 1), FLOW_TCP, 1, &evict), QUOTA_OK);
	CHECK(evict == NULL);
	drop(t, mine);
	CHECK_EQ(quota_ask(&t->quota, user(t, 1), FLOW_UDP, 1, &evict), QUOTA_OK);
	CHECK(evict == NULL);
	end(t);
}

TEST(without_datagrams_nobody_can_give)
{
	struct flow_table *t = table(10);
	struct flow *evict;

	for (uint16_t i = 0; i < 10; i++)
		add(t, 1, FLOW_TCP, i);
	CHECK_EQ(quota_ask(&t->quota, user(t, 2), FLOW_UDP, 1, &evict), QUOTA_LIMIT);
	CHECK(evict == NULL);
	end(t);
}

TEST(idle_users_are_forgotten)
{
	struct flow_table *t = table(1000);
	struct flow *f = add(t, 70000, FLOW_UDP, 1);

	for (uint32_t i = 0; i < 5000; i++)
		drop(t, add(t, i, i % 2 == 0 ? FLOW_UDP : FLOW_TCP, 1));
	CHECK(t->quota.n_idle <= USERNET_USERS_IDLE);
	CHECK_EQ(t->quota.n, 1);
	drop(t, f);
	CHECK_EQ(t->quota.n, 0);
	end(t);
}
