// SPDX-License-Identifier: MIT
/* JSON: what parses is written and parsed again to the same text, compact and indented. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "json/json.h"
#include "json/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first = BUF_INIT, second = BUF_INIT, wide = BUF_INIT;
	struct json *a = NULL, *b = NULL, *c = NULL;
	struct err e;

	if (json_parse((const char *)data, size, &a, &e) < 0)
		return 0;
	json_print(&first, a, NULL);
	json_print(&wide, a, "  ");
	if (json_parse(first.data, first.len, &b, &e) < 0 ||
	    json_parse(wide.data, wide.len, &c, &e) < 0)
		abort();
	json_print(&second, b, NULL);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
	buf_reset(&second);
	json_print(&second, c, NULL);
	if (first.len != second.len || memcmp(first.data, second.data, first.len) != 0)
		abort();
	json_free(a);
	json_free(b);
	json_free(c);
	buf_clear(&first);
	buf_clear(&second);
	buf_clear(&wide);
	return 0;
}
