// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

TEST(set_fills_and_returns_minus_one)
{
	struct err e;

	CHECK_EQ(err_set(&e, ERR_CONFLICT, EBUSY, "name %s is taken", "web"), -1);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK_EQ(e.sys, EBUSY);
	CHECK_STR(e.msg, "name web is taken");
}

TEST(a_long_message_is_cut)
{
	static char text[2000];
	struct err e;

	memset(text, 'a', sizeof(text) - 1);
	err_set(&e, ERR_INVALID, 0, "%s", text);
	CHECK_EQ(strlen(e.msg), sizeof(e.msg) - 1);
	err_wrap(&e, "%s", text);
	CHECK_EQ(strlen(e.msg), sizeof(e.msg) - 1);
}

TEST(sys_takes_kind_and_text_from_errno)
{
	static const struct {
		int sys;
		enum err_kind kind;
	} cases[] = {{ENOENT, ERR_NOTFOUND},
		     {EACCES, ERR_DENIED},
		     {EPERM, ERR_DENIED},
		     {EEXIST, ERR_CONFLICT},
		     {EIO, ERR_SYSTEM}};
	struct err e;

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		errno = cases[i].sys;
		CHECK_EQ(err_sys(&e, "open x"), -1);
		CHECK_EQ(e.kind, cases[i].kind);
		CHECK_EQ(e.sys, cases[i].sys);
		CHECK(!strncmp(e.msg, "open x: ", 8));
		CHECK_STR(e.msg + 8, strerror(cases[i].sys));
	}
}

TEST(wrap_keeps_kind_and_puts_context_before)
{
	struct err e;

	err_set(&e, ERR_DENIED, EPERM, "no");
	CHECK_EQ(err_wrap(&e, "start %d", 7), -1);
	CHECK_STR(e.msg, "start 7: no");
	CHECK_EQ(e.kind, ERR_DENIED);
	CHECK_EQ(e.sys, EPERM);
	err_clear(&e);
	CHECK_EQ(e.kind, 0);
}

TEST(an_error_crosses_a_pipe)
{
	struct err sent, got;
	int fds[2];

	CHECK_EQ(pipe(fds), 0);
	err_set(&sent, ERR_INVALID, EINVAL, "bad mount");
	err_send(fds[1], &sent);
	CHECK_EQ(err_recv(fds[0], &got), -1);
	CHECK_EQ(got.kind, ERR_INVALID);
	CHECK_STR(got.msg, "bad mount");
	err_clear(&sent);
	err_send(fds[1], &sent);
	CHECK_EQ(err_recv(fds[0], &got), 0);
	close(fds[1]);
	CHECK_EQ(err_recv(fds[0], &got), -1);
	CHECK_EQ(got.kind, ERR_SYSTEM);
}
