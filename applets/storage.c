// SPDX-License-Identifier: MIT
/*
 * storage: work on a data root that no engine uses. migrate brings images and
 * containers from one storage driver to another; the work is
 * lib/image/migrate.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "applets/applets.h"
#include "applets/storage_internal.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/str.h"
#include "image/migrate.h"
#include "storage/storage.h"

struct conf {
	const char *from, *to, *data_root;
};

static const struct opt opts[] = {
	{0, "from", OPT_STR, offsetof(struct conf, from), "DRIVER",
	 "whose images (default: the only other one that has any)", NULL},
	{0, "to", OPT_STR, offsetof(struct conf, to), "DRIVER",
	 "where to (default: what dockerd would take)", NULL},
	{0, "data-root", OPT_STR, offsetof(struct conf, data_root), "DIR",
	 "the engine's (default: ~/.local/share/docker)", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "storage migrate [OPTIONS]",
	.about = "Bring images and stopped containers from one storage driver to another while no "
		 "engine\nruns. What was cut short goes on where it ended; the old ones stay.",
	.opts = opts,
};

static void tell(const char *what, const char *name, const struct err *e)
{
	printf("%s %s: %s\n", what, name, e ? e->msg : "brought");
	fflush(stdout);
}

/* the driver that was named, or the only other one */
static int find_from(const struct conf *c, struct storage *st, char **ret, struct err *e)
{
	const struct strv *others = storage_others(st);

	if (!str_empty(c->from))
		*ret = xstrdup(c->from);
	else if (others->len == 1)
		*ret = xstrndup(others->items[0], strcspn(others->items[0], " "));
	else
		return err_set(e, ERR_INVALID, 0, "%s: say --from and --to",
			       others->len > 1 ? "more than one other driver has images"
					       : "no other driver has images");
	if (str_eq(*ret, storage_driver(st)))
		return err_set(e, ERR_INVALID, 0, "from %s to %s: say another --to", *ret, *ret);
	return 0;
}

static int migrate(const struct conf *c, const char *root, struct err *e)
{
	CLEANUP(storage_freep) struct storage *st = NULL;
	CLEANUP(freep) char *from = NULL;
	struct image_migration m = {.tell = tell};
	struct image_store *images = NULL;
	int r;

	if (storage_open(root, c->to, &st, e) < 0 || find_from(c, st, &from, e) < 0 ||
	    image_store_open(root, st, &images, e) < 0)
		return -1;
	r = image_migrate(images, from, &m, e);
	image_store_close(images);
	if (r < 0)
		return -1;
	printf("%u brought from %s to %s, %u not\n", m.n_brought, from, storage_driver(st),
	       m.n_failed);
	return m.n_failed > 0;
}

int storage_main(int argc, char **argv)
{
	CLEANUP(freep) char *root = NULL;
	struct conf c = {0};
	struct err e;
	int r, code = 1;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	r = argc > 1 ? opt_parse(opts, &c, argc - 1, argv + 1, 0, &e) : -1;
	if (argc < 2 || !str_eq(argv[1], "migrate") || (r >= 0 && r < argc - 1))
		r = err_set(&e, ERR_INVALID, 0, "there is only: %s", usage.synopsis);
	if (r >= 0) {
		umask(022);
		root = storage_data_root(c.data_root);
		r = storage_as_root(argc, argv, root, &code, &e);
	}
	if (r == 0)
		r = code = migrate(&c, root, &e);
	if (r < 0)
		fprintf(stderr, "storage: %s\n", e.msg);
	return r < 0 ? 2 : code;
}
