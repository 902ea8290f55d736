// SPDX-License-Identifier: MIT
/* RootlessKit's REST API from the client's side. */
#include "rootless/client.h"

#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/stream.h"
#include "base/str.h"
#include "config/limits.h"
#include "http/client.h"

/* What the server says went wrong: {"message": …}, or plain text. */
static int server_error(int status, const struct buf *text, struct err *e)
{
	CLEANUP(json_freep) struct json *doc = NULL;
	enum err_kind kind = status == 404   ? ERR_NOTFOUND
			     : status >= 500 ? ERR_SYSTEM
					     : ERR_INVALID;
	struct err ignored;
	const char *message = NULL;

	if (json_parse(buf_str(text), text->len, &doc, &ignored) == 0)
		message = json_get_str(doc, "message");
	if (str_empty(message))
		return err_set(e, kind, 0, "unexpected HTTP status %d", status);
	return err_set(e, kind, 0, "%s", message);
}

static int receive(struct http_client *c, struct json **ret, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	const struct http_response *r;

	if (http_client_recv(c, e) < 0 ||
	    http_body_read_all(http_client_body(c), RK_API_ANSWER_MAX_BYTES, &text, e) < 0)
		return -1;
	r = http_client_response(c);
	if (r->status >= 400)
		return server_error(r->status, &text, e);
	if (ret == NULL)
		return 0;
	*ret = NULL;
	return text.len == 0 ? 0 : json_parse(buf_str(&text), text.len, ret, e);
}

int rk_client_call(const char *socket, const char *method, const char *target, const char *body,
		   struct json **ret, struct err *e)
{
	CLEANUP(http_client_freep) struct http_client *c = NULL;
	struct http_headers headers = HTTP_HEADERS_INIT;
	struct http_send rq = {.method = method, .target = target, .host = "rootlesskit"};
	struct stream *s;
	int fd = net_connect_unix(socket, SOCK_STREAM, e);
	int result;

	if (fd < 0)
		return err_set(e, ERR_UNAVAILABLE, e->sys, "cannot connect to %s: %s", socket,
			       strerror(e->sys));
	s = stream_fd_new(fd);
	s->timeout_ms = RK_CLIENT_TIMEOUT_MS;
	c = http_client_new(s);
	if (body != NULL) {
		http_headers_add(&headers, "Content-Type", "application/json");
		rq.headers = &headers;
		rq.body = body;
		rq.body_len = strlen(body);
	}
	result = http_client_send(c, &rq, e);
	http_headers_clear(&headers);
	if (result < 0)
		return -1;
	return receive(c, ret, e);
}
