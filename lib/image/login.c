// SPDX-License-Identifier: MIT
/* Credentials: the X-Registry-Auth header, and trying them (docker login). */
#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/registry.h"
#include "image/registry_internal.h"
#include "json/json.h"

#define HUB_BASE     "https://registry-1.docker.io"
#define AUTH_MAX     (64 * KIB)
#define LOGIN_STATUS "Login Succeeded"

static void wipe(char **s)
{
	if (*s != NULL)
		explicit_bzero(*s, strlen(*s));
	free(*s);
	*s = NULL;
}

void registry_auth_clear(struct registry_auth *a)
{
	wipe(&a->username);
	wipe(&a->password);
	wipe(&a->identity_token);
	wipe(&a->registry_token);
	wipe(&a->server_address);
}

/* A member that is absent and one that is "" mean the same. */
static char *text_of(const struct json *v, const char *key)
{
	const char *s = json_str(json_get_fold(v, key));

	return str_empty(s) ? NULL : xstrdup(s);
}

/* The older form: "auth" is base64 of user:password. */
static void split_auth(struct registry_auth *a, const char *auth)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	char *colon;

	if (str_empty(auth) || a->username != NULL || base64_decode(&b, auth, strlen(auth)) < 0)
		return;
	colon = strchr(buf_str(&b), ':');
	if (colon == NULL)
		return;
	a->username = xstrndup(b.data, (size_t)(colon - b.data));
	a->password = xstrdup(colon + 1);
	explicit_bzero(b.data, b.len);
}

int registry_auth_parse(const char *header, struct registry_auth *ret, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	struct err ignored;

	if (str_empty(header))
		return 0;
	if (strnlen(header, AUTH_MAX + 1) > AUTH_MAX ||
	    base64_decode(&b, header, strlen(header)) < 0 ||
	    (b.len > 0 && json_parse(b.data, b.len, &v, &ignored) < 0))
		return err_set(e, ERR_INVALID, 0, "invalid X-Registry-Auth header");
	if (v == NULL)
		return 0;
	registry_auth_clear(ret);
	ret->username = text_of(v, "username");
	ret->password = text_of(v, "password");
	ret->identity_token = text_of(v, "identitytoken");
	ret->registry_token = text_of(v, "registrytoken");
	ret->server_address = text_of(v, "serveraddress");
	split_auth(ret, json_str(json_get_fold(v, "auth")));
	explicit_bzero(b.data, b.len);
	return 0;
}

/* "https://host/v1/", "host:5000" -> "host:5000" */
static char *address_host(const char *address)
{
	const char *p = strstr(address, "://");

	p = p != NULL ? p + 3 : address;
	return xstrndup(p, strcspn(p, "/"));
}

static int try_credentials(struct registry *r, char **ret_token, struct err *e)
{
	CLEANUP(exchange_freep) struct exchange *x = NULL;
	CLEANUP(freep) char *url = xasprintf("%s/v2/", r->base);
	CLEANUP(freep) char *value = NULL;
	CLEANUP(freep) char *token = NULL;
	CLEANUP(freep) char *refresh = NULL;
	struct transport_request rq = {.method = "GET", .url = url};
	int64_t ms;

	if (registry_ping(r, e) < 0)
		return -1;
	if (r->challenge.scheme == AUTH_BEARER) {
		if (challenge_token(r->t, r->config, &r->challenge, r->auth, "", true, &token,
				    &refresh, &ms, e) < 0)
			return err_wrap(e, "Get \"%s\"", url);
		value = xasprintf("Bearer %s", token);
	} else if (r->challenge.scheme == AUTH_BASIC) {
		value = challenge_basic(r->auth);
	}
	rq.authorization = value;
	if (transport_do(r->t, &rq, &x, e) < 0)
		return -1;
	if (exchange_response(x)->status != 200)
		return err_set(e, ERR_UNAUTHORIZED, 0,
			       "login attempt to %s failed with status: %d %s", url,
			       exchange_response(x)->status,
			       http_status_text(exchange_response(x)->status));
	*ret_token = TAKE(refresh);
	return 0;
}

int registry_login(const struct registry_config *c, const struct registry_auth *a,
		   const char **ret_status, char **ret_token, struct err *e)
{
	CLEANUP(freep)
	char *host = address_host(a->server_address != NULL ? a->server_address : "");
	bool hub = host[0] == '\0' || str_eq(host, "docker.io") ||
		   str_eq(host, "index.docker.io") || str_eq(host, "registry-1.docker.io");
	int n = !hub && registry_is_insecure(c, host) ? 2 : 1;

	for (int i = 0; i < n; i++) {
		CLEANUP(freep)
		char *base = hub ? xstrdup(HUB_BASE)
				 : xasprintf("%s://%s", i > 0 ? "http" : "https", host);
		CLEANUP(registry_freep) struct registry *r = registry_new_at(c, base, NULL, a);
		char *token = NULL;

		if (try_credentials(r, &token, e) == 0) {
			*ret_status = LOGIN_STATUS;
			*ret_token = token;
			return 0;
		}
		if (registry_is_reached(r))
			break;
	}
	return -1;
}
