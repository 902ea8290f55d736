// SPDX-License-Identifier: MIT
/* Shared inside the room: what a configuration holds, and the certificate check. */
#ifndef TLS_INTERNAL_H
#define TLS_INTERNAL_H

#include <bearssl.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "tls/tls.h"

struct tls_config {
	br_x509_trust_anchor *anchors;
	size_t n_anchors, cap_anchors;
	bool insecure;
	bool client_auth;
	br_x509_certificate *chain; /* ours */
	size_t n_chain;
	br_skey_decoder_context *key; /* NULL without one; holds the key's numbers */
	unsigned issuer_key_type;     /* of our certificate's signer, for ECDH suites */
};

/* One object of a PEM file. */
struct pem_object {
	char *name; /* "CERTIFICATE", … */
	unsigned char *data;
	size_t len;
};

struct pem_list {
	struct pem_object *items;
	size_t len, cap;
};

/** pem_parse() - all objects of a PEM text; surrounding text is skipped; ERR_INVALID when broken */
int pem_parse(const char *text, size_t n, struct pem_list *ret, struct err *e) WARN_UNUSED;
/** pem_list_clear() - frees all, keys overwritten first */
void pem_list_clear(struct pem_list *l);

/*
 * The certificate check as a BearSSL class: the minimal engine, plus IP address
 * SANs, plus the names for the error text; or, insecure, any certificate.
 */
struct tls_verify {
	const br_x509_class *vtable; /* first: BearSSL casts */
	br_x509_minimal_context minimal;
	br_x509_decoder_context decoder; /* insecure: takes the key out */
	bool insecure;
	bool failed;	      /* insecure: the certificate did not parse */
	unsigned index;	      /* certificate being received, 0 the peer's own */
	char name[256];	      /* the peer's name for matching and messages; "" for clients */
	unsigned char ip[16]; /* the name as an address */
	size_t ip_len;	      /* 4, 16, or 0 for DNS names */
	struct buf cert;      /* DER of the peer's own certificate, for SANs */
};

/** tls_verify_init() - prepares the check of a peer called name (NULL: a client, no name) */
void tls_verify_init(struct tls_verify *v, const struct tls_config *c, const char *name);
/** tls_verify_clear() - frees */
void tls_verify_clear(struct tls_verify *v);
/** tls_verify_explain() - an error for a BR_ERR_X509_* code, as Go words them */
int tls_verify_explain(const struct tls_verify *v, int code, struct err *e);
/** tls_explain() - an error for any engine code */
int tls_explain(const struct tls_verify *v, int code, struct err *e);

#define TLS_ALERT_BYTES 64
#define TLS_ALERT_BAD	256 /* an alert record that does not decrypt */

/* Where in the peer's records the received bytes are. */
struct tls_record {
	unsigned char head[5];
	size_t n_head;
	size_t left;   /* bytes of the present record still to come */
	bool is_alert; /* it is kept from the engine */
	unsigned char alert[TLS_ALERT_BYTES];
	size_t n_alert;
};

/** tls_record_feed() - gives received bytes to the engine until it has data for us; how many were
 * used. *ret_alert: -1, or the description of an alert of an established connection (0 is
 * close_notify), or TLS_ALERT_BAD */
size_t tls_record_feed(struct tls_record *r, br_ssl_engine_context *eng, bool established,
		       const unsigned char *p, size_t n, int *ret_alert);
/** tls_record_close_notify() - our close_notify as a record in out, from *ret_start on; its length.
 * Nothing may be sent through the engine after it */
size_t tls_record_close_notify(br_ssl_engine_context *eng, unsigned char out[TLS_ALERT_BYTES],
			       size_t *ret_start);

#endif
