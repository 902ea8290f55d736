// SPDX-License-Identifier: MIT
/*
 * docker cp, export and stat of a container's files, through the applet
 * `archive`: it joins the container's mount namespace (running) or mounts the
 * root in one of its own (stopped), chroots into it and speaks tar. Any thread.
 */
#ifndef STORAGE_CP_H
#define STORAGE_CP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "storage/rw.h"

struct cp_target {
	pid_t pid;			   /* > 0: the running container's init */
	const struct storage_mount *mount; /* else: its layer */
	struct strv binds; /* stopped only, in order: "SOURCE:DESTINATION[:ro]" of its volumes */
};

enum cp_op { CP_STAT, CP_GET, CP_PUT, CP_EXPORT };

struct cp_request {
	enum cp_op op;
	const char *path; /* in the container; CP_EXPORT: ignored */
	int data_fd; /* CP_GET, CP_EXPORT: tar is written there; CP_PUT: read from it; borrowed,
			close your copy of a pipe's end after cp_start() */
	bool no_overwrite_dir_nondir;
	bool set_owner; /* CP_PUT: everything to uid:gid (copyUIDGID) */
	uint32_t uid, gid;
};

/* What the applet writes to its status descriptor: when it may be done, one word with the length of
 * the JSON that follows; at the end one with is_last and the outcome (err.kind 0: done). */
struct cp_word {
	bool is_last;
	uint32_t n_json;
	struct err err;
};

struct cp_run;

/**
 * cp_start() - starts the applet and waits for its first word
 * @t:         the container
 * @req:       what to do
 * @ret_json:  gets the JSON for X-Docker-Container-Path-Stat (CP_STAT, CP_GET)
 * @ret:       the transfer; NULL result for CP_STAT
 * @e:         ERR_NOTFOUND, ERR_INVALID … as the API answers them
 *
 * Return: 0 or -1.
 */
int cp_start(const struct cp_target *t, const struct cp_request *req, struct buf *ret_json,
	     struct cp_run **ret, struct err *e) WARN_UNUSED;
/** cp_finish() - waits for the transfer's end and frees; the applet's error if it failed */
int cp_finish(struct cp_run *run, struct err *e) WARN_UNUSED;
/** cp_cancel() - kills the applet and frees */
void cp_cancel(struct cp_run *run);

#endif
