// SPDX-License-Identifier: MIT
/* Answers of /v1/search; the requests are in tests/system/push.bats. */
#include "image/search.h"

#include <string.h>

#include "base/mem.h"
#include "tests/unit/harness.h"

static int parse(const char *text, size_t max, struct search_results *ret, struct err *e)
{
	return search_parse(text, strlen(text), max, ret, e);
}

TEST(search_answers)
{
	CLEANUP(search_results_clear) struct search_results r = {0};
	struct err e;

	CHECK_OK(parse("{\"results\":[{\"name\":\"a\",\"star_count\":3,\"is_official\":true},5,"
		       "{\"name\":\"\"},{\"name\":\"b\",\"description\":\"d\"},{\"name\":\"c\"}]}",
		       2, &r, &e),
		 e);
	CHECK_EQ(r.n, 2);
	CHECK_STR(r.items[0].name, "a");
	CHECK_EQ(r.items[0].stars, 3);
	CHECK(r.items[0].official);
	CHECK_STR(r.items[1].description, "d");
	CHECK_OK(parse("{}", 2, &r, &e), e);
	CHECK_OK(parse("{\"results\":7}", 2, &r, &e), e);
	CHECK(parse("{", 2, &r, &e) < 0);
	CHECK_EQ(e.kind, ERR_INVALID);
}
