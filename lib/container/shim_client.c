// SPDX-License-Identifier: MIT
/* The engine's side: spawning a shim, requests, events. */
#include "container/shim_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "container/shim_proto.h"

#define SHIM_STATUS_FD 3

/* One message within the time limit; 1 message, 0 end of file, -1 failure. */
static int receive(int fd, int timeout_ms, struct shim_message *m, struct err *e)
{
	int ready = fd_wait(fd, POLLIN, timeout_ms);
	ssize_t n;

	if (ready == 0)
		return err_set(e, ERR_TIMEOUT, 0, "the shim does not answer");
	if (ready < 0)
		return err_sys(e, "wait for the shim");
	n = fd_recv(fd, m, sizeof(*m), NULL, NULL, e);
	if (n < 0 && e->sys == ECONNRESET)
		return 0;
	if (n <= 0)
		return (int)n;
	if (n != (ssize_t)sizeof(*m) || m->magic != SHIM_MAGIC)
		return err_set(e, ERR_SYSTEM, 0, "the shim speaks another protocol version");
	m->err.msg[sizeof(m->err.msg) - 1] = '\0';
	m->event.exec_id[SHIM_ID_SIZE - 1] = '\0';
	return 1;
}

static int receive_hello(int fd, struct shim_info *ret, struct err *e)
{
	struct shim_message m;
	int r = receive(fd, SHIM_TIMEOUT_MS, &m, e);

	if (r == 0)
		return err_set(e, ERR_SYSTEM, 0, "the shim ended without a word");
	if (r < 0)
		return -1;
	if (m.err.kind != 0) {
		*e = m.err;
		return -1;
	}
	*ret = m.info;
	return 0;
}

int shim_spawn(const char *bundle, struct shim_conn *ret, struct shim_info *ret_info, struct err *e)
{
	CLEANUP(fd_closep) int ours = -1, theirs = -1;
	const char *const argv[] = {"shim", "--status-fd", "3", bundle, NULL};
	struct proc_fd pass = {.child_fd = SHIM_STATUS_FD};
	struct proc_spec spec = {.argv = argv, .cwd = "/", .fds = &pass, .n_fds = 1};
	int pair[2], code;
	struct err ignored;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	pass.fd = theirs;
	pid = proc_spawn(&spec, e);
	if (pid < 0)
		return -1;
	fd_close(&theirs);
	/* the first process only makes the shim and ends at once */
	if (proc_wait(pid, SHIM_TIMEOUT_MS, &code, &ignored) < 0)
		log_debug(&ignored, "wait for the shim's starter");
	if (receive_hello(ours, ret_info, e) < 0)
		return -1;
	ret->fd = TAKE_FD(ours);
	return 0;
}

int shim_connect(const char *bundle, struct shim_conn *ret, struct shim_info *ret_info,
		 struct err *e)
{
	CLEANUP(freep) char *path = path_join(bundle, "shim.sock");
	CLEANUP(fd_closep) int fd = net_connect_unix(path, SOCK_SEQPACKET, e);

	if (fd < 0) {
		if (e->sys == ECONNREFUSED || e->sys == ENOENT)
			return err_set(e, ERR_NOTFOUND, e->sys, "no shim runs for %s", bundle);
		return -1;
	}
	if (receive_hello(fd, ret_info, e) < 0)
		return -1;
	ret->fd = TAKE_FD(fd);
	return 0;
}

void shim_close(struct shim_conn *c)
{
	fd_close(&c->fd);
}

static void request_init(struct shim_request *r, enum shim_req_type type, const char *exec_id)
{
	*r = (struct shim_request){.magic = SHIM_MAGIC, .type = type};
	if (exec_id != NULL)
		(void)str_copy(r->exec_id, exec_id, sizeof(r->exec_id));
}

/* Sends a request with its tail and descriptors and waits for the reply. */
static int call(struct shim_conn *c, struct shim_request *r, const void *tail, const int *fds,
		size_t n_fds, struct shim_message *reply, struct err *e)
{
	CLEANUP(freep) char *joined = NULL;
	const void *p = r;
	int got;

	if (r->n_tail > 0) {
		joined = xmalloc(sizeof(*r) + r->n_tail);
		memcpy(joined, r, sizeof(*r));
		memcpy(joined + sizeof(*r), tail, r->n_tail);
		p = joined;
	}
	if (fd_send(c->fd, p, sizeof(*r) + r->n_tail, fds, n_fds, e) < 0) {
		if (e->sys == EPIPE || e->sys == ECONNRESET)
			return err_set(e, ERR_CONFLICT, e->sys, "the shim has ended");
		return err_wrap(e, "ask the shim");
	}
	got = receive(c->fd, SHIM_TIMEOUT_MS, reply, e);
	if (got < 0)
		return -1;
	if (got == 0)
		return err_set(e, ERR_CONFLICT, ECONNRESET, "the shim has ended");
	if (reply->err.kind == 0)
		return 0;
	*e = reply->err;
	return -1;
}

static int call_plain(struct shim_conn *c, struct shim_request *r, struct err *e)
{
	struct shim_message reply;

	return call(c, r, NULL, NULL, 0, &reply, e);
}

int shim_start(struct shim_conn *c, int *ret_exit_code, struct err *e)
{
	struct shim_message reply = {.exit_code = 128};
	struct shim_request r;
	int result;

	request_init(&r, SHIM_REQ_START, NULL);
	result = call(c, &r, NULL, NULL, 0, &reply, e);
	if (ret_exit_code != NULL)
		*ret_exit_code = result < 0 ? reply.exit_code : 0;
	return result;
}

static int set_attach(struct shim_request *r, const struct shim_attach *a, struct err *e)
{
	if (a->n_leftover > SHIM_LEFTOVER_MAX)
		return err_set(e, ERR_INVALID, 0, "too much input before the stream began");
	if (a->n_detach_keys > SHIM_DETACH_KEYS_MAX)
		return err_set(e, ERR_INVALID, 0, "more than %d detach keys", SHIM_DETACH_KEYS_MAX);
	r->flags = a->flags | (a->client_fd >= 0 ? SHIM_HAS_CLIENT : 0);
	r->tag = a->tag;
	r->n_detach_keys = (uint32_t)a->n_detach_keys;
	memcpy(r->detach_keys, a->detach_keys, a->n_detach_keys);
	r->n_tail = a->leftover != NULL ? (uint32_t)a->n_leftover : 0;
	return 0;
}

int shim_attach(struct shim_conn *c, const char *exec_id, struct shim_attach *a, struct err *e)
{
	struct shim_message reply;
	struct shim_request r;

	request_init(&r, SHIM_REQ_ATTACH, exec_id);
	if (set_attach(&r, a, e) < 0 ||
	    call(c, &r, a->leftover, &a->client_fd, a->client_fd >= 0, &reply, e) < 0)
		return -1;
	a->since_nsec = reply.event.at_nsec;
	return 0;
}

int shim_exec(struct shim_conn *c, const char *exec_id, const char *process_json, size_t n_json,
	      const struct shim_attach *a, pid_t *ret_pid, int *ret_exit_code, struct err *e)
{
	CLEANUP(fd_closep) int json_fd = fd_memfile("process", process_json, n_json, e);
	struct shim_message reply = {.exit_code = 128};
	struct shim_request r;
	size_t n_fds = 0;
	int fds[2];

	if (json_fd < 0)
		return -1;
	if (strlen(exec_id) >= SHIM_ID_SIZE)
		return err_set(e, ERR_INVALID, 0, "exec id is too long");
	request_init(&r, SHIM_REQ_EXEC, exec_id);
	if (set_attach(&r, a, e) < 0)
		return -1;
	if (a->client_fd >= 0)
		fds[n_fds++] = a->client_fd;
	fds[n_fds++] = json_fd;
	if (call(c, &r, a->leftover, fds, n_fds, &reply, e) < 0) {
		if (ret_exit_code != NULL)
			*ret_exit_code = reply.exit_code;
		return -1;
	}
	*ret_pid = reply.pid;
	return 0;
}

int shim_resize(struct shim_conn *c, const char *exec_id, unsigned rows, unsigned cols,
		struct err *e)
{
	struct shim_request r;

	request_init(&r, SHIM_REQ_RESIZE, exec_id);
	r.rows = rows;
	r.cols = cols;
	return call_plain(c, &r, e);
}

int shim_kill(struct shim_conn *c, const char *exec_id, int sig, bool all, struct err *e)
{
	struct shim_request r;

	request_init(&r, SHIM_REQ_KILL, exec_id);
	r.number = sig;
	r.all = all;
	return call_plain(c, &r, e);
}

int shim_pause(struct shim_conn *c, bool paused, struct err *e)
{
	struct shim_request r;

	request_init(&r, SHIM_REQ_PAUSE, NULL);
	r.number = paused;
	return call_plain(c, &r, e);
}

int shim_close_stdin(struct shim_conn *c, const char *exec_id, struct err *e)
{
	struct shim_request r;

	request_init(&r, SHIM_REQ_CLOSE_STDIN, exec_id);
	return call_plain(c, &r, e);
}

int shim_reopen_log(struct shim_conn *c, struct err *e)
{
	struct shim_request r;

	request_init(&r, SHIM_REQ_REOPEN_LOG, NULL);
	return call_plain(c, &r, e);
}

int shim_subscribe(struct shim_conn *c, struct err *e)
{
	struct shim_request r;

	request_init(&r, SHIM_REQ_SUBSCRIBE, NULL);
	return call_plain(c, &r, e);
}

int shim_next_event(struct shim_conn *c, int timeout_ms, struct shim_event *ret, struct err *e)
{
	struct shim_message m;
	int r;

	do {
		r = receive(c->fd, timeout_ms, &m, e);
		if (r <= 0)
			return r;
	} while (m.type != SHIM_MSG_EVENT);
	*ret = m.event;
	return 1;
}

void shim_ack(struct shim_conn *c)
{
	struct shim_request r;
	struct err ignored;

	request_init(&r, SHIM_REQ_ACK, NULL);
	if (fd_send(c->fd, &r, sizeof(r), NULL, 0, &ignored) < 0)
		fd_close(&c->fd); /* it has ended: that is what was asked for */
}
