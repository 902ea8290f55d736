// SPDX-License-Identifier: MIT
/*
 * Containers for tests: a user namespace as rootlesskit makes it (65,536 ids
 * when the tests run as root, else one), a bundle in a tmpfs, a real shim
 * (this test binary answers to the name "shim"), the host's own root as root
 * file system.
 */
#ifndef TESTS_UNIT_CONTAINER_BOX_H
#define TESTS_UNIT_CONTAINER_BOX_H

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "container/config.h"
#include "container/shim.h"
#include "container/shim_client.h"
#include "ns/idmap.h"
#include "oci/spec.h"
#include "tests/unit/harness.h"

#define BOX_ID	   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BOX_BUNDLE "/tmp/box"

/* shim_spawn() runs /proc/self/exe under the name shim. */
__attribute__((constructor)) static void box_be_shim(void)
{
	CLEANUP(buf_clear) struct buf args = BUF_INIT;
	const char *bundle;
	struct err e;

	if (file_read(AT_FDCWD, "/proc/self/cmdline", 65536, &args, &e) < 0 ||
	    strcmp(buf_str(&args), "shim") != 0)
		return;
	bundle = args.data + args.len - 1;
	while (bundle > args.data && bundle[-1] != '\0')
		bundle--;
	_exit(shim_run(bundle, 3, false, &e) < 0);
}

static inline void box_write_maps(pid_t pid, unsigned outside, unsigned count)
{
	struct idmap m = IDMAP_INIT;
	struct err e;

	idmap_add(&m, 0, outside, count);
	CHECK_OK(idmap_write(pid, &m, &m, count > 1, &e), e);
	idmap_clear(&m);
}

/* Enters new user and mount namespaces; true when 65,536 ids are mapped. */
static inline bool box_enter(void)
{
	bool root = geteuid() == 0;
	unsigned id = geteuid();
	pid_t self = getpid(), helper;
	int pair[2], status;
	char c = 0;

	CHECK(pipe(pair) == 0);
	helper = fork();
	if (helper == 0) {
		if (read(pair[0], &c, 1) == 1)
			box_write_maps(self, root ? 100000 : id, root ? 65536 : 1);
		_exit(0);
	}
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		SKIP("user namespaces are not allowed here");
	CHECK(write(pair[1], "x", 1) == 1);
	CHECK(waitpid(helper, &status, 0) == helper && status == 0);
	CHECK(setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0);
	CHECK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0); /* or /proc/PID is closed to us */
	CHECK(mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0);
	CHECK(mkdir(BOX_BUNDLE, 0700) == 0);
	return root;
}

struct box {
	struct oci_spec *spec;
	struct container_config config;
	struct shim_conn conn;
	struct shim_info info;
	int client; /* our side of an attached client */
	struct buf out;
};

/* Boxes live as long as their test's process; the leak checker is shown where they are. */
static void *box_kept[64];
static inline void box_keep(void *p)
{
	static unsigned n;

	if (n < ARRAY_LEN(box_kept))
		box_kept[n++] = p;
}

/* A container that will run sh -c SCRIPT. */
static inline void box_init(struct box *b, const char *script)
{
	*b = (struct box){.client = -1};
	b->spec = oci_spec_default();
	strv_add(&b->spec->process.args, "/bin/sh");
	strv_add(&b->spec->process.args, "-c");
	strv_add(&b->spec->process.args, script);
	b->config.id = xstrdup(BOX_ID);
	b->config.rootfs.type = xstrdup("bind");
	b->config.rootfs.source = xstrdup("/");
	b->config.log.driver = xstrdup("json-file");
	b->config.log.path = xstrdup(BOX_BUNDLE "/log");
	b->config.log.max_files = 1;
	b->config.seccomp = xstrdup("default");
	box_keep(b->spec);
}

static inline void box_spawn(struct box *b)
{
	struct buf text = BUF_INIT;
	struct err e;

	box_keep(xmemdup(&b->config, sizeof(b->config)));
	CHECK_OK(container_config_save(BOX_BUNDLE, &b->config, &e), e);
	oci_spec_write(b->spec, &text);
	CHECK_OK(file_write(AT_FDCWD, BOX_BUNDLE "/config.json", text.data, text.len, 0600,
			    FILE_NOSYNC, &e),
		 e);
	buf_clear(&text);
	CHECK_OK(shim_spawn(BOX_BUNDLE, &b->conn, &b->info, &e), e);
	CHECK(b->info.init_pid > 0 && b->info.init_start_time > 0);
}

static inline void box_attach(struct box *b, unsigned flags, const char *keys, const char *leftover)
{
	struct shim_attach a = {.flags = flags, .leftover = leftover, .tag = 7};
	struct err e;
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	a.client_fd = pair[1];
	a.n_leftover = leftover != NULL ? strlen(leftover) : 0;
	a.n_detach_keys = keys != NULL ? strlen(keys) : 0;
	if (keys != NULL)
		memcpy(a.detach_keys, keys, a.n_detach_keys);
	CHECK_OK(shim_attach(&b->conn, "", &a, &e), e);
	close(pair[1]);
	b->client = pair[0];
}

static inline void box_start(struct box *b)
{
	struct err e;

	CHECK_OK(shim_start(&b->conn, NULL, &e), e);
}

/* All output up to the shim closing the client. */
static inline const char *box_read(struct box *b)
{
	struct err e;

	CHECK_OK(fd_read_all(b->client, 64U << 20, &b->out, &e), e);
	box_keep(b->out.data);
	return buf_str(&b->out);
}

/* Waits until the output contains a text. */
static inline void box_expect(struct box *b, const char *text)
{
	char c[256];

	while (strstr(buf_str(&b->out), text) == NULL) {
		ssize_t n = fd_read(b->client, c, sizeof(c));

		CHECK_MSG(n > 0, "output ended before \"%s\": %s", text, buf_str(&b->out));
		buf_add(&b->out, c, (size_t)n);
	}
	box_keep(b->out.data);
}

static inline struct shim_event box_event(struct box *b)
{
	struct shim_event ev;
	struct err e;

	CHECK_MSG(shim_next_event(&b->conn, 8000, &ev, &e) == 1, "no event");
	return ev;
}

static inline void box_subscribe(struct box *b)
{
	struct err e;

	CHECK_OK(shim_subscribe(&b->conn, &e), e);
}

/* The container's exit code; the shim is let go. */
static inline int box_wait(struct box *b)
{
	struct shim_event ev;

	do
		ev = box_event(b);
	while (ev.type != SHIM_EVENT_EXIT || ev.exec_id[0] != '\0');
	shim_ack(&b->conn);
	return ev.exit_code;
}

/* Everything in one: output of a script; *ret_code its exit code. */
static inline const char *box_run(struct box *b, int *ret_code)
{
	box_spawn(b);
	box_attach(b, SHIM_STDOUT | SHIM_STDERR | SHIM_RAW, NULL, NULL);
	box_start(b);
	box_subscribe(b);
	(void)box_read(b);
	*ret_code = box_wait(b);
	return buf_str(&b->out);
}

/* From now on as on a kernel before 5.12, for this process. */
static inline void box_without_mount_setattr(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount_setattr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_LEN(code), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(7);
}

#endif
