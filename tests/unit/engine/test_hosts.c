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
	struct docker_endpoint *ep;
	struct err e;

	str_replace_ptr(&c->config.hostname, "box");
	str_replace_ptr(&c->config.domainname, "example.org");
	strv_add(&c->host.extra_hosts, "db:10.1.2.3");
	strv_add(&c->host.extra_hosts, "six=fd00::1");
	strv_add(&c->host.dns_search, "corp");
	ep = json_map_add(&c->net.networks, "bridge", sizeof(*ep));
	ep->ip_address = xstrdup("172.17.0.9");
	ep->ifname = xstrdup("eth0");
	en->netns = netns_client_new("/nowhere");
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
	netns_client_free(en->netns);
	fixture_free(en);
}

TEST(a_user_defined_network_has_the_resolver)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_RUNNING);
	CLEANUP(freep) char *before = NULL;
	CLEANUP(freep) char *hosts = NULL;
	CLEANUP(freep) char *resolv = NULL;
	CLEANUP(freep) char *dir = container_dir(en, c);
	CLEANUP(freep) char *path = path_join(dir, "hosts");
	struct hosts_snapshot old;
	struct docker_endpoint *ep;
	struct err e;

	en->netns = netns_client_new("/nowhere");
	ep = json_map_add(&c->net.networks, "bridge", sizeof(*ep));
	ep->ip_address = xstrdup("172.17.0.9");
	ep->ifname = xstrdup("eth0");
	CHECK_OK(hosts_write(en, c, &e), e);
	before = content(en, c, "hosts");
	CHECK(strstr(before, "172.17.0.9\t") != NULL);
	/* what the container has added stays */
	CHECK_OK(file_write(AT_FDCWD, path, "1.2.3.4\town\n172.17.0.9\taaaaaaaaaaaa\n", 36, 0644,
			    FILE_NOSYNC, &e),
		 e);
	hosts_snapshot(c, &old);
	ep = json_map_add(&c->net.networks, "mine", sizeof(*ep));
	ep->ip_address = xstrdup("10.1.0.2");
	ep->global_ipv6_address = xstrdup("fd00:7::2");
	ep->ifname = xstrdup("eth1");
	hosts_update(en, c, &old);
	hosts_snapshot_clear(&old);
	hosts = content(en, c, "hosts");
	CHECK_STR(hosts, "1.2.3.4\town\n172.17.0.9\taaaaaaaaaaaa\n10.1.0.2\taaaaaaaaaaaa\n"
			 "fd00:7::2\taaaaaaaaaaaa\n");
	resolv = content(en, c, "resolv.conf");
	CHECK(strstr(resolv, "nameserver 127.0.0.11\n") != NULL);
	CHECK(strstr(resolv, "ndots:0\n") != NULL);
	hosts_replace(en, c, "own", "5.6.7.8\town\n");
	free(hosts);
	hosts = content(en, c, "hosts");
	CHECK(strstr(hosts, "1.2.3.4") == NULL);
	CHECK(strstr(hosts, "5.6.7.8\town\n") != NULL);
	netns_client_free(en->netns);
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
