// SPDX-License-Identifier: MIT
/*
 * The REST API: a route table, one handler each.
 */
#include "rootless/api.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "http/server.h"
#include "json/json.h"
#include "usernet/feed.h"

/* What a handler leaves to be sent. */
struct answer {
	int status;
	struct buf body; /* JSON; may be empty */
};

typedef int handler_fn(struct rk_api *a, struct http_conn *c, const char *rest, struct answer *ans,
		       struct err *e);

/* What usernet dropped and refused, and why; a RootlessKit of others has no such key. */
static void info_counters(struct json_w *w, const char *state_dir)
{
	CLEANUP(freep) struct feed_stat *stats = NULL;
	struct err e;
	size_t n;

	if (feed_stats(state_dir, &stats, &n, &e) < 0) {
		log_debug(&e, "counters of usernet");
		return;
	}
	jw_kobj(w, "counters");
	for (size_t i = 0; i < n; i++)
		jw_ku64(w, stats[i].name, stats[i].value);
	jw_end(w);
}

static void info_network(struct json_w *w, const struct rk_conf *conf, const char *state_dir)
{
	char text[IP_TEXT_SIZE];
	struct ip dns = rk_conf_address(conf, 3), child = rk_conf_address(conf, 100);

	jw_kobj(w, "networkDriver");
	jw_kstr(w, "driver", conf->net);
	if (conf->net_kind != RK_NET_NONE) {
		jw_karr(w, "dns");
		jw_str(w, ip_format(&dns, text));
		jw_end(w);
		jw_kstr(w, "childIP", ip_format(&child, text));
	}
	if (conf->net_kind == RK_NET_USERNET || conf->port_kind == RK_PORT_BUILTIN)
		info_counters(w, state_dir);
	jw_end(w);
}

static void info_ports(struct json_w *w, const struct rk_conf *conf)
{
	jw_kobj(w, "portDriver");
	jw_kstr(w, "driver", conf->port_driver);
	jw_karr(w, "protos");
	for (int i = 0; i < RK_PROTOS; i++)
		jw_str(w, rk_proto_name((enum rk_proto)i));
	jw_end(w);
	jw_end(w);
}

static int get_info(struct rk_api *a, struct http_conn *c UNUSED, const char *rest UNUSED,
		    struct answer *ans, struct err *e UNUSED)
{
	struct json_w w;

	jw_init(&w, &ans->body);
	jw_obj(&w);
	jw_kstr(&w, "apiVersion", RK_API_VERSION);
	jw_kstr(&w, "version", RK_VERSION);
	jw_kstr(&w, "stateDir", a->state_dir);
	jw_ki64(&w, "childPID", a->child_pid);
	if (rk_conf_has_netns(a->conf))
		info_network(&w, a->conf, a->state_dir);
	if (a->conf->port_kind != RK_PORT_NONE)
		info_ports(&w, a->conf);
	jw_end(&w);
	ans->status = 200;
	return 0;
}

static int get_ports(struct rk_api *a, struct http_conn *c UNUSED, const char *rest UNUSED,
		     struct answer *ans, struct err *e UNUSED)
{
	struct json_w w;

	jw_init(&w, &ans->body);
	rk_ports_to_json(&w, a->ports);
	ans->status = 200;
	return 0;
}

static int post_port(struct rk_api *a, struct http_conn *c, const char *rest UNUSED,
		     struct answer *ans, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(json_freep) struct json *doc = NULL;
	const struct rk_port_entry *entry;
	struct rk_spec spec;
	struct json_w w;

	if (http_body_read_all(http_conn_body(c), RK_API_BODY_MAX_BYTES, &text, e) < 0 ||
	    json_parse(buf_str(&text), text.len, &doc, e) < 0 ||
	    rk_spec_from_json(doc, &spec, e) < 0 || rk_ports_add(a->ports, &spec, &entry, e) < 0)
		return -1;
	jw_init(&w, &ans->body);
	rk_port_entry_to_json(&w, entry);
	ans->status = 201;
	return 0;
}

static int delete_port(struct rk_api *a, struct http_conn *c UNUSED, const char *rest,
		       struct answer *ans, struct err *e)
{
	uint64_t id;

	if (str_u64(rest, INT64_MAX, &id) < 0)
		return err_set(e, ERR_INVALID, 0, "bad id: \"%.64s\"", rest);
	if (rk_ports_del(a->ports, id, e) < 0)
		return -1;
	ans->status = 200;
	return 0;
}

static const struct route {
	const char *method;
	const char *path; /* without the version */
	bool prefix;	  /* something follows: the handler's rest */
	handler_fn *handler;
} routes[] = {
	{"GET", "/info", false, get_info},
	{"GET", "/ports", false, get_ports},
	{"POST", "/ports", false, post_port},
	{"DELETE", "/ports/", true, delete_port},
};

/* The path behind "/v1" or "/v1.N…", NULL when it has another version. */
static const char *skip_version(const char *path)
{
	const char *p = str_skip(path, "/v1");

	if (p == NULL)
		return NULL;
	while (*p == '.' || (*p >= '0' && *p <= '9'))
		p++;
	return *p == '/' ? p : NULL;
}

static const struct route *find_route(const char *method, const char *path, const char **ret_rest)
{
	const char *p = skip_version(path);

	if (p == NULL)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		const struct route *r = &routes[i];

		if (!str_eq(method, r->method))
			continue;
		if (r->prefix && str_starts(p, r->path) && p[strlen(r->path)] != '\0') {
			*ret_rest = p + strlen(r->path);
			return r;
		}
		if (!r->prefix && str_eq(p, r->path)) {
			*ret_rest = "";
			return r;
		}
	}
	return NULL;
}

/* RootlessKit answers 400 to whatever a request asks for in vain; 500 is for failures of ours. */
static void answer_error(struct answer *ans, const struct err *e)
{
	struct json_w w;

	buf_reset(&ans->body);
	jw_init(&w, &ans->body);
	jw_obj(&w);
	jw_kstr(&w, "message", e->msg);
	jw_end(&w);
	ans->status = e->kind == ERR_SYSTEM && e->sys != EADDRNOTAVAIL ? 500 : 400;
}

static void serve_request(struct rk_api *a, struct http_conn *c)
{
	const struct http_request *rq = http_conn_request(c);
	struct answer ans = {0};
	const struct route *r;
	const char *rest;
	struct err e;

	http_conn_close_after(c);
	r = find_route(rq->method, rq->path, &rest);
	if (r == NULL) {
		static const char text[] = "404 page not found\n";

		(void)http_conn_respond(c, 404, "text/plain; charset=utf-8", text, strlen(text),
					&e);
		return;
	}
	if (r->handler(a, c, rest, &ans, &e) < 0)
		answer_error(&ans, &e);
	if (http_conn_respond(c, ans.status, ans.body.len > 0 ? "application/json" : NULL,
			      buf_str(&ans.body), ans.body.len, &e) < 0)
		log_debug(&e, "api: the client left");
	buf_clear(&ans.body);
}

void rk_api_serve(struct rk_api *a, int conn_fd)
{
	struct stream *s = stream_fd_new(conn_fd);
	CLEANUP(http_conn_freep) struct http_conn *c = NULL;
	struct err e;

	s->timeout_ms = RK_API_TIMEOUT_MS;
	c = http_conn_new(s);
	if (http_conn_next(c, &e) == 1)
		serve_request(a, c);
}
