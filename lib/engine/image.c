// SPDX-License-Identifier: MIT
/* Images as the API changes them: the image room's verbs, who uses what, and events. */
#include <string.h>

#include "base/str.h"
#include "engine/engine_internal.h"

#define PLATFORM_DIFFERS                                                                        \
	"image with reference %s was found but its platform (%s) does not match the specified " \
	"platform (%s)"

static void image_event(struct engine *en, const char *action, const char *id, const char *name)
{
	struct json_strmap attributes = {0};

	json_strmap_set(&attributes, "name", name);
	engine_event_emit(en, "image", action, id, &attributes);
	json_strmap_clear(&attributes);
}

static int parse_name(const char *name, const char *tag, struct image_ref *ref, struct err *e)
{
	if (image_ref_parse(name, ref, e) < 0)
		return -1;
	if (str_empty(tag))
		return 0;
	return str_starts(tag, "sha256:") ? image_ref_set_digest(ref, tag, e)
					  : image_ref_set_tag(ref, tag, e);
}

static int parse_platform(const char *platform, struct platform *ret,
			  const struct platform **ret_used, struct err *e)
{
	*ret_used = NULL;
	if (str_empty(platform))
		return 0;
	if (platform_parse(platform, ret, e) < 0)
		return -1;
	*ret_used = ret;
	return 0;
}

/* An image that is no index is taken whatever it is for. */
static void warn_platform(struct engine *en, const char *id, const char *name,
			  const struct platform *want, const struct image_job *job)
{
	CLEANUP(freep) char *wanted = platform_string(want);
	CLEANUP(freep) char *found = NULL;
	CLEANUP(freep) char *text = NULL;
	struct image_progress m = {0};
	struct platform is;
	struct image *img;
	struct err e;

	if (image_store_get(en->images, id, &img, &e) < 0)
		return;
	is = platform_of(img->config);
	found = platform_string(&is);
	m.status = text = xasprintf("WARNING: " PLATFORM_DIFFERS, name, found, wanted);
	if (platform_match(want, &is) == 0 && job != NULL && job->progress != NULL)
		(void)!job->progress(job->arg, &m);
	image_unref(en->images, img);
}

int engine_image_pull(struct engine *en, const char *name, const char *tag, const char *platform,
		      const struct registry_auth *auth, const struct image_job *job, struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(platform_clear) struct platform want = PLATFORM_INIT;
	struct registry_config registries = {0};
	struct image_pull_opts o = {.registries = &registries, .auth = auth, .job = job};
	char id[DIGEST_SIZE] = "";
	int r;

	if (parse_name(name, tag, &ref, e) < 0 ||
	    parse_platform(platform, &want, &o.platform, e) < 0)
		return -1;
	engine_registries(en, &registries);
	if (ref.tag == NULL && ref.digest == NULL) {
		r = image_pull_all_tags(en->images, &ref, &o, e);
	} else {
		r = image_pull(en->images, &ref, &o, id, e);
	}
	registry_config_clear(&registries);
	if (r == 0) {
		CLEANUP(freep) char *familiar = image_ref_familiar(&ref);
		CLEANUP(freep) char *bare = image_ref_familiar_name(&ref);

		image_event(en, "pull", familiar, bare);
		if (o.platform != NULL && id[0] != '\0')
			warn_platform(en, id, familiar, o.platform, job);
	}
	return r;
}

int engine_image_is_for(struct engine *en, const char *name, const char *platform, struct err *e)
{
	CLEANUP(freep) char *wanted = NULL;
	CLEANUP(freep) char *found = NULL;
	CLEANUP(platform_clear) struct platform want = PLATFORM_INIT;
	struct platform is;
	struct image *img;
	const struct platform *used;
	int r = 0;

	if (parse_platform(platform, &want, &used, e) < 0)
		return -1;
	if (used == NULL)
		return 0;
	if (image_store_get(en->images, name, &img, e) < 0)
		return -1;
	is = platform_of(img->config);
	wanted = platform_string(&want);
	found = platform_string(&is);
	if (platform_match(&want, &is) == 0)
		r = err_set(e, ERR_NOTFOUND, 0, PLATFORM_DIFFERS, name, found, wanted);
	image_unref(en->images, img);
	return r;
}

int engine_image_push(struct engine *en, const char *name, const char *tag, const char *platform,
		      const struct registry_auth *auth, const struct image_job *job, struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(freep) char *familiar = NULL;
	CLEANUP(freep) char *bare = NULL;
	struct registry_config registries = {0};
	struct image_push_opts o = {.registries = &registries, .auth = auth, .job = job};
	int r;

	if (parse_name(name, tag, &ref, e) < 0)
		return -1;
	familiar = image_ref_familiar(&ref);
	bare = image_ref_familiar_name(&ref);
	if (engine_image_is_for(en, familiar, platform, e) < 0)
		return -1;
	engine_registries(en, &registries);
	r = image_push(en->images, &ref, &o, e);
	registry_config_clear(&registries);
	if (r == 0)
		image_event(en, "push", familiar, bare);
	return r;
}

int engine_image_load(struct engine *en, struct stream *in, bool quiet, const char *platform,
		      const struct image_job *job, struct err *e)
{
	CLEANUP(platform_clear) struct platform want = PLATFORM_INIT;
	CLEANUP(strv_clear) struct strv ids = STRV_INIT;
	const struct platform *used;
	int r;

	if (parse_platform(platform, &want, &used, e) < 0)
		return -1;
	r = image_load(en->images, in, quiet, used, job, &ids, e);
	strv_for_each (it, &ids)
		image_event(en, "load", *it, *it);
	return r;
}

int engine_image_save(struct engine *en, const struct strv *names, const char *platform,
		      struct image_save **ret, struct err *e)
{
	CLEANUP(platform_clear) struct platform want = PLATFORM_INIT;
	const struct platform *used;

	if (parse_platform(platform, &want, &used, e) < 0)
		return -1;
	return image_save_open(en->images, names, used, ret, e);
}

void engine_image_saved(struct engine *en, const struct image_save *sv)
{
	CLEANUP(strv_clear) struct strv ids = STRV_INIT;

	image_save_ids(sv, &ids);
	strv_for_each (it, &ids)
		image_event(en, "save", *it, *it);
}

int engine_image_import(struct engine *en, struct stream *in, const char *src, const char *repo,
			const char *tag, const char *message, const struct strv *changes,
			const char *platform, const struct image_job *job, char *ret_id,
			struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	CLEANUP(platform_clear) struct platform want = PLATFORM_INIT;
	CLEANUP(freep) char *url = NULL;
	struct registry_config registries = {0};
	struct image_import_opts o = {.registries = &registries,
				      .version = ENGINE_VERSION,
				      .message = message,
				      .changes = changes,
				      .job = job};
	int r;

	if (!str_empty(repo)) {
		if (parse_name(repo, tag, &ref, e) < 0)
			return -1;
		image_ref_default_tag(&ref);
		o.ref = &ref;
	}
	if (parse_platform(platform, &want, &o.platform, e) < 0)
		return -1;
	if (in == NULL)
		o.url = url = xasprintf("%s%s", strstr(src, "://") != NULL ? "" : "http://", src);
	engine_registries(en, &registries);
	r = image_import(en->images, in, &o, ret_id, e);
	registry_config_clear(&registries);
	if (r < 0)
		return -1;
	if (o.ref != NULL) {
		CLEANUP(freep) char *familiar = image_ref_familiar(&ref);

		image_event(en, "tag", ret_id, familiar);
	}
	image_event(en, "import", ret_id, ret_id);
	return 0;
}

int engine_image_new_name(const char *repo, const char *tag, struct image_ref *ret, struct err *e)
{
	if (parse_name(repo, tag, ret, e) < 0)
		return -1;
	if (ret->digest != NULL)
		return err_set(e, ERR_INVALID, 0,
			       "refusing to create a tag with a digest reference");
	if (str_eq(ret->path, "library/sha256") || str_eq(ret->path, "sha256"))
		return err_set(
			e, ERR_INVALID, 0,
			"refusing to create an ambiguous tag using digest algorithm as name");
	image_ref_default_tag(ret);
	return 0;
}

int engine_image_tag(struct engine *en, const char *name, const char *repo, const char *tag,
		     struct err *e)
{
	CLEANUP(image_ref_clear) struct image_ref ref = IMAGE_REF_INIT;
	struct image *img;
	int r;

	if (engine_image_new_name(repo, tag, &ref, e) < 0)
		return -1;
	if (image_store_get(en->images, name, &img, e) < 0)
		return -1;
	r = image_store_tag(en->images, &ref, img->id, e);
	if (r == 0) {
		CLEANUP(freep) char *familiar = image_ref_familiar(&ref);

		image_event(en, "tag", img->id, familiar);
	}
	image_unref(en->images, img);
	return r;
}

static bool in_use(void *arg, const char *image_id, bool running_only, char *ret_container,
		   size_t n)
{
	struct engine *en = arg;
	MUTEX_GUARD(&en->mu);

	map_for_each (slot, &en->containers) {
		const struct container *c = slot->value;

		bool mounted = mounts_image(c, image_id);

		if (!mounted &&
		    (!str_eq(c->image_id, image_id) || (running_only && !state_runs(c->state))))
			continue;
		str_copy(ret_container, c->id, n);
		return true;
	}
	return false;
}

static void removed_events(struct engine *en, const struct image_removeds *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const char *id = r->items[i].image;

		if (id != NULL)
			image_event(en, r->items[i].untagged != NULL ? "untag" : "delete", id, id);
	}
}

int engine_image_remove(struct engine *en, const char *name, bool force, bool no_prune,
			struct image_removeds *ret, struct err *e)
{
	struct image_users u = {.in_use = in_use, .arg = en};

	if (image_store_remove(en->images, name, force, no_prune, &u, ret, e) < 0)
		return -1;
	removed_events(en, ret);
	return 0;
}

static void copy_filter(const struct engine_filters *f, const char *name, struct strv *to)
{
	const struct strv *v = engine_filters_get(f, name);

	if (v != NULL)
		strv_copy(to, v);
}

int engine_image_prune(struct engine *en, const struct engine_filters *f,
		       struct image_removeds *ret, struct err *e)
{
	static const char *const known[] = {"dangling", "label", "label!", "until", NULL};
	struct image_users u = {.in_use = in_use, .arg = en};
	struct image_filters want = IMAGE_FILTERS_INIT;
	bool only_dangling = true;
	int r;

	if (engine_filters_check(f, known, e) < 0 ||
	    engine_filters_bool(f, "dangling", &only_dangling, e) < 0)
		return -1;
	want.dangling = only_dangling;
	copy_filter(f, "label", &want.labels);
	copy_filter(f, "label!", &want.not_labels);
	r = engine_filters_until(f, &want.until_nsec, e);
	if (r == 0)
		r = image_store_prune(en->images, &want, &u, ret, e);
	image_filters_clear(&want);
	if (r == 0) {
		removed_events(en, ret);
		engine_event_prune(en, "image", ret->freed_bytes);
	}
	return r;
}

size_t engine_image_containers(struct engine *en, const char *image_id)
{
	size_t n = 0;
	MUTEX_GUARD(&en->mu);

	map_for_each (slot, &en->containers)
		n += str_eq(((const struct container *)slot->value)->image_id, image_id);
	return n;
}
