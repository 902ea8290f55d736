// SPDX-License-Identifier: MIT
/* Platform names and which runs which. */
#include "base/mem.h"
#include "image/manifest.h"
#include "tests/unit/harness.h"

static int match(const char *want, const char *offer)
{
	CLEANUP(platform_clear) struct platform w = PLATFORM_INIT;
	CLEANUP(platform_clear) struct platform o = PLATFORM_INIT;
	struct err e;

	CHECK_OK(platform_parse(want, &w, &e), e);
	CHECK_OK(platform_parse(offer, &o, &e), e);
	return platform_match(&w, &o);
}

static void check_text(const char *in, const char *out)
{
	CLEANUP(platform_clear) struct platform p = PLATFORM_INIT;
	CLEANUP(freep) char *s = NULL;
	struct err e;

	CHECK_OK(platform_parse(in, &p, &e), e);
	s = platform_string(&p);
	CHECK_STR(s, out);
}

TEST(platform_parses)
{
	struct platform p = PLATFORM_INIT;
	struct err e;

	check_text("linux/amd64", "linux/amd64");
	check_text("x86_64", "linux/amd64");
	check_text("LINUX/X86_64", "linux/amd64");
	check_text("linux/aarch64", "linux/arm64");
	check_text("linux/arm64/v8", "linux/arm64");
	check_text("linux/arm", "linux/arm/v7");
	check_text("linux/arm/6", "linux/arm/v6");
	check_text("windows/amd64", "windows/amd64");
	CHECK(platform_parse("", &p, &e) < 0);
	CHECK(platform_parse("a/b/c/d", &p, &e) < 0);
	CHECK(platform_parse("linux/a b", &p, &e) < 0);
	CHECK(platform_parse("nonsense", &p, &e) < 0);
}

TEST(platform_matches)
{
	CHECK(match("linux/amd64", "linux/amd64") > match("linux/amd64", "linux/386"));
	CHECK(match("linux/amd64", "linux/386") > 0);
	CHECK(match("linux/amd64/v3", "linux/amd64/v2") > match("linux/amd64/v3", "linux/amd64"));
	CHECK(match("linux/amd64/v3", "linux/amd64") > match("linux/amd64/v3", "linux/386"));
	CHECK_EQ(match("linux/amd64/v3", "linux/amd64/v4"), 0);
	CHECK_EQ(match("linux/amd64", "linux/arm64"), 0);
	CHECK_EQ(match("linux/amd64", "windows/amd64"), 0);
	CHECK_EQ(match("linux/amd64", "linux/amd64/v3"), 0);
	CHECK(match("linux/arm/v7", "linux/arm/v7") > match("linux/arm/v7", "linux/arm/v6"));
	CHECK(match("linux/arm/v7", "linux/arm/v6") > match("linux/arm/v7", "linux/arm/v5"));
	CHECK_EQ(match("linux/arm/v6", "linux/arm/v7"), 0);
	CHECK(match("linux/arm64", "linux/arm64") > match("linux/arm64", "linux/arm/v7"));
	CHECK(match("linux/arm64", "linux/arm/v7") > match("linux/arm64", "linux/arm/v6"));
}
