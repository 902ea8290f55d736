// SPDX-License-Identifier: MIT
/*
 * doctor: needs whose absence no namespace can show: what another kernel says
 * (files below a root of our own), and a kernel without netlink (a filter).
 */
#include "tests/unit/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "rootless/doctor.h"

static struct rk_host host(void)
{
	return (struct rk_host){
		.root = harness_tmpdir(),
		.uid = getuid(),
		.gid = getgid(),
		.user = "alice",
		.home = harness_tmpdir(),
		.runtime_dir = harness_tmpdir(),
		.data_root = harness_tmpdir(),
		.path = getenv("PATH"),
	};
}

static void put(const struct rk_host *h, const char *path, const char *text)
{
	CLEANUP(freep) char *full = xasprintf("%s%s", h->root, path);
	CLEANUP(freep) char *dir = xstrndup(full, (size_t)(path_base(full) - full));
	struct err e;

	CHECK_OK(path_mkdirs(dir, 0755, &e), e);
	CHECK_OK(file_write(AT_FDCWD, full, text, strlen(text), 0644, FILE_NOSYNC, &e), e);
}

static void check(const struct rk_host *h, const char *id, struct rk_finding *f)
{
	for (size_t i = 0; i < rk_doctor_count(); i++) {
		if (!str_eq(rk_doctor_id(i), id))
			continue;
		rk_doctor_check(i, h, f);
		CHECK_STR(f->id, id);
		return;
	}
	CHECK_MSG(false, "no check %s", id);
}

/* The check does not find what it needs, and says these words. */
static void unmet(const char *id, const struct rk_host *h, enum rk_verdict v, const char *cause,
		  const char *mend)
{
	struct rk_finding f;

	check(h, id, &f);
	CHECK_EQ(f.verdict, v);
	CHECK_MSG(f.cause != NULL && strstr(f.cause, cause) != NULL, "%s: %s", id, f.cause);
	CHECK_MSG(f.mend != NULL && strstr(f.mend, mend) != NULL, "%s: %s", id, f.mend);
	CHECK(f.lost != NULL);
	rk_finding_clear(&f);
}

TEST(apparmor_restricts_user_namespaces)
{
	struct rk_host h = host();
	struct rk_finding f;

	check(&h, "apparmor", &f);
	CHECK_EQ(f.verdict, RK_FINE);
	rk_finding_clear(&f);
	put(&h, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
	CHECK(rk_apparmor_restricts(h.root));
	unmet("apparmor", &h, RK_MISSING, "apparmor_restrict_unprivileged_userns is 1",
	      "flags=(unconfined) {\n  userns,");
}

TEST(the_profile_names_this_file)
{
	CLEANUP(freep) char *text = rk_apparmor_profile();
	CLEANUP(freep) char *exe = realpath("/proc/self/exe", NULL);
	CLEANUP(freep) char *line = xasprintf("\"%s\" flags=(unconfined)", exe);

	CHECK(strstr(text, line) != NULL);
	CHECK(strstr(text, "abi <abi/4.0>,\ninclude <tunables/global>\n") != NULL);
	CHECK(strstr(text, "systemctl restart apparmor.service") != NULL);
}

TEST(a_kernel_without_seccomp)
{
	struct rk_host h = host();
	struct rk_finding f;

	unmet("seccomp", &h, RK_LACKING, "CONFIG_SECCOMP_FILTER", "seccomp=unconfined");
	put(&h, "/proc/sys/kernel/seccomp/actions_avail", "kill_process kill_thread trap errno\n");
	check(&h, "seccomp", &f);
	CHECK_EQ(f.verdict, RK_FINE);
	rk_finding_clear(&f);
}

/* From here on a system call fails, in this test's process, when its first argument has one of some
 * bits. */
static void deny(unsigned nr, unsigned bits, unsigned code)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | code),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {ARRAY_LEN(filter), filter};

	CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	CHECK_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog), 0);
}

TEST(debian_forbids_user_namespaces)
{
	struct rk_host h = host();

	/* the leak checker clones as well, by the former; what clone3 is to do stands in memory */
	deny(SYS_clone, CLONE_NEWUSER, EPERM);
	deny(SYS_clone3, UINT_MAX, EPERM);
	put(&h, "/proc/sys/kernel/unprivileged_userns_clone", "0\n");
	unmet("user-namespaces", &h, RK_MISSING, "kernel.unprivileged_userns_clone is 0",
	      "sysctl --system");
	put(&h, "/proc/sys/user/max_user_namespaces", "0\n");
	unmet("user-namespaces", &h, RK_MISSING, "user.max_user_namespaces is 0", "28633");
	put(&h, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
	unmet("user-namespaces", &h, RK_MISSING, "no AppArmor profile allows", "userns,");
}

TEST(a_kernel_without_bridges)
{
	struct rk_host h = host();

	deny(SYS_socket, AF_NETLINK, EAFNOSUPPORT);
	unmet("network-devices", &h, RK_LACKING, "not supported", "modprobe -a bridge veth");
}

TEST(service_without_systemd)
{
	struct rk_host h = host();
	struct rk_finding f;

	unmet("service", &h, RK_NOTE, "systemd does not run here", "install");
	put(&h, "/etc/init.d/docker.bob", ""); /* another's */
	unmet("service", &h, RK_NOTE, "systemd does not run here", "install");
	put(&h, "/etc/sv/docker.alice", "");
	check(&h, "service", &f);
	CHECK_EQ(f.verdict, RK_FINE);
	CHECK_MSG(strstr(f.found, "/etc/sv/docker.alice") != NULL, "%s", f.found);
	rk_finding_clear(&f);
}

TEST(linger_of_a_user)
{
	struct rk_host h = host();
	struct rk_finding f;

	put(&h, "/systemd/private", "");
	unmet("service", &h, RK_NOTE, "linger is not enabled", "loginctl enable-linger alice");
	put(&h, "/var/lib/systemd/linger/alice", "");
	check(&h, "service", &f);
	CHECK_EQ(f.verdict, RK_FINE);
	rk_finding_clear(&f);
}

TEST(programs_and_directories)
{
	CLEANUP(freep) char *sh = rk_program("/nowhere:/bin:/usr/bin", "sh");
	CLEANUP(freep) char *none = rk_program("/bin:/usr/bin", "no-such-program");

	CHECK(sh != NULL);
	CHECK(none == NULL);
	CHECK(rk_program(NULL, "sh") == NULL);
	CHECK(rk_subid_free() >= 100000);
	CHECK_STR(rk_verdict_name(RK_MISSING), "missing");
}
