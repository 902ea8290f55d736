// SPDX-License-Identifier: MIT
/* Waiting for a container's end: registered before the answer begins, woken through an eventfd. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "engine/engine_internal.h"

struct engine_wait {
	struct list link; /* in the container's waits until it is done */
	struct engine *en;
	struct container *c; /* a reference */
	enum engine_wait_condition cond;
	int wake_fd;
	bool done;
	int code;
	char *error;
};

static void finish(struct engine_wait *w, int code, const char *error)
{
	uint64_t one = 1;

	list_del(&w->link);
	w->done = true;
	w->code = code;
	w->error = xstrdup(error);
	if (write(w->wake_fd, &one, sizeof(one)) < 0)
		return; /* cannot be: the counter is 0 */
}

void waits_wake(struct container *c, bool removed, const char *error)
{
	struct engine_wait *w, *next;

	list_for_each_safe (w, next, &c->waits, link)
		if (removed || w->cond != ENGINE_WAIT_REMOVED)
			finish(w, c->exit_code, error);
}

int engine_wait_begin(struct engine *en, const char *name, enum engine_wait_condition cond,
		      struct engine_wait **ret, struct err *e)
{
	struct engine_wait *w;
	struct container *c = container_get(en, name, e);
	int fd;

	if (c == NULL)
		return -1;
	fd = eventfd(0, EFD_CLOEXEC);
	if (fd < 0) {
		err_sys(e, "eventfd");
		container_unref(en, c);
		return -1;
	}
	w = xcalloc(1, sizeof(*w));
	w->en = en;
	w->c = c;
	w->cond = cond;
	w->wake_fd = fd;
	list_init(&w->link);
	pthread_mutex_lock(&en->mu);
	if (c->removed || (cond == ENGINE_WAIT_NOT_RUNNING && !state_runs(c->state) &&
			   c->state != C_STARTING && c->state != C_RESTARTING))
		finish(w, c->exit_code, NULL);
	else
		list_add_tail(&c->waits, &w->link);
	pthread_mutex_unlock(&en->mu);
	*ret = w;
	return 0;
}

int engine_wait_end(struct engine_wait *w, int client_fd, int *ret_code, char **ret_error,
		    struct err *e)
{
	struct pollfd p[2] = {{.fd = w->wake_fd, .events = POLLIN},
			      {.fd = client_fd, .events = POLLRDHUP}};
	int r;

	do
		r = poll(p, 2, -1);
	while (r < 0 && errno == EINTR);
	pthread_mutex_lock(&w->en->mu);
	list_del(&w->link);
	r = w->done ? 0 : err_set(e, ERR_CANCELLED, 0, "the client has left");
	if (r == 0) {
		*ret_code = w->code;
		*ret_error = TAKE(w->error);
	}
	pthread_mutex_unlock(&w->en->mu);
	container_unref(w->en, w->c);
	close(w->wake_fd);
	free(w->error);
	free(w);
	return r;
}
