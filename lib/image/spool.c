// SPDX-License-Identifier: MIT
/*
 * Spooling of hostile archives. Files get numbers for names on disk; the
 * archive's own names are only keys of a map, cleaned lexically, so that no
 * entry can name anything outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/compress.h"
#include "archive/tar.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "image/spool_internal.h"

#define LINKS_MAX 8

struct spool_file {
	unsigned long number; /* its name on disk, in decimal */
	int64_t size;
	char *link; /* clean name of another entry; NULL for a file */
};

static void file_free(void *p)
{
	struct spool_file *f = p;

	free(f->link);
	free(f);
}

void spool_clear(struct spool *sp)
{
	struct err ignored;

	map_clear(&sp->files);
	fd_close(&sp->dir_fd);
	if (sp->dir != NULL && path_remove_tree(AT_FDCWD, sp->dir, &ignored) < 0) {
		/* what is left is swept at the next start */
	}
	free(sp->dir);
	sp->dir = NULL;
}

/* "./a/../b/c", "/b/c" -> "b/c"; on the heap */
static char *clean_name(const char *name)
{
	CLEANUP(freep) char *rooted = path_join("/", name);
	CLEANUP(freep) char *clean = path_clean(rooted);

	return xstrdup(clean + 1);
}

static char *clean_link(const char *name, const char *target, bool hard)
{
	CLEANUP(freep) char *dir = xstrndup(name, (size_t)(path_base(name) - name));
	CLEANUP(freep) char *joined = path_join(dir, target);

	return clean_name(hard || target[0] == '/' ? target : joined);
}

static int copy_content(struct spool *sp, struct tar_reader *t, struct spool_file *f, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;
	char name[24];

	snprintf(name, sizeof(name), "%lu", f->number);
	fd = openat(sp->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "spool archive");
	for (;;) {
		const void *p;
		uint64_t offset;
		ssize_t n = tar_chunk(t, &p, &offset, e);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		sp->bytes += (uint64_t)n;
		if (sp->bytes > IMAGE_LOAD_MAX_BYTES)
			return err_set(e, ERR_INVALID, 0, "archive is too large");
		if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
			return err_sys(e, "spool archive");
		if (fd_write_all(fd, p, (size_t)n, e) < 0)
			return err_wrap(e, "spool archive");
	}
	if (ftruncate(fd, f->size) < 0)
		return err_sys(e, "spool archive");
	return 0;
}

static int add_entry(struct spool *sp, struct tar_reader *t, const struct tar_entry *ent,
		     struct err *e)
{
	CLEANUP(freep) char *name = clean_name(ent->name);
	bool link = ent->type == TAR_SYMLINK || ent->type == TAR_HARDLINK;
	struct spool_file *f;

	if (ent->type != TAR_FILE && !link)
		return 0;
	if (++sp->n_files > IMAGE_LOAD_ENTRIES_MAX)
		return err_set(e, ERR_INVALID, 0, "archive has more than %d entries",
			       IMAGE_LOAD_ENTRIES_MAX);
	if (ent->size > IMAGE_LOAD_MAX_BYTES)
		return err_set(e, ERR_INVALID, 0, "archive is too large");
	f = xcalloc(1, sizeof(*f));
	f->number = sp->n_files;
	f->size = (int64_t)ent->size;
	if (link)
		f->link = clean_link(name, ent->link, ent->type == TAR_HARDLINK);
	map_put(&sp->files, name, f);
	return link ? 0 : copy_content(sp, t, f, e);
}

static int make_dir(struct spool *sp, const char *root, struct err *e)
{
	CLEANUP(freep) char *tmp = path_join(root, "tmp");

	if (path_mkdirs(tmp, 0700, e) < 0)
		return -1;
	sp->dir = path_join(tmp, "load-XXXXXX");
	if (mkdtemp(sp->dir) == NULL) {
		free(sp->dir);
		sp->dir = NULL;
		return err_sys(e, "make a directory in %s", tmp);
	}
	sp->dir_fd = open(sp->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return sp->dir_fd < 0 ? err_sys(e, "open %s", sp->dir) : 0;
}

int spool_open(struct spool *sp, const char *root, struct stream *in, struct err *e)
{
	CLEANUP(stream_freep) struct stream *plain = NULL;
	CLEANUP(tar_reader_freep) struct tar_reader *t = NULL;
	const struct tar_entry *ent;
	int r;

	*sp = (struct spool){.dir_fd = -1};
	map_init(&sp->files, file_free);
	if (make_dir(sp, root, e) < 0)
		return -1;
	if (compress_reader_borrow(in, &plain, e) < 0)
		return -1;
	t = tar_reader_new(plain);
	while ((r = tar_next(t, &ent, e)) > 0)
		if (add_entry(sp, t, ent, e) < 0)
			return -1;
	return r;
}

static const struct spool_file *find(const struct spool *sp, const char *name)
{
	CLEANUP(freep) char *clean = clean_name(name);
	const struct spool_file *f = map_get(&sp->files, clean);

	for (int i = 0; f != NULL && f->link != NULL; i++) {
		if (i == LINKS_MAX)
			return NULL;
		f = map_get(&sp->files, f->link);
	}
	return f;
}

bool spool_has(const struct spool *sp, const char *name)
{
	return find(sp, name) != NULL;
}

int spool_fd(const struct spool *sp, const char *name, int64_t *ret_size, struct err *e)
{
	const struct spool_file *f = find(sp, name);
	char number[24];
	int fd;

	if (f == NULL)
		return err_set(e, ERR_INVALID, 0, "open %.200s: no such file in the archive", name);
	snprintf(number, sizeof(number), "%lu", f->number);
	fd = openat(sp->dir_fd, number, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open spooled %.200s", name);
	if (ret_size != NULL)
		*ret_size = f->size;
	return fd;
}

int spool_read(const struct spool *sp, const char *name, size_t max, struct buf *b, struct err *e)
{
	CLEANUP(fd_closep) int fd = spool_fd(sp, name, NULL, e);

	if (fd < 0)
		return -1;
	return fd_read_all(fd, max, b, e) < 0 ? err_wrap(e, "%.200s", name) : 0;
}
