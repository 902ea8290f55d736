// SPDX-License-Identifier: MIT
/*
 * The OCI runtime specification (config.json, runtime-spec 1.2) as C structs
 * bound by json/bind.h. A zeroed struct is an empty specification. Data only:
 * nothing here acts. Freed by oci_spec_free().
 */
#ifndef OCI_SPEC_H
#define OCI_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "json/bind.h"
#include "oci/seccomp.h"

struct oci_user {
	uint32_t uid;
	uint32_t gid;
	struct json_i64s additional_gids;
	struct json_opt_i64 umask;
	/* Docker's "user[:group]" by name or number. When set, the init looks it up in the
	 * container's own /etc/passwd and /etc/group and ignores uid and gid. */
	char *username;
	/* Docker's --group-add: names or numbers, resolved there too. */
	struct strv additional_groups;
};

struct oci_rlimit {
	char *type; /* "RLIMIT_NOFILE" */
	uint64_t hard;
	uint64_t soft;
};

struct oci_capabilities {
	struct strv bounding, effective, inheritable, permitted, ambient;
};

struct oci_process {
	bool terminal;
	struct {
		uint64_t height, width;
	} console_size;
	struct oci_user user;
	struct strv args;
	struct strv env;
	char *cwd;
	struct oci_capabilities *capabilities; /* NULL: none */
	JSON_ARRAY_OF(struct oci_rlimit) rlimits;
	bool no_new_privileges;
	char *apparmor_profile;
	struct json_opt_i64 oom_score_adj;
	char *selinux_label; /* carried */
};

struct oci_root {
	char *path; /* absolute, or relative to the bundle */
	bool readonly;
};

struct oci_mount {
	char *destination;
	char *type;
	char *source;
	struct strv options; /* with ours: "copyup" fills an empty source from the image first */
};

struct oci_namespace {
	char *type; /* pid network mount ipc uts user cgroup time */
	char *path; /* NULL or "": a new one */
};

struct oci_id_mapping {
	uint32_t container_id;
	uint32_t host_id;
	uint32_t size;
};

struct oci_device {
	char *type; /* c b u p */
	char *path;
	int64_t major, minor;
	uint32_t file_mode;
	uint32_t uid, gid;
};

struct oci_memory {
	struct json_opt_i64 limit, reservation, swap;
};

struct oci_cpu {
	uint64_t shares;
	struct json_opt_i64 quota;
	uint64_t period;
	char *cpus;
	char *mems;
};

struct oci_pids {
	int64_t limit;
};

struct oci_block_io {
	uint32_t weight;
};

struct oci_resources {
	char *devices; /* JSON text, carried: a user namespace has no device cgroup */
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_pids *pids;
	struct oci_block_io *block_io;
};

struct oci_linux {
	JSON_ARRAY_OF(struct oci_id_mapping) uid_mappings;
	JSON_ARRAY_OF(struct oci_id_mapping) gid_mappings;
	struct json_strmap sysctl;
	struct oci_resources *resources;
	char *cgroups_path;
	JSON_ARRAY_OF(struct oci_namespace) namespaces;
	JSON_ARRAY_OF(struct oci_device) devices;
	struct oci_seccomp *seccomp;
	char *rootfs_propagation;
	struct strv masked_paths;
	struct strv readonly_paths;
	char *mount_label; /* carried */
};

struct oci_spec {
	char *oci_version;
	struct oci_process process;
	struct oci_root root;
	char *hostname;
	char *domainname;
	JSON_ARRAY_OF(struct oci_mount) mounts;
	char *hooks; /* JSON text, carried */
	struct json_strmap annotations;
	struct oci_linux linux_;
};

/* For binding (exec takes a process alone). */
extern const struct json_struct oci_spec_json;
extern const struct json_struct oci_process_json;
extern const struct json_struct oci_mount_json;
extern const struct json_struct oci_rlimit_json;
extern const struct json_struct oci_capabilities_json;
extern const struct json_struct oci_namespace_json;
extern const struct json_struct oci_device_json;
extern const struct json_struct oci_id_mapping_json;
extern const struct json_struct oci_resources_json;
extern const struct json_struct oci_memory_json;
extern const struct json_struct oci_cpu_json;
extern const struct json_struct oci_pids_json;
extern const struct json_struct oci_block_io_json;

/**
 * oci_spec_parse() - read a config.json
 * @text: bytes, not kept
 * @len:  at most OCI_SPEC_MAX
 * @ret:  the caller's, oci_spec_free()
 * @e:    ERR_INVALID, also for what oci_spec_check() finds
 *
 * Return: 0 or -1. Any thread.
 */
int oci_spec_parse(const char *text, size_t len, struct oci_spec **ret, struct err *e) WARN_UNUSED;
/** oci_spec_write() - appends the specification as JSON */
void oci_spec_write(const struct oci_spec *s, struct buf *out);
/** oci_spec_check() - absolute paths, known namespaces once each, arguments present; ERR_INVALID */
int oci_spec_check(const struct oci_spec *s, struct err *e) WARN_UNUSED;
/** oci_process_check() - the same for a process alone, as exec gets it */
int oci_process_check(const struct oci_process *p, struct err *e) WARN_UNUSED;
/** oci_spec_free() - NULL is fine */
void oci_spec_free(struct oci_spec *s);
/** oci_spec_freep() - CLEANUP(oci_spec_freep) */
void oci_spec_freep(struct oci_spec **s);

/** oci_spec_default() - Docker's defaults for a new container: 14 capabilities, mounts, masked and
 * read-only paths, new pid, mount, ipc, uts, network and cgroup namespaces, PATH. No args, no user,
 * no seccomp (see the seccomp members of struct container_config). The caller's */
struct oci_spec *oci_spec_default(void);
/** oci_spec_mount_add() - appends a mount; options is a comma list, may be NULL; the new item,
 * valid until the next change. An earlier mount of the same destination is replaced */
struct oci_mount *oci_spec_mount_add(struct oci_spec *s, const char *destination, const char *type,
				     const char *source, const char *options);
/** oci_spec_mount_find() - the mount of exactly this destination, or NULL; borrowed */
struct oci_mount *oci_spec_mount_find(struct oci_spec *s, const char *destination);
/** oci_spec_mount_remove() - nothing when absent */
void oci_spec_mount_remove(struct oci_spec *s, const char *destination);
/** oci_spec_namespace_set() - a namespace of this type is new (path NULL) or joined by path */
void oci_spec_namespace_set(struct oci_spec *s, const char *type, const char *path);
/** oci_spec_namespace_remove() - the container shares the engine's namespace of this type */
void oci_spec_namespace_remove(struct oci_spec *s, const char *type);
/** oci_spec_namespace_find() - entry of this type or NULL; borrowed */
const struct oci_namespace *oci_spec_namespace_find(const struct oci_spec *s, const char *type);
/** oci_process_caps() - sets bounding, effective and permitted to the mask's names (inheritable and
 * ambient empty, as Docker since 20.10.14) */
void oci_process_caps(struct oci_process *p, uint64_t mask);
/** oci_process_rlimit() - sets a limit, replacing an earlier one; name as "nofile" or
 * "RLIMIT_NOFILE" */
void oci_process_rlimit(struct oci_process *p, const char *name, uint64_t soft, uint64_t hard);
/** oci_spec_privileged() - what --privileged changes: every capability, nothing masked or
 * read-only, /sys and cgroup writable, no seccomp, no AppArmor */
void oci_spec_privileged(struct oci_spec *s);

#endif
