// SPDX-License-Identifier: MIT
/*
 * The inside of the image store, shared by store.c (index, lookup), names.c
 * (references), list.c (lists and filters), remove.c (deletion) and known.c
 * (digests seen before).
 *
 * Locks, in this order: write_mu (who changes files), mu (the index, never held
 * across I/O).
 */
#ifndef IMAGE_STORE_INTERNAL_H
#define IMAGE_STORE_INTERNAL_H

#include <pthread.h>

#include "base/buf.h"
#include "base/map.h"
#include "image/store.h"

struct image_node {
	struct image *image; /* one reference */
	char parent[DIGEST_SIZE];
	int64_t last_tagged_nsec;
};

enum store_slot { SLOT_DOWNLOAD, SLOT_UPLOAD };

struct image_store {
	char *root;
	char *dir; /* "<root>/image/<driver>" */
	struct storage *st;
	pthread_mutex_t write_mu;
	pthread_mutex_t mu; /* guards all below and every image's refs */
	struct map images;  /* image id -> struct image_node */
	struct map names;   /* familiar reference -> image id (char *) */
	struct map flights; /* chain ids of layers being pulled now -> bytes that came (int64_t) */
	int busy[2];	    /* by enum store_slot */
	pthread_cond_t landed;
};

/** image_chain_id() - of all its layers; "" without any */
void image_chain_id(const struct image_config *c, char ret[DIGEST_SIZE]);
/** names_load() - reads repositories.json into the index; absent and torn are empty */
void names_load(struct image_store *s);
/** names_save() - writes the index's names; write_mu is held */
int names_save(struct image_store *s, struct err *e) WARN_UNUSED;
/** names_of() - the names of an image, in the order of what they are in full; mu is held */
void names_of(struct image_store *s, const char *id, struct strv *ret);
/** names_remove() - takes a name away and saves; the image's record of being tagged too */
int names_remove(struct image_store *s, const char *name, struct err *e) WARN_UNUSED;
/** name_is_digest() - "alpine@sha256:…" rather than a tag */
bool name_is_digest(const char *name);
/** store_node() - by full id; mu is held */
struct image_node *store_node(struct image_store *s, const char *id);
/** store_children() - how many images have this parent; mu is held */
size_t store_children(struct image_store *s, const char *id);
/** store_drop() - forgets an image, deletes its files, releases its layers; removed gets the chain
 * ids that went and *ret_parent (DIGEST_SIZE) its parent */
void store_drop(struct image_store *s, const char *id, struct strv *removed, char *ret_parent);
/** store_flight_begin() - claims a layer for this pull; false when another pull has it */
bool store_flight_begin(struct image_store *s, const char *chain_id);
/** store_flight_end() - gives the claim back, the layer being there or not; wakes who waits */
void store_flight_end(struct image_store *s, const char *chain_id);
/** store_flight_wait() - until nobody has the layer claimed, or the deadline (time_mono_ms()) */
void store_flight_wait(struct image_store *s, const char *chain_id, int64_t deadline_ms);
/** store_flight_sent() - changes how much of a claimed layer came by add, returns it */
int64_t store_flight_sent(struct image_store *s, const char *chain_id, int64_t add);
/** store_slot_take() - one of max layers under way, of all pulls or pushes; false when there was
 * none until the deadline (time_mono_ms()) */
bool store_slot_take(struct image_store *s, enum store_slot slot, int max, int64_t deadline_ms);
/** store_slot_give() - gives it back */
void store_slot_give(struct image_store *s, enum store_slot slot);
/** store_is_id_prefix() - name is the image's id or a beginning of it */
bool store_is_id_prefix(const char *id, const char *name);

#endif
