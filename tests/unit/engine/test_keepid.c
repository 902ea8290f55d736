// SPDX-License-Identifier: MIT
#include "tests/unit/engine/fixture.h"

static int configure(struct container *c, const char *mode, const char *opt, struct err *e)
{
	str_replace_ptr(&c->host.userns_mode, mode);
	strv_clear(&c->host.security_opt);
	if (opt != NULL)
		strv_add(&c->host.security_opt, opt);
	str_replace_ptr(&c->config.user, "");
	return keepid_configure(c, e);
}

TEST(by_mode_or_by_security_opt)
{
	struct engine *en = fixture_engine();
	struct container *c = container_new();
	struct err e;

	CHECK_OK(configure(c, "keep-id:uid=1000,gid=50", NULL, &e), e);
	CHECK_EQ(c->ids.uid, 1000);
	CHECK_EQ(c->ids.gid, 50);
	CHECK_STR(c->config.user, "1000:50");
	CHECK_OK(configure(c, "", "userns=keep-id:uid=7", &e), e);
	CHECK_EQ(c->ids.uid, 7);
	CHECK_OK(configure(c, "host", "no-new-privileges", &e), e);
	CHECK_EQ(c->ids.uid, 0);
	CHECK_STR(c->config.user, "");
	CHECK_OK(configure(c, NULL, NULL, &e), e);
	container_unref(en, c);
	fixture_free(en);
}

TEST(what_is_no_mode_is_refused)
{
	static const char *const bad[] = {
		"keep",		  "keep-idx",	     "keep-id:1",
		"keep-id:uid=-1", "keep-id:uid=a",   "keep-id:uid=4294967295",
		"auto",		  "container:other", "keep-id:mode=0"};
	struct engine *en = fixture_engine();
	struct container *c = container_new();
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK_MSG(configure(c, bad[i], NULL, &e) < 0, "%s", bad[i]);
		CHECK_EQ(e.kind, ERR_INVALID);
	}
	str_replace_ptr(&c->host.network_mode, "container:other");
	CHECK(configure(c, "keep-id:uid=5", NULL, &e) < 0);
	CHECK(strstr(e.msg, "cannot be combined with container:other") != NULL);
	container_unref(en, c);
	fixture_free(en);
}
