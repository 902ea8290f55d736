// SPDX-License-Identifier: MIT
/* Shared by the head parsers of the room. */
#ifndef HTTP_MESSAGE_INTERNAL_H
#define HTTP_MESSAGE_INTERNAL_H

#include "http/message.h"

/** http_headers_push() - appends; both strings become the list's */
void http_headers_push(struct http_headers *h, char *name, char *value);
/** http_token_ok() - n bytes are a token of RFC 9110 5.6.2, at least one */
bool http_token_ok(const char *s, size_t n);
/** http_headers_parse() - parse header lines up to the empty one; *ret_status 400 or 431 on failure
 */
int http_headers_parse(const char *p, size_t n, struct http_headers *h, int *ret_status,
		       struct err *e) WARN_UNUSED;

#endif
