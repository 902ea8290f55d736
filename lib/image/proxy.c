// SPDX-License-Identifier: MIT
/*
 * Which proxy a URL goes through: HTTP_PROXY, HTTPS_PROXY and NO_PROXY as Go's
 * httpproxy package reads them, and addresses in CIDR blocks.
 */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "image/cidr_internal.h"
#include "image/transport_internal.h"

/* 16 bytes, IPv4 as ::ffff:a.b.c.d */
static bool parse_ip(const char *s, unsigned char out[16], bool *ret_v4)
{
	static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

	memcpy(out, mapped, sizeof(mapped));
	*ret_v4 = inet_pton(AF_INET, s, out + 12) == 1;
	return *ret_v4 || inet_pton(AF_INET6, s, out) == 1;
}

bool cidr_ok(const char *cidr)
{
	return strchr(cidr, '/') != NULL && (cidr_contains(cidr, "0.0.0.0") >= 0);
}

int cidr_contains(const char *cidr, const char *ip)
{
	const char *slash = strchr(cidr, '/');
	CLEANUP(freep) char *net = NULL;
	unsigned char a[16], b[16];
	bool net_v4, ip_v4;
	uint64_t bits;

	if (slash == NULL)
		return -1;
	net = xstrndup(cidr, (size_t)(slash - cidr));
	if (!parse_ip(net, a, &net_v4) || str_u64(slash + 1, net_v4 ? 32 : 128, &bits) < 0)
		return -1;
	if (!parse_ip(ip, b, &ip_v4) || net_v4 != ip_v4)
		return 0;
	bits += net_v4 ? 96 : 0;
	for (unsigned i = 0; i < bits; i++)
		if (((a[i / 8] ^ b[i / 8]) >> (7 - i % 8)) & 1)
			return 0;
	return 1;
}

static bool domain_matches(const char *host, const char *domain)
{
	size_t n = strlen(host), m;

	if (str_starts(domain, "*."))
		domain++;
	m = strlen(domain);
	if (domain[0] == '.')
		return n > m && strcasecmp(host + n - m, domain) == 0;
	return strcasecmp(host, domain) == 0 ||
	       (n > m && host[n - m - 1] == '.' && strcasecmp(host + n - m, domain) == 0);
}

static bool entry_matches(const char *entry, const struct url *u)
{
	CLEANUP(freep) char *host = xstrdup(entry);
	char *colon = strrchr(host, ':');
	uint64_t port;

	if (str_eq(entry, "*") || cidr_contains(entry, u->host) == 1)
		return true;
	if (colon != NULL && strchr(host, ':') == colon && str_u64(colon + 1, 65535, &port) == 0) {
		if (port != u->port)
			return false;
		*colon = '\0';
	}
	return domain_matches(u->host, host);
}

static bool bypassed(const char *no_proxy, const struct url *u)
{
	CLEANUP(strv_clear) struct strv entries = STRV_INIT;

	if (endpoint_is_loopback(u->host))
		return true;
	if (no_proxy != NULL)
		strv_split(&entries, no_proxy, ", \t");
	strv_for_each (it, &entries)
		if (entry_matches(*it, u))
			return true;
	return false;
}

const char *proxy_for(const struct registry_config *c, const struct url *u)
{
	const char *proxy = str_eq(u->scheme, "https") ? c->https_proxy : c->http_proxy;

	if (str_empty(proxy) || bypassed(c->no_proxy, u))
		return NULL;
	return proxy;
}
