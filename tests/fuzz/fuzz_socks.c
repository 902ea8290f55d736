// SPDX-License-Identifier: MIT
/* What a SOCKS client sends, whole and byte by byte: both ways of reading end alike. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/guide.h"
#include "inspect/socks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int in_pieces(const uint8_t *p, size_t n, struct socks_request *rq)
{
	int r = 0;

	for (size_t k = 0; k <= n && r == 0; k++)
		r = socks_parse_request(p, k, rq);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct socks_request a, b;
	bool none = false;
	int used = socks_parse_methods(data, size, &none), r;

	if (used < 0)
		used = 0;
	if ((size_t)used > size)
		abort();
	r = socks_parse_request(data + used, size - (size_t)used, &a);
	if (r > 0 && ((size_t)r > size || a.port == 0 || *a.host == '\0' ||
		      memchr(a.host, '\0', sizeof(a.host)) == NULL))
		abort();
	if (r > 0 && (in_pieces(data + used, size - (size_t)used, &b) != r ||
		      strcmp(a.host, b.host) != 0 || a.port != b.port))
		abort();
	if (size >= sizeof(struct guide_request)) {
		struct guide_request q;

		memcpy(&q, data, sizeof(q));
		(void)guide_request_ok(&q, sizeof(q));
	}
	return 0;
}
