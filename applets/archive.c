// SPDX-License-Identifier: MIT
/*
 * archive: files of one container as tar, for docker cp, export and stat. It
 * enters the container's mount namespace, or mounts the layer in one of its
 * own, and makes the container's root its own before it looks at a path. See
 * archive.8; storage/cp.h speaks to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "applets/applets.h"
#include "archive/copy.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/path.h"
#include "base/str.h"
#include "base/stream.h"
#include "base/strv.h"
#include "ns/clone.h"
#include "ns/fuse.h"
#include "ns/idmap.h"
#include "ns/join.h"
#include "ns/mount.h"
#include "sandbox/caps.h"
#include "sandbox/process.h"
#include "storage/cp.h"

#define CAP_BIT(n) (1ULL << (n))
#define KEEP_CAPS                                                                           \
	(CAP_BIT(0) /* CHOWN */ | CAP_BIT(1) /* DAC_OVERRIDE */ | CAP_BIT(3) /* FOWNER */ | \
	 CAP_BIT(4) /* FSETID */ | CAP_BIT(27) /* MKNOD */ | CAP_BIT(31) /* SETFCAP */)

struct conf {
	int pid, status_fd;
	const char *base, *overlay, *program, *merged;
	struct strv binds;
	bool no_overwrite;
	const char *owner, *keep_id;
};

static const struct opt opts[] = {
	{0, "pid", OPT_INT, offsetof(struct conf, pid), "PID",
	 "enter the mount namespace of this process", NULL},
	{0, "base", OPT_STR, offsetof(struct conf, base), "DIR",
	 "directory that the overlay's options are relative to", NULL},
	{0, "overlay", OPT_STR, offsetof(struct conf, overlay), "OPTIONS",
	 "mount an overlay with these options in a namespace of its own", NULL},
	{0, "program", OPT_STR, offsetof(struct conf, program), "FILE",
	 "with --overlay: fuse-overlayfs, which mounts it instead of the kernel", NULL},
	{0, "merged", OPT_STR, offsetof(struct conf, merged), "DIR",
	 "where to mount it, or a directory to be used as it is", NULL},
	{0, "bind", OPT_STRV, offsetof(struct conf, binds), "SOURCE:DESTINATION[:ro]",
	 "with --merged: mount this inside, too", NULL},
	{0, "keep-id", OPT_STR, offsetof(struct conf, keep_id), "UID:GID",
	 "with --merged: in a user namespace, as this user and group", NULL},
	{0, "status-fd", OPT_INT, offsetof(struct conf, status_fd), "FD",
	 "report errors and stat there in binary form", NULL},
	{0, "no-overwrite-dir-nondir", OPT_FLAG, offsetof(struct conf, no_overwrite), NULL,
	 "put: a directory never replaces another kind of file or reverse", NULL},
	{0, "owner", OPT_STR, offsetof(struct conf, owner), "UID:GID",
	 "put: give everything to this owner", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "archive [OPTIONS] get|put|stat PATH\narchive [OPTIONS] export",
	.about = "Read or write files of a container as tar on standard output or input. An\n"
		 "internal helper of dockerd.",
	.opts = opts,
};

static int become_root(struct err *e)
{
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_sys(e, "become root of the user namespace");
	return 0;
}

/* the container's root as a descriptor, its mount namespace as ours */
static int enter_pid(const struct conf *c, struct err *e)
{
	CLEANUP(ns_set_clear) struct ns_set set;
	char path[40];
	int root_fd;

	ns_set_init(&set);
	snprintf(path, sizeof(path), "/proc/%d/root", c->pid);
	root_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_sys(e, "open the root of process %d", c->pid);
	if (ns_set_open_pid(&set, c->pid, NS_BIT(NS_USER) | NS_BIT(NS_MNT), e) < 0 ||
	    ns_set_join(&set, e) < 0 || (set.fds[NS_USER] >= 0 && become_root(e) < 0)) {
		fd_close(&root_fd);
		return -1;
	}
	return root_fd;
}

/* the destination of a bind in the root; made like the source when it is missing */
static int bind_point(int root_fd, const char *destination, bool dir, struct err *e)
{
	CLEANUP(freep) char *rooted = path_join("/", destination);
	CLEANUP(freep) char *clean = path_clean(rooted);
	int fd = path_open_in_root(root_fd, clean, O_PATH | O_CLOEXEC, 0, e);

	for (char *p = clean + 1; fd < 0 && e->sys == ENOENT; p++) {
		CLEANUP(fd_closep) int parent = -1;
		char *name, *slash = strchr(p, '/');

		if (slash)
			*slash = 0;
		name = strrchr(clean, '/');
		*name = 0;
		parent = path_open_in_root(root_fd, *clean ? clean : "/",
					   O_PATH | O_DIRECTORY | O_CLOEXEC, 0, e);
		if (parent < 0)
			return -1;
		if (slash || dir) {
			if (mkdirat(parent, name + 1, 0755) < 0 && errno != EEXIST)
				return err_sys(e, "make %s", destination);
		} else {
			CLEANUP(fd_closep)
			int file = openat(parent, name + 1,
					  O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

			if (file < 0)
				return err_sys(e, "make %s", destination);
		}
		*name = '/';
		if (!slash)
			return path_open_in_root(root_fd, clean, O_PATH | O_CLOEXEC, 0, e);
		p = slash;
		*slash = '/';
	}
	return fd;
}

static int add_bind(int root_fd, const char *spec, struct err *e)
{
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;
	CLEANUP(fd_closep) int source = -1;
	CLEANUP(fd_closep) int target = -1;
	CLEANUP(fd_closep) int mounted = -1;
	CLEANUP(freep) char *clean = NULL;
	struct stat st;

	strv_split(&parts, spec, ":");
	if (parts.len < 2 || parts.items[0][0] != '/' || parts.items[1][0] != '/')
		return err_set(e, ERR_INVALID, 0, "invalid bind %s", spec);
	source = open(parts.items[0], O_PATH | O_CLOEXEC);
	if (source < 0 || fstat(source, &st) < 0)
		return err_sys(e, "open %s", parts.items[0]);
	target = bind_point(root_fd, parts.items[1], S_ISDIR(st.st_mode), e);
	if (target < 0 || mnt_bind_at(source, target, true, e) < 0)
		return -1;
	if (parts.len < 3 || !str_eq(parts.items[2], "ro"))
		return 0;
	clean = path_clean(parts.items[1]);
	mounted = path_open_in_root(root_fd, clean, O_PATH | O_CLOEXEC, 0, e);
	if (mounted < 0)
		return -1;
	return mnt_set_flags(mounted, MS_RDONLY, 0, false, e);
}

static int mount_root(const struct conf *c, struct err *e)
{
	if (!c->overlay)
		return mnt_bind(c->merged, c->merged, true, e);
	if (c->program)
		return fuse_overlayfs_mount(c->program, c->base, c->overlay, c->merged, e);
	if (c->base && chdir(c->base) < 0)
		return err_sys(e, "enter %s", c->base);
	if (mount("overlay", c->merged, "overlay", 0, c->overlay) < 0)
		return err_sys(e, "mount the container's root");
	return 0;
}

static int parse_owner(const char *s, uint32_t *ret_uid, uint32_t *ret_gid, struct err *e)
{
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;
	uint64_t uid, gid;

	strv_split(&parts, s, ":");
	if (parts.len != 2 || str_u64(parts.items[0], UINT32_MAX - 1, &uid) < 0 ||
	    str_u64(parts.items[1], UINT32_MAX - 1, &gid) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid owner %s", s);
	*ret_uid = (uint32_t)uid;
	*ret_gid = (uint32_t)gid;
	return 0;
}

/* Owners as the container will see them. Who has left a user namespace may not write a map of
 * several ids: a child that has stayed does it. */
static int keep_id(const struct conf *c, struct err *e)
{
	struct idmap uids = IDMAP_INIT, gids = IDMAP_INIT;
	struct ns_clone plain = NS_CLONE_INIT;
	pid_t self = getpid(), pid;
	uint32_t uid, gid;
	int go[2], status;
	char byte = 0;

	if (parse_owner(c->keep_id, &uid, &gid, e) < 0 ||
	    idmap_keepid(&uids, SUBID_UID, uid, e) < 0 ||
	    idmap_keepid(&gids, SUBID_GID, gid, e) < 0)
		return -1;
	if (fd_pipe(go, e) < 0)
		return -1;
	pid = ns_fork(&plain, e);
	if (pid < 0)
		return -1;
	if (pid == 0)
		_exit(read(go[0], &byte, 1) != 1 || idmap_write(self, &uids, &gids, true, e) < 0);
	if (ns_unshare(CLONE_NEWUSER, e) < 0)
		return -1;
	if (write(go[1], &byte, 1) != 1 || waitpid(pid, &status, 0) != pid || status != 0)
		return err_set(e, ERR_SYSTEM, 0, "make a user namespace with the container's ids");
	idmap_clear(&uids);
	idmap_clear(&gids);
	return become_root(e);
}

static int enter_own(const struct conf *c, struct err *e)
{
	int root_fd;

	if (c->keep_id && keep_id(c, e) < 0)
		return -1;
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, "make a mount namespace");
	if (mnt_set_propagation("/", MS_PRIVATE | MS_REC, e) < 0)
		return -1;
	if (mount_root(c, e) < 0)
		return -1;
	root_fd = open(c->merged, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_sys(e, "open %s", c->merged);
	strv_for_each (b, &c->binds) {
		if (add_bind(root_fd, *b, e) < 0) {
			fd_close(&root_fd);
			return -1;
		}
	}
	return root_fd;
}

/* What is exported is the root alone: the mount points of /proc or a volume are directories of its
 * own, with their own owners. A kernel that cannot take it apart (before 5.2) shows what covers
 * them.
 */
static void without_mounts(int *fd)
{
	struct err ignored;
	int alone = mnt_clone_tree(*fd, "", false, &ignored);

	if (alone < 0)
		return;
	close(*fd);
	*fd = alone;
}

static int enter(const struct conf *c, enum cp_op op, struct err *e)
{
	const struct caps_sets sets = {.effective = KEEP_CAPS, .permitted = KEEP_CAPS};
	CLEANUP(fd_closep) int fd = -1;

	if (c->pid > 0)
		fd = enter_pid(c, e);
	else if (c->overlay || c->binds.len > 0)
		fd = enter_own(c, e);
	else
		fd = open(c->merged, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return c->pid > 0 || c->overlay || c->binds.len > 0
			       ? -1
			       : err_sys(e, "open %s", c->merged);
	if (op == CP_EXPORT)
		without_mounts(&fd);
	if (fchdir(fd) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return err_sys(e, "enter the container's root");
	umask(0);
	/* a container that shares the host's pid namespace has as many capabilities as are left */
	if (sandbox_undumpable(e) < 0 || caps_drop_bounding(KEEP_CAPS, e) < 0 ||
	    caps_set(&sets, e) < 0)
		return -1;
	return sandbox_no_new_privs(e);
}

/* the first word: may it be done, and for stat and get what is there */
static int first_word(const struct conf *c, enum cp_op op, int root_fd, const char *path,
		      struct err *e)
{
	CLEANUP(buf_clear) struct buf json = BUF_INIT;
	struct cp_word word = {0};
	int r = 0;

	if (op == CP_PUT)
		r = copy_put_check(root_fd, path, e);
	else if (op != CP_EXPORT)
		r = copy_stat(root_fd, path, &json, e);
	if (c->status_fd < 0) {
		if (r == 0 && op == CP_STAT && printf("%s\n", buf_str(&json)) < 0)
			return err_sys(e, "write");
		return r;
	}
	if (r < 0)
		return -1; /* reported as the last word */
	word.n_json = (uint32_t)json.len;
	if (fd_write_all(c->status_fd, &word, sizeof(word), e) < 0 ||
	    fd_write_all(c->status_fd, buf_str(&json), json.len, e) < 0)
		return -1;
	return 0;
}

static int transfer(const struct conf *c, enum cp_op op, int root_fd, const char *path,
		    struct err *e)
{
	struct copy_put_opts put = {.no_overwrite_dir_nondir = c->no_overwrite};
	CLEANUP(stream_freep) struct stream *s = NULL;

	if (op == CP_STAT)
		return 0;
	s = stream_fd_new(op == CP_PUT ? STDIN_FILENO : STDOUT_FILENO);
	if (op == CP_GET)
		return copy_get(root_fd, path, s, e);
	if (op == CP_EXPORT)
		return copy_export(root_fd, s, e);
	put.set_owner = c->owner != NULL;
	if (put.set_owner && parse_owner(c->owner, &put.uid, &put.gid, e) < 0)
		return -1;
	return copy_put(root_fd, path, s, &put, e);
}

static int run(const struct conf *c, enum cp_op op, const char *path, struct err *e)
{
	CLEANUP(fd_closep) int root_fd = -1;

	if (enter(c, op, e) < 0)
		return -1;
	root_fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return err_sys(e, "open the container's root");
	if (first_word(c, op, root_fd, path, e) < 0)
		return -1;
	return transfer(c, op, root_fd, path, e);
}

static int parse(struct conf *c, int argc, char **argv, enum cp_op *ret_op, const char **ret_path,
		 struct err *e)
{
	static const char *const ops[] = {
		[CP_STAT] = "stat", [CP_GET] = "get", [CP_PUT] = "put", [CP_EXPORT] = "export"};
	int first = opt_parse(opts, c, argc, argv, 0, e);
	size_t i = 0;

	if (first < 0)
		return -1;
	while (first < argc && i < ARRAY_LEN(ops) && !str_eq(ops[i], argv[first]))
		i++;
	if (first == argc || i == ARRAY_LEN(ops) || argc - first != (i == CP_EXPORT ? 1 : 2))
		return err_set(e, ERR_INVALID, 0, "need get, put or stat with a path, or export");
	if (c->pid <= 0 && !c->merged)
		return err_set(e, ERR_INVALID, 0, "need --pid or --merged");
	*ret_op = (enum cp_op)i;
	*ret_path = i == CP_EXPORT ? "/" : argv[first + 1];
	return 0;
}

int archive_main(int argc, char **argv);

int archive_main(int argc, char **argv)
{
	struct conf c = {.status_fd = -1};
	struct cp_word last = {.is_last = true};
	struct err e, ignored;
	const char *path;
	enum cp_op op;
	int r;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	if (parse(&c, argc, argv, &op, &path, &e) < 0) {
		fprintf(stderr, "archive: %s\n", e.msg);
		return 2;
	}
	log_set_applet("archive");
	r = run(&c, op, path, &e);
	if (r < 0)
		last.err = e;
	if (c.status_fd >= 0)
		(void)!fd_write_all(c.status_fd, &last, sizeof(last), &ignored);
	else if (r < 0)
		fprintf(stderr, "archive: %s\n", e.msg);
	strv_clear(&c.binds);
	return r < 0;
}
