// SPDX-License-Identifier: MIT
/*
 * no_new_privs, resource limits, AppArmor, session keyring. Sources:
 * prctl(2), prlimit(2), keyctl(2), the kernel's Documentation/admin-guide/
 * LSM/apparmor.rst.
 */
#include "sandbox/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>

/* A process that has locked itself in cannot be searched for leaks. */
int __lsan_is_turned_off(void)
{
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 || access("/proc/self/maps", R_OK) < 0;
}
#endif

static const struct {
	const char *name;
	int number;
} rlimits[] = {
	{"as", RLIMIT_AS},
	{"core", RLIMIT_CORE},
	{"cpu", RLIMIT_CPU},
	{"data", RLIMIT_DATA},
	{"fsize", RLIMIT_FSIZE},
	{"locks", RLIMIT_LOCKS},
	{"memlock", RLIMIT_MEMLOCK},
	{"msgqueue", RLIMIT_MSGQUEUE},
	{"nice", RLIMIT_NICE},
	{"nofile", RLIMIT_NOFILE},
	{"nproc", RLIMIT_NPROC},
	{"rss", RLIMIT_RSS},
	{"rtprio", RLIMIT_RTPRIO},
	{"rttime", RLIMIT_RTTIME},
	{"sigpending", RLIMIT_SIGPENDING},
	{"stack", RLIMIT_STACK},
};

int sandbox_no_new_privs(struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "set no_new_privs");
	return 0;
}

int sandbox_undumpable(struct err *e)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(e, "become undumpable");
	return 0;
}

int sandbox_rlimit_number(const char *name)
{
	if (name == NULL)
		return -1;
	if (strncasecmp(name, "RLIMIT_", 7) == 0)
		name += 7;
	for (size_t i = 0; i < ARRAY_LEN(rlimits); i++)
		if (strcasecmp(name, rlimits[i].name) == 0)
			return rlimits[i].number;
	return -1;
}

int sandbox_rlimit_set(const char *name, uint64_t soft, uint64_t hard, struct err *e)
{
	struct rlimit want = {soft == UINT64_MAX ? RLIM_INFINITY : (rlim_t)soft,
			      hard == UINT64_MAX ? RLIM_INFINITY : (rlim_t)hard};
	struct rlimit have;
	int n = sandbox_rlimit_number(name);

	if (n < 0)
		return err_set(e, ERR_INVALID, 0, "invalid rlimit type: %s",
			       name != NULL ? name : "");
	if (want.rlim_cur > want.rlim_max)
		return err_set(e, ERR_INVALID, 0, "%s: soft limit is higher than the hard limit",
			       name);
	if (setrlimit((unsigned)n, &want) == 0)
		return 0;
	if (errno != EPERM || getrlimit((unsigned)n, &have) < 0)
		return err_sys(e, "set %s", name);
	want.rlim_max = MIN(want.rlim_max, have.rlim_max);
	want.rlim_cur = MIN(want.rlim_cur, want.rlim_max);
	if (setrlimit((unsigned)n, &want) < 0)
		return err_sys(e, "set %s", name);
	return 1;
}

void sandbox_nofile_max(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

int sandbox_apparmor_enabled(void)
{
	char c = 'N';
	CLEANUP(fd_closep)
	int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && fd_read(fd, &c, 1) == 1 && c == 'Y';
}

int sandbox_apparmor_exec(const char *profile, struct err *e)
{
	CLEANUP(freep) char *text = NULL;
	struct err first;

	if (str_empty(profile) || str_eq(profile, "unconfined"))
		return 0;
	text = xasprintf("exec %s", profile);
	if (file_write_plain(AT_FDCWD, "/proc/thread-self/attr/apparmor/exec", text, &first) == 0 ||
	    file_write_plain(AT_FDCWD, "/proc/thread-self/attr/exec", text, &first) == 0)
		return 0;
	return err_set(e, ERR_UNAVAILABLE, first.sys, "apply apparmor profile %s: %s", profile,
		       first.msg);
}

void sandbox_session_keyring(const char *name)
{
	/* ENOSYS: no keyrings; EDQUOT: the user has too many; both leave the inherited one, as
	 * runc's --no-new-keyring would. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name);
}
