// SPDX-License-Identifier: MIT
/* What dial.c and dial_serve.c share. */
#ifndef INSPECT_DIAL_INTERNAL_H
#define INSPECT_DIAL_INTERNAL_H

#include <sys/socket.h>

#include "inspect/dial.h"

/* dial_sock.c */
socklen_t dial_sockaddr(const struct ip *ip, uint16_t port, struct sockaddr_storage *ret);
/* dial_sock.c: no delays, dead peers are noticed */
void dial_tune(int fd);
/* dial_sock.c: what became of a connect(2): 0 or an errno */
int dial_error(int fd);
/* dial_sock.c: the peer sees a reset */
void dial_reset(int *fd);
/* dial.c: a connecting socket, or -1 with errno */
int dial_start(const struct ip *ip, uint16_t port);
/* dial.c: "[ADDRESS:]PORT" of the loopback interface; ERR_INVALID */
int dial_loopback(const char *text, struct ip *ret, uint16_t *ret_port, struct err *e);

#endif
