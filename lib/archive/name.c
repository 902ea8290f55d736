// SPDX-License-Identifier: MIT
/* Names of archive entries; see name_internal.h. */
#include "archive/name_internal.h"

#include <string.h>

int name_clean(const char *name, char *out, size_t size)
{
	size_t n = 0;

	for (const char *p = name; *p;) {
		size_t len = strcspn(p, "/");

		if (len == 2 && p[0] == '.' && p[1] == '.') {
			if (n == 0)
				return -1;
			while (n > 0 && out[--n] != '/')
				;
		} else if (len > 0 && !(len == 1 && p[0] == '.')) {
			if (n + len + 2 > size)
				return -1;
			if (n > 0)
				out[n++] = '/';
			memcpy(out + n, p, len);
			n += len;
		}
		p += len;
		p += *p == '/';
	}
	out[n] = 0;
	return 0;
}
