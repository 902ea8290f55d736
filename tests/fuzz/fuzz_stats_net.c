// SPDX-License-Identifier: MIT
/* /proc/PID/net/dev, whose interface names a container may choose: names are bounded and whole. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/limits.h"
#include "engine/engine_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	struct engine_stats s = {0};

	stats_parse_net(text, &s);
	if (s.n_nets > STATS_NETS_MAX)
		abort();
	for (size_t i = 0; i < s.n_nets; i++)
		if (*s.nets[i].name == '\0' || strchr(s.nets[i].name, '\n') != NULL ||
		    memchr(s.nets[i].name, '\0', sizeof(s.nets[i].name)) == NULL)
			abort();
	engine_stats_clear(&s);
	free(text);
	return 0;
}
