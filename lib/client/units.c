// SPDX-License-Identifier: MIT
/* docker/go-units: size.go (CustomSize) and duration.go (HumanDuration). */
#include "client/units.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/str.h"

static const char *scale(double size, double base, int digits, const char *const *units,
			 char out[UNITS_SIZE])
{
	int i = 0;

	while (size >= base && units[i + 1] != NULL) {
		size /= base;
		i++;
	}
	snprintf(out, UNITS_SIZE, "%.*g%s", digits, size, units[i]);
	return out;
}

const char *units_size(double bytes, int digits, char out[UNITS_SIZE])
{
	static const char *const units[] = {"B",  "kB", "MB", "GB", "TB",
					    "PB", "EB", "ZB", "YB", NULL};

	return scale(bytes, 1000, digits, units, out);
}

const char *units_bytes(double bytes, char out[UNITS_SIZE])
{
	static const char *const units[] = {"B",   "KiB", "MiB", "GiB", "TiB",
					    "PiB", "EiB", "ZiB", "YiB", NULL};

	return scale(bytes, 1024, 4, units, out);
}

const char *units_duration(int64_t nsec, char out[UNITS_SIZE])
{
	int64_t sec = nsec / 1000000000, min = sec / 60;
	int64_t hours = (int64_t)((double)nsec / 3.6e12 + 0.5);
	const char *word = NULL;
	int64_t n = 0;

	if (sec < 1)
		word = "Less than a second";
	else if (sec == 1)
		word = "1 second";
	else if (sec < 60)
		n = sec, word = "seconds";
	else if (min == 1)
		word = "About a minute";
	else if (min < 60)
		n = min, word = "minutes";
	else if (hours == 1)
		word = "About an hour";
	else if (hours < 48)
		n = hours, word = "hours";
	else if (hours < 24 * 7 * 2)
		n = hours / 24, word = "days";
	else if (hours < 24 * 30 * 2)
		n = hours / 24 / 7, word = "weeks";
	else if (hours < 24 * 365 * 2)
		n = hours / 24 / 30, word = "months";
	else
		n = sec / 3600 / 24 / 365, word = "years";
	if (n > 0)
		snprintf(out, UNITS_SIZE, "%" PRId64 " %s", n, word);
	else
		str_copy(out, word, UNITS_SIZE);
	return out;
}

const char *units_ago(int64_t since_nsec, int64_t now_nsec, char out[UNITS_SIZE])
{
	char text[UNITS_SIZE];

	if (since_nsec == 0)
		return "N/A";
	snprintf(out, UNITS_SIZE, "%.40s ago", units_duration(now_nsec - since_nsec, text));
	return out;
}
