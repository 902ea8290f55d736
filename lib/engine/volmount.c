// SPDX-License-Identifier: MIT
/*
 * Volumes that are mounts of their own (--opt type=, device=, o=): mounted by
 * the engine when the first container that uses one starts, so that all of them
 * share it, and taken away when the last has ended. Source: moby
 * volume/local/local_unix.go, daemon/volumes_unix.go, internal/safepath.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "container/plan.h"
#include "engine/engine_internal.h"
#include "ns/mount.h"

static bool mounted(const char *path)
{
	CLEANUP(freep) char *real = realpath(path, NULL);
	struct mnt_table t = MNT_TABLE_INIT;
	struct err ignored;
	bool yes = real != NULL && mnt_table_load(&t, 0, &ignored) == 0 &&
		   mnt_table_find(&t, real) != NULL;

	mnt_table_clear(&t);
	return yes;
}

/* what mount(2) said, in Docker's words, and what a rootless engine adds to it */
static int refused(const struct volume_info *v, const char *device, unsigned long flags,
		   const char *data, struct err *e)
{
	CLEANUP(freep) char *why = xstrdup(strerror(errno));
	CLEANUP(freep) char *flag_text = flags != 0 ? xasprintf(", flags: 0x%lx", flags) : NULL;
	bool never = errno == EPERM || errno == EACCES || errno == ENODEV;

	*why = (char)tolower((unsigned char)*why);
	return err_set(
		e, ERR_SYSTEM, errno,
		"error while mounting volume '%s': failed to mount local volume: mount "
		"%s:%s%s%s%s: %s%s",
		v->mountpoint, device, v->mountpoint, flag_text != NULL ? flag_text : "",
		*data != '\0' ? ", data: " : "", data, why,
		never ? " (rootless: tmpfs and bind only; the host may mount it, then use o=bind)"
		      : "");
}

/* with mount_mu held */
static int mount_volume(const struct volume_info *v, struct err *e)
{
	const char *type = strv_env_get(&v->options, "type"),
		   *device = strv_env_get(&v->options, "device"),
		   *o = strv_env_get(&v->options, "o");
	CLEANUP(strv_clear) struct strv words = STRV_INIT;
	CLEANUP(buf_clear) struct buf data = BUF_INIT;
	CLEANUP(fd_closep) int fd = -1;
	struct plan_op op = {0};

	if (str_empty(type) || str_empty(device) || mounted(v->mountpoint))
		return 0;
	buf_addstr(&data, "");
	strv_split(&words, o != NULL ? o : "", ",");
	strv_for_each (word, &words)
		if (**word != '\0')
			plan_option(&op, *word, &data);
	if (op.flags & PLAN_RECURSIVE)
		op.mount_flags |= MS_REC;
	if (mount(device, v->mountpoint, type, op.mount_flags, buf_str(&data)) < 0)
		return refused(v, device, op.mount_flags, buf_str(&data), e);
	op.mount_flags &= ~(unsigned long)(MS_BIND | MS_REC);
	if (op.mount_flags == 0)
		return 0;
	/* a bind takes its flags afterwards */
	fd = open(v->mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && mnt_set_flags(fd, op.mount_flags, 0, false, e) == 0)
		return 0;
	refused(v, device, op.mount_flags, buf_str(&data), e);
	umount2(v->mountpoint, MNT_DETACH);
	return -1;
}

/* Links inside a volume may lead anywhere but out of it; the init goes this way again. */
static int check_subpath(const struct container_mount *m, struct err *e)
{
	const char *base = m->point.source, *sub = m->subpath;
	CLEANUP(fd_closep) int base_fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(fd_closep) int fd = -1;

	if (base_fd < 0)
		return err_sys(e, "open %s", base);
	fd = path_open_beneath(base_fd, sub, O_PATH | O_CLOEXEC, 0, e);
	if (fd >= 0)
		return 0;
	if (e->sys == EXDEV)
		return err_set(e, ERR_INVALID, EXDEV,
			       "path concatenation escapes the base directory, base: %s, subpath: "
			       "%s",
			       base, sub);
	if (e->sys == ENOENT)
		return err_set(e, ERR_NOTFOUND, ENOENT,
			       "cannot access path %s/%s: lstat %s/%s: no such file or directory",
			       base, sub, base, sub);
	return err_wrap(e, "error while resolving symlinks in combined path \"%s/%s\"", base, sub);
}

static bool is_volume(const struct container_mount *m)
{
	return str_eq(m->point.type, "volume") && m->point.name != NULL;
}

int volumes_mount(struct engine *en, const struct container *c, struct err *e)
{
	MUTEX_GUARD(&en->mount_mu);

	for (size_t i = 0; i < c->mounts.len; i++) {
		const struct container_mount *m = &c->mounts.items[i];
		struct volume_info v;
		int r;

		if (!is_volume(m))
			continue;
		if (volume_get(en->volumes, m->point.name, &v, e) < 0)
			return -1;
		r = mount_volume(&v, e);
		volume_info_clear(&v);
		if (r < 0 || (!str_empty(m->subpath) && check_subpath(m, e) < 0))
			return -1;
		volume_event(en, "mount", m->point.name, c->id, &m->point);
	}
	return 0;
}

/* by somebody else who runs or is about to */
static bool used(struct engine *en, const struct container *c, const char *name)
{
	MUTEX_GUARD(&en->mu);

	map_for_each (slot, &en->containers) {
		const struct container *o = slot->value;

		if (o == c || (!state_runs(o->state) && o->state != C_STARTING && !o->leaving))
			continue;
		for (size_t i = 0; i < o->mounts.len; i++)
			if (str_eq(o->mounts.items[i].point.name, name))
				return true;
	}
	return false;
}

void volumes_unmount(struct engine *en, const struct container *c)
{
	MUTEX_GUARD(&en->mount_mu);

	for (size_t i = 0; i < c->mounts.len; i++) {
		const struct container_mount *m = &c->mounts.items[i];
		struct volume_info v;
		struct err ignored;

		if (!is_volume(m) || volume_get(en->volumes, m->point.name, &v, &ignored) < 0)
			continue;
		volume_event(en, "unmount", v.name, c->id, NULL);
		if (v.options.len > 0 && !used(en, c, v.name) &&
		    mnt_umount(v.mountpoint, &ignored) < 0)
			log_warn(&ignored, "volume %s", v.name);
		volume_info_clear(&v);
	}
}
