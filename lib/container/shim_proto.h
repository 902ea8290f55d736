// SPDX-License-Identifier: MIT
/*
 * Messages between an engine and a shim, on SOCK_SEQPACKET: one fixed struct
 * each, for requests followed by up to SHIM_LEFTOVER_MAX bytes. Both ends may
 * be of different versions of this program (the shim outlives the engine), so
 * the magic number changes with the layout.
 *
 * Descriptors of a request: with SHIM_HAS_CLIENT the client's connection; of
 * SHIM_REQ_EXEC then the process as JSON in a memory file.
 */
#ifndef CONTAINER_SHIM_PROTO_H
#define CONTAINER_SHIM_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "container/shim_client.h"

#define SHIM_MAGIC 0x54534831U /* "TSH1" */

enum shim_req_type {
	SHIM_REQ_START = 1,
	SHIM_REQ_ATTACH, /* without a client: its place, until another one brings it; the reply's
			    event.at_nsec tells since when */
	SHIM_REQ_EXEC,
	SHIM_REQ_RESIZE,
	SHIM_REQ_KILL,
	SHIM_REQ_PAUSE,
	SHIM_REQ_CLOSE_STDIN,
	SHIM_REQ_REOPEN_LOG,
	SHIM_REQ_SUBSCRIBE,
	SHIM_REQ_ACK, /* no reply */
	SHIM_REQ_TYPES,
};

#define SHIM_HAS_CLIENT 0x100 /* in flags, beside enum shim_attach_flags */

struct shim_request {
	uint32_t magic;
	uint32_t type;
	char exec_id[SHIM_ID_SIZE];
	uint32_t flags;
	int32_t number; /* signal; pause: 1 or 0 */
	uint32_t all;
	uint32_t rows, cols;
	uint32_t tag;
	uint32_t n_detach_keys;
	unsigned char detach_keys[SHIM_DETACH_KEYS_MAX];
	uint32_t n_tail;
};

enum shim_msg_type { SHIM_MSG_HELLO = 1, SHIM_MSG_REPLY, SHIM_MSG_EVENT };

struct shim_message {
	uint32_t magic;
	uint32_t type;	       /* enum shim_msg_type */
	int32_t exit_code;     /* reply to a failed start or exec; event */
	int32_t pid;	       /* reply to exec */
	struct shim_info info; /* hello */
	struct shim_event event;
	struct err err; /* reply: kind 0 is success */
};

/**
 * shim_request_parse() - check what came in
 * @p:        datagram
 * @n:        its bytes
 * @n_fds:    descriptors that came with it
 * @ret:      a copy, safe to use
 * @ret_tail: borrowed from p, ret->n_tail bytes
 * @e:        ERR_INVALID
 */
int shim_request_parse(const void *p, size_t n, size_t n_fds, struct shim_request *ret,
		       const void **ret_tail, struct err *e) WARN_UNUSED;

#endif
