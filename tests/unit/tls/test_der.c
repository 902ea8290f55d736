// SPDX-License-Identifier: MIT
/* tls/der.c */
#include "tls/der.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "tests/unit/harness.h"
#include "tls/tls_internal.h"

#define DATA "tests/unit/tls/data/"

static int add_name(void *arg, enum der_name kind, const unsigned char *p, size_t n)
{
	struct buf *b = arg;

	if (kind == DER_NAME_DNS)
		buf_add(b, p, n);
	else
		buf_addf(b, "ip%zu", n);
	buf_addch(b, ' ');
	return 0;
}

static void load(const char *path, struct pem_list *l)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err e;

	CHECK_OK(file_read(AT_FDCWD, path, 100000, &text, &e), e);
	CHECK_OK(pem_parse(text.data, text.len, l, &e), e);
	CHECK_EQ(l->len, 1);
}

TEST(der_names)
{
	CLEANUP(pem_list_clear) struct pem_list l = {0}, none = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	load(DATA "ec.crt", &l);
	CHECK_EQ(der_each_san(l.items[0].data, l.items[0].len, add_name, &b), 0);
	CHECK_STR(buf_str(&b), "localhost *.registry.example ip4 ip16 ");
	buf_reset(&b);
	load(DATA "nosan.crt", &none);
	CHECK_EQ(der_each_san(none.items[0].data, none.items[0].len, add_name, &b), 0);
	CHECK_EQ(b.len, 0);
}

/* every cut and every single changed byte is survived */
TEST(der_hostile)
{
	CLEANUP(pem_list_clear) struct pem_list l = {0};
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	load(DATA "ec.crt", &l);
	for (size_t n = 0; n < l.items[0].len; n++) {
		CLEANUP(freep) unsigned char *cut = xmemdup(l.items[0].data, n);

		CHECK_EQ(der_each_san(cut, n, add_name, &b), -1);
	}
	for (size_t i = 0; i < l.items[0].len; i++)
		for (unsigned v = 0; v < 256; v += 15) {
			unsigned char keep = l.items[0].data[i];
			int r;

			l.items[0].data[i] = (unsigned char)v;
			r = der_each_san(l.items[0].data, l.items[0].len, add_name, &b);
			CHECK(r == 0 || r == -1);
			l.items[0].data[i] = keep;
			buf_reset(&b);
		}
}
