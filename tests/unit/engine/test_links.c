// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

TEST(links_of_the_default_bridge)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_STARTING),
			 *db = fixture_container(en, 'b', "db", C_RUNNING);
	struct docker_endpoint *ep =
		json_map_add(&db->net.networks, "bridge", sizeof(struct docker_endpoint));
	CLEANUP(strv_clear) struct strv env = STRV_INIT;
	CLEANUP(strv_clear) struct strv shown = STRV_INIT;
	CLEANUP(buf_clear) struct buf hosts = BUF_INIT;
	struct err e;

	strv_add(&c->host.links, "db:data-base");
	strv_add(&db->config.exposed_ports, "5432/tcp");
	strv_add(&db->config.env, "MODE=fast");
	strv_add(&db->config.env, "PATH=/bin");
	CHECK_OK(links_resolve(en, c, &e), e);
	CHECK(links_check(en, c, &e) < 0);
	ep->endpoint_id = xstrdup("x");
	ep->ip_address = xstrdup("172.17.0.5");
	CHECK_OK(links_check(en, c, &e), e);
	links_hosts(en, c, &hosts);
	CHECK_STR(buf_str(&hosts), "172.17.0.5\tdata-base bbbbbbbbbbbb db\n");
	links_env(en, c, &env);
	CHECK(strv_has(&env, "DATA_BASE_PORT=tcp://172.17.0.5:5432"));
	CHECK(strv_has(&env, "DATA_BASE_PORT_5432_TCP_ADDR=172.17.0.5"));
	CHECK(strv_has(&env, "DATA_BASE_NAME=/web/data-base"));
	CHECK(strv_has(&env, "DATA_BASE_ENV_MODE=fast"));
	CHECK(!strv_has(&env, "DATA_BASE_ENV_PATH=/bin"));
	links_show(en, c, &shown);
	CHECK_STR(shown.items[0], "/db:/web/data-base");
	db->state = C_EXITED;
	CHECK(links_check(en, c, &e) < 0);
	CHECK_STR(e.msg, "Cannot link to a non running container: /db AS /web/data-base");
	fixture_free(en);
}

TEST(links_that_cannot_be)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_CREATED);
	struct err e;

	strv_add(&c->host.links, "nope:db");
	CHECK(links_resolve(en, c, &e) < 0);
	CHECK_STR(e.msg, "could not get container for nope: No such container: nope");
	CHECK_EQ(e.kind, ERR_INVALID);
	str_replace_ptr(&c->host.network_mode, "host");
	CHECK(links_resolve(en, c, &e) < 0);
	CHECK(str_starts(e.msg, "conflicting options: host type networking"));
	fixture_free(en);
}
