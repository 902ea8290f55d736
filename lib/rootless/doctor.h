// SPDX-License-Identifier: MIT
/*
 * What a rootless engine needs of its host: a table of checks, each of which
 * tries the thing itself (a mount, an id map, a socket), and tells what was
 * found, why, what is lost without it and what mends it. Nothing is changed;
 * files made for a trial are removed. Single-threaded processes only.
 */
#ifndef ROOTLESS_DOCTOR_H
#define ROOTLESS_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "ns/subid.h"

enum rk_verdict {
	RK_FINE,
	RK_NOTE,    /* not needed by everybody, or done in another way here */
	RK_LACKING, /* the engine starts; something is lost */
	RK_MISSING, /* the engine cannot start */
};

/* The host as a user sees it; borrowed strings. */
struct rk_host {
	const char
		*root; /* put before the paths of files that are only read; "" outside of tests */
	uid_t uid;
	gid_t gid;
	const char *user; /* NULL: the uid has no name */
	const char *home;
	const char *runtime_dir; /* XDG_RUNTIME_DIR as given; NULL unset */
	const char *data_root;
	const char *path; /* PATH */
};

/* Strings on the heap, NULL when there is nothing to tell. */
struct rk_finding {
	const char *id; /* "newuidmap"; static */
	enum rk_verdict verdict;
	char *found; /* "65536 ids from 100000" or what is not there */
	char *cause; /* why */
	char *lost;  /* what is lost without it */
	char *mend;  /* command lines */
};

/** rk_doctor_count() - number of checks */
size_t rk_doctor_count(void);
/** rk_doctor_id() - the name of check i; static */
const char *rk_doctor_id(size_t i);
/**
 * rk_doctor_check() - run one check
 * @i:    0 to rk_doctor_count() - 1
 * @host: the host
 * @ret:  filled; to be freed by rk_finding_clear()
 *
 * Forks children that enter new namespaces. Never fails; what cannot be tried is a finding.
 */
void rk_doctor_check(size_t i, const struct rk_host *host, struct rk_finding *ret);
/** rk_finding_clear() - frees the strings */
void rk_finding_clear(struct rk_finding *f);
/** rk_verdict_name() - "ok", "note", "lacking", "missing" */
const char *rk_verdict_name(enum rk_verdict v);

/** rk_apparmor_restricts() - the sysctl kernel.apparmor_restrict_unprivileged_userns is set; root
 * is put before its path */
bool rk_apparmor_restricts(const char *root);
/** rk_apparmor_profile() - shell commands that give this binary, by its real path, an AppArmor
 * profile which allows user namespaces; on the heap */
char *rk_apparmor_profile(void);
/** rk_subid_free() - the first id from 100000 on where 65536 ids are free in /etc/subuid and
 * /etc/subgid */
uint32_t rk_subid_free(void);
/** rk_program() - the executable file of this name in the directories of path (colons between), on
 * the heap; NULL none */
char *rk_program(const char *path, const char *name);

#endif
