// SPDX-License-Identifier: MIT
/* units: go-units' texts. */
#include "tests/unit/harness.h"

#include "client/units.h"

#define SEC 1000000000LL

TEST(sizes)
{
	char t[UNITS_SIZE];

	CHECK_STR(units_size(0, 3, t), "0B");
	CHECK_STR(units_size(999, 3, t), "999B");
	CHECK_STR(units_size(1000, 3, t), "1kB");
	CHECK_STR(units_size(1234567, 3, t), "1.23MB");
	CHECK_STR(units_size(1234567, 4, t), "1.235MB");
	CHECK_STR(units_size(7.5e12, 3, t), "7.5TB");
	CHECK_STR(units_bytes(1024, t), "1KiB");
	CHECK_STR(units_bytes(25329041408.0, t), "23.59GiB");
}

TEST(durations)
{
	char t[UNITS_SIZE];

	CHECK_STR(units_duration(SEC / 2, t), "Less than a second");
	CHECK_STR(units_duration(SEC, t), "1 second");
	CHECK_STR(units_duration(59 * SEC, t), "59 seconds");
	CHECK_STR(units_duration(60 * SEC, t), "About a minute");
	CHECK_STR(units_duration(119 * SEC, t), "About a minute");
	CHECK_STR(units_duration(120 * SEC, t), "2 minutes");
	CHECK_STR(units_duration(3600 * SEC, t), "About an hour");
	CHECK_STR(units_duration(5400 * SEC, t), "2 hours");
	CHECK_STR(units_duration(47 * 3600 * SEC, t), "47 hours");
	CHECK_STR(units_duration(48 * 3600 * SEC, t), "2 days");
	CHECK_STR(units_duration(14 * 86400 * SEC, t), "2 weeks");
	CHECK_STR(units_duration(60 * 86400 * SEC, t), "2 months");
	CHECK_STR(units_duration(800 * 86400 * SEC, t), "2 years");
	CHECK_STR(units_ago(0, 5, t), "N/A");
	CHECK_STR(units_ago(10 * SEC, 130 * SEC, t), "2 minutes ago");
}
