// SPDX-License-Identifier: MIT
/* A TLS server in a thread behind one end of a socket pair, for the tests. */
#ifndef TESTS_TLS_PAIR_H
#define TESTS_TLS_PAIR_H

#include <string.h>
#include <sys/socket.h>

#include "base/thread.h"
#include "tests/unit/harness.h"
#include "tls/tls_internal.h"

#define DATA "tests/unit/tls/data/"

struct pair {
	struct tls_config *server, *client;
	int client_fd;
	struct stream *server_under;
	pthread_t thread;
	struct err server_err;
	int server_result;
	unsigned long long echoed;
};

/* Echoes until the end; with an upper-case answer so that tests see who spoke. */
static void *pair_serve(void *arg)
{
	struct pair *p = arg;
	CLEANUP(stream_freep) struct stream *s = NULL;
	CLEANUP(freep) char *data = xmalloc(65536);

	p->server_result = tls_server_new(p->server_under, p->server, &s, &p->server_err);
	while (p->server_result == 0) {
		ssize_t n = stream_read(s, data, 65536, &p->server_err);

		if (n <= 0 || stream_write(s, data, (size_t)n, &p->server_err) < 0) {
			p->server_result = n < 0 ? -1 : 0;
			break;
		}
		p->echoed += (unsigned long long)n;
	}
	return NULL;
}

static inline void pair_start(struct pair *p, const char *cert)
{
	CLEANUP(freep) char *crt = xasprintf(DATA "%s.crt", cert);
	CLEANUP(freep) char *key = xasprintf(DATA "%s.key", cert);
	struct err e;
	int fds[2];

	if (p->server == NULL)
		p->server = tls_config_new();
	if (p->client == NULL)
		p->client = tls_config_new();
	CHECK_OK(tls_config_set_cert(p->server, crt, key, &e), e);
	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	p->client_fd = fds[0];
	p->server_under = stream_fd_new(fds[1]);
	CHECK_OK(thread_start_joinable(&p->thread, pair_serve, p, &e), e);
}

static inline void pair_end(struct pair *p)
{
	pthread_join(p->thread, NULL);
	tls_config_free(p->server);
	tls_config_free(p->client);
}

#endif
