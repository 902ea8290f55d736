// SPDX-License-Identifier: MIT
/*
 * --evacuate-cgroup2: cgroups(7) lets a cgroup with controllers enabled for its
 * children hold no processes itself, so rootlesskit's own ones move one down.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "rootless/sync_internal.h"

#define CGROUP_FILE_MAX_BYTES 65536

/* Our cgroup below the unified hierarchy: the line "0::/path" of /proc/self/cgroup. */
static char *own_cgroup(struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	const char *path = NULL;

	if (file_read(AT_FDCWD, "/proc/self/cgroup", CGROUP_FILE_MAX_BYTES, &text, e) < 0)
		return NULL;
	for (const char *p = buf_str(&text); p != NULL && path == NULL; p = strchr(p, '\n')) {
		p += *p == '\n';
		path = str_skip(p, "0::");
	}
	if (path == NULL || !path_exists("/sys/fs/cgroup/cgroup.controllers")) {
		(void)err_set(e, ERR_UNAVAILABLE, 0, "evacuate-cgroup2 requires cgroup v2");
		return NULL;
	}
	return xasprintf("/sys/fs/cgroup%.*s", (int)strcspn(path, "\n"), path);
}

int rk_evacuate_cgroup2(const char *name, struct err *e)
{
	CLEANUP(freep) char *own = own_cgroup(e);
	CLEANUP(freep) char *dir = NULL, *from = NULL, *to = NULL;
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(strv_clear) struct strv pids = STRV_INIT;

	if (own == NULL)
		return -1;
	if (strchr(name, '/') != NULL || str_eq(name, "..") || str_eq(name, "."))
		return err_set(e, ERR_INVALID, 0, "evacuate-cgroup2: bad name %s", name);
	dir = path_join(own, name);
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return err_sys(e, "make cgroup %s", dir);
	from = path_join(own, "cgroup.procs");
	to = path_join(dir, "cgroup.procs");
	if (file_read(AT_FDCWD, from, CGROUP_FILE_MAX_BYTES, &text, e) < 0)
		return -1;
	strv_split(&pids, buf_str(&text), "\n");
	strv_for_each (pid, &pids)
		if (file_write_plain(AT_FDCWD, to, *pid, e) < 0 && e->sys != ESRCH)
			return -1;
	return 0;
}
