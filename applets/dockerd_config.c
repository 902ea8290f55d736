// SPDX-License-Identifier: MIT
/*
 * dockerd's settings. daemon.json has the keys of Docker's; what concerns
 * things that are not here (iptables, userland-proxy, swarm ...) is accepted
 * and has no effect, and an unknown key is an error, as with Docker.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "applets/dockerd_internal.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "json/json.h"

#define CONFIG_MAX (1 * MIB)
#define O(member)  offsetof(struct dockerd_conf, member)

static const struct opt opts[] = {
	{'H', "host", OPT_STRV, O(hosts), "URL",
	 "listen on unix://PATH, tcp://ADDR:PORT or fd:// (default: $XDG_RUNTIME_DIR/docker.sock)",
	 NULL},
	{0, "config-file", OPT_STR, O(config_file), "FILE",
	 "settings (default: ~/.config/docker/daemon.json)", NULL},
	{0, "data-root", OPT_STR, O(data_root), "DIR",
	 "state that stays (default: ~/.local/share/docker)", NULL},
	{'g', "graph", OPT_STR, O(data_root), NULL, NULL, NULL},
	{0, "exec-root", OPT_STR, O(exec_root), "DIR",
	 "state of running containers (default: $XDG_RUNTIME_DIR/docker)", NULL},
	{'p', "pidfile", OPT_STR, O(pidfile), "FILE", "(default: $XDG_RUNTIME_DIR/docker.pid)",
	 NULL},
	{0, "inspect-socks", OPT_STR, O(inspect_socks), "[ADDR:]PORT",
	 "SOCKS5 server on this loopback address that reaches every container (default: off)",
	 NULL},
	{'D', "debug", OPT_FLAG, O(debug), NULL, "log at level debug", NULL},
	{'l', "log-level", OPT_STR, O(log_level), "LEVEL",
	 "debug, info, warn, error (default: info)", NULL},
	{0, "log-driver", OPT_STR, O(log_driver), "NAME",
	 "json-file (default), local, syslog, journald, none", NULL},
	{0, "log-opt", OPT_STRV, O(log_opts), "KEY=VALUE",
	 "default for containers: max-size, max-file, labels, env", NULL},
	{'s', "storage-driver", OPT_STR, O(storage_driver), "NAME",
	 "overlay2, fuse-overlayfs, btrfs or vfs (default: the best that works; $DOCKER_DRIVER "
	 "goes "
	 "before)",
	 NULL},
	{0, "storage-opt", OPT_STRV, O(storage_opts), "KEY=VALUE",
	 "accepted; the storage drivers have none here", NULL},
	{0, "single-id-xattr", OPT_FLAG, O(single_id_xattr), NULL,
	 "where one id is mapped: files of other owners are unpacked as root's, the owner noted in "
	 "an extended attribute",
	 NULL},
	{0, "spare-page-cache", OPT_FLAG, O(spare_page_cache), NULL,
	 "unpacked files do not stay in memory", NULL},
	{0, "bip", OPT_STR, O(bip), "CIDR", "address of the bridge (default: 172.17.0.1/16)", NULL},
	{0, "fixed-cidr", OPT_STR, O(fixed_cidr), "CIDR",
	 "part of the bridge's subnet that containers get addresses from", NULL},
	{0, "ipv6", OPT_FLAG, O(ipv6), NULL, "the bridge has IPv6 too", NULL},
	{0, "fixed-cidr-v6", OPT_STR, O(fixed_cidr6), "CIDR",
	 "its IPv6 subnet (default: of an address pool)", NULL},
	{0, "icc", OPT_FLAG, O(icc), NULL,
	 "containers of the bridge reach each other (default: true)", NULL},
	{0, "default-address-pool", OPT_STRV, O(address_pools), "base=CIDR,size=BITS",
	 "subnets of networks that are given none (default: 172.17.0.0/16 to 172.31.0.0/16, "
	 "192.168.0.0/16 in /20)",
	 NULL},
	{0, "mtu", OPT_INT, O(mtu), "N", "MTU of containers (default: 1500)", NULL},
	{0, "dns", OPT_STRV, O(dns), "ADDR", "name servers of containers", NULL},
	{0, "dns-search", OPT_STRV, O(dns_search), "DOMAIN", "search domains of containers", NULL},
	{0, "dns-opt", OPT_STRV, O(dns_opts), "OPTION", "resolver options of containers", NULL},
	{0, "host-gateway-ip", OPT_STRV, O(host_gateway_ips), "ADDR",
	 "what host-gateway and host.docker.internal mean (default: the host's own address)", NULL},
	{0, "label", OPT_STRV, O(labels), "KEY=VALUE", "labels shown by docker info", NULL},
	{0, "insecure-registry", OPT_STRV, O(insecure_registries), "HOST",
	 "registry reached without verified TLS", NULL},
	{0, "registry-mirror", OPT_STRV, O(registry_mirrors), "URL", "asked before Docker Hub",
	 NULL},
	{0, "max-concurrent-downloads", OPT_INT, O(max_downloads), "N",
	 "layers at a time (default: 4 a processor)", NULL},
	{0, "max-concurrent-uploads", OPT_INT, O(max_uploads), "N", "layers at a time (default: 5)",
	 NULL},
	{0, "max-download-attempts", OPT_INT, O(max_attempts), "N", "of one layer (default: 5)",
	 NULL},
	{0, "http-proxy", OPT_STR, O(http_proxy), "URL", "for pulls (default: the environment's)",
	 NULL},
	{0, "https-proxy", OPT_STR, O(https_proxy), "URL", "for pulls (default: the environment's)",
	 NULL},
	{0, "no-proxy", OPT_STR, O(no_proxy), "HOSTS", "for pulls (default: the environment's)",
	 NULL},
	{0, "init", OPT_FLAG, O(init), NULL, "run docker-init as first process of every container",
	 NULL},
	{0, "live-restore", OPT_FLAG, O(live_restore), NULL,
	 "leave containers running when dockerd is ended by a signal", NULL},
	{0, "shutdown-timeout", OPT_INT, O(shutdown_timeout), "SECONDS",
	 "patience with containers at the end (default: 15)", NULL},
	{0, "experimental", OPT_FLAG, O(experimental), NULL, "shown by docker info", NULL},
	{0, "tls", OPT_FLAG, O(tls), NULL, "TLS on tcp:// listeners", NULL},
	{0, "tlsverify", OPT_FLAG, O(tls_verify), NULL, "TLS, and clients need a certificate",
	 NULL},
	{0, "tlscacert", OPT_STR, O(tls_ca), "FILE", "CA of client certificates", NULL},
	{0, "tlscert", OPT_STR, O(tls_cert), "FILE", "certificate", NULL},
	{0, "tlskey", OPT_STR, O(tls_key), "FILE", "key", NULL},
	{0, "validate", OPT_FLAG, O(validate), NULL, "check the settings and end", NULL},
	{'v', "version", OPT_FLAG, O(version), NULL, "print the version", NULL},
	{0, "debug-states", OPT_FLAG, O(debug_states), NULL, "print the table of container states",
	 NULL},
	/* accepted for scripts: without effect here */
	{0, "rootless", OPT_FLAG, O(rootless), NULL, NULL, NULL},
	{'G', "group", OPT_STR, O(group), NULL, NULL, NULL},
	{0, "iptables", OPT_FLAG, O(ignored_flag), NULL, NULL, NULL},
	{0, "ip6tables", OPT_FLAG, O(ignored_flag), NULL, NULL, NULL},
	{0, "ip-forward", OPT_FLAG, O(ignored_flag), NULL, NULL, NULL},
	{0, "ip-masq", OPT_FLAG, O(ignored_flag), NULL, NULL, NULL},
	{0, "userland-proxy", OPT_FLAG, O(ignored_flag), NULL, NULL, NULL},
	{0, "userland-proxy-path", OPT_STR, O(ignored_str), NULL, NULL, NULL},
	{0, "containerd", OPT_STR, O(ignored_str), NULL, NULL, NULL},
	{0, "exec-opt", OPT_STRV, O(ignored), NULL, NULL, NULL},
	{0, "default-runtime", OPT_STR, O(ignored_str), NULL, NULL, NULL},
	{0, "add-runtime", OPT_STRV, O(ignored), NULL, NULL, NULL},
	{0, "default-cgroupns-mode", OPT_STR, O(ignored_str), NULL, NULL, NULL},
	{0}};

const struct opt_usage dockerd_usage = {
	.synopsis = "dockerd [OPTIONS]",
	.about = "The engine: Docker Engine API 1.24 to 1.51. Runs inside rootlesskit; "
		 "dockerd-rootless.sh starts both.",
	.opts = opts,
};

/* keys of daemon.json that are lists in the configuration; the rest is looked up in the option
 * table */
static const struct {
	const char *key;
	size_t offset;
} lists[] = {
	{"hosts", O(hosts)},
	{"dns", O(dns)},
	{"dns-search", O(dns_search)},
	{"dns-opts", O(dns_opts)},
	{"host-gateway-ips", O(host_gateway_ips)},
	{"labels", O(labels)},
	{"insecure-registries", O(insecure_registries)},
	{"registry-mirrors", O(registry_mirrors)},
	{"storage-opts", O(storage_opts)},
	{"exec-opts", O(ignored)},
};

/* keys Docker knows whose subject is not here */
static const char *const without_effect[] = {
	"allow-nondistributable-artifacts",
	"api-cors-header",
	"authorization-plugins",
	"bridge",
	"builder",
	"cgroup-parent",
	"cluster-advertise",
	"cluster-store",
	"cluster-store-opts",
	"containerd-namespace",
	"containerd-plugin-namespace",
	"cpu-rt-period",
	"cpu-rt-runtime",
	"data-root-permissions",
	"default-cgroupns-mode",
	"default-gateway",
	"default-gateway-v6",
	"default-ipc-mode",
	"default-network-opts",
	"default-runtime",
	"default-shm-size",
	"default-ulimits",
	"features",
	"http-proxy",
	"ip",
	"ip-forward",
	"ip-masq",
	"ip6tables",
	"iptables",
	"log-format",
	"metrics-addr",
	"network-control-plane-mtu",
	"no-new-privileges",
	"node-generic-resources",
	"oom-score-adjust",
	"raw-logs",
	"runtimes",
	"seccomp-profile",
	"selinux-enabled",
	"swarm-default-advertise-addr",
	"userland-proxy",
	"userland-proxy-path",
	"userns-remap",
	"firewall-backend",
	"cdi-spec-dirs",
	"min-api-version",
	"group",
	"containerd",
	"graph",
};

static const struct opt *find_opt(const char *key)
{
	for (const struct opt *o = opts; o->type != OPT_END; o++)
		if (str_eq(o->long_name, key))
			return o;
	return NULL;
}

static int wrong_type(const char *key, const char *want, const struct json *v, struct err *e)
{
	return err_set(e, ERR_INVALID, 0, "%s: expected a %s, found a %s", key, want,
		       json_kind_name(v));
}

static int take_list(struct strv *to, const struct json *v, struct err *e)
{
	bool given = to->len > 0; /* by the command line, which wins */

	if (json_kind(v) != JSON_ARRAY)
		return wrong_type(json_key(v), "list of strings", v, e);
	json_for_each (item, v) {
		if (json_str(item) == NULL)
			return wrong_type(json_key(v), "list of strings", item, e);
		if (!given)
			strv_add(to, json_str(item));
	}
	return 0;
}

/* one key that is an option too; a value of the command line wins */
static int take_option(struct dockerd_conf *c, const struct opt *o, const struct json *v,
		       struct err *e)
{
	void *to = (char *)c + o->offset;
	int64_t number;

	switch (o->type) {
	case OPT_STR:
		if (json_str(v) == NULL)
			return wrong_type(json_key(v), "string", v, e);
		if (*(const char **)to == NULL) {
			strv_add(&c->owned, json_str(v));
			*(const char **)to = c->owned.items[c->owned.len - 1];
		}
		return 0;
	case OPT_FLAG:
		if (json_kind(v) != JSON_TRUE && json_kind(v) != JSON_FALSE)
			return wrong_type(json_key(v), "bool", v, e);
		*(bool *)to |= json_bool(v, false);
		return 0;
	case OPT_INT:
		if (json_i64(v, &number) < 0 || number < 0 || number > INT32_MAX)
			return wrong_type(json_key(v), "number", v, e);
		if (*(int *)to == 0)
			*(int *)to = (int)number;
		return 0;
	case OPT_STRV:
		return take_list(to, v, e);
	default:
		return 0;
	}
}

static int take_log_opts(struct dockerd_conf *c, const struct json *v, struct err *e)
{
	if (json_kind(v) != JSON_OBJECT)
		return wrong_type("log-opts", "object", v, e);
	json_for_each (item, v) {
		if (json_str(item) == NULL)
			return wrong_type("log-opts", "string", item, e);
		json_strmap_set(&c->log_opts_map, json_key(item), json_str(item));
	}
	return 0;
}

/* [{"base": "10.0.0.0/8", "size": 24}], kept in the form of the option */
static int take_address_pools(struct dockerd_conf *c, const struct json *v, struct err *e)
{
	if (json_kind(v) != JSON_ARRAY)
		return wrong_type(json_key(v), "list of objects", v, e);
	json_for_each (item, v) {
		if (json_kind(item) != JSON_OBJECT)
			return wrong_type(json_key(v), "object", item, e);
		strv_addf(&c->address_pools, "base=%s,size=%lld",
			  json_get_str(item, "base") != NULL ? json_get_str(item, "base") : "",
			  (long long)json_get_i64(item, "size", 0));
	}
	return 0;
}

static int take_icc(struct dockerd_conf *c, const struct json *v, struct err *e)
{
	if (json_kind(v) != JSON_TRUE && json_kind(v) != JSON_FALSE)
		return wrong_type("icc", "bool", v, e);
	c->icc &= json_bool(v, true);
	return 0;
}

static int take_proxies(struct dockerd_conf *c, const struct json *v, struct err *e)
{
	json_for_each (item, v) {
		const struct opt *o = find_opt(json_key(item));

		if (o == NULL || strstr(json_key(item), "proxy") == NULL)
			return err_set(e, ERR_INVALID, 0, "unknown key in proxies: %s",
				       json_key(item));
		if (take_option(c, o, item, e) < 0)
			return -1;
	}
	return 0;
}

static int take_key(struct dockerd_conf *c, const struct json *v, struct err *e)
{
	const char *key = json_key(v);
	const struct opt *o;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (str_eq(key, lists[i].key))
			return take_list((struct strv *)((char *)c + lists[i].offset), v, e);
	if (str_eq(key, "host-gateway-ip") && json_str(v) != NULL) {
		if (c->host_gateway_ips.len == 0)
			strv_add(&c->host_gateway_ips, json_str(v));
		return 0;
	}
	if (str_eq(key, "log-opts"))
		return take_log_opts(c, v, e);
	if (str_eq(key, "icc"))
		return take_icc(c, v, e);
	if (str_eq(key, "default-address-pools"))
		return take_address_pools(c, v, e);
	if (str_eq(key, "proxies"))
		return take_proxies(c, v, e);
	for (size_t i = 0; i < ARRAY_LEN(without_effect); i++)
		if (str_eq(key, without_effect[i]))
			return 0;
	o = find_opt(key);
	if (o == NULL || str_eq(key, "validate") || str_eq(key, "version") ||
	    str_eq(key, "config-file"))
		return err_set(e, ERR_INVALID, 0,
			       "the following directives don't match any configuration option: %s",
			       key);
	return take_option(c, o, v, e);
}

static int load_file(struct dockerd_conf *c, bool asked, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;

	if (file_read(AT_FDCWD, c->config_file, CONFIG_MAX, &text, e) < 0)
		return e->kind == ERR_NOTFOUND && !asked ? 0 : -1;
	if (text.len == 0)
		return 0;
	if (json_parse(text.data, text.len, &v, e) < 0)
		return err_wrap(e, "unable to configure the Docker daemon with file %s",
				c->config_file);
	if (json_kind(v) != JSON_OBJECT)
		return err_set(e, ERR_INVALID, 0,
			       "unable to configure the Docker daemon with file %s: not an object",
			       c->config_file);
	json_for_each (item, v)
		if (take_key(c, item, e) < 0)
			return err_wrap(e, "unable to configure the Docker daemon with file %s",
					c->config_file);
	return 0;
}

/* DIR/tail from an environment variable, or HOME/otherwise/tail; owned by the configuration */
static const char *in_dir(struct dockerd_conf *c, const char *variable, const char *otherwise,
			  const char *tail)
{
	const char *dir = getenv(variable), *home = getenv("HOME");

	if (!str_empty(dir))
		strv_addf(&c->owned, "%s/%s", dir, tail);
	else
		strv_addf(&c->owned, "%s/%s/%s", home != NULL ? home : "", otherwise, tail);
	return c->owned.items[c->owned.len - 1];
}

static void defaults(struct dockerd_conf *c)
{
	if (c->data_root == NULL)
		c->data_root = in_dir(c, "XDG_DATA_HOME", ".local/share", "docker");
	if (c->exec_root == NULL)
		c->exec_root = in_dir(c, "XDG_RUNTIME_DIR", ".docker/run", "docker");
	if (c->pidfile == NULL)
		c->pidfile = in_dir(c, "XDG_RUNTIME_DIR", ".docker/run", "docker.pid");
	if (c->hosts.len == 0)
		strv_addf(&c->hosts, "unix://%s",
			  in_dir(c, "XDG_RUNTIME_DIR", ".docker/run", "docker.sock"));
	for (size_t i = 0; i < c->log_opts.len; i++) {
		const char *equals = strchr(c->log_opts.items[i], '=');
		CLEANUP(freep)
		char *key = xstrndup(c->log_opts.items[i], strcspn(c->log_opts.items[i], "="));

		json_strmap_set(&c->log_opts_map, key, equals != NULL ? equals + 1 : "");
	}
}

int dockerd_conf_load(struct dockerd_conf *c, int argc, char **argv, struct err *e)
{
	int first;
	bool asked;

	memset(c, 0, sizeof(*c));
	c->icc = true;
	first = opt_parse(opts, c, argc, argv, 0, e);
	if (first < 0)
		return -1;
	if (first < argc)
		return err_set(e, ERR_INVALID, 0, "\"dockerd\" accepts no arguments, found %s",
			       argv[first]);
	asked = c->config_file != NULL;
	if (!asked)
		c->config_file = in_dir(c, "XDG_CONFIG_HOME", ".config", "docker/daemon.json");
	if (load_file(c, asked, e) < 0)
		return -1;
	defaults(c);
	return 0;
}

void dockerd_conf_clear(struct dockerd_conf *c)
{
	strv_clear(&c->hosts);
	strv_clear(&c->log_opts);
	strv_clear(&c->dns);
	strv_clear(&c->dns_search);
	strv_clear(&c->dns_opts);
	strv_clear(&c->host_gateway_ips);
	strv_clear(&c->labels);
	strv_clear(&c->insecure_registries);
	strv_clear(&c->registry_mirrors);
	strv_clear(&c->storage_opts);
	strv_clear(&c->ignored);
	strv_clear(&c->address_pools);
	strv_clear(&c->owned);
	json_strmap_clear(&c->log_opts_map);
}
