// SPDX-License-Identifier: MIT
/*
 * Platforms of images: names as Go has them, normalised as containerd's
 * platforms package does, and which platform can run which.
 */
#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <string.h>
#include <sys/utsname.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/strv.h"
#include "image/manifest.h"

#define DEFAULT_OS "linux"

void platform_clear(struct platform *p)
{
	free(p->os);
	free(p->architecture);
	free(p->variant);
	free(p->os_version);
	*p = (struct platform)PLATFORM_INIT;
}

/* Other names for architectures: uname(2), Debian, and what users type. */
static const struct {
	const char *name, *architecture, *variant;
} aliases[] = {
	{"x86_64", "amd64", NULL},  {"x86-64", "amd64", NULL},
	{"aarch64", "arm64", NULL}, {"i386", "386", NULL},
	{"i486", "386", NULL},	    {"i586", "386", NULL},
	{"i686", "386", NULL},	    {"armhf", "arm", "v7"},
	{"armel", "arm", "v6"},	    {"armv8l", "arm", "v7"},
	{"armv7l", "arm", "v7"},    {"armv6l", "arm", "v6"},
	{"armv5tel", "arm", "v5"},  {"loongarch64", "loong64", NULL},
};

static const char *const architectures[] = {
	"386",	    "amd64",  "arm",   "arm64",	  "loong64", "mips",  "mips64",
	"mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm",
};

static void normalise(struct platform *p)
{
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
		if (!str_eq(p->architecture, aliases[i].name))
			continue;
		str_replace_ptr(&p->architecture, aliases[i].architecture);
		if (p->variant == NULL)
			p->variant = xstrdup(aliases[i].variant);
		break;
	}
	if (str_empty(p->variant)) {
		free(p->variant);
		p->variant = NULL;
	}
	if (p->variant != NULL && p->variant[0] >= '0' && p->variant[0] <= '9') {
		char *v = xasprintf("v%s", p->variant);

		free(p->variant);
		p->variant = v;
	}
	if ((str_eq(p->architecture, "arm64") && str_eq(p->variant, "v8")) ||
	    (str_eq(p->architecture, "amd64") && str_eq(p->variant, "v1"))) {
		free(p->variant);
		p->variant = NULL;
	}
	if (str_eq(p->architecture, "arm") && p->variant == NULL)
		p->variant = xstrdup("v7");
}

static bool known_architecture(const char *s)
{
	for (size_t i = 0; i < ARRAY_LEN(architectures); i++)
		if (str_eq(s, architectures[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (str_eq(s, aliases[i].name))
			return true;
	return false;
}

static bool word_ok(const char *s)
{
	return s[0] != '\0' && s[strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					   "0123456789_.-")] == '\0';
}

static void lower(char *s)
{
	for (; *s != '\0'; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s | 0x20);
}

int platform_parse(const char *s, struct platform *ret, struct err *e)
{
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;
	struct platform p = PLATFORM_INIT;

	strv_split(&parts, s, "/");
	strv_for_each (it, &parts)
		lower(*it);
	strv_for_each (it, &parts)
		if (!word_ok(*it))
			goto invalid;
	if (parts.len == 0 || parts.len > 3 || s[0] == '/' || str_ends(s, "/"))
		goto invalid;
	platform_host(&p);
	if (parts.len == 1 && known_architecture(parts.items[0])) {
		str_replace_ptr(&p.architecture, parts.items[0]);
		str_replace_ptr(&p.variant, NULL);
	} else {
		str_replace_ptr(&p.os, parts.items[0]);
		if (parts.len > 1) {
			str_replace_ptr(&p.architecture, parts.items[1]);
			str_replace_ptr(&p.variant, parts.len > 2 ? parts.items[2] : NULL);
		} else if (!str_eq(p.os, DEFAULT_OS)) {
			goto invalid;
		}
	}
	normalise(&p);
	*ret = p;
	return 0;
invalid:
	platform_clear(&p);
	return err_set(e, ERR_INVALID, 0,
		       "\"%.128s\" is an invalid OS component or an unknown platform: platform "
		       "specifier component must match \"^[A-Za-z0-9_.-]+$\"",
		       s);
}

void platform_fullest(struct platform *ret)
{
	platform_host(ret);
#ifdef __x86_64__
	const unsigned two = bit_SSE4_2 | bit_POPCNT, three = bit_FMA | bit_OSXSAVE,
		       wide = bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL;
	unsigned a, b, c, d, leaf7 = 0;

	/* the levels of the x86-64 psABI; __builtin_cpu_supports() would bring libgcc's tables */
	if (!__get_cpuid(1, &a, &b, &c, &d) || (c & two) != two)
		return;
	if ((c & three) == three && __get_cpuid_count(7, 0, &a, &b, &c, &d) &&
	    (b & bit_AVX2) != 0 && (b & bit_BMI2) != 0)
		leaf7 = b;
	ret->variant = xstrdup(leaf7 == 0 ? "v2" : (leaf7 & wide) == wide ? "v4" : "v3");
#endif
}

void platform_host(struct platform *ret)
{
	struct utsname u;

	*ret = (struct platform)PLATFORM_INIT;
	ret->os = xstrdup(DEFAULT_OS);
	ret->architecture = xstrdup(uname(&u) == 0 ? u.machine : "unknown");
	/* a 32-bit build on a 64-bit kernel is what its compiler says */
#if defined(__i386__)
	str_replace_ptr(&ret->architecture, "386");
#elif defined(__arm__)
	if (str_eq(ret->architecture, "aarch64"))
		str_replace_ptr(&ret->architecture, "armv7l");
#endif
	normalise(ret);
}

struct platform platform_of(const struct image_config *c)
{
	return (struct platform){
		.os = c->os, .architecture = c->architecture, .variant = c->variant};
}

char *platform_string(const struct platform *p)
{
	return xasprintf("%s/%s%s%s", p->os != NULL ? p->os : "unknown",
			 p->architecture != NULL ? p->architecture : "unknown",
			 str_empty(p->variant) ? "" : "/", str_empty(p->variant) ? "" : p->variant);
}

static int variant_number(const struct platform *p, int none)
{
	uint64_t n;

	if (str_empty(p->variant))
		return none;
	if (p->variant[0] != 'v' || str_u64(p->variant + 1, 99, &n) < 0)
		return -1;
	return (int)n;
}

/* 0 when the offered variant is newer than what is wanted; else the closer the higher */
static int variant_score(const struct platform *want, const struct platform *offer, int none)
{
	int w = variant_number(want, none), o = variant_number(offer, none);

	if (w < 0 || o < 0)
		return str_eq(want->variant, offer->variant) ? 500 : 0;
	return o > w ? 0 : 500 - (w - o);
}

int platform_score(const struct platform *want, const struct image_config *c)
{
	const struct platform is = platform_of(c);

	return platform_match(want, &is);
}

int platform_match(const struct platform *want, const struct platform *offer)
{
	struct platform o = PLATFORM_INIT;
	int score = 0;

	o.os = xstrdup(offer->os);
	o.architecture = xstrdup(offer->architecture);
	o.variant = xstrdup(offer->variant);
	normalise(&o);
	if (str_eq(want->os, o.os) && str_eq(want->architecture, o.architecture)) {
		int none = str_eq(o.architecture, "arm64") ? 8
			   : str_eq(o.architecture, "arm") ? 7
							   : 1;

		score = variant_score(want, &o, none);
		score += score > 0 ? 1000 : 0;
	} else if (str_eq(want->os, o.os) && str_eq(want->architecture, "arm64") &&
		   str_eq(o.architecture, "arm")) {
		score = 100 + variant_number(&o, 7);
	} else if (str_eq(want->os, o.os) && str_eq(want->architecture, "amd64") &&
		   str_eq(o.architecture, "386")) {
		score = 100;
	}
	platform_clear(&o);
	return score;
}
