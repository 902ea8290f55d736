// SPDX-License-Identifier: MIT
/* Docker's defaults and the changes an engine makes. */
#include "base/str.h"
#include "oci/spec.h"
#include "tests/unit/harness.h"

TEST(default_is_dockers)
{
	struct oci_spec *s = oci_spec_default();

	CHECK_EQ(s->process.capabilities->bounding.len, 14);
	CHECK_EQ(s->process.capabilities->inheritable.len, 0);
	CHECK_EQ(s->linux_.readonly_paths.len, 5);
	CHECK(strv_has(&s->linux_.masked_paths, "/proc/kcore"));
	CHECK_EQ(s->linux_.namespaces.len, 6);
	CHECK_STR(oci_spec_mount_find(s, "/dev/shm")->source, "shm");
	oci_spec_free(s);
}

TEST(default_mounts_and_namespaces_change)
{
	struct oci_spec *s = oci_spec_default();
	size_t n = s->mounts.len;

	oci_spec_mount_add(s, "/dev/shm", "tmpfs", "shm", "size=1m");
	CHECK_EQ(s->mounts.len, n);
	CHECK_EQ(oci_spec_mount_find(s, "/dev/shm")->options.len, 1);
	oci_spec_mount_remove(s, "/dev/shm");
	oci_spec_mount_remove(s, "/nosuch");
	CHECK_EQ(s->mounts.len, n - 1);
	oci_spec_namespace_set(s, "network", "/proc/1/ns/net");
	CHECK_STR(oci_spec_namespace_find(s, "network")->path, "/proc/1/ns/net");
	oci_spec_namespace_remove(s, "network");
	CHECK(oci_spec_namespace_find(s, "network") == NULL);
	oci_spec_free(s);
}

TEST(default_made_privileged)
{
	struct oci_spec *s = oci_spec_default();

	oci_spec_privileged(s);
	CHECK_EQ(s->process.capabilities->bounding.len, 41);
	CHECK_EQ(s->linux_.masked_paths.len, 0);
	CHECK(!strv_has(&oci_spec_mount_find(s, "/sys")->options, "ro"));
	oci_spec_free(s);
}
