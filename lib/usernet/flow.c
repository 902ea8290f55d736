// SPDX-License-Identifier: MIT
/* Flow table; see flow.h. */
#include "usernet/flow.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"

void flow_table_init(struct flow_table *t)
{
	memset(t, 0, sizeof(*t));
	rand_bytes(t->hash_key, sizeof(t->hash_key));
	for (size_t i = 0; i < FLOW_KINDS; i++)
		list_init(&t->lru[i]);
}

static struct flow **bucket(struct flow_table *t, const struct flow_key *k)
{
	return &t->buckets[siphash(t->hash_key, k, sizeof(*k)) % FLOW_BUCKETS];
}

struct flow *flow_find(struct flow_table *t, const struct flow_key *k)
{
	struct flow *f = *bucket(t, k);

	while (f != NULL && memcmp(&f->key, k, sizeof(*k)) != 0)
		f = f->next;
	if (f != NULL) {
		list_del(&f->used);
		list_add_tail(&t->lru[k->kind], &f->used);
		if (f->user != NULL) {
			list_del(&f->mine);
			list_add_tail(&f->user->flows[quota_kind(k->kind)], &f->mine);
		}
	}
	return f;
}

void flow_add(struct flow_table *t, struct flow *f)
{
	struct flow **b = bucket(t, &f->key);

	f->next = *b;
	*b = f;
	list_add_tail(&t->lru[f->key.kind], &f->used);
	t->n[f->key.kind]++;
	if (f->user == NULL)
		return;
	list_add_tail(&f->user->flows[quota_kind(f->key.kind)], &f->mine);
	quota_take(&t->quota, f->user, quota_kind(f->key.kind));
}

void flow_remove(struct flow_table *t, struct flow *f)
{
	struct flow **b = bucket(t, &f->key);

	while (*b != NULL && *b != f)
		b = &(*b)->next;
	if (*b == NULL)
		return;
	*b = f->next;
	list_del(&f->used);
	t->n[f->key.kind]--;
	if (f->user == NULL)
		return;
	list_del(&f->mine);
	quota_give(&t->quota, f->user, quota_kind(f->key.kind));
	f->user = NULL;
}

struct flow *flow_oldest(struct flow_table *t, enum flow_kind kind)
{
	struct list *head = &t->lru[kind];

	return list_empty(head) ? NULL : CONTAINER_OF(head->next, struct flow, used);
}
