// SPDX-License-Identifier: MIT
/* /containers/{id}/archive (docker cp) and export: tar streams both ways. */
#include <string.h>
#include <unistd.h>

#include "api/api_internal.h"
#include "base/fd.h"
#include "base/hex.h"
#include "base/mem.h"
#include "base/str.h"
#include "engine/container.h"

#define COPY_BYTES 65536
#define STAT_FIELD "X-Docker-Container-Path-Stat"

static int need_path(const struct api_call *c, const char **ret, struct err *e)
{
	*ret = call_get(c, "path");
	if ((*ret)[0] == '\0')
		return err_set(e, ERR_INVALID, 0, "bad parameter: pathcannot be empty");
	return 0;
}

/* The words clients know, in place of the helper's. */
static int explain(const struct api_call *c, const char *path, struct err *e)
{
	if (e->kind == ERR_NOTFOUND && !str_starts(e->msg, "No such container"))
		err_set(e, ERR_NOTFOUND, e->sys, "Could not find the file %s in container %s", path,
			c->name);
	return -1;
}

static void set_stat(struct api_call *c, const struct buf *json)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	base64_encode(&b, buf_str(json), json->len);
	http_headers_set(http_conn_headers(c->conn), STAT_FIELD, buf_str(&b));
}

int archive_head(struct api_call *c, struct err *e)
{
	CLEANUP(buf_clear) struct buf json = BUF_INIT;
	const char *path;

	if (need_path(c, &path, e) < 0 || engine_archive_stat(c->en, c->name, path, &json, e) < 0)
		return -1;
	set_stat(c, &json);
	return call_empty(c, 200, e);
}

/* Sends all of a descriptor as the body. */
static int send_fd(struct api_call *c, int fd, struct err *e)
{
	CLEANUP(freep) char *data = xmalloc(COPY_BYTES);
	ssize_t n;

	while ((n = fd_read(fd, data, COPY_BYTES)) > 0)
		if (http_conn_write(c->conn, data, (size_t)n, e) < 0)
			return -1;
	return n < 0 ? err_sys(e, "read from the archive helper") : 0;
}

static int send_archive(struct api_call *c, const char *path, const char *type, struct err *e)
{
	CLEANUP(buf_clear) struct buf json = BUF_INIT;
	CLEANUP(fd_closep) int fd = -1;
	struct engine_copy *copy = NULL;

	if (engine_archive_get(c->en, c->name, path, &json, &fd, &copy, e) < 0)
		return path != NULL ? explain(c, path, e) : -1;
	if (path != NULL)
		set_stat(c, &json);
	if (http_conn_start(c->conn, 200, type, e) < 0 || send_fd(c, fd, e) < 0) {
		engine_copy_cancel(copy);
		return -1;
	}
	if (engine_copy_finish(copy, e) < 0)
		return -1;
	return http_conn_end(c->conn, e);
}

int archive_get(struct api_call *c, struct err *e)
{
	const char *path;

	if (need_path(c, &path, e) < 0)
		return -1;
	return send_archive(c, path, API_TAR, e);
}

int archive_export(struct api_call *c, struct err *e)
{
	return send_archive(c, NULL, "application/octet-stream", e);
}

/* Feeds the body to the helper. A helper that stops reading early has its own say: 0 too. */
static int feed_body(struct api_call *c, int fd, struct err *e)
{
	CLEANUP(freep) char *data = xmalloc(COPY_BYTES);
	struct err ignored;
	ssize_t n;

	while ((n = http_body_read(http_conn_body(c->conn), data, COPY_BYTES, e)) > 0)
		if (fd_write_all(fd, data, (size_t)n, &ignored) < 0)
			return 0;
	return n < 0 ? -1 : 0;
}

int archive_put(struct api_call *c, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;
	struct engine_copy *copy = NULL;
	const char *path;

	if (need_path(c, &path, e) < 0)
		return -1;
	if (engine_archive_put(c->en, c->name, path, call_bool(c, "noOverwriteDirNonDir"),
			       call_bool(c, "copyUIDGID"), &fd, &copy, e) < 0)
		return explain(c, path, e);
	if (feed_body(c, fd, e) < 0) {
		engine_copy_cancel(copy);
		return -1;
	}
	fd_close(&fd);
	if (engine_copy_finish(copy, e) < 0)
		return explain(c, path, e);
	return call_empty(c, 200, e);
}
