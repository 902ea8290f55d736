// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"

TEST(put_get_del)
{
	struct map m;

	map_init(&m, free);
	CHECK(map_get(&m, "a") == NULL);
	map_put(&m, "a", xstrdup("1"));
	map_put(&m, "a", xstrdup("2"));
	CHECK_EQ(m.n, 1);
	CHECK_STR(map_get(&m, "a"), "2");
	map_del(&m, "a");
	map_del(&m, "a");
	CHECK_EQ(m.n, 0);
	map_clear(&m);
}

TEST(steal_does_not_free)
{
	struct map m;
	char *v;

	map_init(&m, free);
	map_put(&m, "k", xstrdup("v"));
	v = map_steal(&m, "k");
	CHECK_STR(v, "v");
	free(v);
	CHECK(map_steal(&m, "k") == NULL);
	map_clear(&m);
}

TEST(many_keys_survive_growth_and_deletion)
{
	static int values[5000];
	struct map m;
	char key[16];

	map_init(&m, NULL);
	for (int i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		map_put(&m, key, &values[i]);
	}
	for (int i = 0; i < 5000; i += 2) {
		snprintf(key, sizeof(key), "key%d", i);
		map_del(&m, key);
	}
	CHECK_EQ(m.n, 2500);
	for (int i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "key%d", i);
		CHECK(map_get(&m, key) == (i % 2 ? &values[i] : NULL));
	}
	map_clear(&m);
}

TEST(iteration_and_sorted_keys)
{
	struct map m;
	const char **keys;
	int seen = 0;

	map_init(&m, NULL);
	map_put(&m, "b", &m);
	map_put(&m, "a", &m);
	map_put(&m, "c", &m);
	map_for_each (slot, &m)
		seen++;
	CHECK_EQ(seen, 3);
	keys = map_keys_sorted(&m);
	CHECK_STR(keys[0], "a");
	CHECK_STR(keys[2], "c");
	free(keys);
	map_clear(&m);
}
