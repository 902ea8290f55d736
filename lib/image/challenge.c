// SPDX-License-Identifier: MIT
/*
 * Authentication: the challenge in WWW-Authenticate (RFC 9110 section 11.6.1),
 * Docker's token protocol (distribution: docs/spec/auth/token.md and
 * oauth.md), and the JSON errors of the registry API.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/transport_internal.h"
#include "json/json.h"

#define TOKEN_DEFAULT_SEC 60
#define TOKEN_MARGIN_SEC  10
#define CLIENT_ID	  "docker"

void challenge_clear(struct challenge *c)
{
	free(c->realm);
	free(c->service);
	free(c->scope);
	free(c->error);
	*c = (struct challenge){0};
}

static bool is_token_char(char c)
{
	return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static size_t token_len(const char *s)
{
	size_t n = 0;

	while (is_token_char(s[n]))
		n++;
	return n;
}

static const char *skip_list(const char *s)
{
	return s + strspn(s, " \t,");
}

/* A quoted string or a token; NULL when malformed. */
static char *param_value(const char **s)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	const char *p = *s;

	if (*p != '"') {
		size_t n = token_len(p);

		*s = p + n;
		return xstrndup(p, n);
	}
	for (p++; *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (*p == '\0')
			return NULL;
		buf_addch(&b, *p);
	}
	*s = p + 1;
	return buf_detach(&b);
}

static void set_param(struct challenge *c, const char *name, size_t n, char *value)
{
	CLEANUP(freep) char *owned = value;
	const struct {
		const char *name;
		char **dst;
	} params[] = {{"realm", &c->realm},
		      {"service", &c->service},
		      {"scope", &c->scope},
		      {"error", &c->error}};

	for (size_t i = 0; i < ARRAY_LEN(params); i++) {
		if (strlen(params[i].name) == n && strncasecmp(params[i].name, name, n) == 0) {
			free(*params[i].dst);
			*params[i].dst = TAKE(owned);
			return;
		}
	}
}

/* name=value pairs up to the next scheme's name */
static const char *parse_params(const char *s, struct challenge *c)
{
	for (;;) {
		const char *name = skip_list(s);
		size_t n = token_len(name);
		const char *p = name + n;
		char *value;

		p += strspn(p, " \t");
		if (n == 0 || *p != '=')
			return name;
		p++;
		p += strspn(p, " \t");
		value = param_value(&p);
		if (value == NULL)
			return p + strlen(p);
		set_param(c, name, n, value);
		s = p;
	}
}

void challenge_parse(const char *value, struct challenge *ret)
{
	const char *s = value;

	*ret = (struct challenge){0};
	while (s != NULL && *s != '\0') {
		CLEANUP(challenge_clear) struct challenge c = {0};
		const char *name = skip_list(s);
		size_t n = token_len(name);

		if (n == 0)
			return;
		if (n == 6 && strncasecmp(name, "bearer", 6) == 0)
			c.scheme = AUTH_BEARER;
		else if (n == 5 && strncasecmp(name, "basic", 5) == 0)
			c.scheme = AUTH_BASIC;
		s = parse_params(name + n, &c);
		if (s == name + n) /* no progress: a scheme without parameters */
			s = skip_list(s);
		if (c.scheme == AUTH_BEARER && str_empty(c.realm))
			c.scheme = AUTH_NONE;
		if (c.scheme > ret->scheme) {
			challenge_clear(ret);
			*ret = c;
			c = (struct challenge){0};
		}
	}
}

char *challenge_basic(const struct registry_auth *a)
{
	CLEANUP(freep) char *both = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	if (a == NULL || str_empty(a->username))
		return NULL;
	both = xasprintf("%s:%s", a->username, a->password != NULL ? a->password : "");
	buf_addstr(&b, "Basic ");
	base64_encode(&b, both, strlen(both));
	explicit_bzero(both, strlen(both));
	return buf_detach(&b);
}

/* "UNAUTHORIZED" -> "unauthorized", "MANIFEST_UNKNOWN" -> "manifest unknown" */
static char *code_words(const char *code)
{
	char *s = xstrdup(code);

	for (char *p = s; *p != '\0'; p++)
		*p = *p == '_' ? ' ' : (char)tolower((unsigned char)*p);
	return s;
}

static enum err_kind kind_of_status(int status)
{
	switch (status) {
	case 401:
		return ERR_UNAUTHORIZED;
	case 403:
		return ERR_DENIED;
	case 404:
		return ERR_NOTFOUND;
	default:
		return ERR_UNAVAILABLE;
	}
}

int challenge_error(struct exchange *x, char **ret_code, struct err *e)
{
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(freep) char *words = NULL;
	int status = exchange_response(x)->status;
	const char *code = NULL, *message = NULL;
	enum err_kind kind = kind_of_status(status);
	const struct json *first;

	if (http_body_read_all(exchange_body(x), REGISTRY_TOKEN_MAX_BYTES, &body, e) == 0 &&
	    body.len > 0 && json_parse(body.data, body.len, &v, e) == 0) {
		first = json_at(json_get(v, "errors"), 0);
		code = json_get_str(first, "code");
		message = json_get_str(first, "message");
		if (message == NULL)
			message = json_get_str(v, "details");
		if (message == NULL)
			message = json_get_str(v, "message");
	}
	if (code == NULL)
		code = status == 401   ? "UNAUTHORIZED"
		       : status == 403 ? "DENIED"
		       : status == 429 ? "TOOMANYREQUESTS"
				       : NULL;
	if (message == NULL && status == 401)
		message = "authentication required";
	if (message == NULL && status == 403)
		message = "requested access to the resource is denied";
	if (ret_code != NULL)
		*ret_code = xstrdup(code);
	if (code == NULL)
		return err_set(e, kind, 0, "received unexpected HTTP status: %d %s", status,
			       http_status_text(status));
	words = code_words(code);
	return err_set(e, kind, 0, "%s: %.300s", words, message != NULL ? message : words);
}

/* The query of GET, or the form of POST, that asks for a token. */
static void token_query(struct buf *q, const struct challenge *c, const struct registry_auth *a,
			const char *scope, bool login)
{
	bool oauth = a != NULL && !str_empty(a->identity_token);

	if (oauth) {
		buf_addstr(q, "grant_type=refresh_token&client_id=" CLIENT_ID "&refresh_token=");
		url_encode(q, a->identity_token, "");
	} else {
		buf_addstr(q, login ? "client_id=" CLIENT_ID "&offline_token=true"
				    : "client_id=" CLIENT_ID);
		if (a != NULL && !str_empty(a->username)) {
			buf_addstr(q, "&account=");
			url_encode(q, a->username, "");
		}
	}
	if (c->service != NULL) {
		buf_addstr(q, "&service=");
		url_encode(q, c->service, "");
	}
	/* of GET each is a parameter of its own, of POST they are one list */
	for (size_t n; !str_empty(scope); scope += n + (scope[n] == ' ')) {
		CLEANUP(freep) char *one = NULL;

		n = oauth ? strlen(scope) : strcspn(scope, " ");
		one = xstrndup(scope, n);
		buf_addstr(q, "&scope=");
		url_encode(q, one, "");
	}
}

/* A realm may be plain http only where the registry may be insecure. */
static int check_realm(const struct registry_config *cfg, const char *realm, struct err *e)
{
	CLEANUP(url_clear) struct url u = URL_INIT;
	CLEANUP(freep) char *host = NULL;

	if (url_parse(realm, &u, e) < 0)
		return err_wrap(e, "token realm");
	host = url_host_header(&u);
	if (str_eq(u.scheme, "https") ||
	    (str_eq(u.scheme, "http") && registry_is_insecure(cfg, host)))
		return 0;
	return err_set(e, ERR_DENIED, 0, "token realm %s is not https", realm);
}

static int parse_token(struct exchange *x, char **ret_token, char **ret_refresh, int64_t *ret_ms,
		       struct err *e)
{
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	const char *token, *refresh;
	int64_t sec;

	if (http_body_read_all(exchange_body(x), REGISTRY_TOKEN_MAX_BYTES, &body, e) < 0)
		return err_wrap(e, "token server");
	if (json_parse(body.data, body.len, &v, e) < 0)
		return err_wrap(e, "unable to decode token response");
	token = json_get_str(v, "token");
	if (str_empty(token))
		token = json_get_str(v, "access_token");
	if (str_empty(token))
		return err_set(e, ERR_UNAUTHORIZED, 0,
			       "authorization server did not include a "
			       "token in the response");
	for (const char *p = token; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return err_set(e, ERR_INVALID, 0, "token server: malformed token");
	sec = json_get_i64(v, "expires_in", 0);
	sec = sec < TOKEN_DEFAULT_SEC ? TOKEN_DEFAULT_SEC : MIN(sec, 86400);
	refresh = json_get_str(v, "refresh_token");
	*ret_token = xstrdup(token);
	*ret_ms = (sec - TOKEN_MARGIN_SEC) * 1000;
	if (ret_refresh != NULL)
		*ret_refresh = xstrdup(refresh);
	return 0;
}

int challenge_token(struct transport *t, const struct registry_config *cfg,
		    const struct challenge *c, const struct registry_auth *a, const char *scope,
		    bool login, char **ret_token, char **ret_refresh, int64_t *ret_ms,
		    struct err *e)
{
	CLEANUP(buf_clear) struct buf q = BUF_INIT;
	CLEANUP(freep) char *url = NULL;
	CLEANUP(freep) char *basic = NULL;
	CLEANUP(http_headers_clear) struct http_headers headers = HTTP_HEADERS_INIT;
	CLEANUP(exchange_freep) struct exchange *x = NULL;
	bool oauth = a != NULL && !str_empty(a->identity_token);
	struct transport_request rq = {.headers = &headers};

	if (check_realm(cfg, c->realm, e) < 0)
		return -1;
	token_query(&q, c, a, scope != NULL ? scope : c->scope, login);
	if (oauth) {
		url = xstrdup(c->realm);
		http_headers_add(&headers, "Content-Type", "application/x-www-form-urlencoded");
		rq.method = "POST";
		rq.body = q.data;
		rq.n_body = q.len;
	} else {
		url = xasprintf("%s%c%s", c->realm, strchr(c->realm, '?') != NULL ? '&' : '?',
				buf_str(&q));
		basic = challenge_basic(a);
		rq.method = "GET";
		rq.authorization = basic;
	}
	rq.url = url;
	if (transport_do(t, &rq, &x, e) < 0)
		return -1;
	if (exchange_response(x)->status != 200) {
		challenge_error(x, NULL, e);
		if (exchange_response(x)->status == 401)
			e->kind = ERR_UNAUTHORIZED;
		return -1;
	}
	return parse_token(x, ret_token, ret_refresh, ret_ms, e);
}
