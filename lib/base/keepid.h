// SPDX-License-Identifier: MIT
/*
 * keep-id: the ids of a container in which the engine's 0, the user, is the id
 * k, and what would be 0 to k-1 is one higher outside. With k = 0 both sides
 * are the same, so nobody has to ask whether there is such a mapping. Source:
 * podman-run(1) --userns=keep-id.
 */
#ifndef BASE_KEEPID_H
#define BASE_KEEPID_H

#include <stdint.h>

struct keepid {
	uint32_t uid, gid;
};

/** keepid_out() - an id of the container as the engine sees it */
static inline uint32_t keepid_out(uint32_t k, uint32_t id)
{
	return id > k ? id : id == k ? 0 : id + 1;
}

/** keepid_in() - an id the engine sees as the container does */
static inline uint32_t keepid_in(uint32_t k, uint32_t id)
{
	return id > k ? id : id == 0 ? k : id - 1;
}

#endif
