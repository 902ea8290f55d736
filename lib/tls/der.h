// SPDX-License-Identifier: MIT
/*
 * Subject alternative names of a certificate (RFC 5280 section 4.2.1.6), walked
 * in place. Total and bounded: hostile bytes give no names or an error.
 */
#ifndef TLS_DER_H
#define TLS_DER_H

#include <stddef.h>

enum der_name {
	DER_NAME_DNS = 2, /* dNSName: characters */
	DER_NAME_IP = 7,  /* iPAddress: 4 or 16 bytes in network order */
};

/**
 * der_each_san() - call fn for each DNS and IP name of a certificate
 * @cert: DER
 * @n:    its length
 * @fn:   gets the kind and bytes inside cert; not zero to stop
 * @arg:  for fn
 *
 * Return: what fn returned when it stopped, 0 after the last name, -1 malformed.
 */
int der_each_san(const unsigned char *cert, size_t n,
		 int (*fn)(void *arg, enum der_name kind, const unsigned char *p, size_t n),
		 void *arg);

#endif
