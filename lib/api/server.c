// SPDX-License-Identifier: MIT
/*
 * Listeners and connections. Of a listener's threads one leads: it waits for the
 * next connection, lets another thread lead, and serves request after request
 * itself. A thread whose connection is over leads again, or waits a while for
 * its turn, so that short connections cost no thread each. When there are as
 * many connections as may be, the one that has asked nothing for longest goes.
 * api_stop() shuts the sockets down, which ends every blocked read, and waits
 * until all threads are gone. a->mu guards all that changes.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api_internal.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/thread.h"
#include "base/time.h"
#include "config/limits.h"

#define LISTENERS_MAX  16
#define ACCEPT_WAIT_MS 100 /* before trying again when descriptors are short */

struct api_listener {
	struct api *a;
	int fd;
	const struct tls_config *tls;
	bool led;	     /* a thread waits for the next connection */
	size_t n_followers;  /* threads that wait until they may lead */
	pthread_cond_t next; /* nobody leads, or the API stops */
};

struct api_conn {
	struct list link;
	struct api *a;
	int fd;	   /* guarded by a->mu; -1 once handed over or closed */
	bool busy; /* guarded by a->mu: a request is being answered, or its end was asked for */
	const struct tls_config *tls;
};

struct api {
	struct engine *en;
	pthread_mutex_t mu;
	pthread_cond_t fewer; /* fewer connections or threads, or a lead given up */
	struct list conns;    /* the one longest without a request first */
	size_t n_conns, max_conns, n_threads;
	bool stopping;
	int stop_pipe[2];
	struct api_listener listeners[LISTENERS_MAX];
	size_t n_listeners;
};

struct api *api_new(struct engine *en)
{
	struct api *a = xcalloc(1, sizeof(*a));
	struct rlimit r;
	struct err e;

	a->en = en;
	a->max_conns = API_CONNS_MAX;
	if (getrlimit(RLIMIT_NOFILE, &r) == 0)
		a->max_conns = MIN(a->max_conns, r.rlim_cur / 2);
	pthread_mutex_init(&a->mu, NULL);
	cond_init(&a->fewer);
	list_init(&a->conns);
	if (fd_pipe(a->stop_pipe, &e) < 0)
		a->stop_pipe[0] = a->stop_pipe[1] = -1;
	return a;
}

/* Wraps the descriptor: plain, or TLS after its handshake. */
static struct stream *open_stream(const struct api_conn *c)
{
	struct stream *s = stream_fd_new(c->fd), *secure = NULL;
	struct err e;

	if (c->tls == NULL)
		return s;
	s->timeout_ms = API_HANDSHAKE_MS;
	if (tls_server_new(s, c->tls, &secure, &e) < 0) {
		log_info(&e, "http: TLS handshake error");
		return NULL;
	}
	secure->timeout_ms = -1;
	return secure;
}

/* The descriptor leaves our hands: api_stop() must not touch its number any more. */
static void release_fd(void *arg)
{
	struct api_conn *c = arg;

	MUTEX_GUARD(&c->a->mu);
	c->fd = -1;
}

/* False: no further request is taken. */
static bool set_busy(struct api_conn *c, bool busy)
{
	MUTEX_GUARD(&c->a->mu);
	c->busy = busy;
	list_del(&c->link);
	list_add_tail(&c->a->conns, &c->link);
	return !c->a->stopping;
}

static void serve(struct api_conn *c)
{
	struct api_link link = {.tls = c->tls != NULL, .release = release_fd, .arg = c};
	struct stream *s = open_stream(c);
	struct http_conn *conn;
	struct err e;

	if (s == NULL)
		return;
	conn = http_conn_new(s);
	while (http_conn_next(conn, &e) == 1) {
		/* one that was on its way when the draining began is answered still */
		(void)set_busy(c, true);
		if (api_dispatch(c->a->en, conn, &link) < 0 || !set_busy(c, false))
			break;
	}
	release_fd(c);
	http_conn_free(conn);
}

/* With a->mu held, as all of the next ones up to accept_one(). */
static void drop_conn(struct api_conn *c)
{
	list_del(&c->link);
	c->a->n_conns--;
	pthread_cond_broadcast(&c->a->fewer);
	free(c);
}

static void refuse_conn(int fd)
{
	static const char text[] = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
				   "Content-Type: application/json\r\nContent-Length: 35\r\n\r\n"
				   "{\"message\":\"too many connections\"}\n";

	if (send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug(NULL, "refused connection was gone already");
	close(fd);
}

/* Makes room for one more. False: all are being answered. */
static bool end_quietest(struct api *a)
{
	struct api_conn *c;

	list_for_each (c, &a->conns, link) {
		if (c->busy || c->fd < 0)
			continue;
		c->busy = true; /* not again */
		shutdown(c->fd, SHUT_RD);
		return true;
	}
	return false;
}

static struct api_conn *add_conn(struct api_listener *l, int fd)
{
	struct api *a = l->a;
	struct api_conn *c;

	if (a->n_conns >= a->max_conns && !end_quietest(a))
		return NULL;
	c = xcalloc(1, sizeof(*c));
	*c = (struct api_conn){.a = a, .fd = fd, .tls = l->tls};
	list_add_tail(&a->conns, &c->link);
	a->n_conns++;
	return c;
}

/* Waits for the lead; false: there are threads enough, or the API stops. */
static bool take_lead(struct api_listener *l)
{
	int64_t until = l->led ? time_mono_ms() + API_SPARE_MS : 0;
	bool early = l->n_followers < API_SPARE_THREADS;

	l->n_followers++;
	while (l->led && !l->a->stopping && early)
		early = cond_wait_until(&l->next, &l->a->mu, until);
	l->n_followers--;
	if (l->led || l->a->stopping)
		return false;
	return l->led = true;
}

static void end_lead(struct api_listener *l)
{
	l->led = false;
	pthread_cond_broadcast(&l->a->fewer);
}

static void listener_thread(void *arg);

static int add_thread(struct api_listener *l, struct err *e)
{
	l->a->n_threads++;
	if (thread_start(listener_thread, l, e) == 0)
		return 0;
	l->a->n_threads--;
	return -1;
}

/* Another thread may lead: there is one. It is woken when the mutex is free. */
static int pass_lead(struct api_listener *l, struct err *e)
{
	if (l->n_followers == 0 && add_thread(l, e) < 0)
		return -1;
	end_lead(l);
	return 0;
}

/* The next connection, or -1 when the API stops. */
static int accept_one(struct api_listener *l)
{
	struct pollfd pfd[2] = {{.fd = l->fd, .events = POLLIN},
				{.fd = l->a->stop_pipe[0], .events = POLLIN}};

	for (;;) {
		int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0)
			return fd;
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			poll(&pfd[1], 1, ACCEPT_WAIT_MS);
		if ((poll(pfd, 2, -1) < 0 && errno != EINTR) || pfd[1].revents != 0)
			return -1;
	}
}

/* With a->mu held: the connection, when it may be served and another thread may lead. */
static struct api_conn *admit(struct api_listener *l, int fd)
{
	struct api_conn *c = add_conn(l, fd);
	struct err e;

	if (c == NULL || pass_lead(l, &e) == 0)
		return c;
	log_warn(&e, "API connection refused");
	drop_conn(c);
	return NULL;
}

/* Leads until there is a connection to be served: the lead is another's then. NULL: the API stops.
 */
static struct api_conn *lead(struct api_listener *l)
{
	struct api *a = l->a;

	for (;;) {
		int fd = accept_one(l);
		struct api_conn *c;
		bool stopping;

		if (fd < 0)
			return NULL;
		pthread_mutex_lock(&a->mu);
		stopping = a->stopping;
		c = stopping ? NULL : admit(l, fd);
		pthread_mutex_unlock(&a->mu);
		if (c != NULL) {
			pthread_cond_signal(&l->next);
			return c;
		}
		if (stopping) {
			close(fd); /* as one that was not accepted any more */
			return NULL;
		}
		refuse_conn(fd);
	}
}

static void listener_thread(void *arg)
{
	struct api_listener *l = arg;
	struct api *a = l->a;

	pthread_mutex_lock(&a->mu);
	while (take_lead(l)) {
		struct api_conn *c;

		pthread_mutex_unlock(&a->mu);
		c = lead(l);
		if (c != NULL)
			serve(c);
		pthread_mutex_lock(&a->mu);
		if (c != NULL)
			drop_conn(c);
		else
			end_lead(l);
	}
	a->n_threads--;
	pthread_cond_broadcast(&a->fewer);
	pthread_mutex_unlock(&a->mu);
}

int api_listen(struct api *a, int fd, const struct tls_config *tls, struct err *e)
{
	struct api_listener *l = &a->listeners[a->n_listeners];

	if (a->n_listeners == LISTENERS_MAX || a->stop_pipe[0] < 0) {
		close(fd);
		return err_set(e, ERR_UNAVAILABLE, 0, "too many API listeners");
	}
	/* an accepted connection may be gone before accept(2) */
	fd_set_nonblock(fd, true);
	*l = (struct api_listener){.a = a, .fd = fd, .tls = tls};
	cond_init(&l->next);
	a->n_listeners++;
	return 0;
}

int api_serve(struct api *a, struct err *e)
{
	MUTEX_GUARD(&a->mu);

	for (size_t i = 0; i < a->n_listeners; i++)
		if (add_thread(&a->listeners[i], e) < 0)
			return -1;
	return 0;
}

static void cut_connections(struct api *a)
{
	struct api_conn *c;

	list_for_each (c, &a->conns, link)
		if (c->fd >= 0)
			shutdown(c->fd, SHUT_RDWR);
}

/* No more connections from here on. */
static void end_accepting(struct api *a)
{
	struct err e;

	MUTEX_GUARD(&a->mu);
	if (a->stopping)
		return;
	a->stopping = true;
	if (a->stop_pipe[1] >= 0 && fd_write_all(a->stop_pipe[1], "x", 1, &e) < 0)
		log_warn(&e, "stopping the API");
	for (size_t i = 0; i < a->n_listeners; i++) {
		struct api_listener *l = &a->listeners[i];

		pthread_cond_broadcast(&l->next);
		while (l->led)
			cond_wait_until(&a->fewer, &a->mu, -1);
		close(l->fd);
	}
}

void api_drain(struct api *a, int timeout_ms)
{
	int64_t deadline = time_mono_ms() + timeout_ms;
	struct api_conn *c;

	end_accepting(a);
	pthread_mutex_lock(&a->mu);
	list_for_each (c, &a->conns, link)
		if (c->fd >= 0 && !c->busy)
			shutdown(c->fd, SHUT_RD); /* what has come already is read all the same */
	while (a->n_conns > 0)
		if (!cond_wait_until(&a->fewer, &a->mu, deadline))
			break;
	pthread_mutex_unlock(&a->mu);
}

void api_stop(struct api *a)
{
	end_accepting(a);
	pthread_mutex_lock(&a->mu);
	cut_connections(a);
	while (a->n_threads > 0)
		cond_wait_until(&a->fewer, &a->mu, -1);
	pthread_mutex_unlock(&a->mu);
}

void api_free(struct api *a)
{
	if (a == NULL)
		return;
	fd_close(&a->stop_pipe[0]);
	fd_close(&a->stop_pipe[1]);
	pthread_mutex_destroy(&a->mu);
	pthread_cond_destroy(&a->fewer);
	free(a);
}
