// SPDX-License-Identifier: MIT
/*
 * SHA-256 (FIPS 180-4), with the CPU's instructions where there are any;
 * SipHash-2-4 for tables with hostile keys; CRC-64 ECMA for tar-split.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE	32
#define SHA256_HEX_SIZE 65 /* with NUL */
#define DIGEST_SIZE	72 /* "sha256:" + 64 digits + NUL */

struct sha256 {
	uint32_t state[8];
	uint64_t n_bytes;
	unsigned char block[64];
};

/** sha256_init() - starts */
void sha256_init(struct sha256 *s);
/** sha256_add() - n more bytes */
void sha256_add(struct sha256 *s, const void *p, size_t n);
/** sha256_end() - the digest of all bytes */
void sha256_end(struct sha256 *s, unsigned char out[SHA256_SIZE]);
/** sha256_hex() - digest of bytes as lower-case digits */
void sha256_hex(const void *p, size_t n, char out[SHA256_HEX_SIZE]);
/** sha256_digest() - digest of bytes in the form "sha256:…" */
void sha256_digest(const void *p, size_t n, char out[DIGEST_SIZE]);
/** sha256_end_digest() - as sha256_end(), in the form "sha256:…" */
void sha256_end_digest(struct sha256 *s, char out[DIGEST_SIZE]);
/** digest_ok() - s is exactly "sha256:" and 64 lower-case digits */
bool digest_ok(const char *s);
/** siphash() - SipHash-2-4 with a 128-bit key */
uint64_t siphash(const unsigned char key[16], const void *p, size_t n);
/** crc64_ecma() - CRC-64/XZ (ECMA-182 reflected), continued from crc (0 at first) */
uint64_t crc64_ecma(uint64_t crc, const void *p, size_t n);

#endif
