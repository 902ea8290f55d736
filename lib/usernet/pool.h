// SPDX-License-Identifier: MIT
/*
 * The channel by which usernet gets sockets made inside N: a SOCK_SEQPACKET
 * pair whose other end the netns-helper serves. It can do nothing else, so a
 * subverted usernet gains nothing by it. A request asks for n sockets of one
 * kind; the answer carries them as descriptors, non-blocking.
 */
#ifndef USERNET_POOL_H
#define USERNET_POOL_H

#include <stdint.h>

#define POOL_VERSION 1
#define POOL_BATCH   32 /* sockets in one answer at most */

enum pool_kind { POOL_TCP4 = 1, POOL_UDP4, POOL_TCP6, POOL_UDP6 };

struct pool_request {
	uint32_t version; /* POOL_VERSION */
	uint32_t kind;	  /* enum pool_kind */
	uint32_t n;	  /* 1 to POOL_BATCH */
};

struct pool_answer {
	uint32_t version;
	uint32_t kind;
	int32_t sys; /* errno when no socket could be made, else 0 */
};

#endif
