// SPDX-License-Identifier: MIT
/* /_ping, /version, /info, /auth. */
#include <sys/utsname.h>

#include "api/api_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"

#define INDEX_SERVER "https://index.docker.io/v1/"

int sys_ping(struct api_call *c, struct err *e)
{
	struct http_headers *h = http_conn_headers(c->conn);
	bool head = str_eq(c->rq->method, "HEAD");

	http_headers_set(h, "Builder-Version", "1");
	http_headers_set(h, "Cache-Control", "no-cache, no-store, must-revalidate");
	http_headers_set(h, "Pragma", "no-cache");
	http_headers_set(h, "Swarm", "inactive");
	return http_conn_respond(c->conn, 200, API_TEXT, "OK", head ? 0 : 2, e);
}

/* Go's name of this machine's architecture */
static const char *go_arch(const char *machine)
{
	static const char *const names[][2] = {
		{"x86_64", "amd64"}, {"aarch64", "arm64"},   {"armv7l", "arm"},
		{"armv6l", "arm"},   {"riscv64", "riscv64"}, {"ppc64le", "ppc64le"},
		{"s390x", "s390x"},  {"i686", "386"},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(machine, names[i][0]))
			return names[i][1];
	return machine;
}

static void write_component(struct json_w *w, const struct utsname *u)
{
	jw_karr(w, "Components");
	jw_obj(w);
	jw_kstr(w, "Name", "Engine");
	jw_kstr(w, "Version", ENGINE_VERSION);
	jw_kobj(w, "Details");
	jw_kstr(w, "ApiVersion", ENGINE_API_VERSION);
	jw_kstr(w, "Arch", go_arch(u->machine));
	jw_kstr(w, "Experimental", "false");
	jw_kstr(w, "KernelVersion", u->release);
	jw_kstr(w, "MinAPIVersion", ENGINE_API_MIN_VERSION);
	jw_kstr(w, "Os", "linux");
	jw_end(w);
	jw_end(w);
	jw_end(w);
}

int sys_version(struct api_call *c, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct utsname u = {0};
	struct json_w w;

	uname(&u);
	jw_init(&w, &b);
	jw_obj(&w);
	jw_kobj(&w, "Platform");
	jw_kstr(&w, "Name", "thimble");
	jw_end(&w);
	write_component(&w, &u);
	jw_kstr(&w, "Version", ENGINE_VERSION);
	jw_kstr(&w, "ApiVersion", ENGINE_API_VERSION);
	jw_kstr(&w, "MinAPIVersion", ENGINE_API_MIN_VERSION);
	jw_kstr(&w, "GitCommit", "");
	jw_kstr(&w, "GoVersion", "");
	jw_kstr(&w, "Os", "linux");
	jw_kstr(&w, "Arch", go_arch(u.machine));
	jw_kstr(&w, "KernelVersion", u.release);
	jw_kstr(&w, "BuildTime", "");
	jw_end(&w);
	return call_json(c, 200, &b, e);
}

static void write_list(struct json_w *w, const char *key, const char *const *items)
{
	jw_karr(w, key);
	for (; *items != NULL; items++)
		jw_str(w, *items);
	jw_end(w);
}

/* [["key","value"],…] */
static void write_driver_status(struct json_w *w, const struct strv *v)
{
	if (v->len < 2) {
		jw_knull(w, "DriverStatus");
		return;
	}
	jw_karr(w, "DriverStatus");
	for (size_t i = 0; i + 1 < v->len; i += 2) {
		jw_arr(w);
		jw_str(w, v->items[i]);
		jw_str(w, v->items[i + 1]);
		jw_end(w);
	}
	jw_end(w);
}

static void write_index(struct json_w *w, const char *name, const struct strv *mirrors,
			bool official, bool secure)
{
	jw_kobj(w, name);
	jw_karr(w, "Mirrors");
	if (mirrors != NULL)
		strv_for_each (it, mirrors)
			jw_str(w, *it);
	jw_end(w);
	jw_kstr(w, "Name", name);
	jw_kbool(w, "Official", official);
	jw_kbool(w, "Secure", secure);
	jw_end(w);
}

static void write_registries(const struct api_call *c, struct json_w *w,
			     const struct engine_info *i)
{
	jw_kobj(w, "RegistryConfig");
	if (c->version < API_VERSION(1, 47)) {
		jw_knull(w, "AllowNondistributableArtifactsCIDRs");
		jw_knull(w, "AllowNondistributableArtifactsHostnames");
	}
	jw_kobj(w, "IndexConfigs");
	write_index(w, "docker.io", &i->mirrors, true, true);
	strv_for_each (it, &i->insecure_hosts)
		write_index(w, *it, NULL, false, false);
	jw_end(w);
	jw_karr(w, "InsecureRegistryCIDRs");
	strv_for_each (it, &i->insecure_cidrs)
		jw_str(w, *it);
	jw_str(w, "::1/128");
	jw_str(w, "127.0.0.0/8");
	jw_end(w);
	api_write_strs(w, "Mirrors", &i->mirrors, true);
	jw_end(w);
}

static void write_plugins(struct json_w *w)
{
	static const char *const volume[] = {"local", NULL};
	static const char *const network[] = {"bridge", "host", "null", NULL};
	static const char *const log[] = {"journald", "json-file", "local", "syslog", NULL};

	jw_kobj(w, "Plugins");
	write_list(w, "Volume", volume);
	write_list(w, "Network", network);
	jw_knull(w, "Authorization");
	write_list(w, "Log", log);
	jw_end(w);
}

static void write_counts(struct json_w *w, const struct engine_info *i)
{
	jw_kstr(w, "ID", i->id);
	jw_ku64(w, "Containers", i->containers);
	jw_ku64(w, "ContainersRunning", i->running);
	jw_ku64(w, "ContainersPaused", i->paused);
	jw_ku64(w, "ContainersStopped", i->stopped);
	jw_ku64(w, "Images", i->images);
	jw_kstr(w, "Driver", i->driver);
	write_driver_status(w, &i->driver_status);
	write_plugins(w);
}

static void write_features(struct json_w *w, const struct engine_info *i)
{
	char now[TIME_RFC3339_SIZE];

	time_format(time_now_nsec(), now);
	jw_kbool(w, "MemoryLimit", i->memory_limit);
	jw_kbool(w, "SwapLimit", i->swap_limit);
	jw_kbool(w, "CpuCfsPeriod", i->cpu_cfs);
	jw_kbool(w, "CpuCfsQuota", i->cpu_cfs);
	jw_kbool(w, "CPUShares", i->cpu_shares);
	jw_kbool(w, "CPUSet", i->cpuset);
	jw_kbool(w, "PidsLimit", i->pids_limit);
	jw_kbool(w, "IPv4Forwarding", true);
	jw_kbool(w, "Debug", i->debug);
	jw_ku64(w, "NFd", i->n_fd);
	jw_kbool(w, "OomKillDisable", false);
	jw_ku64(w, "NGoroutines", i->n_threads);
	jw_kstr(w, "SystemTime", now);
	jw_kstr(w, "LoggingDriver", i->logging_driver);
	jw_kstr(w, "CgroupDriver", i->cgroup_driver);
	jw_kstr(w, "CgroupVersion", i->cgroup_version);
	jw_ku64(w, "NEventsListener", i->n_listeners);
}

static void write_host(const struct api_call *c, struct json_w *w, const struct engine_info *i)
{
	jw_kstr(w, "KernelVersion", i->kernel_version);
	jw_kstr(w, "OperatingSystem", i->operating_system);
	jw_kstr(w, "OSVersion", i->os_version);
	jw_kstr(w, "OSType", "linux");
	jw_kstr(w, "Architecture", i->architecture);
	jw_kstr(w, "IndexServerAddress", INDEX_SERVER);
	write_registries(c, w, i);
	jw_ki64(w, "NCPU", i->ncpu);
	jw_ki64(w, "MemTotal", i->mem_total_bytes);
	jw_knull(w, "GenericResources");
	jw_kstr(w, "DockerRootDir", i->data_root);
	jw_kstr(w, "HttpProxy", i->http_proxy);
	jw_kstr(w, "HttpsProxy", i->https_proxy);
	jw_kstr(w, "NoProxy", i->no_proxy);
	jw_kstr(w, "Name", i->name);
	api_write_strs(w, "Labels", &i->labels, false);
	jw_kbool(w, "ExperimentalBuild", i->experimental);
	jw_kstr(w, "ServerVersion", ENGINE_VERSION);
}

static void write_commit(struct json_w *w, const char *key)
{
	jw_kobj(w, key);
	jw_kstr(w, "ID", "");
	jw_end(w);
}

static void write_runtime(struct json_w *w, const char *name)
{
	jw_kobj(w, name);
	jw_kstr(w, "path", "runc");
	jw_end(w);
}

static void write_rest(struct json_w *w, const struct engine_info *i)
{
	jw_kobj(w, "Runtimes");
	write_runtime(w, "io.containerd.runc.v2");
	write_runtime(w, "runc");
	jw_end(w);
	jw_kstr(w, "DefaultRuntime", "runc");
	jw_kobj(w, "Swarm");
	jw_kstr(w, "NodeID", "");
	jw_kstr(w, "NodeAddr", "");
	jw_kstr(w, "LocalNodeState", "inactive");
	jw_kbool(w, "ControlAvailable", false);
	jw_kstr(w, "Error", "");
	jw_knull(w, "RemoteManagers");
	jw_end(w);
	jw_kbool(w, "LiveRestoreEnabled", i->live_restore);
	jw_kstr(w, "Isolation", "");
	jw_kstr(w, "InitBinary", "docker-init");
	write_commit(w, "ContainerdCommit");
	write_commit(w, "RuncCommit");
	write_commit(w, "InitCommit");
	api_write_strs(w, "SecurityOptions", &i->security_options, false);
	jw_karr(w, "CDISpecDirs");
	jw_end(w);
	api_write_strs(w, "Warnings", &i->warnings, true);
}

int sys_info(struct api_call *c, struct err *e)
{
	CLEANUP(engine_info_clear) struct engine_info i = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	engine_info(c->en, &i);
	jw_init(&w, &b);
	jw_obj(&w);
	write_counts(&w, &i);
	write_features(&w, &i);
	write_host(c, &w, &i);
	write_rest(&w, &i);
	if (c->version < API_VERSION(1, 50)) {
		jw_kbool(&w, "BridgeNfIptables", false);
		jw_kbool(&w, "BridgeNfIp6tables", false);
	}
	jw_end(&w);
	return call_json(c, 200, &b, e);
}

static void take_auth(const struct json *body, struct registry_auth *a)
{
	a->username = xstrdup(json_str(json_get_fold(body, "username")));
	a->password = xstrdup(json_str(json_get_fold(body, "password")));
	a->server_address = xstrdup(json_str(json_get_fold(body, "serveraddress")));
	a->identity_token = xstrdup(json_str(json_get_fold(body, "identitytoken")));
	a->registry_token = xstrdup(json_str(json_get_fold(body, "registrytoken")));
}

int sys_auth(struct api_call *c, struct err *e)
{
	CLEANUP(registry_auth_clear) struct registry_auth auth = REGISTRY_AUTH_INIT;
	CLEANUP(registry_config_clear) struct registry_config config = {0};
	CLEANUP(json_freep) struct json *body = NULL;
	CLEANUP(freep) char *token = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	const char *status = NULL;
	struct json_w w;

	if (call_body(c, false, &body, e) < 0)
		return -1;
	if (json_kind(body) != JSON_OBJECT)
		return err_set(e, ERR_INVALID, 0, "invalid JSON: an object is needed");
	take_auth(body, &auth);
	engine_registries(c->en, &config);
	if (registry_login(&config, &auth, &status, &token, e) < 0)
		return -1;
	jw_init(&w, &b);
	jw_obj(&w);
	jw_kstr(&w, "IdentityToken", token != NULL ? token : "");
	jw_kstr(&w, "Status", status);
	jw_end(&w);
	return call_json(c, 200, &b, e);
}
