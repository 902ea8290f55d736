// SPDX-License-Identifier: MIT
#include <unistd.h>

#include "tests/unit/engine/fixture.h"

/* a container with one mount of the volume "vol", which has these options (NULL: none) */
static struct container *user_of(struct engine *en, const char *options, const char *subpath)
{
	struct container *c = fixture_container(en, 'a', "web", C_CREATED);
	static const struct strv none;
	struct strv o = STRV_INIT;
	struct err e;

	strv_split(&o, options != NULL ? options : "", ";");
	if (options == NULL)
		strv_clear(&o);
	CHECK(volume_create(en->volumes, "vol", NULL, &o, NULL, &e) >= 0);
	strv_clear(&o);
	strv_add(&c->host.binds, "vol:/data");
	CHECK_OK(mounts_plan(en, c, &none, &e), e);
	c->mounts.items[0].subpath = subpath != NULL ? xstrdup(subpath) : NULL;
	return c;
}

TEST(what_cannot_be_mounted_is_told_with_the_reason)
{
	struct engine *en = fixture_engine();
	struct container *c = user_of(en, "type=none;device=/nowhere/at/all;o=bind,ro", NULL);
	struct err e;

	CHECK(volumes_mount(en, c, &e) < 0);
	CHECK_EQ(e.kind, ERR_SYSTEM);
	CHECK(strstr(e.msg, "failed to mount local volume: mount /nowhere/at/all:") != NULL);
	CHECK(strstr(e.msg, "flags: 0x1001") != NULL);
	fixture_free(en);
}

TEST(subpaths_stay_inside)
{
	static const struct {
		const char *subpath;
		enum err_kind kind;
	} cases[] = {{"dir", 0},
		     {"dir/to-dir", 0},
		     {"missing", ERR_NOTFOUND},
		     {"out", ERR_INVALID},
		     {"up", ERR_INVALID},
		     {"out/passwd", ERR_INVALID},
		     {"dangling", ERR_NOTFOUND}};
	struct engine *en = fixture_engine();
	struct container *c = user_of(en, NULL, "x");
	const char *base = c->mounts.items[0].point.source;
	CLEANUP(freep) char *dir = path_join(base, "dir");
	static const char *const links[] = {"out", "up", "dangling", "dir/to-dir"};
	static const char *const to[] = {"/etc", "../../..", "nothing", "../dir"};
	struct err e;

	CHECK_OK(path_mkdirs(dir, 0755, &e), e);
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		CLEANUP(freep) char *link = path_join(base, links[i]);

		CHECK_EQ(symlink(to[i], link), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		str_replace_ptr(&c->mounts.items[0].subpath, cases[i].subpath);
		err_clear(&e);
		CHECK_MSG((volumes_mount(en, c, &e) < 0) == (cases[i].kind != 0), "%s",
			  cases[i].subpath);
		CHECK_EQ(e.kind, cases[i].kind);
	}
	volumes_unmount(en, c);
	fixture_free(en);
}
