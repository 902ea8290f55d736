// SPDX-License-Identifier: MIT
/*
 * The one error type: kind, errno and a finished sentence in a plain struct on
 * the caller's stack. Having no pointers it crosses a pipe whole, so a
 * re-executed child reports the same way (err_send, err_recv).
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

/* What went wrong, as a caller must tell it apart; api maps it to a status. */
enum err_kind {
	ERR_INVALID = 1,   /* the input is malformed or not allowed: 400 */
	ERR_NOTFOUND,	   /* no such object: 404 */
	ERR_CONFLICT,	   /* the object's state forbids it: 409 */
	ERR_DENIED,	   /* not permitted: 403 */
	ERR_UNAUTHORIZED,  /* credentials are missing or refused: 401 */
	ERR_NOTMODIFIED,   /* already so: 304 */
	ERR_UNAVAILABLE,   /* a needed service or feature is not there now: 503 */
	ERR_UNIMPLEMENTED, /* we do not do that: 501 */
	ERR_TIMEOUT,	   /* a deadline passed: 500 */
	ERR_CANCELLED,	   /* the caller gave up: no answer */
	ERR_SYSTEM,	   /* the system refused: 500 */
};

struct err {
	enum err_kind kind;
	int sys; /* errno, 0 when none */
	char msg[496];
};

#define WARN_UNUSED		   __attribute__((warn_unused_result))
#define PRINTF(fmt_arg, first_arg) __attribute__((format(printf, fmt_arg, first_arg)))

/**
 * err_set() - fill an error
 * @e:    filled; the message is cut at the struct's size
 * @kind: see enum err_kind
 * @sys:  errno or 0; not appended to the message
 * @fmt:  the whole sentence, no final full stop
 *
 * Return: always -1, so that "return err_set(...)" reads well.
 */
int err_set(struct err *e, enum err_kind kind, int sys, const char *fmt, ...) PRINTF(4, 5);

/**
 * err_sys() - fill an error from the current errno, appending ": strerror"
 * @e:   filled; the kind follows errno (ENOENT is ERR_NOTFOUND, EACCES and EPERM are ERR_DENIED,
 *       EEXIST is ERR_CONFLICT, the rest ERR_SYSTEM)
 * @fmt: what was tried
 *
 * Return: always -1.
 */
int err_sys(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/**
 * err_wrap() - put "context: " before the message; kind and errno stay
 * @e:   an error already filled
 * @fmt: the context
 *
 * Return: always -1.
 */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);

/**
 * err_clear() - make the error empty (kind 0)
 * @e: cleared
 */
void err_clear(struct err *e);

/**
 * err_send() - write a whole error to a pipe, for a re-executed child to report through
 * @fd: pipe or socket
 * @e:  the error; kind 0 says success
 */
void err_send(int fd, const struct err *e);

/**
 * err_recv() - read what err_send() wrote
 * @fd: pipe or socket
 * @e:  filled with the child's error, or ERR_SYSTEM when the child ended without a word
 *
 * Return: 0 when the child reported success, else -1.
 */
int err_recv(int fd, struct err *e);

#endif
