// SPDX-License-Identifier: MIT
/*
 * Connections into the containers' network: for standard input and output, for
 * the clients of a listener, or as a SOCKS5 server. One thread, poll(2).
 * The process stands where the sockets are to be made.
 */
#ifndef INSPECT_DIAL_H
#define INSPECT_DIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "netlink/ip.h"

/* Who knows what is where. */
struct dial_guide {
	/* addresses of a container by whatever word names it: count, or -1 with ERR_NOTFOUND (no
	 * such container), ERR_CONFLICT (it does not run), ERR_INVALID (it has no address here) */
	int (*resolve)(void *arg, const char *word, struct ip *ret, size_t max, struct err *e);
	void *arg;
};

struct dial_conf {
	struct dial_guide guide;
	bool socks;	  /* each client says where to, by SOCKS5 */
	const char *word; /* else this container */
	uint16_t port;	  /* and this port */
	bool udp;	  /* of UDP instead of TCP */
	int stop_fd;	  /* dial_serve() returns at its end of file; -1 none */
};

/** dial_parse() - "NAME:PORT", "[ADDRESS]:PORT" into a word on the heap and a port; ERR_INVALID */
int dial_parse(const char *text, char **ret_word, uint16_t *ret_port, struct err *e) WARN_UNUSED;

/**
 * dial_listen() - a listening socket, non-blocking, for dial_serve()
 * @text: "[ADDRESS:]PORT" of the loopback interface (127.0.0.0/8, ::1, localhost); no address is
 *        127.0.0.1, port 0 is any
 * @e:    ERR_INVALID for any other address
 *
 * Return: descriptor, the caller's, or -1.
 */
int dial_listen(const char *text, struct err *e) WARN_UNUSED;

/** dial_listen_udp() - the same for datagrams and dial_serve_udp() */
int dial_listen_udp(const char *text, struct err *e) WARN_UNUSED;

/** dial_connect() - connects to c->word, c->port, trying each address; a non-blocking socket or -1
 * (ERR_UNAVAILABLE when nobody answers, which with UDP nobody can tell before the first datagram)
 */
int dial_connect(const struct dial_conf *c, struct err *e) WARN_UNUSED;

/** dial_stdio() - joins in_fd and out_fd with a socket until both ways have ended; a terminal's
 * input is not waited for once the other side has ended */
int dial_stdio(int in_fd, int out_fd, int fd, struct err *e) WARN_UNUSED;

/** dial_stdio_udp() - the same for datagrams, one for each read: until input has ended and for
 * DIAL_QUIET_MS nothing has come; -1 also when the other side refuses */
int dial_stdio_udp(int in_fd, int out_fd, int fd, struct err *e) WARN_UNUSED;

/**
 * dial_serve() - serve a listener
 * @c:	       where to
 * @listen_fd: non-blocking
 * @e:	       filled on failure
 *
 * At most DIAL_CLIENTS_MAX clients at a time, the next ones wait to be accepted. A client whose
 * target refuses sees a reset, or SOCKS5's answer.
 *
 * Return: 0 after c->stop_fd's end, -1 failure.
 */
int dial_serve(const struct dial_conf *c, int listen_fd, struct err *e) WARN_UNUSED;

/**
 * dial_serve_udp() - serve datagrams
 * @c:	       where to; without socks
 * @listen_fd: dial_listen_udp()
 * @e:	       filled on failure
 *
 * Each client (an address) is forgotten after DIAL_IDLE_MS without a datagram, or when there are
 * DIAL_CLIENTS_MAX others that spoke later.
 *
 * Return: 0 after c->stop_fd's end, -1 failure.
 */
int dial_serve_udp(const struct dial_conf *c, int listen_fd, struct err *e) WARN_UNUSED;

#endif
