// SPDX-License-Identifier: MIT
/* Image references: what parses prints a form that parses to the same reference. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = xstrndup((const char *)data, size);
	CLEANUP(freep) char *familiar = NULL;
	CLEANUP(freep) char *full = NULL;
	CLEANUP(freep) char *again = NULL;
	CLEANUP(image_ref_clear) struct image_ref a = IMAGE_REF_INIT;
	CLEANUP(image_ref_clear) struct image_ref b = IMAGE_REF_INIT;
	struct err e;

	if (image_ref_parse(text, &a, &e) < 0)
		return 0;
	full = image_ref_full(&a);
	familiar = image_ref_familiar(&a);
	/* a familiar name may look like an image id, which is refused */
	if (image_ref_parse(familiar, &b, &e) < 0)
		return 0;
	again = image_ref_full(&b);
	/* "docker.io/library/x/y" and other forms that shorten to something else do not exist */
	if (strcmp(full, again) != 0)
		abort();
	return 0;
}
