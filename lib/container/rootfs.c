// SPDX-License-Identifier: MIT
/*
 * Mounting the root: overlay with short names relative to the driver's
 * directory (kernel Documentation/filesystems/overlayfs.rst: options fit into
 * one page), or a bind of a finished directory.
 */
#include "container/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "ns/fuse.h"
#include "ns/mount.h"

/* What is mounted here must not reach the engine's namespace. */
static int cut_propagation(const struct oci_spec *spec, const char *mount_dir, struct err *e)
{
	const char *wish = spec->linux_.rootfs_propagation;
	unsigned long flags = MS_SLAVE | MS_REC;
	struct mnt_table t = MNT_TABLE_INIT;
	const struct mnt_info *m;
	int r = 0;

	if (!str_empty(wish) && mnt_propagation_parse(wish, &flags) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid rootfs propagation \"%s\"", wish);
	if (mnt_set_propagation("/", flags | MS_REC, e) < 0)
		return -1;
	if (!(flags & MS_SHARED))
		return 0;
	/* the user wants mounts to travel; the root's own must not */
	if (mnt_table_load(&t, 0, e) < 0)
		return -1;
	m = mnt_table_covering(&t, mount_dir);
	if (m != NULL)
		r = mnt_set_propagation(m->target, MS_PRIVATE, e);
	mnt_table_clear(&t);
	return r;
}

static int mount_overlay(const struct container_rootfs *r, const char *dir, struct err *e)
{
	if (!str_empty(r->base_dir) && chdir(r->base_dir) < 0)
		return err_sys(e, "enter %s", r->base_dir);
	if (str_empty(r->options))
		return err_set(e, ERR_INVALID, 0, "no overlay options for the root");
	if (mount("overlay", dir, "overlay", 0, r->options) < 0)
		return err_sys(e, "mount overlay on %s", dir);
	return 0;
}

int rootfs_serve(const struct container_rootfs *r, struct err *e)
{
	if (!str_eq(r->type, "fuse-overlayfs"))
		return 0;
	if (unshare(CLONE_NEWNS) < 0)
		return err_sys(e, "make a mount namespace for fuse-overlayfs");
	if (mnt_set_propagation("/", MS_SLAVE | MS_REC, e) < 0)
		return -1;
	return fuse_overlayfs_mount(r->program, r->base_dir, r->options, r->mount_dir, e);
}

void rootfs_let_go(const struct container_rootfs *r)
{
	struct err ignored;

	if (str_eq(r->type, "fuse-overlayfs"))
		(void)!mnt_umount(r->mount_dir, &ignored);
}

int rootfs_mount(const char *bundle, const struct container_config *config,
		 const struct oci_spec *spec, struct err *e)
{
	const struct container_rootfs *r = &config->rootfs;
	CLEANUP(freep) char *dir = NULL;
	int fd;

	dir = str_empty(r->mount_dir) ? path_join(bundle, "rootfs") : xstrdup(r->mount_dir);
	if (cut_propagation(spec, dir, e) < 0)
		return -1;
	if (str_empty(r->mount_dir) && mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "mkdir %s", dir);
	if (str_eq(r->type, "overlay")) {
		if (mount_overlay(r, dir, e) < 0)
			return -1;
	} else if (str_eq(r->type, "fuse-overlayfs")) {
		/* mounted by the shim: here it becomes a mount that only the container has */
		if (mnt_bind(dir, dir, true, e) < 0)
			return -1;
	} else if (str_eq(r->type, "bind")) {
		if (mnt_bind(str_empty(r->source) ? dir : r->source, dir, true, e) < 0)
			return -1;
	} else {
		return err_set(e, ERR_INVALID, 0, "unknown kind of root \"%s\"",
			       r->type != NULL ? r->type : "");
	}
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", dir);
	return fd;
}
