// SPDX-License-Identifier: MIT
/*
 * Containers as the engine's files describe them (containers/ID/config.v2.json,
 * hostconfig.json), read without the engine. Not for sharing between threads.
 */
#ifndef INSPECT_STATE_H
#define INSPECT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"
#include "json/json.h"
#include "netlink/ip.h"

struct look_container {
	struct json *config, *host;
	/* borrowed from them */
	const char *id, *name, *status, *mode, *sandbox_key;
	const struct json *networks; /* object of endpoints by network */
	pid_t pid;		     /* 0: does not run */
};

struct look_containers {
	struct look_container *items;
	size_t n;
};

/**
 * look_containers_load() - read all containers below a data root
 * @data_root: ~/.local/share/docker
 * @ret:       filled, sorted by name; look_containers_clear()
 * @e:         ERR_NOTFOUND, ERR_DENIED when the directory cannot be read
 *
 * A container that runs according to its file, but whose process is another or gone, has pid 0.
 * Files that cannot be read or parsed are passed over.
 */
int look_containers_load(const char *data_root, struct look_containers *ret,
			 struct err *e) WARN_UNUSED;
/** look_containers_clear() - frees; CLEANUP(look_containers_clear) */
void look_containers_clear(struct look_containers *l);

/**
 * look_container_find() - by name, id, unambiguous beginning of an id, or address
 * @l:    containers
 * @word: what a user typed
 * @e:    ERR_NOTFOUND "No such container: WORD", ERR_INVALID when several ids begin so
 *
 * Return: borrowed from l, or NULL.
 */
const struct look_container *look_container_find(const struct look_containers *l, const char *word,
						 struct err *e);

/** look_container_shared() - whose network a container uses: its own, or by "container:NAME"
 * another's; NULL when that is gone */
const struct look_container *look_container_shared(const struct look_containers *l,
						   const struct look_container *c);

/** look_container_addresses() - its addresses, at most max, IPv4 of each network before IPv6; the
 * count */
size_t look_container_addresses(const struct look_container *c, struct ip *ret, size_t max);

/**
 * look_data_root() - where the engine keeps its state
 * @asked:     by the user; NULL: what the engine noted in the state directory, else daemon.json,
 *             else $XDG_DATA_HOME/docker or ~/.local/share/docker
 * @state_dir: RootlessKit's
 *
 * Return: path on the heap.
 */
char *look_data_root(const char *asked, const char *state_dir);

#endif
