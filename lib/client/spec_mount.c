// SPDX-License-Identifier: MIT
/* Mount specifications: -v and --mount (the CLI's opts/mount.go). */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "client/spec.h"

/* "./x" and "x/y" are paths seen from here; a plain name is a volume */
static char *absolute(const char *path)
{
	CLEANUP(freep) char *cwd = NULL;
	CLEANUP(freep) char *joined = NULL;

	if (*path == '/')
		return path_clean(path);
	cwd = getcwd(NULL, 0);
	joined = path_join(cwd != NULL ? cwd : "/", path);
	return path_clean(joined);
}

int spec_volume(const char *text, char **ret_bind, char **ret_volume, struct err *e)
{
	const char *colon = strchr(text, ':');
	CLEANUP(freep) char *src = NULL;

	*ret_bind = NULL;
	*ret_volume = NULL;
	if (*text == 0)
		return err_set(e, ERR_INVALID, 0, "invalid empty volume spec");
	if (colon == NULL) {
		*ret_volume = xstrdup(text);
		return 0;
	}
	if (colon == text || colon[1] == 0)
		return err_set(e, ERR_INVALID, 0, "invalid spec: %s: empty section between colons",
			       text);
	src = xstrndup(text, (size_t)(colon - text));
	if (*src == '.') {
		CLEANUP(freep) char *abs = absolute(src);

		*ret_bind = xasprintf("%s%s", abs, colon);
	} else {
		*ret_bind = xstrdup(text);
	}
	return 0;
}

struct mount_conf {
	char *type, *src, *dst, *propagation, *driver, *consistency, *subpath, *mode,
		*image_subpath;
	bool read_only, no_copy, non_recursive, create_src, ro_top, ro_all;
	bool has_size;
	uint64_t size;
	struct strv labels, driver_opts;
};

static void mount_conf_clear(struct mount_conf *m)
{
	free(m->type);
	free(m->src);
	free(m->dst);
	free(m->propagation);
	free(m->driver);
	free(m->consistency);
	free(m->subpath);
	free(m->mode);
	free(m->image_subpath);
	strv_clear(&m->labels);
	strv_clear(&m->driver_opts);
}

static const struct {
	const char *key;
	size_t offset;
} text_keys[] = {
	{"type", offsetof(struct mount_conf, type)},
	{"source", offsetof(struct mount_conf, src)},
	{"src", offsetof(struct mount_conf, src)},
	{"target", offsetof(struct mount_conf, dst)},
	{"destination", offsetof(struct mount_conf, dst)},
	{"dst", offsetof(struct mount_conf, dst)},
	{"bind-propagation", offsetof(struct mount_conf, propagation)},
	{"consistency", offsetof(struct mount_conf, consistency)},
	{"volume-driver", offsetof(struct mount_conf, driver)},
	{"volume-subpath", offsetof(struct mount_conf, subpath)},
	{"tmpfs-mode", offsetof(struct mount_conf, mode)},
	{"image-subpath", offsetof(struct mount_conf, image_subpath)},
};

static const struct {
	const char *key;
	size_t offset;
} flag_keys[] = {
	{"readonly", offsetof(struct mount_conf, read_only)},
	{"ro", offsetof(struct mount_conf, read_only)},
	{"volume-nocopy", offsetof(struct mount_conf, no_copy)},
	{"bind-nonrecursive", offsetof(struct mount_conf, non_recursive)},
	{"bind-create-src", offsetof(struct mount_conf, create_src)},
};

static int mount_key(struct mount_conf *m, const char *key, const char *value, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(flag_keys); i++)
		if (strcmp(key, flag_keys[i].key) == 0) {
			bool *to = (bool *)((char *)m + flag_keys[i].offset);

			if (value == NULL)
				*to = true;
			else if (str_bool(value, to) < 0)
				return err_set(e, ERR_INVALID, 0, "invalid value for %s: %s", key,
					       value);
			return 0;
		}
	if (value == NULL)
		return err_set(e, ERR_INVALID, 0, "invalid field '%s' must be a key=value pair",
			       key);
	for (size_t i = 0; i < ARRAY_LEN(text_keys); i++)
		if (strcmp(key, text_keys[i].key) == 0) {
			str_replace_ptr((char **)((char *)m + text_keys[i].offset), value);
			return 0;
		}
	if (strcmp(key, "volume-label") == 0) {
		strv_add(&m->labels, value);
	} else if (strcmp(key, "volume-opt") == 0) {
		strv_add(&m->driver_opts, value);
	} else if (strcmp(key, "tmpfs-size") == 0) {
		if (str_size(value, &m->size) < 0)
			return err_set(e, ERR_INVALID, 0, "invalid value for %s: %s", key, value);
		m->has_size = true;
	} else if (strcmp(key, "bind-recursive") == 0) {
		m->non_recursive = strcmp(value, "disabled") == 0;
		m->ro_top = strcmp(value, "writable") == 0;
		m->ro_all = strcmp(value, "readonly") == 0;
		if (!m->non_recursive && !m->ro_top && !m->ro_all && strcmp(value, "enabled") != 0)
			return err_set(e, ERR_INVALID, 0,
				       "invalid value for %s: %s (must be \"enabled\", "
				       "\"disabled\", \"writable\", or \"readonly\")",
				       key, value);
	} else {
		return err_set(e, ERR_INVALID, 0, "unexpected key '%s' in '%s=%s'", key, key,
			       value);
	}
	return 0;
}

/* "a=b" items as an object of strings */
static void write_pairs(struct json_w *w, const char *key, const struct strv *pairs)
{
	if (pairs->len == 0)
		return;
	jw_kobj(w, key);
	strv_for_each (it, pairs) {
		CLEANUP(freep) char *name = xstrndup(*it, strcspn(*it, "="));
		const char *eq = strchr(*it, '=');

		jw_kstr(w, name, eq != NULL ? eq + 1 : "");
	}
	jw_end(w);
}

static void write_bind_options(const struct mount_conf *m, struct json_w *w)
{
	if (m->propagation == NULL && !m->non_recursive && !m->create_src && !m->ro_top &&
	    !m->ro_all)
		return;
	jw_kobj(w, "BindOptions");
	if (m->propagation != NULL)
		jw_kstr(w, "Propagation", m->propagation);
	if (m->non_recursive)
		jw_kbool(w, "NonRecursive", true);
	if (m->create_src)
		jw_kbool(w, "CreateMountpoint", true);
	if (m->ro_top)
		jw_kbool(w, "ReadOnlyNonRecursive", true);
	if (m->ro_all)
		jw_kbool(w, "ReadOnlyForceRecursive", true);
	jw_end(w);
}

static void write_volume_options(const struct mount_conf *m, struct json_w *w)
{
	if (!m->no_copy && m->labels.len == 0 && m->driver == NULL && m->driver_opts.len == 0 &&
	    m->subpath == NULL)
		return;
	jw_kobj(w, "VolumeOptions");
	if (m->no_copy)
		jw_kbool(w, "NoCopy", true);
	write_pairs(w, "Labels", &m->labels);
	if (m->subpath != NULL)
		jw_kstr(w, "Subpath", m->subpath);
	if (m->driver != NULL || m->driver_opts.len > 0) {
		jw_kobj(w, "DriverConfig");
		if (m->driver != NULL)
			jw_kstr(w, "Name", m->driver);
		write_pairs(w, "Options", &m->driver_opts);
		jw_end(w);
	}
	jw_end(w);
}

static void write_tmpfs_options(const struct mount_conf *m, struct json_w *w)
{
	if (!m->has_size && m->mode == NULL)
		return;
	jw_kobj(w, "TmpfsOptions");
	if (m->has_size)
		jw_ku64(w, "SizeBytes", m->size);
	if (m->mode != NULL)
		jw_ki64(w, "Mode", strtol(m->mode, NULL, 8));
	jw_end(w);
}

static int check_mount(struct mount_conf *m, struct err *e)
{
	if (m->type == NULL)
		m->type = xstrdup("volume");
	if (str_empty(m->dst))
		return err_set(e, ERR_INVALID, 0, "target is required");
	if (strcmp(m->type, "bind") == 0 && !str_empty(m->src)) {
		char *abs = *m->src == '.' ? absolute(m->src) : xstrdup(m->src);

		free(m->src);
		m->src = abs;
	}
	return 0;
}

int spec_mount(const char *text, struct json_w *w, struct err *e)
{
	CLEANUP(mount_conf_clear) struct mount_conf m = {0};
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;

	strv_split(&parts, text, ",");
	if (parts.len == 0)
		return err_set(e, ERR_INVALID, 0, "value is empty");
	strv_for_each (it, &parts) {
		char *eq = strchr(*it, '=');

		if (eq != NULL)
			*eq = 0;
		if (mount_key(&m, *it, eq != NULL ? eq + 1 : NULL, e) < 0)
			return -1;
	}
	if (check_mount(&m, e) < 0)
		return -1;
	jw_obj(w);
	jw_kstr(w, "Type", m.type);
	if (!str_empty(m.src))
		jw_kstr(w, "Source", m.src);
	jw_kstr(w, "Target", m.dst);
	if (m.read_only)
		jw_kbool(w, "ReadOnly", true);
	if (m.consistency != NULL)
		jw_kstr(w, "Consistency", m.consistency);
	write_bind_options(&m, w);
	write_volume_options(&m, w);
	write_tmpfs_options(&m, w);
	if (m.image_subpath != NULL) {
		jw_kobj(w, "ImageOptions");
		jw_kstr(w, "Subpath", m.image_subpath);
		jw_end(w);
	}
	jw_end(w);
	return 0;
}
