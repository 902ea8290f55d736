// SPDX-License-Identifier: MIT
/*
 * Hash map with linear probing. Deletion shifts the cluster back, so there are
 * no tombstones and lookups stay short.
 */
#include "base/map.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/rand.h"

static unsigned char hash_key[16];
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void make_hash_key(void)
{
	rand_bytes(hash_key, sizeof(hash_key));
}

static uint64_t hash_of(const char *key)
{
	pthread_once(&hash_once, make_hash_key);
	return siphash(hash_key, key, strlen(key));
}

void map_init(struct map *m, void (*free_value)(void *value))
{
	*m = (struct map){.free_value = free_value};
}

void map_clear(struct map *m)
{
	map_for_each (slot, m) {
		free(slot->key);
		if (m->free_value != NULL)
			m->free_value(slot->value);
	}
	free(m->slots);
	map_init(m, m->free_value);
}

/* the key's slot, or the free slot where it belongs; the map has slots */
static struct map_slot *find(const struct map *m, const char *key, uint64_t hash)
{
	size_t i = hash & (m->cap - 1);

	while (m->slots[i].key != NULL) {
		if (m->slots[i].hash == hash && strcmp(m->slots[i].key, key) == 0)
			break;
		i = (i + 1) & (m->cap - 1);
	}
	return &m->slots[i];
}

static void grow(struct map *m)
{
	struct map bigger = {
		.cap = m->cap != 0 ? m->cap * 2 : 16, .n = m->n, .free_value = m->free_value};

	bigger.slots = xcalloc(bigger.cap, sizeof(*bigger.slots));
	map_for_each (slot, m)
		*find(&bigger, slot->key, slot->hash) = *slot;
	free(m->slots);
	*m = bigger;
}

void *map_get(const struct map *m, const char *key)
{
	struct map_slot *slot;

	if (m->n == 0)
		return NULL;
	slot = find(m, key, hash_of(key));
	return slot->key != NULL ? slot->value : NULL;
}

void map_put(struct map *m, const char *key, void *value)
{
	uint64_t hash = hash_of(key);
	struct map_slot *slot;

	if ((m->n + 1) * 4 > m->cap * 3)
		grow(m);
	slot = find(m, key, hash);
	if (slot->key != NULL) {
		if (m->free_value != NULL && slot->value != value)
			m->free_value(slot->value);
	} else {
		slot->key = xstrdup(key);
		slot->hash = hash;
		m->n++;
	}
	slot->value = value;
}

/* closes the gap at a slot just emptied */
static void shift_back(struct map *m, size_t gap)
{
	size_t mask = m->cap - 1;

	for (size_t i = (gap + 1) & mask; m->slots[i].key != NULL; i = (i + 1) & mask) {
		size_t home = m->slots[i].hash & mask;

		/* the entry may move to the gap unless its home lies cyclically behind it */
		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		m->slots[gap] = m->slots[i];
		m->slots[i] = (struct map_slot){0};
		gap = i;
	}
}

void *map_steal(struct map *m, const char *key)
{
	struct map_slot *slot;
	void *value;

	if (m->n == 0)
		return NULL;
	slot = find(m, key, hash_of(key));
	if (slot->key == NULL)
		return NULL;
	value = slot->value;
	free(slot->key);
	*slot = (struct map_slot){0};
	m->n--;
	shift_back(m, (size_t)(slot - m->slots));
	return value;
}

void map_del(struct map *m, const char *key)
{
	void *value = map_steal(m, key);

	if (value != NULL && m->free_value != NULL)
		m->free_value(value);
}

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **map_keys_sorted(const struct map *m)
{
	const char **keys = xcalloc(m->n + 1, sizeof(*keys));
	size_t n = 0;

	map_for_each (slot, m)
		keys[n++] = slot->key;
	qsort(keys, n, sizeof(*keys), compare_keys);
	return keys;
}
