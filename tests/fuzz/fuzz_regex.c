// SPDX-License-Identifier: MIT
/*
 * Regular expressions: the first line is the pattern, the rest the text. One
 * without operators is found where strstr(3) finds it; in a group, repeated
 * once, a pattern matches the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *pattern = xstrndup((const char *)data, MIN(size, 600));
	CLEANUP(regex_freep) struct regex *re = NULL, *again = NULL;
	CLEANUP(freep) char *grouped = NULL;
	char *text = strchr(pattern, '\n');
	struct err e;
	bool hit;

	if (text == NULL)
		return 0;
	*text++ = '\0';
	if (regex_new(pattern, &re, &e) < 0)
		return 0;
	hit = regex_match(re, text);
	if (strpbrk(pattern, "\\^$.|?*+()[]{}") == NULL && hit != (strstr(text, pattern) != NULL))
		abort();
	grouped = xasprintf("(?:%s){1}", pattern);
	if (regex_new(grouped, &again, &e) == 0 && regex_match(again, text) != hit)
		abort();
	return 0;
}
