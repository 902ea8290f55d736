// SPDX-License-Identifier: MIT
/* docker info: GET /info as text, line for line as Docker's CLI prints it (system/info.go). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"
#include "client/units.h"

struct info_conf {
	const char *format;
};

static const char *text(const struct json *v, const char *key)
{
	return json_get_str(v, key) != NULL ? json_get_str(v, key) : "";
}

static void line(const char *label, const char *value)
{
	if (!str_empty(value))
		printf(" %s: %s\n", label, value);
}

static void commit(const char *label, const struct json *v, const char *key)
{
	printf(" %s version: %s\n", label, text(json_get(v, key), "ID"));
}

static void number(const struct json *v, const char *label, const char *key)
{
	printf(" %s: %lld\n", label, (long long)json_get_i64(v, key, 0));
}

static void flag(const struct json *v, const char *label, const char *key)
{
	printf(" %s: %s\n", label, json_get_bool(v, key, false) ? "true" : "false");
}

static void words(const char *label, const struct json *list)
{
	printf("  %s:", label);
	json_for_each (item, list)
		printf(" %s", json_str(item));
	puts("");
}

static void print_driver(const struct json *v)
{
	line("Storage Driver", json_get_str(v, "Driver"));
	json_for_each (pair, json_get(v, "DriverStatus"))
		printf("  %s: %s\n", json_str(json_at(pair, 0)), json_str(json_at(pair, 1)));
	line("Logging Driver", json_get_str(v, "LoggingDriver"));
	line("Cgroup Driver", json_get_str(v, "CgroupDriver"));
	line("Cgroup Version", json_get_str(v, "CgroupVersion"));
	puts(" Plugins:");
	words("Volume", json_path(v, "Plugins", "Volume", NULL));
	words("Network", json_path(v, "Plugins", "Network", NULL));
	words("Log", json_path(v, "Plugins", "Log", NULL));
	printf(" Swarm: %s\n", json_str(json_path(v, "Swarm", "LocalNodeState", NULL)) != NULL
				       ? json_str(json_path(v, "Swarm", "LocalNodeState", NULL))
				       : "inactive");
	printf(" Runtimes:");
	json_for_each (m, json_get(v, "Runtimes"))
		printf(" %s", json_key(m));
	puts("");
	line("Default Runtime", json_get_str(v, "DefaultRuntime"));
	line("Init Binary", json_get_str(v, "InitBinary"));
	commit("containerd", v, "ContainerdCommit");
	commit("runc", v, "RuncCommit");
	commit("init", v, "InitCommit");
}

/* "name=seccomp,profile=builtin" as two lines */
static void print_security(const struct json *list)
{
	if (json_len(list) == 0)
		return;
	puts(" Security Options:");
	json_for_each (item, list) {
		CLEANUP(strv_clear) struct strv parts = STRV_INIT;

		strv_split(&parts, json_str(item) != NULL ? json_str(item) : "", ",");
		strv_for_each (it, &parts) {
			const char *name = str_skip(*it, "name=");
			const char *profile = str_skip(*it, "profile=");

			if (name != NULL)
				printf("  %s\n", name);
			else if (profile != NULL)
				printf("   Profile: %s\n", profile);
		}
	}
}

static void print_host(const struct json *v)
{
	char mem[UNITS_SIZE];

	line("Kernel Version", json_get_str(v, "KernelVersion"));
	line("Operating System", json_get_str(v, "OperatingSystem"));
	line("OSType", json_get_str(v, "OSType"));
	line("Architecture", json_get_str(v, "Architecture"));
	number(v, "CPUs", "NCPU");
	printf(" Total Memory: %s\n", units_bytes((double)json_get_i64(v, "MemTotal", 0), mem));
	line("Name", json_get_str(v, "Name"));
	line("ID", json_get_str(v, "ID"));
	line("Docker Root Dir", json_get_str(v, "DockerRootDir"));
	flag(v, "Debug Mode", "Debug");
	line("HTTP Proxy", json_get_str(v, "HttpProxy"));
	line("HTTPS Proxy", json_get_str(v, "HttpsProxy"));
	line("No Proxy", json_get_str(v, "NoProxy"));
	if (json_len(json_get(v, "Labels")) > 0) {
		puts(" Labels:");
		json_for_each (item, json_get(v, "Labels"))
			printf("  %s\n", json_str(item));
	}
	flag(v, "Experimental", "ExperimentalBuild");
	puts(" Insecure Registries:");
	json_for_each (m, json_path(v, "RegistryConfig", "IndexConfigs", NULL))
		if (!json_get_bool(m, "Secure", true))
			printf("  %s\n", json_key(m));
	json_for_each (item, json_path(v, "RegistryConfig", "InsecureRegistryCIDRs", NULL))
		printf("  %s\n", json_str(item));
	if (json_len(json_path(v, "RegistryConfig", "Mirrors", NULL)) > 0) {
		puts(" Registry Mirrors:");
		json_for_each (item, json_path(v, "RegistryConfig", "Mirrors", NULL))
			printf("  %s\n", json_str(item));
	}
	flag(v, "Live Restore Enabled", "LiveRestoreEnabled");
	line("Product License", json_get_str(v, "ProductLicense"));
	puts("");
	fflush(stdout);
	json_for_each (item, json_get(v, "Warnings"))
		fprintf(stderr, "%s\n", json_str(item));
}

static void print_info(const struct json *v)
{
	puts("\nServer:");
	number(v, "Containers", "Containers");
	printf("  Running: %lld\n  Paused: %lld\n  Stopped: %lld\n",
	       (long long)json_get_i64(v, "ContainersRunning", 0),
	       (long long)json_get_i64(v, "ContainersPaused", 0),
	       (long long)json_get_i64(v, "ContainersStopped", 0));
	number(v, "Images", "Images");
	line("Server Version", text(v, "ServerVersion"));
	print_driver(v);
	print_security(json_get(v, "SecurityOptions"));
	print_host(v);
}

/* the engine's answer, or NULL, with what the client is */
static struct json *with_client(const struct docker_cli *cli, const struct json *v, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json *all = NULL;
	struct json_w w;

	jw_init(&w, &b);
	jw_obj(&w);
	json_for_each (m, v) {
		jw_key(&w, json_key(m));
		jw_tree(&w, m);
	}
	jw_kobj(&w, "ClientInfo");
	jw_kbool(&w, "Debug", cli->debug);
	docker_write_client(&w, cli->client);
	jw_karr(&w, "Plugins");
	jw_end(&w);
	jw_knull(&w, "Warnings");
	jw_end(&w);
	jw_end(&w);
	return json_parse(b.data, b.len, &all, e) < 0 ? NULL : all;
}

/* without an engine, what the template has of the client is enough */
static int info_format(struct docker_cli *cli, const char *format, struct err *e)
{
	static const struct docker_root root = {"", "system.dockerInfo", NULL, NULL};
	CLEANUP(json_freep) struct json *v = NULL;
	CLEANUP(json_freep) struct json *all = NULL;
	struct err later;
	int failed = docker_call(cli, "GET", xstrdup("/info"), &v, e) < 0, bad;

	all = with_client(cli, v, &later);
	bad = all == NULL || docker_format_tree(&root, format, all, &later) < 0;
	if (bad)
		puts("");
	if (failed)
		return bad || strstr(format, ".ClientInfo") == NULL ? -1 : 0;
	if (bad)
		*e = later;
	return bad ? -1 : 0;
}

static int info_main(struct docker_cli *cli, void *conf, int argc UNUSED, char **argv UNUSED)
{
	const struct info_conf *c = conf;
	CLEANUP(json_freep) struct json *v = NULL;
	struct err e;
	int failed;

	if (docker_check_format(&docker_root_inspect, c->format) != 0)
		return DOCKER_EXIT_FORMAT;
	if (c->format != NULL)
		return info_format(cli, c->format, &e) < 0 ? docker_fail(&e) : 0;
	failed = docker_call(cli, "GET", xstrdup("/info"), &v, &e) < 0;
	printf("Client: thimble\n Version:    " DOCKER_CLIENT_VERSION
	       "\n Context:    %s\n Debug Mode: %s\n",
	       cli->client != NULL ? client_context(cli->client) : "default",
	       cli->debug ? "true" : "false");
	if (failed) {
		puts("\nServer:");
		return docker_fail(&e);
	}
	print_info(v);
	return 0;
}

static const struct opt info_opts[] = {
	{'f', "format", OPT_STR, offsetof(struct info_conf, format), "string",
	 "Format output using a custom template: json, TEMPLATE", NULL},
	{0},
};

const struct docker_cmd docker_info_cmd = {
	.args = "[OPTIONS]",
	.about = "Display system-wide information",
	.opts = info_opts,
	.conf_size = sizeof(struct info_conf),
	.run = info_main,
};
