// SPDX-License-Identifier: MIT
/* Execs under a shim: output, exit events, refusals. */
#include "tests/unit/container/box.h"

static void exec_script(struct box *b, const char *id, const char *script, bool tty, int *client)
{
	struct oci_process p = {0};
	struct shim_attach a = {.flags = SHIM_STDOUT | SHIM_STDERR | SHIM_RAW};
	struct buf json = BUF_INIT;
	struct json_w w;
	struct err e;
	int pair[2];
	pid_t pid = 0;

	strv_add(&p.args, "sh");
	strv_add(&p.args, "-c");
	strv_add(&p.args, script);
	strv_copy(&p.env, &b->spec->process.env);
	p.cwd = xstrdup("/");
	p.terminal = tty;
	oci_process_caps(&p, 0x20);
	jw_init(&w, &json);
	json_unbind(&w, &oci_process_json, &p);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	a.client_fd = pair[1];
	CHECK_OK(shim_exec(&b->conn, id, json.data, json.len, &a, &pid, NULL, &e), e);
	CHECK(pid > 0);
	close(pair[1]);
	*client = pair[0];
	buf_clear(&json);
	json_struct_clear(&oci_process_json, &p);
}

static void start_sleeper(struct box *b)
{
	box_init(b, "sleep 100");
	box_spawn(b);
	box_start(b);
}

TEST(proc_execs_and_reports)
{
	struct shim_event ev;
	struct box b;

	(void)box_enter();
	start_sleeper(&b);
	exec_script(&b, "e1", "grep CapBnd /proc/self/status; echo $$; exit 9", false, &b.client);
	CHECK(strstr(box_read(&b), "CapBnd:\t0000000000000020\n") != NULL);
	box_subscribe(&b); /* what has ended comes first */
	ev = box_event(&b);
	CHECK_STR(ev.exec_id, "e1");
	CHECK_EQ(ev.exit_code, 9);
}

TEST(proc_exec_with_terminal_resizes)
{
	struct box b;
	struct err e;

	(void)box_enter();
	start_sleeper(&b);
	exec_script(&b, "e2", "read x; tty; stty size", true, &b.client);
	CHECK_OK(shim_resize(&b.conn, "e2", 33, 101, &e), e);
	CHECK_EQ(shim_resize(&b.conn, "", 33, 101, &e), -1);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK_OK(shim_kill(&b.conn, "e2", SIGCONT, false, &e), e);
	close(b.client);
}

TEST(proc_exec_reports_a_missing_program)
{
	static const char json[] = "{\"args\":[\"nosuch\"],\"env\":[\"PATH=/bin\"],\"cwd\":\"/\"}";
	struct shim_attach a = {.client_fd = -1};
	struct box b;
	struct err e;
	pid_t pid;
	int code = 0;

	(void)box_enter();
	start_sleeper(&b);
	CHECK_EQ(shim_exec(&b.conn, "e3", json, strlen(json), &a, &pid, &code, &e), -1);
	CHECK_EQ(code, 127);
	CHECK_STR(e.msg, "exec: \"nosuch\": executable file not found in $PATH");
}
