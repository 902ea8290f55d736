// SPDX-License-Identifier: MIT
/* Sizes and times as people read them; the texts of Docker's go-units. */
#ifndef CLIENT_UNITS_H
#define CLIENT_UNITS_H

#include <stdint.h>

#define UNITS_SIZE 48 /* room for any of these texts */

/** units_size() - decimal, n significant digits: "1.24MB" */
const char *units_size(double bytes, int digits, char out[UNITS_SIZE]);
/** units_bytes() - binary, four significant digits: "1.5GiB" */
const char *units_bytes(double bytes, char out[UNITS_SIZE]);
/** units_duration() - "2 minutes", "About an hour" */
const char *units_duration(int64_t nsec, char out[UNITS_SIZE]);
/** units_ago() - "2 minutes ago", "N/A" for 0 */
const char *units_ago(int64_t since_nsec, int64_t now_nsec, char out[UNITS_SIZE]);

#endif
