// SPDX-License-Identifier: MIT
/*
 * Which driver? The one that was asked for, else the first that works of those
 * that have this data root's layers, else the first that works; vfs, which
 * copies, comes last even when it has layers. Each is tried by doing what it
 * does. Source: moby daemon/graphdriver/driver.go (the order, prior drivers).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "storage/driver_internal.h"

/* the best first */
static const struct driver *const drivers[] = {
	&driver_overlay2,
	&driver_fuse,
	&driver_btrfs,
	&driver_vfs,
};

#define LAST (ARRAY_LEN(drivers) - 1)

struct choice {
	bool tried, works;
	unsigned n_layers;
	struct err why; /* not */
};

void driver_tree_name(const struct storage *s, const char *id, char out[TREE_NAME_SIZE])
{
	snprintf(out, TREE_NAME_SIZE, "%s%.72s%s", s->driver->before, id, s->driver->after);
}

void driver_stage_name(const struct storage *s, const char *id, char out[TREE_NAME_SIZE])
{
	if (*s->driver->staging)
		snprintf(out, TREE_NAME_SIZE, "%s/%.72s", s->driver->staging, id);
	else
		driver_tree_name(s, id, out);
}

int driver_open_dir(struct storage *s, const char *name, const char *what, struct err *e)
{
	int fd = openat(s->driver_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "open %s %s", what, name) : fd;
}

/* layers that a driver has under this root */
static unsigned count_layers(const char *root, const char *name)
{
	CLEANUP(freep) char *path = xasprintf("%s/image/%s/layerdb/sha256", root, name);
	DIR *dir = opendir(path);
	struct dirent *d;
	unsigned n = 0;

	while (dir && (d = readdir(dir)))
		n += d->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n;
}

/* in the driver's own directory, which may be a mount; where there is none, in the root */
static bool works(const char *root, const struct driver *d, struct choice *c)
{
	CLEANUP(freep) char *own = path_join(root, d->name);
	const char *dir = own;
	CLEANUP(fd_closep) int fd = -1;

	if (c->tried)
		return c->works;
	c->tried = true;
	fd = open(own, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		dir = root;
		fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		(void)err_sys(&c->why, "open %s", dir);
	else
		c->works = d->probe(fd, dir, &c->why) == 0;
	return c->works;
}

static size_t find(const char *name)
{
	size_t i = 0;

	while (i < ARRAY_LEN(drivers) && !str_eq(drivers[i]->name, name))
		i++;
	return i;
}

const struct driver *driver_named(const char *name)
{
	size_t i = find(name);

	return i < ARRAY_LEN(drivers) ? drivers[i] : NULL;
}

static int choose_wanted(struct storage *s, const char *wanted, struct choice *all, size_t *ret,
			 struct err *e)
{
	size_t i = find(wanted);

	if (i == ARRAY_LEN(drivers))
		return err_set(e, ERR_INVALID, 0,
			       "storage driver %.64s is not supported; there are overlay2, "
			       "fuse-overlayfs, btrfs and vfs",
			       wanted);
	if (!works(s->root, drivers[i], &all[i])) {
		*e = all[i].why;
		return err_wrap(e,
				"storage driver %s does not work here (leave the choice to dockerd "
				"by taking away storage-driver, or ask for vfs)",
				wanted);
	}
	s->choice = xstrdup("it was asked for");
	*ret = i;
	return 0;
}

/* SIZE_MAX when none does */
static size_t first_working(const char *root, struct choice *all, bool with_layers)
{
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
		if ((!with_layers || (all[i].n_layers > 0 && i != LAST)) &&
		    (works(root, drivers[i], &all[i]) ||
		     (with_layers &&
		      all[i].why.sys == ENOSPC))) /* nothing can be tried on a full disk */
			return i;
	return SIZE_MAX;
}

/* what is wrong with those that come before i */
static char *tell_why(const struct choice *all, size_t i)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;

	for (size_t k = 0; k < i; k++)
		if (all[k].tried && !all[k].works)
			buf_addf(&text, "%s%s: %s", text.len > 0 ? "; " : "", drivers[k]->name,
				 all[k].why.msg);
	if (text.len > 0)
		return buf_detach(&text);
	return xstrdup(i > 0 ? "it has the images of this data root" : "the best that works here");
}

static int choose_best(struct storage *s, struct choice *all, size_t *ret, struct err *e)
{
	size_t i = first_working(s->root, all, true);

	if (i == SIZE_MAX)
		i = first_working(s->root, all, false);
	if (i == SIZE_MAX) {
		*e = all[LAST].why;
		return err_wrap(e, "no storage driver works in %s", s->root);
	}
	s->choice = tell_why(all, i);
	*ret = i;
	return 0;
}

int driver_choose(struct storage *s, const char *wanted, struct err *e)
{
	CLEANUP(freep) struct choice *all = xcalloc(ARRAY_LEN(drivers), sizeof(*all));
	size_t chosen = 0;

	for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
		all[i].n_layers = count_layers(s->root, drivers[i]->name);
	if ((str_empty(wanted) ? choose_best(s, all, &chosen, e)
			       : choose_wanted(s, wanted, all, &chosen, e)) < 0)
		return -1;
	s->driver = drivers[chosen];
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
		if (i != chosen && all[i].n_layers > 0)
			strv_addf(&s->others, "%s (%u layers)", drivers[i]->name, all[i].n_layers);
	return 0;
}

int storage_probe(const char *dir, const char *driver, struct err *e)
{
	CLEANUP(fd_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t i = find(driver);

	if (fd < 0)
		return err_sys(e, "open %s", dir);
	if (i == ARRAY_LEN(drivers))
		return err_set(e, ERR_INVALID, 0, "there is no storage driver %.64s", driver);
	return drivers[i]->probe(fd, dir, e);
}

const char *storage_driver_at(size_t i)
{
	return i < ARRAY_LEN(drivers) ? drivers[i]->name : NULL;
}
