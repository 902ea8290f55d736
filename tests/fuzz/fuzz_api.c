// SPDX-License-Identifier: MIT
/*
 * The whole way of a request: bytes of a connection, head, route, parameters,
 * JSON bodies, answers, over an engine without processes. An answer is always
 * well-formed for our own client, and refusals carry a message.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/path.h"
#include "http/client.h"
#include "tests/unit/api/fake_engine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads back what was answered, as a client would. */
static void check_answers(const struct buf *out)
{
	CLEANUP(http_client_freep)
	struct http_client *c = http_client_new(stream_mem_new(out->data, out->len, NULL));
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	struct http_send rq = {.method = "GET", .target = "/"};
	const struct http_response *rs;
	struct err e;

	if (http_client_send(c, &rq, &e) < 0 || http_client_recv(c, &e) < 0)
		abort();
	rs = http_client_response(c);
	if (rs->status < 400 || rs->status == 499)
		return;
	if (http_body_read_all(http_client_body(c), 1 << 20, &body, &e) < 0)
		abort();
	if (strstr(buf_str(&body), "message") == NULL &&
	    strstr(buf_str(&body), "client version") == NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct engine en;
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	CLEANUP(http_conn_freep) struct http_conn *c = NULL;
	struct api_link link = {0};
	bool heads = false; /* their answers have lengths without bodies */
	struct err e;

	if (en.images == NULL) {
		char dir[] = "/tmp/fuzz_api.XXXXXX";

		if (mkdtemp(dir) == NULL || image_store_open(dir, NULL, &en.images, &e) < 0)
			abort();
		if (path_remove_tree(AT_FDCWD, dir, &e) < 0)
			abort();
	}
	c = http_conn_new(stream_mem_new(data, size, &out));
	while (http_conn_next(c, &e) == 1) {
		const struct http_request *rq = http_conn_request(c);

		heads |= str_eq(rq->method, "HEAD");
		/* taking a connection over needs a descriptor */
		if (strstr(rq->path, "/attach") != NULL || strstr(rq->path, "/start") != NULL)
			break;
		/* statistics wait for the next second */
		if (strstr(rq->path, "/stats") != NULL)
			break;
		if (api_dispatch(&en, c, &link) < 0)
			break;
	}
	if (out.len > 0 && !heads)
		check_answers(&out);
	return 0;
}
