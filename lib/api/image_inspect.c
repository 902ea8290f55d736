// SPDX-License-Identifier: MIT
/*
 * GET /images/{name}/json. Until 1.49 the Config object had all fields of a
 * container's. (ContainerConfig, shown until 1.44 and long empty, is left out.)
 */
#include "api/api_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/resource.h"

static void write_set(struct json_w *w, const char *key, const struct strv *v)
{
	jw_kobj(w, key);
	strv_for_each (it, v) {
		jw_kobj(w, *it);
		jw_end(w);
	}
	jw_end(w);
}

static void write_health(struct json_w *w, const struct image_health *h)
{
	jw_kobj(w, "Healthcheck");
	if (h->test.len > 0)
		api_write_strs(w, "Test", &h->test, false);
	if (h->interval_nsec != 0)
		jw_ki64(w, "Interval", h->interval_nsec);
	if (h->timeout_nsec != 0)
		jw_ki64(w, "Timeout", h->timeout_nsec);
	if (h->start_period_nsec != 0)
		jw_ki64(w, "StartPeriod", h->start_period_nsec);
	if (h->start_interval_nsec != 0)
		jw_ki64(w, "StartInterval", h->start_interval_nsec);
	if (h->retries != 0)
		jw_ki64(w, "Retries", h->retries);
	jw_end(w);
}

/* What an image's configuration never had, but was shown */
static void write_container_fields(struct json_w *w)
{
	jw_kbool(w, "AttachStderr", false);
	jw_kbool(w, "AttachStdin", false);
	jw_kbool(w, "AttachStdout", false);
	jw_kstr(w, "Domainname", "");
	jw_kstr(w, "Hostname", "");
	jw_kstr(w, "Image", "");
	jw_kbool(w, "OpenStdin", false);
	jw_kbool(w, "StdinOnce", false);
	jw_kbool(w, "Tty", false);
}

static void write_config(struct json_w *w, const struct image_run_config *rc, bool old)
{
	jw_kobj(w, "Config");
	if (old)
		write_container_fields(w);
	if (rc->args_escaped)
		jw_kbool(w, "ArgsEscaped", true);
	api_write_strs(w, "Cmd", &rc->cmd, true);
	api_write_strs(w, "Entrypoint", &rc->entrypoint, true);
	api_write_strs(w, "Env", &rc->env, true);
	if (rc->exposed_ports.len > 0)
		write_set(w, "ExposedPorts", &rc->exposed_ports);
	if (rc->health != NULL)
		write_health(w, rc->health);
	api_write_strmap(w, "Labels", &rc->labels);
	api_write_strs(w, "OnBuild", &rc->onbuild, true);
	if (rc->shell.len > 0)
		api_write_strs(w, "Shell", &rc->shell, false);
	if (!str_empty(rc->stop_signal))
		jw_kstr(w, "StopSignal", rc->stop_signal);
	jw_kstr(w, "User", rc->user);
	if (rc->volumes.len > 0)
		write_set(w, "Volumes", &rc->volumes);
	else
		jw_knull(w, "Volumes");
	jw_kstr(w, "WorkingDir", rc->working_dir);
	jw_end(w);
}

static void write_time(struct json_w *w, const char *key, int64_t nsec)
{
	char text[TIME_RFC3339_SIZE];

	time_format(nsec, text);
	jw_kstr(w, key, text);
}

static void write_rootfs(struct json_w *w, const struct image_config *ic)
{
	jw_kobj(w, "RootFS");
	jw_kstr(w, "Type", "layers");
	if (ic->rootfs.diff_ids.len > 0)
		api_write_strs(w, "Layers", &ic->rootfs.diff_ids, true);
	jw_end(w);
}

static void write_inspect(const struct api_call *c, struct json_w *w, const struct image_info *i)
{
	const struct image_config *ic = i->image->config;

	jw_kstr(w, "Id", i->image->id);
	api_write_strs(w, "RepoTags", &i->tags, false);
	api_write_strs(w, "RepoDigests", &i->digests, false);
	jw_kstr(w, "Parent", i->parent);
	jw_kstr(w, "Comment",
		str_empty(ic->comment) && ic->history.len > 0
			? ic->history.items[ic->history.len - 1].comment
			: ic->comment);
	if (ic->created_nsec != 0 || c->version < API_VERSION(1, 44))
		write_time(w, "Created", ic->created_nsec);
	jw_kstr(w, "DockerVersion", ic->docker_version);
	jw_kstr(w, "Author", ic->author);
	jw_kstr(w, "Architecture", ic->architecture);
	if (!str_empty(ic->variant))
		jw_kstr(w, "Variant", ic->variant);
	jw_kstr(w, "Os", str_empty(ic->os) ? "linux" : ic->os);
	if (!str_empty(ic->os_version))
		jw_kstr(w, "OsVersion", ic->os_version);
	jw_ki64(w, "Size", i->image->size_bytes);
	if (c->version < API_VERSION(1, 44))
		jw_ki64(w, "VirtualSize", i->image->size_bytes);
	write_config(w, &ic->config, c->version < API_VERSION(1, 50));
}

/* What the driver knows of the top layer. */
static void write_driver(const struct api_call *c, struct json_w *w)
{
	CLEANUP(engine_info_clear) struct engine_info info = {0};

	engine_info(c->en, &info);
	jw_kobj(w, "GraphDriver");
	jw_knull(w, "Data");
	jw_kstr(w, "Name", info.driver);
	jw_end(w);
}

int image_inspect(struct api_call *c, struct err *e)
{
	struct image_store *store = engine_images(c->en);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct image_info i = {0};
	struct json_w w;

	if (image_store_info(store, c->name, &i, e) < 0)
		return -1;
	jw_init(&w, &b);
	jw_obj(&w);
	write_inspect(c, &w, &i);
	write_driver(c, &w);
	write_rootfs(&w, i.image->config);
	jw_kobj(&w, "Metadata");
	write_time(&w, "LastTagTime", i.last_tagged_nsec);
	jw_end(&w);
	jw_end(&w);
	image_info_clear(store, &i);
	return call_json(c, 200, &b, e);
}
