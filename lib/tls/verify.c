// SPDX-License-Identifier: MIT
/*
 * Certificate verification. BearSSL's "minimal" engine validates the chain and
 * DNS names; here are added what registries at 127.0.0.1:5000 need: names that
 * are IP addresses, compared byte by byte with the iPAddress SANs (RFC 5280
 * 4.2.1.6) of the certificate whose chain and signature the engine has checked.
 * A common name never stands for an address.
 *
 * SHA-1 signatures are not accepted, as in Go.
 */
#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "tls/der.h"
#include "tls/tls_internal.h"

#define CERT_KEPT_MAX 65536 /* of the peer's own certificate, for its names */

static struct tls_verify *of(const br_x509_class **ctx)
{
	return (struct tls_verify *)(void *)ctx;
}

static void start_chain(const br_x509_class **ctx, const char *server_name)
{
	struct tls_verify *v = of(ctx);

	v->index = 0;
	v->failed = false;
	buf_reset(&v->cert);
	if (v->insecure)
		br_x509_decoder_init(&v->decoder, NULL, NULL);
	else
		v->minimal.vtable->start_chain(&v->minimal.vtable, server_name);
}

static void start_cert(const br_x509_class **ctx, uint32_t length)
{
	struct tls_verify *v = of(ctx);

	if (!v->insecure)
		v->minimal.vtable->start_cert(&v->minimal.vtable, length);
}

static void append(const br_x509_class **ctx, const unsigned char *p, size_t n)
{
	struct tls_verify *v = of(ctx);

	if (v->index == 0 && v->cert.len + n <= CERT_KEPT_MAX)
		buf_add(&v->cert, p, n);
	if (!v->insecure)
		v->minimal.vtable->append(&v->minimal.vtable, p, n);
	else if (v->index == 0)
		br_x509_decoder_push(&v->decoder, p, n);
}

static void end_cert(const br_x509_class **ctx)
{
	struct tls_verify *v = of(ctx);

	v->index++;
	if (!v->insecure)
		v->minimal.vtable->end_cert(&v->minimal.vtable);
}

static int match_ip(void *arg, enum der_name kind, const unsigned char *p, size_t n)
{
	const struct tls_verify *v = arg;

	return kind == DER_NAME_IP && n == v->ip_len && memcmp(p, v->ip, n) == 0;
}

static unsigned end_chain(const br_x509_class **ctx)
{
	struct tls_verify *v = of(ctx);
	unsigned r;

	if (v->insecure)
		return br_x509_decoder_get_pkey(&v->decoder) != NULL ? 0 : BR_ERR_X509_UNSUPPORTED;
	r = v->minimal.vtable->end_chain(&v->minimal.vtable);
	if (r == 0 && v->ip_len > 0 &&
	    der_each_san((const unsigned char *)buf_str(&v->cert), v->cert.len, match_ip, v) != 1)
		return BR_ERR_X509_BAD_SERVER_NAME;
	return r;
}

static const br_x509_pkey *get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	struct tls_verify *v = of((const br_x509_class **)(uintptr_t)ctx);

	if (!v->insecure)
		return v->minimal.vtable->get_pkey(&v->minimal.vtable, usages);
	if (usages != NULL)
		*usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
	return br_x509_decoder_get_pkey(&v->decoder);
}

static const br_x509_class verify_class = {
	.context_size = sizeof(struct tls_verify),
	.start_chain = start_chain,
	.start_cert = start_cert,
	.append = append,
	.end_cert = end_cert,
	.end_chain = end_chain,
	.get_pkey = get_pkey,
};

void tls_verify_init(struct tls_verify *v, const struct tls_config *c, const char *name)
{
	br_x509_minimal_context *m = &v->minimal;

	*v = (struct tls_verify){.vtable = &verify_class, .insecure = c->insecure};
	if (name != NULL) {
		str_copy(v->name, name, sizeof(v->name));
		if (inet_pton(AF_INET, name, v->ip) == 1)
			v->ip_len = 4;
		else if (inet_pton(AF_INET6, name, v->ip) == 1)
			v->ip_len = 16;
	}
	br_x509_minimal_init(m, &br_sha256_vtable, c->anchors, c->n_anchors);
	br_x509_minimal_set_rsa(m, br_rsa_pkcs1_vrfy_get_default());
	br_x509_minimal_set_ecdsa(m, br_ec_get_default(), br_ecdsa_vrfy_asn1_get_default());
	br_x509_minimal_set_hash(m, br_sha256_ID, &br_sha256_vtable);
	br_x509_minimal_set_hash(m, br_sha384_ID, &br_sha384_vtable);
	br_x509_minimal_set_hash(m, br_sha512_ID, &br_sha512_vtable);
}

void tls_verify_clear(struct tls_verify *v)
{
	buf_clear(&v->cert);
}

struct name_list {
	struct buf dns, ip;
};

static int collect_name(void *arg, enum der_name kind, const unsigned char *p, size_t n)
{
	struct name_list *l = arg;
	char text[INET6_ADDRSTRLEN];

	if (kind == DER_NAME_IP) {
		if ((n != 4 && n != 16) ||
		    inet_ntop(n == 4 ? AF_INET : AF_INET6, p, text, sizeof(text)) == NULL)
			return 0;
		buf_addf(&l->ip, "%s%s", l->ip.len > 0 ? ", " : "", text);
		return 0;
	}
	if (l->dns.len > 0)
		buf_addstr(&l->dns, ", ");
	for (size_t i = 0; i < n; i++)
		buf_addch(&l->dns, p[i] > ' ' && p[i] < 0x7f ? (char)p[i] : '?');
	return 0;
}

/* Go's x509.HostnameError */
static int explain_name(const struct tls_verify *v, struct err *e)
{
	static const char failed[] = "tls: failed to verify certificate: x509: ";
	struct name_list l = {BUF_INIT, BUF_INIT};
	const struct buf *valid = v->ip_len > 0 ? &l.ip : &l.dns;

	(void)der_each_san((const unsigned char *)buf_str(&v->cert), v->cert.len, collect_name, &l);
	if (valid->len > 0)
		err_set(e, ERR_DENIED, 0, "%scertificate is valid for %.200s, not %s", failed,
			buf_str(valid), v->name);
	else if (v->ip_len > 0)
		err_set(e, ERR_DENIED, 0,
			"%scannot validate certificate for %s because it doesn't contain any IP "
			"SANs",
			failed, v->name);
	else
		err_set(e, ERR_DENIED, 0,
			"%scertificate is not valid for any names, but wanted to match %s", failed,
			v->name);
	buf_clear(&l.dns);
	buf_clear(&l.ip);
	return -1;
}

int tls_verify_explain(const struct tls_verify *v, int code, struct err *e)
{
	const char *what;

	switch (code) {
	case BR_ERR_X509_BAD_SERVER_NAME:
		return explain_name(v, e);
	case BR_ERR_X509_NOT_TRUSTED:
	case BR_ERR_X509_DN_MISMATCH:
	case BR_ERR_X509_BAD_SIGNATURE:
		what = "certificate signed by unknown authority";
		break;
	case BR_ERR_X509_EXPIRED:
		what = "certificate has expired or is not yet valid";
		break;
	case BR_ERR_X509_NOT_CA:
		what = "invalid basic constraints in a certificate of the chain";
		break;
	case BR_ERR_X509_CRITICAL_EXTENSION:
		what = "unhandled critical extension";
		break;
	case BR_ERR_X509_WEAK_PUBLIC_KEY:
		what = "the certificate's key is too weak";
		break;
	case BR_ERR_X509_FORBIDDEN_KEY_USAGE:
		what = "certificate specifies an incompatible key usage";
		break;
	case BR_ERR_X509_UNSUPPORTED:
	case BR_ERR_X509_LIMIT_EXCEEDED:
		what = "certificate uses an unsupported algorithm or key size";
		break;
	default:
		return err_set(e, ERR_DENIED, 0,
			       "tls: failed to verify certificate: x509: malformed certificate "
			       "(%d)",
			       code);
	}
	return err_set(e, ERR_DENIED, 0, "tls: failed to verify certificate: x509: %s", what);
}

/* TLS alerts, RFC 5246 7.2 */
static const char *alert_text(int alert)
{
	switch (alert) {
	case 40:
		return "handshake failure";
	case 42:
		return "bad certificate";
	case 43:
		return "unsupported certificate";
	case 44:
		return "revoked certificate";
	case 45:
		return "expired certificate";
	case 46:
		return "unknown certificate";
	case 48:
		return "unknown certificate authority";
	case 49:
		return "access denied";
	case 70:
		return "protocol version not supported";
	case 71:
		return "insufficient security level";
	case 80:
		return "internal error";
	case 112:
		return "unrecognized name";
	default:
		return NULL;
	}
}

int tls_explain(const struct tls_verify *v, int code, struct err *e)
{
	if (code >= BR_ERR_X509_OK && code < 64)
		return tls_verify_explain(v, code, e);
	if (code >= BR_ERR_RECV_FATAL_ALERT && code < BR_ERR_RECV_FATAL_ALERT + 256) {
		const char *text = alert_text(code - BR_ERR_RECV_FATAL_ALERT);

		if (text != NULL)
			return err_set(e, ERR_DENIED, 0, "remote error: tls: %s", text);
		return err_set(e, ERR_DENIED, 0, "remote error: tls: alert %d",
			       code - BR_ERR_RECV_FATAL_ALERT);
	}
	switch (code) {
	case BR_ERR_NO_CLIENT_AUTH:
		return err_set(e, ERR_DENIED, 0, "tls: client didn't provide a certificate");
	case BR_ERR_UNSUPPORTED_VERSION:
	case BR_ERR_BAD_VERSION:
		return err_set(e, ERR_INVALID, 0,
			       "tls: the peer does not speak TLS 1.2, or no TLS at all");
	case BR_ERR_BAD_CIPHER_SUITE:
		return err_set(e, ERR_DENIED, 0, "tls: no cipher suite in common");
	case BR_ERR_BAD_MAC:
		return err_set(e, ERR_INVALID, 0, "tls: bad record MAC");
	case BR_ERR_BAD_SIGNATURE:
	case BR_ERR_WRONG_KEY_USAGE:
		return err_set(e, ERR_DENIED, 0, "tls: the peer's signature is wrong");
	default:
		return err_set(e, ERR_INVALID, 0, "tls: protocol error %d", code);
	}
}
