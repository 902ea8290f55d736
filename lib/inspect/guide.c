// SPDX-License-Identifier: MIT
#include "inspect/guide.h"

#include <poll.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/str.h"

int guide_ask(void *arg, const char *word, struct ip *ret, size_t max, struct err *e)
{
	int fd = *(const int *)arg;
	struct guide_request q = {0};
	struct guide_answer a;
	ssize_t n;

	if (str_copy(q.word, word, sizeof(q.word)) >= sizeof(q.word))
		return err_set(e, ERR_NOTFOUND, 0, "No such container: %.32s…", word);
	if (fd_send(fd, &q, sizeof(q), NULL, 0, e) < 0)
		return -1;
	if (fd_wait(fd, POLLIN, GUIDE_WAIT_MS) <= 0)
		return err_set(e, ERR_TIMEOUT, 0, "the engine does not answer");
	n = fd_recv(fd, &a, sizeof(a), NULL, NULL, e);
	if (n < 0)
		return -1;
	if (n != (ssize_t)sizeof(a) || a.n > DIAL_ADDRESSES_MAX)
		return err_set(e, ERR_UNAVAILABLE, 0, "the engine's answer is malformed");
	if (a.n < 0)
		return err_set(e, (enum err_kind)a.kind, 0, "%s is not reachable", word);
	for (int i = 0; i < a.n && (size_t)i < max; i++)
		ret[i] = a.ips[i];
	return (int)MIN((size_t)a.n, max);
}

int guide_request_ok(const struct guide_request *q, size_t n_bytes)
{
	size_t len;

	if (n_bytes != sizeof(*q))
		return 0;
	len = strnlen(q->word, sizeof(q->word));
	for (size_t i = 0; i < len; i++) {
		if (q->word[i] <= ' ' || q->word[i] >= 0x7f)
			return 0;
	}
	return len > 0 && len < sizeof(q->word);
}

int guide_serve(int fd, const struct dial_guide *g, struct err *e)
{
	for (;;) {
		struct guide_answer a = {.n = -1, .kind = ERR_INVALID};
		struct guide_request q;
		struct err why;
		ssize_t n = fd_recv(fd, &q, sizeof(q), NULL, NULL, e);

		if (n <= 0)
			return (int)n;
		if (guide_request_ok(&q, (size_t)n)) {
			a.n = g->resolve(g->arg, q.word, a.ips, DIAL_ADDRESSES_MAX, &why);
			a.kind = a.n < 0 ? why.kind : 0;
		}
		if (fd_send(fd, &a, sizeof(a), NULL, 0, e) < 0)
			return -1;
	}
}
