// SPDX-License-Identifier: MIT
/*
 * Images and containers of one storage driver brought to another, with their
 * ids. What was cut short goes on where it ended; the old ones stay.
 */
#ifndef IMAGE_MIGRATE_H
#define IMAGE_MIGRATE_H

#include "image/store.h"

struct image_migration {
	/* tells what was brought ("image", its id), or with e why it was not */
	void (*tell)(const char *what, const char *name, const struct err *e);
	unsigned n_brought, n_failed; /* results */
};

/**
 * image_migrate() - brings what a driver has to the store's driver
 * @to:     the store; no engine uses it
 * @driver: whose images and stopped containers
 * @m:      tell is set
 * @e:      ERR_NOTFOUND when the driver has nothing here
 *
 * Return: 0 (see m->n_failed), or -1.
 */
int image_migrate(struct image_store *to, const char *driver, struct image_migration *m,
		  struct err *e) WARN_UNUSED;

#endif
