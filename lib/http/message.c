// SPDX-License-Identifier: MIT
/*
 * Message heads: RFC 9112 sections 2 (format), 3 (request line), 4 (status
 * line), 5 (fields), 6 (body length). Theory: a head is collected whole first
 * (http_head_end() says where it ends, HTTP_HEAD_MAX bounds it), then parsed in
 * one total pass; so no parser state survives a read.
 *
 * A line may end in LF alone (RFC 9112 2.2 allows it, hand-typed requests use
 * it); a CR anywhere else is refused.
 */
#include "http/message.h"

#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "http/message_internal.h"
#include "http/url.h"

struct line {
	const char *p;
	size_t n;
};

size_t http_head_end(const char *p, size_t n, size_t *scan)
{
	for (size_t i = *scan; i < n; i++) {
		if (p[i] != '\n')
			continue;
		if ((i >= 1 && p[i - 1] == '\n') ||
		    (i >= 2 && p[i - 1] == '\r' && p[i - 2] == '\n') || i == 0 ||
		    (i == 1 && p[0] == '\r'))
			return i + 1;
	}
	*scan = n;
	return 0;
}

/* Takes the next line off a head, without its line end. */
static int next_line(const char **p, size_t *n, struct line *ret)
{
	const char *nl = memchr(*p, '\n', *n);
	size_t len;

	if (nl == NULL)
		return -1;
	len = (size_t)(nl - *p);
	ret->p = *p;
	ret->n = len > 0 && nl[-1] == '\r' ? len - 1 : len;
	*p += len + 1;
	*n -= len + 1;
	return 0;
}

bool http_token_ok(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL)))
			return false;
	}
	return n > 0;
}

/* field-value: no control characters but tab */
static bool value_ok(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

static int fail(int *ret_status, int status, struct err *e, const char *what)
{
	if (ret_status != NULL)
		*ret_status = status;
	return err_set(e, ERR_INVALID, 0, "%s", what);
}

static int parse_field(struct line l, struct http_headers *h, int *ret_status, struct err *e)
{
	const char *colon = memchr(l.p, ':', l.n);
	const char *v, *end = l.p + l.n;

	if (l.n > HTTP_LINE_MAX)
		return fail(ret_status, 431, e, "header line too long");
	if (h->len >= HTTP_HEADERS_MAX)
		return fail(ret_status, 431, e, "too many header fields");
	if (l.p[0] == ' ' || l.p[0] == '\t')
		return fail(ret_status, 400, e, "folded header line");
	if (colon == NULL || !http_token_ok(l.p, (size_t)(colon - l.p)))
		return fail(ret_status, 400, e, "malformed header field name");
	v = colon + 1;
	while (v < end && (*v == ' ' || *v == '\t'))
		v++;
	while (end > v && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (!value_ok(v, (size_t)(end - v)))
		return fail(ret_status, 400, e, "control character in header field value");
	http_headers_push(h, xstrndup(l.p, (size_t)(colon - l.p)), xstrndup(v, (size_t)(end - v)));
	return 0;
}

int http_headers_parse(const char *p, size_t n, struct http_headers *h, int *ret_status,
		       struct err *e)
{
	struct line l;

	while (next_line(&p, &n, &l) == 0) {
		if (l.n == 0)
			return n == 0 ? 0 : fail(ret_status, 400, e, "bytes after the head");
		if (parse_field(l, h, ret_status, e) < 0)
			return -1;
	}
	return fail(ret_status, 400, e, "head without end");
}

/* RFC 9112 6.3: what both messages have in common; 1 length known, 0 not, -1 refused */
static int parse_length(const struct http_headers *h, uint64_t *ret_bytes, int *ret_status,
			struct err *e)
{
	const char *seen = NULL;

	for (size_t i = 0; i < h->len; i++) {
		if (strcasecmp(h->items[i].name, "Content-Length") != 0)
			continue;
		if (seen != NULL && strcmp(seen, h->items[i].value) != 0)
			return fail(ret_status, 400, e, "several different Content-Length fields");
		seen = h->items[i].value;
		if (str_u64(seen, INT64_MAX, ret_bytes) < 0)
			return fail(ret_status, 400, e, "bad Content-Length");
	}
	return seen != NULL;
}

static int parse_framing(const struct http_headers *h, int minor, enum http_framing *ret,
			 uint64_t *ret_bytes, int *ret_status, struct err *e)
{
	int has_length = parse_length(h, ret_bytes, ret_status, e);
	size_t codings = 0;

	if (has_length < 0)
		return -1;
	for (size_t i = 0; i < h->len; i++) {
		if (strcasecmp(h->items[i].name, "Transfer-Encoding") != 0)
			continue;
		if (++codings > 1 || strcasecmp(h->items[i].value, "chunked") != 0)
			return fail(ret_status, 501, e, "unsupported Transfer-Encoding");
	}
	if (codings > 0 && has_length)
		return fail(ret_status, 400, e, "both Content-Length and Transfer-Encoding");
	if (codings > 0 && minor == 0)
		return fail(ret_status, 400, e, "Transfer-Encoding in HTTP/1.0");
	*ret = codings > 0 ? HTTP_BODY_CHUNKED : has_length ? HTTP_BODY_LENGTH : HTTP_BODY_NONE;
	if (*ret == HTTP_BODY_LENGTH && *ret_bytes == 0)
		*ret = HTTP_BODY_NONE;
	return has_length || codings > 0;
}

static bool wants_keep_alive(const struct http_headers *h, int minor)
{
	if (http_headers_has_token(h, "Connection", "close"))
		return false;
	return minor >= 1 || http_headers_has_token(h, "Connection", "keep-alive");
}

/* "HTTP/1.x"; the minor version, or -1 */
static int parse_version(const char *s, size_t n)
{
	if (n != 8 || memcmp(s, "HTTP/1.", 7) != 0 || s[7] < '0' || s[7] > '9')
		return -1;
	return s[7] == '0' ? 0 : 1;
}

/* origin-form, absolute-form, or "*" */
static int parse_target(struct http_request *r)
{
	CLEANUP(buf_clear) struct buf path = BUF_INIT;
	const char *s = r->target, *query;
	size_t n;

	if (strcmp(s, "*") == 0) {
		r->path = xstrdup("*");
		return 0;
	}
	if (s[0] != '/') {
		const char *host = strstr(s, "://");

		if (host == NULL)
			return -1;
		s = host + 3 + strcspn(host + 3, "/?");
	}
	n = strcspn(s, "?#");
	if (url_decode(&path, s, n, false) < 0)
		return -1;
	if (path.len == 0)
		buf_addch(&path, '/');
	query = s[n] == '?' ? s + n + 1 : NULL;
	if (query != NULL)
		r->query = xstrndup(query, strcspn(query, "#"));
	r->path = buf_detach(&path);
	return 0;
}

static int parse_request_line(struct line l, struct http_request *r, int *ret_status, struct err *e)
{
	const char *end = l.p + l.n;
	const char *sp = memchr(l.p, ' ', l.n);
	const char *sp2 = sp != NULL ? memchr(sp + 1, ' ', (size_t)(end - sp - 1)) : NULL;

	if (l.n > HTTP_LINE_MAX)
		return fail(ret_status, 414, e, "request line too long");
	if (sp2 == NULL || !http_token_ok(l.p, (size_t)(sp - l.p)) || sp2 == sp + 1)
		return fail(ret_status, 400, e, "malformed request line");
	r->minor = parse_version(sp2 + 1, (size_t)(end - sp2 - 1));
	if (r->minor < 0)
		return fail(ret_status,
			    end - sp2 > 5 && memcmp(sp2 + 1, "HTTP/", 5) == 0 ? 505 : 400, e,
			    "unsupported protocol version");
	for (const char *p = sp + 1; p < sp2; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return fail(ret_status, 400, e, "control character in request target");
	r->method = xstrndup(l.p, (size_t)(sp - l.p));
	r->target = xstrndup(sp + 1, (size_t)(sp2 - sp - 1));
	if (parse_target(r) < 0)
		return fail(ret_status, 400, e, "malformed request target");
	return 0;
}

int http_request_parse(const char *p, size_t n, struct http_request *ret, int *ret_status,
		       struct err *e)
{
	CLEANUP(http_request_clear) struct http_request r = {0};
	struct line l = {0};

	if (next_line(&p, &n, &l) < 0)
		return fail(ret_status, 400, e, "malformed request line");
	if (parse_request_line(l, &r, ret_status, e) < 0)
		return -1;
	if (http_headers_parse(p, n, &r.headers, ret_status, e) < 0)
		return -1;
	if (parse_framing(&r.headers, r.minor, &r.framing, &r.content_bytes, ret_status, e) < 0)
		return -1;
	if (r.minor == 1 && http_headers_get(&r.headers, "Host") == NULL)
		return fail(ret_status, 400, e, "missing required Host header");
	r.keep_alive = wants_keep_alive(&r.headers, r.minor);
	r.expect_continue = r.minor == 1 && r.framing != HTTP_BODY_NONE &&
			    http_headers_has_token(&r.headers, "Expect", "100-continue");
	*ret = r;
	r = (struct http_request){0};
	return 0;
}

void http_request_clear(struct http_request *r)
{
	free(r->method);
	free(r->target);
	free(r->path);
	free(r->query);
	http_headers_clear(&r->headers);
	*r = (struct http_request){0};
}

static int parse_status_line(struct line l, struct http_response *r, struct err *e)
{
	const char *p = l.p;

	if (l.n < 12 || p[8] != ' ' || (l.n > 12 && p[12] != ' '))
		return fail(NULL, 0, e, "malformed HTTP response");
	r->minor = parse_version(p, 8);
	if (r->minor < 0)
		return fail(NULL, 0, e, "malformed HTTP version in response");
	for (int i = 9; i < 12; i++) {
		if (p[i] < '0' || p[i] > '9')
			return fail(NULL, 0, e, "malformed HTTP status code");
		r->status = r->status * 10 + (p[i] - '0');
	}
	if (r->status < 100 || r->status > 599)
		return fail(NULL, 0, e, "HTTP status code out of range");
	if (l.n > 13 && !value_ok(p + 13, l.n - 13))
		return fail(NULL, 0, e, "control character in HTTP status line");
	r->reason = l.n > 13 ? xstrndup(p + 13, l.n - 13) : xstrdup("");
	return 0;
}

int http_response_parse(const char *p, size_t n, bool head_only, struct http_response *ret,
			struct err *e)
{
	CLEANUP(http_response_clear) struct http_response r = {0};
	struct line l = {0};
	int known;

	if (next_line(&p, &n, &l) < 0)
		return fail(NULL, 0, e, "malformed HTTP response");
	if (parse_status_line(l, &r, e) < 0 || http_headers_parse(p, n, &r.headers, NULL, e) < 0)
		return -1;
	known = parse_framing(&r.headers, r.minor, &r.framing, &r.content_bytes, NULL, e);
	if (known < 0)
		return -1;
	if (known == 0)
		r.framing = HTTP_BODY_CLOSE;
	if (head_only || r.status < 200 || r.status == 204 || r.status == 304)
		r.framing = HTTP_BODY_NONE;
	r.keep_alive = wants_keep_alive(&r.headers, r.minor) && r.framing != HTTP_BODY_CLOSE;
	*ret = r;
	r = (struct http_response){0};
	return 0;
}

void http_response_clear(struct http_response *r)
{
	free(r->reason);
	http_headers_clear(&r->headers);
	*r = (struct http_response){0};
}

static const struct {
	int status;
	const char *text;
} reasons[] = {
	{100, "Continue"},
	{101, "UPGRADED"}, /* as dockerd writes it; clients look at the number */
	{200, "OK"},
	{201, "Created"},
	{202, "Accepted"},
	{204, "No Content"},
	{206, "Partial Content"},
	{301, "Moved Permanently"},
	{302, "Found"},
	{304, "Not Modified"},
	{307, "Temporary Redirect"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{406, "Not Acceptable"},
	{408, "Request Timeout"},
	{409, "Conflict"},
	{413, "Request Entity Too Large"},
	{414, "Request URI Too Long"},
	{415, "Unsupported Media Type"},
	{416, "Requested Range Not Satisfiable"},
	{429, "Too Many Requests"},
	{431, "Request Header Fields Too Large"},
	{499, "Client Closed Request"},
	{500, "Internal Server Error"},
	{501, "Not Implemented"},
	{502, "Bad Gateway"},
	{503, "Service Unavailable"},
	{504, "Gateway Timeout"},
	{505, "HTTP Version Not Supported"},
};

const char *http_status_text(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Unknown";
}
