// SPDX-License-Identifier: MIT
/*
 * Image references. The grammar is the one at the head of the distribution
 * project's reference/reference.go, the normalisation that of normalize.go.
 * Scanners take a string and return how many bytes they accept, 0 for none.
 */
#include "image/reference.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

#define REF_TEXT_MAX   4096 /* of a whole reference */
#define REF_PATH_MAX   255
#define REF_TAG_MAX    128
#define DEFAULT_DOMAIN "docker.io"
#define LEGACY_DOMAIN  "index.docker.io"
#define OFFICIAL       "library/"

void image_ref_clear(struct image_ref *r)
{
	free(r->domain);
	free(r->path);
	free(r->tag);
	free(r->digest);
	*r = (struct image_ref)IMAGE_REF_INIT;
}

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static bool is_tag_char(char c)
{
	return is_alnum(c) || c == '_' || c == '.' || c == '-';
}

static size_t scan_digits(const char *s)
{
	return strspn(s, "0123456789");
}

/* [0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])? joined by dots */
static size_t scan_host(const char *s)
{
	size_t i = 0;

	for (;;) {
		size_t start = i;

		while (is_alnum(s[i]) || s[i] == '-')
			i++;
		if (i == start || s[start] == '-' || s[i - 1] == '-')
			return 0;
		if (s[i] != '.')
			return i;
		i++;
	}
}

static bool domain_ok(const char *s)
{
	size_t i;

	if (s[0] == '[') {
		i = 1 + strspn(s + 1, "0123456789abcdefABCDEF:");
		if (i == 1 || s[i] != ']')
			return false;
		i++;
	} else {
		i = scan_host(s);
		if (i == 0)
			return false;
	}
	if (s[i] == ':') {
		size_t n = scan_digits(s + i + 1);

		if (n == 0)
			return false;
		i += 1 + n;
	}
	return s[i] == '\0';
}

/* Between alphanumeric runs: one dot, one or two underscores, any number of dashes. */
static size_t scan_separator(const char *s)
{
	if (s[0] == '.')
		return 1;
	if (s[0] == '_')
		return s[1] == '_' ? 2 : 1;
	return strspn(s, "-");
}

static size_t scan_component(const char *s)
{
	size_t i = 0;

	for (;;) {
		size_t start = i, sep;

		while (is_lower_alnum(s[i]))
			i++;
		if (i == start)
			return 0;
		sep = scan_separator(s + i);
		if (sep == 0)
			return i;
		i += sep;
	}
}

static size_t scan_path(const char *s)
{
	size_t i = 0;

	for (;;) {
		size_t n = scan_component(s + i);

		if (n == 0)
			return 0;
		i += n;
		if (s[i] != '/')
			return i;
		i++;
	}
}

static size_t scan_tag(const char *s)
{
	size_t i = 0;

	if (!is_tag_char(s[0]) || s[0] == '.' || s[0] == '-')
		return 0;
	while (is_tag_char(s[i]) && i < REF_TAG_MAX)
		i++;
	return i;
}

bool image_ref_tag_ok(const char *tag)
{
	size_t n = tag != NULL ? scan_tag(tag) : 0;

	return n > 0 && tag[n] == '\0';
}

static int check_digest(const char *s, struct err *e)
{
	const char *colon = strchr(s, ':');
	size_t n = colon != NULL ? strspn(colon + 1, "0123456789abcdefABCDEF") : 0;

	if (colon == NULL || colon == s || n < 32 || colon[1 + n] != '\0')
		return err_set(e, ERR_INVALID, 0, "invalid reference format");
	if (!str_starts(s, "sha256:"))
		return err_set(e, ERR_INVALID, 0, "unsupported digest algorithm");
	if (n != 64)
		return err_set(e, ERR_INVALID, 0, "invalid checksum digest length");
	if (!digest_ok(s))
		return err_set(e, ERR_INVALID, 0, "invalid checksum digest format");
	return 0;
}

/* Docker's splitDockerDomain(): is what stands before the first slash a registry? */
static bool is_domain(const char *s, size_t n)
{
	if (n == 9 && memcmp(s, "localhost", 9) == 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (s[i] == '.' || s[i] == ':' || (s[i] >= 'A' && s[i] <= 'Z'))
			return true;
	return false;
}

static void split_domain(const char *s, char **ret_domain, char **ret_rest)
{
	const char *slash = strchr(s, '/');
	bool hub = true;

	if (slash != NULL && is_domain(s, (size_t)(slash - s))) {
		*ret_domain = xstrndup(s, (size_t)(slash - s));
		s = slash + 1;
		if (str_eq(*ret_domain, LEGACY_DOMAIN))
			str_replace_ptr(ret_domain, DEFAULT_DOMAIN);
		hub = str_eq(*ret_domain, DEFAULT_DOMAIN);
	} else {
		*ret_domain = xstrdup(DEFAULT_DOMAIN);
	}
	if (hub && strchr(s, '/') == NULL)
		*ret_rest = xasprintf(OFFICIAL "%s", s);
	else
		*ret_rest = xstrdup(s);
}

static int check_lower_case(const char *rest, struct err *e)
{
	size_t n = strcspn(rest, ":");

	for (size_t i = 0; i < n; i++)
		if (rest[i] >= 'A' && rest[i] <= 'Z')
			return err_set(e, ERR_INVALID, 0,
				       "invalid reference format: repository name (%.*s) must be "
				       "lowercase",
				       (int)MIN(n, 256), rest);
	return 0;
}

/* path[:tag][@digest] */
static int parse_rest(const char *s, struct image_ref *r, struct err *e)
{
	size_t n = scan_path(s);

	if (n == 0)
		goto malformed;
	if (n > REF_PATH_MAX)
		return err_set(e, ERR_INVALID, 0,
			       "repository name must not be more than 255 characters");
	r->path = xstrndup(s, n);
	s += n;
	if (*s == ':') {
		n = scan_tag(++s);
		if (n == 0)
			goto malformed;
		r->tag = xstrndup(s, n);
		s += n;
	}
	if (*s == '@') {
		if (check_digest(++s, e) < 0)
			return -1;
		r->digest = xstrdup(s);
		return 0;
	}
	if (*s == '\0')
		return 0;
malformed:
	return err_set(e, ERR_INVALID, 0, "invalid reference format");
}

int image_ref_parse(const char *s, struct image_ref *ret, struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref r = IMAGE_REF_INIT;
	CLEANUP(freep) char *rest = NULL;

	if (str_empty(s))
		return err_set(e, ERR_INVALID, 0,
			       "repository name must have at least one component");
	if (str_is_hex(s, 64))
		return err_set(e, ERR_INVALID, 0,
			       "invalid repository name (%s), cannot specify 64-byte hexadecimal "
			       "strings",
			       s);
	if (strnlen(s, REF_TEXT_MAX + 1) > REF_TEXT_MAX)
		return err_set(e, ERR_INVALID, 0, "invalid reference format");
	split_domain(s, &r.domain, &rest);
	if (check_lower_case(rest, e) < 0)
		return -1;
	if (!domain_ok(r.domain))
		return err_set(e, ERR_INVALID, 0, "invalid reference format");
	if (parse_rest(rest, &r, e) < 0)
		return -1;
	*ret = r;
	r = (struct image_ref)IMAGE_REF_INIT;
	return 0;
}

void image_ref_default_tag(struct image_ref *r)
{
	if (r->tag == NULL && r->digest == NULL)
		r->tag = xstrdup("latest");
}

int image_ref_set_tag(struct image_ref *r, const char *tag, struct err *e)
{
	if (!image_ref_tag_ok(tag))
		return err_set(e, ERR_INVALID, 0, "invalid tag format");
	str_replace_ptr(&r->tag, tag);
	return 0;
}

int image_ref_set_digest(struct image_ref *r, const char *digest, struct err *e)
{
	if (check_digest(digest, e) < 0)
		return -1;
	str_replace_ptr(&r->digest, digest);
	return 0;
}

void image_ref_copy(struct image_ref *ret, const struct image_ref *r)
{
	image_ref_clear(ret);
	ret->domain = xstrdup(r->domain);
	ret->path = xstrdup(r->path);
	ret->tag = xstrdup(r->tag);
	ret->digest = xstrdup(r->digest);
}

char *image_ref_name(const struct image_ref *r)
{
	return xasprintf("%s/%s", r->domain, r->path);
}

static char *with_suffix(char *name, const struct image_ref *r)
{
	CLEANUP(freep) char *owned = name;

	return xasprintf("%s%s%s%s%s", owned, r->tag != NULL ? ":" : "",
			 r->tag != NULL ? r->tag : "", r->digest != NULL ? "@" : "",
			 r->digest != NULL ? r->digest : "");
}

char *image_ref_full(const struct image_ref *r)
{
	return with_suffix(image_ref_name(r), r);
}

/*
 * A repository of the hub whose first part looks like a registry ("docker.io/a.b/c") keeps its
 * domain: without it the name would be another registry's.
 */
char *image_ref_familiar_name(const struct image_ref *r)
{
	const char *rest, *slash = strchr(r->path, '/');

	if (!str_eq(r->domain, DEFAULT_DOMAIN) ||
	    (slash != NULL && is_domain(r->path, (size_t)(slash - r->path))))
		return image_ref_name(r);
	rest = str_skip(r->path, OFFICIAL);
	return xstrdup(rest != NULL && strchr(rest, '/') == NULL ? rest : r->path);
}

char *image_ref_familiar(const struct image_ref *r)
{
	return with_suffix(image_ref_familiar_name(r), r);
}

char *image_ref_familiar_of(const char *full)
{
	CLEANUP(image_ref_clear) struct image_ref r = IMAGE_REF_INIT;
	struct err e;

	if (image_ref_parse(full, &r, &e) < 0)
		return xstrdup(full);
	return image_ref_familiar(&r);
}

bool image_ref_match(const char *pattern, const struct image_ref *r)
{
	CLEANUP(freep) char *whole = image_ref_familiar(r);
	CLEANUP(freep) char *name = image_ref_familiar_name(r);

	return path_match(pattern, whole) == 1 || path_match(pattern, name) == 1;
}
