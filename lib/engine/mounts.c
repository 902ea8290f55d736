// SPDX-License-Identifier: MIT
/*
 * What a container mounts, from -v, --mount, --volumes-from and the image's
 * VOLUME lines, in Docker's order of precedence: --volumes-from, binds, mounts,
 * and last anonymous volumes where nothing else is mounted.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "engine/engine_internal.h"
#include "engine/types_internal.h"

#define T struct container_mount
const struct json_struct container_mount_json = {
	"MountPoint", sizeof(T),
	(const struct json_field[]){
		{"", JSON_B_INLINE, offsetof(T, point), &docker_mount_point_json, 0},
		F_OMIT(copy_up, "CopyUp", JSON_B_BOOL),
		F_OMIT(options, "TmpfsOptions", JSON_B_STR),
		F_OMIT(subpath, "Subpath", JSON_B_STR),
		F_OMIT(non_recursive, "NonRecursive", JSON_B_BOOL),
		F_OMIT(create_source, "CreateSource", JSON_B_BOOL),
		END,
	}};
#undef T

static struct container_mount *find(struct container *c, const char *destination)
{
	for (size_t i = 0; i < c->mounts.len; i++)
		if (str_eq(c->mounts.items[i].point.destination, destination))
			return &c->mounts.items[i];
	return NULL;
}

/* appends a mount for a destination; ERR_INVALID for a bad or doubled one */
static struct container_mount *add(struct container *c, const char *type, const char *destination,
				   struct err *e)
{
	CLEANUP(freep) char *clean = NULL;
	struct container_mount *m;

	if (str_empty(destination) || *destination != '/') {
		err_set(e, ERR_INVALID, 0, "invalid mount path: '%s' mount path must be absolute",
			destination != NULL ? destination : "");
		return NULL;
	}
	clean = path_clean(destination);
	if (str_eq(clean, "/")) {
		err_set(e, ERR_INVALID, 0, "invalid specification: destination can't be '/'");
		return NULL;
	}
	if (find(c, clean) != NULL || c->mounts.len >= ENGINE_BINDS_MAX) {
		err_set(e, ERR_INVALID, 0, "Duplicate mount point: %s", clean);
		return NULL;
	}
	m = json_array_add(&c->mounts, &container_mount_json);
	m->point.type = xstrdup(type);
	m->point.destination = TAKE(clean);
	m->point.rw = true;
	m->point.mode = xstrdup("");
	m->point.propagation = xstrdup("");
	return m;
}

/* makes or finds the volume and points the mount at it */
static int use_volume(struct engine *en, struct container_mount *m, const char *name,
		      const struct strv *labels, const struct strv *options, struct err *e)
{
	struct engine_volume v = {0};

	if (engine_volume_create(en, name, NULL, labels, options, &v, e) < 0)
		return -1;
	str_replace_ptr(&m->point.name, v.info.name);
	str_replace_ptr(&m->point.source, v.info.mountpoint);
	str_replace_ptr(&m->point.driver, "local");
	engine_volume_clear(&v);
	return 0;
}

static bool is_propagation(const char *s)
{
	static const char *const words[] = {"private", "rprivate", "shared",
					    "rshared", "slave",	   "rslave"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (str_eq(s, words[i]))
			return true;
	return false;
}

/* the third part of -v: "ro", "rw", "z", "nocopy", a propagation */
static int apply_mode(struct container_mount *m, const char *mode, struct err *e)
{
	CLEANUP(strv_clear) struct strv words = STRV_INIT;

	strv_split(&words, mode, ",");
	for (size_t i = 0; i < words.len; i++) {
		const char *w = words.items[i];

		if (str_eq(w, "ro") || str_eq(w, "readonly"))
			m->point.rw = false;
		else if (str_eq(w, "nocopy"))
			m->copy_up = false;
		else if (is_propagation(w))
			str_replace_ptr(&m->point.propagation, w);
		else if (!str_eq(w, "rw") && !str_eq(w, "z") && !str_eq(w, "Z") &&
			 !str_eq(w, "cached") && !str_eq(w, "delegated") &&
			 !str_eq(w, "consistent"))
			return err_set(e, ERR_INVALID, 0, "invalid mode: %s", mode);
	}
	str_replace_ptr(&m->point.mode, mode);
	return 0;
}

static int make_bind_source(const char *source, struct err *e)
{
	struct stat st;

	if (stat(source, &st) == 0)
		return 0;
	if (errno != ENOENT)
		return err_sys(e, "stat %s", source);
	if (path_mkdirs(source, 0755, e) < 0)
		return err_wrap(e, "error while creating mount source path '%s'", source);
	return 0;
}

/* one -v: [SOURCE:]DESTINATION[:MODE] */
static int add_bind(struct engine *en, struct container *c, const char *text, struct err *e)
{
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;
	const char *source, *p = text;
	struct container_mount *m;

	for (const char *colon; (colon = strchr(p, ':')) != NULL; p = colon + 1)
		strv_addn(&parts, p, (size_t)(colon - p));
	strv_add(&parts, p);
	if (parts.len < 2 || parts.len > 3 || *parts.items[0] == '\0' || *parts.items[1] == '\0')
		return err_set(e, ERR_INVALID, 0, "invalid volume specification: '%s'", text);
	source = parts.items[0];
	m = add(c, *source == '/' ? "bind" : "volume", parts.items[1], e);
	if (m == NULL)
		return -1;
	m->copy_up = *source != '/';
	if (parts.len == 3 && apply_mode(m, parts.items[2], e) < 0)
		return err_wrap(e, "invalid volume specification: '%s'", text);
	if (*source != '/') {
		if (str_empty(m->point.mode))
			str_replace_ptr(&m->point.mode, "z");
		return use_volume(en, m, source, NULL, NULL, e);
	}
	m->point.source = path_clean(source);
	m->create_source = true;
	if (str_empty(m->point.propagation))
		str_replace_ptr(&m->point.propagation, "rprivate");
	return make_bind_source(m->point.source, e);
}

static int add_mount_bind(struct container *c, const struct docker_mount *dm, struct err *e)
{
	struct container_mount *m;
	struct stat st;

	if (str_empty(dm->source) || *dm->source != '/')
		return err_set(e, ERR_INVALID, 0,
			       "invalid mount config for type \"bind\": invalid mount path: '%s' "
			       "mount path must be absolute",
			       dm->source != NULL ? dm->source : "");
	m = add(c, "bind", dm->target, e);
	if (m == NULL)
		return -1;
	m->point.source = path_clean(dm->source);
	m->point.rw = !dm->read_only;
	str_replace_ptr(&m->point.propagation,
			dm->bind_options != NULL && !str_empty(dm->bind_options->propagation)
				? dm->bind_options->propagation
				: "rprivate");
	m->non_recursive = dm->bind_options != NULL && dm->bind_options->non_recursive;
	if (dm->bind_options != NULL && dm->bind_options->create_mountpoint)
		return make_bind_source(m->point.source, e);
	if (stat(m->point.source, &st) < 0)
		return err_set(e, ERR_INVALID, errno,
			       "invalid mount config for type \"bind\": bind source path does not "
			       "exist: %s",
			       m->point.source);
	return 0;
}

/* key and value pairs as "key=value" */
static void pairs_to_strv(const struct json_strmap *map, struct strv *out)
{
	for (size_t i = 0; i < map->len; i++)
		strv_addf(out, "%s=%s", map->items[i].key, map->items[i].value);
}

static int add_mount_volume(struct engine *en, struct container *c, const struct docker_mount *dm,
			    struct err *e)
{
	CLEANUP(strv_clear) struct strv labels = STRV_INIT;
	CLEANUP(strv_clear) struct strv options = STRV_INIT;
	const struct docker_volume_options *vo = dm->volume_options;
	struct container_mount *m = add(c, "volume", dm->target, e);

	if (m == NULL)
		return -1;
	m->point.rw = !dm->read_only;
	m->copy_up = vo == NULL || !vo->no_copy;
	str_replace_ptr(&m->point.mode, "z");
	if (vo != NULL) {
		m->subpath = xstrdup(vo->subpath);
		pairs_to_strv(&vo->labels, &labels);
		if (vo->driver_config != NULL)
			pairs_to_strv(&vo->driver_config->options, &options);
	}
	if (str_empty(dm->source))
		strv_add(&labels, "com.docker.volume.anonymous=");
	return use_volume(en, m, dm->source, &labels, &options, e);
}

static void set_tmpfs_options(struct container_mount *m, const struct docker_tmpfs_options *o)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;

	buf_addstr(&text, "noexec,nosuid,nodev");
	if (o != NULL && o->size_bytes > 0)
		buf_addf(&text, ",size=%lld", (long long)o->size_bytes);
	if (o != NULL && o->mode != 0)
		buf_addf(&text, ",mode=%o", o->mode & 07777);
	m->options = buf_detach(&text);
}

/* Docker keeps what --mount asked for as Spec, where we keep what follows from it */
int mount_from_docker(struct engine *en, struct container_mount *m, const struct json *v,
		      struct err *e)
{
	const char *mode = json_get_str(v, "Relabel");
	struct docker_mount dm = {0};

	if (json_bind(json_get(v, "Spec"), &docker_mount_json, &dm, e) < 0)
		return -1;
	str_replace_ptr(&m->point.mode, mode != NULL ? mode : "");
	if (str_eq(m->point.type, "volume") && str_empty(m->point.source)) {
		char *source = xasprintf("%s/volumes/%s/_data", en->data_root, m->point.name);

		free(m->point.source);
		m->point.source = source;
	}
	if (str_eq(m->point.type, "tmpfs"))
		set_tmpfs_options(m, dm.tmpfs_options);
	if (dm.volume_options != NULL)
		m->subpath = xstrdup(dm.volume_options->subpath);
	m->non_recursive = dm.bind_options != NULL && dm.bind_options->non_recursive;
	m->create_source =
		str_eq(m->point.type, "bind") && !json_get_bool(v, "SkipMountpointCreation", false);
	json_struct_clear(&docker_mount_json, &dm);
	return 0;
}

static int add_mount(struct engine *en, struct container *c, const struct docker_mount *dm,
		     struct err *e)
{
	struct container_mount *m;

	if (str_eq(dm->type, "bind"))
		return add_mount_bind(c, dm, e);
	if (str_eq(dm->type, "volume") || str_empty(dm->type))
		return add_mount_volume(en, c, dm, e);
	if (!str_eq(dm->type, "tmpfs"))
		return err_set(e, ERR_UNIMPLEMENTED, 0, "mount type %s is not supported", dm->type);
	if (!str_empty(dm->source))
		return err_set(e, ERR_INVALID, 0,
			       "invalid mount config for type \"tmpfs\": field Source must not be "
			       "specified");
	m = add(c, "tmpfs", dm->target, e);
	if (m == NULL)
		return -1;
	m->point.rw = !dm->read_only;
	m->point.source = xstrdup("");
	set_tmpfs_options(m, dm->tmpfs_options);
	return 0;
}

/* one --volumes-from: CONTAINER[:ro|rw]; its mounts become ours */
static int add_from(struct engine *en, struct container *c, const char *text, struct err *e)
{
	size_t n = strcspn(text, ":");
	CLEANUP(freep) char *name = xstrndup(text, n);
	bool read_only = str_eq(text + n, ":ro");
	struct container *other;
	int r = 0;

	if (text[n] != '\0' && !read_only && !str_eq(text + n, ":rw") && !str_eq(text + n, ":z") &&
	    !str_eq(text + n, ":Z"))
		return err_set(e, ERR_INVALID, 0, "invalid mode: %s", text + n + 1);
	other = container_get(en, name, e);
	if (other == NULL)
		return -1;
	/* mounts never change after creation: no lock needed */
	for (size_t i = 0; r == 0 && i < other->mounts.len; i++) {
		const struct container_mount *src = &other->mounts.items[i];
		struct container_mount *m;

		if (str_eq(src->point.type, "tmpfs") || find(c, src->point.destination) != NULL)
			continue;
		m = json_array_add(&c->mounts, &container_mount_json);
		json_struct_copy(&container_mount_json, m, src);
		m->point.rw = src->point.rw && !read_only;
		m->copy_up = false;
	}
	container_unref(en, other);
	return r;
}

static int add_anonymous(struct engine *en, struct container *c, const char *destination,
			 struct err *e)
{
	CLEANUP(freep) char *clean = path_clean(destination);
	CLEANUP(strv_clear) struct strv labels = STRV_INIT;
	struct container_mount *m;

	if (find(c, clean) != NULL || json_strmap_get(&c->host.tmpfs, clean) != NULL)
		return 0;
	m = add(c, "volume", clean, e);
	if (m == NULL)
		return -1;
	m->copy_up = true;
	strv_add(&labels, "com.docker.volume.anonymous=");
	return use_volume(en, m, NULL, &labels, NULL, e);
}

int mounts_plan(struct engine *en, struct container *c, const struct strv *image_volumes,
		struct err *e)
{
	for (size_t i = 0; i < c->host.volumes_from.len; i++)
		if (add_from(en, c, c->host.volumes_from.items[i], e) < 0)
			return -1;
	for (size_t i = 0; i < c->host.binds.len; i++)
		if (add_bind(en, c, c->host.binds.items[i], e) < 0)
			return -1;
	for (size_t i = 0; i < c->host.mounts.len; i++)
		if (add_mount(en, c, &c->host.mounts.items[i], e) < 0)
			return -1;
	for (size_t i = 0; i < c->config.volumes.len; i++)
		if (add_anonymous(en, c, c->config.volumes.items[i], e) < 0)
			return -1;
	for (size_t i = 0; i < image_volumes->len; i++)
		if (add_anonymous(en, c, image_volumes->items[i], e) < 0)
			return -1;
	return 0;
}
