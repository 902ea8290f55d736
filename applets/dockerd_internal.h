// SPDX-License-Identifier: MIT
/* dockerd's settings: command line over daemon.json over defaults (dockerd_config.c), used by
 * dockerd.c. */
#ifndef APPLETS_DOCKERD_INTERNAL_H
#define APPLETS_DOCKERD_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/opt.h"
#include "base/strv.h"
#include "json/bind.h"

struct dockerd_conf {
	const char *config_file, *data_root, *exec_root, *pidfile, *log_level, *log_driver,
		*storage_driver, *inspect_socks, *bip, *fixed_cidr, *fixed_cidr6;
	struct strv hosts, log_opts, dns, dns_search, dns_opts, host_gateway_ips, labels,
		insecure_registries, registry_mirrors;
	struct strv storage_opts, ignored, address_pools;
	bool icc, ipv6;
	bool debug, experimental, init, live_restore, rootless, validate, version, tls, tls_verify,
		debug_states, single_id_xattr, spare_page_cache;
	const char *tls_ca, *tls_cert, *tls_key, *http_proxy, *https_proxy, *no_proxy, *group,
		*ignored_str;
	int mtu, shutdown_timeout, max_downloads, max_uploads, max_attempts;
	bool ignored_flag;
	struct json_strmap log_opts_map;
	struct strv owned; /* strings that came from daemon.json */
};

extern const struct opt_usage dockerd_usage;

struct engine;

/** dockerd_socks_start() - listen for SOCKS5 on a loopback address and keep the process that serves
 * it, for as long as dockerd lives; *ret_fd is borrowed */
int dockerd_socks_start(struct engine *en, const char *address, int *ret_fd,
			struct err *e) WARN_UNUSED;
/** dockerd_socks_stop() - the engine is asked no more; also when it never was */
void dockerd_socks_stop(void);

/**
 * dockerd_conf_load() - command line, then daemon.json for what it did not say, then defaults
 * @c:    filled; dockerd_conf_clear()
 * @argc: arguments
 * @argv: arguments
 * @e:    ERR_INVALID: an unknown option or key, or a wrong value
 *
 * Return: 0 or -1.
 */
int dockerd_conf_load(struct dockerd_conf *c, int argc, char **argv, struct err *e) WARN_UNUSED;
/** dockerd_conf_clear() - frees */
void dockerd_conf_clear(struct dockerd_conf *c);

/* dockerd_upgrade.c: from one binary to the next. Before and after threads only. */

/** dockerd_kept_load() - the listening sockets that a dockerd before us has left */
void dockerd_kept_load(void);
/** dockerd_kept_take() - one of them that listened for this host, the caller's; -1 none */
int dockerd_kept_take(const char *host);
/** dockerd_kept_clear() - closes those that nobody took */
void dockerd_kept_clear(void);
/** dockerd_keep() - keeps a copy of a listening socket for the next one */
void dockerd_keep(int fd, const char *host);
/** dockerd_upgrade_try() - the binary at our path runs and is a dockerd */
int dockerd_upgrade_try(struct err *e) WARN_UNUSED;
/** dockerd_upgrade_exec() - become it; returns on failure only */
int dockerd_upgrade_exec(char **argv, struct err *e) WARN_UNUSED;

#endif
