// SPDX-License-Identifier: MIT
/* /containers/{id}/exec and /exec. */
#include "engine/exec.h"

#include <string.h>

#include "api/api_internal.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"

int exec_create(struct api_call *c, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct docker_exec_config config = {0};
	char id[65] = "";
	struct json_w w;
	int r;

	r = call_bind(c, true, &docker_exec_config_json, &config, e);
	if (r == 0 && config.cmd.len == 0)
		r = err_set(e, ERR_INVALID, 0, "No exec command specified");
	if (r < 0) {
		json_struct_clear(&docker_exec_config_json, &config);
		return -1;
	}
	if (c->version < API_VERSION(1, 42))
		memset(config.console_size, 0, sizeof(config.console_size));
	if (engine_exec_create(c->en, c->name, &config, id, e) < 0)
		return -1;
	jw_init(&w, &b);
	jw_obj(&w);
	jw_kstr(&w, "Id", id);
	jw_end(&w);
	return call_json(c, 201, &b, e);
}

struct exec_start_request {
	bool detach, tty;
	uint64_t console_size[2];
};

static const struct json_field start_fields[] = {
	JSON_F(struct exec_start_request, detach, "Detach", JSON_B_BOOL, NULL, 0),
	JSON_F(struct exec_start_request, tty, "Tty", JSON_B_BOOL, NULL, 0),
	JSON_F(struct exec_start_request, console_size, "ConsoleSize", JSON_B_U64_PAIR, NULL, 0),
	{0},
};
static const struct json_struct start_json = {"backend.ExecStartConfig",
					      sizeof(struct exec_start_request), start_fields};

static int start_attached(struct api_call *c, const struct exec_start_request *rq, bool tty,
			  struct err *e)
{
	bool upgrade = http_headers_get(&c->rq->headers, "Upgrade") != NULL;
	bool multiplexed = upgrade && !tty && c->version >= API_VERSION(1, 42);
	struct engine_attach a = {.in = true, .out = true, .err = true, .stream = true};
	struct api_hijack h = {.fd = -1};
	struct err why;

	if (api_hijack_begin(c, multiplexed ? API_MULTIPLEXED : API_RAW, &h, e) < 0)
		return -1;
	a.client_fd = h.fd;
	a.multiplexed = !tty;
	a.leftover = h.leftover.data;
	a.n_leftover = h.leftover.len;
	if (engine_exec_start(c->en, c->name, &a, (unsigned)MIN(rq->console_size[0], UINT16_MAX),
			      (unsigned)MIN(rq->console_size[1], UINT16_MAX), &why) < 0) {
		CLEANUP(freep) char *text = xasprintf("%s\r\n", why.msg);
		unsigned char head[8] = {1};
		size_t n = strlen(text);

		head[6] = (unsigned char)(n >> 8);
		head[7] = (unsigned char)n;
		if ((!tty && fd_write_all(h.fd, head, sizeof(head), &why) < 0) ||
		    fd_write_all(h.fd, text, n, &why) < 0)
			err_clear(&why);
	}
	api_hijack_end(&h);
	return 0;
}

int exec_start(struct api_call *c, struct err *e)
{
	struct engine_attach detached = {.client_fd = -1};
	struct exec_start_request rq = {0};
	bool tty = false;

	if (call_bind(c, true, &start_json, &rq, e) < 0)
		return -1;
	if (c->version < API_VERSION(1, 42) || !rq.tty)
		rq.console_size[0] = rq.console_size[1] = 0;
	if (engine_exec_check(c->en, c->name, &tty, e) < 0)
		return -1;
	if (!rq.detach)
		return start_attached(c, &rq, tty, e);
	if (engine_exec_start(c->en, c->name, &detached, 0, 0, e) < 0)
		return -1;
	return call_empty(c, 200, e);
}

int exec_resize(struct api_call *c, struct err *e)
{
	unsigned rows, cols;

	if (call_window(c, &rows, &cols, e) < 0 ||
	    engine_exec_resize(c->en, c->name, rows, cols, e) < 0)
		return -1;
	return call_empty(c, 200, e);
}

int exec_inspect(struct api_call *c, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct docker_exec_inspect i = {0};
	struct json_w w;

	if (engine_exec_inspect(c->en, c->name, &i, e) < 0)
		return -1;
	jw_init(&w, &b);
	json_unbind(&w, &docker_exec_inspect_json, &i);
	json_struct_clear(&docker_exec_inspect_json, &i);
	return call_json(c, 200, &b, e);
}
