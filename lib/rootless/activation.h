// SPDX-License-Identifier: MIT
/* Sockets handed over by systemd (sd_listen_fds(3)), passed on to the command. */
#ifndef ROOTLESS_ACTIVATION_H
#define ROOTLESS_ACTIVATION_H

#define RK_ACTIVATION_FIRST_FD 3

/**
 * rk_activation_take() - how many descriptors from 3 on were handed to this process
 *
 * They become close-on-exec, so that no helper inherits them.
 *
 * Return: their number, 0 when there are none or they are meant for another process.
 */
int rk_activation_take(void);

/**
 * rk_activation_pass() - in a process about to exec: let the descriptors through and name this
 * process in LISTEN_PID
 * @n: what rk_activation_take() returned
 */
void rk_activation_pass(int n);

#endif
