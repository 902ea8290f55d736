// SPDX-License-Identifier: MIT
/*
 * The TLS stream. BearSSL's engine does no I/O; it has four ports (bearssl_ssl.h):
 * sendapp and recvapp towards us, sendrec and recvrec towards the peer. Theory:
 *
 * - eng_mu guards the engine and is never held across I/O.
 * - A reader fetches raw bytes into its own buffer without the lock, then feeds
 *   them under it; so a blocked read does not stop a writer.
 * - A writer fills sendapp, then drain() copies records out under eng_mu and
 *   sends them under out_mu, which keeps records in order.
 *
 * The peer's close_notify is the end of stream; an end of the connection without
 * it is an error (truncation). Both sides may half-close, see record.c.
 */
#include <errno.h>
#include <arpa/inet.h>
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "base/thread.h"
#include "tls/tls_internal.h"

#define RAW_BYTES     16384
#define CLOSE_WAIT_MS 1000

/* alerts that change nothing */
#define ALERT_USER_CANCELED    90
#define ALERT_NO_RENEGOTIATION 100

struct tls_stream {
	struct stream s;
	struct stream *under;
	br_ssl_engine_context *eng; /* inside one of the two below */
	union {
		br_ssl_client_context client;
		br_ssl_server_context server;
	} ctx;
	struct tls_verify verify;
	pthread_mutex_t eng_mu, out_mu;
	bool is_server;
	bool first;	   /* nothing was received yet */
	bool established;  /* the handshake is over */
	bool read_closed;  /* the peer sent close_notify; guarded by eng_mu */
	bool write_closed; /* we did; guarded by out_mu */
	int bad_alert;	   /* another alert that ended the connection, -1 none */
	struct tls_record record;
	size_t raw_start; /* received and not yet fed */
	size_t raw_end;
	unsigned char raw[RAW_BYTES];
	unsigned char out[RAW_BYTES];
	unsigned char io[BR_SSL_BUFSIZE_BIDI];
};

static const uint16_t suites[] = {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};

/* the same with ChaCha20 first, for processors without AES instructions */
static const uint16_t suites_soft[] = {
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
};

static bool has_aes_instructions(void)
{
	return (br_aes_x86ni_ctr_get_vtable() != NULL && br_ghash_pclmul_get() != NULL) ||
	       (br_aes_pwr8_ctr_get_vtable() != NULL && br_ghash_pwr8_get() != NULL);
}

static struct tls_stream *of(struct stream *s)
{
	return (struct tls_stream *)s;
}

static unsigned engine_state(struct tls_stream *t)
{
	MUTEX_GUARD(&t->eng_mu);
	return br_ssl_engine_current_state(t->eng);
}

static int explain(struct tls_stream *t, struct err *e)
{
	int code = br_ssl_engine_last_error(t->eng);

	if (code == 0)
		return err_set(e, ERR_SYSTEM, EPIPE, "tls: connection is closed");
	return tls_explain(&t->verify, code, e);
}

/* Copies pending records out of the engine; how many bytes. */
static size_t take_records(struct tls_stream *t)
{
	size_t n, done = 0;
	unsigned char *p;

	MUTEX_GUARD(&t->eng_mu);
	while (done < RAW_BYTES && (p = br_ssl_engine_sendrec_buf(t->eng, &n)) != NULL) {
		n = MIN(n, RAW_BYTES - done);
		memcpy(t->out + done, p, n);
		br_ssl_engine_sendrec_ack(t->eng, n);
		done += n;
	}
	return done;
}

/* Sends what the engine has for the peer. */
static int drain(struct tls_stream *t, struct err *e)
{
	MUTEX_GUARD(&t->out_mu);
	for (;;) {
		size_t n = take_records(t);

		if (n == 0)
			return 0;
		if (stream_write(t->under, t->out, n, e) < 0)
			return -1;
	}
}

/* An HTTP speaker on the other end is a frequent mistake worth its own sentence. */
static int check_plaintext(struct tls_stream *t, struct err *e)
{
	static const char answer[] = "HTTP/1.0 400 Bad Request\r\n\r\n"
				     "Client sent an HTTP request to an HTTPS server.\n";
	struct err ignored;

	t->first = false;
	if (t->raw_end < 4 || t->raw[0] < 'A' || t->raw[0] > 'Z')
		return 0;
	if (!t->is_server)
		return memcmp(t->raw, "HTTP", 4) != 0
			       ? 0
			       : err_set(e, ERR_INVALID, 0,
					 "http: server gave HTTP response to HTTPS client");
	if (stream_write(t->under, answer, sizeof(answer) - 1, &ignored) < 0)
		*e = ignored;
	return err_set(e, ERR_INVALID, 0, "client sent an HTTP request to an HTTPS server");
}

/* Fetches raw bytes when none wait: 1 there are some, 0 end of connection, -1 failure. */
static int fetch(struct tls_stream *t, struct err *e)
{
	ssize_t n;

	if (t->raw_start < t->raw_end)
		return 1;
	n = stream_read(t->under, t->raw, RAW_BYTES, e);
	if (n <= 0)
		return (int)n;
	t->raw_start = 0;
	t->raw_end = (size_t)n;
	return t->first && check_plaintext(t, e) < 0 ? -1 : 1;
}

/* Feeds raw bytes to the engine as long as it takes them and has nothing for us. */
static void feed(struct tls_stream *t)
{
	size_t used;
	int alert;

	MUTEX_GUARD(&t->eng_mu);
	used = tls_record_feed(&t->record, t->eng, t->established, t->raw + t->raw_start,
			       t->raw_end - t->raw_start, &alert);
	t->raw_start += used;
	if (alert == 0)
		t->read_closed = true;
	else if (alert > 0 && alert != ALERT_USER_CANCELED && alert != ALERT_NO_RENEGOTIATION)
		t->bad_alert = alert;
}

/*
 * Must the receiving side send? In the handshake whenever there is something. Later
 * only for a closing alert, when nothing else can go on: records of a writer are the
 * writer's to send, for sending them here could wait for a peer that waits for us.
 */
static bool must_send(unsigned state, bool handshaking)
{
	return (state & BR_SSL_SENDREC) &&
	       (handshaking || !(state & (BR_SSL_RECVREC | BR_SSL_RECVAPP)));
}

/* One step towards received data: 1 go on, 0 the connection ended, -1 failure. */
static int receive(struct tls_stream *t, bool handshaking, struct err *e)
{
	int r = fetch(t, e);

	if (r <= 0)
		return r;
	feed(t);
	if (must_send(engine_state(t), handshaking) && drain(t, e) < 0) {
		/* an alert explains more than the write that could not carry ours */
		if (br_ssl_engine_last_error(t->eng) != 0)
			return explain(t, e);
		if (handshaking)
			return -1;
		err_clear(e); /* our answer to close_notify: the peer need not stay for it */
	}
	return 1;
}

static ssize_t take_plain(struct tls_stream *t, void *p, size_t n)
{
	size_t have;
	unsigned char *from;

	MUTEX_GUARD(&t->eng_mu);
	from = br_ssl_engine_recvapp_buf(t->eng, &have);
	if (from == NULL)
		return 0;
	n = MIN(n, have);
	memcpy(p, from, n);
	br_ssl_engine_recvapp_ack(t->eng, n);
	return (ssize_t)n;
}

/* The stream's timeout holds for the one below; written only when it was changed, for a reader and
 * a writer may be here at once. */
static void follow_timeout(struct tls_stream *t)
{
	if (t->under->timeout_ms != t->s.timeout_ms)
		t->under->timeout_ms = t->s.timeout_ms;
}

static int explain_alert(struct tls_stream *t, struct err *e)
{
	if (t->bad_alert == TLS_ALERT_BAD)
		return tls_explain(&t->verify, BR_ERR_BAD_MAC, e);
	return tls_explain(&t->verify, BR_ERR_RECV_FATAL_ALERT + t->bad_alert, e);
}

static ssize_t tls_read(struct stream *s, void *p, size_t n, struct err *e)
{
	struct tls_stream *t = of(s);

	follow_timeout(t);
	for (;;) {
		ssize_t got = take_plain(t, p, n);
		int r;

		if (got > 0)
			return got;
		if (t->read_closed)
			return 0;
		if (t->bad_alert >= 0)
			return explain_alert(t, e);
		if (engine_state(t) & BR_SSL_CLOSED)
			return br_ssl_engine_last_error(t->eng) == 0 ? 0 : explain(t, e);
		r = receive(t, false, e);
		if (r < 0)
			return -1;
		if (r == 0)
			return err_set(e, ERR_SYSTEM, ECONNRESET, "tls: unexpected EOF");
	}
}

/* Puts bytes into the engine: how many it took, -1 closed. */
static ssize_t put_plain(struct tls_stream *t, const unsigned char *p, size_t n)
{
	size_t room, done = 0;
	unsigned char *to;

	MUTEX_GUARD(&t->eng_mu);
	if (br_ssl_engine_current_state(t->eng) & BR_SSL_CLOSED)
		return -1;
	while (done < n && (to = br_ssl_engine_sendapp_buf(t->eng, &room)) != NULL) {
		room = MIN(room, n - done);
		memcpy(to, p + done, room);
		br_ssl_engine_sendapp_ack(t->eng, room);
		done += room;
	}
	if (done == n)
		br_ssl_engine_flush(t->eng, 0);
	return (ssize_t)done;
}

static int tls_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	struct tls_stream *t = of(s);
	const unsigned char *from = p;

	follow_timeout(t);
	if (t->write_closed)
		return err_set(e, ERR_SYSTEM, EPIPE, "tls: write after close");
	while (n > 0) {
		ssize_t done = put_plain(t, from, n);

		if (done < 0)
			return explain(t, e);
		if (drain(t, e) < 0)
			return -1;
		from += done;
		n -= (size_t)done;
	}
	return 0;
}

/* close_notify now, reading goes on */
static int tls_close_write(struct stream *s, struct err *e)
{
	unsigned char out[TLS_ALERT_BYTES];
	struct tls_stream *t = of(s);
	size_t start = 0, n;

	if (t->write_closed || (engine_state(t) & BR_SSL_CLOSED))
		return 0;
	if (drain(t, e) < 0)
		return -1;
	MUTEX_GUARD(&t->out_mu);
	t->write_closed = true;
	pthread_mutex_lock(&t->eng_mu);
	n = tls_record_close_notify(t->eng, out, &start);
	pthread_mutex_unlock(&t->eng_mu);
	return stream_write(t->under, out + start, n, e);
}

static void tls_free(struct stream *s)
{
	struct tls_stream *t = of(s);
	struct err ignored;

	if (t->established && t->bad_alert < 0) {
		t->under->timeout_ms = CLOSE_WAIT_MS;
		if (tls_close_write(s, &ignored) < 0)
			err_clear(&ignored);
	}
	stream_free(t->under);
	tls_verify_clear(&t->verify);
	pthread_mutex_destroy(&t->eng_mu);
	pthread_mutex_destroy(&t->out_mu);
	explicit_bzero(t, sizeof(*t));
	free(t);
}

static const struct stream_ops tls_ops = {
	.read = tls_read,
	.write = tls_write,
	.close_write = tls_close_write,
	.free = tls_free,
};

static struct tls_stream *stream_new(struct stream *under, const struct tls_config *c,
				     const char *peer_name)
{
	struct tls_stream *t = xcalloc(1, sizeof(*t));

	t->s = (struct stream){.ops = &tls_ops, .fd = under->fd, .timeout_ms = under->timeout_ms};
	t->under = under;
	t->first = true;
	t->bad_alert = -1;
	pthread_mutex_init(&t->eng_mu, NULL);
	pthread_mutex_init(&t->out_mu, NULL);
	tls_verify_init(&t->verify, c, peer_name);
	return t;
}

/* What client and server have in common: TLS 1.2 with suites of forward secrecy and authenticated
 * ciphers; no code for others is linked. */
static void set_up_engine(struct tls_stream *t)
{
	static const char *protocols[] = {"http/1.1"};
	unsigned char seed[32];
	bool fast = has_aes_instructions();

	br_ssl_engine_set_hash(t->eng, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(t->eng, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(t->eng, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(t->eng, br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(t->eng, br_tls12_sha384_prf);
	br_ssl_engine_set_default_rsavrfy(t->eng);
	br_ssl_engine_set_default_ecdsa(t->eng);
	br_ssl_engine_set_default_aes_gcm(t->eng);
	br_ssl_engine_set_default_chapol(t->eng);
	br_ssl_engine_set_versions(t->eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_suites(t->eng, fast ? suites : suites_soft,
				 fast ? ARRAY_LEN(suites) : ARRAY_LEN(suites_soft));
	br_ssl_engine_add_flags(t->eng, BR_OPT_NO_RENEGOTIATION);
	br_ssl_engine_set_protocol_names(t->eng, protocols, 1);
	br_ssl_engine_set_buffers_bidi(t->eng, t->io, BR_SSL_BUFSIZE_INPUT,
				       t->io + BR_SSL_BUFSIZE_INPUT,
				       sizeof(t->io) - BR_SSL_BUFSIZE_INPUT);
	rand_bytes(seed, sizeof(seed));
	br_ssl_engine_inject_entropy(t->eng, seed, sizeof(seed));
	explicit_bzero(seed, sizeof(seed));
}

/* Runs the engine until it takes application data. */
static int handshake(struct tls_stream *t, struct err *e)
{
	if (drain(t, e) < 0)
		return -1;
	for (;;) {
		unsigned state = engine_state(t);
		int r;

		if (state & BR_SSL_CLOSED)
			return explain(t, e);
		if (state & BR_SSL_SENDAPP) {
			t->established = true;
			return 0;
		}
		r = receive(t, true, e);
		if (r < 0)
			return -1;
		if (r == 0)
			return err_set(e, ERR_SYSTEM, ECONNRESET,
				       "tls: connection closed during the handshake");
	}
}

static void set_client_cert(struct tls_stream *t, const struct tls_config *c)
{
	if (c->key == NULL)
		return;
	if (br_skey_decoder_key_type(c->key) == BR_KEYTYPE_RSA)
		br_ssl_client_set_single_rsa(&t->ctx.client, c->chain, c->n_chain,
					     br_skey_decoder_get_rsa(c->key),
					     br_rsa_pkcs1_sign_get_default());
	else
		br_ssl_client_set_single_ec(&t->ctx.client, c->chain, c->n_chain,
					    br_skey_decoder_get_ec(c->key), BR_KEYTYPE_SIGN,
					    c->issuer_key_type, br_ec_get_default(),
					    br_ecdsa_sign_asn1_get_default());
}

int tls_client_new(struct stream *under, const struct tls_config *config, const char *server_name,
		   struct stream **ret, struct err *e)
{
	struct tls_stream *t = stream_new(under, config, server_name);
	CLEANUP(stream_freep) struct stream *owner = &t->s;

	t->eng = &t->ctx.client.eng;
	br_ssl_client_zero(&t->ctx.client);
	br_ssl_engine_set_x509(t->eng, &t->verify.vtable);
	set_up_engine(t);
	set_client_cert(t, config);
	if (strlen(server_name) >= sizeof(t->verify.name))
		return err_set(e, ERR_INVALID, 0, "server name is too long");
	if (!br_ssl_client_reset(&t->ctx.client, t->verify.ip_len > 0 ? NULL : server_name, 0))
		return explain(t, e);
	if (handshake(t, e) < 0)
		return -1;
	*ret = TAKE(owner);
	return 0;
}

static void init_server(struct tls_stream *t, const struct tls_config *c)
{
	br_ssl_server_context *sc = &t->ctx.server;

	br_ssl_server_zero(sc);
	if (br_skey_decoder_key_type(c->key) == BR_KEYTYPE_RSA)
		br_ssl_server_set_single_rsa(sc, c->chain, c->n_chain,
					     br_skey_decoder_get_rsa(c->key), BR_KEYTYPE_SIGN, 0,
					     br_rsa_pkcs1_sign_get_default());
	else
		br_ssl_server_set_single_ec(
			sc, c->chain, c->n_chain, br_skey_decoder_get_ec(c->key), BR_KEYTYPE_SIGN,
			c->issuer_key_type, br_ec_get_default(), br_ecdsa_sign_asn1_get_default());
	if (c->client_auth) {
		br_ssl_server_set_trust_anchor_names_alt(sc, c->anchors, c->n_anchors);
		br_ssl_engine_set_x509(t->eng, &t->verify.vtable);
	}
}

int tls_server_new(struct stream *under, const struct tls_config *config, struct stream **ret,
		   struct err *e)
{
	struct tls_stream *t = stream_new(under, config, NULL);
	CLEANUP(stream_freep) struct stream *owner = &t->s;

	t->eng = &t->ctx.server.eng;
	t->is_server = true;
	if (config->key == NULL)
		return err_set(e, ERR_INVALID, 0, "tls: no certificate is configured");
	init_server(t, config);
	set_up_engine(t);
	if (!br_ssl_server_reset(&t->ctx.server))
		return explain(t, e);
	if (handshake(t, e) < 0)
		return -1;
	*ret = TAKE(owner);
	return 0;
}
