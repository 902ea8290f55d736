// SPDX-License-Identifier: MIT
/*
 * From a request to its handler: version prefix, route, common header fields,
 * and the answer to an error. Texts as dockerd 28 gives them.
 */
#include <string.h>

#include "api/api_internal.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"

#define NSEC_PER_SEC  1000000000LL
#define SEC_PER_DAY   86400
#define MAX_COMPONENT 999 /* of a version number; larger ones read as this */

/* Reads digits; what follows them, or NULL when there are none. */
static const char *version_part(const char *s, unsigned *ret)
{
	unsigned v = 0;

	if (*s < '0' || *s > '9')
		return NULL;
	for (; *s >= '0' && *s <= '9'; s++)
		v = MIN(v * 10 + (unsigned)(*s - '0'), MAX_COMPONENT);
	*ret = v;
	return s;
}

unsigned api_parse_version(const char *s)
{
	unsigned major, minor = 0;

	s = version_part(s, &major);
	if (s == NULL)
		return 0;
	if (*s == '.') {
		s = version_part(s + 1, &minor);
		if (s == NULL)
			return 0;
	}
	/* further components do not matter: "1.24.1" is 1.24 */
	if (strspn(s, "0123456789.") != strlen(s))
		return 0;
	return API_VERSION(major, minor);
}

/* The wild part may be empty only for '**' followed by nothing; Docker's routes want one byte. */
bool api_route_match(const char *pattern, const char *path, char **ret_name)
{
	const char *star = strchr(pattern, '*');
	size_t before, after, whole = strlen(path), wild;
	bool slashes;

	if (star == NULL)
		return strcmp(pattern, path) == 0;
	slashes = star[1] == '*';
	before = (size_t)(star - pattern);
	after = strlen(star + (slashes ? 2 : 1));
	if (whole <= before + after || strncmp(pattern, path, before) != 0 ||
	    strcmp(path + whole - after, star + (slashes ? 2 : 1)) != 0)
		return false;
	wild = whole - before - after;
	if (!slashes && memchr(path + before, '/', wild) != NULL)
		return false;
	if (ret_name != NULL)
		*ret_name = xstrndup(path + before, wild);
	return true;
}

int api_status(enum err_kind kind)
{
	switch (kind) {
	case ERR_INVALID:
		return 400;
	case ERR_NOTFOUND:
		return 404;
	case ERR_CONFLICT:
		return 409;
	case ERR_DENIED:
		return 403;
	case ERR_UNAUTHORIZED:
		return 401;
	case ERR_NOTMODIFIED:
		return 304;
	case ERR_UNAVAILABLE:
		return 503;
	case ERR_UNIMPLEMENTED:
		return 501;
	case ERR_CANCELLED:
		return 499;
	case ERR_TIMEOUT:
	case ERR_SYSTEM:
		break;
	}
	return 500;
}

/* RFC 9110 5.6.7, as Go's server sends it with every answer */
static void add_date(struct http_conn *conn)
{
	static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970 began on a Thursday */
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t now = time_now_nsec() / NSEC_PER_SEC;
	int year, month, day, hour, min, sec;

	time_parts(now, &year, &month, &day, &hour, &min, &sec);
	http_headers_addf(http_conn_headers(conn), "Date", "%.3s, %02d %.3s %d %02d:%02d:%02d GMT",
			  days + now / SEC_PER_DAY % 7 * 3, day, months + (month - 1) * 3, year,
			  hour, min, sec);
}

static void add_common_headers(struct http_conn *conn)
{
	struct http_headers *h = http_conn_headers(conn);

	http_headers_set(h, "Api-Version", ENGINE_API_VERSION);
	http_headers_set(h, "Docker-Experimental", "false");
	http_headers_set(h, "Ostype", "linux");
	http_headers_set(h, "Server", "Docker/" ENGINE_VERSION " (linux)");
}

static int answer_message(struct http_conn *conn, int status, const char *text)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e;

	jw_init(&w, &b);
	jw_obj(&w);
	jw_kstr(&w, "message", text);
	jw_end(&w);
	buf_addch(&b, '\n');
	return http_conn_respond(conn, status, API_JSON, b.data, b.len, &e);
}

/* Splits "/v1.47/rest"; the rest, or NULL when there is no version in front. */
static const char *split_version(const char *path, char *version, size_t size)
{
	size_t n;

	if (path[0] != '/' || path[1] != 'v')
		return NULL;
	n = strspn(path + 2, "0123456789.");
	if (n == 0 || n >= size || path[2 + n] != '/')
		return NULL;
	memcpy(version, path + 2, n);
	version[n] = '\0';
	return path + 2 + n;
}

static const struct api_route *find_route(const char *method, const char *path, char **ret_name)
{
	for (size_t i = 0; i < api_n_routes; i++)
		if (strcmp(api_routes[i].method, method) == 0 &&
		    api_route_match(api_routes[i].pattern, path, ret_name))
			return &api_routes[i];
	return NULL;
}

/* A version outside the range: 1 answered, 0 fine. */
static int refuse_version(struct http_conn *conn, const char *text, unsigned version)
{
	CLEANUP(freep) char *msg = NULL;
	struct err e;

	if (version > API_NEWEST) {
		msg = xasprintf("client version %s is too new. Maximum supported API version is %s",
				text, ENGINE_API_VERSION);
		answer_message(conn, 400, msg);
		return 1;
	}
	if (version >= API_OLDEST)
		return 0;
	/* clients older than 1.24 expect plain text */
	msg = xasprintf("client version %s is too old. Minimum supported API version is %s, "
			"please upgrade your client to a newer version\n",
			text, ENGINE_API_MIN_VERSION);
	if (http_conn_respond(conn, 400, API_TEXT, msg, strlen(msg), &e) < 0)
		http_conn_abort(conn);
	return 1;
}

/* The end of a call whose handler failed. */
static int answer_error(struct api_call *c, const struct err *why)
{
	int status = api_status(why->kind);

	if (http_conn_started(c->conn)) {
		http_conn_abort(c->conn);
		return -1;
	}
	if (why->kind == ERR_CANCELLED)
		return -1;
	if (status == 304) {
		struct err e;

		return call_empty(c, 304, &e);
	}
	if (status >= 500)
		log_debug(why, "%s %s: status %d", c->rq->method, c->rq->path, status);
	return answer_message(c->conn, status, why->msg);
}

static int run(struct api_call *c, const struct api_route *route, struct err *e)
{
	if (http_query_parse(&c->query, c->rq->query, e) < 0)
		return -1;
	return route->handle(c, e);
}

int api_dispatch(struct engine *en, struct http_conn *conn, const struct api_link *link)
{
	const struct http_request *rq = http_conn_request(conn);
	struct api_call c = {.en = en, .conn = conn, .rq = rq, .version = API_NEWEST, .link = link};
	const struct api_route *route;
	char version[32] = "";
	const char *path = split_version(rq->path, version, sizeof(version));
	struct err e = {0};
	int r = 0;

	add_date(conn);
	route = find_route(rq->method, path != NULL ? path : rq->path, &c.name);
	if (route == NULL)
		return answer_message(conn, 404, "page not found");
	add_common_headers(conn);
	if (path != NULL)
		c.version = api_parse_version(version);
	if (route->handle != sys_ping && path != NULL && refuse_version(conn, version, c.version)) {
		free(c.name);
		return 0;
	}
	if (run(&c, route, &e) < 0)
		r = answer_error(&c, &e);
	http_query_clear(&c.query);
	buf_clear(&c.body);
	free(c.name);
	return r;
}
