// SPDX-License-Identifier: MIT
/* What is not there, each with a sentence that says so. */
#include "api/api_internal.h"
#include "engine/event.h"

int swarm_refuse(struct api_call *c, struct err *e)
{
	(void)c;
	return err_set(e, ERR_UNAVAILABLE, 0,
		       "This node is not a swarm manager. Use \"docker swarm init\" or \"docker "
		       "swarm join\" to connect this node to swarm and try again.");
}

int swarm_no_mode(struct api_call *c, struct err *e)
{
	(void)c;
	return err_set(e, ERR_UNIMPLEMENTED, 0, "swarm mode is not supported");
}

int plugin_list(struct api_call *c, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	buf_addstr(&b, "[]");
	return call_json(c, 200, &b, e);
}

int plugin_refuse(struct api_call *c, struct err *e)
{
	(void)c;
	return err_set(e, ERR_UNIMPLEMENTED, 0, "plugins are not supported");
}

int build_prune(struct api_call *c, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	engine_event_prune(c->en, "builder", 0);
	buf_addstr(&b, "{\"CachesDeleted\":null,\"SpaceReclaimed\":0}");
	return call_json(c, 200, &b, e);
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
