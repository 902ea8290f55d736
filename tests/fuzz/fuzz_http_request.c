// SPDX-License-Identifier: MIT
/*
 * Request heads: the end of the head does not depend on how the bytes arrive, and
 * an accepted request never has two readings of its length.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/message.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(http_request_clear) struct http_request r = {0};
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	const char *p = (const char *)data;
	size_t scan = 0, whole = http_head_end(p, size, &scan), piecewise = 0;
	struct err e;
	int status = 0;

	scan = 0;
	for (size_t n = 1; n <= size && piecewise == 0; n++)
		piecewise = http_head_end(p, n, &scan);
	if (piecewise != whole)
		abort();
	if (http_request_parse(p, whole != 0 ? whole : size, &r, &status, &e) < 0) {
		if (status < 400 || status > 505)
			abort();
		return 0;
	}
	if (http_headers_get(&r.headers, "Transfer-Encoding") != NULL &&
	    http_headers_get(&r.headers, "Content-Length") != NULL)
		abort();
	if (http_query_parse(&q, r.query, &e) < 0)
		return 0;
	return 0;
}
