// SPDX-License-Identifier: MIT
/*
 * Options of the log drivers json-file and local (--log-opt): checked when a container is
 * made, turned into the shim's settings when it starts. What Docker knows and
 * is not here is refused rather than ignored.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/str.h"
#include "container/config.h"
#include "engine/engine_internal.h"

#define MAX_BYTES_DEFAULT	(10 * 1000 * 1000) /* Docker: unlimited, which fills disks */
#define MAX_FILES_DEFAULT	3
#define LOCAL_MAX_BYTES_DEFAULT (20 * 1000 * 1000)
#define LOCAL_MAX_FILES_DEFAULT 5
#define MAX_FILES_LIMIT		1000

static const char *option(const struct container *c, const char *name)
{
	return json_strmap_get(&c->host.log_config.config, name);
}

static int check_one(bool local, const char *key, const char *value, struct err *e)
{
	static const char *const absent[] = {"tag", "labels-regex", "env-regex", "mode",
					     "max-buffer-size"};
	uint64_t n;
	bool b;

	if (str_eq(key, "max-size")) {
		if (!str_eq(value, "-1") && (str_size(value, &n) < 0 || n == 0))
			return err_set(e, ERR_INVALID, 0, "invalid value for max-size: %s", value);
	} else if (str_eq(key, "max-file")) {
		if (str_u64(value, MAX_FILES_LIMIT, &n) < 0 || n == 0)
			return err_set(e, ERR_INVALID, 0,
				       "max-file cannot be less than 1 or more than %d: %s",
				       MAX_FILES_LIMIT, value);
	} else if (str_eq(key, "compress")) {
		if (str_bool(value, &b) < 0)
			return err_set(e, ERR_INVALID, 0, "invalid value for compress: %s", value);
		if (b)
			return err_set(e, ERR_UNIMPLEMENTED, 0,
				       "rotated logs are not compressed: leave out the log "
				       "option compress");
	} else if (local || (!str_eq(key, "labels") && !str_eq(key, "env"))) {
		for (size_t i = 0; i < ARRAY_LEN(absent); i++)
			if (!local && str_eq(key, absent[i]))
				return err_set(e, ERR_UNIMPLEMENTED, 0,
					       "the log option %s is not supported", key);
		return err_set(e, ERR_INVALID, 0, "unknown log opt '%s' for %s log driver", key,
			       local ? "local" : "json-file");
	}
	return 0;
}

int log_check(const struct container *c, struct err *e)
{
	const struct docker_log_config *lc = &c->host.log_config;
	bool local = str_eq(lc->type, "local");

	if (str_eq(lc->type, "none"))
		return 0;
	if (!local && !str_eq(lc->type, "json-file"))
		return err_set(e, ERR_UNIMPLEMENTED, 0,
			       "logger: no log driver named '%s' is registered (json-file, local "
			       "and none are)",
			       lc->type);
	for (size_t i = 0; i < lc->config.len; i++)
		if (check_one(local, lc->config.items[i].key, lc->config.items[i].value, e) < 0)
			return -1;
	return 0;
}

/* the labels and variables named by --log-opt labels= and env=, as the attrs object of each line;
 * NULL without any */
static char *attributes(const struct container *c)
{
	CLEANUP(strv_clear) struct strv labels = STRV_INIT;
	CLEANUP(strv_clear) struct strv env = STRV_INIT;
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct json_w w;
	size_t n = 0;

	strv_split(&labels, option(c, "labels") != NULL ? option(c, "labels") : "", ",");
	strv_split(&env, option(c, "env") != NULL ? option(c, "env") : "", ",");
	jw_init(&w, &text);
	jw_obj(&w);
	for (size_t i = 0; i < labels.len; i++) {
		const char *value = json_strmap_get(&c->config.labels, labels.items[i]);

		if (value != NULL && ++n > 0)
			jw_kstr(&w, labels.items[i], value);
	}
	for (size_t i = 0; i < env.len; i++) {
		const char *value = strv_env_get(&c->config.env, env.items[i]);

		if (value != NULL && ++n > 0)
			jw_kstr(&w, env.items[i], value);
	}
	jw_end(&w);
	return n > 0 ? buf_detach(&text) : NULL;
}

char *log_path(struct engine *en, const struct container *c)
{
	CLEANUP(freep) char *dir = container_dir(en, c);

	return str_eq(c->host.log_config.type, "local") ? path_join(dir, "local-logs/container.log")
							: xasprintf("%s/%s-json.log", dir, c->id);
}

void log_settings(struct engine *en, const struct container *c, struct container_log *ret)
{
	CLEANUP(freep) char *dir = NULL;
	const char *size = option(c, "max-size"), *files = option(c, "max-file");
	bool local = str_eq(c->host.log_config.type, "local");
	uint64_t n;

	ret->driver = xstrdup(c->host.log_config.type);
	ret->path = log_path(en, c);
	ret->max_bytes = local ? LOCAL_MAX_BYTES_DEFAULT : MAX_BYTES_DEFAULT;
	if (str_eq(size, "-1"))
		ret->max_bytes = 0;
	else if (size != NULL && str_size(size, &n) == 0)
		ret->max_bytes = n;
	ret->max_files = local ? LOCAL_MAX_FILES_DEFAULT : MAX_FILES_DEFAULT;
	if (files != NULL && str_u64(files, MAX_FILES_LIMIT, &n) == 0)
		ret->max_files = (int)n;
	ret->attrs = local ? NULL : attributes(c);
	if (local) {
		*strrchr(dir = xstrdup(ret->path), '/') = '\0';
		(void)mkdir(dir, 0700);
	}
}
