// SPDX-License-Identifier: MIT
/*
 * Hash map from string to pointer, open addressing, SipHash with a random key
 * per process (keys may be hostile). Not for sharing between threads without a
 * lock.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_slot {
	char *key; /* NULL: free slot */
	void *value;
	uint64_t hash;
};

struct map {
	struct map_slot *slots;
	size_t n;			 /* entries */
	size_t cap;			 /* slots, a power of two or 0 */
	void (*free_value)(void *value); /* may be NULL: values are borrowed */
};

/* for (each slot in use); do not change the map inside */
#define map_for_each(slot, m)                                                                  \
	for (struct map_slot *slot = (m)->slots; slot != NULL && slot < (m)->slots + (m)->cap; \
	     slot++)                                                                           \
		if (slot->key == NULL) {                                                       \
		} else

/** map_init() - empty map; free_value (or NULL) is called on values removed or replaced */
void map_init(struct map *m, void (*free_value)(void *value));
/** map_clear() - removes all, freeing values */
void map_clear(struct map *m);
/** map_get() - value or NULL */
void *map_get(const struct map *m, const char *key);
/** map_put() - stores a value under a copy of key; an older value is freed */
void map_put(struct map *m, const char *key, void *value);
/** map_del() - removes and frees the value; nothing when absent */
void map_del(struct map *m, const char *key);
/** map_steal() - removes and returns the value without freeing it; NULL when absent */
void *map_steal(struct map *m, const char *key);
/** map_keys_sorted() - heap array of borrowed keys in strcmp order, m->n long, free() it */
const char **map_keys_sorted(const struct map *m);

#endif
