// SPDX-License-Identifier: MIT
/*
 * Seccomp filters (seccomp(2)): neutral rules, compiled through libseccomp to
 * a BPF program, which is kept in a cache directory because compiling takes
 * milliseconds. Where rules come from (the OCI and Docker JSON formats) is the
 * oci room's business (oci/seccomp.h).
 */
#ifndef SANDBOX_SECCOMP_H
#define SANDBOX_SECCOMP_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

/* As linux/seccomp.h; the low 16 bits of an ERRNO or TRACE action carry its number. */
#define SANDBOX_ACT_KILL_PROCESS 0x80000000U
#define SANDBOX_ACT_KILL_THREAD	 0x00000000U
#define SANDBOX_ACT_TRAP	 0x00030000U
#define SANDBOX_ACT_ERRNO	 0x00050000U
#define SANDBOX_ACT_NOTIFY	 0x7fc00000U
#define SANDBOX_ACT_TRACE	 0x7ff00000U
#define SANDBOX_ACT_LOG		 0x7ffc0000U
#define SANDBOX_ACT_ALLOW	 0x7fff0000U

enum sandbox_cmp {
	SANDBOX_CMP_NE = 1,
	SANDBOX_CMP_LT,
	SANDBOX_CMP_LE,
	SANDBOX_CMP_EQ,
	SANDBOX_CMP_GE,
	SANDBOX_CMP_GT,
	SANDBOX_CMP_MASKED_EQ,
};

struct sandbox_arg {
	unsigned index; /* 0 to 5 */
	enum sandbox_cmp op;
	uint64_t value;
	uint64_t value_two; /* for MASKED_EQ: value is the mask, value_two the datum */
};

struct sandbox_rule {
	struct strv names; /* system calls; unknown ones are skipped */
	uint32_t action;
	struct sandbox_arg *args;
	size_t n_args;
};

struct sandbox_rules {
	uint32_t default_action;
	struct strv arches; /* "SCMP_ARCH_X86_64" ...; the native one is always there */
	uint32_t flags;	    /* SECCOMP_FILTER_FLAG_* */
	struct sandbox_rule *rules;
	size_t n_rules;
};

/* A finished program: what seccomp(2) takes. */
struct sandbox_filter {
	void *insns; /* struct sock_filter[] */
	size_t n_insns;
	uint32_t flags;
};

/** sandbox_rules_clear() - frees the contents */
void sandbox_rules_clear(struct sandbox_rules *r);
/** sandbox_filter_clear() - frees the program */
void sandbox_filter_clear(struct sandbox_filter *f);
/** sandbox_action_parse() - "SCMP_ACT_ALLOW" ...; errno_ret (-1: EPERM) for ERRNO and TRACE.
 * 0 or -1 when unknown */
int sandbox_action_parse(const char *name, int64_t errno_ret, uint32_t *ret) WARN_UNUSED;
/** sandbox_cmp_parse() - "SCMP_CMP_EQ" ...; 0 or -1 when unknown */
int sandbox_cmp_parse(const char *name, enum sandbox_cmp *ret) WARN_UNUSED;
/** sandbox_arch_native() - this machine's "SCMP_ARCH_..."; static */
const char *sandbox_arch_native(void);
/** sandbox_filter_compile() - rules to a program; ERR_INVALID for an unknown arch or a bad argument
 * comparison. Not thread-safe with itself in musl's sense of errno only: any thread */
int sandbox_filter_compile(const struct sandbox_rules *r, struct sandbox_filter *ret,
			   struct err *e) WARN_UNUSED;
/** sandbox_filter_load() - reads a program stored under key in the cache directory;
 * ERR_NOTFOUND when there is none, ERR_INVALID when it is damaged */
int sandbox_filter_load(const char *cache_dir, const char *key, struct sandbox_filter *ret,
			struct err *e) WARN_UNUSED;
/** sandbox_filter_store() - writes a program under key (a file name), atomically; the directory is
 * made when missing */
int sandbox_filter_store(const char *cache_dir, const char *key, const struct sandbox_filter *f,
			 struct err *e) WARN_UNUSED;
/** sandbox_filter_install() - for the calling thread, by raw seccomp(2). Needs CAP_SYS_ADMIN in the
 * user namespace or no_new_privs. Nothing for an empty program */
int sandbox_filter_install(const struct sandbox_filter *f, struct err *e) WARN_UNUSED;

#endif
