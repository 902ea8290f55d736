// SPDX-License-Identifier: MIT
/* Mount plans as data. */
#include "container/plan.h"

#include <string.h>
#include <sys/mount.h>

#include "base/str.h"
#include "tests/unit/harness.h"

static const struct plan_op *find(const struct plan *p, const char *target)
{
	for (size_t i = 0; i < p->n; i++)
		if (str_eq(p->ops[i].target, target))
			return &p->ops[i];
	return NULL;
}

TEST(plan_of_the_default)
{
	struct oci_spec *s = oci_spec_default();
	struct plan p;
	struct err e;

	CHECK_OK(plan_make(s, &p, &e), e);
	CHECK_STR(p.ops[0].target, "/proc");
	CHECK_EQ(p.ops[0].mount_flags, MS_NOSUID | MS_NOEXEC | MS_NODEV);
	CHECK_STR(find(&p, "/dev")->data, "mode=755,size=65536k");
	CHECK(find(&p, "/dev")->mount_flags & MS_STRICTATIME);
	CHECK_EQ(find(&p, "/dev/null")->type, PLAN_DEVICE);
	CHECK_EQ(find(&p, "/sys/fs/cgroup")->type, PLAN_CGROUP);
	CHECK_EQ(find(&p, "/proc/kcore")->type, PLAN_MASK);
	CHECK_EQ(find(&p, "/proc/sys")->type, PLAN_READONLY);
	CHECK(!(find(&p, "/sys")->flags & PLAN_HOST_FALLBACK));
	CHECK(find(&p, "/dev/console") == NULL);
	plan_clear(&p);
	oci_spec_free(s);
}

TEST(plan_of_binds_and_options)
{
	struct oci_spec *s = oci_spec_default();
	const struct plan_op *op;
	struct plan p;
	struct err e;

	s->process.terminal = true;
	s->root.readonly = true;
	oci_spec_namespace_remove(s, "network");
	oci_spec_mount_add(s, "/data", "bind", "/src", "rbind,ro,rslave,copyup");
	CHECK_OK(plan_make(s, &p, &e), e);
	op = find(&p, "/data");
	CHECK_EQ(op->type, PLAN_BIND);
	CHECK_EQ(op->flags, PLAN_RECURSIVE | PLAN_COPYUP);
	CHECK_EQ(op->mount_flags, MS_RDONLY);
	CHECK_EQ(op->propagation, MS_SLAVE | MS_REC);
	CHECK(find(&p, "/sys")->flags & PLAN_HOST_FALLBACK);
	CHECK_EQ(find(&p, "/dev/console")->type, PLAN_CONSOLE);
	CHECK_EQ(p.ops[p.n - 1].type, PLAN_ROOT_RO);
	plan_clear(&p);
	oci_spec_mount_add(s, "/bad", "bind", "", "rbind");
	CHECK_EQ(plan_make(s, &p, &e), -1);
	oci_spec_free(s);
}
