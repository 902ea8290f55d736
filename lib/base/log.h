// SPDX-License-Identifier: MIT
/*
 * Log lines in logfmt on stderr: time, level, msg, and error when there is
 * one. Control bytes are escaped, for names and server replies are hostile.
 * Whoever ends an error's journey logs it, once. Any thread.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* e may be NULL */
#define log_debug(e, ...) log_write(LOG_LEVEL_DEBUG, (e), __VA_ARGS__)
#define log_info(e, ...)  log_write(LOG_LEVEL_INFO, (e), __VA_ARGS__)
#define log_warn(e, ...)  log_write(LOG_LEVEL_WARN, (e), __VA_ARGS__)
#define log_error(e, ...) log_write(LOG_LEVEL_ERROR, (e), __VA_ARGS__)

/** log_write() - one line, written by one write(2) */
void log_write(enum log_level level, const struct err *e, const char *fmt, ...) PRINTF(3, 4);
/** log_set_level() - lines below are dropped; info at first */
void log_set_level(enum log_level level);
/** log_get_level() - the present level */
enum log_level log_get_level(void);
/** log_parse_level() - debug, info, warn, warning, error, fatal; 0 or -1 */
int log_parse_level(const char *s, enum log_level *ret);
/** log_set_applet() - adds applet=NAME pid=N to each line; name is borrowed for ever */
void log_set_applet(const char *name);

#endif
