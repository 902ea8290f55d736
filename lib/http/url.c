// SPDX-License-Identifier: MIT
/*
 * URLs: RFC 3986 (syntax, and section 5.2 for resolving a reference). The text
 * is refused rather than repaired: blanks and control characters never get into
 * a request line that we write.
 */
#include "http/url.h"

#include <string.h>

#include "base/hex.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"

void url_clear(struct url *u)
{
	free(u->scheme);
	free(u->user);
	free(u->password);
	free(u->host);
	free(u->path);
	free(u->query);
	*u = (struct url)URL_INIT;
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int url_decode(struct buf *b, const char *s, size_t n, bool plus)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '%') {
			int hi = n - i > 2 ? hex_value(s[i + 1]) : -1;
			int lo = n - i > 2 ? hex_value(s[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return -1;
			c = (char)(hi * 16 + lo);
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		if (c == '\0')
			return -1;
		buf_addch(b, c);
	}
	return 0;
}

void url_encode(struct buf *b, const char *s, const char *keep)
{
	static const char digits[] = "0123456789ABCDEF";

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (is_alpha(*s) || is_digit(*s) || strchr("-._~", c) != NULL ||
		    strchr(keep, c) != NULL) {
			buf_addch(b, *s);
		} else {
			buf_addch(b, '%');
			buf_addch(b, digits[c >> 4]);
			buf_addch(b, digits[c & 15]);
		}
	}
}

static char *lower_dup(const char *s, size_t n)
{
	char *r = xstrndup(s, n);

	for (char *p = r; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return r;
}

static int decode_dup(const char *s, size_t n, char **ret)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	if (url_decode(&b, s, n, false) < 0)
		return -1;
	*ret = buf_detach(&b);
	return 0;
}

/* user[:password] */
static int parse_userinfo(const char *s, size_t n, struct url *u)
{
	const char *colon = memchr(s, ':', n);

	if (colon == NULL)
		return decode_dup(s, n, &u->user);
	if (decode_dup(s, (size_t)(colon - s), &u->user) < 0)
		return -1;
	return decode_dup(colon + 1, n - (size_t)(colon - s) - 1, &u->password);
}

static int parse_port(const char *s, size_t n, uint16_t *ret)
{
	unsigned v = 0;

	if (n > 5)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!is_digit(s[i]))
			return -1;
		v = v * 10 + (unsigned)(s[i] - '0');
	}
	if (v > 65535)
		return -1;
	if (n > 0)
		*ret = (uint16_t)v;
	return 0;
}

/* RFC 3986 reg-name, IPv4 address or what stands between brackets */
static bool host_char_ok(char c, bool bracket)
{
	if (is_alpha(c) || is_digit(c))
		return true;
	return strchr(bracket ? ":.%-_~" : "-._~!$&'()*+,;=%", c) != NULL && c != '\0';
}

/* [userinfo@]host[:port] */
static int parse_authority(const char *s, size_t n, struct url *u)
{
	const char *at = memrchr(s, '@', n);
	const char *end = s + n, *host, *port;
	bool bracket;

	if (at != NULL) {
		if (parse_userinfo(s, (size_t)(at - s), u) < 0)
			return -1;
		s = at + 1;
	}
	bracket = s < end && *s == '[';
	if (bracket) {
		host = s + 1;
		port = memchr(host, ']', (size_t)(end - host));
		if (port == NULL || port == host)
			return -1;
		u->host = lower_dup(host, (size_t)(port - host));
		port++;
		if (port < end && *port != ':')
			return -1;
	} else {
		port = memchr(s, ':', (size_t)(end - s));
		u->host = lower_dup(s, (size_t)((port != NULL ? port : end) - s));
	}
	for (const char *p = u->host; *p != '\0'; p++)
		if (!host_char_ok(*p, bracket))
			return -1;
	if (port == NULL || port == end)
		return 0;
	return parse_port(port + 1, (size_t)(end - port - 1), &u->port);
}

static size_t scheme_length(const char *s)
{
	size_t n = 0;

	if (!is_alpha(s[0]))
		return 0;
	while (is_alpha(s[n]) || is_digit(s[n]) || (s[n] != '\0' && strchr("+-.", s[n]) != NULL))
		n++;
	return s[n] == ':' && s[n + 1] == '/' && s[n + 2] == '/' ? n : 0;
}

static bool escapes_ok(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s == '%' && (hex_value(s[1]) < 0 || hex_value(s[2]) < 0))
			return false;
	return true;
}

static int parse_parts(const char *s, struct url *u)
{
	size_t n = scheme_length(s);

	u->scheme = lower_dup(s, n);
	if (n > 0)
		s += n + 1;
	if (s[0] == '/' && s[1] == '/') {
		s += 2;
		n = strcspn(s, "/?#");
		if (parse_authority(s, n, u) < 0)
			return -1;
		s += n;
	}
	if (u->host == NULL)
		u->host = xstrdup("");
	if (u->port == 0)
		u->port = str_eq(u->scheme, "https") ? 443 : str_eq(u->scheme, "http") ? 80 : 0;
	n = strcspn(s, "?#");
	u->path = n == 0 && u->host[0] != '\0' ? xstrdup("/") : xstrndup(s, n);
	if (!escapes_ok(u->path) || (u->host[0] != '\0' && u->path[0] != '/'))
		return -1;
	s += n;
	if (*s == '?') {
		n = strcspn(s + 1, "#");
		u->query = xstrndup(s + 1, n);
	}
	return 0;
}

int url_parse(const char *text, struct url *ret, struct err *e)
{
	CLEANUP(url_clear) struct url u = URL_INIT;
	size_t n = strlen(text);

	if (n > HTTP_URL_MAX)
		return err_set(e, ERR_INVALID, 0, "URL is longer than %llu bytes", HTTP_URL_MAX);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return err_set(e, ERR_INVALID, 0, "invalid character in URL");
	if (parse_parts(text, &u) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid URL: %.200s", text);
	*ret = u;
	u = (struct url)URL_INIT;
	return 0;
}

/* RFC 3986 5.2.4, in place on an absolute path */
static void remove_dot_segments(char *path)
{
	char *in = path, *out = path;

	while (*in != '\0') {
		size_t n = 1 + strcspn(in + 1, "/");
		bool last = in[n] == '\0';

		if (n == 2 && in[1] == '.') {
			in += n;
			if (last)
				*out++ = '/';
		} else if (n == 3 && in[1] == '.' && in[2] == '.') {
			while (out > path && *--out != '/')
				;
			in += n;
			if (last)
				*out++ = '/';
		} else {
			memmove(out, in, n);
			out += n;
			in += n;
		}
	}
	*out = '\0';
}

static char *merge_path(const struct url *base, const char *ref)
{
	const char *slash = strrchr(base->path, '/');

	if (ref[0] == '/')
		return xstrdup(ref);
	if (slash == NULL)
		return xasprintf("/%s", ref);
	return xasprintf("%.*s%s", (int)(slash - base->path + 1), base->path, ref);
}

int url_resolve(const struct url *base, const char *ref, struct url *ret, struct err *e)
{
	CLEANUP(url_clear) struct url r = URL_INIT;

	if (url_parse(ref, &r, e) < 0)
		return -1;
	if (r.scheme[0] == '\0') {
		str_replace_ptr(&r.scheme, base->scheme);
		if (r.host[0] != '\0') {
			if (r.port == 0)
				r.port = str_eq(r.scheme, "https") ? 443 : 80;
		} else {
			char *path =
				r.path[0] == '\0' ? xstrdup(base->path) : merge_path(base, r.path);

			if (r.path[0] == '\0' && r.query == NULL)
				r.query = xstrdup(base->query);
			free(r.path);
			r.path = path;
			str_replace_ptr(&r.host, base->host);
			r.port = base->port;
		}
	}
	if (r.path[0] == '/')
		remove_dot_segments(r.path);
	if (r.path[0] == '\0')
		str_replace_ptr(&r.path, "/");
	*ret = r;
	r = (struct url)URL_INIT;
	return 0;
}

char *url_target(const struct url *u)
{
	const char *path = str_empty(u->path) ? "/" : u->path;

	return u->query != NULL ? xasprintf("%s?%s", path, u->query) : xstrdup(path);
}

char *url_host_header(const struct url *u)
{
	bool v6 = strchr(u->host, ':') != NULL;
	bool usual = u->port == 0 || (u->port == 443 && str_eq(u->scheme, "https")) ||
		     (u->port == 80 && str_eq(u->scheme, "http"));
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	buf_addf(&b, v6 ? "[%s]" : "%s", u->host);
	if (!usual)
		buf_addf(&b, ":%u", u->port);
	return buf_detach(&b);
}

char *url_text(const struct url *u)
{
	CLEANUP(freep) char *host = url_host_header(u);
	CLEANUP(freep) char *target = url_target(u);

	return xasprintf("%s%s%s%s", u->scheme, u->scheme[0] != '\0' ? "://" : "", host, target);
}
