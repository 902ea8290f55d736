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
