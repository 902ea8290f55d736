// SPDX-License-Identifier: MIT
/* Updates: what is merged, what is refused, which files of a running container's group change. */
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "tests/unit/engine/fixture.h"

static void update(struct engine *en, const char *body, int want)
{
	struct strv warnings = STRV_INIT;
	struct json *v = NULL;
	struct err e;

	CHECK_OK(json_parse(body, strlen(body), &v, &e), e);
	CHECK_EQ(engine_container_update(en, "c1", v, &warnings, &e), want);
	json_free(v);
	strv_clear(&warnings);
}

static void put(const char *dir, const char *name)
{
	CLEANUP(freep) char *path = path_join(dir, name);
	struct err e;

	CHECK_OK(file_write(AT_FDCWD, path, "", 0, 0600, FILE_NOSYNC, &e), e);
}

static void check_file(const char *dir, const char *name, const char *want)
{
	CLEANUP(freep) char *path = path_join(dir, name);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	CHECK_OK(file_read(AT_FDCWD, path, 4096, &b, &e), e);
	CHECK(str_starts(buf_str(&b), want));
}

TEST(limits_update_a_stopped_container)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, '1', "c1", C_EXITED);

	c->host.memory = 64 << 20;
	c->host.memory_swap = 128 << 20;
	update(en,
	       "{\"Memory\":100000000,\"NanoCpus\":500000000,\"PidsLimit\":9,"
	       "\"CpusetCpus\":\"0\",\"RestartPolicy\":{\"Name\":\"on-failure\","
	       "\"MaximumRetryCount\":3}}",
	       0);
	CHECK_EQ(c->host.memory, 100000000);
	CHECK_EQ(c->host.nano_cpus, 500000000);
	CHECK_EQ(c->host.pids_limit.value, 9);
	update(en, "{\"PidsLimit\":-5}", 0);
	CHECK_EQ(c->host.pids_limit.value, 0); /* as 0: none */
	CHECK_STR(c->host.cpuset_cpus, "0");
	CHECK_STR(c->host.restart_policy.name, "on-failure");
	CHECK_EQ(c->host.restart_policy.maximum_retry_count, 3);
	update(en, "{\"Memory\":1000000000}", -1);   /* above the swap limit */
	update(en, "{\"MemorySwap\":90000000}", -1); /* below the memory limit */
	update(en, "{\"CpuQuota\":5000}", -1);	     /* beside NanoCpus */
	update(en, "{\"RestartPolicy\":{\"Name\":\"sometimes\"}}", -1);
	CHECK_EQ(c->host.memory, 100000000);
	CHECK_EQ(c->host.memory_swap, 128 << 20);
	CHECK_EQ(c->host.cpu_quota, 0);
	fixture_free(en);
}

TEST(limits_update_a_running_container)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, '1', "c1", C_RUNNING);

	en->cgroup.mode = CGROUP_V2;
	en->cgroup.controllers = CGROUP_CPU | CGROUP_PIDS | CGROUP_MEMORY;
	c->cgroup = path_join(en->data_root, "group");
	c->host.pids_limit.set = true;
	c->host.pids_limit.value = 5;
	update(en, "{\"PidsLimit\":7}", -1); /* no such group */
	CHECK_EQ(c->host.pids_limit.value, 5);
	CHECK(mkdir(c->cgroup, 0700) == 0);
	put(c->cgroup, "pids.max");
	put(c->cgroup, "cpu.max");
	update(en, "{\"PidsLimit\":7,\"CpuQuota\":5000}", 0);
	check_file(c->cgroup, "pids.max", "7");
	check_file(c->cgroup, "cpu.max", "5000 100000");
	update(en, "{\"PidsLimit\":-1,\"CpuQuota\":-1}", 0);
	check_file(c->cgroup, "pids.max", "max");
	check_file(c->cgroup, "cpu.max", "max 100000");
	fixture_free(en);
}
