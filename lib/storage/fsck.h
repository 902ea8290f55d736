// SPDX-License-Identifier: MIT
/*
 * Checking a data root that no engine uses, and mending it. Each check is a
 * small function that tells what it finds; nothing but the mending changes
 * anything. What may be the user's is moved to lost-and-found below the data root,
 * never deleted; only what no engine has ever acknowledged is removed.
 * One thread.
 */
#ifndef STORAGE_FSCK_H
#define STORAGE_FSCK_H

#include <stdbool.h>

#include "base/err.h"
#include "base/map.h"
#include "base/strv.h"
#include "storage/storage.h"

enum fsck_how {
	FSCK_REMOVE, /* nobody was ever told of it: deleted */
	FSCK_MOVE,   /* moved to lost-and-found */
	FSCK_FIX,    /* the caller makes it anew out of what else is known */
	FSCK_LEAVE,  /* only a person can decide: the text says what */
};

struct fsck_finding {
	const char *check; /* "layer", "tag" …; static */
	const char *path;  /* what is damaged, below the data root */
	const char *text;  /* how */
	const char *done;  /* what was done, or would be */
	bool mended;
};

struct fsck {
	const char *root; /* absolute */
	bool repair;	  /* mend */
	bool content;	  /* read every layer whole */
	void (*tell)(void *arg, const struct fsck_finding *found);
	void *arg;
	unsigned n_mended, n_left; /* results */

	/* private */
	int lock_fd, root_fd;
	struct storage *st;    /* of the driver being looked at */
	struct map containers; /* id -> driver's name; "": damaged */
	struct map condemned;  /* layers that were whole but for their content */
};

/**
 * fsck_open() - takes the data root for itself, and checks what no driver has a part in:
 * containers, volumes, leftovers, mounts, owners
 * @f: root, repair, content, tell and arg are set, all else is zero
 * @e: ERR_NOTFOUND no such data root; ERR_CONFLICT an engine has it
 *
 * As uid 0 of the user namespace whose engine it is. fsck_close() after success.
 *
 * Return: 0 or -1.
 */
int fsck_open(struct fsck *f, struct err *e) WARN_UNUSED;
/** fsck_close() - writes all back and lets go */
void fsck_close(struct fsck *f);
/** fsck_driver() - checks layers, writable layers and trees of a driver; afterwards f->st has its
 * good layers until the next call. false when it has nothing here */
bool fsck_driver(struct fsck *f, const char *driver);

/**
 * fsck_found() - tells of a finding; when f->repair, removes or moves it
 * @f:     the run
 * @how:   what to do
 * @check: kind of finding; static
 * @path:  below the data root
 * @why:   FSCK_FIX when f->repair: NULL when it was mended, else why not
 * @fmt:   what is wrong
 */
void fsck_found(struct fsck *f, enum fsck_how how, const char *check, const char *path,
		const struct err *why, const char *fmt, ...) PRINTF(6, 7);
/** fsck_names() - sorted names in a directory below the data root; none when it is absent */
void fsck_names(struct fsck *f, const char *path, struct strv *ret);

#endif
