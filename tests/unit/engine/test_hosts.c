// SPDX-License-Identifier: MIT
#include "base/file.h"
#include "tests/unit/engine/fixture.h"

static char *content(struct engine *en, struct container *c, const char *name)
{
	CLEANUP(freep) char *dir = container_dir(en, c);
	CLEANUP(freep) char *path = path_join(dir, name);
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err e;

	CHECK_OK(file_read(AT_FDCWD, path, 65536, &text, &e), e);
	return buf_detach(&text);
}

TEST(files_of_a_bridge_container)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_STARTING);
	CLEANUP(freep) char *hosts = NULL;
	CLEANUP(freep) char *resolv = NULL;
	CLEANUP(freep) char *hostname = NULL;
	struct err e;

	str_replace_ptr(&c->config.hostname, "box");
	str_replace_ptr(&c->config.domainname, "example.org");
	strv_add(&c->host.extra_hosts, "db:10.1.2.3");
	strv_add(&c->host.extra_hosts, "six=fd00::1");
	strv_add(&c->host.dns_search, "corp");
	CHECK_OK(ip_parse("172.17.0.9", &c->address, &e), e);
	CHECK_OK(hosts_write(en, c, &e), e);
	hosts = content(en, c, "hosts");
	resolv = content(en, c, "resolv.conf");
	hostname = content(en, c, "hostname");
	CHECK_STR(hostname, "box\n");
	CHECK(strstr(hosts, "127.0.0.1\tlocalhost\n") != NULL);
	CHECK(strstr(hosts, "10.1.2.3\tdb\n") != NULL);
	CHECK(strstr(hosts, "fd00::1\tsix\n") != NULL);
	CHECK(strstr(hosts, "172.17.0.9\tbox.example.org box\n") != NULL);
	CHECK(strstr(resolv, "nameserver 10.0.2.3\n") != NULL);
	CHECK(strstr(resolv, "search corp\n") != NULL);
	fixture_free(en);
}

TEST(own_dns_servers)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_STARTING);
	CLEANUP(freep) char *resolv = NULL;
	struct err e;

	strv_add(&c->host.dns, "192.0.2.1");
	strv_add(&c->host.dns_options, "ndots:2");
	CHECK_OK(hosts_write(en, c, &e), e);
	resolv = content(en, c, "resolv.conf");
	CHECK(strstr(resolv, "nameserver 192.0.2.1\n") != NULL);
	CHECK(strstr(resolv, "10.0.2.3") == NULL);
	CHECK(strstr(resolv, "options ndots:2\n") != NULL);
	fixture_free(en);
}
