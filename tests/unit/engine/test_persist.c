// SPDX-License-Identifier: MIT
/* Containers written and read back; leftovers and damage at start-up. */
#include "base/file.h"
#include "tests/unit/engine/fixture.h"

static void save(struct engine *en, struct container *c)
{
	struct err e;

	CHECK_OK(container_save_host(en, c, FILE_SYNC, &e), e);
	CHECK_OK(container_save(en, c, false, &e), e);
}

/* a second engine on the same directories */
static struct engine *reopen(struct engine *en)
{
	struct engine *again = fixture_engine();
	struct err e;

	str_replace_ptr(&again->data_root, en->data_root);
	str_replace_ptr(&again->containers_dir, en->containers_dir);
	CHECK_OK(containers_load(again, &e), e);
	return again;
}

TEST(a_container_survives)
{
	struct engine *en = fixture_engine(), *again;
	struct container *c = fixture_container(en, 'a', "web", C_EXITED), *d;
	struct container_mount *m = json_array_add(&c->mounts, &container_mount_json);

	strv_add(&c->args, "-c");
	strv_add(&c->config.env, "A=b");
	json_strmap_set(&c->config.labels, "k", "v");
	c->exit_code = 7;
	c->started_nsec = 1700000001000000001LL;
	c->finished_nsec = 1700000002000000000LL;
	c->manually_stopped = true;
	c->restart_count = 2;
	m->point.type = xstrdup("volume");
	m->point.name = xstrdup("v1");
	m->point.destination = xstrdup("/data");
	m->copy_up = true;
	save(en, c);
	again = reopen(en);
	d = map_get(&again->names, "web");
	CHECK(d != NULL);
	CHECK_EQ(d->state, C_EXITED);
	CHECK_STR(d->args.items[0], "-c");
	CHECK_STR(d->config.env.items[0], "A=b");
	CHECK_STR(json_strmap_get(&d->config.labels, "k"), "v");
	CHECK_EQ(d->exit_code, 7);
	CHECK_EQ(d->started_nsec, c->started_nsec);
	CHECK(d->manually_stopped);
	CHECK_EQ(d->restart_count, 2);
	CHECK_EQ(d->mounts.len, 1);
	CHECK_STR(d->mounts.items[0].point.name, "v1");
	CHECK(d->mounts.items[0].copy_up);
	CHECK_STR(d->host.network_mode, "bridge");
	fixture_free(again);
	fixture_free(en);
}

TEST(states_come_back)
{
	static const struct {
		enum container_state before, after;
	} cases[] = {{C_CREATED, C_CREATED},   {C_RUNNING, C_RUNNING}, {C_PAUSED, C_PAUSED},
		     {C_RESTARTING, C_EXITED}, {C_REMOVING, C_DEAD},   {C_DEAD, C_DEAD}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct engine *en = fixture_engine(), *again;
		struct container *c = fixture_container(en, 'a', "web", cases[i].before);

		c->pid = 12;
		c->start_ticks = 34;
		if (cases[i].before != C_CREATED)
			c->started_nsec = 1700000001000000001LL;
		save(en, c);
		again = reopen(en);
		c = map_get(&again->names, "web");
		CHECK_EQ(c->state, cases[i].after);
		CHECK_EQ(c->start_ticks, 34);
		fixture_free(again);
		fixture_free(en);
	}
}

TEST(unfinished_creation_is_removed_and_damage_is_left_alone)
{
	struct engine *en = fixture_engine(), *again;
	struct container *a = fixture_container(en, 'a', "half", C_CREATED);
	struct container *b = fixture_container(en, 'b', "torn", C_CREATED);
	CLEANUP(freep) char *dir_a = container_dir(en, a);
	CLEANUP(freep) char *dir_b = container_dir(en, b);
	CLEANUP(freep) char *file_b = path_join(dir_b, "config.v2.json");
	struct err e;

	CHECK_OK(container_save_host(en, a, FILE_SYNC, &e), e);
	CHECK_OK(container_save_host(en, b, FILE_SYNC, &e), e);
	CHECK_OK(file_write(AT_FDCWD, file_b, "{\"ID\":", 6, 0600, FILE_NOSYNC, &e), e);
	again = reopen(en);
	CHECK_EQ(again->containers.n, 0);
	CHECK(!path_exists(dir_a));
	CHECK(path_exists(dir_b));
	fixture_free(again);
	fixture_free(en);
}

/* a config.v2.json as Docker 28 writes it, shortened to what matters */
TEST(docker_s_own_file_is_read)
{
	static const char text[] =
		"{\"StreamConfig\":{},\"State\":{\"Running\":false,\"Paused\":false,\"Restarting\":"
		"false,\"OOMKilled\":false,"
		"\"RemovalInProgress\":false,\"Dead\":false,\"Pid\":0,\"ExitCode\":137,\"Error\":"
		"\"\","
		"\"StartedAt\":\"2024-05-01T10:00:00.5Z\",\"FinishedAt\":\"2024-05-01T10:01:00Z\","
		"\"Health\":null},"
		"\"ID\":\"x\",\"Created\":\"2024-05-01T09:59:59.123456789Z\",\"Managed\":false,"
		"\"Path\":\"nginx\","
		"\"Args\":[\"-g\",\"daemon "
		"off;\"],\"Config\":{\"Hostname\":\"abc\",\"Env\":[\"PATH=/"
		"bin\"],\"Cmd\":[\"nginx\"],"
		"\"Image\":\"nginx\",\"Labels\":{}},\"Image\":\"sha256:"
		"1111111111111111111111111111111111111111111111111111111111111111\","
		"\"NetworkSettings\":{\"Bridge\":\"\",\"Ports\":null,\"Networks\":{\"bridge\":{"
		"\"IPAMConfig\":null}},\"IsAnonymousEndpoint\":false},"
		"\"Name\":\"/"
		"happy_knuth\",\"Driver\":\"overlay2\",\"OS\":\"linux\",\"RestartCount\":0,"
		"\"HasBeenStartedBefore\":true,"
		"\"MountPoints\":{\"/data\":{\"Source\":\"\",\"Destination\":\"/"
		"data\",\"RW\":true,\"Name\":\"v\",\"Driver\":\"local\","
		"\"Type\":\"volume\",\"Spec\":{\"Type\":\"volume\",\"Target\":\"/"
		"data\"}}},\"SeccompProfile\":\"\",\"NoNewPrivileges\":false}";
	struct engine *en = fixture_engine(), *again;
	struct container *c = fixture_container(en, 'a', "x", C_CREATED);
	CLEANUP(freep) char *dir = container_dir(en, c);
	CLEANUP(freep) char *file = path_join(dir, "config.v2.json");
	struct err e;

	CHECK_OK(container_save_host(en, c, FILE_SYNC, &e), e);
	CHECK_OK(file_write(AT_FDCWD, file, text, strlen(text), 0600, FILE_NOSYNC, &e), e);
	again = reopen(en);
	c = map_get(&again->names, "happy_knuth");
	CHECK(c != NULL);
	CHECK_EQ(c->state, C_EXITED);
	CHECK_EQ(c->exit_code, 137);
	CHECK_STR(c->args.items[1], "daemon off;");
	CHECK_STR(c->mounts.items[0].point.destination, "/data");
	CHECK_STR(c->seccomp, "default");
	fixture_free(again);
	fixture_free(en);
}
