// SPDX-License-Identifier: MIT
/*
 * Local volumes. A volume exists when volumes/<name>/_data does: that is all
 * Docker's driver asks for, so volumes of either engine are seen by the other.
 * Source: moby volume/local/local.go, volume/service/store.go.
 */
#include "storage/volume.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/walk.h"
#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/rand.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/time.h"
#include "config/limits.h"
#include "json/json.h"
#include "ns/mount.h"
#include "storage/volume_internal.h"

#define ANONYMOUS_LABEL "com.docker.volume.anonymous"

static bool volume_exists(const struct volumes *vs, const char *name)
{
	char path[STORAGE_VOLUME_NAME_MAX + 8];
	struct stat st;

	snprintf(path, sizeof(path), "%.255s/_data", name);
	return fstatat(vs->dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

/* creations that ended before _data was made: nobody was told of them. What holds anything but
 * their files is for fsck. */
static void sweep_unmade(const struct volumes *vs)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	struct err ignored;

	if (walk_names(vs->dir_fd, &names, &ignored) < 0)
		return;
	strv_for_each (name, &names) {
		CLEANUP(strv_clear) struct strv held = STRV_INIT;
		CLEANUP(fd_closep) int fd = open_names(vs->dir_fd, *name, &held, &ignored);

		if (fd >= 0 &&
		    held.len == (size_t)strv_has(&held, "meta.json") + strv_has(&held, "opts.json"))
			(void)!path_remove_tree(vs->dir_fd, *name, &ignored);
	}
}

int volumes_open(const char *root, struct volumes **ret, struct err *e)
{
	struct volumes *vs = xcalloc(1, sizeof(*vs));
	CLEANUP(fd_closep) int root_fd = -1;

	vs->dir_fd = vs->trash.dir_fd = -1;
	pthread_mutex_init(&vs->mu, NULL);
	vs->dir = path_join(root, "volumes");
	if (path_mkdirs(vs->dir, 0701, e) < 0)
		goto fail;
	vs->dir_fd = open(vs->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (vs->dir_fd < 0 || root_fd < 0) {
		(void)err_sys(e, "open %s", vs->dir);
		goto fail;
	}
	sweep_unmade(vs);
	if (trash_open(&vs->trash, root_fd, ".volumes-trash", e) < 0)
		goto fail;
	*ret = vs;
	return 0;
fail:
	volumes_free(vs);
	return -1;
}

void volumes_free(struct volumes *vs)
{
	if (!vs)
		return;
	trash_close(&vs->trash);
	fd_close(&vs->dir_fd);
	pthread_mutex_destroy(&vs->mu);
	free(vs->dir);
	free(vs);
}

void volume_info_clear(struct volume_info *v)
{
	free(v->name);
	free(v->mountpoint);
	strv_clear(&v->labels);
	strv_clear(&v->options);
	memset(v, 0, sizeof(*v));
}

int volume_name_ok(const char *name, struct err *e)
{
	static const char alnum[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char more[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-";
	size_t n = strlen(name);

	if (n == 1)
		return err_set(e, ERR_INVALID, 0,
			       "volume name is too short, names should be at least two "
			       "alphanumeric characters");
	if (n == 0 || n > STORAGE_VOLUME_NAME_MAX || !strchr(alnum, name[0]) ||
	    strspn(name, more) != n)
		return err_set(e, ERR_INVALID, 0,
			       "\"%.255s\" includes invalid characters for a local volume name, "
			       "only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to "
			       "pass a host directory, use absolute path",
			       name);
	return 0;
}

/* --- metadata ---------------------------------------------------------------- */

void volume_pairs_write(struct json_w *w, const char *key, const struct strv *pairs)
{
	jw_kobj(w, key);
	strv_for_each (p, pairs) {
		CLEANUP(freep) char *name = xstrndup(*p, strcspn(*p, "="));
		const char *value = strchr(*p, '=');

		jw_kstr(w, name, value ? value + 1 : "");
	}
	jw_end(w);
}

static const char *option(const struct strv *options, const char *name)
{
	const char *value = strv_env_get(options, name);

	return value ? value : "";
}

/* as Docker's driver writes it; only for volumes that are mounts of their own */
static int write_opts(int fd, const struct strv *options, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	if (options->len == 0)
		return 0;
	jw_init(&w, &b);
	jw_obj(&w);
	jw_kstr(&w, "MountType", option(options, "type"));
	jw_kstr(&w, "MountOpts", option(options, "o"));
	jw_kstr(&w, "MountDevice", option(options, "device"));
	jw_kobj(&w, "Quota");
	jw_ki64(&w, "Size", 0);
	jw_end(&w);
	jw_end(&w);
	return file_write(fd, "opts.json", b.data, b.len, 0600, FILE_CONTENT, e);
}

int volume_write_meta(int fd, const char *name, const struct strv *labels,
		      const struct strv *options, int64_t created_nsec, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	char when[TIME_RFC3339_SIZE];
	struct json_w w;

	time_format(created_nsec, when);
	jw_init(&w, &b);
	jw_obj(&w);
	jw_kstr(&w, "Name", name);
	jw_kstr(&w, "CreatedAt", when);
	volume_pairs_write(&w, "Labels", labels);
	volume_pairs_write(&w, "Options", options);
	jw_end(&w);
	return file_write(fd, "meta.json", b.data, b.len, 0600, FILE_CONTENT, e);
}

void volume_pairs_read(const struct json *obj, struct strv *ret)
{
	json_for_each (m, obj)
		if (json_str(m))
			strv_addf(ret, "%s=%s", json_key(m), json_str(m));
	strv_sort(ret);
}

static struct json *read_json(int fd, const char *name)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json *root = NULL;
	struct err ignored;

	if (file_read(fd, name, STORAGE_META_MAX, &b, &ignored) < 0 ||
	    json_parse(buf_str(&b), b.len, &root, &ignored) < 0)
		return NULL;
	return root;
}

/* a volume that Docker made and volume_docker.c has not looked at: its options are known, its
 * labels are in a database */
static void read_docker_opts(int fd, struct strv *options)
{
	CLEANUP(json_freep) struct json *opts = read_json(fd, "opts.json");
	static const char *const names[][2] = {
		{"MountDevice", "device"}, {"MountOpts", "o"}, {"MountType", "type"}};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = json_get_str(opts, names[i][0]);

		if (!str_empty(value))
			strv_addf(options, "%s=%s", names[i][1], value);
	}
}

static bool has_label(const struct strv *labels, const char *name)
{
	return strv_env_get(labels, name) != NULL || strv_has(labels, name);
}

static void read_volume(const struct volumes *vs, int fd, const char *name, struct volume_info *ret)
{
	CLEANUP(json_freep) struct json *meta = read_json(fd, "meta.json");
	const char *created = json_get_str(meta, "CreatedAt");
	struct err ignored;
	struct stat st;

	memset(ret, 0, sizeof(*ret));
	ret->name = xstrdup(name);
	ret->mountpoint = xasprintf("%s/%s/_data", vs->dir, name);
	if ((!created || time_parse(created, &ret->created_nsec, &ignored) < 0) &&
	    fstat(fd, &st) == 0)
		ret->created_nsec = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	volume_pairs_read(json_get(meta, "Labels"), &ret->labels);
	if (meta)
		volume_pairs_read(json_get(meta, "Options"), &ret->options);
	else
		read_docker_opts(fd, &ret->options);
	ret->anonymous = has_label(&ret->labels, ANONYMOUS_LABEL);
}

int volume_get(struct volumes *vs, const char *name, struct volume_info *ret, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;
	struct err ignored;

	if (volume_name_ok(name, &ignored) == 0 && volume_exists(vs, name))
		fd = openat(vs->dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, ERR_NOTFOUND, 0, "get %.255s: no such volume", name);
	read_volume(vs, fd, name, ret);
	return 0;
}

/* --- creation ------------------------------------------------------------------ */

static int check_options(const struct strv *options, struct err *e)
{
	static const struct {
		const char *option, *needs;
	} rules[] = {{"device", "type"}, {"type", "device"}, {"o", "device"}, {"o", "type"}};

	if (!options)
		return 0;
	strv_for_each (o, options) {
		size_t n = strcspn(*o, "=");

		if (!(n == 4 && str_starts(*o, "type")) && !(n == 1 && **o == 'o') &&
		    !(n == 6 && str_starts(*o, "device")))
			return err_set(e, ERR_INVALID, 0, "invalid option: \"%.*s\"", (int)n, *o);
	}
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (strv_env_get(options, rules[i].option) &&
		    !strv_env_get(options, rules[i].needs))
			return err_set(e, ERR_INVALID, 0, "missing required option: \"%s\"",
				       rules[i].needs);
	return 0;
}

static int fill_volume(struct volumes *vs, const char *name, const struct strv *labels,
		       const struct strv *options, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;

	fd = openat(vs->dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open volume %s", name);
	if (write_opts(fd, options, e) < 0 ||
	    volume_write_meta(fd, name, labels, options, time_now_nsec(), e) < 0)
		return -1;
	/* last, for with it the volume exists */
	if (mkdirat(fd, "_data", 0755) < 0 && errno != EEXIST)
		return err_sys(e, "make volume %s", name);
	if (file_sync_dir(fd, ".", e) < 0)
		return -1;
	return file_sync_dir(vs->dir_fd, ".", e);
}

static int make_volume(struct volumes *vs, const char *name, const struct strv *labels,
		       const struct strv *options, struct err *e)
{
	bool made = mkdirat(vs->dir_fd, name, 0701) == 0;
	struct err ignored;

	if (!made && errno != EEXIST)
		return err_sys(e, "make volume %s", name);
	if (fill_volume(vs, name, labels, options, e) == 0)
		return 0;
	if (made && path_remove_tree(vs->dir_fd, name, &ignored) < 0) {
		/* fsck names it */
	}
	return -1;
}

int volume_create(struct volumes *vs, const char *name, const struct strv *labels,
		  const struct strv *options, struct volume_info *ret, struct err *e)
{
	CLEANUP(strv_clear) struct strv sorted_labels = STRV_INIT;
	CLEANUP(strv_clear) struct strv sorted_options = STRV_INIT;
	char random[RAND_ID_LEN + 1];
	int made = 0;

	if (labels)
		strv_copy(&sorted_labels, labels);
	if (options)
		strv_copy(&sorted_options, options);
	if (str_empty(name)) {
		rand_hex(random, RAND_ID_LEN);
		name = random;
		if (!has_label(&sorted_labels, ANONYMOUS_LABEL))
			strv_add(&sorted_labels, ANONYMOUS_LABEL "=");
	}
	if (volume_name_ok(name, e) < 0)
		return err_wrap(e, "create %.255s", name);
	strv_sort(&sorted_labels);
	strv_sort(&sorted_options);
	mutex_lock(&vs->mu);
	if (!volume_exists(vs, name))
		made = check_options(options, e) < 0 ||
				       make_volume(vs, name, &sorted_labels, &sorted_options, e) < 0
			       ? err_wrap(e, "create %s", name)
			       : 1;
	pthread_mutex_unlock(&vs->mu);
	if (made >= 0 && ret && volume_get(vs, name, ret, e) < 0)
		return -1;
	return made;
}

int volume_list(struct volumes *vs, struct strv *ret_names, struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	struct err ignored;

	if (walk_names(vs->dir_fd, &names, e) < 0)
		return -1;
	strv_for_each (name, &names)
		if (volume_name_ok(*name, &ignored) == 0 && volume_exists(vs, *name))
			strv_add(ret_names, *name);
	return 0;
}

int volume_remove(struct volumes *vs, const char *name, struct err *e)
{
	MUTEX_GUARD(&vs->mu);
	CLEANUP(freep) char *path = NULL;
	struct err ignored;

	if (volume_name_ok(name, &ignored) < 0 || !volume_exists(vs, name))
		return err_set(e, ERR_NOTFOUND, 0, "get %.255s: no such volume", name);
	/* never what is mounted there: it may be the user's */
	path = xasprintf("%s/%s/_data", vs->dir, name);
	if (mnt_umount(path, e) < 0)
		return -1;
	/* volumes/ may be a mount of its own, out of the trash's reach */
	if (trash_move(&vs->trash, vs->dir_fd, name, e) < 0 &&
	    (e->sys != EXDEV || path_remove_tree(vs->dir_fd, name, e) < 0))
		return -1;
	return file_sync_dir(vs->dir_fd, ".", e);
}

int volume_size(struct volumes *vs, const char *name, uint64_t *ret_bytes, struct err *e)
{
	char path[STORAGE_VOLUME_NAME_MAX + 8];
	struct err ignored;

	if (volume_name_ok(name, &ignored) < 0 || !volume_exists(vs, name))
		return err_set(e, ERR_NOTFOUND, 0, "get %.255s: no such volume", name);
	snprintf(path, sizeof(path), "%.255s/_data", name);
	return tree_size(vs->dir_fd, path, ret_bytes, e);
}

bool volume_is_empty(const struct volume_info *v)
{
	DIR *dir = opendir(v->mountpoint);
	struct dirent *d;
	bool empty = dir != NULL;

	while (empty && (d = readdir(dir)))
		empty = str_eq(d->d_name, ".") || str_eq(d->d_name, "..");
	if (dir)
		closedir(dir);
	return empty;
}
