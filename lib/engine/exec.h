// SPDX-License-Identifier: MIT
/* Execs: further processes in running containers. */
#ifndef ENGINE_EXEC_H
#define ENGINE_EXEC_H

#include "engine/container.h"

/** engine_exec_create() - POST /containers/{id}/exec; c is consumed; ERR_CONFLICT when the
 * container does not run, ERR_INVALID when it does not know the user. ret_id: 65 bytes */
int engine_exec_create(struct engine *en, const char *name, struct docker_exec_config *c,
		       char *ret_id, struct err *e) WARN_UNUSED;
/** engine_exec_check() - before the answer's head of exec start: exists, its container runs; tells
 * about the TTY */
int engine_exec_check(struct engine *en, const char *id, bool *ret_tty, struct err *e) WARN_UNUSED;
/**
 * engine_exec_start() - run it
 * @a:     the client; client_fd -1 detached. in, out and err are what the exec was created with,
 * not a's
 * @rows, @cols: first size of the TTY, 0 unknown
 * @e:     Docker's words; when the program could not be started, exec inspect tells 126 or 127
 *
 * Returns when it runs.
 */
int engine_exec_start(struct engine *en, const char *id, const struct engine_attach *a,
		      unsigned rows, unsigned cols, struct err *e) WARN_UNUSED;
/** engine_exec_resize() - window size */
int engine_exec_resize(struct engine *en, const char *id, unsigned rows, unsigned cols,
		       struct err *e) WARN_UNUSED;
/** engine_exec_inspect() - snapshot; json_struct_clear(&docker_exec_inspect_json, ret) */
int engine_exec_inspect(struct engine *en, const char *id, struct docker_exec_inspect *ret,
			struct err *e) WARN_UNUSED;

#endif
