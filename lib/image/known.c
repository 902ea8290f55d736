// SPDX-License-Identifier: MIT
/*
 * What pulls have learned (moby distribution/metadata): which DiffID a
 * compressed layer's digest unpacks to, and which registries have it. Hints
 * only: a lost or wrong file costs a download, for the layer store decides.
 */
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "image/store_internal.h"
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

void image_store_diffid_put(struct image_store *s, const char *digest, const char *diff_id,
			    int64_t size, const char *repository)
{
	CLEANUP(freep) char *by_digest = known_path(s, "diffid-by-digest", digest);
	CLEANUP(freep) char *by_diff_id = known_path(s, "v2metadata-by-diffid", diff_id);
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;
	struct err e;

	(void)size;
	jw_init(&w, &b);
	jw_arr(&w);
	jw_obj(&w);
	jw_kstr(&w, "Digest", digest);
	jw_kstr(&w, "SourceRepository", repository);
	jw_kstr(&w, "HMAC", "");
	jw_end(&w);
	jw_end(&w);
	if (file_write(AT_FDCWD, by_digest, diff_id, strlen(diff_id), 0600, FILE_NOSYNC, &e) < 0 ||
	    file_write(AT_FDCWD, by_diff_id, b.data, b.len, 0600, FILE_NOSYNC, &e) < 0)
		log_debug(&e, "image store: %s not remembered", digest);
}
