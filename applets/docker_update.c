// SPDX-License-Identifier: MIT
/* docker update: other limits for containers, also while they run. */
#include <stdio.h>
#include <stdlib.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"

#define AT(member) offsetof(struct docker_create, member)

static const struct opt update_opts[] = {
	{0, "blkio-weight", OPT_I64, AT(blkio_weight), "uint16",
	 "Block IO (relative weight), between 10 and 1000", NULL},
	{0, "cpu-period", OPT_I64, AT(cpu_period), "int",
	 "Limit CPU CFS (Completely Fair Scheduler) period", NULL},
	{0, "cpu-quota", OPT_I64, AT(cpu_quota), "int",
	 "Limit CPU CFS (Completely Fair Scheduler) quota", NULL},
	{0, "cpu-rt-period", OPT_I64, AT(cpu_rt_period), "int",
	 "Limit CPU real-time period in microseconds", NULL},
	{0, "cpu-rt-runtime", OPT_I64, AT(cpu_rt_runtime), "int",
	 "Limit CPU real-time runtime in microseconds", NULL},
	{'c', "cpu-shares", OPT_I64, AT(cpu_shares), "int", "CPU shares (relative weight)", NULL},
	{0, "cpus", OPT_STR, AT(cpus), "decimal", "Number of CPUs", docker_check_cpus},
	{0, "cpuset-cpus", OPT_STR, AT(cpuset_cpus), "string",
	 "CPUs in which to allow execution (0-3, 0,1)", NULL},
	{0, "cpuset-mems", OPT_STR, AT(cpuset_mems), "string",
	 "MEMs in which to allow execution (0-3, 0,1)", NULL},
	{0, "kernel-memory", OPT_SIZE, AT(kernel_memory), "bytes", NULL, NULL},
	{'m', "memory", OPT_SIZE, AT(memory), "bytes", "Memory limit", NULL},
	{0, "memory-reservation", OPT_SIZE, AT(memory_reservation), "bytes", "Memory soft limit",
	 NULL},
	{0, "memory-swap", OPT_STR, AT(memory_swap), "bytes",
	 "Swap limit equal to memory plus swap: -1 to enable unlimited swap", docker_check_swap},
	{0, "pids-limit", OPT_I64, AT(pids_limit), "int",
	 "Tune container pids limit (set -1 for unlimited)", NULL},
	{0, "restart", OPT_STR, AT(restart), "string",
	 "Restart policy to apply when a container exits", NULL},
	{0},
};

static void update_init(void *conf)
{
	((struct docker_create *)conf)->pids_limit = INT64_MIN; /* not given; 0 may be */
}

static int update_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	struct docker_create *c = conf;
	bool no_pids = c->pids_limit == INT64_MIN;
	struct json_w w;
	int code = 0;
	struct err e;

	if (no_pids)
		c->pids_limit = 0;
	jw_init(&w, &body);
	jw_obj(&w);
	if (docker_put_limits(c, &w, &e) < 0)
		return docker_fail(&e);
	jw_end(&w);
	if (str_eq(buf_str(&body), "{}") && no_pids && c->kernel_memory == 0) {
		fputs("you must provide one or more flags when using this command\n", stderr);
		return 1;
	}
	if (docker_client(cli, &e) == NULL)
		return docker_fail(&e);
	for (int i = 0; i < argc; i++) {
		CLEANUP(freep) char *path = client_path("/containers/%s/update", argv[i]);
		CLEANUP(json_freep) struct json *v = NULL;
		struct client_req rq = {.method = "POST", .path = path, .body = buf_str(&body)};

		if (client_call(cli->client, &rq, &v, &e) < 0) {
			code = docker_fail(&e);
			continue;
		}
		puts(argv[i]);
		json_for_each (item, json_get(v, "Warnings"))
			puts(json_str(item));
	}
	return code;
}

const struct docker_cmd docker_update_cmd = {
	.args = "[OPTIONS] CONTAINER [CONTAINER...]",
	.about = "Update configuration of one or more containers",
	.opts = update_opts,
	.conf_size = sizeof(struct docker_create),
	.min = 1,
	.max = -1,
	.run = update_main,
	.init = update_init,
};
