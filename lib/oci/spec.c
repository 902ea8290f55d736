// SPDX-License-Identifier: MIT
/*
 * Binding tables, reading, writing and checking of the runtime specification.
 * Sources: opencontainers/runtime-spec config.md and config-linux.md 1.2.
 */
#include "oci/spec.h"

#include <limits.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"

#define F(type, member, name, kind)	  JSON_F(type, member, name, kind, NULL, JSON_OMITEMPTY)
#define F_REQ(type, member, name, kind)	  JSON_F(type, member, name, kind, NULL, 0)
#define F_SUB(type, member, name, k, sub) JSON_F(type, member, name, k, sub, JSON_OMITEMPTY)

static const struct json_field user_fields[] = {
	F_REQ(struct oci_user, uid, "uid", JSON_B_UINT32),
	F_REQ(struct oci_user, gid, "gid", JSON_B_UINT32),
	F(struct oci_user, additional_gids, "additionalGids", JSON_B_I64_ARR),
	F(struct oci_user, umask, "umask", JSON_B_OPT_INT64),
	F(struct oci_user, username, "username", JSON_B_STR),
	F(struct oci_user, additional_groups, "additionalGroups", JSON_B_STRV),
	{0},
};
static const struct json_struct user_json = {"specs.User", sizeof(struct oci_user), user_fields};

static const struct json_field rlimit_fields[] = {
	F_REQ(struct oci_rlimit, type, "type", JSON_B_STR),
	F_REQ(struct oci_rlimit, hard, "hard", JSON_B_UINT64),
	F_REQ(struct oci_rlimit, soft, "soft", JSON_B_UINT64),
	{0},
};
const struct json_struct oci_rlimit_json = {"specs.POSIXRlimit", sizeof(struct oci_rlimit),
					    rlimit_fields};

static const struct json_field capabilities_fields[] = {
	F(struct oci_capabilities, bounding, "bounding", JSON_B_STRV),
	F(struct oci_capabilities, effective, "effective", JSON_B_STRV),
	F(struct oci_capabilities, inheritable, "inheritable", JSON_B_STRV),
	F(struct oci_capabilities, permitted, "permitted", JSON_B_STRV),
	F(struct oci_capabilities, ambient, "ambient", JSON_B_STRV),
	{0},
};
const struct json_struct oci_capabilities_json = {
	"specs.LinuxCapabilities", sizeof(struct oci_capabilities), capabilities_fields};

struct console_size {
	uint64_t height, width;
};
static const struct json_field console_fields[] = {
	F_REQ(struct console_size, height, "height", JSON_B_UINT64),
	F_REQ(struct console_size, width, "width", JSON_B_UINT64),
	{0},
};
static const struct json_struct console_json = {"specs.Box", sizeof(struct console_size),
						console_fields};

static const struct json_field process_fields[] = {
	F(struct oci_process, terminal, "terminal", JSON_B_BOOL),
	JSON_F(struct oci_process, console_size, "consoleSize", JSON_B_STRUCT, &console_json,
	       JSON_OMITZERO),
	F_SUB(struct oci_process, user, "user", JSON_B_STRUCT, &user_json),
	F_REQ(struct oci_process, args, "args", JSON_B_STRV),
	F(struct oci_process, env, "env", JSON_B_STRV),
	F_REQ(struct oci_process, cwd, "cwd", JSON_B_STR),
	F_SUB(struct oci_process, capabilities, "capabilities", JSON_B_STRUCT_PTR,
	      &oci_capabilities_json),
	F_SUB(struct oci_process, rlimits, "rlimits", JSON_B_STRUCT_ARR, &oci_rlimit_json),
	F(struct oci_process, no_new_privileges, "noNewPrivileges", JSON_B_BOOL),
	F(struct oci_process, apparmor_profile, "apparmorProfile", JSON_B_STR),
	F(struct oci_process, oom_score_adj, "oomScoreAdj", JSON_B_OPT_INT64),
	F(struct oci_process, selinux_label, "selinuxLabel", JSON_B_STR),
	{0},
};
const struct json_struct oci_process_json = {"specs.Process", sizeof(struct oci_process),
					     process_fields};

static const struct json_field root_fields[] = {
	F_REQ(struct oci_root, path, "path", JSON_B_STR),
	F(struct oci_root, readonly, "readonly", JSON_B_BOOL),
	{0},
};
static const struct json_struct root_json = {"specs.Root", sizeof(struct oci_root), root_fields};

static const struct json_field mount_fields[] = {
	F_REQ(struct oci_mount, destination, "destination", JSON_B_STR),
	F(struct oci_mount, type, "type", JSON_B_STR),
	F(struct oci_mount, source, "source", JSON_B_STR),
	F(struct oci_mount, options, "options", JSON_B_STRV),
	{0},
};
const struct json_struct oci_mount_json = {"specs.Mount", sizeof(struct oci_mount), mount_fields};

static const struct json_field namespace_fields[] = {
	F_REQ(struct oci_namespace, type, "type", JSON_B_STR),
	F(struct oci_namespace, path, "path", JSON_B_STR),
	{0},
};
const struct json_struct oci_namespace_json = {"specs.LinuxNamespace", sizeof(struct oci_namespace),
					       namespace_fields};

static const struct json_field id_mapping_fields[] = {
	F_REQ(struct oci_id_mapping, container_id, "containerID", JSON_B_UINT32),
	F_REQ(struct oci_id_mapping, host_id, "hostID", JSON_B_UINT32),
	F_REQ(struct oci_id_mapping, size, "size", JSON_B_UINT32),
	{0},
};
const struct json_struct oci_id_mapping_json = {"specs.LinuxIDMapping",
						sizeof(struct oci_id_mapping), id_mapping_fields};

static const struct json_field device_fields[] = {
	F_REQ(struct oci_device, type, "type", JSON_B_STR),
	F_REQ(struct oci_device, path, "path", JSON_B_STR),
	F(struct oci_device, major, "major", JSON_B_INT64),
	F(struct oci_device, minor, "minor", JSON_B_INT64),
	F(struct oci_device, file_mode, "fileMode", JSON_B_UINT32),
	F(struct oci_device, uid, "uid", JSON_B_UINT32),
	F(struct oci_device, gid, "gid", JSON_B_UINT32),
	{0},
};
const struct json_struct oci_device_json = {"specs.LinuxDevice", sizeof(struct oci_device),
					    device_fields};

static const struct json_field memory_fields[] = {
	F(struct oci_memory, limit, "limit", JSON_B_OPT_INT64),
	F(struct oci_memory, reservation, "reservation", JSON_B_OPT_INT64),
	F(struct oci_memory, swap, "swap", JSON_B_OPT_INT64),
	{0},
};
const struct json_struct oci_memory_json = {"specs.LinuxMemory", sizeof(struct oci_memory),
					    memory_fields};

static const struct json_field cpu_fields[] = {
	F(struct oci_cpu, shares, "shares", JSON_B_UINT64),
	F(struct oci_cpu, quota, "quota", JSON_B_OPT_INT64),
	F(struct oci_cpu, period, "period", JSON_B_UINT64),
	F(struct oci_cpu, cpus, "cpus", JSON_B_STR),
	F(struct oci_cpu, mems, "mems", JSON_B_STR),
	{0},
};
const struct json_struct oci_cpu_json = {"specs.LinuxCPU", sizeof(struct oci_cpu), cpu_fields};

static const struct json_field pids_fields[] = {
	F_REQ(struct oci_pids, limit, "limit", JSON_B_INT64),
	{0},
};
const struct json_struct oci_pids_json = {"specs.LinuxPids", sizeof(struct oci_pids), pids_fields};

static const struct json_field block_io_fields[] = {
	F(struct oci_block_io, weight, "weight", JSON_B_UINT32),
	{0},
};
const struct json_struct oci_block_io_json = {"specs.LinuxBlockIO", sizeof(struct oci_block_io),
					      block_io_fields};

static const struct json_field resources_fields[] = {
	F(struct oci_resources, devices, "devices", JSON_B_RAW),
	F_SUB(struct oci_resources, memory, "memory", JSON_B_STRUCT_PTR, &oci_memory_json),
	F_SUB(struct oci_resources, cpu, "cpu", JSON_B_STRUCT_PTR, &oci_cpu_json),
	F_SUB(struct oci_resources, pids, "pids", JSON_B_STRUCT_PTR, &oci_pids_json),
	F_SUB(struct oci_resources, block_io, "blockIO", JSON_B_STRUCT_PTR, &oci_block_io_json),
	{0},
};
const struct json_struct oci_resources_json = {"specs.LinuxResources", sizeof(struct oci_resources),
					       resources_fields};

static const struct json_field linux_fields[] = {
	F_SUB(struct oci_linux, uid_mappings, "uidMappings", JSON_B_STRUCT_ARR,
	      &oci_id_mapping_json),
	F_SUB(struct oci_linux, gid_mappings, "gidMappings", JSON_B_STRUCT_ARR,
	      &oci_id_mapping_json),
	F(struct oci_linux, sysctl, "sysctl", JSON_B_STRMAP),
	F_SUB(struct oci_linux, resources, "resources", JSON_B_STRUCT_PTR, &oci_resources_json),
	F(struct oci_linux, cgroups_path, "cgroupsPath", JSON_B_STR),
	F_SUB(struct oci_linux, namespaces, "namespaces", JSON_B_STRUCT_ARR, &oci_namespace_json),
	F_SUB(struct oci_linux, devices, "devices", JSON_B_STRUCT_ARR, &oci_device_json),
	F_SUB(struct oci_linux, seccomp, "seccomp", JSON_B_STRUCT_PTR, &oci_seccomp_json),
	F(struct oci_linux, rootfs_propagation, "rootfsPropagation", JSON_B_STR),
	F(struct oci_linux, masked_paths, "maskedPaths", JSON_B_STRV),
	F(struct oci_linux, readonly_paths, "readonlyPaths", JSON_B_STRV),
	F(struct oci_linux, mount_label, "mountLabel", JSON_B_STR),
	{0},
};
static const struct json_struct linux_json = {"specs.Linux", sizeof(struct oci_linux),
					      linux_fields};

static const struct json_field spec_fields[] = {
	F_REQ(struct oci_spec, oci_version, "ociVersion", JSON_B_STR),
	F_SUB(struct oci_spec, process, "process", JSON_B_STRUCT, &oci_process_json),
	F_SUB(struct oci_spec, root, "root", JSON_B_STRUCT, &root_json),
	F(struct oci_spec, hostname, "hostname", JSON_B_STR),
	F(struct oci_spec, domainname, "domainname", JSON_B_STR),
	F_SUB(struct oci_spec, mounts, "mounts", JSON_B_STRUCT_ARR, &oci_mount_json),
	F(struct oci_spec, hooks, "hooks", JSON_B_RAW),
	F(struct oci_spec, annotations, "annotations", JSON_B_STRMAP),
	F_SUB(struct oci_spec, linux_, "linux", JSON_B_STRUCT, &linux_json),
	{0},
};
const struct json_struct oci_spec_json = {"specs.Spec", sizeof(struct oci_spec), spec_fields};

void oci_spec_free(struct oci_spec *s)
{
	if (s == NULL)
		return;
	json_struct_clear(&oci_spec_json, s);
	free(s);
}

void oci_spec_freep(struct oci_spec **s)
{
	oci_spec_free(*s);
}

int oci_spec_parse(const char *text, size_t len, struct oci_spec **ret, struct err *e)
{
	CLEANUP(oci_spec_freep) struct oci_spec *s = xcalloc(1, sizeof(*s));

	if (len > OCI_SPEC_MAX)
		return err_set(e, ERR_INVALID, 0, "config.json is longer than %llu bytes",
			       OCI_SPEC_MAX);
	if (json_bind_text(text, len, &oci_spec_json, s, e) < 0)
		return -1;
	if (oci_spec_check(s, e) < 0)
		return -1;
	*ret = TAKE(s);
	return 0;
}

void oci_spec_write(const struct oci_spec *s, struct buf *out)
{
	struct json_w w;

	jw_init(&w, out);
	json_unbind(&w, &oci_spec_json, s);
}

int oci_process_check(const struct oci_process *p, struct err *e)
{
	if (p->args.len == 0 || str_empty(p->args.items[0]))
		return err_set(e, ERR_INVALID, 0, "no command specified");
	if (p->args.len > OCI_STRINGS_MAX || p->env.len > OCI_STRINGS_MAX)
		return err_set(e, ERR_INVALID, 0, "too many arguments or variables");
	if (!str_empty(p->cwd) && p->cwd[0] != '/')
		return err_set(e, ERR_INVALID, 0,
			       "the working directory '%s' is invalid, it needs to be an absolute "
			       "path",
			       p->cwd);
	for (size_t i = 0; i < p->user.additional_gids.len; i++)
		if (p->user.additional_gids.items[i] < 0 ||
		    p->user.additional_gids.items[i] > INT_MAX)
			return err_set(e, ERR_INVALID, 0, "uids and gids must be in range 0-%d",
				       INT_MAX);
	return 0;
}

static int namespaces_check(const struct oci_linux *l, struct err *e)
{
	static const char *const known[] = {"pid", "network", "mount",	"ipc",
					    "uts", "user",    "cgroup", "time"};
	unsigned seen = 0;

	for (size_t i = 0; i < l->namespaces.len; i++) {
		const struct oci_namespace *ns = &l->namespaces.items[i];
		size_t k = 0;

		while (k < ARRAY_LEN(known) && !str_eq(known[k], ns->type))
			k++;
		if (k == ARRAY_LEN(known))
			return err_set(e, ERR_INVALID, 0, "namespace \"%s\" does not exist",
				       ns->type != NULL ? ns->type : "");
		if (seen & 1U << k)
			return err_set(e, ERR_INVALID, 0, "malformed spec: duplicated ns \"%s\"",
				       ns->type);
		seen |= 1U << k;
		if (!str_empty(ns->path) && ns->path[0] != '/')
			return err_set(e, ERR_INVALID, 0, "namespace path %s is not absolute",
				       ns->path);
	}
	return 0;
}

int oci_spec_check(const struct oci_spec *s, struct err *e)
{
	if (oci_process_check(&s->process, e) < 0 || namespaces_check(&s->linux_, e) < 0)
		return -1;
	if (s->mounts.len > OCI_MOUNTS_MAX)
		return err_set(e, ERR_INVALID, 0, "more than %d mounts", OCI_MOUNTS_MAX);
	for (size_t i = 0; i < s->mounts.len; i++) {
		const char *dst = s->mounts.items[i].destination;

		if (str_empty(dst) || dst[0] != '/')
			return err_set(e, ERR_INVALID, 0,
				       "invalid mount destination '%s': mount path must be "
				       "absolute",
				       dst != NULL ? dst : "");
	}
	for (size_t i = 0; i < s->linux_.devices.len; i++)
		if (str_empty(s->linux_.devices.items[i].path) ||
		    s->linux_.devices.items[i].path[0] != '/')
			return err_set(e, ERR_INVALID, 0, "device path must be absolute");
	return 0;
}
