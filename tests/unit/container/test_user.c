// SPDX-License-Identifier: MIT
/* Users of a container. */
#include "container/user.h"

#include "tests/unit/harness.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "broken line\n"
			     "app:x:1000:1001::/home/app:/bin/sh\n"
			     "1234:x:77:78::/num:/bin/sh";
static const char group[] = "root:x:0:\nappgrp:x:1001:\nextra:x:2000:root,app\nmore:x:2001:app\n";

static int find(const char *name, struct user_ids *ret, struct err *e)
{
	struct oci_user u = {.username = (char *)name};

	return user_find(&u, passwd, group, ret, e);
}

TEST(user_by_name_gets_groups)
{
	struct user_ids u;
	struct err e;

	CHECK_OK(find("app", &u, &e), e);
	CHECK_EQ(u.uid, 1000);
	CHECK_EQ(u.gid, 1001);
	CHECK_EQ(u.n_groups, 2);
	CHECK_EQ(u.groups[1], 2001);
	CHECK_STR(u.home, "/home/app");
	user_ids_clear(&u);
}

TEST(user_with_group_gets_only_that)
{
	struct user_ids u;
	struct err e;

	CHECK_OK(find("app:extra", &u, &e), e);
	CHECK_EQ(u.gid, 2000);
	CHECK_EQ(u.n_groups, 0);
	user_ids_clear(&u);
	CHECK_OK(find("5:6", &u, &e), e);
	CHECK_EQ(u.uid, 5);
	CHECK_EQ(u.gid, 6);
	CHECK_STR(u.home, "/");
	user_ids_clear(&u);
	CHECK_OK(find("1234", &u, &e), e); /* a name wins over a number */
	CHECK_EQ(u.uid, 77);
	user_ids_clear(&u);
	CHECK_OK(find("", &u, &e), e);
	CHECK_EQ(u.uid, 0);
	user_ids_clear(&u);
}

TEST(user_errors_are_dockers)
{
	struct oci_user extra = {.username = (char *)"0"};
	struct user_ids u;
	struct err e;

	CHECK_EQ(find("nope", &u, &e), -1);
	CHECK_STR(e.msg, "unable to find user nope: no matching entries in passwd file");
	CHECK_EQ(find("app:nope", &u, &e), -1);
	CHECK_STR(e.msg, "unable to find group nope: no matching entries in group file");
	CHECK_EQ(find("99999999999", &u, &e), -1);
	CHECK_STR(e.msg, "uids and gids must be in range 0-2147483647");
	strv_add(&extra.additional_groups, "nope");
	CHECK_EQ(user_find(&extra, passwd, group, &u, &e), -1);
	CHECK_STR(e.msg, "Unable to find group nope");
	strv_clear(&extra.additional_groups);
}
