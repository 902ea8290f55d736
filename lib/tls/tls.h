// SPDX-License-Identifier: MIT
/*
 * TLS 1.2 behind base/stream, over BearSSL: client (registries, remote engines)
 * and server (dockerd -H tcp:// --tlsverify). Certificates are checked against
 * the system's bundle and further files; names are matched against DNS and, what
 * BearSSL lacks, IP address SANs. No renegotiation, no revocation, no session
 * resumption.
 *
 * A struct tls_config is read-only once loaded and may be shared by threads. A
 * stream belongs to one thread at a time, with the exception of stream.h: a read
 * may wait while another thread writes.
 */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/stream.h"

struct tls_config;

/** tls_config_new() - no trust anchors, no certificate, verification on */
struct tls_config *tls_config_new(void);
/** tls_config_free() - NULL is fine; streams made from it must be gone */
void tls_config_free(struct tls_config *c);
/** tls_config_freep() - CLEANUP(tls_config_freep) */
void tls_config_freep(struct tls_config **c);
/** tls_config_add_system() - trusts the system's bundle ($SSL_CERT_FILE, else the usual places);
 * ERR_NOTFOUND when there is none */
int tls_config_add_system(struct tls_config *c, struct err *e) WARN_UNUSED;
/** tls_config_add_ca_file() - trusts every certificate of a PEM file; ERR_INVALID when it has none
 */
int tls_config_add_ca_file(struct tls_config *c, const char *path, struct err *e) WARN_UNUSED;
/** tls_config_set_insecure() - accept any certificate (--insecure-registry, --tls without verify)
 */
void tls_config_set_insecure(struct tls_config *c, bool insecure);
/** tls_config_set_cert() - our certificate chain and key (PEM files; RSA, or EC on P-256, P-384,
 * P-521; PKCS#8 or traditional, unencrypted) */
int tls_config_set_cert(struct tls_config *c, const char *cert_path, const char *key_path,
			struct err *e) WARN_UNUSED;
/** tls_config_set_client_auth() - servers demand a certificate signed by a trusted CA
 * (--tlsverify) */
void tls_config_set_client_auth(struct tls_config *c, bool required);

/**
 * tls_client_new() - client handshake over a connected stream
 * @under:       owned from the call on, also on failure; its timeout_ms holds for the handshake too
 * @config:      borrowed; must outlive the stream
 * @server_name: DNS name or IP address to send and to match
 * @ret:         the stream, the caller's; its timeout_ms begins as that of @under
 * @e:           ERR_DENIED for certificates ("x509: certificate signed by unknown authority", …);
 *               ERR_SYSTEM for the connection
 *
 * Return: 0 or -1.
 */
int tls_client_new(struct stream *under, const struct tls_config *config, const char *server_name,
		   struct stream **ret, struct err *e) WARN_UNUSED;

/**
 * tls_server_new() - server handshake over an accepted stream
 * @under:  owned from the call on, also on failure
 * @config: borrowed; must hold a certificate and outlive the stream
 * @ret:    the stream, the caller's
 * @e:      ERR_INVALID "client sent an HTTP request to an HTTPS server" (after a plain answer
 *          saying so), ERR_DENIED for certificates, ERR_SYSTEM
 *
 * Return: 0 or -1.
 */
int tls_server_new(struct stream *under, const struct tls_config *config, struct stream **ret,
		   struct err *e) WARN_UNUSED;

#endif
