// SPDX-License-Identifier: MIT
/* Readers of the engine's streams: JSON lines (pull, load, events), attach frames. */
#include "client/lines.h"

#include <string.h>

#include "base/mem.h"
#include "config/limits.h"

#define READ_BYTES 16384

void lines_init(struct lines *l, struct http_body *body)
{
	*l = (struct lines){.body = body};
}

void lines_clear(struct lines *l)
{
	buf_clear(&l->data);
}

static bool is_blank(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != ' ' && p[i] != '\r' && p[i] != '\n' && p[i] != '\t')
			return false;
	return true;
}

/* the first whole line (or what is left at the end) of the read-ahead: 1, else 0 */
static int take_line(struct lines *l, struct json **ret, struct err *e)
{
	while (l->data.len > 0) {
		char *end = memchr(l->data.data + l->scanned, '\n', l->data.len - l->scanned);
		size_t n = end != NULL ? (size_t)(end - l->data.data) + 1 : l->data.len;
		int r = 0;

		if (end == NULL && !l->eof) {
			l->scanned = l->data.len;
			return 0;
		}
		if (!is_blank(l->data.data, n))
			r = json_parse(l->data.data, n, ret, e) < 0 ? -1 : 1;
		buf_consume(&l->data, n);
		l->scanned = 0;
		if (r != 0)
			return r;
	}
	return 0;
}

int lines_next(struct lines *l, struct json **ret, struct err *e)
{
	for (;;) {
		int r = take_line(l, ret, e);
		ssize_t n;

		if (r != 0)
			return r;
		if (l->eof)
			return 0;
		if (l->data.len > CLIENT_LINE_MAX_BYTES)
			return err_set(e, ERR_INVALID, 0,
				       "the engine sent a line that is too long");
		n = http_body_read(l->body, buf_reserve(&l->data, READ_BYTES), READ_BYTES, e);
		if (n < 0)
			return -1;
		l->data.len += (size_t)n;
		l->data.data[l->data.len] = 0;
		l->eof = n == 0;
	}
}

int demux_add(struct demux *d, const char *p, size_t n,
	      int (*out)(void *arg, int stream, const char *p, size_t n, struct err *e), void *arg,
	      struct err *e)
{
	while (n > 0) {
		size_t take;

		if (d->n_head < sizeof(d->head)) {
			take = MIN(n, sizeof(d->head) - d->n_head);
			memcpy(d->head + d->n_head, p, take);
			d->n_head += take;
			p += take;
			n -= take;
			if (d->n_head < sizeof(d->head))
				break;
			if (d->head[0] > 3)
				return err_set(e, ERR_INVALID, 0, "Unrecognized input header: %d",
					       d->head[0]);
			d->left = (uint32_t)d->head[4] << 24 | (uint32_t)d->head[5] << 16 |
				  (uint32_t)d->head[6] << 8 | d->head[7];
		}
		take = MIN(n, d->left);
		if (take > 0 && out(arg, d->head[0], p, take, e) < 0)
			return -1;
		p += take;
		n -= take;
		d->left -= (uint32_t)take;
		if (d->left == 0)
			d->n_head = 0;
	}
	return 0;
}
