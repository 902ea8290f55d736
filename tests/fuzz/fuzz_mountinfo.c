// SPDX-License-Identifier: MIT
/* /proc/PID/mountinfo and id maps. */
#include <stddef.h>
#include <stdint.h>

#include "ns/idmap.h"
#include "ns/mount.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mnt_table t = MNT_TABLE_INIT;
	struct idmap m = IDMAP_INIT;
	struct err e;

	if (mnt_table_parse(&t, (const char *)data, size, &e) == 0)
		(void)mnt_table_covering(&t, "/a/b");
	mnt_table_clear(&t);
	if (idmap_parse(&m, (const char *)data, size, &e) < 0)
		(void)m;
	idmap_clear(&m);
	return 0;
}
