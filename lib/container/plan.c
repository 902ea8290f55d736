// SPDX-License-Identifier: MIT
/*
 * Computing a mount plan. Sources: runtime-spec config.md (Mounts) and
 * config-linux.md (Default Devices, Default Filesystems, Masked Paths);
 * mount(8) for the names of options.
 */
#include "container/plan.h"

#include <sys/mount.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "ns/mount.h"

static const struct {
	const char *name;
	unsigned long set, clear;
	unsigned flags;
} options[] = {
	{"defaults", 0, 0, 0},
	{"bind", MS_BIND, 0, 0},
	{"rbind", MS_BIND, 0, PLAN_RECURSIVE},
	{"ro", MS_RDONLY, 0, 0},
	{"rro", MS_RDONLY, 0, PLAN_RO_RECURSIVE},
	{"toponly", 0, 0, PLAN_RO_TOP},
	{"rw", 0, MS_RDONLY, 0},
	{"nosuid", MS_NOSUID, 0, 0},
	{"suid", 0, MS_NOSUID, 0},
	{"nodev", MS_NODEV, 0, 0},
	{"dev", 0, MS_NODEV, 0},
	{"noexec", MS_NOEXEC, 0, 0},
	{"exec", 0, MS_NOEXEC, 0},
	{"sync", MS_SYNCHRONOUS, 0, 0},
	{"async", 0, MS_SYNCHRONOUS, 0},
	{"dirsync", MS_DIRSYNC, 0, 0},
	{"mand", MS_MANDLOCK, 0, 0},
	{"nomand", 0, MS_MANDLOCK, 0},
	{"noatime", MS_NOATIME, 0, 0},
	{"atime", 0, MS_NOATIME, 0},
	{"nodiratime", MS_NODIRATIME, 0, 0},
	{"diratime", 0, MS_NODIRATIME, 0},
	{"relatime", MS_RELATIME, 0, 0},
	{"norelatime", 0, MS_RELATIME, 0},
	{"strictatime", MS_STRICTATIME, 0, 0},
	{"nostrictatime", 0, MS_STRICTATIME, 0},
	{"copyup", 0, 0, PLAN_COPYUP},
	{"nocopy", 0, 0, 0},
	{"optional", 0, 0, PLAN_OPTIONAL},
	{"z", 0, 0, 0}, /* SELinux labels: carried by nobody here */
	{"Z", 0, 0, 0},
	{"cached", 0, 0, 0}, /* of Docker Desktop */
	{"consistent", 0, 0, 0},
	{"delegated", 0, 0, 0},
};

/* Bound from the host: a user namespace may not make device nodes. */
static const char *const default_devices[] = {
	"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
};

static const struct {
	const char *target, *source;
} dev_links[] = {
	{"/dev/ptmx", "pts/ptmx"},	    {"/dev/fd", "/proc/self/fd"},
	{"/dev/stdin", "/proc/self/fd/0"},  {"/dev/stdout", "/proc/self/fd/1"},
	{"/dev/stderr", "/proc/self/fd/2"}, {"/dev/core", "/proc/kcore"},
};

static const char *const type_names[] = {
	[PLAN_FS] = "mount",	  [PLAN_BIND] = "bind",		[PLAN_CGROUP] = "cgroup",
	[PLAN_DEVICE] = "device", [PLAN_LINK] = "link",		[PLAN_CONSOLE] = "console",
	[PLAN_MASK] = "mask",	  [PLAN_READONLY] = "readonly", [PLAN_ROOT_RO] = "root-ro",
};

const char *plan_type_name(enum plan_type t)
{
	return (size_t)t < ARRAY_LEN(type_names) ? type_names[t] : "?";
}

void plan_clear(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->ops[i].data);
	free(p->ops);
	*p = (struct plan){0};
}

static struct plan_op *add(struct plan *p, enum plan_type type, const char *target)
{
	struct plan_op *op;

	if (p->n == p->cap) {
		p->cap = p->cap == 0 ? 64 : p->cap * 2;
		p->ops = xrealloc(p->ops, p->cap * sizeof(*p->ops));
	}
	op = &p->ops[p->n++];
	*op = (struct plan_op){.type = type, .target = target};
	return op;
}

/* One option of a mount: a flag, a propagation, or text for the file system. */
void plan_option(struct plan_op *op, const char *o, struct buf *data)
{
	unsigned long propagation;

	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (!str_eq(o, options[i].name))
			continue;
		op->mount_flags = (op->mount_flags & ~options[i].clear) | options[i].set;
		op->clear_flags = (op->clear_flags & ~options[i].set) | options[i].clear;
		op->flags |= options[i].flags;
		return;
	}
	if (mnt_propagation_parse(o, &propagation) == 0) {
		op->propagation = propagation;
		return;
	}
	if (data->len > 0)
		buf_addch(data, ',');
	buf_addstr(data, o);
}

static bool shares(const struct oci_spec *s, const char *type)
{
	return oci_spec_namespace_find(s, type) == NULL;
}

static int add_mount(struct plan *p, const struct oci_spec *s, const struct oci_mount *m,
		     struct err *e)
{
	CLEANUP(buf_clear) struct buf data = BUF_INIT;
	struct plan_op *op = add(p, PLAN_FS, m->destination);

	op->source = m->source;
	op->fstype = m->type;
	strv_for_each (o, &m->options) {
		const char *subpath = str_skip(*o, "subpath=");

		if (subpath != NULL)
			op->subpath = subpath;
		else
			plan_option(op, *o, &data);
	}
	if (str_eq(op->fstype, "overlay"))
		op->type = PLAN_BIND;
	if (op->mount_flags & MS_BIND || str_eq(m->type, "bind")) {
		op->type = PLAN_BIND;
		op->mount_flags &= ~(unsigned long)MS_BIND;
		op->fstype = NULL;
		if (str_empty(op->source))
			return err_set(e, ERR_INVALID, 0, "invalid mount for %s: no source",
				       op->target);
		return 0;
	}
	if (str_empty(op->fstype))
		return err_set(e, ERR_INVALID, 0, "invalid mount for %s: no type", op->target);
	if (str_eq(op->fstype, "cgroup") || str_eq(op->fstype, "cgroup2"))
		op->type = PLAN_CGROUP;
	if ((str_eq(op->fstype, "sysfs") && shares(s, "network")) ||
	    (str_eq(op->fstype, "proc") && shares(s, "pid")) ||
	    (str_eq(op->fstype, "mqueue") && shares(s, "ipc")))
		op->flags |= PLAN_HOST_FALLBACK;
	if (data.len > 0)
		op->data = buf_detach(&data);
	return 0;
}

/* /dev is ours unless the user bound something there. */
static bool dev_is_ours(const struct oci_spec *s)
{
	bool ours = false;

	for (size_t i = 0; i < s->mounts.len; i++) {
		CLEANUP(freep) char *dst = path_clean(s->mounts.items[i].destination);

		if (str_eq(dst, "/dev"))
			ours = str_eq(s->mounts.items[i].type, "tmpfs");
	}
	return ours;
}

static bool mounted_already(const struct oci_spec *s, const char *path)
{
	for (size_t i = 0; i < s->mounts.len; i++)
		if (str_eq(s->mounts.items[i].destination, path))
			return true;
	return false;
}

static void add_devices(struct plan *p, const struct oci_spec *s)
{
	for (size_t i = 0; i < ARRAY_LEN(default_devices); i++)
		if (!mounted_already(s, default_devices[i]))
			add(p, PLAN_DEVICE, default_devices[i])->source = default_devices[i];
	for (size_t i = 0; i < s->linux_.devices.len; i++) {
		const char *path = s->linux_.devices.items[i].path;

		add(p, PLAN_DEVICE, path)->source = path;
	}
	for (size_t i = 0; i < ARRAY_LEN(dev_links); i++) {
		struct plan_op *op;

		if (mounted_already(s, dev_links[i].target))
			continue;
		op = add(p, PLAN_LINK, dev_links[i].target);
		op->source = dev_links[i].source;
		if (str_eq(dev_links[i].target, "/dev/core"))
			op->flags = PLAN_OPTIONAL;
	}
}

int plan_make(const struct oci_spec *s, struct plan *ret, struct err *e)
{
	CLEANUP(plan_clear) struct plan p = {0};

	for (size_t i = 0; i < s->mounts.len; i++)
		if (add_mount(&p, s, &s->mounts.items[i], e) < 0)
			return -1;
	if (dev_is_ours(s))
		add_devices(&p, s);
	if (s->process.terminal)
		add(&p, PLAN_CONSOLE, "/dev/console");
	strv_for_each (path, &s->linux_.readonly_paths)
		add(&p, PLAN_READONLY, *path)->flags = PLAN_OPTIONAL;
	strv_for_each (path, &s->linux_.masked_paths)
		add(&p, PLAN_MASK, *path)->flags = PLAN_OPTIONAL;
	if (s->root.readonly)
		add(&p, PLAN_ROOT_RO, "/");
	*ret = p;
	p = (struct plan){0};
	return 0;
}
