// SPDX-License-Identifier: MIT
/*
 * Capability names and sets (capabilities(7)). A set is a bit mask: bit n is
 * capability number n. Everything is done with the raw capset(2) and prctl(2)
 * calls and concerns the calling thread only.
 */
#ifndef SANDBOX_CAPS_H
#define SANDBOX_CAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

#define CAPS_COUNT 41 /* CAP_CHOWN .. CAP_CHECKPOINT_RESTORE */
#define CAPS_ALL   ((1ULL << CAPS_COUNT) - 1)

/* What Docker gives a container by default: 14 capabilities. */
#define CAPS_DOCKER_DEFAULT                                                                     \
	(1ULL << 0 /* CHOWN */ | 1ULL << 1 /* DAC_OVERRIDE */ | 1ULL << 3 /* FOWNER */ |        \
	 1ULL << 4 /* FSETID */ | 1ULL << 5 /* KILL */ | 1ULL << 6 /* SETGID */ |               \
	 1ULL << 7 /* SETUID */ | 1ULL << 8 /* SETPCAP */ | 1ULL << 10 /* NET_BIND_SERVICE */ | \
	 1ULL << 13 /* NET_RAW */ | 1ULL << 18 /* SYS_CHROOT */ | 1ULL << 27 /* MKNOD */ |      \
	 1ULL << 29 /* AUDIT_WRITE */ | 1ULL << 31 /* SETFCAP */)

/* The five sets of a process, as the runtime specification names them. */
struct caps_sets {
	uint64_t bounding;
	uint64_t effective;
	uint64_t inheritable;
	uint64_t permitted;
	uint64_t ambient;
};

/** caps_name() - "CAP_CHOWN" of a number; NULL when there is none. Static string */
const char *caps_name(unsigned number);
/** caps_number() - number of a name, with or without "CAP_", in any case; -1 when unknown */
int caps_number(const char *name);
/** caps_from_names() - mask of names; "ALL" is every capability. Unknown: ERR_INVALID
 * `unknown capability: "CAP_X"` */
int caps_from_names(const struct strv *names, uint64_t *ret_mask, struct err *e) WARN_UNUSED;
/** caps_to_names() - appends the names of a mask in order of their numbers */
void caps_to_names(uint64_t mask, struct strv *names);
/**
 * caps_tweak() - Docker's --cap-add and --cap-drop
 * @basics:   the default mask
 * @add:      names, "ALL" for all; may be NULL
 * @drop:     names, "ALL" for all; may be NULL
 * @ret_mask: the result: drop ALL first, then additions; a name in both is dropped
 * @e:        ERR_INVALID for an unknown name
 *
 * Return: 0 or -1.
 */
int caps_tweak(uint64_t basics, const struct strv *add, const struct strv *drop, uint64_t *ret_mask,
	       struct err *e) WARN_UNUSED;
/** caps_last() - the highest capability number this kernel knows; reads /proc once per process */
unsigned caps_last(void);
/** caps_get() - the calling thread's sets, bounding and ambient included */
int caps_get(struct caps_sets *ret, struct err *e) WARN_UNUSED;
/** caps_drop_bounding() - removes everything outside keep from the bounding set (CAP_SETPCAP) */
int caps_drop_bounding(uint64_t keep, struct err *e) WARN_UNUSED;
/** caps_set() - sets effective, permitted, inheritable and then ambient (bounding is left alone);
 * bits the kernel does not know are ignored */
int caps_set(const struct caps_sets *sets, struct err *e) WARN_UNUSED;
/** caps_set_effective() - the effective set only, within what is permitted now */
int caps_set_effective(uint64_t mask, struct err *e) WARN_UNUSED;

#endif
