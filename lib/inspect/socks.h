// SPDX-License-Identifier: MIT
/*
 * SOCKS5 (RFC 1928), a server's side: parsers of what a client sends and the
 * bytes of answers. No authentication, CONNECT only. No I/O here.
 */
#ifndef INSPECT_SOCKS_H
#define INSPECT_SOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOCKS_HOST_SIZE	   256
#define SOCKS_REQUEST_MAX  262 /* the longest message of a client */
#define SOCKS_METHODS_SIZE 2   /* bytes of the answer to the methods */
#define SOCKS_REPLY_SIZE   10

enum socks_reply {
	SOCKS_OK = 0,
	SOCKS_FAILED = 1,
	SOCKS_NOT_ALLOWED = 2,
	SOCKS_HOST_UNREACHABLE = 4,
	SOCKS_REFUSED = 5,
	SOCKS_TTL_EXPIRED = 6,
	SOCKS_BAD_COMMAND = 7,
	SOCKS_BAD_ADDRESS = 8,
};

struct socks_request {
	char host[SOCKS_HOST_SIZE]; /* name, or address as text; no control bytes, no blanks */
	uint16_t port;		    /* never 0 */
};

/**
 * socks_parse_methods() - the first message: which authentications the client offers
 * @p:	      bytes received so far
 * @n:	      how many
 * @ret_none: set when "none" is among them
 *
 * Return: bytes consumed, 0 when more are needed, -1 when this is no SOCKS5.
 */
int socks_parse_methods(const uint8_t *p, size_t n, bool *ret_none);

/**
 * socks_parse_request() - the second message
 * @p:	 bytes received so far
 * @n:	 how many
 * @ret: filled on success
 *
 * Return: bytes consumed, 0 when more are needed, or -enum socks_reply.
 */
int socks_parse_request(const uint8_t *p, size_t n, struct socks_request *ret);

/** socks_methods() - answer to the methods: none, or that none is acceptable */
void socks_methods(bool ok, uint8_t out[SOCKS_METHODS_SIZE]);
/** socks_reply() - answer to the request; the bound address is not told */
void socks_reply(enum socks_reply code, uint8_t out[SOCKS_REPLY_SIZE]);

#endif
