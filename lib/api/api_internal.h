// SPDX-License-Identifier: MIT
/* One API call as the handlers see it, and what they share. */
#ifndef API_INTERNAL_H
#define API_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "api/api.h"
#include "base/buf.h"
#include "engine/container.h"
#include "http/server.h"
#include "http/url.h"
#include "json/bind.h"
#include "json/write.h"

#define API_VERSION(major, minor) ((major)*1000 + (minor))
#define API_NEWEST		  API_VERSION(1, 51)
#define API_OLDEST		  API_VERSION(1, 24)

#define API_JSON	"application/json"
#define API_TEXT	"text/plain; charset=utf-8"
#define API_TAR		"application/x-tar"
#define API_RAW		"application/vnd.docker.raw-stream"
#define API_MULTIPLEXED "application/vnd.docker.multiplexed-stream"

/* What a request's connection is to the server. */
struct api_link {
	bool tls;		    /* the connection's bytes are not its descriptor's */
	void (*release)(void *arg); /* the descriptor is about to be closed or handed over; NULL:
				       nobody cares */
	void *arg;
};

struct api_call {
	struct engine *en;
	struct http_conn *conn;
	const struct http_request *rq;
	struct http_query query;
	unsigned version; /* API_VERSION() of the path, newest without one */
	char *name;	  /* what '*' or '**' of the route matched; NULL without one */
	const struct api_link *link;
	struct buf body; /* of call_body() */
};

/*
 * A handler answers and returns 0, or returns -1 with the error for the answer. An
 * error after the answer has begun cuts the connection, so that the client sees it.
 */
typedef int api_handler(struct api_call *c, struct err *e);

struct api_route {
	const char *method;
	const char *pattern; /* '*' is one segment, '**' anything with slashes */
	api_handler *handle;
};

extern const struct api_route api_routes[];
extern const size_t api_n_routes;

/** api_dispatch() - answer one request, whatever it is; 0, or -1 when the connection must end */
int api_dispatch(struct engine *en, struct http_conn *conn, const struct api_link *link);
/** api_route_match() - does a path match a pattern; *ret_name (may be NULL) gets the wild part, on
 * the heap */
bool api_route_match(const char *pattern, const char *path, char **ret_name);
/** api_status() - the HTTP status of an error kind */
int api_status(enum err_kind kind);
/** api_parse_version() - "1.47" as API_VERSION(), 0 when it is none */
unsigned api_parse_version(const char *s);

/** call_get() - a query parameter, "" when absent; borrowed */
const char *call_get(const struct api_call *c, const char *key);
/** call_bool() - a query parameter as Docker's httputils.BoolValue: anything but "", 0, no, false,
 * none is true */
bool call_bool(const struct api_call *c, const char *key);
/** call_bool_or() - as call_bool(), def when the parameter is absent */
bool call_bool_or(const struct api_call *c, const char *key, bool def);
/** call_int() - a decimal query parameter within min and max; *ret untouched when absent or "" */
int call_int(const struct api_call *c, const char *key, int64_t min, int64_t max, int64_t *ret,
	     struct err *e) WARN_UNUSED;
/** call_window() - rows and columns of a terminal from the parameters h and w */
int call_window(const struct api_call *c, unsigned *ret_rows, unsigned *ret_cols,
		struct err *e) WARN_UNUSED;
/** call_filters() - the filters parameter */
int call_filters(const struct api_call *c, struct engine_filters *ret, struct err *e) WARN_UNUSED;
/** call_body() - the body as JSON; ret is NULL when it may be empty and is; freed by json_free() */
int call_body(struct api_call *c, bool may_be_empty, struct json **ret, struct err *e) WARN_UNUSED;
/** call_bind() - the body bound to a struct */
int call_bind(struct api_call *c, bool may_be_empty, const struct json_struct *t, void *out,
	      struct err *e) WARN_UNUSED;

/** call_json() - answer with JSON; a line end is added */
int call_json(struct api_call *c, int status, struct buf *body, struct err *e);
/** call_empty() - answer without a body */
int call_empty(struct api_call *c, int status, struct err *e);
/** call_progress_start() - begin a stream of JSON lines if it has not begun */
int call_progress_start(struct api_call *c, struct err *e);
/** call_error_line() - end a stream of JSON lines by an error, or answer with it if none began */
int call_error_line(struct api_call *c, const struct err *why, struct err *e);
/** call_platform() - a platform in JSON, which the API has known since a version, as text
 * ("linux/arm64") on the heap; NULL when absent */
int call_platform(const struct api_call *c, const char *key, unsigned since, char **ret,
		  struct err *e) WARN_UNUSED;
/** call_image_platform() - the image that the path names has to be for the platform asked for */
int call_image_platform(const struct api_call *c, const char *key, unsigned since,
			struct err *e) WARN_UNUSED;
/** swarm_none() - the answer to all that is a swarm's; returns -1 */
int swarm_none(struct err *e);
/** call_registry_failed() - a registry that was not reached, or wants credentials that nobody gave,
 * is 500 in Docker's answers; returns -1 */
int call_registry_failed(struct err *e);
/** call_client_fd() - descriptor whose hang-up means that the client left; -1 none */
int call_client_fd(const struct api_call *c);

struct pump;

struct api_hijack {
	int fd;		     /* the client's bytes; closed by api_hijack_end() */
	struct buf leftover; /* bytes it sent ahead */
	const struct api_link *link;
	struct pump *pump; /* copies between fd's other end and the client; NULL for plain
			      connections */
};

/** api_hijack_begin() - send the last head (101 when asked for an upgrade, else 200) and take the
 * connection over */
int api_hijack_begin(struct api_call *c, const char *type, struct api_hijack *ret,
		     struct err *e) WARN_UNUSED;
/** api_hijack_ws() - the same for a WebSocket; binary: output goes in binary frames, else in text
 * frames */
int api_hijack_ws(struct api_call *c, bool binary, struct api_hijack *ret,
		  struct err *e) WARN_UNUSED;
/** api_hijack_end() - closes our side; over TLS and WebSocket it copies until both sides have ended
 */
void api_hijack_end(struct api_hijack *h);

/* handlers, one file a resource */
api_handler sys_options, sys_ping, sys_version, sys_info, sys_auth, sys_df, sys_events;
api_handler container_list, container_create, container_inspect, container_start, container_stop,
	container_restart, container_kill, container_pause, container_unpause, container_rename,
	container_update, container_remove, container_prune, container_top, container_changes,
	container_resize, container_stats;
api_handler container_attach, container_attach_ws, container_logs, container_wait;
api_handler exec_create, exec_start, exec_resize, exec_inspect;
api_handler archive_head, archive_get, archive_put, archive_export;
api_handler image_list, image_inspect, image_history, image_tag, image_remove, image_prune;
api_handler image_create, image_load_post;
api_handler commit_post, image_save_get, image_push_post, image_search, distribution_get;
api_handler network_list, network_inspect, network_create, network_remove, network_connect,
	network_disconnect, network_prune;
api_handler volume_create_post, volume_list_get, volume_inspect, volume_delete, volume_prune;
api_handler swarm_refuse, swarm_leave, swarm_no_mode, plugin_list, plugin_lost, plugin_refuse,
	build_prune, build_cancel, refuse_build, refuse_buildkit, refuse_cluster_volume,
	refuse_experimental;

/* engine_container_prune() and the like */
typedef int api_prune_fn(struct engine *en, const struct engine_filters *f, struct strv *ret_gone,
			 int64_t *ret_bytes, struct err *e);
/** call_prune() - answers a POST of prune: what went under key, and SpaceReclaimed */
int call_prune(struct api_call *c, const char *key, bool null_if_none, api_prune_fn *prune,
	       struct err *e) WARN_UNUSED;
/** api_write_strs() - member with a list of strings; an empty one may be null */
void api_write_strs(struct json_w *w, const char *key, const struct strv *v, bool null_if_empty);
/** api_write_strmap() - member with a map; an empty one is null */
void api_write_strmap(struct json_w *w, const char *key, const struct json_strmap *m);
/** api_write_summaries() - the array of GET /containers/json */
void api_write_summaries(struct json_w *w, const struct engine_summaries *s);
/** api_write_images() - the array of GET /images/json with its filters; counts: Containers too */
int api_write_images(struct api_call *c, struct json_w *w, bool all, bool counts,
		     const struct engine_filters *f, struct err *e) WARN_UNUSED;
/** api_write_volumes() - the array of GET /volumes; size: UsageData too */
int api_write_volumes(struct api_call *c, struct json_w *w, const struct engine_filters *f,
		      bool size, struct err *e) WARN_UNUSED;

#endif
