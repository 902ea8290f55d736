// SPDX-License-Identifier: MIT
/* Manifests and indexes, good and hostile. */
#include "image/manifest.h"

#include <string.h>

#include "base/mem.h"
#include "tests/unit/harness.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define PATH_DIGEST "sha256:../../../x"

#define MANIFEST                                                                                 \
	"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_DOCKER_MANIFEST "\",\"config\":{"          \
	"\"mediaType\":\"" MEDIA_DOCKER_CONFIG "\",\"size\":7,\"digest\":\"" A "\"},\"layers\":" \
	"[{\"mediaType\":\"" MEDIA_DOCKER_LAYER "\",\"size\":9,\"digest\":\"" B "\"}]}"

#define ENTRY(digest, arch, variant)                                                          \
	"{\"mediaType\":\"" MEDIA_OCI_MANIFEST "\",\"size\":5,\"digest\":\"" digest "\","     \
	"\"platform\":{\"os\":\"linux\",\"architecture\":\"" arch "\",\"variant\":\"" variant \
	"\"}}"

static int parse(const char *text, const char *type, struct manifest **ret, struct err *e)
{
	return manifest_parse(text, strlen(text), type, ret, e);
}

TEST(manifest_schema2)
{
	CLEANUP(manifest_freep) struct manifest *m = NULL;
	struct err e;

	CHECK_OK(parse(MANIFEST, MEDIA_DOCKER_MANIFEST, &m, &e), e);
	CHECK(!m->is_index);
	CHECK_STR(m->config.digest, A);
	CHECK_EQ(m->config.size, 7);
	CHECK_EQ(m->n_items, 1);
	CHECK_STR(m->items[0].digest, B);
	CHECK_EQ(m->items[0].size, 9);
}

TEST(manifest_index_choice)
{
	CLEANUP(manifest_freep) struct manifest *m = NULL;
	CLEANUP(platform_clear) struct platform p = PLATFORM_INIT;
	const struct descriptor *d;
	struct err e;

	CHECK_OK(parse("{\"schemaVersion\":2,\"manifests\":[" ENTRY(A, "amd64", "") "," ENTRY(
			       B, "arm", "v6") "," ENTRY(C, "arm", "v7") "]}",
		       MEDIA_OCI_INDEX, &m, &e),
		 e);
	CHECK(m->is_index);
	CHECK_OK(platform_parse("linux/arm/v7", &p, &e), e);
	d = manifest_choose(m, &p, &e);
	CHECK(d != NULL);
	CHECK_STR(d->digest, C);
	platform_clear(&p);
	CHECK_OK(platform_parse("linux/s390x", &p, &e), e);
	CHECK(manifest_choose(m, &p, &e) == NULL);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	CHECK_STR(e.msg, "no matching manifest for linux/s390x in the manifest list entries");
}

TEST(manifest_refuses)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"schemaVersion\":2,\"config\":{},\"layers\":[]}",
		"{\"schemaVersion\":2,\"config\":{},\"layers\":[],\"manifests\":[]}",
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"x\",\"size\":-1,\"digest\":"
		"\"" A "\"}]}",
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"x\",\"size\":1e30,"
		"\"digest\":\"" A "\"}]}",
		"{\"manifests\":[{\"mediaType\":\"x\",\"size\":1,\"digest\":\"" PATH_DIGEST "\"}]}",
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.unknown\",\"layers\":[]}",
	};
	struct manifest *m = NULL;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_MSG(parse(bad[i], NULL, &m, &e) < 0, "accepted: %s", bad[i]);
	CHECK(parse(MANIFEST, MEDIA_OCI_INDEX, &m, &e) < 0);
	CHECK(parse("{\"schemaVersion\":1,\"fsLayers\":[]}", NULL, &m, &e) < 0);
	CHECK_EQ(e.kind, ERR_UNIMPLEMENTED);
	CHECK(m == NULL);
}
