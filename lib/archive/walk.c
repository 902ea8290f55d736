// SPDX-License-Identifier: MIT
/* Helpers of tree walks; see walk_internal.h. */
#include "archive/walk_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"

#define NAMES_MAX_BYTES (64 * KIB) /* XATTR_LIST_MAX of the kernel */
#define VALUE_MAX_BYTES (64 * KIB) /* XATTR_SIZE_MAX */

/* Docker archives security.capability; user.* is kept too, what belongs to overlays never */
static bool wanted(const char *name)
{
	return str_eq(name, "security.capability") ||
	       (str_starts(name, "user.") && !str_starts(name, "user.overlay.") &&
		!str_starts(name, "user.fuseoverlayfs."));
}

static void read_values(struct walk_xattrs *x, int fd, const char *end)
{
	size_t *offsets = xcalloc(ARCHIVE_XATTRS_MAX, sizeof(*offsets));

	x->items = xcalloc(ARCHIVE_XATTRS_MAX, sizeof(*x->items));
	for (const char *name = x->names; name < end && x->n < ARCHIVE_XATTRS_MAX;
	     name += strlen(name) + 1) {
		ssize_t n;

		if (!wanted(name))
			continue;
		n = fgetxattr(fd, name, buf_reserve(&x->values, VALUE_MAX_BYTES), VALUE_MAX_BYTES);
		if (n < 0)
			continue;
		offsets[x->n] = x->values.len;
		x->items[x->n].name = name;
		x->items[x->n].len = (size_t)n;
		x->values.len += (size_t)n;
		x->n++;
	}
	for (size_t i = 0; i < x->n; i++) /* the buffer has stopped moving */
		x->items[i].value = x->values.data + offsets[i];
	free(offsets);
}

void walk_xattrs_read(struct walk_xattrs *x, int fd)
{
	ssize_t n = flistxattr(fd, NULL, 0); /* most files have none: no memory for them */

	if (n <= 0)
		return;
	x->names = xmalloc(NAMES_MAX_BYTES + 1);
	n = flistxattr(fd, x->names, NAMES_MAX_BYTES);
	if (n <= 0)
		return;
	x->names[n] = 0;
	read_values(x, fd, x->names + n);
}

void walk_xattrs_clear(struct walk_xattrs *x)
{
	free(x->items);
	free(x->names);
	buf_clear(&x->values);
	memset(x, 0, sizeof(*x));
}

int walk_names(int dir_fd, struct strv *ret, struct err *e)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		(void)err_sys(e, "read directory");
		fd_close(&fd);
		return -1;
	}
	while ((d = readdir(dir)))
		if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, ".."))
			strv_add(ret, d->d_name);
	closedir(dir);
	strv_sort(ret);
	return 0;
}

bool walk_is_opaque(int dir_fd)
{
	char value = 0;

	return (fgetxattr(dir_fd, "user.overlay.opaque", &value, 1) == 1 && value == 'y') ||
	       (fgetxattr(dir_fd, "user.fuseoverlayfs.opaque", &value, 1) == 1 && value == 'y');
}
