// SPDX-License-Identifier: MIT
/* The one error type; see err.h. */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"

static enum err_kind kind_of_errno(int sys)
{
	switch (sys) {
	case ENOENT:
		return ERR_NOTFOUND;
	case EACCES:
	case EPERM:
		return ERR_DENIED;
	case EEXIST:
		return ERR_CONFLICT;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case ENAMETOOLONG:
	case ELOOP:
		return ERR_INVALID;
	default:
		return ERR_SYSTEM;
	}
}

int err_set(struct err *e, enum err_kind kind, int sys, const char *fmt, ...)
{
	va_list ap;

	e->kind = kind;
	e->sys = sys;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	return -1;
}

int err_sys(struct err *e, const char *fmt, ...)
{
	int sys = errno;
	va_list ap;
	size_t n;

	e->kind = kind_of_errno(sys);
	e->sys = sys;
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", strerror(sys));
	return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	va_list ap;
	size_t n;

	memcpy(old, e->msg, sizeof(old));
	old[sizeof(old) - 1] = '\0';
	va_start(ap, fmt);
	vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", old);
	return -1;
}

void err_clear(struct err *e)
{
	memset(e, 0, sizeof(*e));
}

void err_send(int fd, const struct err *e)
{
	struct err ignored;

	/* nobody is left to hear of a failure here */
	if (fd_write_all(fd, e, sizeof(*e), &ignored) < 0)
		return;
}

int err_recv(int fd, struct err *e)
{
	struct err got, why;

	if (fd_read_full(fd, &got, sizeof(got), &why) < 0)
		return err_set(e, ERR_SYSTEM, 0, "a helper process ended without a word");
	got.msg[sizeof(got.msg) - 1] = '\0';
	if (got.kind == 0)
		return 0;
	*e = got;
	return -1;
}
