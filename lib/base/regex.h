// SPDX-License-Identifier: MIT
/*
 * Regular expressions as users of Go's regexp (RE2) write them in filters and
 * options: does a text contain a match? Linear in the text, bounded in the
 * pattern (config/limits.h), nothing captured.
 *
 * There are: literals, . classes with ranges and negation, \d \w \s
 * and \D \W \S, ^ $ \A \z \b \B, * + ? {n,m} (and their lazy forms), groups
 * (capturing, (?:) and (?P<name>)), | and the flags (?imsU). A character is a
 * byte, but a literal's UTF-8 sequence is repeated whole. Not there: classes
 * with characters outside ASCII or [:names:], \x41, \p{..}, \Q..\E.
 */
#ifndef BASE_REGEX_H
#define BASE_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct regex;

/**
 * regex_new() - compile a pattern
 * @pattern: the text of it
 * @ret:     the caller's, to be freed with regex_free()
 * @e:       ERR_INVALID in Go's words: "error parsing regexp: missing closing ): `a(b`"
 */
int regex_new(const char *pattern, struct regex **ret, struct err *e) WARN_UNUSED;
/** regex_free() - NULL is allowed */
void regex_free(struct regex *re);
/** regex_freep() - CLEANUP(regex_freep) */
void regex_freep(struct regex **re);
/** regex_match() - whether a match lies somewhere in the text; any thread, also several at once */
bool regex_match(const struct regex *re, const char *text);

#endif
