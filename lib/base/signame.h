// SPDX-License-Identifier: MIT
/* Signals by name. */
#ifndef BASE_SIGNAME_H
#define BASE_SIGNAME_H

#include "base/err.h"

/** signal_number() - "TERM", "SIGTERM", "15", "RTMIN+3"; any case. ERR_INVALID "invalid signal: x"
 */
int signal_number(const char *text, int *ret, struct err *e) WARN_UNUSED;

#endif
