// SPDX-License-Identifier: MIT
/* The last steps: capabilities, seccomp, users, limits, and the words of a failed exec. */
#include "tests/unit/container/box.h"

TEST(process_has_dockers_capabilities)
{
	struct box b;
	int code;

	(void)box_enter();
	box_init(&b, "grep -E 'Cap|NoNew|Seccomp:' /proc/self/status");
	CHECK_STR(box_run(&b, &code), "CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\n"
				      "CapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\n"
				      "CapAmb:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t2\n");
}

TEST(process_runs_as_a_user)
{
	struct box b;
	int code;

	if (!box_enter())
		SKIP("needs more than one mapped id");
	box_init(&b, "id -u; id -g; id -G; grep CapPrm /proc/self/status; echo $HOME; "
		     "echo x >/dev/stdout; ulimit -n; umask");
	b.spec->process.user.username = xstrdup("daemon:bin");
	strv_add(&b.spec->process.user.additional_groups, "tty");
	oci_process_rlimit(&b.spec->process, "nofile", 123, 456);
	CHECK_STR(box_run(&b, &code),
		  "1\n2\n2 5\nCapPrm:\t0000000000000000\n/usr/sbin\nx\n123\n0022\n");
}

TEST(process_no_new_privs)
{
	struct box b;
	int code;

	(void)box_enter();
	box_init(&b, "grep -E 'NoNew|Seccomp:' /proc/self/status");
	b.spec->process.no_new_privileges = true;
	CHECK_STR(box_run(&b, &code), "NoNewPrivs:\t1\nSeccomp:\t2\n");
}

TEST(process_seccomp_holds)
{
	struct box b;
	int code;

	(void)box_enter();
	box_init(&b, "unshare -m true 2>&1; mount -t tmpfs t /mnt 2>&1; echo end");
	CHECK(strstr(box_run(&b, &code), "not permitted") != NULL ||
	      strstr(buf_str(&b.out), "denied") != NULL);
}

static void fails(const char *program, const char *cwd, int want_code, const char *want)
{
	struct shim_event ev;
	struct box b;
	struct err e;
	int code = 0;

	box_init(&b, "");
	strv_clear(&b.spec->process.args);
	strv_add(&b.spec->process.args, program);
	str_replace_ptr(&b.spec->process.cwd, cwd);
	box_spawn(&b);
	CHECK_EQ(shim_start(&b.conn, &code, &e), -1);
	CHECK_STR(e.msg, want);
	CHECK_EQ(code, want_code);
	CHECK_EQ(shim_next_event(&b.conn, 5000, &ev, &e), 0); /* it ends */
	shim_close(&b.conn);
}

TEST(process_explains_a_failed_exec)
{
	(void)box_enter();
	fails("nosuch", "/", 127, "exec: \"nosuch\": executable file not found in $PATH");
	fails("/nosuch", "/", 127, "exec: \"/nosuch\": stat /nosuch: no such file or directory");
	fails("/etc/passwd", "/", 126, "exec: \"/etc/passwd\": permission denied");
	fails("/etc", "/", 126, "exec: \"/etc\": is a directory: permission denied");
}
