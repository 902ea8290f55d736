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
		F_OMIT(image, "Image", JSON_B_STR),
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

static int bad_mount(struct err *e, const char *type, const char *what, const char *more)
{
	return err_set(e, ERR_INVALID, 0, "invalid mount config for type \"%s\": %s%s", type, what,
		       more);
}

static int relative(const char *type, const char *path, struct err *e)
{
	return err_set(e, ERR_INVALID, 0,
		       "invalid mount config for type \"%s\": invalid mount path: '%s' mount path "
		       "must be absolute",
		       type, path);
}

static int check_target(const char *type, const char *target, struct err *e)
{
	CLEANUP(freep) char *clean = NULL;

	if (str_empty(target))
		return bad_mount(e, type, "field Target must not be empty", "");
	if (*target != '/')
		return relative(type, target, e);
	clean = path_clean(target);
	if (str_eq(clean, "/"))
		return bad_mount(e, type, "invalid specification: destination can't be '/'", "");
	return 0;
}

/* appends a mount for a destination, or takes the place of one from --volumes-from; ERR_INVALID for
 * a bad or doubled one */
static struct container_mount *add(struct container *c, const char *type, const char *destination,
				   struct err *e)
{
	CLEANUP(freep) char *clean = NULL;
	struct container_mount *m;

	if (check_target(type, destination, e) < 0)
		return NULL;
	clean = path_clean(destination);
	m = find(c, clean);
	if ((m != NULL && !m->from_other) || c->mounts.len >= ENGINE_BINDS_MAX ||
	    (!str_eq(type, "tmpfs") && json_strmap_get(&c->host.tmpfs, clean) != NULL)) {
		err_set(e, ERR_INVALID, 0, "Duplicate mount point: %s", clean);
		return NULL;
	}
	if (m != NULL)
		json_struct_clear(&container_mount_json, m);
	else
		m = json_array_add(&c->mounts, &container_mount_json);
	memset(m, 0, sizeof(*m));
	m->point.type = xstrdup(type);
	m->point.destination = TAKE(clean);
	m->point.rw = true;
	m->point.mode = xstrdup("");
	m->point.propagation = xstrdup("");
	return m;
}

/* makes or finds the volume and points the mount at it */
static int use_volume(struct engine *en, struct container_mount *m, const char *name,
		      const char *driver, const struct strv *labels, const struct strv *options,
		      struct err *e)
{
	struct engine_volume v = {0};

	if (engine_volume_create(en, name, driver, labels, options, &v, e) < 0)
		return -1;
	str_replace_ptr(&m->point.name, v.info.name);
	str_replace_ptr(&m->point.source, v.info.mountpoint);
	str_replace_ptr(&m->point.driver, "local");
	engine_volume_clear(&v);
	return 0;
}

/* words of the third part of -v; at most one of each kind */
enum mode_kind { MODE_RW, MODE_LABEL, MODE_COPY, MODE_CONSISTENCY, MODE_PROPAGATION };

static const struct {
	const char *word;
	enum mode_kind kind;
} modes[] = {
	{"ro", MODE_RW},
	{"rw", MODE_RW},
	{"z", MODE_LABEL},
	{"Z", MODE_LABEL},
	{"nocopy", MODE_COPY},
	{"consistent", MODE_CONSISTENCY},
	{"cached", MODE_CONSISTENCY},
	{"delegated", MODE_CONSISTENCY},
	{"private", MODE_PROPAGATION},
	{"rprivate", MODE_PROPAGATION},
	{"shared", MODE_PROPAGATION},
	{"rshared", MODE_PROPAGATION},
	{"slave", MODE_PROPAGATION},
	{"rslave", MODE_PROPAGATION},
};

static bool is_mode(const char *word, enum mode_kind *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		if (str_eq(word, modes[i].word)) {
			*ret = modes[i].kind;
			return true;
		}
	}
	return false;
}

static int apply_mode(struct container_mount *m, const char *mode, struct err *e)
{
	CLEANUP(strv_clear) struct strv words = STRV_INIT;
	bool bind = str_eq(m->point.type, "bind");
	enum mode_kind kind;
	unsigned seen = 0;

	if (str_eq(mode, "idmap") || str_starts(mode, "idmap="))
		return err_set(e, ERR_UNIMPLEMENTED, 0, MOUNT_IDMAP_REFUSED);
	strv_split(&words, mode, ",");
	strv_for_each (w, &words) {
		if (!is_mode(*w, &kind) || seen & 1U << kind)
			return err_set(e, ERR_INVALID, 0, "invalid mode: %s", mode);
		seen |= 1U << kind;
		if (kind == MODE_RW)
			m->point.rw = str_eq(*w, "rw");
		if (kind == MODE_COPY)
			m->copy_up = false;
		if (kind == MODE_PROPAGATION)
			str_replace_ptr(&m->point.propagation, *w);
	}
	if (bind && seen & 1U << MODE_COPY)
		return bad_mount(e, "bind", "field VolumeOptions must not be specified", "");
	if (!bind && seen & 1U << MODE_PROPAGATION)
		return bad_mount(e, "volume", "field BindOptions must not be specified", "");
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

static struct container_mount *fill_bind(struct container *c, const struct strv *parts,
					 struct err *e)
{
	const char *source = parts->items[0], *target = parts->items[parts->len > 1];
	bool bind = parts->len > 1 && *source == '/';
	struct container_mount *m = add(c, bind ? "bind" : "volume", target, e);

	if (m == NULL)
		return NULL;
	m->copy_up = !bind;
	if (parts->len == 3 && apply_mode(m, parts->items[2], e) < 0)
		return NULL;
	if (!bind) {
		if (str_empty(m->point.mode))
			str_replace_ptr(&m->point.mode, "z");
		return m;
	}
	m->point.source = path_clean(source);
	m->create_source = true;
	if (str_empty(m->point.propagation))
		str_replace_ptr(&m->point.propagation, "rprivate");
	return m;
}

/* one -v: [SOURCE:]DESTINATION[:MODE] */
static int add_bind(struct engine *en, struct container *c, const char *text, struct err *e)
{
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;
	const char *p = text;
	struct container_mount *m;

	for (const char *colon; (colon = strchr(p, ':')) != NULL; p = colon + 1)
		strv_addn(&parts, p, (size_t)(colon - p));
	strv_add(&parts, p);
	if (parts.len > 3 || str_empty(parts.items[0]))
		return err_set(e, ERR_INVALID, 0, "invalid volume specification: '%s'", text);
	if (parts.len == 1 && *text != '/') {
		relative("volume", text, e);
		return err_wrap(e, "invalid volume specification: '%s'", text);
	}
	m = fill_bind(c, &parts, e);
	if (m == NULL)
		return str_starts(e->msg, "Dup")
			       ? -1
			       : err_wrap(e, "invalid volume specification: '%s'", text);
	if (str_eq(m->point.type, "volume"))
		return use_volume(en, m, parts.len > 1 ? parts.items[0] : NULL,
				  c->host.volume_driver, NULL, NULL, e);
	return make_bind_source(m->point.source, e);
}

/* What a read-only bind does to mounts below: all where that is possible; see container/plan.c. */
static int bind_recursion(struct container_mount *m, const struct docker_mount *dm, struct err *e)
{
	const struct docker_bind_options *o = dm->bind_options;

	if (o->propagation != NULL && *o->propagation != '\0') {
		enum mode_kind kind;

		if (!is_mode(o->propagation, &kind) || kind != MODE_PROPAGATION)
			return bad_mount(e, "bind", "invalid propagation mode: ", o->propagation);
		str_replace_ptr(&m->point.propagation, o->propagation);
	}
	m->non_recursive = o->non_recursive;
	if (o->read_only_force_recursive && !dm->read_only)
		return err_set(e, ERR_INVALID, 0,
			       "mount options conflict: !ReadOnly && "
			       "BindOptions.ReadOnlyForceRecursive");
	if (o->read_only_force_recursive && o->read_only_non_recursive)
		return err_set(e, ERR_INVALID, 0,
			       "mount options conflict: ReadOnlyNonRecursive && "
			       "BindOptions.ReadOnlyForceRecursive");
	if (dm->read_only)
		m->options = xstrdup(o->read_only_force_recursive ? "rro"
				     : o->read_only_non_recursive ? "ro,toponly"
								  : NULL);
	return 0;
}

static int add_mount_bind(struct container *c, const struct docker_mount *dm, struct err *e)
{
	struct container_mount *m;
	struct stat st;

	if (str_empty(dm->source))
		return bad_mount(e, dm->type, "field Source must not be empty", "");
	if (*dm->source != '/')
		return relative(dm->type, dm->source, e);
	m = add(c, dm->type, dm->target, e);
	if (m == NULL)
		return -1;
	m->point.source = path_clean(dm->source);
	m->point.rw = !dm->read_only;
	str_replace_ptr(&m->point.propagation, "rprivate");
	if (dm->bind_options != NULL && bind_recursion(m, dm, e) < 0)
		return -1;
	if (dm->bind_options != NULL && dm->bind_options->create_mountpoint)
		return make_bind_source(m->point.source, e);
	if (stat(m->point.source, &st) < 0)
		return bad_mount(e, dm->type, "bind source path does not exist: ", m->point.source);
	return 0;
}

/* key and value pairs as "key=value" */
static void pairs_to_strv(const struct json_strmap *map, struct strv *out)
{
	for (size_t i = 0; i < map->len; i++)
		strv_addf(out, "%s=%s", map->items[i].key, map->items[i].value);
}

/* of a volume or an image: a path inside, and none that its links could lead out of */
static int set_subpath(struct container_mount *m, const struct docker_mount *dm,
		       const char *subpath, struct err *e)
{
	CLEANUP(freep) char *clean = NULL;

	if (str_empty(subpath))
		return 0;
	clean = path_clean(subpath);
	if (*clean == '/' || str_eq(clean, "..") || str_starts(clean, "../"))
		return bad_mount(e, dm->type, "subpath must be a relative path within the volume",
				 "");
	if (str_empty(dm->source))
		return bad_mount(e, dm->type, "must not set Subpath when using anonymous volumes",
				 "");
	m->subpath = TAKE(clean);
	return 0;
}

static int add_mount_volume(struct engine *en, struct container *c, const struct docker_mount *dm,
			    struct err *e)
{
	CLEANUP(strv_clear) struct strv labels = STRV_INIT;
	CLEANUP(strv_clear) struct strv options = STRV_INIT;
	const struct docker_volume_options *vo = dm->volume_options;
	struct container_mount *m = add(c, dm->type, dm->target, e);
	const char *driver = NULL;

	if (m == NULL)
		return -1;
	m->point.rw = !dm->read_only;
	m->copy_up = vo == NULL || !vo->no_copy;
	str_replace_ptr(&m->point.mode, "z");
	if (vo != NULL) {
		if (set_subpath(m, dm, vo->subpath, e) < 0)
			return -1;
		pairs_to_strv(&vo->labels, &labels);
		if (vo->driver_config != NULL) {
			driver = vo->driver_config->name;
			pairs_to_strv(&vo->driver_config->options, &options);
		}
	}
	return use_volume(en, m, dm->source, driver, &labels, &options, e);
}

static int add_mount_image(struct engine *en, struct container *c, const struct docker_mount *dm,
			   struct err *e)
{
	struct container_mount *m;
	struct storage_mount sm = {0};
	struct image *img;
	int r;

	if (str_empty(dm->source))
		return bad_mount(e, dm->type, "field Source must not be empty", "");
	m = add(c, dm->type, dm->target, e);
	if (m == NULL ||
	    set_subpath(m, dm, dm->image_options != NULL ? dm->image_options->subpath : NULL, e) <
		    0 ||
	    image_store_get(en->images, dm->source, &img, e) < 0)
		return -1;
	m->point.rw = false;
	m->point.name = xstrdup(dm->source);
	str_replace_ptr(&m->point.propagation, "rprivate");
	m->image = xstrdup(img->id);
	r = storage_image_mount(en->storage, img->chain_id, &sm, e);
	m->point.source = TAKE(sm.merged);
	storage_mount_clear(&sm);
	image_unref(en->images, img);
	return r;
}

/* [["exec"]] to ",exec"; nothing else is allowed */
static int tmpfs_flags(const char *raw, struct buf *out, struct err *e)
{
	CLEANUP(json_freep) struct json *list = NULL;

	if (str_empty(raw) || json_parse(raw, strlen(raw), &list, e) < 0)
		return str_empty(raw) ? 0 : -1;
	json_for_each (pair, list) {
		const char *name = json_str(json_at(pair, 0));

		if (json_len(pair) < 1 || json_len(pair) > 2 || name == NULL)
			return bad_mount(e, "tmpfs", "invalid option array length", "");
		if ((!str_eq(name, "exec") && !str_eq(name, "noexec")) || json_len(pair) > 1)
			return bad_mount(e, "tmpfs", "invalid option: ", name);
		buf_addf(out, ",%s", name);
	}
	return 0;
}

static int set_tmpfs_options(struct container_mount *m, const struct docker_tmpfs_options *o,
			     struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;

	buf_addstr(&text, "noexec,nosuid,nodev");
	if (o != NULL && tmpfs_flags(o->options, &text, e) < 0)
		return -1;
	if (o != NULL && o->size_bytes != 0)
		buf_addf(&text, ",size=%lld", (long long)o->size_bytes);
	if (o != NULL && o->mode != 0)
		buf_addf(&text, ",mode=%o", o->mode & 07777);
	m->options = buf_detach(&text);
	return 0;
}

static int add_mount_tmpfs(struct container *c, const struct docker_mount *dm, struct err *e)
{
	struct container_mount *m;

	if (!str_empty(dm->source))
		return bad_mount(e, dm->type, "field Source must not be specified", "");
	m = add(c, dm->type, dm->target, e);
	if (m == NULL)
		return -1;
	m->point.rw = !dm->read_only;
	m->point.source = xstrdup("");
	return set_tmpfs_options(m, dm->tmpfs_options, e);
}

/* Docker keeps what --mount asked for as Spec, where we keep what follows from it */
int mount_from_docker(struct engine *en, struct container_mount *m, const struct json *v,
		      struct err *e)
{
	const char *mode = json_get_str(v, "Relabel");
	struct docker_mount dm = {0};
	int r = 0;

	if (json_bind(json_get(v, "Spec"), &docker_mount_json, &dm, e) < 0)
		return -1;
	str_replace_ptr(&m->point.mode, mode != NULL ? mode : "");
	if (str_eq(m->point.type, "volume") && str_empty(m->point.source)) {
		char *source = xasprintf("%s/volumes/%s/_data", en->data_root, m->point.name);

		free(m->point.source);
		m->point.source = source;
	}
	if (str_eq(m->point.type, "tmpfs"))
		r = set_tmpfs_options(m, dm.tmpfs_options, e);
	if (dm.volume_options != NULL)
		m->subpath = xstrdup(dm.volume_options->subpath);
	if (dm.image_options != NULL)
		m->subpath = xstrdup(dm.image_options->subpath);
	if (str_eq(m->point.type, "image"))
		m->image = xstrdup(m->point.name);
	m->non_recursive = dm.bind_options != NULL && dm.bind_options->non_recursive;
	m->create_source =
		str_eq(m->point.type, "bind") && !json_get_bool(v, "SkipMountpointCreation", false);
	json_struct_clear(&docker_mount_json, &dm);
	return r;
}

static int add_mount(struct engine *en, struct container *c, const struct docker_mount *dm,
		     struct err *e)
{
	const struct {
		const char *field, *type;
		const void *set;
	} of_type[] = {
		{"BindOptions", "bind", dm->bind_options},
		{"VolumeOptions", "volume", dm->volume_options},
		{"ImageOptions", "image", dm->image_options},
		{"TmpfsOptions", "tmpfs", dm->tmpfs_options},
	};

	for (size_t i = 0; i < ARRAY_LEN(of_type); i++)
		if (of_type[i].set != NULL && !str_eq(dm->type, of_type[i].type))
			return err_set(e, ERR_INVALID, 0,
				       "%s must not be specified on mount type \"%s\"",
				       of_type[i].field, dm->type != NULL ? dm->type : "");
	if (str_eq(dm->type, "bind"))
		return add_mount_bind(c, dm, e);
	if (str_eq(dm->type, "volume"))
		return add_mount_volume(en, c, dm, e);
	if (str_eq(dm->type, "image"))
		return add_mount_image(en, c, dm, e);
	if (str_eq(dm->type, "tmpfs"))
		return add_mount_tmpfs(c, dm, e);
	return bad_mount(e, dm->type != NULL ? dm->type : "", "mount type unknown", "");
}

/* one --volumes-from: CONTAINER[:MODE]; its mounts become ours, a later one's instead of an
 * earlier one's */
static int add_from(struct engine *en, struct container *c, const char *text, struct err *e)
{
	size_t n = strcspn(text, ":");
	CLEANUP(freep) char *name = xstrndup(text, n);
	struct container_mount mode = {.point.rw = true, .point.type = (char *)"volume"};
	struct container *other;

	if (*text == '\0')
		return err_set(e, ERR_INVALID, 0,
			       "volumes-from specification cannot be an empty string");
	if (text[n] != '\0' && apply_mode(&mode, text + n + 1, e) < 0)
		return -1;
	free(mode.point.mode);
	other = container_get(en, name, e);
	if (other == NULL) {
		e->kind = ERR_INVALID;
		return -1;
	}
	/* mounts never change after creation: no lock needed */
	for (size_t i = 0; i < other->mounts.len; i++) {
		const struct container_mount *src = &other->mounts.items[i];
		struct container_mount *m = find(c, src->point.destination);

		if (str_eq(src->point.type, "tmpfs"))
			continue;
		if (m != NULL)
			json_struct_clear(&container_mount_json, m);
		else
			m = json_array_add(&c->mounts, &container_mount_json);
		memset(m, 0, sizeof(*m));
		json_struct_copy(&container_mount_json, m, src);
		m->point.rw = src->point.rw && mode.point.rw;
		m->copy_up = false;
		m->from_other = true;
	}
	container_unref(en, other);
	return 0;
}

static int add_anonymous(struct engine *en, struct container *c, const char *destination,
			 struct err *e)
{
	CLEANUP(freep) char *clean = path_clean(destination);
	struct container_mount *m;

	if (find(c, clean) != NULL || json_strmap_get(&c->host.tmpfs, clean) != NULL)
		return 0;
	m = add(c, "volume", clean, e);
	if (m == NULL)
		return -1;
	m->copy_up = true;
	return use_volume(en, m, NULL, c->host.volume_driver, NULL, NULL, e);
}

bool mounts_image(const struct container *c, const char *image_id)
{
	for (size_t i = 0; i < c->mounts.len; i++)
		if (str_eq(c->mounts.items[i].image, image_id))
			return true;
	return false;
}

int mounts_plan(struct engine *en, struct container *c, const struct strv *image_volumes,
		struct err *e)
{
	for (size_t i = 0; i < c->host.tmpfs.len; i++) {
		const char *path = c->host.tmpfs.items[i].key;

		if (*path != '/')
			return err_set(e, ERR_INVALID, 0,
				       "invalid mount path: '%s' mount path must be absolute",
				       path);
		if (check_target("tmpfs", path, e) < 0)
			return -1;
	}
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
