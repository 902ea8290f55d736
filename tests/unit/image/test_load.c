// SPDX-License-Identifier: MIT
/* docker load of archives without layers, in all forms, and of broken ones. */
#include "image/load.h"

#include <dirent.h>
#include <string.h>

#include "archive/tar.h"
#include "base/path.h"
#include "base/str.h"
#include "tests/unit/image/images.h"

#define CONFIG \
	"{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\"},\"x\":1}"

struct archive {
	struct buf bytes;
	struct stream *out;
	struct tar_writer *w;
};

static void archive_begin(struct archive *a)
{
	*a = (struct archive){.bytes = BUF_INIT};
	a->out = stream_mem_new("", 0, &a->bytes);
	a->w = tar_writer_new(a->out);
}

static void archive_add(struct archive *a, const char *name, const char *text)
{
	struct err e;

	CHECK_OK(tar_write_file(a->w, name, 0644, 0, text, strlen(text), &e), e);
}

static int keep_last(void *arg, const struct image_progress *p)
{
	buf_addstr(arg, p->stream != NULL ? p->stream : "");
	return 0;
}

/* Loads; said gets the stream messages. The spool must be gone afterwards. */
static int load(struct image_store *s, struct archive *a, struct buf *said, struct err *e)
{
	struct image_job job = {.progress = keep_last, .arg = said};
	CLEANUP(freep) char *tmp = path_join(image_store_root(s), "tmp");
	struct stream *in;
	struct dirent *ent;
	DIR *d;
	int r;

	CHECK_OK(tar_writer_end(a->w, e), *e);
	in = stream_mem_new(a->bytes.data, a->bytes.len, NULL);
	r = image_load(s, in, true, NULL, &job, NULL, e);
	stream_free(in);
	tar_writer_free(a->w);
	stream_free(a->out);
	buf_clear(&a->bytes);
	d = opendir(tmp);
	while (d != NULL && (ent = readdir(d)) != NULL)
		CHECK_MSG(ent->d_name[0] == '.', "left behind: %s", ent->d_name);
	if (d != NULL)
		closedir(d);
	return r;
}

TEST(load_docker_archive_in_any_order)
{
	struct image_store *s = store_at(harness_tmpdir());
	CLEANUP(buf_clear) struct buf said = BUF_INIT;
	struct archive a;
	struct err e;

	archive_begin(&a);
	archive_add(&a, "./manifest.json",
		    "[{\"Config\":\"c.json\",\"RepoTags\":[\"x:1\",\"y\"],"
		    "\"Layers\":[]}]");
	archive_add(&a, "c.json", CONFIG);
	CHECK_OK(load(s, &a, &said, &e), e);
	CHECK_STR(buf_str(&said), "Loaded image: x:1\nLoaded image: y:latest\n");
	CHECK_EQ(image_store_count(s), 1);
	image_store_close(s);
}

TEST(load_oci)
{
	struct image_store *s = store_at(harness_tmpdir());
	CLEANUP(buf_clear) struct buf said = BUF_INIT;
	CLEANUP(freep) char *manifest = NULL;
	CLEANUP(freep) char *index = NULL;
	CLEANUP(freep) char *path = NULL;
	char config[SHA256_HEX_SIZE], hex[SHA256_HEX_SIZE];
	struct archive a;
	struct err e;

	sha256_hex(CONFIG, strlen(CONFIG), config);
	manifest = xasprintf("{\"schemaVersion\":2,\"config\":{\"mediaType\":\"" MEDIA_OCI_CONFIG
			     "\",\"digest\":\"sha256:%s\",\"size\":%zu},\"layers\":[]}",
			     config, strlen(CONFIG));
	sha256_hex(manifest, strlen(manifest), hex);
	index = xasprintf("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"" MEDIA_OCI_MANIFEST
			  "\",\"digest\":\"sha256:%s\",\"size\":%zu,\"annotations\":"
			  "{\"org.opencontainers.image.ref.name\":\"latest\"}}]}",
			  hex, strlen(manifest));
	archive_begin(&a);
	archive_add(&a, "index.json", index);
	path = xasprintf("blobs/sha256/%s", hex);
	archive_add(&a, path, manifest);
	free(path);
	path = xasprintf("blobs/sha256/%s", config);
	archive_add(&a, path, CONFIG);
	CHECK_OK(load(s, &a, &said, &e), e);
	CHECK(str_starts(buf_str(&said), "Loaded image ID: sha256:"));
	/* a blob that is not what its name says */
	archive_begin(&a);
	archive_add(&a, "index.json", index);
	free(path);
	path = xasprintf("blobs/sha256/%s", hex);
	archive_add(&a, path, "{}");
	CHECK(load(s, &a, &said, &e) < 0);
	CHECK(strstr(e.msg, "verification failed") != NULL);
	image_store_close(s);
}

static void refuse(struct image_store *s, const char *name, const char *text)
{
	CLEANUP(buf_clear) struct buf said = BUF_INIT;
	struct archive a;
	struct err e;

	archive_begin(&a);
	archive_add(&a, name, text);
	CHECK_MSG(load(s, &a, &said, &e) < 0, "accepted: %s", text);
	CHECK_EQ(e.kind, ERR_INVALID);
}

TEST(load_refuses)
{
	struct image_store *s = store_at(harness_tmpdir());

	refuse(s, "nothing", "x");
	refuse(s, "manifest.json", "");
	refuse(s, "manifest.json", "{}");
	refuse(s, "manifest.json", "[{}]");
	refuse(s, "manifest.json", "[{\"Config\":\"../../etc/passwd\",\"Layers\":[]}]");
	refuse(s, "manifest.json", "[{\"Config\":\"manifest.json\",\"Layers\":[]}]");
	refuse(s, "index.json", "{\"manifests\":[{}]}");
	refuse(s, "repositories", "{\"x\":{\"y\":\"../..\"}}");
	refuse(s, "repositories", "{\"x\":{\"y\":\"" HEX_A "\"}}");
	image_store_close(s);
}
