// SPDX-License-Identifier: MIT
/* Lists of images and every filter. */
#include <string.h>

#include "base/time.h"
#include "image/store.h"
#include "tests/unit/image/images.h"

/* Images 1 (a:1 a:2), 2 (unnamed parent of 3), 3 (b:1), 4 (unnamed), 5 (c@digest only). */
static struct image_store *five(char ids[6][DIGEST_SIZE])
{
	struct image_store *s = store_at(harness_tmpdir());

	for (int n = 1; n <= 5; n++)
		make_image(s, n, n == 3 ? ids[2] : NULL, ids[n]);
	name_image(s, "a:1", ids[1]);
	name_image(s, "a:2", ids[1]);
	name_image(s, "b:1", ids[3]);
	name_image(s, "c@" DIGEST_A, ids[5]);
	return s;
}

/* The numbers of the images listed, "531". */
static void listed(struct image_store *s, bool all, const struct image_filters *f, const char *want)
{
	struct image_infos l = {0};
	char got[8] = "";
	struct err e;

	CHECK_OK(image_store_list(s, all, false, f, &l, &e), e);
	for (size_t i = 0; i < l.n; i++)
		got[i] = json_strmap_get(&l.items[i].image->config->config.labels, "n")[0];
	CHECK_STR(got, want);
	image_infos_clear(s, &l);
}

TEST(list_all_and_dangling)
{
	struct image_filters f = IMAGE_FILTERS_INIT;
	char ids[6][DIGEST_SIZE];
	struct image_store *s = five(ids);

	listed(s, false, NULL, "5431");
	listed(s, true, NULL, "54321");
	f.dangling = 1;
	listed(s, false, &f, "54");
	f.dangling = 0;
	listed(s, false, &f, "531");
	image_store_close(s);
}

TEST(list_filters)
{
	char ids[6][DIGEST_SIZE];
	struct image_store *s = five(ids);
	struct image_filters f = IMAGE_FILTERS_INIT;
	struct image_infos l;
	struct err e;

	strv_add(&f.references, "a:*");
	listed(s, false, &f, "1");
	image_filters_clear(&f);
	strv_add(&f.labels, "n=4");
	listed(s, false, &f, "4");
	image_filters_clear(&f);
	strv_add(&f.not_labels, "n");
	listed(s, false, &f, "");
	image_filters_clear(&f);
	strv_add(&f.before, "b:1");
	listed(s, false, &f, "1");
	image_filters_clear(&f);
	strv_add(&f.since, "b:1");
	listed(s, false, &f, "54");
	image_filters_clear(&f);
	CHECK_OK(time_parse("2024-01-04T12:00:00Z", &f.until_nsec, &e), e);
	listed(s, false, &f, "31");
	image_filters_clear(&f);
	strv_add(&f.before, "nope");
	CHECK(image_store_list(s, false, false, &f, &l, &e) < 0);
	CHECK_STR(e.msg, "No such image: nope:latest");
	image_filters_clear(&f);
	image_store_close(s);
}
