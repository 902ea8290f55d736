// SPDX-License-Identifier: MIT
/*
 * The engine's side of a shim (see container/README.md for the shim itself).
 *
 * Life of a container:
 *   1. the engine makes the bundle directory with config.json (oci/spec.h) and shim.json
 *      (container/config.h) and calls shim_spawn(); the answer is the init's pid, whose namespaces
 *      exist from now on (plug the network in while the init still mounts)
 *   2. shim_attach() for each client that attached before the start
 *   3. shim_start(): the program runs when this returns success
 *   4. shim_subscribe(): from now on this connection only carries events
 *   5. at the end the shim writes BUNDLE/exit.json, pushes SHIM_EVENT_EXIT, and ends itself when a
 *      subscriber has confirmed (shim_ack()) or nobody is subscribed. When it has ended, the
 *      container's mounts and namespaces are gone; the engine removes the bundle.
 *
 * A later engine calls shim_connect() and shim_subscribe(): what ended meanwhile comes as events
 * first. When the connection breaks without SHIM_EVENT_EXIT, the shim was killed: the engine reads
 * exit.json, and if there is none kills the init (pid and start time of shim_info).
 *
 * Requests on one connection are answered in order; a connection belongs to one thread at a time,
 * several connections to one shim are fine. Requests wait for the answer, at most SHIM_TIMEOUT_MS.
 */
#ifndef CONTAINER_SHIM_CLIENT_H
#define CONTAINER_SHIM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define SHIM_ID_SIZE	     72	   /* exec id with NUL; "" names the container's own process */
#define SHIM_DETACH_KEYS_MAX 16	   /* bytes of a detach sequence */
#define SHIM_LEFTOVER_MAX    65536 /* input already read by the engine */
#define SHIM_TIMEOUT_MS	     60000

struct shim_conn {
	int fd; /* SOCK_SEQPACKET; for poll(2) once subscribed */
};

/* Who is behind a connection. */
struct shim_info {
	pid_t shim_pid;
	pid_t init_pid;		  /* in our pid namespace; 0 when it has ended */
	uint64_t init_start_time; /* proc_start_time() */
	bool started;		  /* the program runs, or ran */
	bool paused;
};

enum shim_attach_flags {
	SHIM_STDIN = 1,
	SHIM_STDOUT = 2,
	SHIM_STDERR = 4,
	SHIM_RAW = 8, /* bytes as they are; else Docker's 8-byte frame header before each piece */
};

/* An attached client. The shim takes the connection over: it writes the output, reads the input,
 * and closes it at the end. */
struct shim_attach {
	int client_fd;	/* socket; stays the caller's to close after the call. -1: none */
	unsigned flags; /* enum shim_attach_flags */
	unsigned char detach_keys[SHIM_DETACH_KEYS_MAX]; /* looked for with a TTY */
	size_t n_detach_keys;				 /* 0: no detaching by keys */
	const void *leftover; /* input bytes read behind the HTTP request; may be NULL */
	size_t n_leftover;
	uint32_t tag;	    /* comes back in SHIM_EVENT_DETACH */
	int64_t since_nsec; /* set by shim_attach() without a client */
};

enum shim_event_type {
	SHIM_EVENT_EXIT = 1, /* the container (exec_id "") or an exec has ended */
	SHIM_EVENT_DETACH,   /* a client left by detach keys or by closing */
	SHIM_EVENT_OOM,	     /* before the exit: the group's limit has killed in it */
};

struct shim_event {
	enum shim_event_type type;
	char exec_id[SHIM_ID_SIZE];
	int exit_code;
	int64_t at_nsec; /* since 1970 UTC */
	bool oom_killed;
	uint32_t tag; /* DETACH: of the client */
	bool by_keys; /* DETACH: by the key sequence */
};

/**
 * shim_spawn() - start a shim and create its container, up to the point before its program
 * @bundle: absolute directory with config.json and shim.json
 * @ret:    connection, shim_close()
 * @ret_info: pids
 * @e:      why the namespaces could not be made or a file is wrong
 *
 * Failures of mounts, users and such are reported by shim_start(). posix_spawn only: any thread.
 *
 * Return: 0 or -1 (then nothing is left behind).
 */
int shim_spawn(const char *bundle, struct shim_conn *ret, struct shim_info *ret_info,
	       struct err *e) WARN_UNUSED;
/** shim_connect() - to a running shim; ERR_NOTFOUND when there is none: read exit.json */
int shim_connect(const char *bundle, struct shim_conn *ret, struct shim_info *ret_info,
		 struct err *e) WARN_UNUSED;
/** shim_close() - closes the connection; the shim goes on */
void shim_close(struct shim_conn *c);

/**
 * shim_start() - let the init run the program
 * @c:             connection
 * @ret_exit_code: on failure: 127 not found, 126 not executable, 128 the rest; may be NULL
 * @e:             Docker's words: `exec: "foo": executable file not found in $PATH`
 *
 * After a failure the shim has written exit.json and ends.
 */
int shim_start(struct shim_conn *c, int *ret_exit_code, struct err *e) WARN_UNUSED;
/**
 * shim_attach() - hands a client over
 * @c:       connection
 * @exec_id: "" is the container
 * @a:       without a client (client_fd -1) a place is kept for the one that a second call on this
 *           connection brings: what is written from since_nsec on waits for it. When the connection
 *           is closed instead the place is given up
 * @e:       ERR_CONFLICT the process has ended; ERR_INVALID an older shim, which keeps no places
 */
int shim_attach(struct shim_conn *c, const char *exec_id, struct shim_attach *a,
		struct err *e) WARN_UNUSED;
/**
 * shim_exec() - run one more process in the container
 * @c:             connection
 * @exec_id:       Docker's exec id, fewer than SHIM_ID_SIZE bytes
 * @process_json:  struct oci_process as JSON (oci_process_json)
 * @n_json:        its bytes
 * @a:             the client that gets its stdio; flags say which streams exist; client_fd -1 for a
 *                 detached exec
 * @ret_pid:       in our pid namespace
 * @ret_exit_code: on failure as with shim_start(); may be NULL
 * @e:             filled on failure
 *
 * The exec is known by its id until its exit event was delivered to a subscriber.
 */
int shim_exec(struct shim_conn *c, const char *exec_id, const char *process_json, size_t n_json,
	      const struct shim_attach *a, pid_t *ret_pid, int *ret_exit_code,
	      struct err *e) WARN_UNUSED;
/** shim_resize() - window size of a TTY; ERR_CONFLICT without one */
int shim_resize(struct shim_conn *c, const char *exec_id, unsigned rows, unsigned cols,
		struct err *e) WARN_UNUSED;
/** shim_kill() - signal to a process (pid reuse is excluded); all: to everything in the container's
 * group or pid namespace. ERR_CONFLICT when it has ended */
int shim_kill(struct shim_conn *c, const char *exec_id, int sig, bool all,
	      struct err *e) WARN_UNUSED;
/** shim_pause() - freezes or thaws; ERR_UNAVAILABLE without a cgroup */
int shim_pause(struct shim_conn *c, bool paused, struct err *e) WARN_UNUSED;
/** shim_close_stdin() - end of input for a process whose stdin stays open otherwise */
int shim_close_stdin(struct shim_conn *c, const char *exec_id, struct err *e) WARN_UNUSED;
/** shim_reopen_log() - closes and opens the log file (after the engine truncated or moved it) */
int shim_reopen_log(struct shim_conn *c, struct err *e) WARN_UNUSED;
/** shim_subscribe() - from now on the connection carries events; what happened before comes first
 */
int shim_subscribe(struct shim_conn *c, struct err *e) WARN_UNUSED;
/** shim_next_event() - waits at most timeout_ms (< 0 for ever): 1 event, 0 the shim has ended,
 * -1 failure (ERR_TIMEOUT) */
int shim_next_event(struct shim_conn *c, int timeout_ms, struct shim_event *ret,
		    struct err *e) WARN_UNUSED;
/** shim_ack() - confirms the container's exit event; the shim ends */
void shim_ack(struct shim_conn *c);

#endif
