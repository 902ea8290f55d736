// SPDX-License-Identifier: MIT
/* Engine connections of a shim: requests in, replies and events out. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/path.h"
#include "base/str.h"
#include "base/time.h"
#include "cgroup/cgroup.h"
#include "config/limits.h"
#include "container/shim_internal.h"

#define REQUEST_MAX (sizeof(struct shim_request) + SHIM_LEFTOVER_MAX)

/* Only touched as far as a request reaches. */
static char request_bytes[REQUEST_MAX];

static void send_message(struct shim_link *l, struct shim_message *m, enum shim_msg_type type)
{
	m->magic = SHIM_MAGIC;
	m->type = type;
	/* an engine that does not read loses messages, not the container its shim */
	(void)send(l->fd, m, sizeof(*m), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void shim_link_free(struct shim_link *l)
{
	loop_del(l->shim->loop, l->source);
	list_del(&l->link);
	shim_io_give_up(l);
	if (l->shim->n_links-- == SHIM_CONNS_MAX && l->shim->listen_source != NULL)
		loop_mod(l->shim->loop, l->shim->listen_source, EPOLLIN);
	fd_close(&l->fd);
	free(l);
}

unsigned shim_link_event(struct shim *s, const struct shim_event *ev)
{
	struct shim_link *l;
	unsigned n = 0;

	list_for_each (l, &s->links, link) {
		struct shim_message m = {.event = *ev};

		if (!l->subscribed)
			continue;
		send_message(l, &m, SHIM_MSG_EVENT);
		n++;
	}
	return n;
}

static void on_sweep(struct loop *l UNUSED, void *arg)
{
	struct shim *s = arg;
	struct shim_proc *p, *next;

	s->sweep_timer = NULL;
	list_for_each_safe (p, next, &s->procs, link)
		if (p != s->main && p->finished && p->reported && p->n_users == 0)
			shim_proc_free(p);
	if (s->state == SHIM_CREATED && s->n_links == 0)
		shim_proc_give_up(s);
	if (s->state == SHIM_EXITED && s->main->n_users == 0 && (s->acked || s->n_links == 0))
		loop_stop(s->loop, 0);
}

void shim_check_end(struct shim *s)
{
	/* later, from the loop itself: callers hold on to what may go */
	if (s->sweep_timer == NULL)
		s->sweep_timer = loop_timer(s->loop, 0, on_sweep, s);
}

static int resize(struct shim_proc *p, const struct shim_request *r, struct err *e)
{
	struct winsize size = {.ws_row = (unsigned short)r->rows,
			       .ws_col = (unsigned short)r->cols};

	if (!p->tty || p->out_fd[SHIM_OUT] < 0)
		return err_set(e, ERR_CONFLICT, 0, "the process has no terminal");
	if (ioctl(p->out_fd[SHIM_OUT], TIOCSWINSZ, &size) < 0)
		return err_sys(e, "resize the terminal");
	return 0;
}

static int kill_all(struct shim *s, int sig, struct err *e)
{
	CLEANUP(freep) pid_t *pids = NULL;
	struct shim_proc *p;
	struct err ignored;
	size_t n = 0;

	if (sig == SIGKILL && s->own_pid_ns)
		return shim_proc_kill(s->main, SIGKILL, e);
	if (!str_empty(s->config.cgroup_path)) {
		if (sig == SIGKILL)
			return cgroup_kill(s->config.cgroup_path, e);
		if (cgroup_pids(s->config.cgroup_path, &pids, &n, e) < 0)
			return -1;
		for (size_t i = 0; i < n; i++)
			(void)kill(pids[i], sig);
		return 0;
	}
	list_for_each (p, &s->procs, link)
		if (p != s->main && p->running && shim_proc_kill(p, sig, &ignored) < 0)
			continue; /* it has just ended */
	return shim_proc_kill(s->main, sig, e);
}

static int set_paused(struct shim *s, bool paused, struct err *e)
{
	if (str_empty(s->config.cgroup_path))
		return err_set(
			e, ERR_UNAVAILABLE, 0,
			"pausing needs a delegated cgroup v2, which this host does not give");
	if (s->paused == paused)
		return err_set(e, ERR_CONFLICT, 0, "container %s is %s", s->config.id,
			       paused ? "already paused" : "not paused");
	if (cgroup_freeze(s->config.cgroup_path, paused, e) < 0)
		return -1;
	s->paused = paused;
	return 0;
}

/* Carries a request out; takes the descriptors it uses (set to -1). */
static int serve(struct shim *s, const struct shim_request *r, const void *tail, int fds[2],
		 struct shim_message *reply, struct err *e)
{
	struct shim_proc *p = shim_proc_find(s, r->exec_id);
	int client_fd;

	if (p == NULL && r->type != SHIM_REQ_EXEC)
		return err_set(e, ERR_NOTFOUND, 0, "No such exec instance: %s", r->exec_id);
	switch ((enum shim_req_type)r->type) {
	case SHIM_REQ_START:
		return shim_start_program(s, &reply->exit_code, e);
	case SHIM_REQ_ATTACH:
		if (r->flags & SHIM_HAS_CLIENT)
			return shim_io_attach(p, r, tail, TAKE_FD(fds[0]), e);
		reply->event.at_nsec = time_now_nsec();
		return shim_io_reserve(p, r, e);
	case SHIM_REQ_EXEC:
		client_fd = r->flags & SHIM_HAS_CLIENT ? TAKE_FD(fds[0]) : -1;
		return shim_proc_exec(s, r, tail, client_fd,
				      r->flags & SHIM_HAS_CLIENT ? fds[1] : fds[0], &reply->pid,
				      &reply->exit_code, e);
	case SHIM_REQ_RESIZE:
		return resize(p, r, e);
	case SHIM_REQ_KILL:
		return r->all && p == s->main ? kill_all(s, r->number, e)
					      : shim_proc_kill(p, r->number, e);
	case SHIM_REQ_PAUSE:
		return set_paused(s, r->number != 0, e);
	case SHIM_REQ_CLOSE_STDIN:
		shim_io_close_stdin(p);
		return 0;
	case SHIM_REQ_REOPEN_LOG:
		return jsonlog_reopen(&s->log, e);
	case SHIM_REQ_SUBSCRIBE:
	case SHIM_REQ_ACK:
	case SHIM_REQ_TYPES:
		break;
	}
	return 0;
}

static void handle(struct shim_link *l, size_t n, int fds[2], size_t n_fds)
{
	struct shim *s = l->shim;
	struct shim_message reply = {0};
	struct shim_request r;
	const void *tail;
	bool good = shim_request_parse(request_bytes, n, n_fds, &r, &tail, &reply.err) == 0;

	s->caller = l;
	if (good && r.type == SHIM_REQ_ACK) {
		s->acked = s->state == SHIM_EXITED;
		shim_check_end(s);
		return;
	}
	if (good && serve(s, &r, tail, fds, &reply, &reply.err) == 0)
		err_clear(&reply.err);
	send_message(l, &reply, SHIM_MSG_REPLY);
	if (good && r.type == SHIM_REQ_SUBSCRIBE) {
		l->subscribed = true;
		shim_proc_report(s);
	}
}

static void on_link(struct loop *loop UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	struct shim_link *l = arg;
	struct shim *s = l->shim;
	size_t n_fds = 2;
	int fds[2] = {-1, -1};
	struct err e;
	ssize_t n = fd_recv(fd, request_bytes, sizeof(request_bytes), fds, &n_fds, &e);

	if (n > 0)
		handle(l, (size_t)n, fds, n_fds);
	else if (n == 0 || (e.sys != EAGAIN && e.kind != ERR_INVALID)) {
		shim_link_free(l);
		shim_check_end(s);
	}
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

void shim_link_add(struct shim *s, int fd)
{
	struct shim_message hello = {.info = {.shim_pid = getpid(),
					      .init_pid = s->main->ended ? 0 : s->init_pid,
					      .init_start_time = s->init_start_time,
					      .started = s->state != SHIM_CREATED,
					      .paused = s->paused}};
	struct shim_link *l;
	struct err ignored;

	l = xcalloc(1, sizeof(*l));
	l->shim = s;
	l->fd = fd;
	l->source = loop_add(s->loop, fd, EPOLLIN, on_link, l, &ignored);
	if (l->source == NULL) {
		close(fd);
		free(l);
		return;
	}
	list_add_tail(&s->links, &l->link);
	if (++s->n_links == SHIM_CONNS_MAX && s->listen_source != NULL)
		loop_mod(s->loop, s->listen_source, 0); /* the next ones wait until one has ended */
	send_message(l, &hello, SHIM_MSG_HELLO);
}

static void on_listen(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (conn >= 0)
		shim_link_add(arg, conn);
}

int shim_link_listen(struct shim *s, struct err *e)
{
	CLEANUP(freep) char *path = path_join(s->bundle, "shim.sock");

	s->listen_fd = net_listen_unix(path, SOCK_SEQPACKET, 0600, e);
	if (s->listen_fd < 0)
		return -1;
	(void)fd_set_nonblock(s->listen_fd, true);
	s->listen_source = loop_add(s->loop, s->listen_fd, EPOLLIN, on_listen, s, e);
	return s->listen_source == NULL ? -1 : 0;
}
