// SPDX-License-Identifier: MIT
/* PEM files (RFC 7468) through BearSSL's decoder. */
#include <string.h>

#include "base/mem.h"
#include "tls/tls_internal.h"

void pem_list_clear(struct pem_list *l)
{
	for (size_t i = 0; i < l->len; i++) {
		if (l->items[i].data != NULL)
			explicit_bzero(l->items[i].data, l->items[i].len);
		free(l->items[i].data);
		free(l->items[i].name);
	}
	free(l->items);
	*l = (struct pem_list){0};
}

static void collect(void *arg, const void *p, size_t n)
{
	buf_add(arg, p, n);
}

static void push(struct pem_list *l, const char *name, struct buf *data)
{
	if (l->len == l->cap) {
		l->cap = l->cap != 0 ? l->cap * 2 : 8;
		l->items = xrealloc(l->items, l->cap * sizeof(*l->items));
	}
	l->items[l->len].name = xstrdup(name);
	l->items[l->len].len = data->len;
	l->items[l->len].data = (unsigned char *)buf_detach(data);
	l->len++;
}

int pem_parse(const char *text, size_t n, struct pem_list *ret, struct err *e)
{
	CLEANUP(pem_list_clear) struct pem_list l = {0};
	CLEANUP(buf_clear) struct buf data = BUF_INIT;
	br_pem_decoder_context dc;
	char name[128] = "";
	bool newline = false, inside = false;

	br_pem_decoder_init(&dc);
	while (n > 0 || !newline) {
		/* a last line without its line end still counts */
		size_t used = n > 0 ? br_pem_decoder_push(&dc, text, n)
				    : br_pem_decoder_push(&dc, "\n", 1);

		if (n == 0 && used == 1)
			newline = true;
		text += n > 0 ? used : 0;
		n -= n > 0 ? used : 0;
		switch (br_pem_decoder_event(&dc)) {
		case BR_PEM_BEGIN_OBJ:
			snprintf(name, sizeof(name), "%s", br_pem_decoder_name(&dc));
			buf_reset(&data);
			br_pem_decoder_setdest(&dc, collect, &data);
			inside = true;
			break;
		case BR_PEM_END_OBJ:
			push(&l, name, &data);
			inside = false;
			break;
		case BR_PEM_ERROR:
			return err_set(e, ERR_INVALID, 0, "malformed PEM data");
		default:
			break;
		}
	}
	if (inside)
		return err_set(e, ERR_INVALID, 0, "PEM data ends inside an object");
	*ret = l;
	l = (struct pem_list){0};
	return 0;
}
