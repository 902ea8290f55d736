// SPDX-License-Identifier: MIT
/*
 * What a connection trusts and shows: trust anchors from PEM bundles, our chain
 * and key. An anchor is a name and a key (BearSSL: bearssl_x509.h); a
 * certificate without the CA flag is trusted for itself alone, as a registry's
 * self-signed one in certs.d is.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "tls/tls_internal.h"

static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",		     /* Debian, Alpine, Arch, Gentoo */
	"/etc/pki/tls/certs/ca-bundle.crt",		     /* Fedora, RHEL */
	"/etc/ssl/ca-bundle.pem",			     /* openSUSE */
	"/etc/pki/tls/cacert.pem",			     /* OpenELEC */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* RHEL 7 and later */
	"/etc/ssl/cert.pem",				     /* Alpine, BSD */
};

struct tls_config *tls_config_new(void)
{
	return xcalloc(1, sizeof(struct tls_config));
}

static void clear_anchor(br_x509_trust_anchor *ta)
{
	free(ta->dn.data);
	if (ta->pkey.key_type == BR_KEYTYPE_RSA) {
		free(ta->pkey.key.rsa.n);
		free(ta->pkey.key.rsa.e);
	} else {
		free(ta->pkey.key.ec.q);
	}
}

static void clear_own(struct tls_config *c)
{
	for (size_t i = 0; i < c->n_chain; i++)
		free(c->chain[i].data);
	free(c->chain);
	if (c->key != NULL)
		explicit_bzero(c->key, sizeof(*c->key));
	free(c->key);
	c->chain = NULL;
	c->n_chain = 0;
	c->key = NULL;
}

void tls_config_free(struct tls_config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n_anchors; i++)
		clear_anchor(&c->anchors[i]);
	free(c->anchors);
	clear_own(c);
	free(c);
}

void tls_config_freep(struct tls_config **c)
{
	tls_config_free(*c);
}

void tls_config_set_insecure(struct tls_config *c, bool insecure)
{
	c->insecure = insecure;
}

void tls_config_set_client_auth(struct tls_config *c, bool required)
{
	c->client_auth = required;
}

static void add_dn(void *arg, const void *p, size_t n)
{
	buf_add(arg, p, n);
}

/* Takes name and key out of a certificate; 0, or -1 when it does not parse. */
static int make_anchor(const struct pem_object *o, br_x509_trust_anchor *ret)
{
	CLEANUP(freep) br_x509_decoder_context *dc = xmalloc(sizeof(*dc));
	CLEANUP(buf_clear) struct buf dn = BUF_INIT;
	br_x509_trust_anchor ta = {0};
	const br_x509_pkey *pk;

	br_x509_decoder_init(dc, add_dn, &dn);
	br_x509_decoder_push(dc, o->data, o->len);
	pk = br_x509_decoder_get_pkey(dc);
	if (pk == NULL || dn.len == 0)
		return -1;
	ta.flags = br_x509_decoder_isCA(dc) ? BR_X509_TA_CA : 0;
	ta.pkey.key_type = pk->key_type;
	if (pk->key_type == BR_KEYTYPE_RSA) {
		ta.pkey.key.rsa = pk->key.rsa;
		ta.pkey.key.rsa.n = xmemdup(pk->key.rsa.n, pk->key.rsa.nlen);
		ta.pkey.key.rsa.e = xmemdup(pk->key.rsa.e, pk->key.rsa.elen);
	} else if (pk->key_type == BR_KEYTYPE_EC) {
		ta.pkey.key.ec = pk->key.ec;
		ta.pkey.key.ec.q = xmemdup(pk->key.ec.q, pk->key.ec.qlen);
	} else {
		return -1;
	}
	ta.dn.len = dn.len;
	ta.dn.data = (unsigned char *)buf_detach(&dn);
	*ret = ta;
	return 0;
}

static void push_anchor(struct tls_config *c, const br_x509_trust_anchor *ta)
{
	if (c->n_anchors == c->cap_anchors) {
		c->cap_anchors = c->cap_anchors != 0 ? c->cap_anchors * 2 : 16;
		c->anchors = xrealloc(c->anchors, c->cap_anchors * sizeof(*c->anchors));
	}
	c->anchors[c->n_anchors++] = *ta;
}

static int load_pem(const char *path, struct pem_list *ret, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;

	if (file_read(AT_FDCWD, path, TLS_PEM_FILE_MAX, &text, e) < 0)
		return -1;
	if (pem_parse(buf_str(&text), text.len, ret, e) < 0)
		return err_wrap(e, "%s", path);
	if (text.len > 0)
		explicit_bzero(text.data, text.len);
	return 0;
}

static bool is_certificate(const struct pem_object *o)
{
	return str_eq(o->name, "CERTIFICATE") || str_eq(o->name, "X509 CERTIFICATE") ||
	       str_eq(o->name, "TRUSTED CERTIFICATE");
}

int tls_config_add_ca_file(struct tls_config *c, const char *path, struct err *e)
{
	CLEANUP(pem_list_clear) struct pem_list l = {0};
	size_t before = c->n_anchors;

	if (load_pem(path, &l, e) < 0)
		return -1;
	/* a bundle may hold a certificate of a kind we do not know: the others still count */
	for (size_t i = 0; i < l.len; i++) {
		br_x509_trust_anchor ta;

		if (is_certificate(&l.items[i]) && make_anchor(&l.items[i], &ta) == 0)
			push_anchor(c, &ta);
	}
	if (c->n_anchors == before)
		return err_set(e, ERR_INVALID, 0, "%s: no usable certificate", path);
	return 0;
}

int tls_config_add_system(struct tls_config *c, struct err *e)
{
	const char *env = getenv("SSL_CERT_FILE");

	if (!str_empty(env))
		return tls_config_add_ca_file(c, env, e);
	for (size_t i = 0; i < ARRAY_LEN(bundles); i++)
		if (path_exists(bundles[i]))
			return tls_config_add_ca_file(c, bundles[i], e);
	return err_set(e, ERR_NOTFOUND, ENOENT,
		       "no certificate bundle found (install ca-certificates)");
}

static int take_chain(struct tls_config *c, struct pem_list *l, const char *path, struct err *e)
{
	CLEANUP(freep) br_x509_decoder_context *dc = xmalloc(sizeof(*dc));

	c->chain = xcalloc(TLS_CHAIN_MAX, sizeof(*c->chain));
	for (size_t i = 0; i < l->len; i++) {
		if (!is_certificate(&l->items[i]))
			continue;
		if (c->n_chain == TLS_CHAIN_MAX)
			return err_set(e, ERR_INVALID, 0, "%s: more than %d certificates", path,
				       TLS_CHAIN_MAX);
		c->chain[c->n_chain].data_len = l->items[i].len;
		c->chain[c->n_chain++].data = TAKE(l->items[i].data);
		l->items[i].len = 0;
	}
	if (c->n_chain == 0)
		return err_set(e, ERR_INVALID, 0, "%s: no certificate", path);
	br_x509_decoder_init(dc, NULL, NULL);
	br_x509_decoder_push(dc, c->chain[0].data, c->chain[0].data_len);
	if (br_x509_decoder_get_pkey(dc) == NULL)
		return err_set(e, ERR_INVALID, 0, "%s: malformed certificate", path);
	c->issuer_key_type = (unsigned)br_x509_decoder_get_signer_key_type(dc);
	return 0;
}

static int take_key(struct tls_config *c, const struct pem_list *l, const char *path, struct err *e)
{
	for (size_t i = 0; i < l->len; i++) {
		const struct pem_object *o = &l->items[i];

		if (str_eq(o->name, "ENCRYPTED PRIVATE KEY"))
			return err_set(e, ERR_INVALID, 0, "%s: the key is encrypted", path);
		if (!str_ends(o->name, "PRIVATE KEY"))
			continue;
		c->key = xmalloc(sizeof(*c->key));
		br_skey_decoder_init(c->key);
		br_skey_decoder_push(c->key, o->data, o->len);
		if (br_skey_decoder_key_type(c->key) == 0)
			return err_set(e, ERR_INVALID, 0, "%s: malformed or unsupported key", path);
		return 0;
	}
	return err_set(e, ERR_INVALID, 0, "%s: no private key", path);
}

static bool same_rsa(const br_rsa_public_key *pk, const br_rsa_private_key *sk)
{
	br_rsa_compute_modulus modulus = br_rsa_compute_modulus_get_default();
	CLEANUP(freep) unsigned char *n = NULL;
	size_t len = modulus(NULL, sk);

	if (len == 0 || len > pk->nlen)
		return false;
	n = xcalloc(1, len);
	modulus(n, sk);
	return memcmp(pk->n + pk->nlen - len, n, len) == 0;
}

static bool same_ec(const br_ec_public_key *pk, const br_ec_private_key *sk)
{
	unsigned char q[BR_EC_KBUF_PUB_MAX_SIZE];
	size_t len = br_ec_compute_pub(br_ec_get_default(), NULL, q, sk);

	return pk->curve == sk->curve && len == pk->qlen && memcmp(pk->q, q, len) == 0;
}

/* A key of another certificate would only show in every client's handshake. */
static int check_pair(const struct tls_config *c, struct err *e)
{
	CLEANUP(freep) br_x509_decoder_context *dc = xmalloc(sizeof(*dc));
	const br_x509_pkey *pk;
	bool same = false;

	br_x509_decoder_init(dc, NULL, NULL);
	br_x509_decoder_push(dc, c->chain[0].data, c->chain[0].data_len);
	pk = br_x509_decoder_get_pkey(dc);
	if (pk == NULL || pk->key_type != br_skey_decoder_key_type(c->key))
		return err_set(e, ERR_INVALID, 0,
			       "tls: private key type does not match public key type");
	if (pk->key_type == BR_KEYTYPE_RSA)
		same = same_rsa(&pk->key.rsa, br_skey_decoder_get_rsa(c->key));
	else
		same = same_ec(&pk->key.ec, br_skey_decoder_get_ec(c->key));
	return same ? 0 : err_set(e, ERR_INVALID, 0, "tls: private key does not match public key");
}

int tls_config_set_cert(struct tls_config *c, const char *cert_path, const char *key_path,
			struct err *e)
{
	CLEANUP(pem_list_clear) struct pem_list certs = {0}, keys = {0};

	if (load_pem(cert_path, &certs, e) < 0 || load_pem(key_path, &keys, e) < 0)
		return -1;
	clear_own(c);
	if (take_chain(c, &certs, cert_path, e) < 0 || take_key(c, &keys, key_path, e) < 0 ||
	    check_pair(c, e) < 0) {
		clear_own(c);
		return -1;
	}
	return 0;
}
