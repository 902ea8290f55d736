// SPDX-License-Identifier: MIT
/* The X-Registry-Auth header. */
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "image/registry.h"
#include "tests/unit/harness.h"

static int parse(const char *json, struct registry_auth *a, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	base64_encode_url(&b, json, strlen(json));
	return registry_auth_parse(buf_str(&b), a, e);
}

TEST(login_auth_header)
{
	struct registry_auth a = REGISTRY_AUTH_INIT;
	struct err e;

	CHECK_OK(registry_auth_parse(NULL, &a, &e), e);
	CHECK_OK(registry_auth_parse("", &a, &e), e);
	CHECK_OK(parse("{}", &a, &e), e);
	CHECK(a.username == NULL);
	CHECK_OK(parse("{\"username\":\"u\",\"password\":\"p\",\"serveraddress\":\"r:5000\"}", &a,
		       &e),
		 e);
	CHECK_STR(a.username, "u");
	CHECK_STR(a.password, "p");
	CHECK_STR(a.server_address, "r:5000");
	CHECK_OK(parse("{\"auth\":\"dTpwOnE=\"}", &a, &e), e);
	CHECK_STR(a.username, "u");
	CHECK_STR(a.password, "p:q");
	CHECK_OK(parse("{\"identitytoken\":\"t\"}", &a, &e), e);
	CHECK_STR(a.identity_token, "t");
	registry_auth_clear(&a);
}

TEST(login_auth_header_malformed)
{
	struct registry_auth a = REGISTRY_AUTH_INIT;
	struct err e;

	CHECK(registry_auth_parse("!!!", &a, &e) < 0);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK(parse("{", &a, &e) < 0);
	registry_auth_clear(&a);
}

/* Clients send base64url with padding, some without it, some plain base64. */
TEST(login_auth_header_alphabets)
{
	static const char json[] = "{\"username\":\"u\",\"password\":\"\303\277\303\276?>~\"}";
	CLEANUP(buf_clear) struct buf url = BUF_INIT;
	CLEANUP(buf_clear) struct buf plain = BUF_INIT;
	struct registry_auth a = REGISTRY_AUTH_INIT;
	struct err e;

	base64_encode_url(&url, json, strlen(json));
	base64_encode(&plain, json, strlen(json));
	CHECK(strpbrk(buf_str(&url), "-_") != NULL);
	CHECK(strchr(buf_str(&url), '=') != NULL);
	for (int i = 0; i < 3; i++) {
		if (i == 1)
			url.data[strcspn(url.data, "=")] = '\0';
		CHECK_OK(registry_auth_parse(i < 2 ? buf_str(&url) : buf_str(&plain), &a, &e), e);
		CHECK_STR(a.password, "\303\277\303\276?>~");
		registry_auth_clear(&a);
	}
}
