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
	static const char *const bad[] = {"only",	   ":",		  "a:",
					  ":/b",	   "v:relative",  "v:/",
					  "v:/a:ro,rw",	   "v:/a:shared", "/x:/a:nocopy",
					  "v:/a:sideways", "v:/a:ro:x",	  "bad name!:/a",
					  "/x:/y:/z:ro"};
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

TEST(own_mounts_take_the_place_of_another_containers)
{
	struct engine *en = fixture_engine();
	struct container *a = fixture_container(en, 'a', "src", C_EXITED);
	struct container *b = fixture_container(en, 'b', "dst", C_CREATED);
	struct err e;

	strv_add(&a->host.binds, "vol:/data");
	CHECK_OK(plan(en, a, &e), e);
	strv_add(&b->host.volumes_from, "src:ro,z");
	strv_add(&b->host.binds, "own:/data");
	CHECK_OK(plan(en, b, &e), e);
	CHECK_EQ(b->mounts.len, 1);
	CHECK_STR(b->mounts.items[0].point.name, "own");
	CHECK(b->mounts.items[0].point.rw);
	fixture_free(en);
}

/* HostConfig.Mounts that Docker refuses, in its words */
TEST(refused_mount_objects)
{
	static const struct {
		const char *mount, *text;
	} cases[] = {
		{"{\"Type\":\"volume\",\"Source\":\"v1\",\"Target\":\"/m\",\"VolumeOptions\":{"
		 "\"Subpath\":\"a/../../x\"}}",
		 "invalid mount config for type \"volume\": subpath must be a relative path within "
		 "the volume"},
		{"{\"Type\":\"volume\",\"Target\":\"/m\",\"VolumeOptions\":{\"Subpath\":\"a\"}}",
		 "invalid mount config for type \"volume\": must not set Subpath when using "
		 "anonymous volumes"},
		{"{\"Type\":\"volume\",\"Source\":\"v1\",\"Target\":\"/m\",\"BindOptions\":{}}",
		 "BindOptions must not be specified on mount type \"volume\""},
		{"{\"Type\":\"bind\",\"Source\":\"/tmp\",\"Target\":\"\"}",
		 "invalid mount config for type \"bind\": field Target must not be empty"},
		{"{\"Type\":\"bind\",\"Source\":\"/tmp\",\"Target\":\"m\"}",
		 "invalid mount config for type \"bind\": invalid mount path: 'm' mount path must "
		 "be absolute"},
		{"{\"Type\":\"bind\",\"Source\":\"/tmp\",\"Target\":\"/m\",\"BindOptions\":{"
		 "\"Propagation\":\"ro\"}}",
		 "invalid mount config for type \"bind\": invalid propagation mode: ro"},
		{"{\"Type\":\"bind\",\"Source\":\"/tmp\",\"Target\":\"/m\",\"BindOptions\":{"
		 "\"ReadOnlyForceRecursive\":true}}",
		 "mount options conflict: !ReadOnly && BindOptions.ReadOnlyForceRecursive"},
		{"{\"Type\":\"tmpfs\",\"Target\":\"/m\",\"TmpfsOptions\":{\"Options\":[[\"uid\","
		 "\"1\"]]}}",
		 "invalid mount config for type \"tmpfs\": invalid option: uid"},
		{"{\"Type\":\"tmpfs\",\"Target\":\"/m\",\"TmpfsOptions\":{\"Options\":[[]]}}",
		 "invalid mount config for type \"tmpfs\": invalid option array length"},
		{"{\"Type\":\"image\",\"Target\":\"/m\"}",
		 "invalid mount config for type \"image\": field Source must not be empty"},
		{"{\"Type\":\"npipe\",\"Source\":\"x\",\"Target\":\"/m\"}",
		 "invalid mount config for type \"npipe\": mount type unknown"},
	};
	struct engine *en = fixture_engine();

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct container *c = container_new();
		struct err e;

		CHECK_OK(json_bind_text(cases[i].mount, strlen(cases[i].mount), &docker_mount_json,
					json_array_add(&c->host.mounts, &docker_mount_json), &e),
			 e);
		CHECK_MSG(plan(en, c, &e) < 0, "%s", cases[i].mount);
		CHECK_STR(e.msg, cases[i].text);
		container_unref(en, c);
	}
	fixture_free(en);
}
