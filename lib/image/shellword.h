// SPDX-License-Identifier: MIT
/* Words of Dockerfile instructions: how they are split, quoted and expanded. */
#ifndef IMAGE_SHELLWORD_H
#define IMAGE_SHELLWORD_H

#include "base/err.h"
#include "base/strv.h"

/** shellword_next() - the next word of *s, quotes and backslashes still in it; NULL at the end. On
 * the heap; *s moves behind it */
char *shellword_next(const char **s);
/**
 * shellword_expand() - quotes and backslashes resolved, variables replaced
 * @word: a word, or a whole rest of a line: blanks stay as they are
 * @env:  "NAME=value"; what is not there is ""
 * @e:    ERR_INVALID: quotes or braces that do not end, results beyond IMAGE_CHANGE_MAX_BYTES
 *
 * Return: on the heap, or NULL.
 */
char *shellword_expand(const char *word, const struct strv *env, struct err *e);

#endif
