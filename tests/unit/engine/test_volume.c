// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

TEST(volume_in_use_is_protected)
{
	static const struct strv none;
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_EXITED);
	struct engine_volume v;
	struct err e;

	strv_add(&c->host.binds, "data:/d");
	CHECK_OK(mounts_plan(en, c, &none, &e), e);
	CHECK_OK(engine_volume_get(en, "data", &v, &e), e);
	CHECK_EQ(v.ref_count, 1);
	engine_volume_clear(&v);
	CHECK(engine_volume_remove(en, "data", false, &e) < 0);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK(strstr(e.msg, "volume is in use - [aaaa") != NULL);
	fixture_free(en);
}

TEST(volume_prune_takes_anonymous_ones)
{
	struct engine *en = fixture_engine();
	struct strv anonymous = STRV_INIT, names = STRV_INIT;
	struct engine_filters f = {0};
	struct engine_volume v;
	int64_t bytes;
	struct err e;

	strv_add(&anonymous, "com.docker.volume.anonymous=");
	CHECK_OK(engine_volume_create(en, "named", NULL, NULL, NULL, &v, &e), e);
	engine_volume_clear(&v);
	CHECK_OK(engine_volume_create(en, NULL, "local", &anonymous, NULL, &v, &e), e);
	engine_volume_clear(&v);
	CHECK_OK(engine_volume_prune(en, &f, &names, &bytes, &e), e);
	CHECK_EQ(names.len, 1);
	CHECK(!str_eq(names.items[0], "named"));
	strv_clear(&names);
	CHECK_OK(engine_filters_parse("{\"all\":[\"true\"]}", &f, &e), e);
	CHECK_OK(engine_volume_prune(en, &f, &names, &bytes, &e), e);
	CHECK_STR(names.items[0], "named");
	strv_clear(&names);
	strv_clear(&anonymous);
	engine_filters_clear(&f);
	fixture_free(en);
}

TEST(volume_errors)
{
	struct engine *en = fixture_engine();
	struct engine_volume v;
	struct err e;

	CHECK(engine_volume_create(en, "x1", "nfs", NULL, NULL, &v, &e) < 0);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK(engine_volume_remove(en, "gone", false, &e) < 0);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK_OK(engine_volume_remove(en, "gone", true, &e), e);
	fixture_free(en);
}
