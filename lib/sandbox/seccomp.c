// SPDX-License-Identifier: MIT
/*
 * Rules to BPF through libseccomp (seccomp_rule_add(3), seccomp_export_bpf(3)).
 *
 * libseccomp makes a binary tree, so that the kernel's walk over all system
 * calls at load time stays short. In front of its program stands a prologue of
 * ours: system calls newer than the newest one that the rules name answer
 * ENOSYS instead of the default EPERM, as runc does, since C libraries try a
 * new call and fall back on ENOSYS only; and calls that libseccomp does not
 * know yet, but the rules name, are decided there by number.
 */
#include "sandbox/seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"

/* Since 5.1 numbers are the same on every architecture; after libseccomp 2.5.4. */
static const struct {
	const char *name;
	unsigned number;
} new_calls[] = {
	{"cachestat", 451},	    {"fchmodat2", 452},	       {"map_shadow_stack", 453},
	{"futex_wake", 454},	    {"futex_wait", 455},       {"futex_requeue", 456},
	{"statmount", 457},	    {"listmount", 458},	       {"lsm_get_self_attr", 459},
	{"lsm_set_self_attr", 460}, {"lsm_list_modules", 461}, {"mseal", 462},
	{"setxattrat", 463},	    {"getxattrat", 464},       {"listxattrat", 465},
	{"removexattrat", 466},	    {"open_tree_attr", 467},
};

static const struct {
	const char *name;
	uint32_t token;
	uint32_t audit;
} arches[] = {
	{"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64},
	{"SCMP_ARCH_X86", SCMP_ARCH_X86, AUDIT_ARCH_I386},
	{"SCMP_ARCH_X32", SCMP_ARCH_X32, 0},
	{"SCMP_ARCH_ARM", SCMP_ARCH_ARM, AUDIT_ARCH_ARM},
	{"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64},
	{"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS, 0},
	{"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64, 0},
	{"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32, 0},
	{"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL, 0},
	{"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64, 0},
	{"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32, 0},
	{"SCMP_ARCH_PPC", SCMP_ARCH_PPC, 0},
	{"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64, 0},
	{"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE, AUDIT_ARCH_PPC64LE},
	{"SCMP_ARCH_S390", SCMP_ARCH_S390, 0},
	{"SCMP_ARCH_S390X", SCMP_ARCH_S390X, AUDIT_ARCH_S390X},
	{"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64},
};

static const struct {
	const char *name;
	uint32_t action;
	bool has_errno;
} actions[] = {
	{"SCMP_ACT_KILL", SANDBOX_ACT_KILL_THREAD, false},
	{"SCMP_ACT_KILL_THREAD", SANDBOX_ACT_KILL_THREAD, false},
	{"SCMP_ACT_KILL_PROCESS", SANDBOX_ACT_KILL_PROCESS, false},
	{"SCMP_ACT_TRAP", SANDBOX_ACT_TRAP, false},
	{"SCMP_ACT_ERRNO", SANDBOX_ACT_ERRNO, true},
	{"SCMP_ACT_TRACE", SANDBOX_ACT_TRACE, true},
	{"SCMP_ACT_LOG", SANDBOX_ACT_LOG, false},
	{"SCMP_ACT_ALLOW", SANDBOX_ACT_ALLOW, false},
};

static const struct {
	const char *name;
	enum sandbox_cmp op;
	enum scmp_compare scmp;
} compares[] = {
	{"SCMP_CMP_NE", SANDBOX_CMP_NE, SCMP_CMP_NE},
	{"SCMP_CMP_LT", SANDBOX_CMP_LT, SCMP_CMP_LT},
	{"SCMP_CMP_LE", SANDBOX_CMP_LE, SCMP_CMP_LE},
	{"SCMP_CMP_EQ", SANDBOX_CMP_EQ, SCMP_CMP_EQ},
	{"SCMP_CMP_GE", SANDBOX_CMP_GE, SCMP_CMP_GE},
	{"SCMP_CMP_GT", SANDBOX_CMP_GT, SCMP_CMP_GT},
	{"SCMP_CMP_MASKED_EQ", SANDBOX_CMP_MASKED_EQ, SCMP_CMP_MASKED_EQ},
};

void sandbox_rules_clear(struct sandbox_rules *r)
{
	for (size_t i = 0; i < r->n_rules; i++) {
		strv_clear(&r->rules[i].names);
		free(r->rules[i].args);
	}
	free(r->rules);
	strv_clear(&r->arches);
	*r = (struct sandbox_rules){0};
}

int sandbox_action_parse(const char *name, int64_t errno_ret, uint32_t *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
		if (!str_eq(name, actions[i].name))
			continue;
		*ret = actions[i].action;
		if (actions[i].has_errno)
			*ret |= (uint32_t)(errno_ret < 0 ? EPERM : errno_ret) & 0xffff;
		return 0;
	}
	return -1;
}

int sandbox_cmp_parse(const char *name, enum sandbox_cmp *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(compares); i++) {
		if (!str_eq(name, compares[i].name))
			continue;
		*ret = compares[i].op;
		return 0;
	}
	return -1;
}

const char *sandbox_arch_native(void)
{
	uint32_t token = seccomp_arch_native();

	for (size_t i = 0; i < ARRAY_LEN(arches); i++)
		if (arches[i].token == token)
			return arches[i].name;
	return "";
}

static void scmp_freep(scmp_filter_ctx *ctx)
{
	if (*ctx != NULL)
		seccomp_release(*ctx);
}

static int add_arches(scmp_filter_ctx ctx, const struct sandbox_rules *r, struct err *e)
{
	strv_for_each (name, &r->arches) {
		size_t i = 0;
		int rc;

		while (i < ARRAY_LEN(arches) && !str_eq(arches[i].name, *name))
			i++;
		if (i == ARRAY_LEN(arches))
			return err_set(e, ERR_INVALID, 0, "unknown seccomp architecture %s", *name);
		rc = seccomp_arch_add(ctx, arches[i].token);
		if (rc < 0 && rc != -EEXIST && rc != -EDOM) /* EDOM: another byte order */
			return err_set(e, ERR_INVALID, -rc, "seccomp architecture %s: %s", *name,
				       strerror(-rc));
	}
	return 0;
}

static int to_scmp(const struct sandbox_arg *a, struct scmp_arg_cmp *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(compares); i++)
		if (compares[i].op == a->op && a->index < 6) {
			ret->arg = a->index;
			ret->op = compares[i].scmp;
			ret->datum_a = a->value;
			ret->datum_b = a->value_two;
			return 0;
		}
	return -1;
}

static bool index_repeats(const struct sandbox_rule *r)
{
	unsigned seen = 0;

	for (size_t i = 0; i < r->n_args; i++) {
		if (r->args[i].index > 5 || seen & 1U << r->args[i].index)
			return true;
		seen |= 1U << r->args[i].index;
	}
	return false;
}

/* Conditions on different arguments must all hold; on the same one, any, as runc reads them. */
static int add_call(scmp_filter_ctx ctx, const struct sandbox_rule *r, int nr, const char *name,
		    struct err *e)
{
	struct scmp_arg_cmp cmp[6];
	bool apart = index_repeats(r);
	int rc = 0;

	if (r->n_args == 0)
		rc = seccomp_rule_add_array(ctx, r->action, nr, 0, NULL);
	for (size_t i = 0; i < r->n_args; i++) {
		if (to_scmp(&r->args[i], &cmp[apart ? 0 : i]) < 0)
			return err_set(e, ERR_INVALID, 0, "seccomp rule for %s: bad argument",
				       name);
		if (apart || i + 1 == r->n_args)
			rc = seccomp_rule_add_array(ctx, r->action, nr,
						    apart ? 1 : (unsigned)r->n_args, cmp);
		if (rc < 0 && rc != -EEXIST)
			break;
	}
	if (rc < 0 && rc != -EEXIST)
		return err_set(e, ERR_INVALID, -rc, "seccomp rule for %s: %s", name, strerror(-rc));
	return 0;
}

static int add_rules(scmp_filter_ctx ctx, const struct sandbox_rules *r, struct err *e)
{
	for (size_t i = 0; i < r->n_rules; i++) {
		const struct sandbox_rule *rule = &r->rules[i];

		if (rule->action == r->default_action)
			continue;
		strv_for_each (name, &rule->names) {
			int nr = seccomp_syscall_resolve_name(*name);

			if (nr != __NR_SCMP_ERROR && add_call(ctx, rule, nr, *name, e) < 0)
				return -1;
		}
	}
	return 0;
}

static void emit(struct buf *b, uint16_t code, uint8_t jt, uint8_t jf, uint32_t k)
{
	struct sock_filter f = {code, jt, jf, k};

	buf_add(b, &f, sizeof(f));
}

/* Newest call of an architecture that the rules name. */
static int newest_call(const struct sandbox_rules *r, uint32_t token)
{
	int newest = -1;

	for (size_t i = 0; i < r->n_rules; i++)
		strv_for_each (name, &r->rules[i].names) {
			int nr = seccomp_syscall_resolve_name_arch(token, *name);

			if (nr < 0x40000000)
				newest = MAX(newest, nr);
		}
	return newest;
}

/* "nr is N: the rule's action" for each named call that libseccomp does not know. */
static void emit_new_calls(struct buf *b, const struct sandbox_rules *r, int newest)
{
	for (size_t i = 0; i < r->n_rules; i++) {
		if (r->rules[i].n_args != 0)
			continue;
		for (size_t k = 0; k < ARRAY_LEN(new_calls); k++) {
			if ((int)new_calls[k].number <= newest ||
			    !strv_has(&r->rules[i].names, new_calls[k].name))
				continue;
			emit(b, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, new_calls[k].number);
			emit(b, BPF_RET | BPF_K, 0, 0, r->rules[i].action);
		}
	}
}

/* The part of the prologue for one architecture; falls through to what follows. */
static void emit_arch(struct buf *b, const struct sandbox_rules *r, uint32_t token, uint32_t audit)
{
	CLEANUP(buf_clear) struct buf block = BUF_INIT;
	int newest = newest_call(r, token);

	if (newest < 0)
		return;
	emit_new_calls(&block, r, newest);
	emit(&block, BPF_RET | BPF_K, 0, 0, SANDBOX_ACT_ERRNO | ENOSYS);
	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, arch));
	emit(b, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, audit);
	emit(b, BPF_JMP | BPF_JA, 0, 0, (uint32_t)(block.len / sizeof(struct sock_filter)) + 5);
	emit(b, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
	emit(b, BPF_JMP | BPF_JGE | BPF_K, 0, 1, 0x40000000); /* x32, and -1 of a tracer */
	emit(b, BPF_JMP | BPF_JA, 0, 0, (uint32_t)(block.len / sizeof(struct sock_filter)) + 2);
	emit(b, BPF_JMP | BPF_JGT | BPF_K, 1, 0, (uint32_t)newest);
	emit(b, BPF_JMP | BPF_JA, 0, 0, (uint32_t)(block.len / sizeof(struct sock_filter)));
	buf_add(b, block.data, block.len);
}

static void emit_prologue(struct buf *b, const struct sandbox_rules *r)
{
	uint32_t native = seccomp_arch_native();

	if (r->default_action == SANDBOX_ACT_ALLOW || r->default_action == SANDBOX_ACT_LOG)
		return;
	for (size_t i = 0; i < ARRAY_LEN(arches); i++)
		if (arches[i].audit != 0 &&
		    (arches[i].token == native || strv_has(&r->arches, arches[i].name)))
			emit_arch(b, r, arches[i].token, arches[i].audit);
}

static int export_bpf(scmp_filter_ctx ctx, struct buf *out, struct err *e)
{
	CLEANUP(fd_closep) int fd = fd_memfile("seccomp", "", 0, e);
	int rc;

	if (fd < 0)
		return -1;
	rc = seccomp_export_bpf(ctx, fd);
	if (rc < 0)
		return err_set(e, ERR_SYSTEM, -rc, "export the seccomp filter: %s", strerror(-rc));
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "read the seccomp filter");
	return fd_read_all(fd, BPF_MAXINSNS * sizeof(struct sock_filter), out, e);
}

int sandbox_filter_compile(const struct sandbox_rules *r, struct sandbox_filter *ret, struct err *e)
{
	CLEANUP(scmp_freep) scmp_filter_ctx ctx = seccomp_init(r->default_action);
	CLEANUP(buf_clear) struct buf code = BUF_INIT;
	size_t n;

	if (ctx == NULL)
		return err_set(e, ERR_INVALID, 0, "bad seccomp default action 0x%x",
			       r->default_action);
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0);
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (add_arches(ctx, r, e) < 0 || add_rules(ctx, r, e) < 0)
		return -1;
	emit_prologue(&code, r);
	if (export_bpf(ctx, &code, e) < 0)
		return -1;
	n = code.len / sizeof(struct sock_filter);
	if (n > BPF_MAXINSNS)
		return err_set(e, ERR_INVALID, 0, "the seccomp filter is too long");
	ret->n_insns = n;
	ret->flags = r->flags;
	ret->insns = buf_detach(&code);
	return 0;
}
