// SPDX-License-Identifier: MIT
/* api/call.c: parameters as Go reads them, bodies */
#include "tests/unit/api/ask.h"

TEST(call_bools)
{
	static const struct {
		const char *query;
		int all;
	} t[] = {
		{"", 0},	  {"?all=1", 1},     {"?all=true", 1},
		{"?all=True", 1}, {"?all=0", 0},     {"?all=no", 0},
		{"?all=NONE", 0}, {"?all=false", 0}, {"?all=%20no%20", 0},
		{"?all=yes", 1},  {"?all", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		CLEANUP(freep) char *line = xasprintf("GET /containers/json%s", t[i].query);

		CHECK_ASK(line, NULL, 200);
		CHECK_EQ(fake.last[5] - '0', t[i].all);
	}
}

TEST(call_ints)
{
	CHECK_ASK("GET /containers/json?limit=7", NULL, 200);
	CHECK_STR(fake.last, "list 0 0 7");
	CHECK_ASK("GET /containers/json?limit=-1", NULL, 200);
	CHECK_ASK("GET /containers/json?limit=x", NULL, 400);
	CHECK_HAS("strconv.Atoi: parsing \\\"x\\\": invalid syntax");
	CHECK_ASK("GET /containers/json?limit=99999999999", NULL, 400);
	CHECK_HAS("value out of range");
}

TEST(call_filters)
{
	CHECK_ASK("GET /containers/json?filters=x", NULL, 400);
	CHECK_STR(answer_body(), "{\"message\":\"invalid filter\"}\n");
	CHECK_ASK("GET /images/json?filters=%7B%22bogus%22%3A%5B%22x%22%5D%7D", NULL, 400);
	CHECK_STR(answer_body(), "{\"message\":\"invalid filter 'bogus'\"}\n");
	CHECK_ASK("GET /images/json?filters=%7B%22dangling%22%3A%5B%22x%22%5D%7D", NULL, 400);
	CHECK_STR(answer_body(), "{\"message\":\"invalid filter 'dangling=[x]'\"}\n");
	CHECK_ASK("GET /info?x=%zz", NULL, 400);
}

TEST(call_bodies)
{
	CHECK_ASK("POST /containers/create", NULL, 400);
	CHECK_HAS("invalid JSON: got EOF while reading request body");
	CHECK_ASK("POST /containers/create", "{x", 400);
	CHECK_HAS("invalid JSON");
	CHECK_ASK("POST /containers/create", "[]", 400);
	CHECK_ASK("POST /containers/create", "{\"Image\":5}", 400);
	CHECK_HAS("json: cannot unmarshal number into Go struct field");
	CHECK_ASK("POST /containers/create", "{}", 400);
	CHECK_HAS("config cannot be empty in order to create a container");
	CHECK_EQ(ask_raw("POST /containers/create HTTP/1.1\r\nHost: h\r\nContent-Type: "
			 "application/x-www-form-urlencoded\r\nContent-Length: 2\r\n\r\n{}"),
		 400);
	CHECK_HAS("unsupported Content-Type header (application/x-www-form-urlencoded): must be "
		  "'application/json'");
	CHECK_EQ(ask_raw("POST /containers/create HTTP/1.1\r\nHost: h\r\nContent-Type: "
			 "application/json; charset=utf-8\r\nContent-Length: 13\r\n\r\n"
			 "{\"Image\":\"i\"}"),
		 201);
	CHECK_EQ(ask_raw("POST /containers/create HTTP/1.1\r\nHost: h\r\nContent-Type: "
			 "application/json\r\nContent-Length: 99999999\r\n\r\n{}"),
		 400);
}
