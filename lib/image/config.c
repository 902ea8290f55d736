// SPDX-License-Identifier: MIT
/*
 * The image configuration as JSON: image-spec config.md and Docker's
 * additions, read and written by binding tables. Bytes from registries are
 * hostile: counts are bounded and digests checked here, once.
 */
#include "image/config.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"

#define H(member, name, type) JSON_F(struct image_health, member, name, type, NULL, JSON_OMITEMPTY)
static const struct json_field health_fields[] = {
	H(test, "Test", JSON_B_STRV),
	H(interval_nsec, "Interval", JSON_B_INT64),
	H(timeout_nsec, "Timeout", JSON_B_INT64),
	H(start_period_nsec, "StartPeriod", JSON_B_INT64),
	H(start_interval_nsec, "StartInterval", JSON_B_INT64),
	H(retries, "Retries", JSON_B_INT64),
	{0},
};
const struct json_struct image_health_json = {"v1.HealthcheckConfig", sizeof(struct image_health),
					      health_fields};

#define R(member, name, type, sub) \
	JSON_F(struct image_run_config, member, name, type, sub, JSON_OMITEMPTY)
static const struct json_field run_config_fields[] = {
	R(user, "User", JSON_B_STR, NULL),
	R(exposed_ports, "ExposedPorts", JSON_B_SET, NULL),
	R(env, "Env", JSON_B_STRV, NULL),
	R(entrypoint, "Entrypoint", JSON_B_STRV_OR_STR, NULL),
	R(cmd, "Cmd", JSON_B_STRV_OR_STR, NULL),
	R(volumes, "Volumes", JSON_B_SET, NULL),
	R(working_dir, "WorkingDir", JSON_B_STR, NULL),
	R(labels, "Labels", JSON_B_STRMAP, NULL),
	R(stop_signal, "StopSignal", JSON_B_STR, NULL),
	R(args_escaped, "ArgsEscaped", JSON_B_BOOL, NULL),
	R(health, "Healthcheck", JSON_B_STRUCT_PTR, &image_health_json),
	R(onbuild, "OnBuild", JSON_B_STRV, NULL),
	R(shell, "Shell", JSON_B_STRV, NULL),
	{0},
};
const struct json_struct image_run_config_json = {
	"v1.DockerOCIImageConfig", sizeof(struct image_run_config), run_config_fields};

#define Y(member, name, type, flags) JSON_F(struct image_history, member, name, type, NULL, flags)
static const struct json_field history_fields[] = {
	Y(created_nsec, "created", JSON_B_TIME, JSON_OMITEMPTY),
	Y(created_by, "created_by", JSON_B_STR, JSON_OMITEMPTY),
	Y(author, "author", JSON_B_STR, JSON_OMITEMPTY),
	Y(comment, "comment", JSON_B_STR, JSON_OMITEMPTY),
	Y(empty_layer, "empty_layer", JSON_B_BOOL, JSON_OMITEMPTY),
	{0},
};
const struct json_struct image_history_json = {"image.History", sizeof(struct image_history),
					       history_fields};

static const struct json_field rootfs_fields[] = {
	JSON_F(struct image_rootfs, type, "type", JSON_B_STR, NULL, 0),
	JSON_F(struct image_rootfs, diff_ids, "diff_ids", JSON_B_STRV, NULL, JSON_OMITEMPTY),
	{0},
};
static const struct json_struct rootfs_json = {"image.RootFS", sizeof(struct image_rootfs),
					       rootfs_fields};

#define C(member, name, type, sub, flags) \
	JSON_F(struct image_config, member, name, type, sub, flags)
static const struct json_field config_fields[] = {
	C(architecture, "architecture", JSON_B_STR, NULL, 0),
	C(author, "author", JSON_B_STR, NULL, JSON_OMITEMPTY),
	C(comment, "comment", JSON_B_STR, NULL, JSON_OMITEMPTY),
	C(config, "config", JSON_B_STRUCT, &image_run_config_json, 0),
	C(created_nsec, "created", JSON_B_TIME, NULL, 0),
	C(docker_version, "docker_version", JSON_B_STR, NULL, JSON_OMITEMPTY),
	C(history, "history", JSON_B_STRUCT_ARR, &image_history_json, JSON_OMITEMPTY),
	C(os, "os", JSON_B_STR, NULL, 0),
	C(os_version, "os.version", JSON_B_STR, NULL, JSON_OMITEMPTY),
	C(rootfs, "rootfs", JSON_B_STRUCT, &rootfs_json, 0),
	C(variant, "variant", JSON_B_STR, NULL, JSON_OMITEMPTY),
	{0},
};
const struct json_struct image_config_json = {"image.Image", sizeof(struct image_config),
					      config_fields};

struct image_config *image_config_new(void)
{
	struct image_config *c = xcalloc(1, sizeof(*c));

	c->rootfs.type = xstrdup("layers");
	return c;
}

void image_config_free(struct image_config *c)
{
	if (c == NULL)
		return;
	json_struct_clear(&image_config_json, c);
	free(c);
}

void image_config_freep(struct image_config **c)
{
	image_config_free(*c);
}

void image_run_config_clear(struct image_run_config *rc)
{
	json_struct_clear(&image_run_config_json, rc);
}

void image_run_config_copy(struct image_run_config *dst, const struct image_run_config *src)
{
	json_struct_clear(&image_run_config_json, dst);
	json_struct_copy(&image_run_config_json, dst, src);
}

static int check_config(const struct image_config *c, struct err *e)
{
	if (!str_eq(c->rootfs.type, "layers"))
		return err_set(e, ERR_INVALID, 0,
			       "invalid image configuration: no rootfs of type "
			       "layers");
	if (c->rootfs.diff_ids.len > IMAGE_LAYERS_MAX)
		return err_set(e, ERR_INVALID, 0, "image has %zu layers, more than %d",
			       c->rootfs.diff_ids.len, IMAGE_LAYERS_MAX);
	if (c->history.len > IMAGE_HISTORY_MAX)
		return err_set(e, ERR_INVALID, 0, "image has %zu history entries, more than %d",
			       c->history.len, IMAGE_HISTORY_MAX);
	strv_for_each (it, &c->rootfs.diff_ids)
		if (!digest_ok(*it))
			return err_set(e, ERR_INVALID, 0,
				       "invalid image configuration: bad diff id");
	return 0;
}

int image_config_parse(const void *p, size_t n, struct image_config **ret, struct err *e)
{
	CLEANUP(image_config_freep) struct image_config *c = xcalloc(1, sizeof(*c));

	if (n > IMAGE_CONFIG_MAX_BYTES)
		return err_set(e, ERR_INVALID, 0, "image configuration of %zu bytes is too large",
			       n);
	if (json_bind_text(p, n, &image_config_json, c, e) < 0)
		return err_wrap(e, "invalid image configuration");
	if (check_config(c, e) < 0)
		return -1;
	*ret = TAKE(c);
	return 0;
}

void image_config_write(const struct image_config *c, struct buf *out)
{
	struct json_w w;

	jw_init(&w, out);
	json_unbind(&w, &image_config_json, c);
}

void image_run_config_write(const struct image_run_config *rc, struct buf *out)
{
	struct json_w w;

	jw_init(&w, out);
	json_unbind(&w, &image_run_config_json, rc);
}

void image_config_add_history(struct image_config *c, int64_t created_nsec, const char *created_by,
			      const char *comment, bool empty_layer)
{
	struct image_history *h = json_array_add(&c->history, &image_history_json);

	h->created_nsec = created_nsec;
	h->created_by = xstrdup(created_by);
	h->comment = xstrdup(comment);
	h->empty_layer = empty_layer;
}
