// SPDX-License-Identifier: MIT
/* Templates: any text is refused or runs over a document without harm. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "client/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char doc[] = "{\"A\":\"x\",\"N\":3,\"B\":true,\"Z\":null,\"L\":[\"a\",{\"k\":1}],"
			  "\"M\":{\"a\":{\"b\":[1,2]}}}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = xstrndup((const char *)data, size);
	CLEANUP(template_freep) struct template *t = NULL;
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct err e;

	if (template_parse(text, &t, &e) < 0 || json_parse(doc, strlen(doc), &v, &e) < 0)
		return 0;
	(void)!template_run(t, v, &out, &e);
	return 0;
}
