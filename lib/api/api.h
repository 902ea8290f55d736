// SPDX-License-Identifier: MIT
/*
 * The Docker Engine API (1.24 to 1.51) over HTTP/1.1: listeners, one thread a
 * connection, routes. Sees the engine through engine/ only.
 *
 *	api = api_new(engine);
 *	api_listen(api, fd, NULL, &e);
 *	api_serve(api, &e);
 *	...
 *	api_stop(api);
 *	api_free(api);
 */
#ifndef API_API_H
#define API_API_H

#include "base/err.h"
#include "engine/engine.h"
#include "tls/tls.h"

struct api;

/** api_new() - an API without listeners; the engine is borrowed and must outlive it */
struct api *api_new(struct engine *en);
/**
 * api_listen() - take a listening socket; who connects waits for api_serve()
 * @a:   the API
 * @fd:  listening stream socket, owned from the call on; its permissions are the caller's matter
 * @tls: NULL for plain HTTP; borrowed, must outlive the API
 * @e:   ERR_UNAVAILABLE when there can be no more listeners
 *
 * May be called several times, from one thread, before api_serve().
 *
 * Return: 0 or -1.
 */
int api_listen(struct api *a, int fd, const struct tls_config *tls, struct err *e) WARN_UNUSED;
/** api_serve() - serve the connections of all listeners, in threads of its own; 0, or -1 when there
 * can be no more threads */
int api_serve(struct api *a, struct err *e) WARN_UNUSED;
/** api_drain() - before api_stop(): accept no more, and give requests under way timeout_ms to end;
 * connections that wait for their next request are closed */
void api_drain(struct api *a, int timeout_ms);
/** api_stop() - close the listeners, cut all connections, and wait for their threads; requests
 * under way end with their clients gone. Connections handed to containers (attach, exec) go on */
void api_stop(struct api *a);
/** api_free() - after api_stop(); NULL is fine */
void api_free(struct api *a);

#endif
