// SPDX-License-Identifier: MIT
/* tls/config.c */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "tests/unit/harness.h"
#include "tls/tls_internal.h"

#define DATA "tests/unit/tls/data/"

TEST(config_anchors)
{
	CLEANUP(tls_config_freep) struct tls_config *c = tls_config_new();
	struct err e;

	CHECK_OK(tls_config_add_ca_file(c, DATA "ca.crt", &e), e);
	CHECK_OK(tls_config_add_ca_file(c, DATA "nosan.crt", &e), e);
	CHECK_EQ(c->n_anchors, 2);
	CHECK_EQ(c->anchors[0].flags, BR_X509_TA_CA);
	CHECK_EQ(c->anchors[1].flags, 0);
	CHECK_EQ(tls_config_add_ca_file(c, DATA "ec.key", &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_EQ(tls_config_add_ca_file(c, DATA "absent", &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
}

TEST(config_system_bundle)
{
	CLEANUP(tls_config_freep) struct tls_config *c = tls_config_new();
	struct err e;

	if (tls_config_add_system(c, &e) < 0)
		SKIP("no certificate bundle on this system");
	CHECK(c->n_anchors > 10);
}

TEST(config_own_certificate)
{
	static const struct {
		const char *cert, *key;
		int ok;
	} t[] = {
		{DATA "ec.crt", DATA "ec.key", 0},    {DATA "rsa.crt", DATA "rsa.key", 0},
		{DATA "rsa.crt", DATA "rsa8.key", 0}, {DATA "ec.key", DATA "ec.key", -1},
		{DATA "ec.crt", DATA "ec.crt", -1},   {DATA "ec.crt", DATA "cli.key", -1},
		{DATA "ec.crt", DATA "rsa.key", -1},
	};
	CLEANUP(tls_config_freep) struct tls_config *c = tls_config_new();
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		CHECK_EQ(tls_config_set_cert(c, t[i].cert, t[i].key, &e), t[i].ok);
		CHECK_EQ(c->key != NULL, t[i].ok == 0);
	}
}
