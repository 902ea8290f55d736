// SPDX-License-Identifier: MIT
/* UTF-8 as Go's unicode/utf8 reads it: one replacement per bad byte. */
#ifndef JSON_UTF8_H
#define JSON_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_BAD      0xfffdu
#define UTF8_BAD_TEXT "\xef\xbf\xbd"

/** utf8_decode() - bytes of the first code point of n > 0 bytes; 0 when it is malformed (overlong,
 * surrogate, above U+10FFFF, cut) */
size_t utf8_decode(const char *s, size_t n, uint32_t *ret_cp);
/** utf8_encode() - writes 1 to 4 bytes for a valid code point and returns their number */
size_t utf8_encode(uint32_t cp, char out[4]);

#endif
