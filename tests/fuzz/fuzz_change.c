// SPDX-License-Identifier: MIT
/* Changes of commit and import: lines of a Dockerfile, twice the same result. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run(const char *text, struct buf *out)
{
	CLEANUP(image_run_config_clear) struct image_run_config rc = {0};
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;
	struct err e;
	int r;

	strv_add(&rc.env, "PATH=/bin");
	strv_add(&lines, text);
	r = image_config_changes(&rc, &lines, &e);
	image_run_config_write(&rc, out);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = xstrndup((const char *)data, size);
	CLEANUP(buf_clear) struct buf a = BUF_INIT;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(image_run_config_clear) struct image_run_config again = {0};
	struct err e;

	if (run(text, &a) != run(text, &b) || a.len != b.len || memcmp(a.data, b.data, a.len) != 0)
		abort();
	/* what is written can be read */
	if (json_bind_text(a.data, a.len, &image_run_config_json, &again, &e) < 0)
		abort();
	return 0;
}
