// SPDX-License-Identifier: MIT
/* spec: the smaller option values. */
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "client/spec.h"

static void writes(int (*fn)(const char *, struct json_w *, struct err *), const char *text,
		   const char *want)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e;

	jw_init(&w, &b);
	if (want == NULL) {
		CHECK_EQ(fn(text, &w, &e), -1);
		return;
	}
	CHECK_OK(fn(text, &w, &e), e);
	CHECK_STR(buf_str(&b), want);
}

TEST(ulimits)
{
	writes(spec_ulimit, "nofile=1024", "{\"Name\":\"nofile\",\"Hard\":1024,\"Soft\":1024}");
	writes(spec_ulimit, "nofile=1:2", "{\"Name\":\"nofile\",\"Hard\":2,\"Soft\":1}");
	writes(spec_ulimit, "core=-1", "{\"Name\":\"core\",\"Hard\":-1,\"Soft\":-1}");
	writes(spec_ulimit, "nofile=2:1", NULL);
	writes(spec_ulimit, "nofile", NULL);
}

TEST(devices)
{
	writes(spec_device, "/dev/a",
	       "{\"PathOnHost\":\"/dev/a\",\"PathInContainer\":\"/dev/a\","
	       "\"CgroupPermissions\":\"rwm\"}");
	writes(spec_device, "/dev/a:/dev/b:r",
	       "{\"PathOnHost\":\"/dev/a\",\"PathInContainer\":\"/dev/b\","
	       "\"CgroupPermissions\":\"r\"}");
	writes(spec_device, "/dev/a:rw",
	       "{\"PathOnHost\":\"/dev/a\",\"PathInContainer\":\"/dev/a\","
	       "\"CgroupPermissions\":\"rw\"}");
	writes(spec_device, "/dev/a:/dev/b:x", NULL);
	CHECK(spec_is_cdi("vendor.com/class=name"));
	CHECK(!spec_is_cdi("/dev/a=b/c") && !spec_is_cdi("class=name") && !spec_is_cdi("a=b/c"));
}

TEST(gpus)
{
	writes(spec_gpus, "all", "{\"Count\":-1,\"DeviceIDs\":[],\"Capabilities\":[[\"gpu\"]]}");
	writes(spec_gpus, "2", "{\"Count\":2,\"DeviceIDs\":[],\"Capabilities\":[[\"gpu\"]]}");
	writes(spec_gpus, "\"device=0,UUID\"",
	       "{\"Count\":0,\"DeviceIDs\":[\"0\",\"UUID\"],\"Capabilities\":[[\"gpu\"]]}");
	writes(spec_gpus, "some", NULL);
	writes(spec_gpus, "\"", NULL);
}

TEST(restart)
{
	writes(spec_restart, "always", "{\"Name\":\"always\",\"MaximumRetryCount\":0}");
	writes(spec_restart, "on-failure:3", "{\"Name\":\"on-failure\",\"MaximumRetryCount\":3}");
	writes(spec_restart, "on-failure:x", NULL);
}

TEST(cpus)
{
	int64_t n = 0;
	struct err e;

	CHECK_OK(spec_cpus("1.5", &n, &e), e);
	CHECK_EQ(n, 1500000000);
	CHECK_EQ(spec_cpus("x", &n, &e), -1);
	CHECK_EQ(spec_cpus("-1", &n, &e), -1);
}

TEST(keys)
{
	unsigned char k[4];
	struct err e;

	CHECK_EQ(spec_keys("ctrl-p,ctrl-q", k, 4, &e), 2);
	CHECK(k[0] == 16 && k[1] == 17);
	CHECK_EQ(spec_keys("a,ctrl-[,ctrl-@", k, 4, &e), 3);
	CHECK(k[0] == 'a' && k[1] == 27 && k[2] == 0);
	CHECK_EQ(spec_keys("ctrl-1", k, 4, &e), -1);
	CHECK_EQ(spec_keys("a,b,c,d,e", k, 4, &e), -1);
}

TEST(environment)
{
	CLEANUP(strv_clear) struct strv v = STRV_INIT;
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), "env");
	static const char text[] = "# comment\nA=1\n\nTEST_SET\nTEST_UNSET\nB=x y\r\n";
	char *t;
	struct err e;

	setenv("TEST_SET", "here", 1);
	unsetenv("TEST_UNSET");
	CHECK((t = spec_env("TEST_UNSET")) == NULL);
	CHECK_STR(t = spec_env("X=y"), "X=y");
	free(t);
	CHECK_OK(file_write(AT_FDCWD, path, text, strlen(text), 0600, FILE_NOSYNC, &e), e);
	CHECK_OK(spec_env_file(path, &v, &e), e);
	CHECK_EQ(v.len, 3);
	CHECK_STR(v.items[0], "A=1");
	CHECK_STR(v.items[1], "TEST_SET=here");
	CHECK_STR(v.items[2], "B=x y");
	CHECK_OK(file_write(AT_FDCWD, path, "a b=1\n", 6, 0600, FILE_NOSYNC, &e), e);
	CHECK_EQ(spec_env_file(path, &v, &e), -1);
	CHECK_EQ(spec_env_file("/nonexistent", &v, &e), -1);
}
