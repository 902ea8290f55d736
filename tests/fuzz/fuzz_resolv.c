// SPDX-License-Identifier: MIT
/* resolv.conf texts: at most three servers, each an address. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "usernet/resolv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = xstrndup((const char *)data, size);
	struct resolv r = {0};

	resolv_parse(&r, text);
	if (r.n < 1 || r.n > USERNET_RESOLV_SERVERS)
		abort();
	return 0;
}
