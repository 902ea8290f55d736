// SPDX-License-Identifier: MIT
/*
 * The store of layers under a data root, laid out as Docker's graph drivers lay
 * it (image/<driver>/layerdb, <driver>/<cache-id>). One object per data root;
 * every function may be called from any thread; nothing is mounted here but a
 * probe at opening.
 */
#ifndef STORAGE_STORAGE_H
#define STORAGE_STORAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"

struct storage;

/**
 * storage_open() - opens or makes the store and repairs what a crash left
 * @root:   data root, absolute; made when absent
 * @driver: "overlay2", "fuse-overlayfs", "btrfs" or "vfs"; NULL or "": the best that works
 * @ret:    the store
 * @e:      ERR_UNAVAILABLE says why the named driver does not work here and what to do;
 *          ERR_INVALID when there is no driver of that name
 *
 * Temporary directories, uncommitted layers and the trash of the last run are
 * removed in the background. The process must be uid 0 of its user namespace
 * and own its mount namespace. ERR_CONFLICT when another process has the data root.
 *
 * Return: 0 or -1.
 */
int storage_open(const char *root, const char *driver, struct storage **ret,
		 struct err *e) WARN_UNUSED;
/**
 * storage_lock() - takes a data root for this process alone, as storage_open() does
 * @root:       data root, exists
 * @timeout_ms: how long to wait for who has it
 * @e:          ERR_CONFLICT another engine (Docker's too) or fsck has it
 *
 * Return: a descriptor, which holds it until it is closed; or -1.
 */
int storage_lock(const char *root, int timeout_ms, struct err *e) WARN_UNUSED;
/** storage_free() - waits for running removals; NULL is fine */
void storage_free(struct storage *s);
/** storage_freep() - CLEANUP(storage_freep) */
void storage_freep(struct storage **s);
/**
 * storage_probe() - tries a driver
 * @dir:    directory on the data root's file system; stays as it was
 * @driver: a name as storage_driver_at() gives it
 * @e:      ERR_UNAVAILABLE with why it does not work
 *
 * As uid 0 of a user namespace with a mount namespace of its own.
 *
 * Return: 0 or -1.
 */
int storage_probe(const char *dir, const char *driver, struct err *e) WARN_UNUSED;
/** storage_driver_at() - the drivers' names, the one that is tried first being 0; NULL at the end;
 * static */
const char *storage_driver_at(size_t i);
/** storage_backing() - the file system that fd lies on: "extfs", "nfs" …, or "<unknown>"; static */
const char *storage_backing(int fd);
/** storage_driver() - "overlay2", "fuse-overlayfs", "btrfs" or "vfs"; static */
const char *storage_driver(const struct storage *s);
/** storage_root() - the data root; borrowed */
const char *storage_root(const struct storage *s);
/** storage_choice() - why this driver, for people: "it was asked for", "best that works here", or
 * what is wrong with the better ones; borrowed */
const char *storage_choice(const struct storage *s);
/** storage_others() - other drivers that have layers under this root, as "vfs (3 layers)"; they
 * are left alone and come back when dockerd is started with that driver; borrowed */
const struct strv *storage_others(const struct storage *s);
/** storage_image_dir() - "<root>/image/<driver>", where imagedb, distribution and
 * repositories.json live too; borrowed */
const char *storage_image_dir(const struct storage *s);
/** storage_discard() - removes a tree on the data root's file system: renamed into the trash and
 * deleted in the background; absent is success */
int storage_discard(struct storage *s, const char *path, struct err *e) WARN_UNUSED;
/** storage_status() - DriverStatus of /info: appends key, value, key, value … */
void storage_status(const struct storage *s, struct strv *ret_pairs);

#endif
