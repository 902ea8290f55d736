// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "base/time.h"

TEST(format)
{
	char s[TIME_RFC3339_SIZE];

	time_format(0, s);
	CHECK_STR(s, TIME_ZERO);
	time_format(1700000000LL * 1000000000, s);
	CHECK_STR(s, "2023-11-14T22:13:20Z");
	time_format(1700000000LL * 1000000000 + 120000000, s);
	CHECK_STR(s, "2023-11-14T22:13:20.12Z");
	time_format_full(1700000000LL * 1000000000 + 120000000, s);
	CHECK_STR(s, "2023-11-14T22:13:20.120000000Z");
}

TEST(parse)
{
	static const char *const bad[] = {"",
					  "2023-11-14",
					  "2023-13-14T22:13:20Z",
					  "2023-11-14T22:13:20",
					  "2023-11-14T22:13:20Zx",
					  "2023-11-14T25:13:20Z"};
	struct err e;
	int64_t t = -1;

	CHECK_OK(time_parse(TIME_ZERO, &t, &e), e);
	CHECK_EQ(t, 0);
	CHECK_OK(time_parse("2023-11-14T22:13:20.5Z", &t, &e), e);
	CHECK_EQ(t, 1700000000500000000LL);
	CHECK_OK(time_parse("2023-11-15T00:13:20+02:00", &t, &e), e);
	CHECK_EQ(t, 1700000000000000000LL);
	CHECK_OK(time_parse("2024-02-29T00:00:00Z", &t, &e), e);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_MSG(time_parse(bad[i], &t, &e) < 0, "%s", bad[i]);
		CHECK_EQ(e.kind, ERR_INVALID);
	}
}

TEST(query_forms)
{
	struct err e;
	int64_t t, now = time_now_nsec();

	CHECK_OK(time_parse_query("1700000000.5", &t, &e), e);
	CHECK_EQ(t, 1700000000500000000LL);
	CHECK_OK(time_parse_query("1700000000", &t, &e), e);
	CHECK_EQ(t, 1700000000000000000LL);
	CHECK_OK(time_parse_query("10m", &t, &e), e);
	CHECK(t >= now - 600000000000LL && t < now - 590000000000LL);
	CHECK(time_parse_query("soon", &t, &e) < 0);
}

TEST(durations)
{
	struct err e;
	int64_t t;

	CHECK_OK(time_parse_duration("1m30s", &t, &e), e);
	CHECK_EQ(t, 90000000000LL);
	CHECK_OK(time_parse_duration("1h2.5s", &t, &e), e);
	CHECK_EQ(t, 3602500000000LL);
	CHECK_OK(time_parse_duration("500ms", &t, &e), e);
	CHECK_EQ(t, 500000000LL);
	CHECK_OK(time_parse_duration("0", &t, &e), e);
	CHECK_EQ(t, 0);
	CHECK(time_parse_duration("", &t, &e) < 0);
	CHECK(time_parse_duration("5", &t, &e) < 0);
	CHECK(time_parse_duration("5x", &t, &e) < 0);
	CHECK(time_parse_duration("9999999999999h", &t, &e) < 0);
}

TEST(calendar)
{
	int y, mo, d, h, mi, s;

	time_parts(951782400, &y, &mo, &d, &h, &mi, &s); /* 2000-02-29 */
	CHECK(y == 2000 && mo == 2 && d == 29 && h == 0 && mi == 0 && s == 0);
	time_parts(-1, &y, &mo, &d, &h, &mi, &s);
	CHECK(y == 1969 && mo == 12 && d == 31 && h == 23 && mi == 59 && s == 59);
}
