// SPDX-License-Identifier: MIT
/*
 * What pulls have learned (moby distribution/metadata): which DiffID a
 * compressed layer's digest unpacks to, and which registries have it. Hints
 * only: a lost or wrong file costs a download or an upload, for the layer store and
 * the registries decide.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "image/known_internal.h"
#include "image/store_internal.h"
#include "json/json.h"
#include "json/write.h"

#define FILE_MAX 65536

static char *known_path(const struct image_store *s, const char *dir, const char *digest)
{
	return xasprintf("%s/distribution/%s/sha256/%s", s->dir, dir, digest + strlen("sha256:"));
}

int image_store_diffid_get(struct image_store *s, const char *digest, char *ret_diff_id)
{
	CLEANUP(freep) char *path = known_path(s, "diffid-by-digest", digest);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct err e;

	if (file_read(AT_FDCWD, path, DIGEST_SIZE, &b, &e) < 0 || !digest_ok(buf_str(&b)))
		return -1;
	str_copy(ret_diff_id, buf_str(&b), DIGEST_SIZE);
	return 0;
}

void knowns_clear(struct knowns *k)
{
	for (size_t i = 0; i < k->len; i++) {
		free(k->items[i].repository);
		free(k->items[i].hmac);
	}
	free(k->items);
	*k = (struct knowns){0};
}

static void knowns_add(struct knowns *k, const char *digest, const char *repository,
		       const char *hmac)
{
	struct known *it;

	k->items = xrealloc(k->items, (k->len + 1) * sizeof(*k->items));
	it = &k->items[k->len++];
	str_copy(it->digest, digest, sizeof(it->digest));
	it->repository = xstrdup(repository);
	it->hmac = xstrdup(hmac != NULL ? hmac : "");
}

void knowns_load(struct image_store *s, const char *diff_id, struct knowns *ret)
{
	CLEANUP(freep) char *path = known_path(s, "v2metadata-by-diffid", diff_id);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(json_freep) struct json *v = NULL;
	struct err e;

	if (file_read(AT_FDCWD, path, FILE_MAX, &b, &e) < 0 ||
	    json_parse(buf_str(&b), b.len, &v, &e) < 0)
		return;
	json_for_each (item, v) {
		const char *digest = json_get_str(item, "Digest");
		const char *repository = json_get_str(item, "SourceRepository");

		if (digest != NULL && digest_ok(digest) && repository != NULL &&
		    ret->len < KNOWN_MAX)
			knowns_add(ret, digest, repository, json_get_str(item, "HMAC"));
	}
}

static int knowns_save(struct image_store *s, const char *diff_id, const struct knowns *k,
		       struct err *e)
{
	CLEANUP(freep) char *path = known_path(s, "v2metadata-by-diffid", diff_id);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	jw_init(&w, &b);
	jw_arr(&w);
	for (size_t i = k->len > KNOWN_MAX ? k->len - KNOWN_MAX : 0; i < k->len; i++) {
		jw_obj(&w);
		jw_kstr(&w, "Digest", k->items[i].digest);
		jw_kstr(&w, "SourceRepository", k->items[i].repository);
		jw_kstr(&w, "HMAC", k->items[i].hmac);
		jw_end(&w);
	}
	jw_end(&w);
	return file_write(AT_FDCWD, path, b.data, b.len, 0600, FILE_WHOLE, e);
}

/* RFC 2104 */
static void hmac_sha256(const char *key, const char *text, char ret[SHA256_HEX_SIZE])
{
	unsigned char pad[64] = {0}, sum[SHA256_SIZE];
	size_t n = strlen(key);
	struct sha256 h;

	if (n > sizeof(pad)) {
		sha256_init(&h);
		sha256_add(&h, key, n);
		sha256_end(&h, pad);
	} else {
		memcpy(pad, key, n);
	}
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36;
	sha256_init(&h);
	sha256_add(&h, pad, sizeof(pad));
	sha256_add(&h, text, strlen(text));
	sha256_end(&h, sum);
	for (size_t i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	sha256_init(&h);
	sha256_add(&h, pad, sizeof(pad));
	sha256_add(&h, sum, sizeof(sum));
	sha256_end(&h, sum);
	for (size_t i = 0; i < SHA256_SIZE; i++)
		snprintf(ret + 2 * i, 3, "%02x", sum[i]);
}

void known_hmac(const struct registry_auth *a, const char *digest, const char *repository,
		char ret[SHA256_HEX_SIZE])
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(freep) char *text = xasprintf("%s%s", digest, repository);
	char key[DIGEST_SIZE];
	struct json_w w;

	jw_init(&w, &b);
	jw_obj(&w);
	if (a != NULL && !str_empty(a->username))
		jw_kstr(&w, "username", a->username);
	if (a != NULL && !str_empty(a->password))
		jw_kstr(&w, "password", a->password);
	if (a != NULL && !str_empty(a->identity_token))
		jw_kstr(&w, "identitytoken", a->identity_token);
	if (a != NULL && !str_empty(a->registry_token))
		jw_kstr(&w, "registrytoken", a->registry_token);
	jw_end(&w);
	sha256_digest(b.data, b.len, key);
	explicit_bzero(b.data, b.len);
	hmac_sha256(key, text, ret);
}

void known_put(struct image_store *s, const char *digest, const char *diff_id,
	       const char *repository, const char *hmac)
{
	CLEANUP(freep) char *by_digest = known_path(s, "diffid-by-digest", digest);
	CLEANUP(knowns_clear) struct knowns old = {0};
	CLEANUP(knowns_clear) struct knowns all = {0};
	struct err e;
	MUTEX_GUARD(&s->write_mu);

	knowns_load(s, diff_id, &old);
	for (size_t i = 0; i < old.len; i++)
		if (!str_eq(old.items[i].digest, digest) ||
		    !str_eq(old.items[i].repository, repository) ||
		    !str_eq(old.items[i].hmac, hmac))
			knowns_add(&all, old.items[i].digest, old.items[i].repository,
				   old.items[i].hmac);
	knowns_add(&all, digest, repository, hmac);
	if (knowns_save(s, diff_id, &all, &e) < 0 ||
	    file_write(AT_FDCWD, by_digest, diff_id, strlen(diff_id), 0600, FILE_WHOLE, &e) < 0)
		log_debug(&e, "image store: %s not remembered", digest);
}

void known_drop(struct image_store *s, const char *diff_id, const struct known *gone)
{
	CLEANUP(knowns_clear) struct knowns old = {0};
	CLEANUP(knowns_clear) struct knowns all = {0};
	struct err e;
	MUTEX_GUARD(&s->write_mu);

	knowns_load(s, diff_id, &old);
	for (size_t i = 0; i < old.len; i++)
		if (!str_eq(old.items[i].digest, gone->digest) ||
		    !str_eq(old.items[i].repository, gone->repository))
			knowns_add(&all, old.items[i].digest, old.items[i].repository,
				   old.items[i].hmac);
	if (knowns_save(s, diff_id, &all, &e) < 0)
		log_debug(&e, "image store: %s not forgotten", gone->digest);
}

void image_store_diffid_put(struct image_store *s, const char *digest, const char *diff_id,
			    int64_t size, const char *repository)
{
	(void)size;
	known_put(s, digest, diff_id, repository, "");
}
