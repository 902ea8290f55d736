// SPDX-License-Identifier: MIT
/* Removing images: what goes, what stays, and the words of every conflict. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "image/store.h"
#include "tests/unit/image/images.h"

struct user {
	const char *image_id;
	bool running;
};

static bool in_use(void *arg, const char *id, bool running_only, char *ret, size_t n)
{
	const struct user *u = arg;

	if (!str_eq(u->image_id, id) || (running_only && !u->running))
		return false;
	str_copy(ret, "0123456789abcdef0123", n);
	return true;
}

/* What was done, as "U name;D;" with the ids left out. */
static void removes(struct image_store *s, const char *name, bool force,
		    const struct image_users *u, const char *want)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct image_removeds r = {0};
	struct err e;

	CHECK_OK(image_store_remove(s, name, force, false, u, &r, &e), e);
	for (size_t i = 0; i < r.n; i++)
		if (r.items[i].untagged != NULL)
			buf_addf(&b, "U %s;", r.items[i].untagged);
		else
			buf_addstr(&b, "D;");
	CHECK_STR(buf_str(&b), want);
	image_removeds_clear(&r);
}

static void refuses(struct image_store *s, const char *name, bool force,
		    const struct image_users *u, const char *end)
{
	struct image_removeds r = {0};
	struct err e;

	CHECK(image_store_remove(s, name, force, false, u, &r, &e) < 0);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK_MSG(str_ends(e.msg, end), "%s does not end in %s", e.msg, end);
}

TEST(remove_untags_then_deletes)
{
	struct image_store *s = store_at(harness_tmpdir());
	char a[DIGEST_SIZE];

	make_image(s, 1, NULL, a);
	name_image(s, "x:1", a);
	name_image(s, "x:2", a);
	name_image(s, "x@" DIGEST_A, a);
	removes(s, "x:1", false, NULL, "U x:1;");
	removes(s, "x:2", false, NULL, "U x:2;U x@" DIGEST_A ";D;");
	CHECK_EQ(image_store_count(s), 0);
	image_store_close(s);
}

TEST(remove_by_id)
{
	struct image_store *s = store_at(harness_tmpdir());
	char a[DIGEST_SIZE], b[DIGEST_SIZE];

	make_image(s, 1, NULL, a);
	make_image(s, 2, NULL, b);
	name_image(s, "x:1", a);
	name_image(s, "x@" DIGEST_A, a);
	removes(s, a + 7, false, NULL, "U x:1;U x@" DIGEST_A ";D;");
	name_image(s, "x:1", b);
	name_image(s, "y:1", b);
	refuses(s, b, false, NULL,
		"(must be forced) - image is referenced in multiple repositories");
	removes(s, b, true, NULL, "U x:1;U y:1;D;");
	image_store_close(s);
}

TEST(remove_respects_containers)
{
	struct image_store *s = store_at(harness_tmpdir());
	char a[DIGEST_SIZE];
	struct user user = {a, false};
	struct image_users u = {in_use, &user};

	make_image(s, 1, NULL, a);
	name_image(s, "x:1", a);
	char end[192];

	snprintf(end, sizeof(end),
		 "conflict: unable to remove repository reference \"x:1\" (must force) - container "
		 "0123456789ab is using its referenced image %.12s",
		 a + 7);
	refuses(s, "x:1", false, &u, end);
	image_store_close(s);
}

TEST(remove_stopped_and_running)
{
	struct image_store *s = store_at(harness_tmpdir());
	char a[DIGEST_SIZE];
	struct user user = {a, false};
	struct image_users u = {in_use, &user};

	make_image(s, 1, NULL, a);
	name_image(s, "x:1", a);
	refuses(s, a, false, &u,
		"(must be forced) - image is being used by stopped container 0123456789ab");
	user.running = true;
	refuses(s, a, true, &u,
		"(cannot be forced) - image is being used by running container 0123456789ab");
	/* by name and by force the name goes, the image stays */
	removes(s, "x:1", true, &u, "U x:1;");
	CHECK_EQ(image_store_count(s), 1);
	user.running = false;
	removes(s, a, true, &u, "D;");
	image_store_close(s);
}

TEST(remove_parents)
{
	struct image_store *s = store_at(harness_tmpdir());
	char a[DIGEST_SIZE], b[DIGEST_SIZE];

	make_image(s, 1, NULL, a);
	make_image(s, 2, a, b);
	name_image(s, "child", b);
	refuses(s, a, true, NULL, "(cannot be forced) - image has dependent child images");
	removes(s, "child", false, NULL, "U child:latest;D;D;");
	CHECK_EQ(image_store_count(s), 0);
	image_store_close(s);
}

TEST(remove_prunes)
{
	struct image_store *s = store_at(harness_tmpdir());
	struct image_filters f = IMAGE_FILTERS_INIT;
	struct image_removeds r = {0};
	char a[DIGEST_SIZE], b[DIGEST_SIZE], c[DIGEST_SIZE];
	struct user user = {c, false};
	struct image_users u = {in_use, &user};
	struct err e;

	make_image(s, 1, NULL, a);
	make_image(s, 2, NULL, b);
	make_image(s, 3, NULL, c);
	name_image(s, "x", a);
	CHECK_OK(image_store_prune(s, NULL, &u, &r, &e), e);
	CHECK_EQ(r.n, 1);
	CHECK_STR(r.items[0].deleted, b);
	image_removeds_clear(&r);
	f.dangling = 0;
	CHECK_OK(image_store_prune(s, &f, &u, &r, &e), e);
	CHECK_EQ(r.n, 2);
	CHECK_EQ(image_store_count(s), 1);
	image_removeds_clear(&r);
	image_store_close(s);
}
