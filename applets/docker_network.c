// SPDX-License-Identifier: MIT
/* docker network create, connect, disconnect, ls, rm, prune (cli/command/network). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"

#define AT(type, member) offsetof(struct type, member)

static int post(struct docker_cli *cli, const char *path, const struct buf *body, struct json **ret,
		struct err *e)
{
	struct client_req rq = {.method = "POST", .path = path, .body = buf_str(body)};

	if (docker_client(cli, e) == NULL)
		return -1;
	return client_call(cli->client, &rq, ret, e) < 0 ? -1 : 0;
}

/* --- create -------------------------------------------------------------------------- */

struct create_conf {
	const char *driver, *ipam_driver, *scope, *config_from;
	struct strv options, labels, ipam_options;
	struct spec_ipam ipam;
	bool attachable, internal, ingress, config_only, ipv4, ipv6;
};

static void create_init(void *conf)
{
	struct create_conf *c = conf;

	c->driver = "bridge";
	c->ipam_driver = "default";
	c->ipv4 = true;
}

static int create_body(const struct create_conf *c, const char *name, struct buf *out,
		       struct err *e)
{
	struct json_w w;

	jw_init(&w, out);
	jw_obj(&w);
	jw_kstr(&w, "Name", name);
	jw_kbool(&w, "CheckDuplicate", true);
	jw_kstr(&w, "Driver", c->driver);
	if (c->scope != NULL)
		jw_kstr(&w, "Scope", c->scope);
	if (!c->ipv4)
		jw_kbool(&w, "EnableIPv4", false);
	if (c->ipv6)
		jw_kbool(&w, "EnableIPv6", true);
	jw_kobj(&w, "IPAM");
	jw_kstr(&w, "Driver", c->ipam_driver);
	spec_map_write(&w, "Options", &c->ipam_options);
	jw_key(&w, "Config");
	if (spec_ipam(&c->ipam, &w, e) < 0)
		return -1;
	jw_end(&w);
	jw_kbool(&w, "Internal", c->internal);
	jw_kbool(&w, "Attachable", c->attachable);
	jw_kbool(&w, "Ingress", c->ingress);
	jw_kbool(&w, "ConfigOnly", c->config_only);
	if (c->config_from != NULL) {
		jw_kobj(&w, "ConfigFrom");
		jw_kstr(&w, "Network", c->config_from);
		jw_end(&w);
	}
	spec_map_write(&w, "Options", &c->options);
	spec_map_write(&w, "Labels", &c->labels);
	jw_end(&w);
	return 0;
}

static int create_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	struct err e;

	if (create_body(conf, argv[0], &body, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	if (post(cli, "/networks/create", &body, &v, &e) < 0)
		return docker_fail(&e);
	puts(json_get_str(v, "Id") != NULL ? json_get_str(v, "Id") : "");
	return 0;
}

static const struct opt create_opts[] = {
	{0, "attachable", OPT_FLAG, AT(create_conf, attachable), NULL,
	 "Enable manual container attachment", NULL},
	{0, "aux-address", OPT_STRV, AT(create_conf, ipam.aux), "map",
	 "Auxiliary IPv4 or IPv6 addresses used by Network driver", NULL},
	{0, "config-from", OPT_STR, AT(create_conf, config_from), "string",
	 "The network from which to copy the configuration", NULL},
	{0, "config-only", OPT_FLAG, AT(create_conf, config_only), NULL,
	 "Create a configuration only network", NULL},
	{'d', "driver", OPT_STR, AT(create_conf, driver), "string",
	 "Driver to manage the Network (default \"bridge\")", NULL},
	{0, "gateway", OPT_STRV, AT(create_conf, ipam.gateways), "strings",
	 "IPv4 or IPv6 Gateway for the master subnet", NULL},
	{0, "ingress", OPT_FLAG, AT(create_conf, ingress), NULL,
	 "Create swarm routing-mesh network", NULL},
	{0, "internal", OPT_FLAG, AT(create_conf, internal), NULL,
	 "Restrict external access to the network", NULL},
	{0, "ip-range", OPT_STRV, AT(create_conf, ipam.ranges), "strings",
	 "Allocate container ip from a sub-range", NULL},
	{0, "ipam-driver", OPT_STR, AT(create_conf, ipam_driver), "string",
	 "IP Address Management Driver (default \"default\")", NULL},
	{0, "ipam-opt", OPT_STRV, AT(create_conf, ipam_options), "map",
	 "Set IPAM driver specific options", NULL},
	{0, "ipv4", OPT_FLAG, AT(create_conf, ipv4), NULL,
	 "Enable or disable IPv4 address assignment (default true)", NULL},
	{0, "ipv6", OPT_FLAG, AT(create_conf, ipv6), NULL,
	 "Enable or disable IPv6 address assignment", NULL},
	{0, "label", OPT_STRV, AT(create_conf, labels), "list", "Set metadata on a network", NULL},
	{'o', "opt", OPT_STRV, AT(create_conf, options), "map", "Set driver specific options",
	 NULL},
	{0, "scope", OPT_STR, AT(create_conf, scope), "string", "Control the network's scope",
	 NULL},
	{0, "subnet", OPT_STRV, AT(create_conf, ipam.subnets), "strings",
	 "Subnet in CIDR format that represents a network segment", NULL},
	{0},
};

const struct docker_cmd docker_network_create_cmd = {
	.args = "[OPTIONS] NETWORK",
	.about = "Create a network",
	.opts = create_opts,
	.conf_size = sizeof(struct create_conf),
	.min = 1,
	.max = 1,
	.run = create_main,
	.init = create_init,
};

/* --- connect, disconnect --------------------------------------------------------------- */

struct connect_conf {
	struct spec_network net;
	const char *ip, *ip6;
	bool force;
};

static int connect_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	struct connect_conf *c = conf;
	CLEANUP(freep) char *path = client_path("/networks/%s/connect", argv[0]);
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	struct json_w w;
	struct err e;

	strv_for_each (it, &c->net.driver_opts)
		if (strchr(*it, '=') == NULL) {
			fprintf(stderr, "invalid key/value pair format in driver options\n");
			return 1;
		}
	if (c->ip != NULL)
		str_replace_ptr(&c->net.ip, c->ip);
	if (c->ip6 != NULL)
		str_replace_ptr(&c->net.ip6, c->ip6);
	jw_init(&w, &body);
	jw_obj(&w);
	jw_kstr(&w, "Container", argv[1]);
	jw_key(&w, "EndpointConfig");
	spec_network_write(&c->net, &w);
	jw_end(&w);
	return post(cli, path, &body, NULL, &e) < 0 ? docker_fail(&e) : 0;
}

static const struct opt connect_opts[] = {
	{0, "alias", OPT_STRV, AT(connect_conf, net.aliases), "strings",
	 "Add network-scoped alias for the container", NULL},
	{0, "driver-opt", OPT_STRV, AT(connect_conf, net.driver_opts), "strings",
	 "driver options for the network", NULL},
	{0, "gw-priority", OPT_I64, AT(connect_conf, net.gw_priority), "int",
	 "Highest gw-priority provides the default gateway. Accepts positive and negative values.",
	 NULL},
	{0, "ip", OPT_STR, AT(connect_conf, ip), "string",
	 "IPv4 address (e.g., \"172.30.100.104\")", NULL},
	{0, "ip6", OPT_STR, AT(connect_conf, ip6), "string",
	 "IPv6 address (e.g., \"2001:db8::33\")", NULL},
	{0, "link", OPT_STRV, AT(connect_conf, net.links), "list", "Add link to another container",
	 NULL},
	{0, "link-local-ip", OPT_STRV, AT(connect_conf, net.link_local), "strings",
	 "Add a link-local address for the container", NULL},
	{0},
};

const struct docker_cmd docker_network_connect_cmd = {
	.args = "[OPTIONS] NETWORK CONTAINER",
	.about = "Connect a container to a network",
	.opts = connect_opts,
	.conf_size = sizeof(struct connect_conf),
	.min = 2,
	.max = 2,
	.run = connect_main,
};

static int disconnect_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv)
{
	const struct connect_conf *c = conf;
	CLEANUP(freep) char *path = client_path("/networks/%s/disconnect", argv[0]);
	CLEANUP(buf_clear) struct buf body = BUF_INIT;
	struct json_w w;
	struct err e;

	jw_init(&w, &body);
	jw_obj(&w);
	jw_kstr(&w, "Container", argv[1]);
	jw_kbool(&w, "Force", c->force);
	jw_end(&w);
	return post(cli, path, &body, NULL, &e) < 0 ? docker_fail(&e) : 0;
}

static const struct opt disconnect_opts[] = {
	{'f', "force", OPT_FLAG, AT(connect_conf, force), NULL,
	 "Force the container to disconnect from a network", NULL},
	{0},
};

const struct docker_cmd docker_network_disconnect_cmd = {
	.args = "[OPTIONS] NETWORK CONTAINER",
	.about = "Disconnect a container from a network",
	.opts = disconnect_opts,
	.conf_size = sizeof(struct connect_conf),
	.min = 2,
	.max = 2,
	.run = disconnect_main,
};

/* --- ls -------------------------------------------------------------------------------- */

struct list_conf {
	bool quiet, no_trunc, force;
	const char *format;
	struct strv filters;
};

/* "2024-05-06 07:08:09.123456789 +0000 UTC", as Go prints a time */
static char *go_time(const char *rfc3339)
{
	size_t day = strcspn(rfc3339, "T");
	const char *clock = rfc3339[day] == 'T' ? rfc3339 + day + 1 : "";

	return xasprintf("%.*s %.*s +0000 UTC", (int)day, rfc3339, (int)strcspn(clock, "Z+"),
			 clock);
}

static void write_bool(struct json_w *w, const char *key, const struct json *v, const char *member)
{
	jw_kstr(w, key, json_get_bool(v, member, false) ? "true" : "false");
}

static void write_row(struct json_w *w, const struct json *v, bool no_trunc)
{
	const char *id = json_get_str(v, "Id"), *created = json_get_str(v, "Created");
	CLEANUP(freep) char *when = go_time(created != NULL ? created : "");
	CLEANUP(freep) char *labels = docker_labels(json_get(v, "Labels"));

	jw_obj(w);
	jw_kstr(w, "CreatedAt", when);
	jw_kstr(w, "Driver", json_get_str(v, "Driver"));
	jw_key(w, "ID");
	jw_strn(w, id != NULL ? id : "", id == NULL ? 0 : no_trunc ? strlen(id) : strnlen(id, 12));
	write_bool(w, "IPv4", v, "EnableIPv4");
	write_bool(w, "IPv6", v, "EnableIPv6");
	write_bool(w, "Internal", v, "Internal");
	jw_kstr(w, "Labels", labels);
	jw_kstr(w, "Name", json_get_str(v, "Name"));
	jw_kstr(w, "Scope", json_get_str(v, "Scope"));
	jw_key(w, "Label");
	jw_tree(w, json_get(v, "Labels"));
	jw_end(w);
}

static int by_name(const void *a, const void *b)
{
	const struct json *const *x = a, *const *y = b;
	const char *p = json_get_str(*x, "Name"), *q = json_get_str(*y, "Name");

	return strcmp(p != NULL ? p : "", q != NULL ? q : "");
}

/* the rows of an answer, sorted by name */
static struct json *list_rows(const struct json *all, bool no_trunc, struct err *e)
{
	size_t n = 0, len = json_len(all);
	CLEANUP(freep) const struct json **sorted = xcalloc(len + 1, sizeof(*sorted));
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json *rows = NULL;
	struct json_w w;

	json_for_each (v, all)
		sorted[n++] = v;
	if (n > 1)
		qsort(sorted, n, sizeof(*sorted), by_name);
	jw_init(&w, &b);
	jw_arr(&w);
	for (size_t i = 0; i < n; i++)
		write_row(&w, sorted[i], no_trunc);
	jw_end(&w);
	return json_parse(b.data, b.len, &rows, e) < 0 ? NULL : rows;
}

static int list_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv UNUSED)
{
	static const struct docker_column columns[] = {
		{"ID", "NETWORK ID"}, {"Name", "NAME"}, {"Driver", "DRIVER"},
		{"Scope", "SCOPE"},   {NULL, NULL},
	};
	static const struct docker_column heads[] = {
		{"CreatedAt", "CREATED AT"},
		{"Driver", "DRIVER"},
		{"ID", "NETWORK ID"},
		{"IPv4", "IPV4"},
		{"IPv6", "IPV6"},
		{"Internal", "INTERNAL"},
		{"Labels", "LABELS"},
		{"Name", "NAME"},
		{"Scope", "SCOPE"},
		{NULL, NULL},
	};
	const struct list_conf *c = conf;
	CLEANUP(http_query_clear) struct http_query q = HTTP_QUERY_INIT;
	struct client_req rq = {.path = "/networks", .query = &q};
	CLEANUP(json_freep) struct json *all = NULL;
	CLEANUP(json_freep) struct json *rows = NULL;
	const char *format = c->format;
	struct err e;

	docker_filters(&q, &c->filters);
	if (docker_client(cli, &e) == NULL || client_call(cli->client, &rq, &all, &e) < 0)
		return docker_fail(&e);
	rows = list_rows(all, c->no_trunc, &e);
	if (rows == NULL)
		return docker_fail(&e);
	if (c->quiet && (format == NULL || str_eq(format, "table")))
		format = "{{.ID}}";
	return docker_format(format, "*network.networkContext", rows, columns, heads, &e) < 0
		       ? docker_fail(&e)
		       : 0;
}

static const struct opt list_opts[] = {
	{'f', "filter", OPT_STRV, AT(list_conf, filters), "filter",
	 "Provide filter values (e.g. \"driver=bridge\")", docker_check_filter},
	DOCKER_OPT_FORMAT(AT(list_conf, format)),
	{0, "no-trunc", OPT_FLAG, AT(list_conf, no_trunc), NULL, "Do not truncate the output",
	 NULL},
	{'q', "quiet", OPT_FLAG, AT(list_conf, quiet), NULL, "Only display network IDs", NULL},
	{0},
};

const struct docker_cmd docker_network_ls_cmd = {
	.args = "[OPTIONS]",
	.about = "List networks",
	.opts = list_opts,
	.conf_size = sizeof(struct list_conf),
	.run = list_main,
};

/* --- rm, prune ------------------------------------------------------------------------- */

static int rm_main(struct docker_cli *cli, void *conf, int argc, char **argv)
{
	const struct list_conf *c = conf;
	struct err e;
	int code = 0;

	for (int i = 0; i < argc; i++) {
		if (docker_call(cli, "DELETE", client_path("/networks/%s", argv[i]), NULL, &e) >=
		    0) {
			puts(argv[i]);
			fflush(stdout);
		} else if (!c->force || e.kind != ERR_NOTFOUND) {
			code = docker_fail(&e);
		}
	}
	if (code != 0)
		fputs("exit status 1\n", stderr);
	return code;
}

static const struct opt rm_opts[] = {
	{'f', "force", OPT_FLAG, AT(list_conf, force), NULL,
	 "Do not error if the network does not exist", NULL},
	{0},
};

const struct docker_cmd docker_network_rm_cmd = {
	.args = "NETWORK [NETWORK...]",
	.about = "Remove one or more networks",
	.opts = rm_opts,
	.conf_size = sizeof(struct list_conf),
	.min = 1,
	.max = -1,
	.run = rm_main,
};
