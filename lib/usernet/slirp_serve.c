// SPDX-License-Identifier: MIT
/*
 * The API socket of slirp4netns(1): a request a connection, answered when it is
 * whole (the client's half-close is not waited for); and the descriptor whose
 * end is ours.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "usernet/slirp_internal.h"
#include "usernet/usernet.h"

struct api_client {
	struct list link; /* in usernet.api_clients */
	struct usernet *u;
	int fd;
	struct loop_source *source;
	struct wheel_timer timer;
	size_t n;
	char request[USERNET_API_REQUEST_MAX];
	struct buf answer; /* what is left of it */
};

static int op_add(void *arg, const struct hostfwd_spec *s, int *ret_id, struct err *e)
{
	return hostfwd_add(arg, s, ret_id, e);
}

static int op_remove(void *arg, int id, struct err *e)
{
	return hostfwd_remove(arg, id, e);
}

static bool op_at(void *arg, size_t i, struct hostfwd_spec *ret, int *ret_id)
{
	struct usernet *u = arg;
	struct hostfwd *h;

	list_for_each (h, &u->hostfwds, link) {
		if (i-- > 0)
			continue;
		*ret = h->spec;
		*ret_id = h->id;
		return true;
	}
	return false;
}

static const struct slirp_api_ops ops = {.add = op_add, .remove = op_remove, .at = op_at};

static void client_end(struct api_client *c)
{
	struct usernet *u = c->u;

	loop_del(u->loop, c->source);
	wheel_stop(&u->wheel, &c->timer);
	fd_close(&c->fd);
	buf_clear(&c->answer);
	list_del(&c->link);
	u->n_api_clients--;
	free(c);
}

static void send_answer(struct api_client *c)
{
	while (c->answer.len > 0) {
		ssize_t n = send(c->fd, c->answer.data, c->answer.len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			loop_mod(c->u->loop, c->source, EPOLLOUT);
			return;
		}
		if (n < 0)
			break;
		buf_consume(&c->answer, (size_t)n);
	}
	client_end(c);
}

static void answer(struct api_client *c)
{
	slirp_api_answer(c->request, c->n, &ops, c->u, &c->answer);
	shutdown(c->fd, SHUT_RD); /* what follows a request too large */
	send_answer(c);
}

static void on_late(struct wheel_timer *timer, void *arg UNUSED)
{
	struct api_client *c = CONTAINER_OF(timer, struct api_client, timer);

	if (c->answer.len > 0)
		client_end(c);
	else
		answer(c);
}

static void on_client(struct loop *l UNUSED, int fd, uint32_t events UNUSED, void *arg)
{
	struct api_client *c = arg;
	ssize_t n;

	if (c->answer.len > 0) {
		send_answer(c);
		return;
	}
	n = recv(fd, c->request + c->n, sizeof(c->request) - c->n, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		client_end(c);
		return;
	}
	c->n += (size_t)n;
	if (n == 0 || c->n == sizeof(c->request) || slirp_api_is_whole(c->request, c->n))
		answer(c);
}

static void on_listen(struct loop *l, int fd, uint32_t events UNUSED, void *arg)
{
	struct usernet *u = arg;
	struct api_client *c;
	struct err e;
	int client_fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (client_fd < 0)
		return;
	if (u->n_api_clients >= USERNET_API_CLIENTS_MAX) {
		fd_close(&client_fd);
		return;
	}
	c = xcalloc(1, sizeof(*c));
	c->u = u;
	c->fd = client_fd;
	wheel_timer_init(&c->timer, on_late);
	list_add_tail(&u->api_clients, &c->link);
	u->n_api_clients++;
	c->source = loop_add(l, client_fd, EPOLLIN, on_client, c, &e);
	if (c->source == NULL) {
		log_warn(&e, "watch a client of the API socket");
		client_end(c);
		return;
	}
	wheel_set(&u->wheel, &c->timer, USERNET_API_WAIT_MS);
}

static void on_exit_fd(struct loop *l, int fd UNUSED, uint32_t events UNUSED, void *arg UNUSED)
{
	loop_stop(l, 0);
}

int slirp_serve(struct usernet *u, struct err *e)
{
	const struct usernet_slirp *s = u->slirp;

	if (s->api_fd >= 0) {
		fd_set_nonblock(s->api_fd, true);
		if (loop_add(u->loop, s->api_fd, EPOLLIN, on_listen, u, e) == NULL)
			return err_wrap(e, "API socket");
	}
	if (s->exit_fd >= 0 && loop_add(u->loop, s->exit_fd, EPOLLIN, on_exit_fd, u, e) == NULL)
		return err_wrap(e, "exit-fd");
	return 0;
}

void slirp_serve_end(struct usernet *u)
{
	while (!list_empty(&u->api_clients))
		client_end(CONTAINER_OF(u->api_clients.next, struct api_client, link));
	hostfwd_clear(u);
}
