// SPDX-License-Identifier: MIT
/* Log lines in logfmt; see log.h. */
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/time.h"

static enum log_level threshold = LOG_LEVEL_INFO;
static const char *applet;

static const char *const level_names[] = {"debug", "info", "warning", "error"};

/* a value in quotes, control and non-ASCII bytes as escapes */
static void add_quoted(struct buf *b, const char *s)
{
	buf_addch(b, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (c == '\n')
			buf_addstr(b, "\\n");
		else if (c < ' ' || c >= 0x7f)
			buf_addf(b, "\\x%02x", c);
		else
			buf_addch(b, (char)c);
	}
	buf_addch(b, '"');
}

void log_write(enum log_level level, const struct err *e, const char *fmt, ...)
{
	CLEANUP(buf_clear) struct buf line = BUF_INIT;
	CLEANUP(buf_clear) struct buf msg = BUF_INIT;
	char when[TIME_RFC3339_SIZE];
	struct err ignored;
	va_list ap;

	if (level < threshold)
		return;
	va_start(ap, fmt);
	buf_vaddf(&msg, fmt, ap);
	va_end(ap);
	time_format_full(time_now_nsec(), when);
	buf_addf(&line, "time=\"%s\" level=%s msg=", when, level_names[level]);
	add_quoted(&line, buf_str(&msg));
	if (e != NULL && e->kind != 0) {
		buf_addstr(&line, " error=");
		add_quoted(&line, e->msg);
	}
	if (applet != NULL)
		buf_addf(&line, " applet=%s pid=%d", applet, (int)getpid());
	buf_addch(&line, '\n');
	/* a log that cannot be written has nobody left to be told */
	if (fd_write_all(STDERR_FILENO, line.data, line.len, &ignored) < 0)
		return;
}

void log_set_level(enum log_level level)
{
	threshold = level;
}

enum log_level log_get_level(void)
{
	return threshold;
}

int log_parse_level(const char *s, enum log_level *ret)
{
	static const struct {
		const char *name;
		enum log_level level;
	} names[] = {
		{"trace", LOG_LEVEL_DEBUG}, {"debug", LOG_LEVEL_DEBUG},	 {"info", LOG_LEVEL_INFO},
		{"warn", LOG_LEVEL_WARN},   {"warning", LOG_LEVEL_WARN}, {"error", LOG_LEVEL_ERROR},
		{"fatal", LOG_LEVEL_ERROR}, {"panic", LOG_LEVEL_ERROR},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (str_eq(s, names[i].name)) {
			*ret = names[i].level;
			return 0;
		}
	}
	return -1;
}

void log_set_applet(const char *name)
{
	applet = name;
}
