// SPDX-License-Identifier: MIT
/* client/context: what is written, what is kept. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "client/context.h"
#include "tests/unit/harness.h"

static char dir[] = "/tmp/test_context.XXXXXX";

static void put(const char *name, const char *text)
{
	CLEANUP(freep) char *path = path_join(dir, name);
	struct err e;

	CHECK_EQ(file_write(AT_FDCWD, path, text, strlen(text), 0600, FILE_NOSYNC, &e), 0);
}

static char *get(const char *name)
{
	CLEANUP(freep) char *path = path_join(dir, name);
	struct buf b = BUF_INIT;
	struct err e;

	CHECK_EQ(file_read(AT_FDCWD, path, 65536, &b, &e), 0);
	return buf_detach(&b);
}

TEST(a_context_is_written_where_the_cli_looks)
{
	const struct context rootless = {"rootless", "unix:///run/user/1/docker.sock",
					 "Rootless mode", false};
	CLEANUP(freep) char *text = NULL;
	struct err e;

	CHECK(mkdtemp(dir) != NULL);
	CHECK(!context_exists(dir, "rootless"));
	CHECK_EQ(context_create(dir, &rootless, &e), 0);
	CHECK(context_exists(dir, "rootless"));
	/* sha256 of "rootless" */
	text = get("contexts/meta/"
		   "12b961af5feb3e9d39f93b2cefb9a1a944f18d02cca0cac2f04f5a982240605f/meta.json");
	CHECK_STR(text, "{\"Name\":\"rootless\",\"Metadata\":{\"Description\":\"Rootless mode\"},"
			"\"Endpoints\":{\"docker\":{\"Host\":\"unix:///run/user/1/docker.sock\","
			"\"SkipTLSVerify\":false}}}");
	CHECK_EQ(context_remove(dir, "rootless", &e), 0);
	CHECK(!context_exists(dir, "rootless"));
	CHECK_EQ(context_remove(dir, "rootless", &e), 0);
	CHECK_EQ(path_remove_tree(AT_FDCWD, dir, &e), 0);
}

TEST(using_a_context_keeps_the_other_settings)
{
	CLEANUP(freep) char *first = NULL;
	CLEANUP(freep) char *second = NULL;
	struct err e;

	CHECK(mkdtemp(dir) != NULL);
	put("config.json", "{\"auths\":{\"r.example\":{\"auth\":\"YTpi\"}},\"future\":[1,2e3]}");
	CHECK_EQ(context_use(dir, "rootless", &e), 0);
	first = get("config.json");
	CHECK(strstr(first, "\t\"currentContext\": \"rootless\"") != NULL);
	CHECK(strstr(first, "\"auth\": \"YTpi\"") != NULL);
	CHECK(strstr(first, "2e3") != NULL);
	CHECK_EQ(context_use(dir, "default", &e), 0);
	second = get("config.json");
	CHECK(strstr(second, "currentContext") == NULL);
	CHECK(strstr(second, "2e3") != NULL);
	CHECK_EQ(path_remove_tree(AT_FDCWD, dir, &e), 0);
}

TEST(without_settings_default_writes_nothing)
{
	CLEANUP(freep) char *file = NULL;
	struct err e;

	CHECK(mkdtemp(dir) != NULL);
	file = path_join(dir, "config.json");
	CHECK_EQ(context_use(dir, "default", &e), 0);
	CHECK(!path_exists(file));
	CHECK_EQ(context_use(dir, "rootless", &e), 0);
	CHECK(path_exists(file));
	CHECK_EQ(path_remove_tree(AT_FDCWD, dir, &e), 0);
}

TEST(a_broken_file_is_left_alone_and_a_link_followed)
{
	CLEANUP(freep) char *text = NULL;
	CLEANUP(freep) char *link = NULL;
	struct stat st;
	struct err e;

	CHECK(mkdtemp(dir) != NULL);
	put("config.json", "{\"auths\":");
	CHECK_EQ(context_use(dir, "rootless", &e), -1);
	text = get("config.json");
	CHECK_STR(text, "{\"auths\":");
	put("real.json", "{}");
	link = path_join(dir, "config.json");
	CHECK_EQ(unlink(link), 0);
	CHECK_EQ(symlink("real.json", link), 0);
	CHECK_EQ(context_use(dir, "rootless", &e), 0);
	CHECK_EQ(lstat(link, &st), 0);
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(path_remove_tree(AT_FDCWD, dir, &e), 0);
}

TEST(what_was_written_is_read)
{
	const struct context far = {"far", "tcp://h:1", NULL, true};
	CLEANUP(json_freep) struct json *v = NULL;
	struct err e;

	CHECK(mkdtemp(dir) != NULL);
	CHECK_EQ(context_read(dir, "far", &v, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK_MSG(strstr(e.msg, "context \"far\": context not found: open /") != NULL, "%s", e.msg);
	CHECK_EQ(context_create(dir, &far, &e), 0);
	CHECK_EQ(context_read(dir, "far", &v, &e), 0);
	CHECK_STR(json_get_str(v, "Name"), "far");
	CHECK(json_path(v, "Metadata", "Description", NULL) == NULL);
	CHECK_STR(json_str(json_path(v, "Endpoints", "docker", "Host", NULL)), "tcp://h:1");
	CHECK(json_bool(json_path(v, "Endpoints", "docker", "SkipTLSVerify", NULL), false));
	CHECK_EQ(path_remove_tree(AT_FDCWD, dir, &e), 0);
}
