// SPDX-License-Identifier: MIT
/* What a container's init sets up, seen from inside. */
#include "tests/unit/container/box.h"

TEST(init_names_masks_and_protects)
{
	struct box b;
	int code;

	(void)box_enter();
	box_init(&b, "hostname; cat /proc/keys; cat /proc/timer_list; ls /sys/firmware; echo $$; "
		     "(echo 1 >/proc/sys/kernel/domainname) 2>/dev/null || echo ro; "
		     "cat /proc/sys/kernel/msgmax; cat /sys/class/net/lo/flags; pwd");
	b.spec->hostname = xstrdup("box");
	json_strmap_set(&b.spec->linux_.sysctl, "kernel.msgmax", "12345");
	str_replace_ptr(&b.spec->process.cwd, "/usr");
	CHECK_STR(box_run(&b, &code), "box\n1\nro\n12345\n0x9\n/usr\n");
}

TEST(init_makes_the_devices)
{
	struct box b;
	int code;

	(void)box_enter();
	box_init(&b,
		 "cd /dev; rm -f core; echo *; echo x >null; head -c1 zero | wc -c; readlink ptmx");
	CHECK_STR(box_run(&b, &code), "fd full mqueue null ptmx pts random shm stderr stdin "
				      "stdout tty urandom zero\n1\npts/ptmx\n");
}

TEST(init_makes_a_terminal)
{
	struct box b;
	int code;

	(void)box_enter();
	box_init(&b, "tty; stty size; test -c /dev/console && echo console");
	b.spec->process.terminal = true;
	b.spec->process.console_size.height = 24;
	b.spec->process.console_size.width = 80;
	CHECK_STR(box_run(&b, &code), "/dev/pts/0\r\n24 80\r\nconsole\r\n");
}

TEST(init_mounts_volumes)
{
	struct box b;
	int code;

	(void)box_enter();
	CHECK(mkdir("/tmp/vol", 0755) == 0 && mkdir("/tmp/ro", 0755) == 0);
	box_init(&b, "echo data >/mnt/file; cat /mnt/file; (echo x >/srv/file) 2>/dev/null || "
		     "echo ro; touch /run/t && stat -c %a /run");
	oci_spec_mount_add(b.spec, "/mnt", "bind", "/tmp/vol", "rbind,rprivate");
	oci_spec_mount_add(b.spec, "/srv", "bind", "/tmp/ro", "rbind,ro,rprivate");
	oci_spec_mount_add(b.spec, "/run", "tmpfs", "tmpfs", "nosuid,nodev,mode=1777,size=1m");
	CHECK_STR(box_run(&b, &code), "data\nro\n1777\n");
	CHECK(access("/tmp/vol/file", F_OK) == 0);
}
