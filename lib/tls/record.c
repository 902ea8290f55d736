// SPDX-License-Identifier: MIT
/*
 * Half-closed connections. BearSSL's engine ends both directions at the peer's
 * close_notify, but "docker run" half-closes at once when there is no stdin and
 * then waits for output (RFC 8446 6.1 makes that the rule; TLS 1.2 peers do it
 * too). So alert records of an established connection are not fed to the engine:
 * they are decrypted and authenticated here with the engine's own record layer
 * (bearssl_ssl.h: br_sslrec_in_class), and a close_notify only ends reading.
 * Our own close_notify is made likewise.
 */
#include <string.h>

#include "base/mem.h"
#include "tls/tls_internal.h"

#define HEAD_BYTES   5
#define RECORD_ALERT 21
#define VERSION_12   0x0303
#define HEADROOM     16 /* before the plaintext: record header and explicit nonce */

/* Pushes bytes into the engine; how many it took. */
static size_t push(br_ssl_engine_context *eng, const unsigned char *p, size_t n)
{
	size_t done = 0, room;
	unsigned char *to;

	while (done < n && (to = br_ssl_engine_recvrec_buf(eng, &room)) != NULL) {
		room = MIN(room, n - done);
		memcpy(to, p + done, room);
		br_ssl_engine_recvrec_ack(eng, room);
		done += room;
	}
	return done;
}

/* Gathers the alert's record; when it is whole, what it says. */
static size_t take_alert(struct tls_record *r, br_ssl_engine_context *eng, const unsigned char *p,
			 size_t n, int *ret_alert)
{
	unsigned char *text;
	size_t len = r->left + r->n_alert;

	if (len > sizeof(r->alert)) {
		*ret_alert = TLS_ALERT_BAD;
		return 0;
	}
	n = MIN(n, r->left);
	memcpy(r->alert + r->n_alert, p, n);
	r->n_alert += n;
	r->left -= n;
	if (r->left > 0)
		return n;
	r->n_alert = 0;
	r->is_alert = false;
	*ret_alert = TLS_ALERT_BAD;
	if (!eng->in.vtable->check_length(&eng->in.vtable, len))
		return n;
	text = eng->in.vtable->decrypt(&eng->in.vtable, RECORD_ALERT, VERSION_12, r->alert, &len);
	if (text != NULL && len == 2)
		*ret_alert = text[1];
	return n;
}

/* Completes a record's header; false when bytes are short. */
static bool take_head(struct tls_record *r, const unsigned char **p, size_t *n)
{
	size_t want = MIN(HEAD_BYTES - r->n_head, *n);

	memcpy(r->head + r->n_head, *p, want);
	r->n_head += want;
	*p += want;
	*n -= want;
	return r->n_head == HEAD_BYTES;
}

size_t tls_record_feed(struct tls_record *r, br_ssl_engine_context *eng, bool established,
		       const unsigned char *p, size_t n, int *ret_alert)
{
	size_t all = n;

	*ret_alert = -1;
	while (n > 0 && *ret_alert < 0) {
		size_t used;

		if (br_ssl_engine_current_state(eng) & (BR_SSL_RECVAPP | BR_SSL_CLOSED))
			break;
		if (r->left == 0) {
			if (!take_head(r, &p, &n))
				break;
			r->n_head = 0;
			r->left = (size_t)r->head[3] << 8 | r->head[4];
			r->is_alert = established && r->head[0] == RECORD_ALERT;
			if (!r->is_alert && push(eng, r->head, HEAD_BYTES) < HEAD_BYTES)
				break;
			continue;
		}
		used = r->is_alert ? take_alert(r, eng, p, n, ret_alert)
				   : push(eng, p, MIN(n, r->left));
		if (!r->is_alert && *ret_alert < 0)
			r->left -= used;
		p += used;
		n -= used;
		if (used == 0)
			break;
	}
	return all - n;
}

size_t tls_record_close_notify(br_ssl_engine_context *eng, unsigned char out[TLS_ALERT_BYTES],
			       size_t *ret_start)
{
	size_t len = 2;
	unsigned char *record;

	out[HEADROOM] = 1;     /* warning */
	out[HEADROOM + 1] = 0; /* close_notify */
	record = eng->out.vtable->encrypt(&eng->out.vtable, RECORD_ALERT, VERSION_12,
					  out + HEADROOM, &len);
	*ret_start = (size_t)(record - out);
	return len;
}
