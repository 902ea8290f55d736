// SPDX-License-Identifier: MIT
/* Random bytes; see rand.h. */
#include "base/rand.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/hex.h"
#include "base/mem.h"

void rand_bytes(void *p, size_t n)
{
	char *to = p;

	while (n > 0) {
		ssize_t r = getrandom(to, n, 0);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			abort();
		to += r;
		n -= (size_t)r;
	}
}

uint64_t rand_u64(void)
{
	uint64_t v;

	rand_bytes(&v, sizeof(v));
	return v;
}

void rand_hex(char *out, size_t n)
{
	unsigned char bytes[32];

	while (n > 0) {
		char text[2 * sizeof(bytes) + 1];
		size_t now = MIN(n, 2 * sizeof(bytes));

		rand_bytes(bytes, (now + 1) / 2);
		hex_encode(bytes, (now + 1) / 2, text);
		for (size_t i = 0; i < now; i++)
			*out++ = text[i];
		n -= now;
	}
	*out = '\0';
}
