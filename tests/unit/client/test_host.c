// SPDX-License-Identifier: MIT
/* host: addresses, contexts, environment, defaults. */
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/path.h"
#include "client/host.h"

TEST(addresses)
{
	struct host h = {0};
	struct err e;

	CHECK_OK(host_parse("unix:///x/y.sock", &h, &e), e);
	CHECK_EQ(h.kind, HOST_UNIX);
	CHECK_STR(h.path, "/x/y.sock");
	host_clear(&h);
	CHECK_OK(host_parse("tcp://example:2376", &h, &e), e);
	CHECK_EQ(h.kind, HOST_TCP);
	CHECK_STR(h.name, "example");
	CHECK_EQ(h.port, 2376);
	host_clear(&h);
	CHECK_OK(host_parse("tcp://[::1]", &h, &e), e);
	CHECK_STR(h.name, "::1");
	CHECK_EQ(h.port, 2375);
	host_clear(&h);
	CHECK_EQ(host_parse("nonsense", &h, &e), -1);
	CHECK_STR(e.msg, "unable to parse docker host `nonsense`");
	CHECK_EQ(host_parse("ftp://x", &h, &e), -1);
	CHECK_EQ(host_parse("ssh://x:y@z", &h, &e), -1);
	CHECK_OK(host_parse("ssh://me@Far/run/d.sock", &h, &e), e);
	CHECK_EQ(h.kind, HOST_SSH);
	CHECK_STR(h.text, "ssh://me@Far/run/d.sock");
	host_clear(&h);
}

static void put(const char *dir, const char *name, const char *text)
{
	CLEANUP(freep) char *path = path_join(dir, name);
	CLEANUP(freep) char *parent = xstrndup(path, (size_t)(strrchr(path, '/') - path));
	struct err e;

	CHECK_OK(path_mkdirs(parent, 0700, &e), e);
	CHECK_OK(file_write(AT_FDCWD, path, text, strlen(text), 0600, FILE_NOSYNC, &e), e);
}

TEST(precedence)
{
	const char *dir = harness_tmpdir();
	struct client_options o = {.config_dir = dir};
	char id[SHA256_HEX_SIZE];
	CLEANUP(freep) char *meta = NULL;
	struct host h = {0};
	struct err e;

	unsetenv("DOCKER_HOST");
	unsetenv("DOCKER_CONTEXT");
	setenv("XDG_RUNTIME_DIR", dir, 1);
	CHECK_OK(host_find(&o, &h, &e), e);
	CHECK_STR(h.text, "unix:///var/run/docker.sock");
	host_clear(&h);
	put(dir, "docker.sock", "");
	CHECK_OK(host_find(&o, &h, &e), e);
	CHECK(strstr(h.text, "/docker.sock") != NULL && strstr(h.text, dir) != NULL);
	host_clear(&h);
	sha256_hex("mine", 4, id);
	meta = xasprintf("contexts/meta/%s/meta.json", id);
	put(dir, meta,
	    "{\"Name\":\"mine\",\"Endpoints\":{\"docker\":{\"Host\":\"tcp://far:1\","
	    "\"SkipTLSVerify\":true}}}");
	put(dir, "config.json", "{\"currentContext\":\"mine\"}");
	CHECK_OK(host_find(&o, &h, &e), e);
	CHECK_STR(h.text, "tcp://far:1");
	CHECK_STR(h.context, "mine");
	CHECK(h.tls && h.skip_verify && h.tls_dir == NULL);
	host_clear(&h);
	setenv("DOCKER_HOST", "unix:///env.sock", 1);
	CHECK_OK(host_find(&o, &h, &e), e);
	CHECK_STR(h.path, "/env.sock");
	CHECK_STR(h.context, "default");
	host_clear(&h);
	o.context = "mine";
	CHECK_OK(host_find(&o, &h, &e), e);
	CHECK_STR(h.text, "tcp://far:1");
	host_clear(&h);
	o.context = "default";
	CHECK_OK(host_find(&o, &h, &e), e);
	CHECK_STR(h.path, "/env.sock");
	host_clear(&h);
	o.host = "near";
	CHECK_OK(host_find(&o, &h, &e), e);
	CHECK_STR(h.text, "tcp://near:2375");
	CHECK_STR(h.name, "near");
	host_clear(&h);
	o.host = "near:99";
	CHECK_OK(host_find(&o, &h, &e), e);
	CHECK_STR(h.text, "tcp://near:99");
	host_clear(&h);
	o.host = "unix:///opt.sock";
	CHECK_OK(host_find(&o, &h, &e), e);
	CHECK_STR(h.path, "/opt.sock");
	host_clear(&h);
	o = (struct client_options){.config_dir = dir, .context = "absent"};
	CHECK_EQ(host_find(&o, &h, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
}
