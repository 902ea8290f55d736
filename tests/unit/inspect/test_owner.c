// SPDX-License-Identifier: MIT
#include "inspect/owner.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "tests/unit/harness.h"

TEST(links_of_sockets)
{
	CHECK_EQ(look_socket_inode("socket:[4711]"), 4711);
	CHECK_EQ(look_socket_inode("socket:[4294967295]"), 4294967295U);
	CHECK_EQ(look_socket_inode("socket:[4294967296]"), 0);
	CHECK_EQ(look_socket_inode("socket:[4711"), 0);
	CHECK_EQ(look_socket_inode("socket:[4711]x"), 0);
	CHECK_EQ(look_socket_inode("socket:[]"), 0);
	CHECK_EQ(look_socket_inode("socket:[-1]"), 0);
	CHECK_EQ(look_socket_inode("pipe:[4711]"), 0);
	CHECK_EQ(look_socket_inode(""), 0);
	CHECK_EQ(look_socket_inode("socket:[99999999999999999999999999]"), 0);
}

TEST(our_own_socket_is_ours)
{
	CLEANUP(look_owners_clear) struct look_owners o = {0};
	const struct look_owner *found;
	struct stat st, mnt;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(fd >= 0 && fstat(fd, &st) == 0 && stat("/proc/self/ns/mnt", &mnt) == 0);
	look_owners_load(&o);
	found = look_owner_find(&o, (uint32_t)st.st_ino);
	CHECK(found != NULL);
	CHECK_EQ(found->pid, getpid());
	CHECK_EQ(found->mnt, mnt.st_ino);
	CHECK(look_owner_find(&o, 0) == NULL);
}
