// SPDX-License-Identifier: MIT
/* Manifests, indexes and image configurations from any registry. */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "image/config.h"
#include "image/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(manifest_freep) struct manifest *m = NULL;
	CLEANUP(image_config_freep) struct image_config *c = NULL;
	CLEANUP(image_config_freep) struct image_config *again = NULL;
	CLEANUP(platform_clear) struct platform host = PLATFORM_INIT;
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err e;

	platform_host(&host);
	if (manifest_parse(data, size, NULL, &m, &e) == 0 && m->is_index &&
	    manifest_choose(m, &host, &e) == NULL && e.kind != ERR_NOTFOUND)
		abort();
	if (image_config_parse(data, size, &c, &e) < 0)
		return 0;
	image_config_write(c, &text);
	if (image_config_parse(text.data, text.len, &again, &e) < 0)
		abort();
	return 0;
}
