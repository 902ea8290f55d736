// SPDX-License-Identifier: MIT
/*
 * The shim's life:
 *   1. go into the background (own session; the engine may die)
 *   2. read shim.json and config.json, open the log, make stdio
 *   3. clone the init, listen on shim.sock, tell the engine the pid at once
 *   4. wait until the init has set itself up
 *   5. loop: requests, output, ends of processes
 *   6. at the end of the container: exit.json, events, clients; then end
 *
 * When a shim is killed its container goes on until it writes to its broken
 * stdio; an engine sees the connection break and kills the init by the pid and
 * start time it was told.
 */
#include "container/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "config/limits.h"
#include "container/log_service.h"
#include "container/rootfs.h"
#include "container/shim_internal.h"

static int load(struct shim *s, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(freep) char *path = path_join(s->bundle, "config.json");
	const struct oci_namespace *ns;

	if (container_config_load(s->bundle, &s->config, e) < 0)
		return -1;
	if (file_read(AT_FDCWD, path, OCI_SPEC_MAX, &text, e) < 0)
		return -1;
	if (oci_spec_parse(text.data, text.len, &s->spec, e) < 0)
		return -1;
	ns = oci_spec_namespace_find(s->spec, "pid");
	s->own_pid_ns = ns != NULL && str_empty(ns->path);
	ns = oci_spec_namespace_find(s->spec, "user");
	s->user_ns = ns != NULL;
	if (s->spec->linux_.seccomp != NULL && str_empty(s->config.seccomp)) {
		struct buf json = BUF_INIT;
		struct json_w w;

		jw_init(&w, &json);
		json_unbind(&w, &oci_seccomp_json, s->spec->linux_.seccomp);
		s->seccomp_json = buf_detach(&json);
	}
	return 0;
}

static int create(struct shim *s, struct err *e)
{
	struct shim_proc *p = shim_proc_new(s, "");
	struct runtime_create a = {.bundle = s->bundle, .config = &s->config, .spec = s->spec};

	s->main = p;
	p->tty = s->spec->process.terminal;
	if (shim_io_open(p, SHIM_STDOUT | SHIM_STDERR | (s->config.open_stdin ? SHIM_STDIN : 0),
			 e) < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		a.stdio[i] = p->child_stdio[i];
	if (rootfs_serve(&s->config.rootfs, e) < 0 || runtime_create(&a, &p->child, e) < 0)
		return -1;
	shim_io_close_child(p);
	s->init_pid = p->child.pid;
	s->init_start_time = proc_start_time(p->child.pid);
	return 0;
}

/* What went wrong before there was a container, as the hello. */
static void send_failure(int fd, const struct err *e)
{
	struct shim_message m = {.magic = SHIM_MAGIC, .type = SHIM_MSG_HELLO, .err = *e};

	if (fd >= 0)
		(void)send(fd, &m, sizeof(m), MSG_NOSIGNAL);
}

static int set_up(struct shim *s, int status_fd, struct err *e)
{
	s->loop = loop_new(e);
	if (s->loop == NULL || load(s, e) < 0 || jsonlog_open(&s->log, &s->config.log, e) < 0)
		return -1;
	if (s->config.log.service != NULL) {
		s->log.service = log_service_new(&s->config.log, s->loop, e);
		if (s->log.service == NULL)
			return err_wrap(e, "failed to initialize logging driver");
	}
	if (create(s, e) < 0)
		return -1;
	if (shim_link_listen(s, e) < 0)
		return -1;
	if (status_fd >= 0) {
		(void)fd_set_nonblock(status_fd, true);
		shim_link_add(s, status_fd);
	}
	return 0;
}

/* Nothing of the engine's terminal or log is kept open for as long as a container lives. */
static int background(struct err *e)
{
	pid_t pid = fork();
	int null_fd;

	if (pid < 0)
		return err_sys(e, "fork");
	if (pid > 0)
		_exit(0);
	if (setsid() < 0)
		return err_sys(e, "setsid");
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; null_fd >= 0 && i < 3; i++)
		(void)dup2(null_fd, i);
	if (null_fd > 2)
		close(null_fd);
	return 0;
}

static void tear_down(struct shim *s)
{
	CLEANUP(freep) char *path = path_join(s->bundle, "shim.sock");
	struct shim_link *l, *next_l;
	struct shim_proc *p, *next_p;

	(void)unlink(path);
	if (s->loop == NULL)
		return;
	list_for_each_safe (l, next_l, &s->links, link)
		shim_link_free(l);
	list_for_each_safe (p, next_p, &s->procs, link)
		shim_proc_free(p);
	loop_del(s->loop, s->oom_source);
	fd_close(&s->oom_fd);
	fd_close(&s->listen_fd);
	jsonlog_close(&s->log);
	loop_free(s->loop);
	oci_spec_free(s->spec);
	free(s->seccomp_json);
	container_config_clear(&s->config);
}

int shim_run(const char *bundle, int status_fd, bool foreground, struct err *e)
{
	struct shim s = {.bundle = bundle, .listen_fd = -1, .oom_fd = -1, .log = {.fd = -1}};
	int r;

	list_init(&s.procs);
	list_init(&s.links);
	(void)signal(SIGPIPE, SIG_IGN);
	if (status_fd >= 0)
		(void)fd_set_cloexec(status_fd, true);
	if (!foreground && background(e) < 0)
		return -1;
	(void)prctl(PR_SET_NAME, "shim", 0, 0, 0);
	r = set_up(&s, status_fd, e);
	if (r < 0) {
		send_failure(status_fd, e);
		if (s.main != NULL && s.main->child.pid > 0)
			(void)kill(s.main->child.pid, SIGKILL);
	} else {
		shim_proc_prepare(&s);
		r = loop_run(s.loop, e);
	}
	tear_down(&s);
	return r;
}
