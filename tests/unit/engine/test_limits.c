// SPDX-License-Identifier: MIT
/* Limits: what is refused, which files of a group are written, what is warned of. */
#include <stdlib.h>

#include "base/str.h"
#include "tests/unit/engine/fixture.h"

TEST(limits_are_checked)
{
	struct engine *en = fixture_engine();
	struct docker_host_config h = {0};
	struct err e;

	en->cgroup.cpus = xstrdup("0-1");
	CHECK_OK(limits_check(en, &h, false, &e), e);
	h.memory = 1000;
	CHECK_EQ(limits_check(en, &h, false, &e), -1);
	CHECK_STR(e.msg, "Minimum memory limit allowed is 6MB");
	h = (struct docker_host_config){.memory_swap = 1 << 30};
	CHECK_EQ(limits_check(en, &h, false, &e), -1);
	CHECK_OK(limits_check(en, &h, true, &e), e);
	h = (struct docker_host_config){.nano_cpus = 1, .cpu_quota = 5000};
	CHECK_EQ(limits_check(en, &h, false, &e), -1);
	h = (struct docker_host_config){.cpuset_cpus = (char *)"7"};
	CHECK_EQ(limits_check(en, &h, false, &e), -1);
	CHECK_STR(e.msg, "Requested CPUs are not available - requested 7, available: 0-1");
	h.cpuset_cpus = (char *)"x";
	CHECK_EQ(limits_check(en, &h, false, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	h = (struct docker_host_config){.nano_cpus = 100000LL * 1000000000};
	CHECK_EQ(limits_check(en, &h, false, &e), -1);
	CHECK(str_starts(e.msg, "range of CPUs is from 0.01 to "));
	h = (struct docker_host_config){.memory_swappiness = {.set = true, .value = 101}};
	CHECK_EQ(limits_check(en, &h, false, &e), -1);
	CHECK_STR(e.msg, "Invalid value: 101, valid memory swappiness range is 0-100");
	h = (struct docker_host_config){.io_maximum_iops = 1};
	CHECK_EQ(limits_check(en, &h, false, &e), -1);
	h = (struct docker_host_config){.blkio_weight = 5};
	CHECK_EQ(limits_check(en, &h, false, &e), -1);
	cgroup_root_clear(&en->cgroup);
	fixture_free(en);
}

static void host_of(const char *text, struct docker_host_config *ret)
{
	struct json *v = NULL;
	struct err e;

	CHECK_OK(json_parse(text, strlen(text), &v, &e), e);
	CHECK_OK(json_bind(v, &docker_host_config_json, ret, &e), e);
	json_free(v);
}

TEST(limits_of_devices_are_written)
{
	struct engine *en = fixture_engine();
	struct docker_host_config h = {0};
	struct strv warnings = STRV_INIT;
	const char *group = harness_tmpdir();
	struct err e;

	host_of("{\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/null\",\"Rate\":1048576}],"
		"\"BlkioWeightDevice\":[{\"Path\":\"/dev/null\",\"Weight\":50}]}",
		&h);
	limits_warn(en, &h, &warnings);
	CHECK_EQ(warnings.len, 2);
	CHECK(strstr(warnings.items[1], "BPS Block I/O read limit") != NULL);
	en->cgroup.mode = CGROUP_V2;
	en->cgroup.controllers = CGROUP_IO;
	CHECK_EQ(limits_apply(en, group, &h, &e), -1);
	CHECK_STR(e.msg, "/dev/null is not a block device");
	str_replace_ptr(&h.blkio_device_read_bps.items[0].path, "/nowhere");
	h.blkio_weight_device.len = 0;
	CHECK_EQ(limits_apply(en, group, &h, &e), -1);
	CHECK_STR(e.msg, "stat /nowhere: no such file or directory");
	CHECK_OK(limits_apply(en, NULL, &h, &e), e);
	h.blkio_weight_device.len = 1;
	json_struct_clear(&docker_host_config_json, &h);
	strv_clear(&warnings);
	fixture_free(en);
}
