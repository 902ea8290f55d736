// SPDX-License-Identifier: MIT
/* Certificates: names found lie inside the bytes given. */
#include <stdint.h>
#include <stdlib.h>

#include "tls/der.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bounds {
	const uint8_t *p;
	size_t n;
};

static int check(void *arg, enum der_name kind, const unsigned char *p, size_t n)
{
	const struct bounds *b = arg;

	if (p < b->p || n > b->n || p + n > b->p + b->n ||
	    (kind != DER_NAME_DNS && kind != DER_NAME_IP))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bounds b = {data, size};

	der_each_san(data, size, check, &b);
	return 0;
}
