// SPDX-License-Identifier: MIT
#include "inspect/state.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/proc.h"
#include "tests/unit/harness.h"

#define ID_A "aa11111111111111111111111111111111111111111111111111111111111111"
#define ID_B "aa22222222222222222222222222222222222222222222222222222222222222"
#define ID_C "cc33333333333333333333333333333333333333333333333333333333333333"

static void put(const char *id, const char *name, const char *text)
{
	CLEANUP(freep) char *dir = NULL, *path = NULL;
	struct err e;

	dir = xasprintf("%s/containers/%s", harness_tmpdir(), id);
	path = path_join(dir, name);
	CHECK_OK(path_mkdirs(dir, 0700, &e), e);
	CHECK_OK(file_write(AT_FDCWD, path, text, strlen(text), 0600, FILE_NOSYNC, &e), e);
}

static void make(void)
{
	char text[1024];

	/* runs: this process */
	snprintf(text, sizeof(text),
		 "{\"ID\":\"" ID_A "\",\"Name\":\"/web\",\"State\":{\"Running\":true,\"Status\":"
		 "\"running\",\"Pid\":%d,\"StartTicks\":%llu},\"NetworkSettings\":{\"Networks\":{"
		 "\"bridge\":{\"IPAddress\":\"172.17.0.2\",\"IPPrefixLen\":16},"
		 "\"n1\":{\"IPAddress\":\"172.18.0.9\",\"GlobalIPv6Address\":\"fd01::9\"}}}}",
		 (int)getpid(), proc_start_time(getpid()));
	put(ID_A, "config.v2.json", text);
	put(ID_A, "hostconfig.json", "{\"NetworkMode\":\"bridge\"}");
	/* says that it runs, but the pid is somebody else's by now */
	snprintf(text, sizeof(text),
		 "{\"ID\":\"" ID_B "\",\"Name\":\"/db\",\"State\":{\"Running\":true,\"Pid\":%d,"
		 "\"StartTicks\":1},\"NetworkSettings\":{\"Networks\":{\"bridge\":{\"IPAddress\":"
		 "\"172.17.0.3\"}}}}",
		 (int)getpid());
	put(ID_B, "config.v2.json", text);
	put(ID_B, "hostconfig.json", "{\"NetworkMode\":\"container:" ID_A "\"}");
	put(ID_C, "config.v2.json", "{\"ID\":\"" ID_C "\",\"Name\":\"/loop\",\"State\":{}}");
	put(ID_C, "hostconfig.json", "{\"NetworkMode\":\"container:" ID_C "\"}");
	put("dd", "config.v2.json", "{ half a fi");
}

TEST(what_a_word_means)
{
	CLEANUP(look_containers_clear) struct look_containers l = {0};
	const struct look_container *web;
	struct err e;

	make();
	CHECK_OK(look_containers_load(harness_tmpdir(), &l, &e), e);
	CHECK_EQ(l.n, 3);
	web = look_container_find(&l, "web", &e);
	CHECK(web != NULL && web->pid == getpid());
	CHECK(look_container_find(&l, ID_A, &e) == web);
	CHECK(look_container_find(&l, "aa1", &e) == web);
	CHECK(look_container_find(&l, "172.17.0.2", &e) == web);
	CHECK(look_container_find(&l, "fd01::9", &e) == web);
	CHECK(look_container_find(&l, "aa", &e) == NULL);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK(look_container_find(&l, "", &e) == NULL);
	CHECK(look_container_find(&l, "nobody", &e) == NULL);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	/* the address of a container that does not run is nobody's */
	CHECK(look_container_find(&l, "172.17.0.3", &e) == NULL);
}

TEST(who_runs_and_whose_network)
{
	CLEANUP(look_containers_clear) struct look_containers l = {0};
	const struct look_container *db;
	struct ip ips[8];
	struct err e;

	make();
	CHECK_OK(look_containers_load(harness_tmpdir(), &l, &e), e);
	db = look_container_find(&l, "db", &e);
	CHECK_EQ(db->pid, 0);
	CHECK_STR(db->status, "gone");
	CHECK_STR(look_container_shared(&l, db)->name, "web");
	CHECK(look_container_shared(&l, look_container_find(&l, "loop", &e)) == NULL);
	CHECK_EQ(look_container_addresses(look_container_find(&l, "web", &e), ips, 8), 3);
	CHECK_EQ(ips[2].family, IP_V6);
	CHECK_EQ(look_container_addresses(look_container_find(&l, "web", &e), ips, 1), 1);
}

TEST(where_the_state_is)
{
	CLEANUP(freep) char *a = NULL, *b = NULL, *c = NULL, *d = NULL, *conf = NULL, *noted = NULL;
	const char *text = "{\"data-root\":\"/from/json\"}";
	struct err e;

	setenv("HOME", "/home/u", 1);
	unsetenv("XDG_DATA_HOME");
	setenv("XDG_CONFIG_HOME", harness_tmpdir(), 1);
	a = look_data_root(NULL, harness_tmpdir());
	CHECK_STR(a, "/home/u/.local/share/docker");
	conf = path_join(harness_tmpdir(), "docker");
	CHECK_OK(path_mkdirs(conf, 0700, &e), e);
	free(conf);
	conf = path_join(harness_tmpdir(), "docker/daemon.json");
	CHECK_OK(file_write(AT_FDCWD, conf, text, strlen(text), 0600, FILE_NOSYNC, &e), e);
	b = look_data_root(NULL, harness_tmpdir());
	CHECK_STR(b, "/from/json");
	noted = path_join(harness_tmpdir(), "data-root");
	CHECK_OK(file_write(AT_FDCWD, noted, "/noted", 6, 0600, FILE_NOSYNC, &e), e);
	c = look_data_root(NULL, harness_tmpdir());
	CHECK_STR(c, "/noted");
	d = look_data_root("/asked", harness_tmpdir());
	CHECK_STR(d, "/asked");
}
