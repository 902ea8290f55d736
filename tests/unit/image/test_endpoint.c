// SPDX-License-Identifier: MIT
/* Registries' hosts: insecure ones, checks of daemon.json's lists, certs.d. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "image/transport_internal.h"
#include "tests/unit/harness.h"

TEST(endpoint_insecure)
{
	struct registry_config c = {0};

	strv_add(&c.insecure, "reg.example:5000");
	strv_add(&c.insecure, "10.0.0.0/8");
	CHECK(registry_is_insecure(&c, "reg.example:5000"));
	CHECK(!registry_is_insecure(&c, "reg.example"));
	CHECK(registry_is_insecure(&c, "10.9.9.9:5000"));
	CHECK(!registry_is_insecure(&c, "11.9.9.9:5000"));
	CHECK(registry_is_insecure(&c, "localhost:1"));
	CHECK(registry_is_insecure(&c, "127.9.9.9"));
	CHECK(registry_is_insecure(&c, "[::1]:5000"));
	CHECK(!registry_is_insecure(&c, "localhost.example"));
	registry_config_clear(&c);
}

static int check_one(bool mirror, const char *text)
{
	struct registry_config c = {0};
	struct err e;
	int r;

	strv_add(mirror ? &c.mirrors : &c.insecure, text);
	r = registry_config_check(&c, &e);
	registry_config_clear(&c);
	return r;
}

TEST(endpoint_config_check)
{
	CHECK_EQ(check_one(false, "reg.example:5000"), 0);
	CHECK_EQ(check_one(false, "10.0.0.0/8"), 0);
	CHECK_EQ(check_one(false, "http://reg.example"), -1);
	CHECK_EQ(check_one(false, "a b"), -1);
	CHECK_EQ(check_one(true, "https://mirror.example"), 0);
	CHECK_EQ(check_one(true, "http://mirror.example:5000/prefix/"), 0);
	CHECK_EQ(check_one(true, "ftp://mirror.example"), -1);
	CHECK_EQ(check_one(true, "mirror.example"), -1);
	CHECK_EQ(check_one(true, "https://u:p@mirror.example"), -1);
}

TEST(endpoint_environment)
{
	struct registry_config c, copy = {0};

	setenv("HTTPS_PROXY", "", 1);
	setenv("https_proxy", "http://p:1", 1);
	setenv("XDG_CONFIG_HOME", "/cfg", 1);
	registry_config_init(&c);
	registry_config_copy(&copy, &c);
	CHECK_STR(copy.https_proxy, "http://p:1");
	CHECK_STR(copy.certs_dirs.items[0], "/cfg/docker/certs.d");
	CHECK_STR(copy.certs_dirs.items[1], "/etc/docker/certs.d");
	registry_config_clear(&c);
	registry_config_clear(&copy);
}

TEST(endpoint_certs_d_needs_key)
{
	CLEANUP(tls_config_freep) struct tls_config *t = NULL;
	const char *dir = harness_tmpdir();
	CLEANUP(freep) char *host = path_join(dir, "reg.example:5000");
	CLEANUP(freep) char *cert = path_join(host, "client.cert");
	struct registry_config c = {0};
	struct err e;

	strv_add(&c.certs_dirs, dir);
	CHECK_OK(endpoint_tls(&c, "reg.example:5000", &t, &e), e);
	CHECK_OK(path_mkdirs(host, 0700, &e), e);
	CHECK_OK(file_write(-100, cert, "x", 1, 0600, FILE_NOSYNC, &e), e);
	tls_config_free(TAKE(t));
	CHECK(endpoint_tls(&c, "reg.example:5000", &t, &e) < 0);
	CHECK_STR(e.msg,
		  "missing key client.key for client certificate client.cert. CA certificates "
		  "must use the extension .crt");
	registry_config_clear(&c);
}
