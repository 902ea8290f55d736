// SPDX-License-Identifier: MIT
/*
 * Requests to the engine over one kept connection. The API version is agreed
 * on before the first request: HEAD /_ping tells the server's, the smaller of
 * it and ours is used, unless DOCKER_API_VERSION fixes one.
 */
#include "client/client.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"
#include "base/net.h"
#include "base/path.h"
#include "base/str.h"
#include "client/host.h"
#include "client/ssh.h"
#include "config/limits.h"
#include "tls/tls.h"

#define CONNECT_TIMEOUT_MS 30000

struct client {
	struct host host;
	char *config_dir;
	char *tls_ca, *tls_cert, *tls_key;
	bool tls, tls_verify;
	struct tls_config *tls_config; /* made at the first connect */
	struct http_client *http;      /* NULL: not connected */
	char *version;		       /* "" until negotiated */
	bool fixed_version;
};

/* NULL when it is not there; one that an option names, and a CA outside contexts, must be */
static int tls_file(const struct client *c, const char *given, const char *name, char **ret,
		    struct err *e)
{
	const char *dir = c->host.tls_dir != NULL ? c->host.tls_dir : getenv("DOCKER_CERT_PATH");
	char *path = !str_empty(given) ? xstrdup(given)
				       : path_join(!str_empty(dir) ? dir : c->config_dir, name);

	*ret = path;
	if (path_exists(path))
		return 0;
	if (c->host.tls_dir == NULL && (!str_empty(given) || str_eq(name, "ca.pem")))
		return err_set(e, ERR_NOTFOUND, 0, "open %s: no such file or directory", path);
	str_replace_ptr(ret, NULL);
	return 0;
}

/* a context says all itself; else options and environment do */
static int find_tls(struct client *c, const struct client_options *o, struct err *e)
{
	static const struct client_options none;
	bool own = !str_eq(c->host.context, "default");

	c->tls_verify = own ? !c->host.skip_verify
			    : o->tls_verify || !str_empty(getenv("DOCKER_TLS_VERIFY"));
	c->tls = c->host.tls ||
		 (!own && (c->tls_verify || o->tls || !str_empty(getenv("DOCKER_TLS"))));
	if (own)
		o = &none;
	if (c->host.kind != HOST_TCP || !c->tls || (own && c->host.tls_dir == NULL))
		return 0;
	if (tls_file(c, o->tls_ca, "ca.pem", &c->tls_ca, e) < 0 ||
	    tls_file(c, o->tls_cert, "cert.pem", &c->tls_cert, e) < 0)
		return -1;
	return tls_file(c, o->tls_key, "key.pem", &c->tls_key, e);
}

int client_open(const struct client_options *o, struct client **ret, struct err *e)
{
	static const struct client_options none;
	CLEANUP(client_freep) struct client *c = xcalloc(1, sizeof(*c));
	const char *fixed = getenv("DOCKER_API_VERSION");

	if (o == NULL)
		o = &none;
	if (host_find(o, &c->host, e) < 0)
		return -1;
	c->config_dir = host_config_dir(o->config_dir);
	if (find_tls(c, o, e) < 0)
		return -1;
	c->fixed_version = !str_empty(fixed);
	c->version = xstrdup(c->fixed_version ? (*fixed == 'v' ? fixed + 1 : fixed) : "");
	*ret = TAKE(c);
	return 0;
}

struct client *client_clone(const struct client *c)
{
	struct client *d = xcalloc(1, sizeof(*d));

	*d = *c;
	d->host = (struct host){
		.kind = c->host.kind,
		.text = xstrdup(c->host.text),
		.path = xstrdup(c->host.path),
		.name = xstrdup(c->host.name),
		.port = c->host.port,
		.context = xstrdup(c->host.context),
		.tls_dir = xstrdup(c->host.tls_dir),
		.tls = c->host.tls,
	};
	d->config_dir = xstrdup(c->config_dir);
	d->tls_ca = xstrdup(c->tls_ca);
	d->tls_cert = xstrdup(c->tls_cert);
	d->tls_key = xstrdup(c->tls_key);
	d->tls_config = NULL;
	d->http = NULL;
	d->version = xstrdup(c->version);
	return d;
}

void client_free(struct client *c)
{
	if (c == NULL)
		return;
	http_client_free(c->http);
	tls_config_free(c->tls_config);
	host_clear(&c->host);
	free(c->config_dir);
	free(c->tls_ca);
	free(c->tls_cert);
	free(c->tls_key);
	free(c->version);
	free(c);
}

void client_freep(struct client **c)
{
	client_free(*c);
}

const char *client_host(const struct client *c)
{
	return c->host.text;
}

const char *client_context(const struct client *c)
{
	return c->host.context;
}

const char *client_version(const struct client *c)
{
	return *c->version != 0 ? c->version : CLIENT_API_VERSION;
}

/* "1.24" as a number that compares */
static long version_number(const char *v)
{
	char *dot;
	long major = strtol(v, &dot, 10);

	return major * 1000 + (*dot == '.' ? strtol(dot + 1, NULL, 10) : 0);
}

bool client_at_least(const struct client *c, const char *version)
{
	return version_number(client_version(c)) >= version_number(version);
}

static int load_tls(struct client *c, struct err *e)
{
	CLEANUP(tls_config_freep) struct tls_config *t = tls_config_new();

	if (c->tls_config != NULL)
		return 0;
	if (!c->tls_verify)
		tls_config_set_insecure(t, true);
	else if (c->tls_ca != NULL ? tls_config_add_ca_file(t, c->tls_ca, e) < 0
				   : tls_config_add_system(t, e) < 0)
		return -1;
	if (c->tls_cert != NULL && c->tls_key != NULL &&
	    tls_config_set_cert(t, c->tls_cert, c->tls_key, e) < 0)
		return -1;
	c->tls_config = TAKE(t);
	return 0;
}

struct stream *client_dial(struct client *c, struct err *e)
{
	struct stream *s;
	int fd;

	if (c->host.kind == HOST_SSH)
		return ssh_dial(c->host.text, e);
	if (c->host.kind == HOST_UNIX)
		fd = net_connect_unix(c->host.path, SOCK_STREAM, e);
	else
		fd = net_connect_tcp(c->host.name, c->host.port, CONNECT_TIMEOUT_MS, e);
	if (fd < 0) {
		if (e->kind == ERR_DENIED) {
			char why[sizeof(e->msg)];

			str_copy(why, e->msg, sizeof(why));
			err_set(e, ERR_DENIED, e->sys,
				"permission denied while trying to connect to the Docker daemon "
				"socket at %s: %.200s",
				c->host.text, why);
		} else {
			err_set(e, ERR_UNAVAILABLE, e->sys,
				"Cannot connect to the Docker daemon at %s. Is the docker daemon "
				"running?",
				c->host.text);
		}
		return NULL;
	}
	s = stream_fd_new(fd);
	if (c->host.kind != HOST_TCP || !c->tls)
		return s;
	if (load_tls(c, e) < 0) {
		stream_free(s);
		return NULL;
	}
	return tls_client_new(s, c->tls_config, c->host.name, &s, e) < 0 ? NULL : s;
}

static void disconnect(struct client *c)
{
	http_client_free(c->http);
	c->http = NULL;
}

/* one exchange; *fresh says whether the connection was made for it */
static int exchange(struct client *c, const struct http_send *rq, bool *fresh, struct err *e)
{
	if (c->http != NULL && !http_client_reusable(c->http))
		disconnect(c);
	*fresh = c->http == NULL;
	if (c->http == NULL) {
		struct stream *s = client_dial(c, e);

		if (s == NULL)
			return -1;
		c->http = http_client_new(s);
	}
	if (http_client_send(c->http, rq, e) < 0 || http_client_recv(c->http, e) < 0)
		return -1;
	return http_client_response(c->http)->status;
}

/* an idle connection may have been closed by the server: then once more on a new one */
static int exchange_again(struct client *c, const struct http_send *rq, struct err *e)
{
	bool fresh;
	int status = exchange(c, rq, &fresh, e);

	if (status < 0)
		disconnect(c);
	if (status < 0 && !fresh && rq->read == NULL) {
		status = exchange(c, rq, &fresh, e);
		if (status < 0)
			disconnect(c);
	}
	return status;
}

static int negotiate(struct client *c, struct err *e)
{
	const struct http_send rq = {.method = "HEAD", .target = "/_ping"};
	const char *theirs;

	if (*c->version != 0)
		return 0;
	if (exchange_again(c, &rq, e) < 0)
		return -1;
	theirs = http_headers_get(&http_client_response(c->http)->headers, "Api-Version");
	if (str_empty(theirs))
		theirs = "1.24"; /* what does not say is old */
	str_replace_ptr(&c->version, version_number(theirs) < version_number(CLIENT_API_VERSION)
					     ? theirs
					     : CLIENT_API_VERSION);
	return 0;
}

static enum err_kind kind_of_status(int status)
{
	switch (status) {
	case 400:
		return ERR_INVALID;
	case 401:
		return ERR_UNAUTHORIZED;
	case 403:
		return ERR_DENIED;
	case 404:
		return ERR_NOTFOUND;
	case 409:
		return ERR_CONFLICT;
	case 501:
		return ERR_UNIMPLEMENTED;
	case 503:
		return ERR_UNAVAILABLE;
	default:
		return ERR_SYSTEM;
	}
}

static int daemon_error(struct client *c, int status, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	const char *msg = NULL;

	if (http_body_read_all(http_client_body(c->http), CLIENT_ERROR_MAX_BYTES, &b, e) == 0 &&
	    json_parse(buf_str(&b), b.len, &v, e) == 0)
		msg = json_get_str(v, "message");
	if (msg == NULL)
		msg = b.len > 0 ? buf_str(&b) : http_status_text(status);
	err_set(e, kind_of_status(status), 0, "Error response from daemon: %s", msg);
	for (size_t n = strlen(e->msg); n > 0 && isspace((unsigned char)e->msg[n - 1]); n--)
		e->msg[n - 1] = 0;
	return -1;
}

static ssize_t read_input(void *arg, void *p, size_t n, struct err *e)
{
	return stream_read(arg, p, n, e);
}

int client_send(struct client *c, const struct client_req *rq, struct http_client **ret,
		struct err *e)
{
	CLEANUP(buf_clear) struct buf target = BUF_INIT;
	CLEANUP(http_headers_clear) struct http_headers headers = HTTP_HEADERS_INIT;
	struct http_send send = {.method = rq->method != NULL ? rq->method : "GET"};
	int status;

	if (negotiate(c, e) < 0)
		return -1;
	buf_addf(&target, "/v%s%s", c->version, rq->path);
	if (rq->query != NULL && rq->query->len > 0) {
		buf_addch(&target, '?');
		http_query_encode(&target, rq->query);
	}
	http_headers_add(&headers, "User-Agent", "Docker-Client/thimble (linux)");
	if (rq->type != NULL || rq->body != NULL)
		http_headers_add(&headers, "Content-Type",
				 rq->type != NULL ? rq->type : "application/json");
	if (rq->auth != NULL)
		http_headers_add(&headers, "X-Registry-Auth", rq->auth);
	send.target = buf_str(&target);
	send.headers = &headers;
	send.upgrade = rq->upgrade;
	send.read_bytes = -1;
	if (rq->body != NULL) {
		send.body = rq->body;
		send.body_len = strlen(rq->body);
	} else if (rq->input != NULL) {
		send.read = read_input;
		send.read_arg = rq->input;
	}
	status = exchange_again(c, &send, e);
	if (status < 0)
		return -1;
	if (status >= 400)
		return daemon_error(c, status, e);
	*ret = c->http;
	return status;
}

int client_call(struct client *c, const struct client_req *rq, struct json **ret, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct http_client *h;
	int status = client_send(c, rq, &h, e);

	if (ret != NULL)
		*ret = NULL;
	if (status < 0)
		return -1;
	if (http_body_read_all(http_client_body(h), CLIENT_ANSWER_MAX_BYTES, &b, e) < 0)
		return -1;
	if (ret != NULL && b.len > 0 && json_parse(buf_str(&b), b.len, ret, e) < 0)
		return err_wrap(e, "%s", rq->path);
	return status;
}

int client_get(struct client *c, char *path, struct json **ret, struct err *e)
{
	CLEANUP(freep) char *owned = path;
	const struct client_req rq = {.path = owned};

	return client_call(c, &rq, ret, e);
}

struct stream *client_hijack(struct client *c, const struct client_req *rq, struct buf *left,
			     bool *ret_multiplexed, struct err *e)
{
	struct http_client *h;
	const char *type;
	struct stream *s;

	if (client_send(c, rq, &h, e) < 0)
		return NULL;
	type = http_headers_get(&http_client_response(h)->headers, "Content-Type");
	*ret_multiplexed =
		type != NULL && strcmp(type, "application/vnd.docker.multiplexed-stream") == 0;
	s = http_client_hijack(h, left);
	disconnect(c);
	return s;
}

char *client_path(const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	for (const char *p = fmt; *p != 0; p++) {
		if (p[0] == '%' && p[1] == 's') {
			url_encode(&b, va_arg(ap, const char *), "/:@");
			p++;
		} else {
			buf_addch(&b, *p);
		}
	}
	va_end(ap);
	return buf_detach(&b);
}
