// SPDX-License-Identifier: MIT
/* UTF-8 (RFC 3629) for names in tar-split journals. */
#ifndef ARCHIVE_UTF8_INTERNAL_H
#define ARCHIVE_UTF8_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* well-formed: no overlong forms, no surrogates, nothing beyond U+10FFFF */
bool utf8_valid(const char *s, size_t n);
/* appends a code point; surrogates become U+FFFD */
void utf8_add(struct buf *b, uint32_t code);
/* appends text as it stands between the quotes of a JSON string, escaped as Go does; bytes that are
 * not UTF-8 become U+FFFD */
void utf8_add_json(struct buf *b, const char *s, size_t n);

#endif
