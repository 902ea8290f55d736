// SPDX-License-Identifier: MIT
/*
 * Client of RootlessKit's REST API for ports (pkg/api/openapi.yaml, version
 * 1.1): POST /v1/ports answers 201 with the id, DELETE /v1/ports/{id} 200,
 * GET /v1/ports the list. Errors are {"message": ...}.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/path.h"
#include "base/str.h"
#include "http/client.h"
#include "json/json.h"
#include "json/write.h"
#include "network/client.h"
#include "network/ports.h"

#define ANSWER_MAX (4UL << 20)

static struct http_client *connect_api(const char *state_dir, struct err *e)
{
	CLEANUP(freep) char *path = path_join(state_dir, "api.sock");
	struct stream *s;
	int fd;

	fd = net_connect_unix(path, SOCK_STREAM, e);
	if (fd < 0) {
		e->kind = ERR_UNAVAILABLE;
		err_wrap(e, "rootlesskit");
		return NULL;
	}
	s = stream_fd_new(fd);
	s->timeout_ms = NETNS_CALL_TIMEOUT_MS;
	return http_client_new(s);
}

static int read_body(struct http_client *c, struct buf *b, struct err *e)
{
	for (;;) {
		char *p = buf_reserve(b, 4096);
		ssize_t n = http_body_read(http_client_body(c), p, 4096, e);

		if (n < 0)
			return -1;
		if (n == 0)
			return 0;
		b->len += (size_t)n;
		p[n] = '\0';
		if (b->len > ANSWER_MAX)
			return err_set(e, ERR_INVALID, 0, "rootlesskit's answer is too long");
	}
}

/* The API's message as one of our errors; its text is all it says about the kind. */
static int refused(int status, const struct json *body, struct err *e)
{
	const char *msg = json_get_str(body, "message");
	enum err_kind kind = status == 404 ? ERR_NOTFOUND : ERR_SYSTEM;

	if (msg == NULL)
		return err_set(e, kind, 0, "rootlesskit answered with status %d", status);
	if (strstr(msg, "in use") != NULL || strstr(msg, "conflict") != NULL)
		kind = ERR_CONFLICT;
	else if (strstr(msg, "denied") != NULL || strstr(msg, "not permitted") != NULL ||
		 strstr(msg, "unprivileged_port") != NULL)
		kind = ERR_DENIED;
	else if (strstr(msg, "not found") != NULL)
		kind = ERR_NOTFOUND;
	return err_set(e, kind, 0, "%s", msg);
}

static int request(const char *state_dir, const char *method, const char *target,
		   const struct buf *body, struct json **ret, struct err *e)
{
	CLEANUP(http_client_freep) struct http_client *c = connect_api(state_dir, e);
	struct http_headers headers = HTTP_HEADERS_INIT;
	struct http_send rq = {.method = method, .target = target, .host = "rootlesskit"};
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(json_freep) struct json *doc = NULL;
	int r, status;

	if (c == NULL)
		return -1;
	if (body != NULL) {
		rq.body = body->data;
		rq.body_len = body->len;
		http_headers_set(&headers, "Content-Type", "application/json");
		rq.headers = &headers;
	}
	r = http_client_send(c, &rq, e);
	http_headers_clear(&headers);
	if (r < 0 || http_client_recv(c, e) < 0 || read_body(c, &text, e) < 0)
		return err_wrap(e, "rootlesskit");
	status = http_client_response(c)->status;
	if (text.len > 0 && json_parse(text.data, text.len, &doc, e) < 0 && status / 100 == 2)
		return err_wrap(e, "rootlesskit");
	if (status / 100 != 2)
		return refused(status, doc, e);
	*ret = TAKE(doc);
	return 0;
}

int rk_port_add(const char *state_dir, const struct rk_port *p, uint64_t *ret_id, struct err *e)
{
	CLEANUP(json_freep) struct json *answer = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	char ip[IP_TEXT_SIZE], proto[16];
	struct json_w w;

	jw_init(&w, &b);
	jw_obj(&w);
	snprintf(proto, sizeof(proto), "%s%c", port_proto_name(p->proto),
		 p->parent_ip.family == IP_V6 ? '6' : '4');
	jw_kstr(&w, "proto", proto);
	jw_kstr(&w, "parentIP",
		p->parent_ip.family == IP_NONE ? "0.0.0.0" : ip_format(&p->parent_ip, ip));
	jw_ki64(&w, "parentPort", p->parent_port);
	if (p->child_ip.family != IP_NONE)
		jw_kstr(&w, "childIP", ip_format(&p->child_ip, ip));
	jw_ki64(&w, "childPort", p->child_port);
	jw_end(&w);
	if (request(state_dir, "POST", "/v1/ports", &b, &answer, e) < 0)
		return -1;
	if (json_u64(json_get(answer, "id"), ret_id) < 0)
		return err_set(e, ERR_SYSTEM, 0, "rootlesskit answered without an id");
	return 0;
}

int rk_port_del(const char *state_dir, uint64_t id, struct err *e)
{
	CLEANUP(json_freep) struct json *answer = NULL;
	char target[48];

	snprintf(target, sizeof(target), "/v1/ports/%llu", (unsigned long long)id);
	return request(state_dir, "DELETE", target, NULL, &answer, e);
}

static int parse_spec(const struct json *spec, struct rk_port *p, struct err *e)
{
	const char *proto = json_get_str(spec, "proto");
	const char *parent = json_get_str(spec, "parentIP"), *child = json_get_str(spec, "childIP");
	int64_t pp = json_get_i64(spec, "parentPort", -1), cp = json_get_i64(spec, "childPort", -1);

	memset(p, 0, sizeof(*p));
	if (proto == NULL || pp < 0 || pp > UINT16_MAX || cp < 0 || cp > UINT16_MAX)
		return err_set(e, ERR_INVALID, 0, "malformed port in rootlesskit's answer");
	p->proto = str_starts(proto, "udp") ? PORT_UDP : PORT_TCP;
	p->parent_port = (uint16_t)pp;
	p->child_port = (uint16_t)cp;
	if (!str_empty(parent) && ip_parse(parent, &p->parent_ip, e) < 0)
		return -1;
	return str_empty(child) ? 0 : ip_parse(child, &p->child_ip, e);
}

int rk_port_list(const char *state_dir, int (*fn)(uint64_t id, const struct rk_port *p, void *arg),
		 void *arg, struct err *e)
{
	CLEANUP(json_freep) struct json *answer = NULL;
	struct rk_port p;
	uint64_t id;

	if (request(state_dir, "GET", "/v1/ports", NULL, &answer, e) < 0)
		return -1;
	json_for_each (item, answer) {
		if (json_u64(json_get(item, "id"), &id) < 0 ||
		    parse_spec(json_get(item, "spec"), &p, e) < 0)
			continue;
		if (fn(id, &p, arg) != 0)
			break;
	}
	return 0;
}
