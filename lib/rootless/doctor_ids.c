// SPDX-License-Identifier: MIT
/*
 * Subordinate ids: the programs that map them, what the files grant, and the
 * map itself. Sources: subuid(5), newuidmap(1), user_namespaces(7).
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "config/limits.h"
#include "ns/clone.h"
#include "ns/idmap.h"
#include "rootless/doctor_internal.h"

#define IDS_WANTED 65536
#define FIRST_FREE 100000

/* Whether the file can raise itself: setuid root, or a file capability; else why not. */
static const char *powerless(const char *file)
{
	char cap[64];
	struct statvfs fs;
	struct stat st;

	if (stat(file, &st) < 0)
		return "it cannot be looked at";
	if (!(st.st_uid == 0 && st.st_mode & S_ISUID) &&
	    getxattr(file, "security.capability", cap, sizeof(cap)) < 0)
		return "it is neither setuid root nor has a file capability";
	if (statvfs(file, &fs) == 0 && fs.f_flag & ST_NOSUID)
		return "it lies on a file system mounted nosuid";
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return "no_new_privs is set on this process, so setuid programs get no privilege";
	return NULL;
}

static void mend_package(struct rk_finding *f)
{
	rk_mend(f, "sudo apt-get install -y uidmap  # or shadow-utils (dnf), shadow-subids (apk), "
		   "shadow (pacman, zypper)");
}

static void check_tool(const struct rk_host *h, struct rk_finding *f, const char *name)
{
	CLEANUP(freep) char *file = rk_program(h->path, name);
	const char *why;

	if (file == NULL) {
		rk_lacks(f, RK_LACKING, "%s is not installed", name);
		rk_because(f, "no directory of PATH has it");
		mend_package(f);
		return;
	}
	why = powerless(file);
	if (why == NULL) {
		rk_fine(f, "%s", file);
		return;
	}
	rk_lacks(f, RK_LACKING, "%s has no privilege", file);
	rk_because(f, "%s", why);
	if (strstr(why, "neither") != NULL)
		rk_mend(f, "sudo chown root: %s && sudo chmod u+s %s", file, file);
	else if (strstr(why, "no_new_privs") != NULL)
		rk_mend(f, "# start the engine from a session or service without NoNewPrivileges");
	else
		mend_package(f);
}

void rk_check_newuidmap(const struct rk_host *h, struct rk_finding *f)
{
	check_tool(h, f, "newuidmap");
}

void rk_check_newgidmap(const struct rk_host *h, struct rk_finding *f)
{
	check_tool(h, f, "newgidmap");
}

static void check_ranges(const struct rk_host *h, struct rk_finding *f, enum subid_kind kind)
{
	struct subid_ranges r = SUBID_RANGES_INIT;
	const char *word = kind == SUBID_UID ? "uid" : "gid";
	unsigned long long total = 0;
	struct err e;

	if (subid_load(kind, SUBID_AUTO, h->user, h->uid, &r, &e) == 0)
		total = subid_total(&r);
	if (total >= IDS_WANTED) {
		rk_fine(f, "%llu ids, the first range from %u", total, r.items[0].start);
	} else {
		rk_lacks(f, RK_LACKING, "%llu subordinate %ss instead of at least %d", total, word,
			 IDS_WANTED);
		if (total == 0)
			rk_because(f, "%s", e.msg);
		else
			rk_because(f, "/etc/sub%s grants no more", word);
		rk_mend(f, "sudo usermod --add-sub%ss %u-%u %s", word, rk_subid_free(),
			rk_subid_free() + IDS_WANTED - 1, h->user == NULL ? "USER" : h->user);
	}
	subid_clear(&r);
}

void rk_check_subuid(const struct rk_host *h, struct rk_finding *f)
{
	check_ranges(h, f, SUBID_UID);
}

void rk_check_subgid(const struct rk_host *h, struct rk_finding *f)
{
	check_ranges(h, f, SUBID_GID);
}

/* One line "owner:start:count"; false when it is none. */
static bool parse_line(const char *line, char *owner, size_t size, uint64_t *start, uint64_t *count)
{
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;

	strv_split(&parts, line, ":");
	if (parts.len != 3 || str_u64(parts.items[1], UINT32_MAX, start) < 0 ||
	    str_u64(parts.items[2], UINT32_MAX, count) < 0 || *count == 0)
		return false;
	str_copy(owner, parts.items[0], size);
	return true;
}

static void load_lines(const char *root, const char *file, struct strv *lines)
{
	CLEANUP(freep) char *path = xasprintf("%s%s", root, file);
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err ignored;

	if (file_read(AT_FDCWD, path, SUBID_FILE_MAX_BYTES, &text, &ignored) == 0)
		strv_split(lines, buf_str(&text), "\n");
}

static bool is_mine(const struct rk_host *h, const char *owner)
{
	char id[16];

	snprintf(id, sizeof(id), "%u", (unsigned)h->uid);
	return str_eq(owner, id) || str_eq(owner, h->user);
}

/* The name of another user whose range meets one of ours, or "". */
static void find_overlap(const struct rk_host *h, const char *file, char *other, size_t size)
{
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;
	char a_owner[64], b_owner[64];
	uint64_t a, a_n, b, b_n;

	*other = '\0';
	load_lines(h->root, file, &lines);
	strv_for_each (mine, &lines) {
		if (!parse_line(*mine, a_owner, sizeof(a_owner), &a, &a_n) || !is_mine(h, a_owner))
			continue;
		strv_for_each (theirs, &lines) {
			if (parse_line(*theirs, b_owner, sizeof(b_owner), &b, &b_n) &&
			    !is_mine(h, b_owner) && a < b + b_n && b < a + a_n) {
				str_copy(other, b_owner, size);
				return;
			}
		}
	}
}

void rk_check_overlap(const struct rk_host *h, struct rk_finding *f)
{
	static const char *const files[] = {"/etc/subuid", "/etc/subgid"};
	char other[64];

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		find_overlap(h, files[i], other, sizeof(other));
		if (*other == '\0')
			continue;
		rk_lacks(f, RK_LACKING, "a range in %s is also %s's", files[i], other);
		rk_because(f, "two lines of the file overlap");
		rk_mend(f,
			"sudoedit %s  # and remove this user's data first: rootlesskit rm -rf %s",
			files[i], h->data_root);
		return;
	}
	rk_fine(f, "no range is another user's too");
}

uint32_t rk_subid_free(void)
{
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;
	uint64_t at = FIRST_FREE, start, count;
	bool moved = true;
	char owner[64];

	load_lines("", "/etc/subuid", &lines);
	load_lines("", "/etc/subgid", &lines);
	while (moved) {
		moved = false;
		strv_for_each (line, &lines) {
			if (parse_line(*line, owner, sizeof(owner), &start, &count) &&
			    start < at + IDS_WANTED && at < start + count) {
				at = start + count;
				moved = true;
			}
		}
	}
	return at + IDS_WANTED < UINT32_MAX ? (uint32_t)at : FIRST_FREE;
}

static int load(const struct rk_host *h, enum subid_kind kind, uint32_t own, struct idmap *m,
		struct err *e)
{
	struct subid_ranges r = SUBID_RANGES_INIT;

	if (subid_load(kind, SUBID_AUTO, h->user, h->uid, &r, e) < 0)
		return -1;
	subid_exclude(&r, own);
	idmap_rootless(m, own, &r);
	subid_clear(&r);
	return 0;
}

/* newuidmap and newgidmap upon a child that waits. */
static int install(const struct idmap *uids, const struct idmap *gids, struct err *e)
{
	struct ns_clone spec = NS_CLONE_INIT;
	pid_t pid;
	int r;

	spec.flags = CLONE_NEWUSER;
	fflush(NULL);
	pid = ns_fork(&spec, e);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (pid < 0)
		return -1;
	r = idmap_install(pid, uids, gids, e);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return r;
}

void rk_check_idmap(const struct rk_host *h, struct rk_finding *f)
{
	struct idmap uids = IDMAP_INIT, gids = IDMAP_INIT;
	struct err e;

	if (load(h, SUBID_UID, h->uid, &uids, &e) == 0 &&
	    load(h, SUBID_GID, h->gid, &gids, &e) == 0 && install(&uids, &gids, &e) == 0) {
		rk_fine(f, "subordinate ids can be mapped");
	} else {
		rk_lacks(f, RK_LACKING, "subordinate ids cannot be mapped: one id is");
		rk_because(f, "%s", e.msg);
		rk_mend(f, "# see newuidmap, newgidmap, subuid and subgid");
	}
	idmap_clear(&uids);
	idmap_clear(&gids);
}
