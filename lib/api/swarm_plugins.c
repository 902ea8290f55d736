// SPDX-License-Identifier: MIT
/* What is not there, each with a sentence that says so. */
#include "api/api_internal.h"
#include "engine/event.h"

int sys_options(struct api_call *c, struct err *e)
{
	return call_empty(c, 200, e);
}

static int check_filters(struct api_call *c, struct err *e)
{
	CLEANUP(engine_filters_clear) struct engine_filters f = {0};

	return call_filters(c, &f, e);
}

int swarm_none(struct err *e)
{
	return err_set(e, ERR_UNAVAILABLE, 0,
		       "This node is not a swarm manager. Use \"docker swarm init\" or \"docker "
		       "swarm join\" to connect this node to swarm and try again.");
}

int swarm_refuse(struct api_call *c, struct err *e)
{
	CLEANUP(json_freep) struct json *body = NULL;

	if (check_filters(c, e) < 0 || (*c->rq->method == 'P' && call_body(c, true, &body, e) < 0))
		return -1;
	return swarm_none(e);
}

int swarm_leave(struct api_call *c, struct err *e)
{
	(void)c;
	return err_set(e, ERR_UNAVAILABLE, 0, "This node is not part of a swarm");
}

int swarm_no_mode(struct api_call *c, struct err *e)
{
	(void)c;
	return err_set(e, ERR_UNIMPLEMENTED, 0, "swarm mode is not supported");
}

int plugin_list(struct api_call *c, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	if (check_filters(c, e) < 0)
		return -1;
	buf_addstr(&b, "[]");
	return call_json(c, 200, &b, e);
}

int plugin_lost(struct api_call *c, struct err *e)
{
	return err_set(e, ERR_NOTFOUND, 0, "plugin \"%s\" not found", c->name);
}

int plugin_refuse(struct api_call *c, struct err *e)
{
	(void)c;
	return err_set(e, ERR_UNIMPLEMENTED, 0, "plugins are not supported");
}

int build_prune(struct api_call *c, struct err *e)
{
	static const char *const sizes[] = {"keep-storage", "reserved-space", "max-used-space",
					    "min-free-space"};
	CLEANUP(engine_filters_clear) struct engine_filters f = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	int64_t ignored;

	for (size_t i = 0; i < (c->version < API_VERSION(1, 48) ? 1 : ARRAY_LEN(sizes)); i++)
		if (call_int(c, sizes[i], INT64_MIN, INT64_MAX, &ignored, e) < 0)
			return err_wrap(e, "%s is in bytes and expects an integer, got %.64s",
					sizes[i], call_get(c, sizes[i]));
	if (call_filters(c, &f, e) < 0)
		return -1;
	if (engine_filters_until(&f, &ignored, e) < 0)
		return err_wrap(e,
				"failed to prune build cache: \"until\" filter expects a duration "
				"(e.g., '24h') or a timestamp");
	engine_event_prune(c->en, "builder", 0);
	buf_addstr(&b, "{\"CachesDeleted\":null,\"SpaceReclaimed\":0}");
	return call_json(c, 200, &b, e);
}

int build_cancel(struct api_call *c, struct err *e)
{
	if (*call_get(c, "id") == '\0')
		return err_set(e, ERR_INVALID, 0, "build ID not provided");
	return call_empty(c, 200, e);
}

int refuse_experimental(struct api_call *c, struct err *e)
{
	(void)c;
	return err_set(e, ERR_UNIMPLEMENTED, 0,
		       "This experimental feature is disabled by default. Start the Docker daemon "
		       "in experimental mode in order to enable it.");
}

int refuse_build(struct api_call *c, struct err *e)
{
	(void)c;
	return err_set(e, ERR_UNIMPLEMENTED, 0, "building images is not supported yet");
}

int refuse_buildkit(struct api_call *c, struct err *e)
{
	(void)c;
	return err_set(e, ERR_UNIMPLEMENTED, 0, "BuildKit sessions are not supported yet");
}

int refuse_cluster_volume(struct api_call *c, struct err *e)
{
	(void)c;
	return err_set(e, ERR_UNAVAILABLE, 0,
		       "volume update only valid for cluster volumes, but swarm is unavailable");
}
