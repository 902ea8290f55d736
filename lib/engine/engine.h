// SPDX-License-Identifier: MIT
/*
 * The engine: everything behind the API. One object a process. All functions of
 * the engine headers may be called from any thread; those that block say so. Names of
 * containers are full ids, unambiguous id prefixes or names, with or without a
 * leading slash; "No such container: x" is ERR_NOTFOUND.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strv.h"
#include "image/registry.h"
#include "image/store.h"
#include "json/bind.h"
#include "usernet/feed.h"

#define ENGINE_VERSION	       "28.5.2" /* the Docker release whose behaviour is offered */
#define ENGINE_API_VERSION     "1.51"
#define ENGINE_API_MIN_VERSION "1.24"

struct engine;

/* From the command line and daemon.json. Strings are borrowed for the call of engine_open(). */
struct engine_options {
	const char *data_root; /* ~/.local/share/docker */
	const char *exec_root; /* $XDG_RUNTIME_DIR/docker: bundles of running containers */
	const char *state_dir; /* $ROOTLESSKIT_STATE_DIR; NULL: not under rootlesskit, no bridge
				  networks */
	const char *storage_driver; /* NULL: the best that works */
	const char *log_driver;	    /* NULL: json-file */
	struct json_strmap log_opts;
	const char *bip;	   /* bridge address, NULL: 172.17.0.1/16 */
	const char *fixed_cidr;	   /* the part of it that is given out; NULL: all */
	const char *fixed_cidr6;   /* its IPv6 subnet; NULL: of a pool */
	bool ipv6;		   /* it has one */
	unsigned mtu;		   /* of the default bridge; 0: 1500 */
	bool no_icc;		   /* containers of the default bridge do not reach each other */
	struct strv address_pools; /* "base=SUBNET,size=BITS"; none: Docker's */
	struct strv dns, dns_search, dns_opts;
	struct strv host_gateway_ips; /* what host-gateway means; none: the host, whatever it is */
	struct strv labels;
	bool debug, experimental;
	bool init;		  /* --init for all containers */
	int shutdown_timeout_sec; /* 0: 15 */
	bool stop_on_shutdown;	  /* stop containers when the daemon ends; off: they live on */
	struct registry_config registries; /* copied */
};

/**
 * engine_open() - open the stores, read the state, take running containers back
 * @o:   options
 * @ret: the engine
 * @e:   what makes starting impossible; half-written leftovers never do
 *
 * Starts threads. Blocks for as long as taking back takes.
 *
 * Return: 0 or -1.
 */
int engine_open(const struct engine_options *o, struct engine **ret, struct err *e) WARN_UNUSED;
/** engine_start_policies() - starts the containers whose restart policy says so; when the sockets
 * are there (a container may have one as a mount), and before anything is answered, as Docker does
 */
void engine_start_policies(struct engine *en);
/** engine_live_on() - containers live on when this engine is closed, whatever its options say */
void engine_live_on(struct engine *en);
/** engine_close() - persists and frees; containers live on unless stop_on_shutdown. API threads
 * must be gone */
void engine_close(struct engine *en);
/** engine_reload() - what SIGHUP may change: debug, labels, registries, shutdown timeout */
void engine_reload(struct engine *en, const struct engine_options *o);

/** engine_listens() - the TCP addresses the engine's API is served on: containers do not reach them
 * by addresses of the host */
void engine_listens(struct engine *en, const struct feed_listener *l, size_t n);

/** engine_images() - the image store; its read functions may be used directly */
struct image_store *engine_images(struct engine *en);
/** engine_registries() - a copy of the registry configuration as it is now; registry_config_clear()
 */
void engine_registries(struct engine *en, struct registry_config *ret);

/* Numbers and words of GET /info. Owned; engine_info_clear(). */
struct engine_info {
	char id[64];
	size_t containers, running, paused, stopped, images;
	char *driver;
	struct strv driver_status; /* key, value, key, value */
	char *name, *kernel_version, *operating_system, *os_version, *architecture;
	char *data_root, *logging_driver, *cgroup_driver, *cgroup_version;
	int ncpu;
	int64_t mem_total_bytes;
	size_t n_fd, n_threads, n_listeners;
	bool memory_limit, swap_limit, cpu_cfs, cpu_shares, cpuset, pids_limit; /* enforced here */
	bool debug, experimental;
	struct strv labels, warnings, security_options, insecure_cidrs, insecure_hosts, mirrors;
	char *http_proxy, *https_proxy, *no_proxy;
	bool live_restore;
};

/** engine_info() - fills */
void engine_info(struct engine *en, struct engine_info *ret);
/** engine_info_clear() - frees */
void engine_info_clear(struct engine_info *i);

/* GET /system/df: sums; details come from the list functions. */
struct engine_df {
	int64_t layers_bytes;
};

/** engine_df() - walks what has to be walked; blocks */
void engine_df(struct engine *en, struct engine_df *ret);

/* Filters of list and prune: name -> values, as the API's filters parameter. */
struct engine_filters {
	struct json_map map; /* values struct strv * (JSON_B_STRV_MAP) */
};

/**
 * engine_filters_parse() - the filters query parameter, both forms ({"a":["b"]}, {"a":{"b":true}})
 * @text: JSON or NULL or ""
 * @e:    ERR_INVALID
 */
int engine_filters_parse(const char *text, struct engine_filters *ret, struct err *e) WARN_UNUSED;
/** engine_filters_clear() - frees */
void engine_filters_clear(struct engine_filters *f);
/** engine_filters_get() - values of a filter, or NULL; borrowed */
const struct strv *engine_filters_get(const struct engine_filters *f, const char *name);
/** engine_filters_bool() - the one value of a filter; *ret stays without it. ERR_INVALID */
int engine_filters_bool(const struct engine_filters *f, const char *name, bool *ret,
			struct err *e) WARN_UNUSED;
/** engine_filters_until() - the time of filter until, a time or an age; *ret_nsec stays without it.
 * ERR_INVALID */
int engine_filters_until(const struct engine_filters *f, int64_t *ret_nsec,
			 struct err *e) WARN_UNUSED;
/** engine_filters_check() - only names of the NULL-terminated list; ERR_INVALID "invalid filter
 * 'x'" */
int engine_filters_check(const struct engine_filters *f, const char *const *known,
			 struct err *e) WARN_UNUSED;

#endif
