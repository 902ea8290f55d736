// SPDX-License-Identifier: MIT
/* String helpers that libc lacks. None of them allocates. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/** str_eq() - equal; NULL equals only NULL */
bool str_eq(const char *a, const char *b);
/** str_empty() - NULL or "" */
bool str_empty(const char *s);
/** str_starts() - s begins with prefix */
bool str_starts(const char *s, const char *prefix);
/** str_ends() - s ends with suffix */
bool str_ends(const char *s, const char *suffix);
/** str_skip() - what follows prefix in s, or NULL when s does not begin with it */
const char *str_skip(const char *s, const char *prefix);
/** str_is_hex() - n hexadecimal lower-case digits and then NUL */
bool str_is_hex(const char *s, size_t n);
/** str_copy() - copies into dst of size bytes, cut and terminated; returns strlen(src) */
size_t str_copy(char *dst, const char *src, size_t size);
/** str_u64() - a whole decimal number (no sign, no blanks) from 0 to max; 0 or -1, *ret untouched
 */
int str_u64(const char *s, uint64_t max, uint64_t *ret) WARN_UNUSED;
/** str_i64() - a whole decimal number with optional '-'; 0 or -1, *ret untouched */
int str_i64(const char *s, int64_t *ret) WARN_UNUSED;
/** str_size() - bytes with an optional unit (b k m g t, KiB and kb alike, powers of 1024); 0 or -1
 */
int str_size(const char *s, uint64_t *ret_bytes) WARN_UNUSED;
/** str_bool() - Go's strconv.ParseBool words (1 t true TRUE …, 0 f false …); 0 or -1 */
int str_bool(const char *s, bool *ret) WARN_UNUSED;
/** str_glob() - shell pattern match of * ? [..] and \, without special treatment of '/' */
bool str_glob(const char *pattern, const char *s);

#endif
