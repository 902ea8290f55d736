// SPDX-License-Identifier: MIT
/*
 * Events: a ring of the last EVENT_RING ones under a mutex of its own.
 * Listeners keep the sequence number they have read up to and are woken by an
 * eventfd each, so that they can poll their client at the same time.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/str.h"
#include "engine/engine_internal.h"

struct event {
	char *type, *action, *id;
	struct json_strmap attributes;
	int64_t at_nsec;
};

struct listener {
	struct list link;
	int wake_fd;
};

struct events {
	pthread_mutex_t mu;
	struct event ring[EVENT_RING];
	uint64_t next; /* sequence number of the next event; the oldest kept is next - EVENT_RING */
	struct list listeners;
};

struct events *events_new(void)
{
	struct events *ev = xcalloc(1, sizeof(*ev));

	pthread_mutex_init(&ev->mu, NULL);
	list_init(&ev->listeners);
	return ev;
}

static void event_clear(struct event *ev)
{
	free(ev->type);
	free(ev->action);
	free(ev->id);
	json_strmap_clear(&ev->attributes);
	memset(ev, 0, sizeof(*ev));
}

void events_free(struct events *ev)
{
	if (ev == NULL)
		return;
	for (size_t i = 0; i < EVENT_RING; i++)
		event_clear(&ev->ring[i]);
	pthread_mutex_destroy(&ev->mu);
	free(ev);
}

static void wake(int fd)
{
	uint64_t one = 1;

	/* an eventfd that is full wakes as well */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

void engine_event_emit(struct engine *en, const char *type, const char *action, const char *id,
		       const struct json_strmap *attributes)
{
	struct events *ev = en->events;
	struct listener *l;
	struct event *slot;
	MUTEX_GUARD(&ev->mu);

	slot = &ev->ring[ev->next % EVENT_RING];
	event_clear(slot);
	slot->type = xstrdup(type);
	slot->action = xstrdup(action);
	slot->id = xstrdup(id);
	if (attributes != NULL)
		json_strmap_copy(&slot->attributes, attributes);
	slot->at_nsec = time_now_nsec();
	ev->next++;
	list_for_each (l, &ev->listeners, link)
		wake(l->wake_fd);
}

void engine_event_prune(struct engine *en, const char *type, int64_t reclaimed_bytes)
{
	CLEANUP(freep) char *text = xasprintf("%lld", (long long)reclaimed_bytes);
	struct json_strmap attributes = {0};

	json_strmap_set(&attributes, "reclaimed", text);
	engine_event_emit(en, type, "prune", "", &attributes);
	json_strmap_clear(&attributes);
}

static bool one_of(const struct engine_filters *f, const char *name, const char *value)
{
	const struct strv *want = engine_filters_get(f, name);

	return want == NULL || strv_has(want, value);
}

/* names an object by its id, a prefix of it, or its name attribute */
static bool names_it(const struct strv *want, const struct event *ev)
{
	const char *name = json_strmap_get(&ev->attributes, "name");

	for (size_t i = 0; i < want->len; i++)
		if (str_starts(ev->id, want->items[i]) || str_eq(name, want->items[i]))
			return true;
	return false;
}

/* "exec_start" also passes "exec_start: sh", "health_status" passes "health_status: healthy" */
static bool action_ok(const struct strv *want, const char *action)
{
	for (size_t i = 0; want != NULL && i < want->len; i++) {
		const char *rest = str_skip(action, want->items[i]);

		if (rest != NULL && (*rest == '\0' || *rest == ':'))
			return true;
	}
	return want == NULL;
}

static bool passes(const struct engine_filters *f, const struct event *ev)
{
	static const char *const kinds[] = {"container", "image", "volume", "network", "daemon"};

	if (f == NULL)
		return true;
	if (!one_of(f, "type", ev->type) || !one_of(f, "scope", "local") ||
	    !action_ok(engine_filters_get(f, "event"), ev->action) ||
	    !filters_label_ok(engine_filters_get(f, "label"), &ev->attributes))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		const struct strv *want = engine_filters_get(f, kinds[i]);
		const char *image = json_strmap_get(&ev->attributes, "image");

		if (want == NULL)
			continue;
		if (str_eq(kinds[i], "image") && str_eq(ev->type, "container") && image != NULL &&
		    strv_has(want, image))
			continue;
		if (!str_eq(ev->type, kinds[i]) || !names_it(want, ev))
			return false;
	}
	return true;
}

/* a copy of the event at sequence number seq; false when there is none yet. Skips what was
 * overwritten */
static bool copy_at(struct events *ev, uint64_t *seq, struct event *ret)
{
	const struct event *src;
	MUTEX_GUARD(&ev->mu);

	if (ev->next > EVENT_RING && *seq < ev->next - EVENT_RING)
		*seq = ev->next - EVENT_RING;
	if (*seq >= ev->next)
		return false;
	src = &ev->ring[*seq % EVENT_RING];
	memset(ret, 0, sizeof(*ret));
	ret->type = xstrdup(src->type);
	ret->action = xstrdup(src->action);
	ret->id = xstrdup(src->id);
	json_strmap_copy(&ret->attributes, &src->attributes);
	ret->at_nsec = src->at_nsec;
	(*seq)++;
	return true;
}

/* writes what is there from *seq on; 1 go on, 0 the end (until was passed or write ended it) */
static int write_ready(struct events *evs, const struct engine_listen *l, uint64_t *seq)
{
	struct event ev;

	while (copy_at(evs, seq, &ev)) {
		bool past_end = l->until_nsec != 0 && ev.at_nsec > l->until_nsec;
		bool wanted = !past_end && ev.at_nsec >= l->since_nsec && passes(l->filters, &ev);
		struct engine_event out = {ev.type, ev.action, ev.id, ev.attributes, ev.at_nsec};
		int r = wanted ? l->write(l->arg, &out) : 0;

		event_clear(&ev);
		if (past_end || r < 0)
			return 0;
	}
	return 1;
}

/* waits for an event, the client's end, or until; 1 look again, 0 the end */
static int wait_more(const struct engine_listen *l, int wake_fd, struct err *e)
{
	struct pollfd p[2] = {{.fd = wake_fd, .events = POLLIN},
			      {.fd = l->client_fd, .events = POLLRDHUP}};
	int64_t left = -1;
	uint64_t count;

	if (l->until_nsec != 0) {
		left = (l->until_nsec - time_now_nsec()) / 1000000 + 1;
		if (left <= 0)
			return 0;
	}
	if (poll(p, 2, left < 0 ? -1 : (int)MIN(left, INT32_MAX)) < 0 && errno != EINTR)
		return err_sys(e, "poll");
	if (p[1].revents != 0)
		return 0;
	if (p[0].revents != 0 && fd_read(wake_fd, &count, sizeof(count)) < 0)
		return err_sys(e, "read eventfd");
	return 1;
}

static int listen_loop(struct events *evs, const struct engine_listen *l, uint64_t seq, int wake_fd,
		       struct err *e)
{
	int r = 1;

	if (l->ready != NULL && l->ready(l->arg) < 0)
		return 0;
	while (r > 0) {
		if (write_ready(evs, l, &seq) == 0)
			return 0;
		r = wait_more(l, wake_fd, e);
	}
	return r;
}

int engine_events(struct engine *en, const struct engine_listen *l, struct err *e)
{
	struct events *evs = en->events;
	struct listener me;
	uint64_t seq;
	int r;

	me.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (me.wake_fd < 0)
		return err_sys(e, "eventfd");
	pthread_mutex_lock(&evs->mu);
	list_add_tail(&evs->listeners, &me.link);
	seq = l->since_nsec != 0 || l->until_nsec != 0 ? 0 : evs->next;
	pthread_mutex_unlock(&evs->mu);
	r = listen_loop(evs, l, seq, me.wake_fd, e);
	pthread_mutex_lock(&evs->mu);
	list_del(&me.link);
	pthread_mutex_unlock(&evs->mu);
	close(me.wake_fd);
	return r;
}
