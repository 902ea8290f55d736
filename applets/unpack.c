// SPDX-License-Identifier: MIT
/*
 * unpack: one hostile layer stream into a directory, after locking itself into
 * it. The order of the locks is the list in lock_in(). See unpack.8.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "applets/applets.h"
#include "archive/unpack.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/strv.h"
#include "config/limits.h"
#include "sandbox/allow.h"
#include "sandbox/caps.h"
#include "sandbox/process.h"

#define CAP_BIT(n) (1ULL << (n))
#define KEEP_CAPS                                                                           \
	(CAP_BIT(0) /* CHOWN */ | CAP_BIT(1) /* DAC_OVERRIDE */ | CAP_BIT(3) /* FOWNER */ | \
	 CAP_BIT(4) /* FSETID */ | CAP_BIT(27) /* MKNOD */ | CAP_BIT(31) /* SETFCAP */)

#define MEMORY_MAX (1 * GIB) /* zstd's window and the list of directories, with much to spare */

struct conf {
	int dir_fd, status_fd, tar_split_fd;
	bool no_sandbox, owner_xattr, whiteout_names, spare_cache;
};

static const struct opt opts[] = {
	{0, "dir-fd", OPT_INT, offsetof(struct conf, dir_fd), "FD",
	 "the directory to unpack into, instead of an operand", NULL},
	{0, "status-fd", OPT_INT, offsetof(struct conf, status_fd), "FD",
	 "write the result there in binary form instead of printing it", NULL},
	{0, "tar-split-fd", OPT_INT, offsetof(struct conf, tar_split_fd), "FD",
	 "write the tar-split journal (gzip) there", NULL},
	{0, "owner-xattr", OPT_FLAG, offsetof(struct conf, owner_xattr), NULL,
	 "note owners that no id is mapped for in the attribute user.containers.override_stat",
	 NULL},
	{0, "whiteout-names", OPT_FLAG, offsetof(struct conf, whiteout_names), NULL,
	 "whiteouts become empty files .wh.NAME, as fuse-overlayfs keeps them", NULL},
	{0, "no-sandbox", OPT_FLAG, offsetof(struct conf, no_sandbox), NULL,
	 "do not lock in, for debugging", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "unpack [OPTIONS] [DIRECTORY] < LAYER",
	.about = "Unpack one image layer (tar, gzip or zstd) from standard input into an empty\n"
		 "directory, with whiteouts as overlayfs keeps them. Needs uid 0 of a user\n"
		 "namespace.",
	.opts = opts,
};

/* what unpacking needs; everything else is EPERM */
static const char *const allowed[] = {
	"brk",
	"clock_gettime",
	"clock_gettime64",
	"close",
	"exit",
	"exit_group",
	"fadvise64",
	"fadvise64_64",
	"fchmod",
	"fchmodat",
	"fchmodat2",
	"fchown",
	"fchown32",
	"fchownat",
	"fcntl",
	"fcntl64",
	"fsetxattr",
	"fstat",
	"fstat64",
	"fstatat64",
	"ftruncate",
	"ftruncate64",
	"futex",
	"futex_time64",
	"getdents64",
	"getrandom",
	"gettid",
	"getpid",
	"linkat",
	"lseek",
	"_llseek",
	"madvise",
	"mkdirat",
	"mknodat",
	"mmap",
	"mmap2",
	"mprotect",
	"mremap",
	"munmap",
	"newfstatat",
	"openat",
	"openat2",
	"pread64",
	"pwrite64",
	"read",
	"readv",
	"restart_syscall",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"statx",
	"symlinkat",
	"sync_file_range",
	"sync_file_range2",
	"tgkill",
	"tkill",
	"unlinkat",
	"utimensat",
	"utimensat_time64",
	"write",
	"writev",
};

static int set_limits(struct err *e)
{
	if (sandbox_rlimit_set("nofile", 4096, 4096, e) < 0 ||
	    sandbox_rlimit_set("core", 0, 0, e) < 0)
		return -1;
#ifdef __SANITIZE_ADDRESS__ /* its shadow is terabytes */
	return 0;
#else
	return sandbox_rlimit_set("as", MEMORY_MAX, MEMORY_MAX, e) < 0 ? -1 : 0;
#endif
}

/*
 * 1. the directory becomes the root
 * 2. resource limits
 * 3. capabilities: those that owners, modes, nodes and attributes need
 * 4. no new privileges, and nobody without CAP_SYS_PTRACE looks in
 * 5. system calls: the list above
 */
static int lock_in(int dir_fd, struct err *e)
{
	const struct caps_sets sets = {.effective = KEEP_CAPS, .permitted = KEEP_CAPS};
	static const struct sandbox_allow calls = {allowed, ARRAY_LEN(allowed), NULL, 0};

	if (fchdir(dir_fd) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return err_sys(e, "lock into the layer directory");
	if (set_limits(e) < 0 || caps_drop_bounding(KEEP_CAPS, e) < 0 || caps_set(&sets, e) < 0 ||
	    sandbox_no_new_privs(e) < 0 || sandbox_undumpable(e) < 0)
		return -1;
	return sandbox_allow_only(&calls, e);
}

static int run(const struct conf *c, const char *path, struct unpack_result *ret, struct err *e)
{
	const struct unpack_opts how = {c->owner_xattr, c->whiteout_names, c->spare_cache};
	CLEANUP(fd_closep) int fd = c->dir_fd;

	if (fd < 0)
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	umask(0);
	if (!c->no_sandbox && lock_in(fd, e) < 0)
		return err_wrap(e, "unpack");
	return unpack_layer(STDIN_FILENO, fd, c->tar_split_fd, &how, ret, e);
}

static int report(const struct conf *c, const struct unpack_status *st)
{
	struct err e;

	if (c->status_fd >= 0)
		return fd_write_all(c->status_fd, st, sizeof(*st), &e) < 0 || st->err.kind != 0;
	if (st->err.kind != 0) {
		fprintf(stderr, "unpack: %s\n", st->err.msg);
		return 1;
	}
	printf("digest %s\ndiff-id %s\nentries %llu\nbytes %llu\n", st->result.digest,
	       st->result.diff_id, (unsigned long long)st->result.n_entries,
	       (unsigned long long)st->result.content_bytes);
	if (st->result.n_skipped > 0)
		printf("devices-left-out %llu\n", (unsigned long long)st->result.n_skipped);
	return fflush(stdout) ? 1 : 0;
}

int unpack_main(int argc, char **argv);

int unpack_main(int argc, char **argv)
{
	struct conf c = {.dir_fd = -1, .status_fd = -1, .tar_split_fd = -1};
	struct unpack_status st;
	struct err e;
	int first;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	first = opt_parse(opts, &c, argc, argv, 0, &e);
	if (first >= 0 && argc - first != (c.dir_fd < 0))
		first = err_set(&e, ERR_INVALID, 0, "need one directory");
	if (first < 0) {
		fprintf(stderr, "unpack: %s\n", e.msg);
		return 2;
	}
	if (getenv("THIMBLE_OWNER_XATTR") != NULL) /* dockerd --single-id-xattr */
		c.owner_xattr = true;
	if (getenv("THIMBLE_SPARE_CACHE") != NULL) /* dockerd --spare-page-cache */
		c.spare_cache = true;
	log_set_applet("unpack");
	memset(&st, 0, sizeof(st));
	if (run(&c, argv[first], &st.result, &e) < 0)
		st.err = e;
	return report(&c, &st);
}
