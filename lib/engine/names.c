// SPDX-License-Identifier: MIT
/*
 * The engine's end of the feed; see names.h. A change is sent at once where the
 * socket takes it and nothing older waits; else the thread sends it when there
 * is room. The thread sleeps in poll(2): on the socket, whose end is usernet's
 * end, and on an eventfd. After a new connection everything is "unsent".
 */
#include "engine/names.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"

#define RETRY_MIN_MS 100 /* rootlesskit's parent keeps the listener: failing is rare */
#define RETRY_MAX_MS 30000
#define TROUBLE_MS   5000

struct row {
	struct feed_endpoint ep;
	bool sent;
};

struct names {
	pthread_mutex_t mu; /* guards all below but what names_new() sets */
	char *state_dir;
	int wake_fd;
	pthread_t thread;
	bool started, stop;
	int fd;		  /* the feed; -1: not connected */
	bool behind;	  /* something is unsent: the thread's work */
	bool begin, end;  /* FEED_BEGIN, FEED_END are still to be sent */
	struct map rows;  /* endpoint id -> struct row */
	struct strv gone; /* endpoint ids whose FEED_DEL is unsent */
	struct feed_listener *listeners;
	size_t n_listeners;
	bool listeners_sent;
	bool has_gateway, gateway_sent;
	struct ip gateway4, gateway6;
	int64_t lost_ms; /* when there was no connection last; monotonic */
	struct buf text; /* of the message being sent */
};

static void row_free(void *p)
{
	feed_endpoint_clear(&((struct row *)p)->ep);
	free(p);
}

struct names *names_new(const char *state_dir)
{
	struct names *n = xcalloc(1, sizeof(*n));

	pthread_mutex_init(&n->mu, NULL);
	n->state_dir = xstrdup(state_dir);
	n->fd = n->wake_fd = -1;
	map_init(&n->rows, row_free);
	n->listeners_sent = true;
	n->lost_ms = time_mono_ms();
	return n;
}

/* --- sending; with mu held --- */

static bool send_now(struct names *n)
{
	struct err e;

	if (feed_send(n->fd, &n->text, 0, &e) == 0)
		return true;
	/* the end of usernet shows as end of file too, where the thread sees it */
	if (e.kind != ERR_TIMEOUT && e.kind != ERR_UNAVAILABLE)
		log_debug(&e, "names");
	return false;
}

static bool send_row(struct names *n, struct row *r)
{
	struct err e;

	if (feed_put_endpoint(&n->text, &r->ep, &e) < 0) {
		log_warn(&e, "names of container %.12s", r->ep.container_id);
		return r->sent = true;
	}
	return r->sent = send_now(n);
}

static bool send_mark(struct names *n, bool *due, enum feed_op op)
{
	if (!*due)
		return true;
	feed_put_head(&n->text, op);
	*due = !send_now(n);
	return !*due;
}

static bool send_gone(struct names *n, struct row *r UNUSED)
{
	while (n->gone.len > 0) {
		feed_put_del(&n->text, n->gone.items[n->gone.len - 1]);
		if (!send_now(n))
			return false;
		strv_remove(&n->gone, n->gone.len - 1);
	}
	return true;
}

static bool send_listeners(struct names *n, struct row *r UNUSED)
{
	if (n->listeners_sent)
		return true;
	feed_put_listeners(&n->text, n->listeners, n->n_listeners);
	return n->listeners_sent = send_now(n);
}

static bool send_gateway(struct names *n)
{
	if (!n->has_gateway || n->gateway_sent)
		return true;
	feed_put_gateway(&n->text, &n->gateway4, &n->gateway6);
	return n->gateway_sent = send_now(n);
}

/* Sends what is unsent as far as the socket takes it. */
static void catch_up(struct names *n)
{
	n->behind = true;
	if (n->fd < 0 || !send_listeners(n, NULL) || !send_gateway(n) ||
	    !send_mark(n, &n->begin, FEED_BEGIN) || !send_gone(n, NULL))
		return;
	map_for_each (slot, &n->rows) {
		struct row *r = slot->value;

		if (!r->sent && !send_row(n, r))
			return;
	}
	if (send_mark(n, &n->end, FEED_END))
		n->behind = false;
}

static void wake(const struct names *n)
{
	uint64_t one = 1;

	if (n->wake_fd >= 0 && write(n->wake_fd, &one, sizeof(one)) < 0)
		log_debug(NULL, "names: eventfd");
}

/* After a change: send it with fn, or leave it to the thread, which keeps the order. */
static void changed(struct names *n, bool (*fn)(struct names *n, struct row *r), struct row *r)
{
	if (!n->started || n->fd < 0 || n->behind || fn(n, r))
		return;
	n->behind = true;
	wake(n);
}

/* --- the table --- */

void names_set(struct names *n, const struct feed_endpoint *ep)
{
	struct row *r = xcalloc(1, sizeof(*r));
	MUTEX_GUARD(&n->mu);

	feed_endpoint_copy(&r->ep, ep);
	map_put(&n->rows, ep->endpoint_id, r);
	for (size_t i = 0; i < n->gone.len; i++)
		if (strcmp(n->gone.items[i], ep->endpoint_id) == 0)
			strv_remove(&n->gone, i--);
	changed(n, send_row, r);
}

void names_del(struct names *n, const char *endpoint_id)
{
	MUTEX_GUARD(&n->mu);

	if (map_get(&n->rows, endpoint_id) == NULL)
		return;
	map_del(&n->rows, endpoint_id);
	if (n->fd < 0)
		return; /* the whole table will be pushed */
	strv_add(&n->gone, endpoint_id);
	changed(n, send_gone, NULL);
}

void names_listeners(struct names *n, const struct feed_listener *l, size_t count)
{
	MUTEX_GUARD(&n->mu);

	free(n->listeners);
	n->listeners = count > 0 ? xmemdup(l, count * sizeof(*l)) : NULL;
	n->n_listeners = count;
	n->listeners_sent = false;
	changed(n, send_listeners, NULL);
}

void names_gateway(struct names *n, const struct ip *v4, const struct ip *v6)
{
	n->has_gateway = true;
	n->gateway4 = *v4;
	n->gateway6 = *v6;
}

/* --- the thread --- */

static void connected(struct names *n, int fd)
{
	MUTEX_GUARD(&n->mu);

	n->fd = fd;
	n->begin = n->end = true;
	n->listeners_sent = n->gateway_sent = false;
	strv_clear(&n->gone);
	map_for_each (slot, &n->rows)
		((struct row *)slot->value)->sent = false;
	catch_up(n);
}

static void disconnected(struct names *n)
{
	MUTEX_GUARD(&n->mu);

	fd_close(&n->fd);
	n->lost_ms = time_mono_ms();
}

bool names_trouble(struct names *n)
{
	MUTEX_GUARD(&n->mu);

	return n->state_dir != NULL && n->fd < 0 && time_mono_ms() - n->lost_ms > TROUBLE_MS;
}

static bool stopping(struct names *n)
{
	MUTEX_GUARD(&n->mu);

	return n->stop;
}

/* Until usernet's end or names_free(). */
static void serve(struct names *n)
{
	for (;;) {
		struct pollfd p[2] = {{.fd = n->wake_fd, .events = POLLIN}, {.events = POLLIN}};
		uint64_t count;

		pthread_mutex_lock(&n->mu);
		p[1].fd = n->fd;
		if (n->behind)
			p[1].events |= POLLOUT;
		pthread_mutex_unlock(&n->mu);
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[0].revents != 0 && fd_read(n->wake_fd, &count, sizeof(count)) < 0)
			log_debug(NULL, "names: eventfd");
		/* usernet never speaks here unasked: readable is its end */
		if (stopping(n) || (p[1].revents & ~POLLOUT) != 0)
			return;
		if ((p[1].revents & POLLOUT) != 0) {
			MUTEX_GUARD(&n->mu);

			catch_up(n);
		}
	}
}

static void *run(void *arg)
{
	struct names *n = arg;
	int delay_ms = RETRY_MIN_MS;

	while (!stopping(n)) {
		struct err e;
		int fd = feed_connect(n->state_dir, &e);

		if (fd >= 0) {
			int64_t since_ms = time_mono_ms();

			connected(n, fd);
			serve(n);
			disconnected(n);
			if (time_mono_ms() - since_ms > RETRY_MAX_MS)
				delay_ms = RETRY_MIN_MS;
		} else if (e.kind == ERR_NOTFOUND) {
			return NULL; /* another network driver's rootlesskit: nobody will listen */
		} else {
			log_debug(&e, "names");
		}
		if (stopping(n))
			break;
		if (fd < 0 || delay_ms > RETRY_MIN_MS)
			(void)fd_wait(n->wake_fd, POLLIN, delay_ms);
		delay_ms = MIN(delay_ms * 2, RETRY_MAX_MS);
	}
	return NULL;
}

int names_start(struct names *n, struct err *e)
{
	if (n->state_dir == NULL)
		return 0;
	n->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (n->wake_fd < 0)
		return err_sys(e, "eventfd");
	n->started = true;
	if (thread_start_joinable(&n->thread, run, n, e) < 0) {
		n->started = false;
		return -1;
	}
	return 0;
}

void names_free(struct names *n)
{
	if (n == NULL)
		return;
	if (n->started) {
		pthread_mutex_lock(&n->mu);
		n->stop = true;
		wake(n);
		pthread_mutex_unlock(&n->mu);
		pthread_join(n->thread, NULL);
	}
	fd_close(&n->fd);
	fd_close(&n->wake_fd);
	map_clear(&n->rows);
	strv_clear(&n->gone);
	free(n->listeners);
	buf_clear(&n->text);
	free(n->state_dir);
	pthread_mutex_destroy(&n->mu);
	free(n);
}
