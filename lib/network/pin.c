// SPDX-License-Identifier: MIT
/*
 * Pins: a container's network namespace bind-mounted on a file named after its
 * sandbox, so that a helper started anew finds it again, and tools can enter
 * it. The files lie in the mount namespace that the helper shares with the
 * engine. Without a directory to make them in, the helper's descriptor alone
 * holds the namespace. mount(2), network_namespaces(7).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "network/server_internal.h"
#include "ns/join.h"

static char *pin_path(const struct netns_server *s, const char *name)
{
	return path_join(s->state.pin_dir, name);
}

void netns_pin(const struct netns_server *s, const char *name, int netns_fd)
{
	CLEANUP(freep) char *path = pin_path(s, name);
	struct err e;

	if (ns_keep(netns_fd, path, &e) == 0)
		return;
	if (e.kind == ERR_NOTFOUND && path_mkdirs(s->state.pin_dir, 0755, &e) == 0 &&
	    ns_keep(netns_fd, path, &e) == 0)
		return;
	log_debug(&e, "network namespace of %s is not pinned", name);
	(void)unlink(path);
}

void netns_unpin(const struct netns_server *s, const char *name)
{
	CLEANUP(freep) char *path = pin_path(s, name);

	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	if (unlink(path) < 0 && errno != ENOENT)
		log_debug(NULL, "remove %s: %s", path, strerror(errno));
}

static int pin_open(const struct netns_server *s, const char *name)
{
	CLEANUP(freep) char *path = pin_path(s, name);
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;

	/* a file without its mount is what a crash in between left */
	if (fd < 0 || fstatfs(fd, &fs) < 0 || fs.f_type != NSFS_MAGIC)
		return -1;
	return TAKE_FD(fd);
}

void netns_pins_load(struct netns_server *s)
{
	DIR *d = opendir(s->state.pin_dir);
	struct dirent *ent;

	while (d != NULL && (ent = readdir(d)) != NULL) {
		if (!netns_sandbox_name_ok(ent->d_name) ||
		    netns_sandbox_find(&s->state, ent->d_name) != NULL)
			continue;
		netns_sandbox_put(&s->state, ent->d_name, pin_open(s, ent->d_name));
	}
	if (d != NULL)
		closedir(d);
}
