// SPDX-License-Identifier: MIT
/* api/route.c: versions, matching, common fields, errors; texts as dockerd 28.5.2 gives them */
#include "tests/unit/api/ask.h"

TEST(route_patterns)
{
	static const struct {
		const char *pattern, *path, *name;
	} t[] = {
		{"/info", "/info", ""},
		{"/info", "/info/", NULL},
		{"/containers/*/json", "/containers/x/json", "x"},
		{"/containers/*/json", "/containers/x/y/json", NULL},
		{"/containers/*/json", "/containers//json", NULL},
		{"/containers/*", "/containers/", NULL},
		{"/images/**/json", "/images/a/b:c/json", "a/b:c"},
		{"/images/**", "/images/a/b", "a/b"},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		CLEANUP(freep) char *name = NULL;
		bool match = api_route_match(t[i].pattern, t[i].path, &name);

		CHECK_EQ(match, t[i].name != NULL);
		if (match)
			CHECK_STR(name != NULL ? name : "", t[i].name);
	}
}

TEST(route_versions)
{
	CHECK_EQ(api_parse_version("1.47"), 1047);
	CHECK_EQ(api_parse_version("1"), 1000);
	CHECK_EQ(api_parse_version("1.24.1"), 1024);
	CHECK_EQ(api_parse_version("99999999999999999999.1"), 999001);
	CHECK_EQ(api_parse_version(".1"), 0);
	CHECK_EQ(api_parse_version("1."), 0);
	CHECK_ASK("GET /v1.52/info", NULL, 400);
	CHECK_STR(answer_body(), "{\"message\":\"client version 1.52 is too new. Maximum supported "
				 "API version is 1.51\"}\n");
	CHECK_ASK("GET /v1.23/info", NULL, 400);
	CHECK_HAS("Content-Type: text/plain; charset=utf-8");
	CHECK_STR(answer_body(), "client version 1.23 is too old. Minimum supported API version is "
				 "1.24, please upgrade your client to a newer version\n");
	CHECK_ASK("GET /v1.24/info", NULL, 200);
	CHECK_ASK("GET /v1.52/_ping", NULL, 200);
	CHECK_ASK("GET /v1.24/system/df", NULL, 200); /* as in Docker, no route is too new */
}

TEST(route_unknown)
{
	static const char *const t[] = {
		"GET /",       "GET /nope", "POST /_ping", "GET /vx/info", "GET /v1.47/containers/",
		"PATCH /info", "GET /v1.47"};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		CHECK_ASK(t[i], NULL, 404);
		CHECK_STR(answer_body(), "{\"message\":\"page not found\"}\n");
		CHECK(!answer_has("Api-Version"));
	}
}

TEST(route_common_fields)
{
	CHECK_ASK("GET /containers/nope/json", NULL, 404);
	CHECK_HAS("Api-Version: 1.51\r\n");
	CHECK_HAS("Docker-Experimental: false\r\n");
	CHECK_HAS("Ostype: linux\r\n");
	CHECK_HAS("Server: Docker/28.5.2 (linux)\r\n");
	CHECK_HAS("Content-Type: application/json\r\n");
	CHECK_STR(answer_body(), "{\"message\":\"No such container: nope\"}\n");
	CHECK_ASK("POST /containers/c1/start", NULL, 304);
	CHECK_STR(answer_body(), "");
}

TEST(route_statuses)
{
	CHECK_EQ(api_status(ERR_INVALID), 400);
	CHECK_EQ(api_status(ERR_NOTFOUND), 404);
	CHECK_EQ(api_status(ERR_CONFLICT), 409);
	CHECK_EQ(api_status(ERR_DENIED), 403);
	CHECK_EQ(api_status(ERR_UNIMPLEMENTED), 501);
	CHECK_EQ(api_status(ERR_UNAVAILABLE), 503);
	CHECK_EQ(api_status(ERR_SYSTEM), 500);
}

/* every route can be asked, answers with a message or a result, and nothing hangs */
TEST(route_every_one_answers)
{
	for (size_t i = 0; i < api_n_routes; i++) {
		const struct api_route *r = &api_routes[i];
		const char *star = strchr(r->pattern, '*');
		CLEANUP(freep) char *line = NULL;
		int status;

		if (star == NULL)
			line = xasprintf("%s %s", r->method, r->pattern);
		else
			line = xasprintf("%s %.*snope%s", r->method, (int)(star - r->pattern),
					 r->pattern, star + (star[1] == '*' ? 2 : 1));
		status = ask(line, NULL);
		CHECK_MSG(status >= 200 && status < 504, "%s: %s", line, buf_str(&answer));
		if (status >= 400 && strcmp(r->method, "HEAD") != 0)
			CHECK_HAS("\"message\"");
	}
}
