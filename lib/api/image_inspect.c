// SPDX-License-Identifier: MIT
/*
 * GET /images/{name}/json. Until 1.49 the Config object had all fields of a
 * container's, until 1.44 there was what a commit had found, too.
 */
#include "api/api_internal.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "engine/resource.h"
#include "json/json.h"
#include "storage/layer.h"

static void write_set(struct json_w *w, const char *key, const struct strv *v)
{
	jw_kobj(w, key);
	strv_for_each (it, v) {
		jw_kobj(w, *it);
		jw_end(w);
	}
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
	if (rc->health != NULL) {
		jw_key(w, "Healthcheck");
		json_unbind(w, &image_health_json, rc->health);
	}
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

static void write_container_config(struct json_w *w, const struct image *img)
{
	const struct docker_config none = {0};
	CLEANUP(json_freep) struct json *v = NULL;
	const struct json *was = NULL;
	struct err ignored;

	if (json_parse(img->json, img->n_json, &v, &ignored) == 0)
		was = json_get(v, "container_config");
	jw_key(w, "ContainerConfig");
	if (was != NULL)
		jw_tree(w, was);
	else
		json_unbind(w, &docker_config_json, &none);
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
	if (c->version < API_VERSION(1, 45))
		write_container_config(w, i->image);
}

/* What the driver knows of the top layer. */
static void write_driver(const struct api_call *c, struct json_w *w, const struct image *img)
{
	CLEANUP(engine_info_clear) struct engine_info info = {0};
	CLEANUP(strv_clear) struct strv pairs = STRV_INIT;
	struct err ignored;
	int r;

	engine_info(c->en, &info);
	r = storage_layer_graph_data(image_store_storage(engine_images(c->en)), img->chain_id,
				     &pairs, &ignored);
	jw_kobj(w, "GraphDriver");
	jw_key(w, "Data");
	if (r < 0 || pairs.len == 0) {
		jw_null(w);
	} else {
		jw_obj(w);
		for (size_t i = 0; i + 1 < pairs.len; i += 2)
			jw_kstr(w, pairs.items[i], pairs.items[i + 1]);
		jw_end(w);
	}
	jw_kstr(w, "Name", info.driver);
	jw_end(w);
}

int image_inspect(struct api_call *c, struct err *e)
{
	struct image_store *store = engine_images(c->en);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct image_info i = {0};
	struct json_w w;

	if (c->version >= API_VERSION(1, 49) && call_bool(c, "manifests") &&
	    call_get(c, "platform")[0] != '\0')
		return err_set(e, ERR_INVALID, 0,
			       "conflicting options: manifests and platform options cannot both be "
			       "set");
	if (call_image_platform(c, "platform", API_VERSION(1, 49), e) < 0 ||
	    image_store_info(store, c->name, &i, e) < 0)
		return -1;
	jw_init(&w, &b);
	jw_obj(&w);
	write_inspect(c, &w, &i);
	write_driver(c, &w, i.image);
	write_rootfs(&w, i.image->config);
	jw_kobj(&w, "Metadata");
	write_time(&w, "LastTagTime", i.last_tagged_nsec);
	jw_end(&w);
	jw_end(&w);
	image_info_clear(store, &i);
	return call_json(c, 200, &b, e);
}
