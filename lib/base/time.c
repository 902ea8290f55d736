// SPDX-License-Identifier: MIT
/* Clocks, RFC 3339 and Go durations; see time.h. Calendar: days-from-civil over 400-year eras. */
#include "base/time.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

#define NSEC_PER_SEC 1000000000LL

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

int64_t time_now_nsec(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t time_mono_ms(void)
{
	return read_clock(CLOCK_MONOTONIC) / 1000000;
}

int64_t time_mono_us(void)
{
	return read_clock(CLOCK_MONOTONIC) / 1000;
}

/* days since 1970-01-01 of a proleptic Gregorian date */
static int64_t days_from_civil(int64_t y, int m, int d)
{
	int64_t era, yoe, doy, doe;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

void time_parts(int64_t sec, int *ret_year, int *ret_month, int *ret_day, int *ret_hour,
		int *ret_min, int *ret_sec)
{
	int64_t days = sec / 86400, rest = sec % 86400, era, doe, yoe, doy, mp;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*ret_day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*ret_month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*ret_year = (int)(yoe + era * 400 + (*ret_month <= 2));
	*ret_hour = (int)(rest / 3600);
	*ret_min = (int)(rest / 60 % 60);
	*ret_sec = (int)(rest % 60);
}

/* n digits, then what divides them from the next */
static char *put(char *to, int64_t v, int n, char then)
{
	for (int i = n; i-- > 0; v /= 10)
		to[i] = (char)('0' + v % 10);
	to[n] = then;
	return to + n + 1;
}

static void format(int64_t nsec, bool full, char out[TIME_RFC3339_SIZE])
{
	int64_t sec = nsec / NSEC_PER_SEC, fraction = nsec % NSEC_PER_SEC;
	int y, mo, d, h, mi, s;
	char *end;

	if (fraction < 0) {
		fraction += NSEC_PER_SEC;
		sec--;
	}
	time_parts(sec, &y, &mo, &d, &h, &mi, &s);
	end = put(out, y, 4, '-');
	end = put(end, mo, 2, '-');
	end = put(end, d, 2, 'T');
	end = put(end, h, 2, ':');
	end = put(end, mi, 2, ':');
	end = put(end, s, 2, '.');
	end = put(end, fraction, 9, '\0') - 1;
	while (!full && end[-1] == '0')
		end--;
	if (end[-1] == '.')
		end--;
	*end++ = 'Z';
	*end = '\0';
}

void time_format(int64_t nsec, char out[TIME_RFC3339_SIZE])
{
	if (nsec == 0)
		str_copy(out, TIME_ZERO, TIME_RFC3339_SIZE);
	else
		format(nsec, false, out);
}

void time_format_full(int64_t nsec, char out[TIME_RFC3339_SIZE])
{
	format(nsec, true, out);
}

/* n digits at *p; -1 when there are fewer */
static int digits(const char **p, int n)
{
	int v = 0;

	for (; n > 0; n--, (*p)++) {
		if (!isdigit((unsigned char)**p))
			return -1;
		v = v * 10 + (**p - '0');
	}
	return v;
}

static int literal(const char **p, char c)
{
	if (**p != c)
		return -1;
	(*p)++;
	return 0;
}

/* the digits of a fraction as nanoseconds; at least one digit */
static int64_t fraction_nsec(const char **p)
{
	int64_t v = 0, scale = NSEC_PER_SEC / 10;

	if (!isdigit((unsigned char)**p))
		return -1;
	for (; isdigit((unsigned char)**p); (*p)++, scale /= 10)
		v += (**p - '0') * scale;
	return v;
}

/* "Z", "+hh:mm" or "-hh:mm" and then the end; seconds east of UTC */
static int zone(const char *p, int64_t *ret_sec)
{
	int sign = *p == '-' ? -1 : 1, h, m;

	*ret_sec = 0;
	if (str_eq(p, "Z") || str_eq(p, "z"))
		return 0;
	if (*p != '+' && *p != '-')
		return -1;
	p++;
	h = digits(&p, 2);
	if (h < 0 || h > 23 || literal(&p, ':') < 0)
		return -1;
	m = digits(&p, 2);
	if (m < 0 || m > 59 || *p != '\0')
		return -1;
	*ret_sec = sign * (h * 3600 + m * 60);
	return 0;
}

int time_parse(const char *s, int64_t *ret_nsec, struct err *e)
{
	const char *p = s;
	int y, mo = 0, d = 0, h = 0, mi = 0, sec = 0;
	int64_t fraction = 0, east;

	if (str_eq(s, TIME_ZERO)) {
		*ret_nsec = 0;
		return 0;
	}
	y = digits(&p, 4);
	if (y < 0 || literal(&p, '-') < 0 || (mo = digits(&p, 2)) < 1 || literal(&p, '-') < 0 ||
	    (d = digits(&p, 2)) < 1 ||
	    (literal(&p, 'T') < 0 && literal(&p, 't') < 0 && literal(&p, ' ') < 0) ||
	    (h = digits(&p, 2)) < 0 || literal(&p, ':') < 0 || (mi = digits(&p, 2)) < 0 ||
	    literal(&p, ':') < 0 || (sec = digits(&p, 2)) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid time: %s", s);
	if (literal(&p, '.') == 0)
		fraction = fraction_nsec(&p);
	/* int64 nanoseconds reach from 1678 to 2261 */
	if (fraction < 0 || zone(p, &east) < 0 || y < 1678 || y > 2261 || mo > 12 || d > 31 ||
	    h > 23 || mi > 59 || sec > 60)
		return err_set(e, ERR_INVALID, 0, "invalid time: %s", s);
	*ret_nsec = (days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec - east) *
			    NSEC_PER_SEC +
		    fraction;
	return 0;
}

static const struct {
	const char *name;
	int64_t nsec;
} duration_units[] = {
	/* longer names first where one begins another */
	{"ns", 1},	 {"us", 1000},	      {"\xc2\xb5s", 1000},	{"\xce\xbcs", 1000},
	{"ms", 1000000}, {"s", NSEC_PER_SEC}, {"m", 60 * NSEC_PER_SEC}, {"h", 3600 * NSEC_PER_SEC},
};

static const char *duration_unit(const char *p, int64_t *ret_nsec)
{
	for (size_t i = 0; i < sizeof(duration_units) / sizeof(duration_units[0]); i++) {
		const char *end = str_skip(p, duration_units[i].name);

		if (end != NULL) {
			*ret_nsec = duration_units[i].nsec;
			return end;
		}
	}
	return NULL;
}

int time_parse_duration(const char *s, int64_t *ret_nsec, struct err *e)
{
	bool negative = *s == '-';
	const char *p = s + (*s == '-' || *s == '+');
	double total = 0;

	if (str_eq(p, "0")) {
		*ret_nsec = 0;
		return 0;
	}
	if (*p == '\0')
		return err_set(e, ERR_INVALID, 0, "time: invalid duration \"%s\"", s);
	while (*p != '\0') {
		double v = 0, scale = 1;
		bool any = false;
		int64_t unit;

		for (; isdigit((unsigned char)*p); p++, any = true)
			v = v * 10 + (*p - '0');
		if (*p == '.')
			for (p++; isdigit((unsigned char)*p); p++, any = true)
				v += (*p - '0') * (scale /= 10);
		p = any ? duration_unit(p, &unit) : NULL;
		if (p == NULL)
			return err_set(e, ERR_INVALID, 0, "time: invalid duration \"%s\"", s);
		total += v * (double)unit;
		if (total > 9.2e18)
			return err_set(e, ERR_INVALID, 0, "time: invalid duration \"%s\"", s);
	}
	*ret_nsec = (int64_t)(negative ? -total : total);
	return 0;
}

/* unix seconds with optional fraction */
static int parse_unix(const char *s, int64_t *ret_nsec)
{
	const char *dot = strchr(s, '.');
	char whole[24];
	int64_t sec, fraction = 0;

	if (str_copy(whole, s, sizeof(whole)) >= sizeof(whole) && dot == NULL)
		return -1;
	if (dot != NULL) {
		if ((size_t)(dot - s) >= sizeof(whole))
			return -1;
		whole[dot - s] = '\0';
		dot++;
		if (*dot != '\0')
			fraction = fraction_nsec(&dot);
		if (fraction < 0 || *dot != '\0')
			return -1;
	}
	if (str_i64(whole, &sec) < 0)
		return -1;
	/* times beyond what is counted (1677 to 2262) are its ends */
	if (sec > INT64_MAX / NSEC_PER_SEC - 1)
		sec = INT64_MAX / NSEC_PER_SEC - 1;
	if (sec < INT64_MIN / NSEC_PER_SEC + 1)
		sec = INT64_MIN / NSEC_PER_SEC + 1;
	*ret_nsec = sec * NSEC_PER_SEC + fraction;
	return 0;
}

int time_parse_query(const char *s, int64_t *ret_nsec, struct err *e)
{
	int64_t ago;

	if (parse_unix(s, ret_nsec) == 0 || time_parse(s, ret_nsec, e) == 0)
		return 0;
	if (time_parse_duration(s, &ago, e) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid time: %s", s);
	*ret_nsec = time_now_nsec() - ago;
	return 0;
}
