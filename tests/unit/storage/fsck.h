// SPDX-License-Identifier: MIT
/* What the tests of fsck share: a run whose findings are text. */
#ifndef TESTS_UNIT_STORAGE_FSCK_H
#define TESTS_UNIT_STORAGE_FSCK_H

#include "base/path.h"
#include "base/str.h"
#include "storage/fsck.h"

/* a tar-split journal of nothing, and valid */
#define EMPTY_GZIP "\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0"

static inline void fsck_note(void *arg, const struct fsck_finding *found)
{
	buf_addf(arg, "%s %s\n", found->check, found->path);
}

/* checks this driver: the findings have to be these, as "CHECK PATH" lines, NULL: some; further is
 * called before the end and may be NULL */
static inline void fsck_check_with(const char *root, const char *driver, bool repair, bool content,
				   void (*further)(struct fsck *f), const char *findings)
{
	struct buf text = BUF_INIT;
	struct fsck f = {.root = root,
			 .repair = repair,
			 .content = content,
			 .tell = fsck_note,
			 .arg = &text};
	struct err why;

	CHECK_OK(fsck_open(&f, &why), why);
	CHECK(fsck_driver(&f, driver));
	if (further)
		further(&f);
	if (findings)
		CHECK_STR(buf_str(&text), findings);
	else
		CHECK(text.len > 0);
	fsck_close(&f);
	buf_clear(&text);
}

/* the damage is found, then mended, then gone */
static inline void fsck_check(const char *root, const char *driver, void (*further)(struct fsck *f),
			      const char *findings)
{
	fsck_check_with(root, driver, false, false, further, findings);
	fsck_check_with(root, driver, true, false, further, findings);
	fsck_check_with(root, driver, false, true, further, "");
}

/* a file below the root with this text */
static inline void fsck_put(const char *root, const char *path, const char *text)
{
	CLEANUP(freep) char *full = path_join(root, path);
	CLEANUP(freep) char *dir = xstrndup(full, (size_t)(path_base(full) - full));
	struct err why;
	int fd;

	CHECK_OK(path_mkdirs(dir, 0755, &why), why);
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static inline bool fsck_has(const char *root, const char *path)
{
	CLEANUP(freep) char *full = path_join(root, path);

	return path_exists(full);
}

#endif
