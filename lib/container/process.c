// SPDX-License-Identifier: MIT
/*
 * From a set-up child to its program: the steps that a container's init and an
 * exec share. Their order matters and is enum finish_step. Sources: runc's
 * documented order (seccomp before capabilities are dropped, unless
 * no_new_privs lets it be last), capabilities(7), credentials(7), execve(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "container/runtime_internal.h"
#include "oci/seccomp.h"
#include "sandbox/caps.h"
#include "sandbox/process.h"

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define SYNC_FD	      3
#define CLOSE_FDS_OLD 1024 /* before Linux 5.9 */

enum finish_step {
	FINISH_RLIMITS,	 /* hard limits above ours need the capability */
	FINISH_APPARMOR, /* through /proc, before it may become unreadable */
	FINISH_NNP,
	FINISH_SECCOMP,	 /* without no_new_privs: needs CAP_SYS_ADMIN */
	FINISH_BOUNDING, /* needs CAP_SETPCAP */
	FINISH_IDS,	 /* groups, gid, uid; capabilities kept over it */
	FINISH_CAPS,
	FINISH_CWD,	     /* as the user, who may not be allowed in */
	FINISH_SECCOMP_LAST, /* with no_new_privs */
	FINISH_STEPS,
};

int runtime_send(int sync_fd, enum runtime_msg_type type, int fd, struct err *e)
{
	struct runtime_msg m = {.type = type};

	return fd_send(sync_fd, &m, sizeof(m), &fd, fd >= 0 ? 1 : 0, e);
}

int runtime_await(int sync_fd, enum runtime_msg_type type, struct err *e)
{
	struct runtime_msg m = {0};
	ssize_t n = fd_recv(sync_fd, &m, sizeof(m), NULL, NULL, e);

	if (n < 0)
		return -1;
	if (n == 0) /* the parent is gone: so are we */
		_exit(RUNTIME_EXIT_OTHER);
	if (n != (ssize_t)sizeof(m) || m.type != type)
		return err_set(e, ERR_SYSTEM, 0, "unexpected message %u", m.type);
	return 0;
}

void runtime_fail(const struct runtime_setup *s, const struct err *e)
{
	struct runtime_msg m = {.type = RUNTIME_FAILED,
				.exit_code = s->exit_code != 0 ? s->exit_code : RUNTIME_EXIT_OTHER,
				.err = *e};
	struct err ignored;

	if (fd_send(s->sync_fd, &m, sizeof(m), NULL, 0, &ignored) < 0)
		_exit(RUNTIME_EXIT_OTHER);
	_exit(m.exit_code);
}

static int load_profile(struct runtime_setup *s, const char *bundle, const char *name,
			const char *cache_dir, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(freep) char *path = path_join(bundle, name);

	if (file_read(AT_FDCWD, path, OCI_SECCOMP_MAX, &text, e) < 0)
		return -1;
	return oci_seccomp_filter(text.data, text.len, s->bounding, cache_dir, &s->filter, e);
}

int runtime_load_filter(struct runtime_setup *s, const char *bundle,
			const struct container_config *config, const struct oci_seccomp *own,
			const char *own_json, struct err *e)
{
	CLEANUP(freep) char *cache = NULL;
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	const char *how = config->seccomp;

	if (str_eq(how, "unconfined"))
		return 0;
	cache = str_empty(config->cache_dir) ? xasprintf("%s/../.seccomp", bundle)
					     : xstrdup(config->cache_dir);
	if (str_eq(how, "default"))
		return oci_seccomp_filter(NULL, 0, s->bounding, cache, &s->filter, e);
	if (!str_empty(how))
		return load_profile(s, bundle, how, cache, e);
	if (own_json == NULL && own != NULL) {
		struct json_w w;

		jw_init(&w, &text);
		json_unbind(&w, &oci_seccomp_json, own);
		own_json = buf_str(&text);
	}
	if (str_empty(own_json))
		return 0;
	return oci_seccomp_filter(own_json, strlen(own_json), s->bounding, cache, &s->filter, e);
}

int runtime_use_stdio(const int stdio[3], struct err *e)
{
	for (int i = 0; i < 3; i++)
		if (dup2(stdio[i], i) < 0)
			return err_sys(e, "duplicate stdio");
	return 0;
}

int runtime_use_terminal(const struct runtime_setup *s, int slave_fd, struct err *e)
{
	struct winsize size = {.ws_row = (unsigned short)s->process->console_size.height,
			       .ws_col = (unsigned short)s->process->console_size.width};
	int stdio[3] = {slave_fd, slave_fd, slave_fd};

	if (ioctl(slave_fd, TIOCSCTTY, 0) < 0)
		return err_sys(e, "make the terminal controlling");
	if (size.ws_row != 0 || size.ws_col != 0)
		(void)ioctl(slave_fd, TIOCSWINSZ, &size);
	return runtime_use_stdio(stdio, e);
}

static int set_rlimits(struct runtime_setup *s, struct err *e)
{
	for (size_t i = 0; i < s->process->rlimits.len; i++) {
		const struct oci_rlimit *r = &s->process->rlimits.items[i];

		if (sandbox_rlimit_set(r->type, r->soft, r->hard, e) < 0)
			return -1;
	}
	return 0;
}

/* stdio must be the user's, or /dev/stdout cannot be opened again through /proc. */
static void own_stdio(const struct user_ids *u)
{
	struct stat st, null;

	if (u->uid == 0 || stat("/dev/null", &null) < 0)
		return;
	for (int i = 0; i < 3; i++)
		if (fstat(i, &st) == 0 && st.st_uid != u->uid &&
		    !(S_ISCHR(st.st_mode) && st.st_rdev == null.st_rdev))
			(void)fchown(i, u->uid, isatty(i) ? (gid_t)-1 : u->gid);
}

static int no_such_id(struct err *e, const char *what, uint32_t id)
{
	if (errno != EINVAL)
		return err_sys(e, "set %s %u", what, id);
	return err_set(e, ERR_DENIED, EINVAL,
		       "set %s %u: it has no subordinate id here: /etc/subuid and /etc/subgid must "
		       "give this user a range that reaches it (see thimble doctor)",
		       what, id);
}

static int set_ids(struct runtime_setup *s, struct err *e)
{
	const struct user_ids *u = &s->ids;

	own_stdio(u);
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_sys(e, "keep capabilities");
	/* EPERM: a user namespace without setgroups (one mapped id), which has no other groups */
	if (setgroups(u->n_groups, u->groups) < 0 && errno != EPERM)
		return err_sys(e, "set supplementary groups");
	if (syscall(SYS_setresgid, u->gid, u->gid, u->gid) < 0)
		return no_such_id(e, "gid", u->gid);
	if (syscall(SYS_setresuid, u->uid, u->uid, u->uid) < 0)
		return no_such_id(e, "uid", u->uid);
	if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return err_sys(e, "keep capabilities");
	umask(s->process->user.umask.set ? (mode_t)s->process->user.umask.value & 0777 : 022);
	return 0;
}

/* For a user other than root execve then leaves the ambient ones only. */
static int set_caps(struct runtime_setup *s, struct err *e)
{
	const struct oci_capabilities *c = s->process->capabilities;
	struct caps_sets sets = {0};

	if (c != NULL && (caps_from_names(&c->effective, &sets.effective, e) < 0 ||
			  caps_from_names(&c->permitted, &sets.permitted, e) < 0 ||
			  caps_from_names(&c->inheritable, &sets.inheritable, e) < 0 ||
			  caps_from_names(&c->ambient, &sets.ambient, e) < 0))
		return -1;
	sets.effective &= sets.permitted;
	return caps_set(&sets, e);
}

static int set_cwd(struct runtime_setup *s, struct err *e)
{
	const char *cwd = str_empty(s->process->cwd) ? "/" : s->process->cwd;
	char *real;

	if (chdir(cwd) < 0) {
		int sys = errno;

		s->exit_code = sys == EACCES ? RUNTIME_EXIT_NOT_EXEC : RUNTIME_EXIT_NOT_FOUND;
		return err_set(e, ERR_INVALID, sys,
			       "chdir to cwd (\"%s\") set in config.json failed: %s", cwd,
			       sys == EACCES	? "permission denied"
			       : sys == ENOENT	? "no such file or directory"
			       : sys == ENOTDIR ? "not a directory: Are you trying to mount a "
						  "directory onto a file (or vice-versa)? Check if "
						  "the specified host path exists and is the "
						  "expected type"
						: strerror(sys));
	}
	/* a working directory outside the root (through /proc/self/fd) is refused */
	real = xmalloc(PATH_MAX);
	if (syscall(SYS_getcwd, real, PATH_MAX) < 0 || real[0] != '/') {
		free(real);
		return err_set(e, ERR_DENIED, 0,
			       "current working directory is outside of container mount namespace "
			       "root");
	}
	free(real);
	return 0;
}

static int run_step(struct runtime_setup *s, enum finish_step step, struct err *e)
{
	bool nnp = s->process->no_new_privileges;

	switch (step) {
	case FINISH_RLIMITS:
		return set_rlimits(s, e);
	case FINISH_APPARMOR:
		return sandbox_apparmor_exec(s->process->apparmor_profile, e);
	case FINISH_NNP:
		return nnp ? sandbox_no_new_privs(e) : 0;
	case FINISH_SECCOMP:
		return nnp ? 0 : sandbox_filter_install(&s->filter, e);
	case FINISH_BOUNDING:
		return caps_drop_bounding(s->bounding, e);
	case FINISH_IDS:
		return set_ids(s, e);
	case FINISH_CAPS:
		return set_caps(s, e);
	case FINISH_CWD:
		return set_cwd(s, e);
	case FINISH_SECCOMP_LAST:
		return nnp ? sandbox_filter_install(&s->filter, e) : 0;
	case FINISH_STEPS:
		break;
	}
	return 0;
}

/* One attempt; returns only when it failed, with errno. */
static void try_exec(const char *path, char *const *argv, char *const *envp)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return;
	}
	execve(path, argv, envp);
	if (errno == ENOENT) /* the interpreter is missing, not the file */
		errno = ELIBACC;
}

static int exec_error(struct runtime_setup *s, const char *name, int sys, struct err *e)
{
	if (sys == 0) {
		s->exit_code = RUNTIME_EXIT_NOT_FOUND;
		return err_set(e, ERR_NOTFOUND, ENOENT,
			       "exec: \"%s\": executable file not found in $PATH", name);
	}
	if (sys == ENOENT || sys == ELIBACC) {
		s->exit_code = RUNTIME_EXIT_NOT_FOUND;
		return err_set(e, ERR_NOTFOUND, ENOENT,
			       sys == ENOENT ? "exec: \"%s\": stat %s: no such file or directory"
					     : "exec %.0s%s: no such file or directory",
			       name, name);
	}
	s->exit_code = RUNTIME_EXIT_NOT_EXEC;
	if (sys == EISDIR)
		return err_set(e, ERR_DENIED, sys,
			       "exec: \"%s\": is a directory: permission denied", name);
	return err_set(e, sys == EACCES ? ERR_DENIED : ERR_INVALID, sys, "exec: \"%s\": %s", name,
		       sys == EACCES	? "permission denied"
		       : sys == ENOEXEC ? "exec format error"
					: strerror(sys));
}

static int run_program(struct runtime_setup *s, struct err *e)
{
	CLEANUP(strv_clear) struct strv env = STRV_INIT;
	CLEANUP(strv_clear) struct strv dirs = STRV_INIT;
	const char *name = s->process->args.items[0];
	char *const *argv = s->process->args.items;
	const char *path;
	int sys = 0;

	strv_copy(&env, &s->process->env);
	if (strv_env_get(&env, "HOME") == NULL)
		strv_addf(&env, "HOME=%s", s->ids.home);
	if (strchr(name, '/') != NULL) {
		try_exec(name, argv, env.items);
		return exec_error(s, name, errno, e);
	}
	path = strv_env_get(&env, "PATH");
	if (path != NULL)
		strv_split(&dirs, path, ":");
	strv_for_each (dir, &dirs) {
		CLEANUP(freep) char *full = path_join(*dir, name);

		try_exec(full, argv, env.items);
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES && errno != EISDIR)
			sys = errno;
		if (sys != 0)
			break;
	}
	return exec_error(s, name, sys, e);
}

static void reset_signals(void)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t none;

	(void)sigaction(SIGPIPE, &dfl, NULL); /* the one that the shim ignores */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * The program's path and working directory come from the image and may be
 * /proc/self/fd/N (CVE-2024-21626): no descriptor of the host's is open when
 * they are followed, not even one that execve would close.
 */
static int close_others(struct runtime_setup *s, struct err *e)
{
	if (s->sync_fd != SYNC_FD && dup3(s->sync_fd, SYNC_FD, O_CLOEXEC) < 0)
		return err_sys(e, "move the connection to the shim");
	s->sync_fd = SYNC_FD;
	if (syscall(SYS_close_range, SYNC_FD + 1U, ~0U, 0) < 0)
		for (int fd = SYNC_FD + 1; fd < CLOSE_FDS_OLD; fd++)
			close(fd);
	return 0;
}

int runtime_finish(struct runtime_setup *s, struct err *e)
{
	/* undumpable: from FINISH_CAPS on we are no more than the processes that may see us */
	if (close_others(s, e) < 0 || sandbox_undumpable(e) < 0)
		return -1;
	for (int step = 0; step < FINISH_STEPS; step++)
		if (run_step(s, (enum finish_step)step, e) < 0)
			return -1;
	reset_signals();
	return run_program(s, e);
}
