// SPDX-License-Identifier: MIT
/* Addresses in CIDR blocks, for insecure-registries and NO_PROXY. */
#ifndef IMAGE_CIDR_INTERNAL_H
#define IMAGE_CIDR_INTERNAL_H

#include <stdbool.h>

/** cidr_contains() - 1 the address is in the block, 0 not, -1 the block is malformed */
int cidr_contains(const char *cidr, const char *ip);
/** cidr_ok() - well-formed block */
bool cidr_ok(const char *cidr);

#endif
