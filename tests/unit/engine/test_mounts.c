// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

static int plan(struct engine *en, struct container *c, struct err *e)
{
	static const struct strv none;

	return mounts_plan(en, c, &none, e);
}

TEST(binds_volumes_and_modes)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_CREATED);
	CLEANUP(freep) char *source = path_join(en->data_root, "made/by/bind");
	struct err e;

	strv_addf(&c->host.binds, "%s:/a/../b:ro", source);
	strv_add(&c->host.binds, "vol:/data:nocopy");
	strv_add(&c->config.volumes, "/anon");
	CHECK_OK(plan(en, c, &e), e);
	CHECK_EQ(c->mounts.len, 3);
	CHECK_STR(c->mounts.items[0].point.destination, "/b");
	CHECK_STR(c->mounts.items[0].point.type, "bind");
	CHECK(!c->mounts.items[0].point.rw);
	CHECK_STR(c->mounts.items[0].point.propagation, "rprivate");
	CHECK(path_exists(source));
	CHECK_STR(c->mounts.items[1].point.name, "vol");
	CHECK(!c->mounts.items[1].copy_up);
	CHECK(c->mounts.items[2].copy_up);
	CHECK(str_is_hex(c->mounts.items[2].point.name, 64));
	fixture_free(en);
}

TEST(image_volumes_give_way)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_CREATED);
	struct strv image_volumes = STRV_INIT;
	struct err e;

	strv_add(&image_volumes, "/data");
	strv_add(&image_volumes, "/tmpfs");
	strv_add(&c->host.binds, "vol:/data");
	json_strmap_set(&c->host.tmpfs, "/tmpfs", "");
	CHECK_OK(mounts_plan(en, c, &image_volumes, &e), e);
	CHECK_EQ(c->mounts.len, 1);
	strv_clear(&image_volumes);
	fixture_free(en);
}

TEST(malformed_mounts)
{
	static const char *const bad[] = {
		"/only",	 ":",	      "a:",	      ":/b",	    "v:relative", "v:/",
		"v:/a:sideways", "v:/a:ro:x", "bad name!:/a", "/x:/y:/z:ro"};
	struct engine *en = fixture_engine();

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct container *c = container_new();
		struct err e;

		strv_add(&c->host.binds, bad[i]);
		CHECK_MSG(plan(en, c, &e) < 0, "%s", bad[i]);
		CHECK_EQ(e.kind, ERR_INVALID);
		container_unref(en, c);
	}
	fixture_free(en);
}

TEST(doubled_destination)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_CREATED);
	struct err e;

	strv_add(&c->host.binds, "vol:/data");
	strv_add(&c->host.binds, "wol:/data/");
	CHECK(plan(en, c, &e) < 0);
	CHECK_STR(e.msg, "Duplicate mount point: /data");
	fixture_free(en);
}

TEST(mount_objects)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, 'a', "web", C_CREATED);
	static const char text[] =
		"{\"Image\":\"x\",\"HostConfig\":{\"Mounts\":["
		"{\"Type\":\"tmpfs\",\"Target\":\"/"
		"t\",\"TmpfsOptions\":{\"SizeBytes\":1024,\"Mode\":448}},"
		"{\"Type\":\"volume\",\"Source\":\"vol\",\"Target\":\"/v\",\"ReadOnly\":true},"
		"{\"Type\":\"bind\",\"Source\":\"/nonexistent/here\",\"Target\":\"/b\"}]}}";
	struct docker_create_request r = {0};
	struct err e;

	CHECK_OK(json_bind_text(text, strlen(text), &docker_create_request_json, &r, &e), e);
	json_struct_clear(&docker_host_config_json, &c->host);
	c->host = r.host_config;
	memset(&r.host_config, 0, sizeof(r.host_config));
	json_struct_clear(&docker_create_request_json, &r);
	CHECK(plan(en, c, &e) < 0);
	CHECK(strstr(e.msg, "bind source path does not exist: /nonexistent/here") != NULL);
	CHECK_EQ(c->mounts.len, 3);
	CHECK_STR(c->mounts.items[0].options, "noexec,nosuid,nodev,size=1024,mode=700");
	CHECK(!c->mounts.items[1].point.rw);
	fixture_free(en);
}

TEST(volumes_from_another_container)
{
	struct engine *en = fixture_engine();
	struct container *a = fixture_container(en, 'a', "src", C_EXITED);
	struct container *b = fixture_container(en, 'b', "dst", C_CREATED);
	struct err e;

	strv_add(&a->host.binds, "vol:/data");
	CHECK_OK(plan(en, a, &e), e);
	strv_add(&b->host.volumes_from, "src:ro");
	CHECK_OK(plan(en, b, &e), e);
	CHECK_EQ(b->mounts.len, 1);
	CHECK(!b->mounts.items[0].point.rw);
	CHECK(volume_in_use(en, "vol", NULL));
	fixture_free(en);
}
