// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

/* What log_write() puts on stderr while fn runs. */
static const char *captured(void (*fn)(void))
{
	static struct buf b;
	struct err e;
	int fds[2], saved = dup(2);

	CHECK_OK(fd_pipe(fds, &e), e);
	dup2(fds[1], 2);
	fn();
	dup2(saved, 2);
	close(saved);
	fd_close(&fds[1]);
	buf_reset(&b);
	CHECK_OK(fd_read_all(fds[0], 65536, &b, &e), e);
	fd_close(&fds[0]);
	return buf_str(&b);
}

static void write_hostile(void)
{
	struct err e;

	err_set(&e, ERR_SYSTEM, 0, "bad\ncert \"x\"");
	log_warn(&e, "pull %s", "a\033[2Jb");
	log_debug(NULL, "not shown");
}

TEST(control_bytes_are_escaped_on_one_line)
{
	const char *s = captured(write_hostile);

	CHECK(strstr(s, "level=warn") != NULL);
	CHECK(strstr(s, "time=") == s);
	CHECK(strchr(s, '\033') == NULL);
	CHECK(strchr(s, '\n') == s + strlen(s) - 1);
	CHECK(strstr(s, "error=") != NULL);
	CHECK(strstr(s, "not shown") == NULL);
}

static void write_debug(void)
{
	log_set_level(LOG_LEVEL_DEBUG);
	log_set_applet("shim");
	log_debug(NULL, "seen");
}

TEST(level_and_applet)
{
	const char *s = captured(write_debug);

	CHECK(strstr(s, "seen") != NULL);
	CHECK(strstr(s, "applet=shim") != NULL);
	CHECK_EQ(log_get_level(), LOG_LEVEL_DEBUG);
}

TEST(level_names)
{
	enum log_level l;

	CHECK_EQ(log_parse_level("warning", &l), 0);
	CHECK_EQ(l, LOG_LEVEL_WARN);
	CHECK_EQ(log_parse_level("loud", &l), -1);
}
