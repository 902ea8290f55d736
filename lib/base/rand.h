// SPDX-License-Identifier: MIT
/* Random bytes from getrandom(2). */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

#define RAND_ID_LEN 64 /* hexadecimal digits of a container or layer id */

/** rand_bytes() - fills p; aborts when the kernel has none */
void rand_bytes(void *p, size_t n);
/** rand_u64() - a random number */
uint64_t rand_u64(void);
/** rand_hex() - n hexadecimal digits and NUL into out (n + 1 bytes) */
void rand_hex(char *out, size_t n);

#endif
