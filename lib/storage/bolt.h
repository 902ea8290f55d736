// SPDX-License-Identifier: MIT
/*
 * The one-file database (bbolt) in which Docker keeps the labels of volumes
 * and its networks: one bucket is read, or a whole database of one bucket is
 * written. Never both at once with a dockerd that runs.
 */
#ifndef STORAGE_BOLT_H
#define STORAGE_BOLT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

typedef void bolt_fn(void *arg, const char *key, size_t n_key, const char *value, size_t n_value);

/**
 * bolt_each() - calls fn for each pair of a bucket of the root, in the order of keys
 * @db:     the file's bytes; what is wrong in them ends the walk
 * @n:      how many
 * @bucket: its name
 * @fn:     key and value are borrowed and end with no zero
 * @arg:    passed on
 * @e:      ERR_INVALID: no database of this kind, or damaged
 *
 * Return: 0, also without such a bucket; -1 failure.
 */
int bolt_each(const void *db, size_t n, const char *bucket, bolt_fn *fn, void *arg,
	      struct err *e) WARN_UNUSED;

struct bolt_pair {
	char *key, *value;
};

/** bolt_write() - a database with one bucket of these pairs, sorted by key; at most 65,535 of them
 * (else ERR_INVALID) */
int bolt_write(struct buf *out, const char *bucket, const struct bolt_pair *pairs, size_t n,
	       struct err *e) WARN_UNUSED;

#endif
