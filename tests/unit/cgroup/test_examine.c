// SPDX-License-Identifier: MIT
/* What people are told of each kind of host. */
#include <string.h>
#include <unistd.h>

#include "cgroup/examine.h"
#include "tests/unit/cgroup/fake_host.h"

static void delegate(const struct fake_host *f, const char *group, const char *controllers)
{
	static const char *const files[] = {"cgroup.procs", "cgroup.subtree_control"};
	char *name;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		name = xasprintf("mount/%s/%s", group, files[i]);
		fake_put(f, name, "");
		free(name);
	}
	name = xasprintf("mount/%s/cgroup.controllers", group);
	fake_put(f, name, controllers);
	free(name);
}

static void check(const struct fake_host *f, enum cgroup_problem problem, enum cgroup_place place,
		  const char *mend)
{
	struct cgroup_report r;

	cgroup_examine_host(&f->host, &r);
	CHECK_EQ(r.problem, problem);
	CHECK_EQ(r.place, place);
	CHECK_EQ(r.path != NULL, place != CGROUP_PLACE_NONE);
	CHECK_EQ(r.why != NULL, problem != CGROUP_FINE);
	if (mend == NULL)
		CHECK(r.mend == NULL);
	else
		CHECK_MSG(r.mend != NULL && strstr(r.mend, mend) != NULL, "mend: %s", r.mend);
	cgroup_report_clear(&r);
}

TEST(examine_hosts_without_v2)
{
	struct fake_host f;

	fake_host_init(&f, 1);
	check(&f, CGROUP_IS_V1, CGROUP_PLACE_NONE, "mount -t cgroup2");
	fake_put(&f, "run/openrc/x", "");
	check(&f, CGROUP_IS_V1, CGROUP_PLACE_NONE, "rc_cgroup_mode=\"unified\"");
	fake_put(&f, "run/systemd/system/x", "");
	check(&f, CGROUP_IS_V1, CGROUP_PLACE_NONE, "systemd.unified_cgroup_hierarchy=1");
	fake_put(&f, "mount/unified/cgroup.controllers", "");
	check(&f, CGROUP_IS_HYBRID, CGROUP_PLACE_NONE, "systemd.unified_cgroup_hierarchy=1");
	fake_host_clear(&f);
}

TEST(examine_host_without_a_mount)
{
	struct fake_host f;

	fake_host_init(&f, 0);
	check(&f, CGROUP_NOT_MOUNTED, CGROUP_PLACE_NONE, "mount -t cgroup2");
	fake_host_clear(&f);
}

TEST(examine_own_group)
{
	struct fake_host f;

	fake_host_init(&f, 2);
	fake_put(&f, "self", "1:name=x:/y\n0::/user.1000\n");
	check(&f, CGROUP_NOT_DELEGATED, CGROUP_PLACE_NONE, "chown 1000");
	delegate(&f, "user.1000", "cpuset cpu io memory pids\n");
	check(&f, CGROUP_FINE, CGROUP_PLACE_OWN, NULL);
	fake_put(&f, "self", "0::/user.1000/engine\n");
	check(&f, CGROUP_FINE, CGROUP_PLACE_OWN, NULL);
	fake_put(&f, "mount/user.1000/cgroup.type", "domain threaded\n");
	check(&f, CGROUP_THREADED, CGROUP_PLACE_NONE, "chown");
	fake_host_clear(&f);
}

TEST(examine_missing_controllers)
{
	struct cgroup_report r;
	struct fake_host f;
	char *names;

	fake_host_init(&f, 2);
	fake_put(&f, "self", "0::/u\n");
	delegate(&f, "u", "memory pids\n");
	check(&f, CGROUP_FEW_CONTROLLERS, CGROUP_PLACE_OWN, "for c in cpu cpuset io");
	fake_put(&f, "run/systemd/system/x", "");
	check(&f, CGROUP_FEW_CONTROLLERS, CGROUP_PLACE_OWN, "Delegate=cpu cpuset io memory pids");
	cgroup_examine_host(&f.host, &r);
	names = cgroup_controller_names(r.missing);
	CHECK_STR(names, "cpu cpuset io");
	free(names);
	names = cgroup_controller_names(0);
	CHECK_STR(names, "");
	free(names);
	CHECK_STR(r.why, "the controllers cpu cpuset io are not delegated to this user");
	cgroup_report_clear(&r);
	/* what the kernel has not nobody can delegate */
	fake_put(&f, "mount/cgroup.controllers", "cpu cpuset io pids\n");
	fake_put(&f, "mount/u/cgroup.controllers", "cpu cpuset io pids\n");
	check(&f, CGROUP_FEW_CONTROLLERS, CGROUP_PLACE_OWN, "cgroup_enable=memory");
	fake_host_clear(&f);
}

TEST(examine_systemd)
{
	struct fake_host f;
	char *procs;

	fake_host_init(&f, 2);
	fake_put(&f, "run/systemd/system/x", "");
	fake_put(&f, "self", "0::/user.slice/user-1000.slice/session-1.scope\n");
	check(&f, CGROUP_NOT_DELEGATED, CGROUP_PLACE_NONE, "loginctl enable-linger 1000");
	delegate(&f, "user.slice/user-1000.slice/user@1000.service", "cpuset cpu io memory pids\n");
	check(&f, CGROUP_FINE, CGROUP_PLACE_SERVICE, NULL);
	/* a terminal's scope is not ours alone; a service is */
	fake_put(&f, "self",
		 "0::/user.slice/user-1000.slice/user@1000.service/app.slice/t.scope\n");
	delegate(&f, "user.slice/user-1000.slice/user@1000.service/app.slice/t.scope", "cpu\n");
	check(&f, CGROUP_FINE, CGROUP_PLACE_SERVICE, NULL);
	/* but that of systemd-run --scope, which holds nobody else, is */
	procs = xasprintf("%d\n", (int)getpid());
	fake_put(
		&f,
		"mount/user.slice/user-1000.slice/user@1000.service/app.slice/t.scope/cgroup.procs",
		procs);
	free(procs);
	fake_put(&f,
		 "mount/user.slice/user-1000.slice/user@1000.service/app.slice/t.scope/"
		 "cgroup.controllers",
		 "cpuset cpu io memory pids\n");
	check(&f, CGROUP_FINE, CGROUP_PLACE_OWN, NULL);
	fake_put(&f, "self",
		 "0::/user.slice/user-1000.slice/user@1000.service/app.slice/d.service\n");
	delegate(&f, "user.slice/user-1000.slice/user@1000.service/app.slice/d.service",
		 "cpuset cpu io memory pids\n");
	check(&f, CGROUP_FINE, CGROUP_PLACE_OWN, NULL);
	fake_host_clear(&f);
}

TEST(examine_mounts)
{
	struct fake_host f;
	char *line;

	fake_host_init(&f, 2);
	delegate(&f, "in", "cpuset cpu io memory pids\n");
	fake_put(&f, "self", "0::/a/b/in\n");
	check(&f, CGROUP_NOT_DELEGATED, CGROUP_PLACE_NONE, "chown");
	/* only a part is mounted */
	line = xasprintf("1 2 0:9 /a/b %s rw - cgroup2 none rw\n", f.host.mount);
	fake_put(&f, "mountinfo", line);
	free(line);
	check(&f, CGROUP_FINE, CGROUP_PLACE_OWN, NULL);
	fake_put(&f, "self", "0::/a/bc\n");
	check(&f, CGROUP_NOT_VISIBLE, CGROUP_PLACE_NONE, "chown");
	/* the root of another control group namespace */
	line = xasprintf("1 2 0:9 /../.. %s rw - cgroup2 none rw\n", f.host.mount);
	fake_put(&f, "mountinfo", line);
	free(line);
	fake_put(&f, "self", "0::/\n");
	check(&f, CGROUP_NOT_VISIBLE, CGROUP_PLACE_NONE, "chown");
	fake_put(&f, "mountinfo", "");
	fake_put(&f, "self", "0::/../x\n");
	check(&f, CGROUP_NOT_VISIBLE, CGROUP_PLACE_NONE, "chown");
	fake_host_clear(&f);
}

TEST(examine_this_host)
{
	struct cgroup_report r;

	cgroup_examine(&r);
	CHECK(r.problem == CGROUP_FINE || r.why != NULL);
	cgroup_report_clear(&r);
}

TEST(examine_another_process)
{
	struct cgroup_report own, same, none;

	cgroup_examine(&own);
	cgroup_examine_process(getpid(), &same);
	CHECK_EQ(own.problem, same.problem);
	CHECK_EQ(own.place, same.place);
	cgroup_examine_process(INT32_MAX, &none); /* no such process */
	CHECK(none.place != CGROUP_PLACE_OWN);
	cgroup_report_clear(&own);
	cgroup_report_clear(&same);
	cgroup_report_clear(&none);
}
