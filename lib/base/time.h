// SPDX-License-Identifier: MIT
/* Clocks and RFC 3339 times, the form of every time in the Docker API. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdint.h>

#include "base/err.h"

#define TIME_RFC3339_SIZE 40
#define TIME_ZERO	  "0001-01-01T00:00:00Z" /* Go's zero time.Time as Docker prints it */

/** time_now_nsec() - nanoseconds since 1970 UTC */
int64_t time_now_nsec(void);
/** time_mono_ms() - milliseconds of CLOCK_MONOTONIC */
int64_t time_mono_ms(void);
/** time_mono_us() - microseconds of CLOCK_MONOTONIC */
int64_t time_mono_us(void);
/** time_format() - RFC 3339 with nanoseconds, trailing zeros cut as Go's RFC3339Nano, UTC ("...Z");
 * 0 gives TIME_ZERO */
void time_format(int64_t nsec, char out[TIME_RFC3339_SIZE]);
/** time_format_full() - as time_format() with all nine digits, for log lines */
void time_format_full(int64_t nsec, char out[TIME_RFC3339_SIZE]);
/** time_parse() - RFC 3339 with optional fraction and zone; TIME_ZERO gives 0; ERR_INVALID
 * otherwise */
int time_parse(const char *s, int64_t *ret_nsec, struct err *e) WARN_UNUSED;
/** time_parse_query() - "since"/"until" of the API: unix seconds with optional fraction
 * ("1700000000.5"), RFC 3339, or a Go duration meaning that long ago */
int time_parse_query(const char *s, int64_t *ret_nsec, struct err *e) WARN_UNUSED;
/** time_parse_duration() - Go duration ("1m30s", "500ms", "1h2.5s") to nanoseconds */
int time_parse_duration(const char *s, int64_t *ret_nsec, struct err *e) WARN_UNUSED;
/** time_parts() - UTC calendar parts of seconds since 1970 (proleptic Gregorian) */
void time_parts(int64_t sec, int *ret_year, int *ret_month, int *ret_day, int *ret_hour,
		int *ret_min, int *ret_sec);

#endif
