// SPDX-License-Identifier: MIT
/* Signals of rootlesskit's two processes: read from a descriptor, passed on. */
#ifndef ROOTLESS_SIGNALS_H
#define ROOTLESS_SIGNALS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/** rk_signals_open() - blocks SIGCHLD and every signal that is passed on, and returns a signalfd
 * for them (non-blocking), or -1 */
int rk_signals_open(struct err *e) WARN_UNUSED;

/** rk_signals_restore() - before an exec: empty mask, default dispositions */
void rk_signals_restore(void);

/**
 * rk_signals_next() - take one signal off the descriptor
 * @fd:         from rk_signals_open()
 * @ret_shared: the terminal sent it to the whole process group, so the children have it already
 *
 * Return: its number, 0 when there is none.
 */
int rk_signals_next(int fd, bool *ret_shared);

/** rk_signals_ends() - the signal asks a process to end (TERM, INT, QUIT) */
bool rk_signals_ends(int sig);

/** rk_signal_text() - "killed", "terminated", "segmentation fault": as Go names them; static */
const char *rk_signal_text(int sig);

#endif
