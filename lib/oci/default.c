// SPDX-License-Identifier: MIT
/*
 * Docker's default container as a specification, and the small changes an
 * engine makes to it. Values as `docker inspect` and /proc show them in a
 * container of Docker 28 (moby oci/defaults.go documents the same lists).
 */
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "oci/spec.h"
#include "sandbox/caps.h"

static const char *const masked_paths[] = {
	"/proc/asound",	    "/proc/acpi",	 "/proc/interrupts",
	"/proc/kcore",	    "/proc/keys",	 "/proc/latency_stats",
	"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
	"/proc/scsi",	    "/sys/firmware",	 "/sys/devices/virtual/powercap",
};

static const char *const readonly_paths[] = {
	"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
};

static const char *const default_namespaces[] = {
	"mount", "network", "uts", "pid", "ipc", "cgroup",
};

static const struct {
	const char *destination, *type, *source, *options;
} default_mounts[] = {
	{"/proc", "proc", "proc", "nosuid,noexec,nodev"},
	{"/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k"},
	{"/dev/pts", "devpts", "devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5"},
	{"/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro"},
	{"/sys/fs/cgroup", "cgroup", "cgroup", "ro,nosuid,noexec,nodev"},
	{"/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev"},
	{"/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=67108864"},
};

struct oci_mount *oci_spec_mount_find(struct oci_spec *s, const char *destination)
{
	for (size_t i = 0; i < s->mounts.len; i++)
		if (str_eq(s->mounts.items[i].destination, destination))
			return &s->mounts.items[i];
	return NULL;
}

struct oci_mount *oci_spec_mount_add(struct oci_spec *s, const char *destination, const char *type,
				     const char *source, const char *options)
{
	struct oci_mount *m;

	oci_spec_mount_remove(s, destination);
	m = json_array_add(&s->mounts, &oci_mount_json);
	m->destination = xstrdup(destination);
	m->type = xstrdup(type);
	m->source = xstrdup(source);
	if (options != NULL)
		strv_split(&m->options, options, ",");
	return m;
}

void oci_spec_mount_remove(struct oci_spec *s, const char *destination)
{
	struct oci_mount *m = oci_spec_mount_find(s, destination);
	size_t i;

	if (m == NULL)
		return;
	i = (size_t)(m - s->mounts.items);
	json_struct_clear(&oci_mount_json, m);
	memmove(m, m + 1, (s->mounts.len - i - 1) * sizeof(*m));
	s->mounts.len--;
}

static struct oci_namespace *namespace_find(struct oci_spec *s, const char *type)
{
	for (size_t i = 0; i < s->linux_.namespaces.len; i++)
		if (str_eq(s->linux_.namespaces.items[i].type, type))
			return &s->linux_.namespaces.items[i];
	return NULL;
}

const struct oci_namespace *oci_spec_namespace_find(const struct oci_spec *s, const char *type)
{
	for (size_t i = 0; i < s->linux_.namespaces.len; i++)
		if (str_eq(s->linux_.namespaces.items[i].type, type))
			return &s->linux_.namespaces.items[i];
	return NULL;
}

void oci_spec_namespace_set(struct oci_spec *s, const char *type, const char *path)
{
	struct oci_namespace *ns = namespace_find(s, type);

	if (ns == NULL) {
		ns = json_array_add(&s->linux_.namespaces, &oci_namespace_json);
		ns->type = xstrdup(type);
	}
	str_replace_ptr(&ns->path, path);
}

void oci_spec_namespace_remove(struct oci_spec *s, const char *type)
{
	struct oci_namespace *ns = namespace_find(s, type);
	size_t i;

	if (ns == NULL)
		return;
	i = (size_t)(ns - s->linux_.namespaces.items);
	json_struct_clear(&oci_namespace_json, ns);
	memmove(ns, ns + 1, (s->linux_.namespaces.len - i - 1) * sizeof(*ns));
	s->linux_.namespaces.len--;
}

void oci_process_caps(struct oci_process *p, uint64_t mask)
{
	if (p->capabilities == NULL)
		p->capabilities = xcalloc(1, sizeof(*p->capabilities));
	json_struct_clear(&oci_capabilities_json, p->capabilities);
	caps_to_names(mask, &p->capabilities->bounding);
	caps_to_names(mask, &p->capabilities->effective);
	caps_to_names(mask, &p->capabilities->permitted);
}

void oci_process_rlimit(struct oci_process *p, const char *name, uint64_t soft, uint64_t hard)
{
	CLEANUP(freep) char *type = NULL;
	struct oci_rlimit *r = NULL;

	type = str_starts(name, "RLIMIT_") ? xstrdup(name) : xasprintf("RLIMIT_%s", name);
	for (char *c = type; *c != '\0'; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
	for (size_t i = 0; i < p->rlimits.len && r == NULL; i++)
		if (str_eq(p->rlimits.items[i].type, type))
			r = &p->rlimits.items[i];
	if (r == NULL) {
		r = json_array_add(&p->rlimits, &oci_rlimit_json);
		r->type = TAKE(type);
	}
	r->soft = soft;
	r->hard = hard;
}

struct oci_spec *oci_spec_default(void)
{
	struct oci_spec *s = xcalloc(1, sizeof(*s));

	s->oci_version = xstrdup("1.2.1");
	s->process.cwd = xstrdup("/");
	strv_add(&s->process.env,
		 "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	oci_process_caps(&s->process, CAPS_DOCKER_DEFAULT);
	s->root.path = xstrdup("rootfs");
	for (size_t i = 0; i < ARRAY_LEN(default_mounts); i++)
		oci_spec_mount_add(s, default_mounts[i].destination, default_mounts[i].type,
				   default_mounts[i].source, default_mounts[i].options);
	for (size_t i = 0; i < ARRAY_LEN(default_namespaces); i++)
		oci_spec_namespace_set(s, default_namespaces[i], NULL);
	for (size_t i = 0; i < ARRAY_LEN(masked_paths); i++)
		strv_add(&s->linux_.masked_paths, masked_paths[i]);
	for (size_t i = 0; i < ARRAY_LEN(readonly_paths); i++)
		strv_add(&s->linux_.readonly_paths, readonly_paths[i]);
	return s;
}

/* The mount becomes writable: "ro" goes. */
static void mount_writable(struct oci_spec *s, const char *destination)
{
	struct oci_mount *m = oci_spec_mount_find(s, destination);

	for (size_t i = 0; m != NULL && i < m->options.len; i++)
		if (str_eq(m->options.items[i], "ro"))
			strv_remove(&m->options, i--);
}

void oci_spec_privileged(struct oci_spec *s)
{
	oci_process_caps(&s->process, CAPS_ALL);
	strv_clear(&s->linux_.masked_paths);
	strv_clear(&s->linux_.readonly_paths);
	mount_writable(s, "/sys");
	mount_writable(s, "/sys/fs/cgroup");
	str_replace_ptr(&s->process.apparmor_profile, NULL);
	if (s->linux_.seccomp != NULL) {
		json_struct_clear(&oci_seccomp_json, s->linux_.seccomp);
		free(TAKE(s->linux_.seccomp));
	}
}
