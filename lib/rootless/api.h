// SPDX-License-Identifier: MIT
/*
 * RootlessKit's REST API 1.1.1 on api.sock (its pkg/api/openapi.yaml): info and
 * ports. One request at a time, each connection ends with its answer, a silent
 * client is dropped after a second: the socket belongs to the user alone.
 */
#ifndef ROOTLESS_API_H
#define ROOTLESS_API_H

#include <sys/types.h>

#include "base/err.h"
#include "rootless/conf.h"
#include "rootless/ports.h"

#define RK_API_TIMEOUT_MS 1000

struct rk_api {
	const struct rk_conf *conf;
	const char *state_dir;
	pid_t child_pid;
	struct rk_ports *ports;
};

/** rk_api_serve() - serve one accepted connection, which it closes; failures end with it */
void rk_api_serve(struct rk_api *a, int conn_fd);

#endif
