// SPDX-License-Identifier: MIT
/* WWW-Authenticate as registries send it, and as they should not. */
#include "base/mem.h"
#include "image/transport_internal.h"
#include "tests/unit/harness.h"

TEST(challenge_bearer)
{
	CLEANUP(challenge_clear) struct challenge c = {0};

	challenge_parse(
		"Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\","
		"scope=\"repository:library/x:pull\",error=\"insufficient_scope\"",
		&c);
	CHECK_EQ(c.scheme, AUTH_BEARER);
	CHECK_STR(c.realm, "https://auth.docker.io/token");
	CHECK_STR(c.service, "registry.docker.io");
	CHECK_STR(c.scope, "repository:library/x:pull");
	CHECK_STR(c.error, "insufficient_scope");
}

TEST(challenge_strongest_of_several)
{
	CLEANUP(challenge_clear) struct challenge c = {0};

	challenge_parse(
		"Negotiate, Basic realm=\"a \\\"b\\\"\", bearer realm=\"https://x\" , service = y",
		&c);
	CHECK_EQ(c.scheme, AUTH_BEARER);
	CHECK_STR(c.service, "y");
	challenge_clear(&c);
	challenge_parse("Basic realm=\"a \\\"b\\\"\"", &c);
	CHECK_EQ(c.scheme, AUTH_BASIC);
	CHECK_STR(c.realm, "a \"b\"");
}

TEST(challenge_malformed)
{
	static const char *const texts[] = {"",
					    ",,,",
					    "Bearer",
					    "Bearer realm=\"x",
					    "=",
					    "\"",
					    "Basic =x, = ,",
					    "Bearer realm",
					    "a b c",
					    "Bearer , ",
					    "Bearer realm=\"\"",
					    "\x80\xff"};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(challenge_clear) struct challenge c = {0};

		challenge_parse(texts[i], &c);
		CHECK(c.scheme != AUTH_BEARER);
	}
}

TEST(challenge_basic_header)
{
	struct registry_auth a = {.username = xstrdup("alice"), .password = xstrdup("s:t")};
	CLEANUP(freep) char *h = challenge_basic(&a);

	CHECK_STR(h, "Basic YWxpY2U6czp0");
	CHECK(challenge_basic(NULL) == NULL);
	registry_auth_clear(&a);
}
