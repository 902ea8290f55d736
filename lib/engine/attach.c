// SPDX-License-Identifier: MIT
/*
 * Clients on a container's standard streams. The shim takes the client's
 * socket over, so that no thread of the engine stays behind. It has reserved a
 * place for the client before the answer's head is sent; who attaches before
 * the start waits in a list for it.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/engine_internal.h"

#define CLAIM_TIMEOUT_MS 5000 /* an answer's head takes no longer to send */

static const unsigned char default_keys[] = {16, 17}; /* ctrl-p, ctrl-q */

/* one key: a letter, or "ctrl-" and a letter or one of @ [ \ ] ^ _ ; -1 when it is none */
static int key_code(const char *key)
{
	const char *ctrl = str_skip(key, "ctrl-");

	if (ctrl == NULL)
		return key[0] != '\0' && key[1] == '\0' ? (unsigned char)key[0] : -1;
	if (ctrl[0] == '\0' || ctrl[1] != '\0')
		return -1;
	if (ctrl[0] >= 'a' && ctrl[0] <= 'z')
		return ctrl[0] - 'a' + 1;
	return ctrl[0] >= '@' && ctrl[0] <= '_' ? ctrl[0] - '@' : -1;
}

int detach_keys_parse(const char *text, unsigned char *ret, size_t *ret_n, struct err *e)
{
	CLEANUP(strv_clear) struct strv keys = STRV_INIT;

	if (text == NULL) {
		memcpy(ret, default_keys, sizeof(default_keys));
		*ret_n = sizeof(default_keys);
		return 0;
	}
	strv_split(&keys, text, ",");
	if (keys.len > SHIM_DETACH_KEYS_MAX)
		return err_set(e, ERR_INVALID, 0, "Invalid detach keys (%s) provided", text);
	for (size_t i = 0; i < keys.len; i++) {
		int code = key_code(keys.items[i]);

		if (code < 0)
			return err_set(e, ERR_INVALID, 0, "Invalid detach keys (%s) provided",
				       text);
		ret[i] = (unsigned char)code;
	}
	*ret_n = keys.len;
	return 0;
}

void attach_claim_free(struct engine_attach_claim *p)
{
	void *leftover = (void *)(uintptr_t)p->a.leftover;

	fd_close(&p->a.client_fd);
	free(leftover);
	free(p);
}

static bool all_ready(const struct container *c)
{
	const struct engine_attach_claim *p;

	list_for_each (p, &c->attaches, link)
		if (!p->ready)
			return false;
	return true;
}

void attach_claims_take(struct engine *en, struct container *c, struct list *ret)
{
	struct engine_attach_claim *p, *next;
	int64_t deadline = time_mono_ms() + CLAIM_TIMEOUT_MS;

	while (!all_ready(c) && cond_wait_until(&en->changed, &en->mu, deadline)) {
	}
	list_for_each_safe (p, next, &c->attaches, link) {
		list_del(&p->link);
		if (p->ready)
			list_add_tail(ret, &p->link);
	}
}

void attach_claims_drop(struct container *c)
{
	struct engine_attach_claim *p, *next;

	list_for_each_safe (p, next, &c->attaches, link) {
		list_del(&p->link);
		if (p->ready)
			attach_claim_free(p);
	}
}

static int check(const struct container *c, struct err *e)
{
	if (c->removed)
		return err_set(e, ERR_NOTFOUND, 0, "No such container: %s", c->id);
	if (c->state == C_PAUSED)
		return err_set(e, ERR_CONFLICT, 0,
			       "container %s is paused, unpause the container before attach",
			       c->id);
	if (c->state == C_RESTARTING)
		return err_set(e, ERR_CONFLICT, 0,
			       "container %s is restarting, wait until the container is running",
			       c->id);
	return 0;
}

static bool hung_up(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

/* forgets clients that left while they waited for the start; with mu held */
static void drop_gone(struct container *c)
{
	struct engine_attach_claim *p, *next;

	list_for_each_safe (p, next, &c->attaches, link) {
		if (!p->ready || !hung_up(p->a.client_fd))
			continue;
		list_del(&p->link);
		attach_claim_free(p);
	}
}

struct shim_attach attach_for_shim(const struct engine_attach_claim *p,
				   const struct engine_attach *a)
{
	struct shim_attach sa = {
		.client_fd = a->client_fd,
		.flags = (a->in && p->c->config.open_stdin ? SHIM_STDIN : 0U) |
			 (a->out ? SHIM_STDOUT : 0U) | (a->err ? SHIM_STDERR : 0U) |
			 (a->multiplexed && !p->c->config.tty ? 0U : SHIM_RAW),
		.n_detach_keys = p->n_keys,
		.leftover = a->leftover,
		.n_leftover = a->n_leftover,
	};

	memcpy(sa.detach_keys, p->keys, sizeof(sa.detach_keys));
	return sa;
}

/* a place at the shim, so that nothing is missed between the answer's head and the client's
 * arrival. No connection: the container has just ended */
static int reserve(struct engine_attach_claim *p, const struct engine_attach *a, struct err *e)
{
	CLEANUP(freep) char *bundle = container_bundle(p->en, p->c);
	struct shim_attach sa = attach_for_shim(p, a);
	struct shim_info info;

	if (shim_connect(bundle, &p->conn, &info, e) < 0)
		return e->kind == ERR_NOTFOUND ? 0 : -1;
	if (shim_attach(&p->conn, "", &sa, e) < 0 && e->kind == ERR_CONFLICT)
		shim_close(&p->conn);
	p->since_nsec = sa.since_nsec;
	return 0; /* an older shim takes the client all the same */
}

int engine_attach_begin(struct engine *en, const char *name, const struct engine_attach *a,
			struct engine_attach_claim **ret, bool *ret_tty, struct err *e)
{
	struct container *c = container_get(en, name, e);
	struct engine_attach_claim *p;
	bool runs;
	int r;

	if (c == NULL)
		return -1;
	p = xcalloc(1, sizeof(*p));
	p->a.client_fd = -1;
	p->conn.fd = -1;
	list_init(&p->link);
	p->en = en;
	p->c = c;
	*ret_tty = c->config.tty;
	r = detach_keys_parse(a->detach_keys, p->keys, &p->n_keys, e);
	pthread_mutex_lock(&en->mu);
	container_settled(en, c);
	if (r == 0)
		r = check(c, e);
	runs = state_runs(c->state);
	if (r == 0 && !runs) {
		drop_gone(c);
		list_add_tail(&c->attaches, &p->link);
	}
	pthread_mutex_unlock(&en->mu);
	if (r == 0 && runs && a->stream)
		r = reserve(p, a, e);
	if (r < 0) {
		free(p);
		container_unref(en, c);
		return -1;
	}
	*ret = p;
	return 0;
}

/* Docker's 8-byte frame head and the text, to a client's socket */
static int write_frame(void *arg, bool is_err, const char *text, size_t n)
{
	const struct engine_attach *a = arg;
	unsigned char head[8] = {is_err ? 2 : 1,
				 0,
				 0,
				 0,
				 (unsigned char)(n >> 24),
				 (unsigned char)(n >> 16),
				 (unsigned char)(n >> 8),
				 (unsigned char)n};
	struct err e;

	if (a->multiplexed && fd_write_all(a->client_fd, head, sizeof(head), &e) < 0)
		return -1;
	return fd_write_all(a->client_fd, text, n, &e);
}

/* up to the time from which on the shim keeps the output */
static void replay(struct engine *en, struct container *c, const struct engine_attach *a,
		   int64_t until_nsec)
{
	struct engine_attach copy = *a;
	struct engine_logs l = {.out = a->out,
				.err = a->err,
				.until_nsec = until_nsec,
				.tail = -1,
				.client_fd = -1,
				.write = write_frame,
				.arg = &copy};
	struct err e;

	if (engine_container_logs(en, c->id, &l, &e) < 0)
		log_debug(&e, "attach: logs of %s", c->id);
}

/* the claim becomes a waiting client when the container still is to start; with mu held. False: it
 * is not waiting */
static bool keep(struct engine_attach_claim *p, const struct engine_attach *a)
{
	if (list_empty(&p->link))
		return false;
	p->a = *a;
	p->a.client_fd = fcntl(a->client_fd, F_DUPFD_CLOEXEC, 3);
	p->a.detach_keys = NULL;
	p->a.leftover = xmemdup(a->leftover, a->n_leftover);
	p->ready = true;
	pthread_cond_broadcast(&p->en->changed);
	return true;
}

int engine_attach_finish(struct engine_attach_claim *p, const struct engine_attach *a,
			 struct err *e)
{
	struct engine *en = p->en;
	struct container *c = p->c;
	bool kept = false;
	int r = 0;

	if (a != NULL && a->logs)
		replay(en, c, a, p->since_nsec);
	pthread_mutex_lock(&en->mu);
	if (a != NULL && a->stream)
		kept = keep(p, a);
	if (!kept) {
		list_del(&p->link);
		pthread_cond_broadcast(&en->changed);
	}
	pthread_mutex_unlock(&en->mu);
	if (!kept) {
		if (a != NULL && p->conn.fd >= 0) {
			struct shim_attach sa = attach_for_shim(p, a);

			r = shim_attach(&p->conn, "", &sa, e);
		}
		shim_close(&p->conn);
		attach_claim_free(p);
	}
	if (r == 0 && a != NULL)
		container_event(en, c, "attach", NULL, NULL);
	container_unref(en, c);
	return r;
}
