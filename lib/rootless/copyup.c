// SPDX-License-Identifier: MIT
/*
 * tmpfs+symlink copy-up. Steps:
 *  1. hold a detached copy of the directory's mount tree
 *  2. mount a tmpfs over the directory
 *  3. attach the copy at DIR/.roXXXXXXXXX
 *  4. one symlink for each entry
 */
#include "rootless/copyup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/rand.h"
#include "ns/mount.h"

#define RO_NAME_SIZE 16 /* ".ro", nine digits, NUL */

static int make_links(int top_fd, const char *ro, struct err *e)
{
	char target[RO_NAME_SIZE + 1 + 256];
	int ro_fd = openat(top_fd, ro, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = ro_fd < 0 ? NULL : fdopendir(ro_fd);
	struct dirent *it;
	int result = 0;

	if (d == NULL) {
		err_sys(e, "read the copied-up directory");
		fd_close(&ro_fd);
		return -1;
	}
	while (result == 0 && (it = readdir(d)) != NULL) {
		if (strcmp(it->d_name, ".") == 0 || strcmp(it->d_name, "..") == 0)
			continue;
		snprintf(target, sizeof(target), "%s/%s", ro, it->d_name);
		if (symlinkat(target, top_fd, it->d_name) < 0)
			result = err_sys(e, "link %s", it->d_name);
	}
	closedir(d);
	return result;
}

/*
 * Steps 1 and 2. *ret_detached is false when the copy had to be attached at spare and *ret_tree is
 * a descriptor of it there, for spare's path may lie below what is covered.
 */
static int cover(const char *dir, const char *spare, int *ret_tree, bool *ret_detached,
		 struct err *e)
{
	CLEANUP(fd_closep) int tree = mnt_clone_tree(AT_FDCWD, dir, true, e);

	*ret_detached = tree >= 0;
	if (tree < 0 && e->sys != ENOSYS && e->sys != EPERM)
		return -1;
	if (tree < 0) {
		if (mnt_bind(dir, spare, true, e) < 0)
			return -1;
		tree = open(spare, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (tree < 0)
			return err_sys(e, "open %s", spare);
	}
	if (mnt_fs("tmpfs", "none", dir, 0, "mode=0755", e) < 0)
		return -1;
	*ret_tree = TAKE_FD(tree);
	return 0;
}

int rk_copyup(const char *dir, const char *spare, struct err *e)
{
	CLEANUP(fd_closep) int tree = -1;
	CLEANUP(fd_closep) int top_fd = -1;
	CLEANUP(fd_closep) int ro_fd = -1;
	bool detached;
	char from[32], to[32];
	char ro[RO_NAME_SIZE] = ".ro";
	struct stat st;

	/* a symlink (/var/run) is covered where it leads; open_tree would not follow it */
	CLEANUP(freep) char *real = realpath(dir, NULL);

	if (real == NULL || stat(real, &st) < 0)
		return err_sys(e, "copy-up %s", dir);
	if (!S_ISDIR(st.st_mode) || strcmp(real, "/") == 0)
		return err_set(e, ERR_INVALID, 0, "copy-up %s: %s", dir,
			       S_ISDIR(st.st_mode) ? "the root cannot be copied up"
						   : "not a directory");
	if (cover(real, spare, &tree, &detached, e) < 0)
		return err_wrap(e, "copy-up %s", dir);
	rand_hex(ro + 3, 9);
	top_fd = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top_fd < 0 || mkdirat(top_fd, ro, 0755) < 0)
		return err_sys(e, "copy-up %s: make %s", dir, ro);
	ro_fd = openat(top_fd, ro, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ro_fd < 0)
		return err_sys(e, "copy-up %s: open %s", dir, ro);
	if (detached && mnt_move_tree(tree, ro_fd, e) < 0)
		return err_wrap(e, "copy-up %s", dir);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", tree);
	snprintf(to, sizeof(to), "/proc/self/fd/%d", ro_fd);
	if (!detached && mount(from, to, NULL, MS_MOVE, NULL) < 0)
		return err_sys(e, "copy-up %s: move", dir);
	if (make_links(top_fd, ro, e) < 0)
		return err_wrap(e, "copy-up %s", dir);
	return 0;
}
