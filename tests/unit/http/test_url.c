// SPDX-License-Identifier: MIT
/* http/url.c */
#include "http/url.h"
#include "tests/unit/harness.h"

TEST(url_whole)
{
	CLEANUP(url_clear) struct url u = URL_INIT;
	struct err e;

	CHECK_OK(url_parse("HTTPS://us%65r:p%40ss@Registry.Example:5000/v2/a%2Fb?x=1#frag", &u, &e),
		 e);
	CHECK_STR(u.scheme, "https");
	CHECK_STR(u.user, "user");
	CHECK_STR(u.password, "p@ss");
	CHECK_STR(u.host, "registry.example");
	CHECK_EQ(u.port, 5000);
	CHECK_STR(u.path, "/v2/a%2Fb");
	CHECK_STR(u.query, "x=1");
}

TEST(url_forms)
{
	static const struct {
		const char *text, *host, *path, *header;
		int port;
	} t[] = {
		{"http://a", "a", "/", "a", 80},
		{"https://a?q", "a", "/", "a", 443},
		{"https://[::1]:443/x", "::1", "/x", "[::1]", 443},
		{"http://127.0.0.1:5000/", "127.0.0.1", "/", "127.0.0.1:5000", 5000},
		{"//h/p", "h", "/p", "h", 0},
		{"/only/path", "", "/only/path", "", 0},
		{"", "", "", "", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		CLEANUP(url_clear) struct url u = URL_INIT;
		CLEANUP(freep) char *header = NULL;
		struct err e;

		CHECK_OK(url_parse(t[i].text, &u, &e), e);
		header = url_host_header(&u);
		CHECK_STR(u.host, t[i].host);
		CHECK_STR(u.path, t[i].path);
		CHECK_STR(header, t[i].header);
		CHECK_EQ(u.port, t[i].port);
	}
}

TEST(url_refused)
{
	static const char *const bad[] = {
		"http://a b/",	 "http://a/\r\nX: y", "http://a:99999/", "http://a:8x/",
		"http://[::1/",	 "http://a/%zz",      "http://a/%4",	 "http://a<b/",
		"http://u%00@a", "http://[::1]x/",    "http://[]/",
	};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct url u = URL_INIT;
		struct err e;

		CHECK_MSG(url_parse(bad[i], &u, &e) < 0, "accepted %s", bad[i]);
		CHECK_EQ(e.kind, ERR_INVALID);
	}
}

/* RFC 3986 section 5.4 */
TEST(url_resolves_references)
{
	static const struct {
		const char *ref, *want;
	} t[] = {
		{"g", "http://a/b/c/g"},     {"./g", "http://a/b/c/g"},
		{"g/", "http://a/b/c/g/"},   {"/g", "http://a/g"},
		{"//g", "http://g/"},	     {"?y", "http://a/b/c/d;p?y"},
		{"g?y", "http://a/b/c/g?y"}, {"", "http://a/b/c/d;p?q"},
		{".", "http://a/b/c/"},	     {"..", "http://a/b/"},
		{"../g", "http://a/b/g"},    {"../../../g", "http://a/g"},
		{"/./g", "http://a/g"},	     {"https://other:5000/x", "https://other:5000/x"},
	};
	CLEANUP(url_clear) struct url base = URL_INIT;
	struct err e;

	CHECK_OK(url_parse("http://a/b/c/d;p?q", &base, &e), e);
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		CLEANUP(url_clear) struct url u = URL_INIT;
		CLEANUP(freep) char *text = NULL;

		CHECK_OK(url_resolve(&base, t[i].ref, &u, &e), e);
		text = url_text(&u);
		CHECK_STR(text, t[i].want);
	}
}

TEST(url_coding)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	url_encode(&b, "a b/c&d=é~", "/");
	CHECK_STR(buf_str(&b), "a%20b/c%26d%3D%C3%A9~");
	buf_reset(&b);
	CHECK_EQ(url_decode(&b, "a+b%2f", 6, true), 0);
	CHECK_STR(buf_str(&b), "a b/");
	CHECK_EQ(url_decode(&b, "%", 1, true), -1);
	CHECK_EQ(url_decode(&b, "%4", 2, true), -1);
	CHECK_EQ(url_decode(&b, "%00", 3, true), -1);
}
