// SPDX-License-Identifier: MIT
/* The client against a hostile server: head, body, and what follows, in short reads. */
#include <stdint.h>
#include <stdlib.h>

#include "base/stream.h"
#include "http/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(http_client_freep)
	struct http_client *c = http_client_new(stream_mem_new(data, size, NULL));
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	struct http_send rq = {.method = "GET", .target = "/"};
	struct err e;

	while (http_client_send(c, &rq, &e) == 0 && http_client_recv(c, &e) == 0) {
		int status = http_client_response(c)->status;

		if (status < 100 || status > 599)
			abort();
		buf_reset(&body);
		if (http_body_read_all(http_client_body(c), 1 << 20, &body, &e) < 0 ||
		    !http_client_reusable(c))
			break;
	}
	return 0;
}
