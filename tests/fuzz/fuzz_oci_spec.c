// SPDX-License-Identifier: MIT
/* A specification parses or is refused; what parses gives a plan, and parses again as written. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "container/plan.h"
#include "oci/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_spec *s = NULL, *again = NULL;
	struct buf text = BUF_INIT;
	struct plan p;
	struct err e;

	if (oci_spec_parse((const char *)data, size, &s, &e) < 0)
		return 0;
	if (plan_make(s, &p, &e) == 0)
		plan_clear(&p);
	oci_spec_write(s, &text);
	if (oci_spec_parse(text.data, text.len, &again, &e) < 0)
		abort();
	buf_clear(&text);
	oci_spec_free(again);
	oci_spec_free(s);
	return 0;
}
