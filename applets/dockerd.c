// SPDX-License-Identifier: MIT
/*
 * dockerd: settings, engine, API listeners; then the main thread waits for
 * signals. SIGTERM and SIGINT end it (containers are stopped unless
 * --live-restore), SIGHUP reads daemon.json again, SIGUSR2 goes on as the binary
 * that lies at our path now (dockerd_upgrade.c). Readiness and reloading are
 * told to the service manager (sd_notify(3)); sockets may come from it (fd://,
 * sd_listen_fds(3)).
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/api.h"
#include "applets/applets.h"
#include "applets/dockerd_internal.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/net.h"
#include "base/path.h"
#include "base/str.h"
#include "base/time.h"
#include "config/limits.h"
#include "container/seal.h"
#include "engine/engine.h"
#include "engine/state.h"
#include "rootless/gate.h"
#include "rootless/state.h"
#include "sandbox/process.h"
#include "tls/tls.h"

#define LISTEN_FDS_FIRST 3
#define JOURNAL_MS	 300

struct daemon {
	struct dockerd_conf conf;
	struct engine *engine;
	struct api *api;
	struct tls_config *tls;
	struct rk_gate gate;
	struct feed_listener *listeners;
	size_t n_listeners;
	int argc;
	char **argv;
	bool upgrade; /* ends to become the binary that lies at its path now */
};

/* sd_notify(3): one datagram to $NOTIFY_SOCKET, "@" standing for the abstract name space */
static void notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	CLEANUP(fd_closep) int fd = -1;
	socklen_t len;

	if (str_empty(path) || strlen(path) >= sizeof(sa.sun_path))
		return;
	memcpy(sa.sun_path, path, strlen(path));
	if (*path == '@')
		sa.sun_path[0] = '\0';
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 &&
	    sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&sa, len) < 0)
		log_debug(NULL, "notify: %s", strerror(errno));
}

static void notify_reloading(void)
{
	char text[80];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
		 (long long)time_mono_ms() * 1000);
	notify(text);
}

static int registries_from(const struct dockerd_conf *c, struct registry_config *r, struct err *e)
{
	registry_config_init(r);
	strv_copy(&r->insecure, &c->insecure_registries);
	strv_copy(&r->mirrors, &c->registry_mirrors);
	if (c->http_proxy != NULL)
		str_replace_ptr(&r->http_proxy, c->http_proxy);
	if (c->https_proxy != NULL)
		str_replace_ptr(&r->https_proxy, c->https_proxy);
	if (c->no_proxy != NULL)
		str_replace_ptr(&r->no_proxy, c->no_proxy);
	r->max_downloads = c->max_downloads;
	r->max_uploads = c->max_uploads;
	r->max_attempts = c->max_attempts;
	return registry_config_check(r, e);
}

/* as Docker: the environment goes before option and daemon.json */
static const char *storage_driver(const struct dockerd_conf *c)
{
	const char *env = getenv("DOCKER_DRIVER");

	return str_empty(env) ? c->storage_driver : env;
}

static int options_from(const struct dockerd_conf *c, struct engine_options *o, struct err *e)
{
	enum log_level level = LOG_LEVEL_INFO;

	if (c->log_level != NULL && log_parse_level(c->log_level, &level) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid logging level: %s", c->log_level);
	*o = (struct engine_options){
		.data_root = c->data_root,
		.exec_root = c->exec_root,
		.state_dir = getenv("ROOTLESSKIT_STATE_DIR"),
		.storage_driver = storage_driver(c),
		.log_driver = c->log_driver,
		.log_opts = c->log_opts_map,
		.bip = c->bip,
		.fixed_cidr = c->fixed_cidr,
		.fixed_cidr6 = c->fixed_cidr6,
		.ipv6 = c->ipv6 || c->fixed_cidr6 != NULL,
		.no_icc = !c->icc,
		.address_pools = c->address_pools,
		.mtu = (unsigned)c->mtu,
		.dns = c->dns,
		.dns_search = c->dns_search,
		.dns_opts = c->dns_opts,
		.host_gateway_ips = c->host_gateway_ips,
		.labels = c->labels,
		.debug = c->debug || level == LOG_LEVEL_DEBUG,
		.experimental = c->experimental,
		.init = c->init,
		.shutdown_timeout_sec = c->shutdown_timeout,
		.stop_on_shutdown = !c->live_restore,
	};
	return registries_from(c, &o->registries, e);
}

static int make_tls(struct daemon *d, struct err *e)
{
	const struct dockerd_conf *c = &d->conf;

	if (!c->tls && !c->tls_verify)
		return 0;
	if (c->tls_cert == NULL || c->tls_key == NULL || (c->tls_verify && c->tls_ca == NULL))
		return err_set(e, ERR_INVALID, 0,
			       "TLS needs --tlscert and --tlskey, and --tlsverify --tlscacert too");
	d->tls = tls_config_new();
	if (tls_config_set_cert(d->tls, c->tls_cert, c->tls_key, e) < 0 ||
	    (c->tls_ca != NULL && tls_config_add_ca_file(d->tls, c->tls_ca, e) < 0))
		return -1;
	tls_config_set_client_auth(d->tls, c->tls_verify);
	return 0;
}

static int listen_unix(struct daemon *d, const char *host, const char *path, struct err *e)
{
	CLEANUP(freep) char *dir = xstrndup(path, (size_t)(path_base(path) - path));
	int fd = dockerd_kept_take(host);

	if (fd < 0) {
		if (*dir != '\0' && path_mkdirs(dir, 0700, e) < 0)
			return -1;
		fd = net_listen_unix(path, SOCK_STREAM, 0660, e);
	}
	if (fd < 0)
		return -1;
	dockerd_keep(fd, host);
	return api_listen(d->api, fd, NULL, e);
}

/* The addresses of the TCP listeners, for usernet to keep containers from them. */
static void note_listener(struct daemon *d, int fd)
{
	struct sockaddr_storage sa = {0};
	const struct sockaddr_in *s4 = (struct sockaddr_in *)&sa;
	const struct sockaddr_in6 *s6 = (struct sockaddr_in6 *)&sa;
	struct feed_listener l = {0};
	socklen_t len = sizeof(sa);

	if (d->n_listeners == FEED_LISTENERS_MAX ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) < 0 || sa.ss_family == AF_UNIX)
		return;
	l.ip.family = sa.ss_family == AF_INET6 ? IP_V6 : IP_V4;
	if (sa.ss_family == AF_INET6)
		memcpy(l.ip.bytes, &s6->sin6_addr, 16);
	else
		memcpy(l.ip.bytes, &s4->sin_addr, 4);
	l.port = ntohs(sa.ss_family == AF_INET6 ? s6->sin6_port : s4->sin_port);
	d->listeners = xrealloc(d->listeners, (d->n_listeners + 1) * sizeof(l));
	d->listeners[d->n_listeners++] = l;
	engine_listens(d->engine, d->listeners, d->n_listeners);
}

static int listen_tcp(struct daemon *d, const char *kept, const char *address, struct err *e)
{
	const char *colon = strrchr(address, ':');
	CLEANUP(freep) char *host = NULL;
	uint64_t port;
	int fd;

	if (colon == NULL || str_u64(colon + 1, 65535, &port) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid address tcp://%s: expected ADDR:PORT",
			       address);
	host = *address == '[' ? xstrndup(address + 1, (size_t)(colon - address - 2))
			       : xstrndup(address, (size_t)(colon - address));
	if (!d->conf.tls_verify && !str_starts(host, "127.") && !str_eq(host, "::1"))
		return err_set(e, ERR_INVALID, 0,
			       "tcp://%s without client certificates would give this user's "
			       "account to everybody who reaches it: use --tlsverify, or an "
			       "address of the loopback interface",
			       address);
	if (!d->conf.tls_verify)
		log_warn(NULL,
			 "API without client certificates on %s: every user of this host "
			 "can use it",
			 address);
	fd = dockerd_kept_take(kept);
	if (fd < 0)
		fd = net_listen_tcp(host, (uint16_t)port, e);
	if (fd < 0)
		return -1;
	dockerd_keep(fd, kept);
	note_listener(d, fd);
	return api_listen(d->api, fd, d->tls, e);
}

static bool is_listening_stream(int fd)
{
	int listening = 0, type = 0;
	socklen_t n = sizeof(listening), m = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) == 0 && listening != 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &m) == 0 && type == SOCK_STREAM;
}

/* A socket that a service manager has handed over, to us or to the one before us. */
static int listen_passed(struct daemon *d, const char *host, int fd, struct err *e)
{
	if (!is_listening_stream(fd))
		return err_set(e, ERR_INVALID, 0,
			       "fd://: descriptor %d is not a listening stream socket", fd);
	fd_set_cloexec(fd, true);
	dockerd_keep(fd, host);
	note_listener(d, fd);
	return api_listen(d->api, fd, NULL, e);
}

static int listen_inherited(struct daemon *d, const char *host, struct err *e)
{
	int left = dockerd_kept_take(host);
	const char *pid_text = getenv("LISTEN_PID"), *n_text = getenv("LISTEN_FDS");
	uint64_t pid, n;

	if (left >= 0) {
		for (; left >= 0; left = dockerd_kept_take(host))
			if (listen_passed(d, host, left, e) < 0)
				return -1;
		return 0;
	}
	if (pid_text == NULL || n_text == NULL || str_u64(pid_text, INT32_MAX, &pid) < 0 ||
	    str_u64(n_text, 64, &n) < 0 || (pid_t)pid != getpid() || n == 0)
		return err_set(e, ERR_INVALID, 0,
			       "fd://: no sockets were passed (LISTEN_FDS, LISTEN_PID)");
	for (int fd = LISTEN_FDS_FIRST; fd < LISTEN_FDS_FIRST + (int)n; fd++) {
		if (listen_passed(d, host, fd, e) < 0)
			return -1;
	}
	return 0;
}

static int listen_all(struct daemon *d, struct err *e)
{
	for (size_t i = 0; i < d->conf.hosts.len; i++) {
		const char *host = d->conf.hosts.items[i], *rest;
		int r;

		if ((rest = str_skip(host, "unix://")) != NULL || *host == '/')
			r = listen_unix(d, host, rest != NULL ? rest : host, e);
		else if ((rest = str_skip(host, "tcp://")) != NULL)
			r = listen_tcp(d, host, rest, e);
		else if (str_starts(host, "fd://"))
			r = listen_inherited(d, host, e);
		else
			r = err_set(e, ERR_INVALID, 0,
				    "invalid host %s: expected unix://, tcp:// or fd://", host);
		if (r < 0)
			return -1;
		log_info(NULL, "API listen on %s", host);
	}
	dockerd_kept_clear();
	return 0;
}

static int start_socks(struct daemon *d, struct err *e)
{
	int fd;

	if (str_empty(d->conf.inspect_socks))
		return 0;
	if (dockerd_socks_start(d->engine, d->conf.inspect_socks, &fd, e) < 0)
		return -1;
	note_listener(d, fd);
	return 0;
}

/* the names of our unix sockets; inherited ones are their maker's */
static void unlink_sockets(const struct daemon *d)
{
	for (size_t i = 0; i < d->conf.hosts.len; i++) {
		const char *host = d->conf.hosts.items[i], *rest = str_skip(host, "unix://");

		if (rest != NULL || *host == '/')
			unlink(rest != NULL ? rest : host);
	}
}

static void reload(struct daemon *d)
{
	struct dockerd_conf fresh;
	struct engine_options o = {0};
	struct err e;

	notify_reloading();
	if (dockerd_conf_load(&fresh, d->argc, d->argv, &e) < 0 ||
	    options_from(&fresh, &o, &e) < 0) {
		log_error(&e, "reload: the settings stay as they were");
	} else {
		engine_reload(d->engine, &o);
		log_info(NULL, "reloaded %s", fresh.config_file);
	}
	registry_config_clear(&o.registries);
	dockerd_conf_clear(&fresh);
	notify("READY=1");
}

/* SIGUSR2; false: things stay as they are. */
static bool prepare_upgrade(struct daemon *d)
{
	struct err e;

	if (dockerd_upgrade_try(&e) < 0) {
		log_error(&e, "upgrade: this dockerd goes on");
		return false;
	}
	notify_reloading();
	log_info(NULL, "upgrade: going on as the binary that is installed now");
	d->upgrade = true;
	return true;
}

static void wait_signals(struct daemon *d, const sigset_t *set)
{
	int sig;

	for (;;) {
		if (sigwait(set, &sig) != 0)
			continue;
		if (sig == SIGUSR2 && prepare_upgrade(d))
			return;
		if (sig == SIGHUP)
			reload(d);
		else if (sig != SIGUSR2)
			break;
	}
	log_info(NULL, "ending: %s", strsignal(sig));
	notify("STOPPING=1");
}

/* Where our state is, for those who look at it without asking us. */
static void note_data_root(const struct daemon *d)
{
	const char *dir = getenv("ROOTLESSKIT_STATE_DIR");
	CLEANUP(freep) char *real = dir != NULL ? realpath(d->conf.data_root, NULL) : NULL;
	CLEANUP(freep) char *path = real != NULL ? path_join(dir, RK_FILE_DATA_ROOT) : NULL;
	struct err e;

	if (path != NULL &&
	    file_write(AT_FDCWD, path, real, strlen(real), 0600, FILE_NOSYNC, &e) < 0)
		log_debug(&e, "data root");
}

static int write_pid(struct daemon *d, struct err *e)
{
	CLEANUP(freep)
	char *dir =
		xstrndup(d->conf.pidfile, (size_t)(path_base(d->conf.pidfile) - d->conf.pidfile));
	char text[16];
	int gate;

	if (*dir != '\0' && path_mkdirs(dir, 0700, e) < 0)
		return -1;
	gate = rk_gate_start(&d->gate, getenv("ROOTLESSKIT_STATE_DIR"), e);
	if (gate < 0)
		log_warn(e, "docker.pid names a process outside of the containers' network");
	snprintf(text, sizeof(text), "%d", (int)(gate > 0 ? d->gate.pid : getpid()));
	return file_write(AT_FDCWD, d->conf.pidfile, text, strlen(text), 0644, FILE_NOSYNC, e);
}

static int run(struct daemon *d, const sigset_t *set, struct err *e)
{
	struct engine_options o;
	int r;

	if (options_from(&d->conf, &o, e) < 0 || make_tls(d, e) < 0)
		return -1;
	log_set_level(o.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	r = engine_open(&o, &d->engine, e);
	registry_config_clear(&o.registries);
	if (r < 0)
		return -1;
	d->api = api_new(d->engine);
	if (write_pid(d, e) < 0 || listen_all(d, e) < 0 || start_socks(d, e) < 0)
		return -1;
	note_data_root(d);
	engine_start_policies(d->engine);
	if (api_serve(d->api, e) < 0)
		return -1;
	notify("READY=1");
	log_info(NULL, "Daemon has completed initialization");
	wait_signals(d, set);
	return 0;
}

/* What is asked is answered before the next binary takes over; containers live on. */
static void let_go(struct daemon *d)
{
	api_drain(d->api, API_DRAIN_MS);
	engine_live_on(d->engine);
}

/* journald asks /proc which unit a line belongs to when it reads it, and finds nobody when the
 * writer is gone by then: journalctl --user --unit docker.service would not show why a start
 * failed. systemd sets JOURNAL_STREAM (systemd.exec(5)). */
static void let_journal_read(void)
{
	if (!str_empty(getenv("JOURNAL_STREAM")))
		(void)poll(NULL, 0, JOURNAL_MS);
}

int dockerd_main(int argc, char **argv)
{
	struct daemon d = {.argc = argc, .argv = argv, .gate = RK_GATE_INIT};
	CLEANUP(freep) char *states = NULL;
	sigset_t set;
	struct err e;
	int r;

	if (opt_wants_help(dockerd_usage.opts, argc, argv, 0)) {
		opt_print_help(&dockerd_usage, stdout);
		return 0;
	}
	if (dockerd_conf_load(&d.conf, argc, argv, &e) < 0) {
		fprintf(stderr, "dockerd: %s\n", e.msg);
		let_journal_read();
		return 1;
	}
	if (d.conf.version || d.conf.validate || d.conf.debug_states) {
		states = d.conf.debug_states ? state_print() : NULL;
		fputs(states != NULL   ? states
		      : d.conf.version ? "Docker version " ENGINE_VERSION ", build thimble\n"
				       : "configuration OK\n",
		      stdout);
		dockerd_conf_clear(&d.conf);
		return 0;
	}
	if (geteuid() != 0) {
		fprintf(stderr, "dockerd needs to be started inside rootlesskit: use "
				"dockerd-rootless.sh\n");
		return 1;
	}
	if (container_seal(argv, &e) < 0)
		log_warn(&e, "a container could write to the engine's binary");
	dockerd_kept_load();
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	umask(0022);
	sandbox_nofile_max();
	if (d.conf.single_id_xattr)
		setenv("THIMBLE_OWNER_XATTR", "1", 1); /* for the applet unpack */
	if (d.conf.spare_page_cache)
		setenv("THIMBLE_SPARE_CACHE", "1", 1);
	r = run(&d, &set, &e);
	if (r < 0)
		log_error(&e, "dockerd cannot start");
	else if (!d.upgrade)
		unlink_sockets(&d);
	else
		let_go(&d);
	if (d.api != NULL)
		api_stop(d.api);
	dockerd_socks_stop();
	engine_close(d.engine);
	if (d.upgrade) {
		rk_gate_stop(&d.gate);
		if (dockerd_upgrade_exec(argv, &e) < 0)
			log_error(&e, "upgrade");
		r = -1;
	}
	api_free(d.api);
	tls_config_free(d.tls);
	free(d.listeners);
	unlink(d.conf.pidfile);
	rk_gate_stop(&d.gate);
	dockerd_conf_clear(&d.conf);
	if (r < 0)
		let_journal_read();
	return r < 0 ? 1 : 0;
}
