// SPDX-License-Identifier: MIT
/* Logs of the driver local: an entry's line lies within the entry. */
#include <stdlib.h>

#include "container/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size;
	struct log_record rec;
	ssize_t n;

	while ((n = locallog_parse(p, (size_t)(end - p), &rec)) > 0) {
		if (n > end - p)
			abort();
		if (rec.n > 0 && (rec.line < p || rec.line + rec.n > p + n))
			abort();
		p += n;
	}
	return 0;
}
