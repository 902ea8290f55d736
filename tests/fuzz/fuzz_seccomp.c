// SPDX-License-Identifier: MIT
/* A seccomp profile is refused or compiles (or is refused by the compiler). */
#include <stddef.h>
#include <stdint.h>

#include "oci/seccomp.h"
#include "sandbox/caps.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sandbox_filter f = {0};
	struct err e;

	if (oci_seccomp_check((const char *)data, size, &e) < 0)
		return 0;
	if (oci_seccomp_filter((const char *)data, size, CAPS_DOCKER_DEFAULT, NULL, &f, &e) == 0)
		sandbox_filter_clear(&f);
	return 0;
}
