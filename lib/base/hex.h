// SPDX-License-Identifier: MIT
/* Hexadecimal and base64 (RFC 4648). */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"

/** hex_value() - of one digit of either case, or -1 */
int hex_value(char c);
/** hex_encode() - 2 n lower-case digits and NUL into out */
void hex_encode(const void *p, size_t n, char *out);
/** hex_decode() - n bytes from 2 n digits; 0 or -1 */
int hex_decode(const char *s, void *p, size_t n);
/** base64_encode() - appends standard base64 with padding */
void base64_encode(struct buf *b, const void *p, size_t n);
/** base64_encode_url() - appends URL-safe base64 with padding */
void base64_encode_url(struct buf *b, const void *p, size_t n);
/** base64_decode() - appends the bytes of standard or URL-safe base64, padding optional; 0 or -1 */
int base64_decode(struct buf *b, const char *s, size_t n);

#endif
