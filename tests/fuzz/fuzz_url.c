// SPDX-License-Identifier: MIT
/* URLs: what parses prints a text that parses to the same; a reference resolves to no surprise. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct url *u)
{
	CLEANUP(url_clear) struct url again = URL_INIT;
	CLEANUP(freep) char *text = url_text(u);
	CLEANUP(freep) char *text2 = NULL;
	struct err e;

	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ')
			abort();
	if (u->scheme[0] == '\0' || u->host[0] == '\0')
		return;
	if (url_parse(text, &again, &e) < 0)
		abort();
	text2 = url_text(&again);
	if (strcmp(text, text2) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = xstrndup((const char *)data, size);
	CLEANUP(url_clear) struct url base = URL_INIT, u = URL_INIT, resolved = URL_INIT;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct err e;

	if (url_parse("http://a/b/c?d", &base, &e) < 0)
		abort();
	if (url_parse(text, &u, &e) == 0)
		check_text(&u);
	if (url_resolve(&base, text, &resolved, &e) == 0)
		check_text(&resolved);
	if (http_query_parse(&q, text, &e) < 0)
		return 0;
	return 0;
}
