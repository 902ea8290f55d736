// SPDX-License-Identifier: MIT
/*
 * A dial guide (inspect/dial.h) across a SOCK_SEQPACKET pair: the process that
 * parses what clients send asks the engine's process what a word means. One
 * request, one answer, fixed structures; neither side trusts a field.
 */
#ifndef INSPECT_GUIDE_H
#define INSPECT_GUIDE_H

#include <stdint.h>

#include "base/err.h"
#include "config/limits.h"
#include "inspect/dial.h"

#define GUIDE_WORD_SIZE 256
#define GUIDE_WAIT_MS	5000

struct guide_request {
	char word[GUIDE_WORD_SIZE]; /* NUL-terminated, printable */
};

struct guide_answer {
	int32_t n;     /* addresses; -1 none, and why: */
	uint32_t kind; /* enum err_kind */
	struct ip ips[DIAL_ADDRESSES_MAX];
};

/** guide_ask() - a dial_guide's resolve; arg is the address of the descriptor. Waits GUIDE_WAIT_MS
 * at most */
int guide_ask(void *arg, const char *word, struct ip *ret, size_t max, struct err *e);

/** guide_serve() - answers until the other side closes; blocks. Return: 0 at the end */
int guide_serve(int fd, const struct dial_guide *g, struct err *e) WARN_UNUSED;

/** guide_request_ok() - the word ends within the request and is printable */
int guide_request_ok(const struct guide_request *q, size_t n_bytes);

#endif
