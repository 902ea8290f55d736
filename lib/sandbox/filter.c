// SPDX-License-Identifier: MIT
/*
 * Finished seccomp programs: installing them with seccomp(2), keeping them in
 * a cache directory. A cache file is a header and the instructions; the
 * directory belongs to the engine (mode 0700), and the file is checked for
 * shape, the kernel checks the program itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "sandbox/seccomp.h"

#define FILTER_MAGIC 0x31465354U /* "TSF1" */

struct filter_head {
	uint32_t magic;
	uint32_t flags;
	uint32_t n_insns;
	uint32_t insn_size;
};

void sandbox_filter_clear(struct sandbox_filter *f)
{
	free(f->insns);
	*f = (struct sandbox_filter){0};
}

static int parse(const struct buf *b, struct sandbox_filter *ret)
{
	struct filter_head h;

	if (b->len < sizeof(h))
		return -1;
	memcpy(&h, b->data, sizeof(h));
	if (h.magic != FILTER_MAGIC || h.insn_size != sizeof(struct sock_filter) ||
	    h.n_insns == 0 || h.n_insns > BPF_MAXINSNS ||
	    b->len - sizeof(h) != h.n_insns * sizeof(struct sock_filter))
		return -1;
	ret->insns = xmemdup(b->data + sizeof(h), b->len - sizeof(h));
	ret->n_insns = h.n_insns;
	ret->flags = h.flags;
	return 0;
}

int sandbox_filter_load(const char *cache_dir, const char *key, struct sandbox_filter *ret,
			struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(freep) char *path = path_join(cache_dir, key);

	if (file_read(AT_FDCWD, path, sizeof(struct filter_head) + BPF_MAXINSNS * 8, &b, e) < 0)
		return -1;
	if (parse(&b, ret) < 0)
		return err_set(e, ERR_INVALID, 0, "%s: damaged seccomp program", path);
	return 0;
}

int sandbox_filter_store(const char *cache_dir, const char *key, const struct sandbox_filter *f,
			 struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(freep) char *path = path_join(cache_dir, key);
	struct filter_head h = {FILTER_MAGIC, f->flags, (uint32_t)f->n_insns,
				sizeof(struct sock_filter)};

	buf_add(&b, &h, sizeof(h));
	buf_add(&b, f->insns, f->n_insns * sizeof(struct sock_filter));
	if (path_mkdirs(cache_dir, 0700, e) < 0)
		return -1;
	return file_write(AT_FDCWD, path, b.data, b.len, 0600, FILE_NOSYNC, e);
}

int sandbox_filter_install(const struct sandbox_filter *f, struct err *e)
{
	struct sock_fprog prog = {(unsigned short)f->n_insns, f->insns};

	if (f->n_insns == 0)
		return 0;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, f->flags, &prog) < 0)
		return err_sys(e, "load the seccomp filter");
	return 0;
}
