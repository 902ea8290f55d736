// SPDX-License-Identifier: MIT
/* GET /containers/json: filters, order, rows. */
#include <string.h>

#include "base/log.h"
#include "base/regex.h"
#include "base/str.h"
#include "engine/engine_internal.h"

static const char *const known[] = {
	"ancestor", "before", "exited",	 "expose",  "health", "id",	"is-task", "isolation",
	"label",    "name",   "network", "publish", "since",  "status", "volume",  NULL};

/* filters whose values were looked up before the table is walked */
struct prepared {
	const struct engine_filters *f;
	struct strv ancestors; /* image ids */
	int64_t before_nsec, since_nsec;
	bool all;
};

static int created_of(struct engine *en, const struct strv *names, int64_t *ret, struct err *e)
{
	struct container *c;

	if (names == NULL)
		return 0;
	c = container_get(en, names->items[0], e);
	if (c == NULL)
		return -1;
	*ret = c->created_nsec;
	container_unref(en, c);
	return 0;
}

static void add_ancestors(struct engine *en, const struct strv *names, struct strv *ids)
{
	for (size_t i = 0; names != NULL && i < names->len; i++) {
		struct image *img;
		struct err ignored;

		if (image_store_get(en->images, names->items[i], &img, &ignored) < 0) {
			strv_add(ids, "");
			continue;
		}
		strv_add(ids, img->id);
		image_unref(en->images, img);
	}
}

/* the values of a filter that knows its words */
static int check_words(const struct engine_filters *f, const char *key, const char *what,
		       const char *words, struct err *e)
{
	const struct strv *v = engine_filters_get(f, key);
	CLEANUP(strv_clear) struct strv all = STRV_INIT;

	strv_split(&all, words, ", ");
	for (size_t i = 0; v != NULL && i < v->len; i++)
		if (!strv_has(&all, v->items[i]))
			return err_set(e, ERR_INVALID, 0,
				       "invalid filter '%s=%s': invalid value for %s (%s): must be "
				       "one of %s",
				       key, v->items[i], what, v->items[i], words);
	return 0;
}

static int prepare(struct engine *en, const struct engine_filters *f, bool all, struct prepared *p,
		   struct err *e)
{
	const struct strv *status = engine_filters_get(f, "status");
	const struct strv *exited = engine_filters_get(f, "exited");
	bool is_task;
	int64_t code;

	*p = (struct prepared){.f = f, .all = all || status != NULL || exited != NULL};
	if (engine_filters_check(f, known, e) < 0)
		return -1;
	if (check_words(f, "status", "state",
			"created, running, paused, restarting, removing, exited, dead", e) < 0 ||
	    check_words(f, "health", "health", "none, starting, healthy, unhealthy", e) < 0 ||
	    engine_filters_bool(f, "is-task", &is_task, e) < 0)
		return -1;
	for (size_t i = 0; exited != NULL && i < exited->len; i++)
		if (str_i64(exited->items[i], &code) < 0)
			return err_set(e, ERR_INVALID, 0,
				       "invalid filter 'exited=%s': strconv.Atoi: parsing \"%s\": "
				       "invalid syntax",
				       exited->items[i], exited->items[i]);
	if (created_of(en, engine_filters_get(f, "before"), &p->before_nsec, e) < 0 ||
	    created_of(en, engine_filters_get(f, "since"), &p->since_nsec, e) < 0)
		return -1;
	add_ancestors(en, engine_filters_get(f, "ancestor"), &p->ancestors);
	return 0;
}

bool filters_match(const char *pattern, const char *text)
{
	CLEANUP(regex_freep) struct regex *re = NULL;
	struct err ignored;

	if (str_eq(pattern, text))
		return true;
	return regex_new(pattern, &re, &ignored) == 0 && regex_match(re, text);
}

static bool name_ok(const struct strv *want, const char *name)
{
	CLEANUP(freep) char *slashed = NULL;

	if (want == NULL)
		return true;
	slashed = xasprintf("/%s", name);
	for (size_t i = 0; i < want->len; i++)
		if (filters_match(want->items[i], name) || filters_match(want->items[i], slashed))
			return true;
	return false;
}

static bool id_ok(const struct strv *want, const char *id)
{
	for (size_t i = 0; want != NULL && i < want->len; i++)
		if (str_starts(id, want->items[i]))
			return true;
	return want == NULL;
}

static bool number_ok(const struct strv *want, int value)
{
	char text[16];

	if (want == NULL)
		return true;
	snprintf(text, sizeof(text), "%d", value);
	return strv_has(want, text);
}

static bool volume_ok(const struct strv *want, const struct container *c)
{
	for (size_t i = 0; want != NULL && i < want->len; i++)
		for (size_t k = 0; k < c->mounts.len; k++)
			if (str_eq(want->items[i], c->mounts.items[k].point.name) ||
			    str_eq(want->items[i], c->mounts.items[k].point.destination))
				return true;
	return want == NULL;
}

static bool network_ok(const struct strv *want, const struct container *c)
{
	for (size_t i = 0; want != NULL && i < want->len; i++) {
		if (str_eq(want->items[i], c->host.network_mode))
			return true;
		for (size_t k = 0; k < c->net.networks.len; k++) {
			const struct docker_endpoint *ep = c->net.networks.items[k].value;

			if (str_eq(c->net.networks.items[k].key, want->items[i]))
				return true;
			if (ep->network_id != NULL && str_starts(ep->network_id, want->items[i]))
				return true;
		}
	}
	return want == NULL;
}

/* publish: some binding; expose: the port is exposed. "80", "80/tcp", "80-90/udp" */
static bool port_ok(const struct strv *want, const struct container *c, bool published)
{
	for (size_t i = 0; want != NULL && i < want->len; i++) {
		struct port_range w, r;
		struct err ignored;

		if (port_parse(want->items[i], &w, &ignored) < 0)
			continue;
		for (size_t k = 0; k < c->net.ports.len; k++) {
			const struct json_array *bindings = c->net.ports.items[k].value;

			if (port_parse(c->net.ports.items[k].key, &r, &ignored) == 0 &&
			    r.proto == w.proto && r.first >= w.first && r.first <= w.last &&
			    (!published || (bindings != NULL && bindings->len > 0)))
				return true;
		}
	}
	return want == NULL;
}

static bool health_ok(const struct strv *want, const struct container *c)
{
	const char *status = c->health != NULL ? c->health->status : "none";

	return want == NULL || strv_has(want, status);
}

static bool wanted(const struct prepared *p, const struct container *c)
{
	const struct strv *status = engine_filters_get(p->f, "status");

	if (!p->all && !state_runs(c->state) && c->state != C_RESTARTING)
		return false;
	if (status != NULL && !strv_has(status, container_status_word(c)))
		return false;
	if ((p->before_nsec != 0 && c->created_nsec >= p->before_nsec) ||
	    (p->since_nsec != 0 && c->created_nsec <= p->since_nsec))
		return false;
	if (p->ancestors.len > 0 && !strv_has(&p->ancestors, c->image_id))
		return false;
	if (engine_filters_get(p->f, "exited") != NULL &&
	    (c->state != C_EXITED || !number_ok(engine_filters_get(p->f, "exited"), c->exit_code)))
		return false;
	return name_ok(engine_filters_get(p->f, "name"), c->name) &&
	       id_ok(engine_filters_get(p->f, "id"), c->id) &&
	       filters_label_ok(engine_filters_get(p->f, "label"), &c->config.labels) &&
	       volume_ok(engine_filters_get(p->f, "volume"), c) &&
	       network_ok(engine_filters_get(p->f, "network"), c) &&
	       port_ok(engine_filters_get(p->f, "publish"), c, true) &&
	       port_ok(engine_filters_get(p->f, "expose"), c, false) &&
	       health_ok(engine_filters_get(p->f, "health"), c);
}

static int newest_first(const void *a, const void *b)
{
	const struct container *x = *(struct container *const *)a,
			       *y = *(struct container *const *)b;

	return x->created_nsec < y->created_nsec ? 1 : x->created_nsec > y->created_nsec ? -1 : 0;
}

static void add_sizes(struct engine *en, struct engine_summaries *ret)
{
	for (size_t i = 0; i < ret->list.len; i++) {
		struct docker_summary *row = &ret->list.items[i];
		uint64_t rw = 0, root = 0;
		struct err e;

		if (storage_rw_size(en->storage, row->id, &rw, &e) < 0 ||
		    storage_rw_root_size(en->storage, row->id, &root, &e) < 0)
			log_debug(&e, "size of %s", row->id);
		row->size_rw = (int64_t)rw;
		row->size_root_fs = (int64_t)root;
	}
}

int engine_container_list(struct engine *en, bool all, bool size, int64_t limit,
			  const struct engine_filters *f, struct engine_summaries *ret,
			  struct err *e)
{
	static const struct engine_filters none;
	CLEANUP(freep) struct container **sorted = NULL;
	struct prepared p;
	int64_t now = time_now_nsec();
	size_t n = 0;

	memset(ret, 0, sizeof(*ret));
	if (prepare(en, f != NULL ? f : &none, all || limit > 0, &p, e) < 0)
		return -1;
	pthread_mutex_lock(&en->mu);
	sorted = xcalloc(en->containers.n + 1, sizeof(struct container *));
	map_for_each (slot, &en->containers)
		sorted[n++] = slot->value;
	qsort(sorted, n, sizeof(*sorted), newest_first);
	for (size_t i = 0; i < n && (limit <= 0 || ret->list.len < (size_t)limit); i++)
		if (wanted(&p, sorted[i]))
			container_row(sorted[i], now,
				      json_array_add(&ret->list, &docker_summary_json));
	pthread_mutex_unlock(&en->mu);
	strv_clear(&p.ancestors);
	if (size)
		add_sizes(en, ret);
	return 0;
}

void engine_summaries_clear(struct engine_summaries *s)
{
	json_array_clear(&s->list, &docker_summary_json);
}
