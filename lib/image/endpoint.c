// SPDX-License-Identifier: MIT
/*
 * Registries' hosts: configuration from the environment, which may be
 * insecure, which certificates hold for them (Docker's certs.d directories).
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "http/url.h"
#include "image/cidr_internal.h"
#include "image/transport_internal.h"

static char *env_any_case(const char *upper, const char *lower)
{
	const char *v = getenv(upper);

	return xstrdup(str_empty(v) ? getenv(lower) : v);
}

void registry_config_init(struct registry_config *c)
{
	const char *config_home = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	*c = (struct registry_config){0};
	if (!str_empty(config_home))
		strv_addf(&c->certs_dirs, "%s/docker/certs.d", config_home);
	else if (!str_empty(home))
		strv_addf(&c->certs_dirs, "%s/.config/docker/certs.d", home);
	strv_add(&c->certs_dirs, "/etc/docker/certs.d");
	c->http_proxy = env_any_case("HTTP_PROXY", "http_proxy");
	c->https_proxy = env_any_case("HTTPS_PROXY", "https_proxy");
	c->no_proxy = env_any_case("NO_PROXY", "no_proxy");
}

void registry_config_clear(struct registry_config *c)
{
	strv_clear(&c->insecure);
	strv_clear(&c->mirrors);
	strv_clear(&c->certs_dirs);
	free(c->http_proxy);
	free(c->https_proxy);
	free(c->no_proxy);
	free(c->user_agent);
	*c = (struct registry_config){0};
}

void registry_config_copy(struct registry_config *dst, const struct registry_config *src)
{
	registry_config_clear(dst);
	strv_copy(&dst->insecure, &src->insecure);
	strv_copy(&dst->mirrors, &src->mirrors);
	strv_copy(&dst->certs_dirs, &src->certs_dirs);
	dst->http_proxy = xstrdup(src->http_proxy);
	dst->https_proxy = xstrdup(src->https_proxy);
	dst->no_proxy = xstrdup(src->no_proxy);
	dst->user_agent = xstrdup(src->user_agent);
	dst->max_downloads = src->max_downloads;
	dst->max_uploads = src->max_uploads;
	dst->max_attempts = src->max_attempts;
	dst->idle_ms = src->idle_ms;
}

static int check_insecure(const char *r, struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(freep) char *text = NULL;

	if (strchr(r, '/') != NULL && cidr_ok(r))
		return 0;
	if (strstr(r, "://") != NULL)
		return err_set(e, ERR_INVALID, 0, "insecure registry %s should not contain '://'",
			       r);
	text = xasprintf("%s/x", r);
	if (strchr(r, '/') != NULL || image_ref_parse(text, &ref, e) < 0)
		return err_set(e, ERR_INVALID, 0, "insecure registry %s is not valid", r);
	return 0;
}

static int check_mirror(const char *m, struct err *e)
{
	struct url u = URL_INIT;
	int r = 0;

	if (url_parse(m, &u, e) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid mirror: \"%s\" is not a valid URI", m);
	if (!str_eq(u.scheme, "http") && !str_eq(u.scheme, "https"))
		r = err_set(e, ERR_INVALID, 0,
			    "invalid mirror: unsupported scheme \"%s\" in \"%s\"", u.scheme, m);
	else if (u.query != NULL || str_empty(u.host) || u.user != NULL)
		r = err_set(e, ERR_INVALID, 0,
			    "invalid mirror: path, query, or fragment at end of the URI \"%s\"", m);
	url_clear(&u);
	return r;
}

int registry_config_check(const struct registry_config *c, struct err *e)
{
	strv_for_each (it, &c->insecure)
		if (check_insecure(*it, e) < 0)
			return -1;
	strv_for_each (it, &c->mirrors)
		if (check_mirror(*it, e) < 0)
			return -1;
	return 0;
}

/* "host", "host:port", "[v6]:port" without port and brackets; on the heap */
static char *host_only(const char *host)
{
	const char *colon = strrchr(host, ':');

	if (host[0] == '[')
		return xstrndup(host + 1, strcspn(host + 1, "]"));
	if (colon != NULL && strchr(host, ':') == colon)
		return xstrndup(host, (size_t)(colon - host));
	return xstrdup(host);
}

bool endpoint_is_loopback(const char *host)
{
	CLEANUP(freep) char *h = host_only(host);

	return str_eq(h, "localhost") || str_eq(h, "::1") || cidr_contains("127.0.0.0/8", h) == 1;
}

bool registry_is_insecure(const struct registry_config *c, const char *host)
{
	CLEANUP(freep) char *h = host_only(host);

	if (endpoint_is_loopback(host))
		return true;
	strv_for_each (it, &c->insecure)
		if (str_eq(*it, host) || cidr_contains(*it, h) == 1)
			return true;
	return false;
}

/* X.cert needs X.key beside it. */
static int add_client_cert(struct tls_config *t, const char *dir, const char *name, struct err *e)
{
	CLEANUP(freep) char *cert = path_join(dir, name);
	CLEANUP(freep) char *base = xstrndup(name, strlen(name) - strlen(".cert"));
	CLEANUP(freep) char *key = xasprintf("%s/%s.key", dir, base);

	if (!path_exists(key))
		return err_set(e, ERR_INVALID, 0,
			       "missing key %s.key for client certificate %s. CA certificates must "
			       "use the extension .crt",
			       base, name);
	return tls_config_set_cert(t, cert, key, e);
}

static int add_certs_dir(struct tls_config *t, const char *dir, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *ent;
	int r = 0;

	if (d == NULL)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES
			       ? 0
			       : err_sys(e, "open %s", dir);
	while (r == 0 && (ent = readdir(d)) != NULL) {
		CLEANUP(freep) char *path = path_join(dir, ent->d_name);

		if (str_ends(ent->d_name, ".crt"))
			r = tls_config_add_ca_file(t, path, e);
		else if (str_ends(ent->d_name, ".cert"))
			r = add_client_cert(t, dir, ent->d_name, e);
	}
	closedir(d);
	return r;
}

int endpoint_tls(const struct registry_config *c, const char *host, struct tls_config **ret,
		 struct err *e)
{
	CLEANUP(tls_config_freep) struct tls_config *t = tls_config_new();

	/* no system bundle: certs.d may still have what is needed */
	if (tls_config_add_system(t, e) < 0 && e->kind != ERR_NOTFOUND)
		return -1;
	if (strchr(host, '/') == NULL)
		strv_for_each (it, &c->certs_dirs) {
			CLEANUP(freep) char *dir = path_join(*it, host);

			if (add_certs_dir(t, dir, e) < 0)
				return -1;
		}
	tls_config_set_insecure(t, registry_is_insecure(c, host));
	*ret = TAKE(t);
	return 0;
}
