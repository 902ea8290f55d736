// SPDX-License-Identifier: MIT
/* Namespaces of a container as seen from outside. */
#include "tests/unit/container/box.h"

#include "ns/join.h"

TEST(runtime_makes_new_namespaces)
{
	struct box b;

	(void)box_enter();
	box_init(&b, "sleep 100");
	box_spawn(&b);
	CHECK_EQ(ns_same(b.info.init_pid, NS_NET), 0);
	CHECK_EQ(ns_same(b.info.init_pid, NS_PID), 0);
	CHECK_EQ(ns_same(b.info.init_pid, NS_MNT), 0);
	CHECK_EQ(ns_same(b.info.init_pid, NS_UTS), 0);
	CHECK_EQ(ns_same(b.info.init_pid, NS_USER), 1);
}

TEST(runtime_shares_what_the_specification_leaves_out)
{
	struct box b;
	int code;

	(void)box_enter();
	box_init(&b, "echo ok; ls /sys/class/net >/dev/null; ls /proc/self >/dev/null");
	oci_spec_namespace_remove(b.spec, "network");
	oci_spec_namespace_remove(b.spec, "ipc");
	oci_spec_namespace_remove(b.spec, "uts");
	CHECK_STR(box_run(&b, &code), "ok\n");
	CHECK_EQ(code, 0);
}

TEST(runtime_makes_a_user_namespace)
{
	struct oci_id_mapping *m;
	struct box b;
	int code;

	if (!box_enter())
		SKIP("needs more than one mapped id");
	box_init(&b, "tr -s ' ' </proc/self/uid_map; id -u");
	oci_spec_namespace_set(b.spec, "user", NULL);
	m = json_array_add(&b.spec->linux_.uid_mappings, &oci_id_mapping_json);
	*m = (struct oci_id_mapping){0, 1000, 1000};
	m = json_array_add(&b.spec->linux_.gid_mappings, &oci_id_mapping_json);
	*m = (struct oci_id_mapping){0, 1000, 1000};
	b.config.rootfs.mount_dir = xstrdup("/mnt");
	CHECK_STR(box_run(&b, &code), " 0 1000 1000\n0\n");
}
