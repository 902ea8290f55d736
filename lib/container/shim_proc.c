// SPDX-License-Identifier: MIT
/* The processes of a shim: making execs, noticing ends, reporting them. */
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/time.h"
#include "cgroup/cgroup.h"
#include "config/limits.h"
#include "container/rootfs.h"
#include "container/shim_internal.h"
#include "sandbox/caps.h"

struct shim_proc *shim_proc_new(struct shim *s, const char *id)
{
	struct shim_proc *p = xcalloc(1, sizeof(*p));

	p->shim = s;
	(void)str_copy(p->id, id, sizeof(p->id));
	p->child = (struct runtime_child)RUNTIME_CHILD_INIT;
	p->stdin_fd = -1;
	for (int i = 0; i < 3; i++)
		p->child_stdio[i] = -1;
	for (int i = 0; i < SHIM_STREAMS; i++)
		p->out_fd[i] = -1;
	list_init(&p->users);
	list_add_tail(&s->procs, &p->link);
	s->n_procs++;
	return p;
}

struct shim_proc *shim_proc_find(struct shim *s, const char *id)
{
	struct shim_proc *p;

	list_for_each (p, &s->procs, link)
		if (str_eq(p->id, id))
			return p;
	return NULL;
}

void shim_proc_free(struct shim_proc *p)
{
	struct shim_user *u, *next;

	shim_io_close(p);
	list_for_each_safe (u, next, &p->users, link)
		shim_user_free(u);
	loop_timer_cancel(p->shim->loop, p->stall_timer);
	loop_timer_cancel(p->shim->loop, p->drain_timer);
	loop_del(p->shim->loop, p->pidfd_source);
	runtime_child_clear(&p->child);
	shim_io_close_child(p);
	fd_close(&p->stdin_fd);
	list_del(&p->link);
	p->shim->n_procs--;
	free(p->error);
	free(p);
}

static void save_exit(struct shim_proc *p)
{
	struct container_exit x = {.exit_code = p->exit_code,
				   .finished_nsec = p->ended_nsec,
				   .oom_killed = p->oom_killed,
				   .error = p->error};
	struct err e;

	/* without the file a later engine only knows that the container has ended */
	if (container_exit_save(p->shim->bundle, &x, &e) < 0)
		log_error(&e, "write the exit code of %s", p->shim->config.id);
}

static void event_of(const struct shim_proc *p, struct shim_event *ev)
{
	*ev = (struct shim_event){.type = SHIM_EVENT_EXIT,
				  .exit_code = p->exit_code,
				  .at_nsec = p->ended_nsec,
				  .oom_killed = p->oom_killed};
	memcpy(ev->exec_id, p->id, sizeof(ev->exec_id));
}

void shim_proc_finished(struct shim_proc *p)
{
	struct shim *s = p->shim;
	struct shim_event ev;

	if (p->finished)
		return;
	p->finished = true;
	if (p == s->main) {
		jsonlog_flush(&s->log, time_now_nsec());
		save_exit(p);
		s->state = SHIM_EXITED;
	}
	event_of(p, &ev);
	p->reported = shim_link_event(s, &ev) > 0;
	shim_io_close(p);
	shim_check_end(s);
}

void shim_proc_report(struct shim *s)
{
	struct shim_proc *p;
	struct shim_event ev;

	list_for_each (p, &s->procs, link) {
		if (!p->finished || (p->reported && p != s->main))
			continue;
		event_of(p, &ev);
		p->reported = shim_link_event(s, &ev) > 0;
	}
	shim_check_end(s);
}

static void report_oom(struct shim *s)
{
	struct shim_event ev = {.type = SHIM_EVENT_OOM, .at_nsec = time_now_nsec()};
	uint64_t kills = cgroup_oom_kills(s->config.cgroup_path);

	if (kills > s->oom_kills)
		(void)shim_link_event(s, &ev);
	s->oom_kills = MAX(kills, s->oom_kills);
	s->main->oom_killed = s->oom_kills > 0;
}

/* memory.events has changed; reading it makes the descriptor quiet again. */
static void on_oom(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	struct shim *s = arg;
	char text[512];

	if (pread(fd, text, sizeof(text), 0) < 0) { /* the group is gone */
		loop_del(s->loop, TAKE(s->oom_source));
		return;
	}
	report_oom(s);
}

static void watch_oom(struct shim *s)
{
	struct err e;

	s->oom_fd = cgroup_open_events(s->config.cgroup_path);
	if (s->oom_fd < 0)
		return;
	s->oom_source = loop_add(s->loop, s->oom_fd, EPOLLPRI, on_oom, s, &e);
	if (s->oom_source == NULL)
		log_debug(&e, "watch the memory of %s", s->config.id);
}

static void on_pidfd(struct loop *l, int fd UNUSED, uint32_t events UNUSED, void *arg)
{
	struct shim_proc *p = arg;
	int status = 0;

	if (waitpid(p->child.pid, &status, WNOHANG) == 0)
		return;
	loop_del(l, TAKE(p->pidfd_source));
	p->running = false;
	p->ended = true;
	p->ended_nsec = time_now_nsec();
	p->exit_code = proc_exit_code(status);
	if (p == p->shim->main)
		report_oom(p->shim);
	shim_io_drain(p);
}

int shim_proc_watch(struct shim_proc *p, struct err *e)
{
	if (p->child.pidfd < 0)
		return err_set(e, ERR_UNAVAILABLE, ENOSYS, "the shim needs pidfds (Linux 5.3)");
	p->pidfd_source = loop_add(p->shim->loop, p->child.pidfd, EPOLLIN, on_pidfd, p, e);
	return p->pidfd_source == NULL ? -1 : 0;
}

int shim_proc_kill(struct shim_proc *p, int sig, struct err *e)
{
	if (p->ended || p->child.pid <= 0)
		return err_set(e, ERR_CONFLICT, ESRCH, "the process has ended");
	if (proc_pidfd_kill(p->child.pidfd, sig) < 0)
		return err_sys(e, "send signal %d", sig);
	return 0;
}

/* A child that will not become a process. */
static void abandon(struct runtime_child *c)
{
	if (c->pid > 0) {
		(void)kill(c->pid, SIGKILL);
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
		c->pid = -1;
	}
	runtime_child_clear(c);
}

static void take_master(struct shim_proc *p, int master_fd)
{
	(void)fd_set_nonblock(master_fd, true);
	p->out_fd[SHIM_OUT] = master_fd;
	p->stdin_fd = master_fd;
}

/* Between requests the shim can do no more than signal the container's processes. */
static void shim_proc_lower(void)
{
	struct err e;

	if (caps_set_effective(1ULL << caps_number("KILL"), &e) < 0)
		log_debug(&e, "lower the shim's capabilities");
}

static int launch(struct shim_proc *p, const struct oci_process *process, int *ret_exit_code,
		  struct err *e)
{
	struct shim *s = p->shim;
	struct runtime_exec x = {
		.bundle = s->bundle,
		.config = &s->config,
		.process = process,
		.init_pid = s->main->child.pid,
		.init_pidfd = s->main->child.pidfd,
		.user_ns = s->user_ns,
		.seccomp_json = s->seccomp_json,
		.stdio = {p->child_stdio[0], p->child_stdio[1], p->child_stdio[2]},
	};
	int master_fd = -1, result;

	/* raised for the length of the clone, see shim_proc_lower() */
	if (caps_set_effective(CAPS_ALL, e) < 0)
		return -1;
	result = runtime_exec(&x, &p->child, e);
	shim_proc_lower();
	if (result < 0)
		return -1;
	shim_io_close_child(p);
	if (runtime_wait_ready(&p->child, NULL, &master_fd, ret_exit_code, e) < 0) {
		fd_close(&master_fd);
		return -1;
	}
	if (master_fd >= 0)
		take_master(p, master_fd);
	if (runtime_go(&p->child, ret_exit_code, e) < 0 || shim_proc_watch(p, e) < 0)
		return -1;
	p->running = true;
	return shim_io_start(p, e);
}

static int read_process(int json_fd, struct oci_process *ret, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;

	if (lseek(json_fd, 0, SEEK_SET) < 0)
		return err_sys(e, "read the process");
	if (fd_read_all(json_fd, OCI_SPEC_MAX, &text, e) < 0)
		return -1;
	if (json_bind_text(text.data, text.len, &oci_process_json, ret, e) < 0)
		return -1;
	return oci_process_check(ret, e);
}

static int exec_allowed(struct shim *s, const char *id, struct err *e)
{
	if (s->state != SHIM_RUNNING || s->main->ended)
		return err_set(e, ERR_CONFLICT, 0, "container %s is not running", s->config.id);
	if (s->paused)
		return err_set(e, ERR_CONFLICT, 0,
			       "Container %s is paused, unpause the container before exec",
			       s->config.id);
	if (shim_proc_find(s, id) != NULL)
		return err_set(e, ERR_CONFLICT, 0, "exec %s exists", id);
	if (s->n_procs > SHIM_EXECS_MAX)
		return err_set(e, ERR_CONFLICT, 0, "too many execs in container %s", s->config.id);
	return 0;
}

int shim_proc_exec(struct shim *s, const struct shim_request *r, const void *tail, int client_fd,
		   int json_fd, int *ret_pid, int *ret_exit_code, struct err *e)
{
	struct oci_process process = {0};
	struct shim_proc *p = NULL;
	int result = -1;

	*ret_exit_code = RUNTIME_EXIT_OTHER;
	if (exec_allowed(s, r->exec_id, e) == 0 && read_process(json_fd, &process, e) == 0) {
		p = shim_proc_new(s, r->exec_id);
		p->tty = process.terminal;
		result = shim_io_open(p, r->flags, e);
		if (result == 0)
			result = launch(p, &process, ret_exit_code, e);
	}
	json_struct_clear(&oci_process_json, &process);
	if (result == 0 && client_fd >= 0) {
		/* output waits in pipe or terminal until now, for the loop has not run */
		result = shim_io_attach(p, r, tail, client_fd, e);
		client_fd = -1;
	}
	fd_close(&client_fd);
	if (result < 0) {
		if (p != NULL) {
			loop_del(s->loop, TAKE(p->pidfd_source));
			abandon(&p->child);
			shim_proc_free(p);
		}
		return -1;
	}
	*ret_pid = p->child.pid;
	return 0;
}

/* The init has failed: the container is over before it began. */
static void fail_start(struct shim *s, int exit_code, const struct err *e)
{
	struct shim_proc *p = s->main;

	abandon(&p->child);
	p->ended = true;
	p->ended_nsec = time_now_nsec();
	p->exit_code = exit_code;
	p->error = xstrdup(e->msg);
	s->acked = true; /* the answer to the start says all */
	shim_proc_finished(p);
}

void shim_proc_prepare(struct shim *s)
{
	int master_fd = -1;

	if (runtime_wait_ready(&s->main->child, s->spec, &master_fd, &s->failure_code,
			       &s->failure) < 0) {
		s->failed = true;
		fd_close(&master_fd);
		return;
	}
	if (master_fd >= 0)
		take_master(s->main, master_fd);
	rootfs_let_go(&s->config.rootfs);
}

int shim_start_program(struct shim *s, int *ret_exit_code, struct err *e)
{
	struct shim_proc *p = s->main;

	if (s->state != SHIM_CREATED)
		return err_set(e, ERR_CONFLICT, 0, "container %s was started already",
			       s->config.id);
	if (!s->failed &&
	    (runtime_go(&p->child, &s->failure_code, &s->failure) < 0 ||
	     shim_proc_watch(p, &s->failure) < 0 || shim_io_start(p, &s->failure) < 0))
		s->failed = true;
	if (s->failed) {
		*ret_exit_code = s->failure_code;
		*e = s->failure;
		fail_start(s, s->failure_code, e);
		return -1;
	}
	watch_oom(s);
	shim_proc_lower();
	s->state = SHIM_RUNNING;
	p->running = true;
	oci_spec_free(TAKE(s->spec));
	return 0;
}

void shim_proc_give_up(struct shim *s)
{
	struct err e;

	(void)err_set(&e, ERR_CANCELLED, 0, "the engine ended before the container was started");
	fail_start(s, RUNTIME_EXIT_OTHER, &e);
}
