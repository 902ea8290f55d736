// SPDX-License-Identifier: MIT
/* Engines behind ssh, as ssh://[user@]host[:port][/socket] names them. */
#ifndef CLIENT_SSH_H
#define CLIENT_SSH_H

#include "base/err.h"
#include "base/stream.h"
#include "base/strv.h"

/**
 * ssh_command() - what reaches the engine: ssh, its options, and at the far side
 * docker [--host=unix:///socket] system dial-stdio
 * @url:  "ssh://[user@]host[:port][/socket]"
 * @args: the words are appended
 * @e:    ERR_INVALID: not such a URL; with a password, query or fragment
 */
int ssh_command(const char *url, struct strv *args, struct err *e) WARN_UNUSED;
/**
 * ssh_dial() - run that command (ssh from PATH, in a session of its own) as a stream
 * @url: as above
 * @e:   ERR_UNAVAILABLE. That ssh failed is known only at the end of the stream: reading and
 *       writing then fail with what it said
 *
 * Freeing the stream ends ssh. Return: the stream, or NULL.
 */
struct stream *ssh_dial(const char *url, struct err *e);

#endif
