// SPDX-License-Identifier: MIT
/* Image references: cases of distribution's reference tests, and what Docker prints. */
#include "image/reference.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/harness.h"

#define D64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void check(const char *in, const char *full, const char *familiar)
{
	CLEANUP(image_ref_clear) struct image_ref r = IMAGE_REF_INIT;
	CLEANUP(image_ref_clear) struct image_ref again = IMAGE_REF_INIT;
	CLEANUP(freep) char *a = NULL;
	CLEANUP(freep) char *b = NULL;
	CLEANUP(freep) char *c = NULL;
	struct err e;

	CHECK_OK(image_ref_parse(in, &r, &e), e);
	a = image_ref_full(&r);
	b = image_ref_familiar(&r);
	CHECK_STR(a, full);
	CHECK_STR(b, familiar);
	CHECK_OK(image_ref_parse(b, &again, &e), e);
	c = image_ref_full(&again);
	CHECK_STR(c, full);
}

static void check_bad(const char *in, const char *msg)
{
	CLEANUP(image_ref_clear) struct image_ref r = IMAGE_REF_INIT;
	struct err e;

	err_clear(&e);
	CHECK_MSG(image_ref_parse(in, &r, &e) < 0, "accepted: %s", in);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_STR(e.msg, msg);
	CHECK(r.domain == NULL);
}

TEST(reference_normalises)
{
	check("alpine", "docker.io/library/alpine", "alpine");
	check("alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20");
	check("library/alpine", "docker.io/library/alpine", "alpine");
	check("docker.io/alpine", "docker.io/library/alpine", "alpine");
	check("index.docker.io/library/alpine", "docker.io/library/alpine", "alpine");
	check("user/app", "docker.io/user/app", "user/app");
	check("docker.io/library/foo/bar", "docker.io/library/foo/bar", "library/foo/bar");
	check("docker.io/a.b/c", "docker.io/a.b/c", "docker.io/a.b/c");
	check("docker.io/localhost/c", "docker.io/localhost/c", "docker.io/localhost/c");
	check("localhost/x", "localhost/x", "localhost/x");
	check("localhost:5000/a/b:t", "localhost:5000/a/b:t", "localhost:5000/a/b:t");
	check("127.0.0.1:5000/a", "127.0.0.1:5000/a", "127.0.0.1:5000/a");
	check("[::1]:5000/a:x", "[::1]:5000/a:x", "[::1]:5000/a:x");
	check("Foo/bar", "Foo/bar", "Foo/bar");
	check("a.b/c__d/e--f.g_h", "a.b/c__d/e--f.g_h", "a.b/c__d/e--f.g_h");
	check("alpine@sha256:" D64, "docker.io/library/alpine@sha256:" D64, "alpine@sha256:" D64);
	check("x:1@sha256:" D64, "docker.io/library/x:1@sha256:" D64, "x:1@sha256:" D64);
}

TEST(reference_refuses)
{
	check_bad("", "repository name must have at least one component");
	check_bad("Alpine",
		  "invalid reference format: repository name (library/Alpine) must be lowercase");
	check_bad("docker.io/Alpine:x",
		  "invalid reference format: repository name (library/Alpine) must be lowercase");
	check_bad(D64,
		  "invalid repository name (" D64 "), cannot specify 64-byte hexadecimal strings");
	check_bad("a:", "invalid reference format");
	check_bad(":a", "invalid reference format");
	check_bad("a:b:c", "invalid reference format");
	check_bad("a/", "invalid reference format");
	check_bad("/a", "invalid reference format");
	check_bad("a//b", "invalid reference format");
	check_bad("-a", "invalid reference format");
	check_bad("a-", "invalid reference format");
	check_bad("a___b", "invalid reference format");
	check_bad("a..b", "invalid reference format");
	check_bad("a b", "invalid reference format");
	check_bad("a\nb", "invalid reference format");
	check_bad("a.b:x/c", "invalid reference format");
	check_bad("-a.b/c", "invalid reference format");
	check_bad("a@sha256:12", "invalid reference format");
	check_bad("a@md5:" D64, "unsupported digest algorithm");
	check_bad("a@sha256:" D64 "00", "invalid checksum digest length");
	check_bad("../../etc/passwd", "invalid reference format");
}

TEST(reference_lengths)
{
	CLEANUP(image_ref_clear) struct image_ref r = IMAGE_REF_INIT;
	char name[600];
	struct err e;

	memset(name, 'a', sizeof(name));
	name[0] = 'u';
	name[1] = '/';
	name[255] = '\0';
	CHECK_OK(image_ref_parse(name, &r, &e), e);
	name[255] = 'a';
	name[256] = '\0';
	check_bad(name, "repository name must not be more than 255 characters");
	name[1] = ':';
	name[2 + 128] = '\0';
	image_ref_clear(&r);
	CHECK_OK(image_ref_parse(name, &r, &e), e);
	CHECK_EQ(strlen(r.tag), 128);
	name[2 + 128] = 'a';
	name[2 + 129] = '\0';
	check_bad(name, "invalid reference format");
}

TEST(reference_tag_and_digest)
{
	CLEANUP(image_ref_clear) struct image_ref r = IMAGE_REF_INIT;
	CLEANUP(image_ref_clear) struct image_ref copy = IMAGE_REF_INIT;
	CLEANUP(freep) char *s = NULL;
	struct err e;

	CHECK_OK(image_ref_parse("x", &r, &e), e);
	image_ref_default_tag(&r);
	CHECK_STR(r.tag, "latest");
	CHECK(image_ref_set_tag(&r, "-no", &e) < 0);
	CHECK_OK(image_ref_set_tag(&r, "v1.0_a", &e), e);
	CHECK(image_ref_set_digest(&r, "sha256:12", &e) < 0);
	CHECK_OK(image_ref_set_digest(&r, "sha256:" D64, &e), e);
	image_ref_copy(&copy, &r);
	s = image_ref_full(&copy);
	CHECK_STR(s, "docker.io/library/x:v1.0_a@sha256:" D64);
}

TEST(reference_match)
{
	CLEANUP(image_ref_clear) struct image_ref r = IMAGE_REF_INIT;
	CLEANUP(freep) char *odd = image_ref_familiar_of("not a reference");
	struct err e;

	CHECK_STR(odd, "not a reference");
	CHECK_OK(image_ref_parse("user/app:1.2", &r, &e), e);
	CHECK(image_ref_match("user/*", &r));
	CHECK(image_ref_match("user/app", &r));
	CHECK(image_ref_match("*/*:1.*", &r));
	CHECK(!image_ref_match("user", &r));
	CHECK(!image_ref_match("*app*", &r));
	CHECK(!image_ref_match("user/app:2*", &r));
}
