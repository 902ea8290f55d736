// SPDX-License-Identifier: MIT
/*
 * Removing images, after moby daemon/images/image_delete.go: a name given is
 * untagged first; the image goes with its last name unless containers use it
 * or images stand upon it; unnamed parents follow. Conflicts are hard (force
 * does not help) or soft.
 */
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "image/kept_internal.h"
#include "image/store_internal.h"
#include "storage/layer.h"

enum conflict {
	CONFLICT_CHILD = 1,
	CONFLICT_RUNNING = 2,
	CONFLICT_NAMED = 4,
	CONFLICT_STOPPED = 8,
	CONFLICT_HARD = CONFLICT_CHILD | CONFLICT_RUNNING,
	CONFLICT_SOFT = CONFLICT_NAMED | CONFLICT_STOPPED,
};

void image_removeds_clear(struct image_removeds *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->items[i].untagged);
		free(r->items[i].image);
		free(r->items[i].deleted);
	}
	free(r->items);
	*r = (struct image_removeds){0};
}

static struct image_removed *add_record(struct image_removeds *r, const char *image)
{
	r->items = xrealloc(r->items, (r->n + 1) * sizeof(*r->items));
	r->items[r->n] = (struct image_removed){.image = xstrdup(image)};
	return &r->items[r->n++];
}

static void short_id(const char *id, char out[13])
{
	const char *hex = str_skip(id, "sha256:");

	str_copy(out, hex != NULL ? hex : id, 13);
}

static bool used(const struct image_users *u, const char *id, bool running, char container[13])
{
	char full[80];

	if (u == NULL || u->in_use == NULL || !u->in_use(u->arg, id, running, full, sizeof(full)))
		return false;
	short_id(full, container);
	return true;
}

static int conflict(const char *id, bool hard, struct err *e, const char *why, const char *what)
{
	char shown[13];

	short_id(id, shown);
	return err_set(e, ERR_CONFLICT, 0, "conflict: unable to delete %s (%s) - %s%s", shown,
		       hard ? "cannot be forced" : "must be forced", why, what);
}

/* -1 with the conflict; *ret_used tells whether a container is the reason */
static int check(struct image_store *s, const char *id, unsigned mask, const struct image_users *u,
		 bool *ret_used, struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	char container[13];
	size_t children;

	*ret_used = false;
	pthread_mutex_lock(&s->mu);
	children = store_children(s, id);
	names_of(s, id, &names);
	pthread_mutex_unlock(&s->mu);
	if ((mask & CONFLICT_CHILD) != 0 && children > 0)
		return conflict(id, true, e, "image has dependent child images", "");
	*ret_used = true;
	if ((mask & CONFLICT_RUNNING) != 0 && used(u, id, true, container))
		return conflict(id, true, e, "image is being used by running container ",
				container);
	*ret_used = false;
	if ((mask & CONFLICT_NAMED) != 0 && names.len > 0)
		return conflict(id, false, e, "image is referenced in multiple repositories", "");
	*ret_used = true;
	if ((mask & CONFLICT_STOPPED) != 0 && used(u, id, false, container))
		return conflict(id, false, e, "image is being used by stopped container ",
				container);
	*ret_used = false;
	return 0;
}

static void get_names(struct image_store *s, const char *id, struct strv *names)
{
	strv_clear(names);
	MUTEX_GUARD(&s->mu);
	names_of(s, id, names);
}

static char *repository(const char *name)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	struct err e;

	if (image_ref_parse(name, &ref, &e) < 0)
		return xstrdup(name);
	return image_ref_familiar_name(&ref);
}

/* At most one tag, and digests of its repository only. */
static bool is_single(const struct strv *names)
{
	CLEANUP(freep) char *first = NULL;
	size_t n_tags = 0;

	if (names->len <= 1)
		return true;
	strv_for_each (it, names) {
		CLEANUP(freep) char *repo = repository(*it);

		n_tags += !name_is_digest(*it);
		if (first == NULL)
			first = xstrdup(repo);
		if (n_tags > 1 || !str_eq(first, repo))
			return false;
	}
	return true;
}

static int untag(struct image_store *s, const char *name, const char *id,
		 struct image_removeds *ret, struct err *e)
{
	if (names_remove(s, name, e) < 0)
		return -1;
	add_record(ret, id)->untagged = xstrdup(name);
	return 0;
}

static int untag_all(struct image_store *s, const char *id, struct image_removeds *ret,
		     struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;

	get_names(s, id, &names);
	strv_for_each (it, &names)
		if (untag(s, *it, id, ret, e) < 0)
			return -1;
	return 0;
}

static bool is_parent(struct image_store *s, const char *id)
{
	MUTEX_GUARD(&s->mu);
	return store_children(s, id) > 0;
}

/* Deletes the image and then, quietly, unnamed parents. */
static int delete_image(struct image_store *s, const char *image_id, bool force, bool prune,
			bool quiet, const struct image_users *u, struct image_removeds *ret,
			struct err *e)
{
	char id[DIGEST_SIZE], parent[DIGEST_SIZE];

	str_copy(id, image_id, sizeof(id));
	for (;;) {
		CLEANUP(strv_clear) struct strv names = STRV_INIT;
		CLEANUP(strv_clear) struct strv layers = STRV_INIT;
		int64_t before = image_store_layers_bytes(s);
		bool by_container;

		if (check(s, id, CONFLICT_HARD | (force ? 0 : CONFLICT_SOFT), u, &by_container, e) <
		    0) {
			get_names(s, id, &names);
			return quiet && (names.len > 0 || by_container || is_parent(s, id)) ? 0
											    : -1;
		}
		if (untag_all(s, id, ret, e) < 0)
			return -1;
		store_drop(s, id, &layers, parent);
		add_record(ret, id)->deleted = xstrdup(id);
		strv_for_each (it, &layers)
			add_record(ret, NULL)->deleted = xstrdup(*it);
		ret->freed_bytes += MAX(before - image_store_layers_bytes(s), 0);
		if (!prune || parent[0] == '\0')
			return 0;
		str_copy(id, parent, sizeof(id));
		force = false;
		quiet = true;
	}
}

/* The tag's repository has no other tag for this image: its digests go too. */
static int untag_digests(struct image_store *s, const char *id, const char *tag,
			 struct image_removeds *ret, struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(freep) char *repo = repository(tag);

	get_names(s, id, &names);
	strv_for_each (it, &names) {
		CLEANUP(freep) char *other = repository(*it);

		if (!name_is_digest(*it) && str_eq(other, repo))
			return 0;
	}
	strv_for_each (it, &names) {
		CLEANUP(freep) char *other = repository(*it);

		/* without an event, as Docker */
		if (str_eq(other, repo) && untag(s, *it, NULL, ret, e) < 0)
			return -1;
	}
	return 0;
}

/* By name: 1 when other names keep the image, 0 to go on and delete it. */
static int remove_name(struct image_store *s, const char *id, const char *given, bool force,
		       const struct image_users *u, struct image_removeds *ret, struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	CLEANUP(freep) char *name = NULL;
	char container[13], shown[13];

	get_names(s, id, &names);
	if (!force && is_single(&names) && used(u, id, false, container)) {
		short_id(id, shown);
		return err_set(e, ERR_CONFLICT, 0,
			       "conflict: unable to remove repository reference \"%s\" (must "
			       "force) - container %s is using its referenced image %s",
			       given, container, shown);
	}
	if (image_ref_parse(given, &ref, e) < 0)
		return -1;
	if (ref.digest != NULL)
		str_replace_ptr(&ref.tag, NULL);
	image_ref_default_tag(&ref);
	name = image_ref_familiar(&ref);
	if (untag(s, name, id, ret, e) < 0)
		return -1;
	if (ref.digest == NULL && untag_digests(s, id, name, ret, e) < 0)
		return -1;
	get_names(s, id, &names);
	return names.len > 0;
}

static int remove_image(struct image_store *s, const char *id, const char *given, bool force,
			bool no_prune, const struct image_users *u, struct image_removeds *ret,
			struct err *e)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	bool by_name = !store_is_id_prefix(id, given), ignored;
	int r;

	if (by_name) {
		r = remove_name(s, id, given, force, u, ret, e);
		if (r != 0)
			return r < 0 ? -1 : 0;
	} else {
		get_names(s, id, &names);
		if (is_single(&names)) {
			unsigned mask = CONFLICT_HARD | (force ? 0 : CONFLICT_STOPPED);

			if (check(s, id, mask, u, &ignored, e) < 0)
				return -1;
			if (untag_all(s, id, ret, e) < 0)
				return -1;
		}
	}
	return delete_image(s, id, force, !no_prune, by_name, u, ret, e);
}

int image_store_remove(struct image_store *s, const char *name, bool force, bool no_prune,
		       const struct image_users *u, struct image_removeds *ret, struct err *e)
{
	struct image_removeds r = {0};
	struct image *img = NULL;
	int result;

	if (image_store_get(s, name, &img, e) < 0)
		return -1;
	result = remove_image(s, img->id, name, force, no_prune, u, &r, e);
	image_unref(s, img);
	if (result < 0) {
		image_removeds_clear(&r);
		return -1;
	}
	*ret = r;
	return 0;
}

/* One image of a prune: each of its names is removed as by docker rmi; what is used or stood upon
 * is passed over. */
static void prune_one(struct image_store *s, const struct image_info *i, bool dangling_only,
		      const struct image_users *u, struct image_removeds *r)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;
	struct err e;

	if (dangling_only && i->tags.len > 0)
		return;
	get_names(s, i->image->id, &names);
	if (names.len == 0 && i->n_children == 0)
		strv_add(&names, i->image->id);
	strv_for_each (it, &names)
		if (remove_image(s, i->image->id, *it, false, false, u, r, &e) < 0)
			log_debug(&e, "prune %s", *it);
}

int image_store_prune(struct image_store *s, const struct image_filters *f,
		      const struct image_users *u, struct image_removeds *ret, struct err *e)
{
	bool dangling_only = f == NULL || f->dangling != 0;
	struct image_filters every = f != NULL ? *f : (struct image_filters)IMAGE_FILTERS_INIT;
	struct image_infos l = {0};
	struct image_removeds r = {0};

	every.dangling = -1;
	kept_sweep(s, 0);
	if (image_store_list(s, true, false, &every, &l, e) < 0)
		return -1;
	for (size_t i = 0; i < l.n; i++)
		prune_one(s, &l.items[i], dangling_only, u, &r);
	image_infos_clear(s, &l);
	*ret = r;
	return 0;
}
