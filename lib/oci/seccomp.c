// SPDX-License-Identifier: MIT
/*
 * JSON profiles to rules. Sources: runtime-spec config-linux.md (Seccomp), and
 * Docker's documentation of its profile: includes must all hold, of excludes
 * none may; architectures come from archMap by the machine's own.
 */
#include "oci/seccomp.h"

#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "base/hash.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "sandbox/caps.h"

/* The built-in profile, byte for byte. */
__asm__(".section .rodata\n"
	".global oci_seccomp_text, oci_seccomp_text_end\n"
	"oci_seccomp_text: .incbin \"config/seccomp.json\"\n"
	"oci_seccomp_text_end: .byte 0\n"
	".previous\n");
extern const char oci_seccomp_text[], oci_seccomp_text_end[];

#define F(type, member, name, kind)	  JSON_F(type, member, name, kind, NULL, JSON_OMITEMPTY)
#define F_SUB(type, member, name, k, sub) JSON_F(type, member, name, k, sub, JSON_OMITEMPTY)

static const struct json_field arg_fields[] = {
	JSON_F(struct oci_seccomp_arg, index, "index", JSON_B_UINT32, NULL, 0),
	JSON_F(struct oci_seccomp_arg, value, "value", JSON_B_UINT64, NULL, 0),
	F(struct oci_seccomp_arg, value_two, "valueTwo", JSON_B_UINT64),
	F(struct oci_seccomp_arg, op, "op", JSON_B_STR),
	{0},
};
static const struct json_struct arg_json = {"specs.LinuxSeccompArg", sizeof(struct oci_seccomp_arg),
					    arg_fields};

static const struct json_field filter_fields[] = {
	F(struct oci_seccomp_filter, caps, "caps", JSON_B_STRV),
	F(struct oci_seccomp_filter, arches, "arches", JSON_B_STRV),
	F(struct oci_seccomp_filter, min_kernel, "minKernel", JSON_B_STR),
	{0},
};
static const struct json_struct filter_json = {"seccomp.Filter", sizeof(struct oci_seccomp_filter),
					       filter_fields};

static const struct json_field syscall_fields[] = {
	F(struct oci_seccomp_syscall, names, "names", JSON_B_STRV),
	F(struct oci_seccomp_syscall, name, "name", JSON_B_STR),
	F(struct oci_seccomp_syscall, action, "action", JSON_B_STR),
	F(struct oci_seccomp_syscall, errno_ret, "errnoRet", JSON_B_OPT_INT64),
	F_SUB(struct oci_seccomp_syscall, args, "args", JSON_B_STRUCT_ARR, &arg_json),
	JSON_F(struct oci_seccomp_syscall, includes, "includes", JSON_B_STRUCT, &filter_json,
	       JSON_OMITZERO),
	JSON_F(struct oci_seccomp_syscall, excludes, "excludes", JSON_B_STRUCT, &filter_json,
	       JSON_OMITZERO),
	{0},
};
static const struct json_struct syscall_json = {"seccomp.Syscall",
						sizeof(struct oci_seccomp_syscall), syscall_fields};

static const struct json_field arch_fields[] = {
	F(struct oci_seccomp_arch, architecture, "architecture", JSON_B_STR),
	F(struct oci_seccomp_arch, sub_architectures, "subArchitectures", JSON_B_STRV),
	{0},
};
static const struct json_struct arch_json = {"seccomp.Architecture",
					     sizeof(struct oci_seccomp_arch), arch_fields};

static const struct json_field seccomp_fields[] = {
	F(struct oci_seccomp, default_action, "defaultAction", JSON_B_STR),
	F(struct oci_seccomp, default_errno_ret, "defaultErrnoRet", JSON_B_OPT_INT64),
	F(struct oci_seccomp, architectures, "architectures", JSON_B_STRV),
	F(struct oci_seccomp, flags, "flags", JSON_B_STRV),
	F_SUB(struct oci_seccomp, arch_map, "archMap", JSON_B_STRUCT_ARR, &arch_json),
	F_SUB(struct oci_seccomp, syscalls, "syscalls", JSON_B_STRUCT_ARR, &syscall_json),
	{0},
};
const struct json_struct oci_seccomp_json = {"seccomp.Seccomp", sizeof(struct oci_seccomp),
					     seccomp_fields};

static const struct {
	const char *scmp, *go;
} go_arches[] = {
	{"SCMP_ARCH_X86_64", "amd64"},	  {"SCMP_ARCH_X86", "386"},
	{"SCMP_ARCH_AARCH64", "arm64"},	  {"SCMP_ARCH_ARM", "arm"},
	{"SCMP_ARCH_PPC64LE", "ppc64le"}, {"SCMP_ARCH_S390X", "s390x"},
	{"SCMP_ARCH_RISCV64", "riscv64"},
};

/* What the conditions of a profile are compared with. */
struct here {
	uint64_t caps;
	const char *arch;    /* SCMP_ARCH_... */
	const char *go_arch; /* amd64 ... */
	unsigned kernel_major, kernel_minor;
};

static void here_init(struct here *h, uint64_t caps)
{
	struct utsname u;

	*h = (struct here){.caps = caps, .arch = sandbox_arch_native(), .go_arch = ""};
	for (size_t i = 0; i < ARRAY_LEN(go_arches); i++)
		if (str_eq(go_arches[i].scmp, h->arch))
			h->go_arch = go_arches[i].go;
	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &h->kernel_major, &h->kernel_minor) != 2)
		h->kernel_major = h->kernel_minor = 0;
}

static bool has_cap(const struct here *h, const char *name)
{
	int n = caps_number(name);

	return n >= 0 && h->caps & 1ULL << n;
}

static bool kernel_reaches(const struct here *h, const char *min)
{
	unsigned major = 0, minor = 0;

	if (sscanf(min, "%u.%u", &major, &minor) < 1)
		return false;
	return h->kernel_major > major || (h->kernel_major == major && h->kernel_minor >= minor);
}

static bool included(const struct here *h, const struct oci_seccomp_filter *f)
{
	if (f->arches.len > 0 && !strv_has(&f->arches, h->go_arch))
		return false;
	strv_for_each (cap, &f->caps) {
		if (!has_cap(h, *cap))
			return false;
	}
	return str_empty(f->min_kernel) || kernel_reaches(h, f->min_kernel);
}

static bool excluded(const struct here *h, const struct oci_seccomp_filter *f)
{
	if (f->arches.len > 0 && strv_has(&f->arches, h->go_arch))
		return true;
	strv_for_each (cap, &f->caps) {
		if (has_cap(h, *cap))
			return true;
	}
	return !str_empty(f->min_kernel) && kernel_reaches(h, f->min_kernel);
}

static void take_arches(const struct oci_seccomp *p, const struct here *h, struct strv *out)
{
	strv_copy(out, &p->architectures);
	for (size_t i = 0; i < p->arch_map.len; i++) {
		if (!str_eq(p->arch_map.items[i].architecture, h->arch))
			continue;
		strv_add(out, h->arch);
		strv_copy(out, &p->arch_map.items[i].sub_architectures);
	}
}

static int take_rule(const struct oci_seccomp_syscall *s, struct sandbox_rule *r, struct err *e)
{
	const char *first = s->names.len > 0 ? s->names.items[0] : s->name;

	if (first == NULL)
		return err_set(e, ERR_INVALID, 0, "seccomp rule without a system call");
	if (sandbox_action_parse(s->action, s->errno_ret.set ? s->errno_ret.value : -1,
				 &r->action) < 0)
		return err_set(e, ERR_INVALID, 0, "seccomp rule for %s: invalid action \"%s\"",
			       first, s->action != NULL ? s->action : "");
	strv_copy(&r->names, &s->names);
	if (!str_empty(s->name))
		strv_add(&r->names, s->name);
	if (s->args.len > 6)
		return err_set(e, ERR_INVALID, 0, "seccomp rule for %s: too many arguments", first);
	r->args = xcalloc(s->args.len + 1, sizeof(*r->args));
	for (size_t i = 0; i < s->args.len; i++) {
		const struct oci_seccomp_arg *a = &s->args.items[i];
		struct sandbox_arg *out = &r->args[i];

		if (a->index > 5 || sandbox_cmp_parse(a->op, &out->op) < 0)
			return err_set(e, ERR_INVALID, 0,
				       "seccomp rule for %s: invalid argument %u %s", first,
				       a->index, a->op != NULL ? a->op : "");
		out->index = a->index;
		out->value = a->value;
		out->value_two = a->value_two;
		r->n_args = i + 1;
	}
	return 0;
}

static int take_flags(const struct oci_seccomp *p, uint32_t *ret, struct err *e)
{
	strv_for_each (flag, &p->flags) {
		if (str_eq(*flag, "SECCOMP_FILTER_FLAG_LOG"))
			*ret |= SECCOMP_FILTER_FLAG_LOG;
		else if (str_eq(*flag, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"))
			*ret |= SECCOMP_FILTER_FLAG_SPEC_ALLOW;
		else if (!str_eq(*flag, "SECCOMP_FILTER_FLAG_TSYNC")) /* one thread: no meaning */
			return err_set(e, ERR_INVALID, 0, "seccomp flag \"%s\" is not supported",
				       *flag);
	}
	return 0;
}

int oci_seccomp_rules(const struct oci_seccomp *p, uint64_t caps, struct sandbox_rules *ret,
		      struct err *e)
{
	CLEANUP(sandbox_rules_clear) struct sandbox_rules r = {0};
	struct here h;
	size_t n_names = 0;

	here_init(&h, caps);
	if (sandbox_action_parse(p->default_action,
				 p->default_errno_ret.set ? p->default_errno_ret.value : -1,
				 &r.default_action) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid seccomp default action \"%s\"",
			       p->default_action != NULL ? p->default_action : "");
	if (p->architectures.len > 0 && p->arch_map.len > 0)
		return err_set(e, ERR_INVALID, 0,
			       "use either 'architectures' or 'archMap' in the seccomp profile");
	take_arches(p, &h, &r.arches);
	if (take_flags(p, &r.flags, e) < 0)
		return -1;
	r.rules = xcalloc(p->syscalls.len + 1, sizeof(*r.rules));
	for (size_t i = 0; i < p->syscalls.len; i++) {
		const struct oci_seccomp_syscall *s = &p->syscalls.items[i];

		n_names += s->names.len + 1;
		if (n_names > OCI_SYSCALLS_MAX)
			return err_set(e, ERR_INVALID, 0, "too many rules in the seccomp profile");
		if (excluded(&h, &s->excludes) || !included(&h, &s->includes))
			continue;
		if (take_rule(s, &r.rules[r.n_rules++], e) < 0)
			return -1;
	}
	*ret = r;
	r = (struct sandbox_rules){0};
	return 0;
}

const char *oci_seccomp_default(size_t *ret_len)
{
	*ret_len = (size_t)(oci_seccomp_text_end - oci_seccomp_text);
	return oci_seccomp_text;
}

static int text_rules(const char *text, size_t len, uint64_t caps, struct sandbox_rules *ret,
		      struct err *e)
{
	struct oci_seccomp p = {0};
	int r = -1;

	if (len > OCI_SECCOMP_MAX)
		return err_set(e, ERR_INVALID, 0, "longer than %llu bytes", OCI_SECCOMP_MAX);
	if (json_bind_text(text, len, &oci_seccomp_json, &p, e) == 0)
		r = oci_seccomp_rules(&p, caps, ret, e);
	json_struct_clear(&oci_seccomp_json, &p);
	return r;
}

int oci_seccomp_check(const char *text, size_t len, struct err *e)
{
	CLEANUP(sandbox_rules_clear) struct sandbox_rules r = {0};

	if (text_rules(text, len, CAPS_DOCKER_DEFAULT, &r, e) < 0)
		return err_wrap(e, "Decoding seccomp profile failed");
	return 0;
}

/* All that the program depends on. */
static void cache_key(const char *text, size_t len, const struct here *h, char out[SHA256_HEX_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, "1", 1); /* version of the compiler in sandbox/seccomp.c */
	sha256_add(&s, h->arch, strlen(h->arch));
	sha256_add(&s, &h->caps, sizeof(h->caps));
	sha256_add(&s, &h->kernel_major, sizeof(h->kernel_major));
	sha256_add(&s, &h->kernel_minor, sizeof(h->kernel_minor));
	sha256_add(&s, text, len);
	sha256_end(&s, digest);
	hex_encode(digest, sizeof(digest), out);
}

int oci_seccomp_filter(const char *text, size_t len, uint64_t caps, const char *cache_dir,
		       struct sandbox_filter *ret, struct err *e)
{
	CLEANUP(sandbox_rules_clear) struct sandbox_rules r = {0};
	char key[SHA256_HEX_SIZE];
	struct here h;
	struct err cache_err;

	if (text == NULL)
		text = oci_seccomp_default(&len);
	here_init(&h, caps);
	cache_key(text, len, &h, key);
	if (cache_dir != NULL && sandbox_filter_load(cache_dir, key, ret, &cache_err) == 0)
		return 0;
	if (text_rules(text, len, caps, &r, e) < 0)
		return err_wrap(e, "Decoding seccomp profile failed");
	if (sandbox_filter_compile(&r, ret, e) < 0)
		return -1;
	if (cache_dir != NULL && sandbox_filter_store(cache_dir, key, ret, &cache_err) < 0)
		log_debug(&cache_err, "keep the seccomp program");
	return 0;
}
