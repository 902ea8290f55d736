// SPDX-License-Identifier: MIT
/* The engine's side of the applet `archive`; see cp.h. */
#include "storage/cp.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"

#define JSON_MAX  (64 * 1024)
#define STATUS_FD 3

struct cp_run {
	pid_t pid;
	int status_fd;
	bool done; /* the last word came */
	struct err err;
};

static void add_args(struct strv *argv, const struct cp_target *t, const struct cp_request *req)
{
	static const char *const ops[] = {
		[CP_STAT] = "stat", [CP_GET] = "get", [CP_PUT] = "put", [CP_EXPORT] = "export"};

	strv_add(argv, "archive");
	strv_addf(argv, "--status-fd=%d", STATUS_FD);
	if (t->pid > 0) {
		strv_addf(argv, "--pid=%d", (int)t->pid);
	} else {
		const struct storage_mount *m = t->mount;

		if (m->base_dir)
			strv_addf(argv, "--base=%s", m->base_dir);
		if (m->options)
			strv_addf(argv, "--overlay=%s", m->options);
		if (m->program)
			strv_addf(argv, "--program=%s", m->program);
		strv_addf(argv, "--merged=%s", m->merged);
		if (m->ids.uid != 0 || m->ids.gid != 0)
			strv_addf(argv, "--keep-id=%u:%u", m->ids.uid, m->ids.gid);
		if (req->op != CP_EXPORT)
			strv_for_each (b, &t->binds)
				strv_addf(argv, "--bind=%s", *b);
	}
	if (req->no_overwrite_dir_nondir)
		strv_add(argv, "--no-overwrite-dir-nondir");
	if (req->set_owner)
		strv_addf(argv, "--owner=%u:%u", req->uid, req->gid);
	strv_add(argv, ops[req->op]);
	if (req->op != CP_EXPORT) {
		strv_add(argv, "--");
		strv_add(argv, req->path);
	}
}

static int spawn(const struct cp_target *t, const struct cp_request *req, int status_fd,
		 struct err *e)
{
	CLEANUP(strv_clear) struct strv argv = STRV_INIT;
	struct proc_fd fds[2] = {{status_fd, STATUS_FD}, {req->data_fd, 0}};
	struct proc_spec spec = {.fds = fds, .n_fds = 2};

	add_args(&argv, t, req);
	spec.argv = (const char *const *)argv.items;
	if (req->op == CP_GET || req->op == CP_EXPORT)
		fds[1].child_fd = 1;
	if (req->op == CP_STAT)
		spec.n_fds = 1;
	return (int)proc_spawn(&spec, e);
}

static int reap(struct cp_run *run, int *ret_code)
{
	struct err ignored;

	return proc_wait(run->pid, -1, ret_code, &ignored);
}

/* the next word; the JSON behind it into json. The last one's error becomes e */
static int hear(struct cp_run *run, struct buf *json, struct err *e)
{
	struct cp_word word;
	struct err ignored;

	if (fd_read_full(run->status_fd, &word, sizeof(word), &ignored) < 0)
		return err_set(e, ERR_SYSTEM, 0, "archive ended without a result");
	if (word.is_last) {
		run->done = true;
		run->err = word.err;
		run->err.msg[sizeof(run->err.msg) - 1] = 0;
		if (run->err.kind != 0) {
			*e = run->err;
			return -1;
		}
		return 0;
	}
	if (word.n_json > JSON_MAX)
		return err_set(e, ERR_SYSTEM, 0, "archive sent too much");
	if (word.n_json == 0)
		return 0;
	if (fd_read_full(run->status_fd, buf_reserve(json, word.n_json), word.n_json, e) < 0)
		return -1;
	json->len += word.n_json;
	json->data[json->len] = 0;
	return 0;
}

static void run_free(struct cp_run *run)
{
	fd_close(&run->status_fd);
	free(run);
}

int cp_start(const struct cp_target *t, const struct cp_request *req, struct buf *ret_json,
	     struct cp_run **ret, struct err *e)
{
	CLEANUP(buf_clear) struct buf json = BUF_INIT;
	struct cp_run *run;
	int status[2];

	if (t->pid <= 0 && !t->mount)
		return err_set(e, ERR_INVALID, 0, "neither a process nor a layer to copy from");
	if (fd_pipe(status, e) < 0)
		return -1;
	run = xcalloc(1, sizeof(*run));
	run->status_fd = status[0];
	run->pid = spawn(t, req, status[1], e);
	fd_close(&status[1]);
	if (run->pid < 0) {
		run_free(run);
		return -1;
	}
	if (hear(run, &json, e) < 0) {
		cp_cancel(run);
		return -1;
	}
	if (ret_json && json.len > 0)
		buf_add(ret_json, json.data, json.len);
	if (req->op != CP_STAT) {
		*ret = run;
		return 0;
	}
	if (ret)
		*ret = NULL;
	return cp_finish(run, e);
}

int cp_finish(struct cp_run *run, struct err *e)
{
	CLEANUP(buf_clear) struct buf json = BUF_INIT;
	int code = 0, r = 0;

	while (r == 0 && !run->done)
		r = hear(run, &json, e);
	(void)!reap(run, &code);
	run_free(run);
	return r;
}

void cp_cancel(struct cp_run *run)
{
	int code;

	kill(run->pid, SIGKILL);
	(void)!reap(run, &code);
	run_free(run);
}
