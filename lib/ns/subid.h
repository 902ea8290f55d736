// SPDX-License-Identifier: MIT
/*
 * Subordinate ids: what /etc/subuid and /etc/subgid (subuid(5), subgid(5)) or
 * getsubids(1) grant to a user. The files are written by people, so a bad line
 * is skipped as newuidmap does, and no input makes the parser fail or loop.
 */
#ifndef NS_SUBID_H
#define NS_SUBID_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum subid_kind { SUBID_UID, SUBID_GID };

/* Where to ask: RootlessKit's --subid-source. */
enum subid_source {
	SUBID_AUTO,    /* getsubids when there is one and it answers, else the file */
	SUBID_DYNAMIC, /* getsubids only */
	SUBID_STATIC,  /* the file only */
};

struct subid_range {
	uint32_t start;
	uint32_t count; /* at least 1; start + count <= 2^32 - 1 */
};

/* Ranges in the order of the file, no two of them overlapping. */
struct subid_ranges {
	struct subid_range *items;
	size_t n;
};

#define SUBID_RANGES_INIT \
	{                 \
		0         \
	}

/** subid_clear() - frees the ranges; empty and usable again */
void subid_clear(struct subid_ranges *r);

/**
 * subid_total() - how many ids the ranges hold together
 */
uint64_t subid_total(const struct subid_ranges *r);

/**
 * subid_add() - append a range, cutting out what earlier ranges already hold
 * @r:     ranges
 * @start: first id
 * @count: how many; cut so that start + count <= 2^32 - 1
 *
 * Ranges beyond SUBID_RANGES_MAX (the kernel's limit on a map's lines) are ignored.
 */
void subid_add(struct subid_ranges *r, uint32_t start, uint64_t count);

/**
 * subid_exclude() - remove one id (the user's own, which is mapped by itself)
 * @r:  ranges
 * @id: the id
 */
void subid_exclude(struct subid_ranges *r, uint32_t id);

/**
 * subid_parse() - collect a user's ranges from the text of /etc/subuid or /etc/subgid
 * @text: the bytes, need not be terminated
 * @len:  their number
 * @user: name, NULL when unknown
 * @id:   numeric uid, matched against a numeric first field (for both files)
 * @r:    appended to
 */
void subid_parse(const char *text, size_t len, const char *user, uint32_t id,
		 struct subid_ranges *r);

/**
 * subid_parse_getsubids() - collect ranges from getsubids' output "0: user start count"
 * @text: the bytes
 * @len:  their number
 * @r:    appended to
 */
void subid_parse_getsubids(const char *text, size_t len, struct subid_ranges *r);

/**
 * subid_load() - every range that the system grants to a user
 * @kind:   uid or gid ranges
 * @source: where to ask
 * @user:   name, NULL when the uid has none
 * @uid:    its uid
 * @r:      set; the caller's
 * @e:      ERR_NOTFOUND with a sentence naming the file and the user when there is no range
 *
 * May run getsubids. Any single-threaded process; no shared state.
 */
int subid_load(enum subid_kind kind, enum subid_source source, const char *user, uid_t uid,
	       struct subid_ranges *r, struct err *e) WARN_UNUSED;

/**
 * subid_user_name() - the name of a uid from /etc/passwd, else from id(1), else $USER
 * @uid: uid
 *
 * Return: heap string, or NULL when it has no name.
 */
char *subid_user_name(uid_t uid);

#endif
