// SPDX-License-Identifier: MIT
/*
 * Containers: the verbs of the API. Errors carry Docker's words and the kind
 * that api maps to a status. All block as long as the work takes.
 */
#ifndef ENGINE_CONTAINER_H
#define ENGINE_CONTAINER_H

#include "base/buf.h"
#include "engine/engine.h"
#include "engine/types.h"

/**
 * engine_container_create() - POST /containers/create
 * @name:         wanted name or NULL: a random one
 * @platform:     "linux/amd64" or NULL
 * @req:          consumed: moved from, cleared on return
 * @ret_id:       65 bytes
 * @ret_warnings: appended
 * @e:            ERR_NOTFOUND no such image, ERR_CONFLICT name in use, ERR_INVALID
 */
int engine_container_create(struct engine *en, const char *name, const char *platform,
			    struct docker_create_request *req, char *ret_id,
			    struct strv *ret_warnings, struct err *e) WARN_UNUSED;
/** engine_container_start() - ERR_NOTMODIFIED when it runs */
int engine_container_start(struct engine *en, const char *name, struct err *e) WARN_UNUSED;
/** engine_container_stop() - signal (NULL: the container's) then SIGKILL after timeout_sec (-1 for
 * ever; -2 the container's own, else 10); ERR_NOTMODIFIED when it does not run */
int engine_container_stop(struct engine *en, const char *name, const char *signal, int timeout_sec,
			  struct err *e) WARN_UNUSED;
/** engine_container_restart() - stop if running, start; parameters as stop */
int engine_container_restart(struct engine *en, const char *name, const char *signal,
			     int timeout_sec, struct err *e) WARN_UNUSED;
/** engine_container_kill() - signal by name or number (NULL or "": KILL); ERR_CONFLICT when it does
 * not run */
int engine_container_kill(struct engine *en, const char *name, const char *signal,
			  struct err *e) WARN_UNUSED;
/** engine_container_pause() - freeze or thaw */
int engine_container_pause(struct engine *en, const char *name, bool paused,
			   struct err *e) WARN_UNUSED;
/** engine_container_rename() - ERR_CONFLICT when the name is taken */
int engine_container_rename(struct engine *en, const char *name, const char *new_name,
			    struct err *e) WARN_UNUSED;
/** engine_container_remove() - force kills first; volumes: anonymous ones too */
int engine_container_remove(struct engine *en, const char *name, bool force, bool volumes,
			    struct err *e) WARN_UNUSED;
/** engine_container_prune() - removes stopped containers; ids and freed bytes */
int engine_container_prune(struct engine *en, const struct engine_filters *f, struct strv *ret_ids,
			   int64_t *ret_bytes, struct err *e) WARN_UNUSED;
/** engine_container_resize() - window size of the TTY */
int engine_container_resize(struct engine *en, const char *name, unsigned rows, unsigned cols,
			    struct err *e) WARN_UNUSED;
/** engine_container_update() - POST update: limits and restart policy present in the body; warnings
 * appended */
int engine_container_update(struct engine *en, const char *name, const struct json *body,
			    struct strv *ret_warnings, struct err *e) WARN_UNUSED;

/** engine_container_inspect() - a snapshot; json_struct_clear(&docker_inspect_json, ret) */
int engine_container_inspect(struct engine *en, const char *name, bool size,
			     struct docker_inspect *ret, struct err *e) WARN_UNUSED;

struct engine_summaries {
	JSON_ARRAY_OF(struct docker_summary) list;
};

/** engine_container_list() - newest first; all: stopped ones too; limit > 0: the last ones created,
 * running or not */
int engine_container_list(struct engine *en, bool all, bool size, int64_t limit,
			  const struct engine_filters *f, struct engine_summaries *ret,
			  struct err *e) WARN_UNUSED;
/** engine_summaries_clear() - frees */
void engine_summaries_clear(struct engine_summaries *s);

enum engine_wait_condition { ENGINE_WAIT_NOT_RUNNING, ENGINE_WAIT_NEXT_EXIT, ENGINE_WAIT_REMOVED };

struct engine_wait;

/** engine_wait_begin() - registers before the answer's head is sent, so that no exit is missed */
int engine_wait_begin(struct engine *en, const char *name, enum engine_wait_condition cond,
		      struct engine_wait **ret, struct err *e) WARN_UNUSED;
/**
 * engine_wait_end() - waits, then frees
 * @w:          from engine_wait_begin()
 * @client_fd:  end of waiting when this descriptor hangs up; -1 none
 * @ret_code:   exit code
 * @ret_error:  message for {"Error":{"Message"}} or NULL; the caller's
 *
 * Return: 0, or -1 ERR_CANCELLED when the client left.
 */
int engine_wait_end(struct engine_wait *w, int client_fd, int *ret_code, char **ret_error,
		    struct err *e) WARN_UNUSED;

/* A client that takes part in a process's standard streams. */
struct engine_attach {
	int client_fd;		 /* socket; duplicated as needed, closed by the caller. -1: none */
	bool in, out, err;	 /* streams wanted */
	bool logs;		 /* attach: what was logged so far first */
	bool stream;		 /* attach: then live; else only the logs */
	bool multiplexed;	 /* frames; false with a TTY or the raw stream */
	const char *detach_keys; /* "ctrl-p,ctrl-q"; NULL: the default; "" none */
	const void *leftover;
	size_t n_leftover;
};

struct engine_attach_claim;

/**
 * engine_attach_begin() - before the answer's head: may this container be attached to
 * @a:       as for engine_attach_finish(), but that there is no client yet (client_fd -1)
 * @ret:     engine_attach_finish() ends it. No output is missed from now on: a container not
 * running yet does not start before that, of another one it waits for the client
 * @ret_tty: whether it has a TTY
 * @e:       ERR_NOTFOUND; ERR_CONFLICT paused or restarting; ERR_INVALID bad keys
 */
int engine_attach_begin(struct engine *en, const char *name, const struct engine_attach *a,
			struct engine_attach_claim **ret, bool *ret_tty, struct err *e) WARN_UNUSED;
/** engine_attach_finish() - hands the client over (a NULL: gives up) and frees the claim. Returns
 * at once; the streams end when the container does */
int engine_attach_finish(struct engine_attach_claim *claim, const struct engine_attach *a,
			 struct err *e) WARN_UNUSED;

struct engine_logs {
	bool out, err, follow, timestamps, details;
	int64_t since_nsec, until_nsec; /* 0: none */
	int64_t tail;			/* -1: all */
	int client_fd;			/* following ends when it hangs up; -1 none */
	/* one log line or piece; line includes its newline if any; 0, or -1 to end */
	int (*write)(void *arg, bool is_err, const char *text, size_t n);
	/* called before waiting for more: send what is kept back; 0 or -1 */
	int (*flush)(void *arg);
	void *arg;
};

/** engine_logs_check() - before the answer's head: exists, its log can be read; tells whether it
 * has a TTY */
int engine_logs_check(struct engine *en, const char *name, bool *ret_tty,
		      struct err *e) WARN_UNUSED;
/** engine_container_logs() - reads, and follows until the container stops or the client leaves */
int engine_container_logs(struct engine *en, const char *name, const struct engine_logs *l,
			  struct err *e) WARN_UNUSED;

struct engine_top {
	struct strv titles;
	struct strv *rows;
	size_t n_rows;
};

/** engine_container_top() - processes; ps_args NULL: "-ef" */
int engine_container_top(struct engine *en, const char *name, const char *ps_args,
			 struct engine_top *ret, struct err *e) WARN_UNUSED;
/** engine_top_clear() - frees */
void engine_top_clear(struct engine_top *t);

/** engine_container_changes() - docker diff: calls fn for each; kind 0 modified, 1 added, 2 deleted
 */
int engine_container_changes(struct engine *en, const char *name,
			     void (*fn)(void *arg, int kind, const char *path), void *arg,
			     struct err *e) WARN_UNUSED;

struct engine_copy;

/** engine_archive_stat() - JSON for X-Docker-Container-Path-Stat */
int engine_archive_stat(struct engine *en, const char *name, const char *path, struct buf *ret_json,
			struct err *e) WARN_UNUSED;
/** engine_archive_get() - starts a tar of path, readable from *ret_fd (the caller's); then
 * engine_copy_finish(). path NULL: the whole root file system (export) */
int engine_archive_get(struct engine *en, const char *name, const char *path, struct buf *ret_json,
		       int *ret_fd, struct engine_copy **ret, struct err *e) WARN_UNUSED;
/** engine_archive_put() - starts unpacking into path; write the (maybe compressed) tar to *ret_fd,
 * close it, then engine_copy_finish() */
int engine_archive_put(struct engine *en, const char *name, const char *path,
		       bool no_overwrite_dir_nondir, bool copy_uid_gid, int *ret_fd,
		       struct engine_copy **ret, struct err *e) WARN_UNUSED;
/** engine_copy_finish() - waits for the end; the helper's error if it failed; frees */
int engine_copy_finish(struct engine_copy *c, struct err *e) WARN_UNUSED;
/** engine_copy_cancel() - ends it early; frees */
void engine_copy_cancel(struct engine_copy *c);

/* One interface's counters. */
struct engine_net_stats {
	char name[32];
	uint64_t rx_bytes, rx_packets, rx_errors, rx_dropped;
	uint64_t tx_bytes, tx_packets, tx_errors, tx_dropped;
};

/* stats: one reading of a container, in the units of the cgroup room */
struct engine_stats {
	char id[65];
	char *name;
	bool running;
	int64_t read_nsec;
	struct cgroup_stats *cgroup; /* without a group what /proc tells; NULL: no figures */
	uint64_t system_cpu_usec;
	int ncpu;
	struct engine_net_stats *nets;
	size_t n_nets;
};

/** engine_container_stats() - one reading; engine_stats_clear() */
int engine_container_stats(struct engine *en, const char *name, struct engine_stats *ret,
			   struct err *e) WARN_UNUSED;
/** engine_stats_clear() - frees */
void engine_stats_clear(struct engine_stats *s);

#endif
