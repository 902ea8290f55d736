// SPDX-License-Identifier: MIT
/*
 * HTTP requests of the registry client. A connection is opened (through a
 * proxy's CONNECT where one is configured, TLS where the URL says so), used for
 * one exchange at a time and kept when it can serve another. Redirects are
 * followed up to REGISTRY_REDIRECTS_MAX; credentials never follow to another
 * origin, and never from https to plain http.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/hex.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/time.h"
#include "config/limits.h"
#include "image/transport_internal.h"

#define IDLE_MAX 8   /* connections kept */
#define DRAIN_MS 250 /* for the rest of an answer nobody reads */

#ifndef THIMBLE_VERSION
#define THIMBLE_VERSION "0"
#endif

struct conn {
	struct list link; /* in transport.idle */
	char *origin;
	struct http_client *http;
	struct stream *guard; /* below TLS; borrowed from http */
	bool via_proxy;	      /* plain HTTP through a proxy: whole URLs in the request line */
	bool saw_http;
	bool reused;
};

struct trust {
	struct list link;
	char *host;
	struct tls_config *tls;
};

struct transport {
	const struct registry_config *config;
	bool hurry; /* heads of answers have as long as a handshake */
	int cancel_fd;
	pthread_mutex_t mu;
	struct list idle; /* struct conn; guarded by mu */
	size_t n_idle;
	struct list trusts; /* struct trust; guarded by mu */
};

struct exchange {
	struct transport *t;
	struct conn *conn;
	struct url url;
};

struct transport *transport_new(const struct registry_config *c)
{
	struct transport *t = xcalloc(1, sizeof(*t));

	t->config = c;
	t->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&t->mu, NULL);
	list_init(&t->idle);
	list_init(&t->trusts);
	return t;
}

static void conn_free(struct conn *c)
{
	if (c == NULL)
		return;
	http_client_free(c->http);
	free(c->origin);
	free(c);
}

static void conn_freep(struct conn **c)
{
	conn_free(*c);
}

void transport_free(struct transport *t)
{
	struct conn *c, *next_c;
	struct trust *tr, *next_tr;

	if (t == NULL)
		return;
	list_for_each_safe (c, next_c, &t->idle, link)
		conn_free(c);
	list_for_each_safe (tr, next_tr, &t->trusts, link) {
		tls_config_free(tr->tls);
		free(tr->host);
		free(tr);
	}
	fd_close(&t->cancel_fd);
	pthread_mutex_destroy(&t->mu);
	free(t);
}

void transport_hurry(struct transport *t, bool on)
{
	t->hurry = on;
}

void transport_cancel(struct transport *t)
{
	uint64_t one = 1;

	/* cannot fail but by overflow, and then it is readable already */
	(void)!write(t->cancel_fd, &one, sizeof(one));
}

int transport_pause(struct transport *t, int64_t ms, struct err *e)
{
	if (fd_wait(t->cancel_fd, POLLIN, (int)ms) > 0)
		return err_set(e, ERR_CANCELLED, ECANCELED, "context canceled");
	return 0;
}

static int idle_ms(const struct transport *t)
{
	return t->config->idle_ms > 0 ? t->config->idle_ms : REGISTRY_IDLE_MS;
}

/* For a handshake, or a whole head of an answer. */
static int64_t deadline(const struct transport *t, int usual_ms)
{
	int ms = t->config->idle_ms > 0 ? 2 * t->config->idle_ms : usual_ms;

	return time_mono_ms() + ms;
}

static char *origin_of(const struct url *u)
{
	return xasprintf("%s://%s:%u", u->scheme, u->host, u->port);
}

/* Trust for a host, loaded once. */
static int trust_for(struct transport *t, const struct url *u, struct tls_config **ret,
		     struct err *e)
{
	CLEANUP(freep) char *host = url_host_header(u);
	struct trust *tr;

	MUTEX_GUARD(&t->mu);
	list_for_each (tr, &t->trusts, link) {
		if (str_eq(tr->host, host)) {
			*ret = tr->tls;
			return 0;
		}
	}
	tr = xcalloc(1, sizeof(*tr));
	if (endpoint_tls(t->config, host, &tr->tls, e) < 0) {
		free(tr);
		return -1;
	}
	tr->host = TAKE(host);
	list_add_tail(&t->trusts, &tr->link);
	*ret = tr->tls;
	return 0;
}

static void add_proxy_auth(struct http_headers *h, const struct url *proxy)
{
	CLEANUP(buf_clear) struct buf code = BUF_INIT;
	CLEANUP(freep) char *both = NULL;

	if (proxy->user == NULL)
		return;
	both = xasprintf("%s:%s", proxy->user, proxy->password != NULL ? proxy->password : "");
	base64_encode(&code, both, strlen(both));
	http_headers_addf(h, "Proxy-Authorization", "Basic %s", buf_str(&code));
}

/* CONNECT through a proxy; the stream is consumed and given back. */
static int proxy_tunnel(struct stream **s, const struct url *proxy, const struct url *u,
			struct err *e)
{
	CLEANUP(http_client_freep) struct http_client *c = http_client_new(TAKE(*s));
	CLEANUP(http_headers_clear) struct http_headers headers = HTTP_HEADERS_INIT;
	CLEANUP(freep)
	char *target =
		xasprintf(strchr(u->host, ':') != NULL ? "[%s]:%u" : "%s:%u", u->host, u->port);
	CLEANUP(buf_clear) struct buf left = BUF_INIT;
	struct http_send rq = {
		.method = "CONNECT", .target = target, .host = target, .headers = &headers};

	add_proxy_auth(&headers, proxy);
	if (http_client_send(c, &rq, e) < 0 || http_client_recv(c, e) < 0)
		return err_wrap(e, "proxyconnect tcp");
	if (http_client_response(c)->status != 200)
		return err_set(e, ERR_UNAVAILABLE, 0, "proxy: %d %s",
			       http_client_response(c)->status, http_client_response(c)->reason);
	*s = http_client_hijack(c, &left);
	if (left.len > 0)
		return err_set(e, ERR_INVALID, 0, "proxy: unexpected bytes after CONNECT");
	return 0;
}

static int start_tls(struct transport *t, struct conn *c, struct stream **s, const struct url *u,
		     struct err *e)
{
	struct tls_config *tls;

	if (trust_for(t, u, &tls, e) < 0)
		return -1;
	if (tls_client_new(TAKE(*s), tls, u->host, s, e) == 0)
		return 0;
	if (c->saw_http)
		return err_set(e, ERR_UNAVAILABLE, 0,
			       "http: server gave HTTP response to HTTPS client");
	if (!str_starts(e->msg, "x509:"))
		return -1;
	e->kind = ERR_SYSTEM; /* it is the server's certificate, nothing the client may not do */
	return err_wrap(e, "tls: failed to verify certificate");
}

static int dial(struct transport *t, struct conn *c, const struct url *u, struct err *e)
{
	const char *via = proxy_for(t->config, u);
	CLEANUP(freep) char *text = NULL;
	CLEANUP(url_clear) struct url proxy = URL_INIT;
	CLEANUP(stream_freep) struct stream *s = NULL;
	bool https = str_eq(u->scheme, "https");
	int fd;

	if (via != NULL) {
		text = strstr(via, "://") != NULL ? xstrdup(via) : xasprintf("http://%s", via);
		if (url_parse(text, &proxy, e) < 0)
			return err_wrap(e, "proxy");
		if (!str_eq(proxy.scheme, "http"))
			return err_set(e, ERR_UNIMPLEMENTED, 0,
				       "proxy: scheme %s is not supported, use http", proxy.scheme);
	}
	fd = net_connect_tcp(via ? proxy.host : u->host, via ? proxy.port : u->port,
			     MIN(REGISTRY_CONNECT_MS, idle_ms(t)), e);
	if (fd < 0)
		return str_starts(e->msg, "lookup ") ? err_wrap(e, "dial tcp") : -1;
	s = c->guard = guard_new(fd, t->cancel_fd, idle_ms(t), &c->saw_http);
	guard_set_deadline(c->guard, deadline(t, REGISTRY_HANDSHAKE_MS));
	if (https && via != NULL) {
		struct stream *through = TAKE(s);
		int r = proxy_tunnel(&through, &proxy, u, e);

		s = through;
		if (r < 0)
			return -1;
	}
	if (https && start_tls(t, c, &s, u, e) < 0)
		return -1;
	c->via_proxy = via != NULL && !https;
	c->http = http_client_new(TAKE(s));
	return 0;
}

/* An idle connection to the origin, or a new one. */
static int conn_get(struct transport *t, const struct url *u, bool fresh, struct conn **ret,
		    struct err *e)
{
	CLEANUP(conn_freep) struct conn *c = NULL;
	CLEANUP(freep) char *origin = origin_of(u);
	struct conn *it;

	pthread_mutex_lock(&t->mu);
	list_for_each (it, &t->idle, link) {
		if (!fresh && str_eq(it->origin, origin)) {
			c = it;
			list_del(&c->link);
			t->n_idle--;
			break;
		}
	}
	pthread_mutex_unlock(&t->mu);
	if (c == NULL) {
		c = xcalloc(1, sizeof(*c));
		list_init(&c->link);
		c->origin = TAKE(origin);
		if (dial(t, c, u, e) < 0)
			return -1;
	} else {
		c->reused = true;
	}
	*ret = TAKE(c);
	return 0;
}

static void conn_put(struct transport *t, struct conn *c)
{
	bool keep;

	/* a rest that is not there yet is not worth a wait */
	guard_set_deadline(c->guard, time_mono_ms() + DRAIN_MS);
	keep = http_client_reusable(c->http);
	pthread_mutex_lock(&t->mu);
	keep = keep && t->n_idle < IDLE_MAX;
	if (keep) {
		list_add_head(&t->idle, &c->link);
		t->n_idle++;
	}
	pthread_mutex_unlock(&t->mu);
	if (!keep)
		conn_free(c);
}

static int converse(struct transport *t, struct conn *c, const struct transport_request *rq,
		    const struct url *u, const char *authorization, struct err *e)
{
	CLEANUP(http_headers_clear) struct http_headers headers = HTTP_HEADERS_INIT;
	CLEANUP(freep) char *target = c->via_proxy ? url_text(u) : url_target(u);
	CLEANUP(freep) char *host = url_host_header(u);
	struct http_send send = {.method = rq->method,
				 .target = target,
				 .host = host,
				 .headers = &headers,
				 .body = rq->body,
				 .body_len = rq->n_body,
				 .read = rq->read,
				 .read_arg = rq->read_arg,
				 .read_bytes = -1};

	http_headers_add(&headers, "User-Agent",
			 str_empty(t->config->user_agent) ? "thimble/" THIMBLE_VERSION " os/linux"
							  : t->config->user_agent);
	if (authorization != NULL)
		http_headers_add(&headers, "Authorization", authorization);
	for (size_t i = 0; rq->headers != NULL && i < rq->headers->len; i++)
		http_headers_add(&headers, rq->headers->items[i].name, rq->headers->items[i].value);
	if (c->via_proxy) {
		CLEANUP(url_clear) struct url proxy = URL_INIT;
		const char *via = proxy_for(t->config, u);

		if (via != NULL && url_parse(via, &proxy, e) == 0)
			add_proxy_auth(&headers, &proxy);
	}
	guard_set_deadline(c->guard, rq->read != NULL ? 0
						      : deadline(t, t->hurry ? REGISTRY_HANDSHAKE_MS
									     : REGISTRY_HEADER_MS));
	if (http_client_send(c->http, &send, e) < 0 || http_client_recv(c->http, e) < 0)
		return -1;
	guard_set_deadline(c->guard, 0);
	return 0;
}

static int exchange_one(struct transport *t, const struct transport_request *rq,
			const struct url *u, const char *authorization, struct conn **ret,
			struct err *e)
{
	for (bool fresh = rq->read != NULL;; fresh = true) {
		CLEANUP(conn_freep) struct conn *c = NULL;

		if (conn_get(t, u, fresh, &c, e) < 0)
			return -1;
		if (converse(t, c, rq, u, authorization, e) == 0) {
			*ret = TAKE(c);
			return 0;
		}
		/* an idle connection may have been closed meanwhile: once more on a new one */
		if (!c->reused || e->kind == ERR_CANCELLED || e->kind == ERR_TIMEOUT)
			return -1;
	}
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* Where a redirect leads; *u is replaced. */
static int follow(struct transport *t, struct url *u, const struct http_response *rs, struct err *e)
{
	const char *location = http_headers_get(&rs->headers, "Location");
	struct url next = URL_INIT;

	if (location == NULL)
		return err_set(e, ERR_INVALID, 0, "%d response missing Location header",
			       rs->status);
	if (url_resolve(u, location, &next, e) < 0)
		return err_wrap(e, "failed to parse Location header");
	if ((!str_eq(next.scheme, "https") && !str_eq(next.scheme, "http")) ||
	    str_empty(next.host)) {
		url_clear(&next);
		return err_set(e, ERR_INVALID, 0, "redirect to an unsupported protocol scheme");
	}
	if (str_eq(u->scheme, "https") && str_eq(next.scheme, "http")) {
		CLEANUP(freep) char *host = url_host_header(&next);

		if (!registry_is_insecure(t->config, host)) {
			url_clear(&next);
			return err_set(e, ERR_DENIED, 0, "redirect from https to http refused");
		}
	}
	url_clear(u);
	*u = next;
	return 0;
}

/* Go's *url.Error: 'Get "https://host/path": dial tcp …: connect: connection refused' */
static int explain(struct err *e, const char *method, const struct url *u)
{
	CLEANUP(freep) char *text = url_text(u);
	char shown[208], verb[8] = "";
	const char *sys = e->sys != 0 ? strerror(e->sys) : NULL;
	char *at = sys != NULL ? strstr(e->msg, sys) : NULL;

	if (at != NULL)
		*at = (char)tolower((unsigned char)*at);
	if (str_copy(shown, text, sizeof(shown)) >= sizeof(shown))
		str_copy(shown + sizeof(shown) - 4, "...", 4);
	str_copy(verb, method, sizeof(verb));
	for (size_t i = 1; i < sizeof(verb) && verb[i] != '\0'; i++)
		verb[i] = (char)tolower((unsigned char)verb[i]);
	return err_wrap(e, "%s \"%s\"", verb, shown);
}

int transport_do(struct transport *t, const struct transport_request *rq, struct exchange **ret,
		 struct err *e)
{
	CLEANUP(url_clear) struct url u = URL_INIT;
	CLEANUP(freep) char *first = NULL;
	bool safe = str_eq(rq->method, "GET") || str_eq(rq->method, "HEAD");

	if (transport_pause(t, 0, e) < 0 || url_parse(rq->url, &u, e) < 0)
		return -1;
	first = origin_of(&u);
	for (int hop = 0; hop <= REGISTRY_REDIRECTS_MAX; hop++) {
		CLEANUP(freep) char *origin = origin_of(&u);
		CLEANUP(exchange_freep) struct exchange *x = NULL;
		struct conn *c = NULL;

		if (exchange_one(t, rq, &u, str_eq(origin, first) ? rq->authorization : NULL, &c,
				 e) < 0)
			return explain(e, rq->method, &u);
		x = xcalloc(1, sizeof(*x));
		x->t = t;
		x->conn = c;
		if (!safe || !is_redirect(http_client_response(c->http)->status)) {
			x->url = u;
			u = (struct url)URL_INIT;
			*ret = TAKE(x);
			return 0;
		}
		if (follow(t, &u, http_client_response(c->http), e) < 0)
			return explain(e, rq->method, &u);
	}
	err_set(e, ERR_INVALID, 0, "stopped after %d redirects", REGISTRY_REDIRECTS_MAX);
	return explain(e, rq->method, &u);
}

const struct http_response *exchange_response(const struct exchange *x)
{
	return http_client_response(x->conn->http);
}

struct http_body *exchange_body(struct exchange *x)
{
	return http_client_body(x->conn->http);
}

const struct url *exchange_url(const struct exchange *x)
{
	return &x->url;
}

void exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	conn_put(x->t, x->conn);
	url_clear(&x->url);
	free(x);
}

void exchange_freep(struct exchange **x)
{
	exchange_free(*x);
}
