// SPDX-License-Identifier: MIT
/*
 * Seccomp profiles in JSON: the runtime specification's linux.seccomp and
 * Docker's profile format, which adds archMap, includes and excludes. Both
 * become the sandbox room's neutral rules.
 */
#ifndef OCI_SECCOMP_H
#define OCI_SECCOMP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "json/bind.h"
#include "sandbox/seccomp.h"

struct oci_seccomp_arg {
	uint32_t index;
	uint64_t value;
	uint64_t value_two;
	char *op;
};

/* Docker's condition of a rule. */
struct oci_seccomp_filter {
	struct strv caps;
	struct strv arches; /* "amd64" ... as Go names them */
	char *min_kernel;   /* "4.8" */
};

struct oci_seccomp_syscall {
	struct strv names;
	char *name; /* old form: one name */
	char *action;
	struct json_opt_i64 errno_ret;
	JSON_ARRAY_OF(struct oci_seccomp_arg) args;
	struct oci_seccomp_filter includes, excludes; /* Docker's */
};

struct oci_seccomp_arch {
	char *architecture;
	struct strv sub_architectures;
};

struct oci_seccomp {
	char *default_action;
	struct json_opt_i64 default_errno_ret;
	struct strv architectures;
	struct strv flags;
	JSON_ARRAY_OF(struct oci_seccomp_arch) arch_map; /* Docker's */
	JSON_ARRAY_OF(struct oci_seccomp_syscall) syscalls;
};

extern const struct json_struct oci_seccomp_json;

/** oci_seccomp_default() - the text of the built-in default profile (config/seccomp.json) */
const char *oci_seccomp_default(size_t *ret_len);
/**
 * oci_seccomp_rules() - the rules that hold for a process
 * @p:    a profile of either format
 * @caps: the process's bounding set: conditions on capabilities look at it
 * @ret:  filled; sandbox_rules_clear()
 * @e:    ERR_INVALID names what is wrong
 *
 * Return: 0 or -1.
 */
int oci_seccomp_rules(const struct oci_seccomp *p, uint64_t caps, struct sandbox_rules *ret,
		      struct err *e) WARN_UNUSED;
/**
 * oci_seccomp_check() - whether a text is a usable profile, for `docker run --security-opt`
 * @text: JSON
 * @len:  at most OCI_SECCOMP_MAX
 * @e:    ERR_INVALID "Decoding seccomp profile failed: ..."
 */
int oci_seccomp_check(const char *text, size_t len, struct err *e) WARN_UNUSED;
/**
 * oci_seccomp_filter() - profile text to a program, through the cache
 * @text:      profile of either format; NULL is the built-in default
 * @len:       its bytes
 * @caps:      the process's bounding set
 * @cache_dir: directory of finished programs, made when missing; NULL: no cache. A cache that
 *             cannot be written is no failure
 * @ret:       filled; sandbox_filter_clear()
 * @e:         ERR_INVALID
 *
 * Return: 0 or -1.
 */
int oci_seccomp_filter(const char *text, size_t len, uint64_t caps, const char *cache_dir,
		       struct sandbox_filter *ret, struct err *e) WARN_UNUSED;

#endif
