// SPDX-License-Identifier: MIT
/* tar-split journals: any bytes are read or refused; assembly reaches nothing outside its tree. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/tarsplit.h"
#include "base/buf.h"
#include "base/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = BUF_INIT;
	struct stream *src = stream_mem_new(data, size, NULL);
	struct stream *out = stream_mem_new("", 0, &text);
	struct tarsplit_reader *r = tarsplit_reader_new(src);
	struct tarsplit_entry ent;
	struct err e;
	int dir_fd;

	while (tarsplit_next(r, &ent, &e) > 0)
		if (ent.type != 1 && ent.type != 2)
			abort();
	tarsplit_reader_free(r);
	stream_free(src);
	src = stream_mem_new(data, size, NULL);
	dir_fd = open("/proc/self/fdinfo", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)!tarsplit_assemble(src, dir_fd, out, &e);
	close(dir_fd);
	stream_free(src);
	stream_free(out);
	buf_clear(&text);
	return 0;
}
