// SPDX-License-Identifier: MIT
/* What the shim's files share. One thread; everything hangs on one struct shim. */
#ifndef CONTAINER_SHIM_INTERNAL_H
#define CONTAINER_SHIM_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"
#include "container/config.h"
#include "container/log.h"
#include "container/runtime.h"
#include "container/shim_proto.h"
#include "oci/spec.h"

struct shim;
struct shim_proc;

/* An attached client: output waits in `out` while its socket is full. */
struct shim_user {
	struct list link; /* in shim_proc.users */
	struct shim_proc *proc;
	int fd;
	unsigned flags; /* enum shim_attach_flags */
	uint32_t tag;
	struct loop_source *source;
	uint32_t events; /* watched now */
	struct buf out;
	unsigned char keys[SHIM_DETACH_KEYS_MAX];
	size_t n_keys, n_matched; /* of the detach sequence */
	bool input_ended;
	bool closing;		  /* closes when `out` is written */
	struct shim_link *keeper; /* will bring the socket; NULL: there is one */
};

enum shim_stream { SHIM_OUT, SHIM_ERR, SHIM_STREAMS };

/* A process of the container: its own, or an exec. */
struct shim_proc {
	struct list link; /* in shim.procs */
	struct shim *shim;
	char id[SHIM_ID_SIZE]; /* "" is the container's own */
	struct runtime_child child;
	int child_stdio[3]; /* until the program runs */
	bool tty;
	bool running;  /* its program was started and has not been reaped */
	bool ended;    /* reaped */
	bool finished; /* output is drained, the event is out or waits for a subscriber */
	bool reported; /* a subscriber got the event */
	int exit_code;
	int64_t ended_nsec;
	bool oom_killed;
	char *error; /* why it never ran */
	struct loop_source *pidfd_source;

	int out_fd[SHIM_STREAMS]; /* our ends; with a tty the master is out_fd[SHIM_OUT] */
	struct loop_source *out_source[SHIM_STREAMS];
	int stdin_fd; /* our end, or the master (not owned) with a tty; -1 closed or none */
	struct loop_source *stdin_source; /* while stdin_buf waits */
	struct buf stdin_buf;
	bool stdin_close; /* when stdin_buf is written */
	bool held;	  /* output is not read: a client is too slow */
	struct loop_timer *stall_timer;
	struct loop_timer *drain_timer;
	struct list users;
	unsigned n_users;
};

/* A connection of an engine. */
struct shim_link {
	struct list link; /* in shim.links */
	struct shim *shim;
	int fd;
	struct loop_source *source;
	bool subscribed;
	struct shim_user *place; /* reserved for the client that is to come, or NULL */
};

enum shim_state {
	SHIM_CREATED, /* the init waits (or has failed: `failed`) */
	SHIM_RUNNING,
	SHIM_EXITED, /* exit.json is written; waits for clients to drain and for an ack */
};

struct shim {
	const char *bundle;
	enum shim_state state;
	struct container_config config;
	struct oci_spec *spec; /* until the program runs */
	char *seccomp_json;    /* the specification's own profile, for execs */
	bool user_ns;	       /* the container has its own */
	bool own_pid_ns;
	struct loop *loop;
	struct jsonlog log;
	int listen_fd;
	struct loop_source *listen_source;
	struct shim_proc *main;	  /* in procs too */
	struct shim_link *caller; /* whose request is being served */
	struct list procs;
	struct list links;
	unsigned n_procs, n_links;
	uint64_t init_start_time;
	pid_t init_pid;
	int oom_fd; /* memory.events of the group, or -1 */
	struct loop_source *oom_source;
	uint64_t oom_kills; /* told of */
	bool paused;
	bool acked;
	struct loop_timer *sweep_timer;
	bool failed; /* creation failed: `failure` answers the start */
	int failure_code;
	struct err failure;
};

/* --- shim_io.c: output, input, clients --- */
/** shim_io_open() - makes a process's stdio; child_stdio is filled for a process without a tty.
 * flags: the streams that exist (SHIM_STDIN ...), the others are /dev/null */
int shim_io_open(struct shim_proc *p, unsigned flags, struct err *e) WARN_UNUSED;
/** shim_io_start() - watches the output; called when the program runs (or with a tty's master) */
int shim_io_start(struct shim_proc *p, struct err *e) WARN_UNUSED;
/** shim_io_close_child() - closes the child's ends here */
void shim_io_close_child(struct shim_proc *p);
/** shim_io_reserve() - a place among the clients for the one that the caller will bring */
int shim_io_reserve(struct shim_proc *p, const struct shim_request *r, struct err *e) WARN_UNUSED;
/** shim_io_give_up() - frees the place that l has reserved, if any */
void shim_io_give_up(struct shim_link *l);
/** shim_io_attach() - a client joins, at the caller's place if there is one; fd is taken over, on
 * failure closed */
int shim_io_attach(struct shim_proc *p, const struct shim_request *r, const void *tail, int fd,
		   struct err *e) WARN_UNUSED;
/** shim_io_close_stdin() - end of input once what waits is written */
void shim_io_close_stdin(struct shim_proc *p);
/** shim_io_drain() - the process has ended: reads what is left, then calls shim_proc_finished() */
void shim_io_drain(struct shim_proc *p);
/** shim_io_close() - closes streams; clients close as soon as their output is written */
void shim_io_close(struct shim_proc *p);
/** shim_user_free() - closes a client */
void shim_user_free(struct shim_user *u);

/* --- shim_proc.c: processes --- */
/** shim_proc_new() - in the list of the shim */
struct shim_proc *shim_proc_new(struct shim *s, const char *id);
/** shim_proc_find() - by id, "" is the container's own; NULL when unknown */
struct shim_proc *shim_proc_find(struct shim *s, const char *id);
/** shim_proc_free() - with its clients */
void shim_proc_free(struct shim_proc *p);
/** shim_proc_watch() - notices the end by the pidfd */
int shim_proc_watch(struct shim_proc *p, struct err *e) WARN_UNUSED;
/** shim_proc_kill() - by pidfd; ERR_CONFLICT when it has ended */
int shim_proc_kill(struct shim_proc *p, int sig, struct err *e) WARN_UNUSED;
/** shim_proc_exec() - runs one more process */
int shim_proc_exec(struct shim *s, const struct shim_request *r, const void *tail, int client_fd,
		   int json_fd, int *ret_pid, int *ret_exit_code, struct err *e) WARN_UNUSED;
/** shim_proc_finished() - its output is drained: tells the subscribers */
void shim_proc_finished(struct shim_proc *p);
/** shim_proc_report() - sends what subscribers have not been told (the container's own end always)
 */
void shim_proc_report(struct shim *s);
/** shim_proc_prepare() - waits until the init is set up, or has failed */
void shim_proc_prepare(struct shim *s);
/** shim_proc_give_up() - nobody will start the container: it ends */
void shim_proc_give_up(struct shim *s);
/** shim_start_program() - lets the created init go; a failure ends the container */
int shim_start_program(struct shim *s, int *ret_exit_code, struct err *e) WARN_UNUSED;

/* --- shim_link.c: engine connections --- */
/** shim_link_add() - takes fd and says hello; error: hello carries it instead */
void shim_link_add(struct shim *s, int fd);
/** shim_link_free() - closes */
void shim_link_free(struct shim_link *l);
/** shim_link_listen() - BUNDLE/shim.sock */
int shim_link_listen(struct shim *s, struct err *e) WARN_UNUSED;
/** shim_link_event() - to every subscriber; number of those reached */
unsigned shim_link_event(struct shim *s, const struct shim_event *ev);
/** shim_check_end() - ends the loop when nothing is left to do */
void shim_check_end(struct shim *s);

#endif
