// SPDX-License-Identifier: MIT
/*
 * The log drivers syslog and journald: messages of a container's output to a
 * service that may be slow, away or started anew. The shim keeps the socket.
 *
 * What the socket does not take waits, up to the buffer of the container. When
 * that is full, the container waits for LOG_STALL_MS in all (with the mode
 * non-blocking not at all), then messages are dropped until the service reads
 * again. A service that is away is looked for again after LOG_RETRY_FIRST_MS,
 * then less and less often; what fits the buffer is sent when it is back. The
 * file written beside (container/log.h) has everything.
 */
#ifndef CONTAINER_LOG_SERVICE_H
#define CONTAINER_LOG_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/loop.h"
#include "container/config.h"

struct log_service;

/**
 * log_service_new() - connect to the service of a configuration
 * @config: borrowed for the life of the object; service is set
 * @loop:   the single thread's loop
 * @e:      ERR_UNAVAILABLE or what connecting said
 *
 * Names of hosts are resolved once, here; waits LOG_CONNECT_MS at most.
 *
 * Return: the object, or NULL.
 */
struct log_service *log_service_new(const struct container_log *config, struct loop *loop,
				    struct err *e);
/** log_service_free() - sends what waits, for LOG_END_MS at most; NULL is fine */
void log_service_free(struct log_service *s);
/** log_service_send() - one entry: n bytes of a line, whole unless more of the line follows */
void log_service_send(struct log_service *s, const char *p, size_t n, bool is_stderr, bool whole,
		      int64_t now_nsec);

#endif
