// SPDX-License-Identifier: MIT
/*
 * Manifests: Docker schema 2 and manifest lists, OCI image manifests and
 * indexes (image-spec manifest.md, image-index.md). Schema 1 is refused.
 * Everything parsed here is hostile.
 */
#ifndef IMAGE_MANIFEST_H
#define IMAGE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "image/config.h"

#define MEDIA_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define MEDIA_DOCKER_LIST     "application/vnd.docker.distribution.manifest.list.v2+json"
#define MEDIA_DOCKER_CONFIG   "application/vnd.docker.container.image.v1+json"
#define MEDIA_DOCKER_LAYER    "application/vnd.docker.image.rootfs.diff.tar.gzip"
#define MEDIA_OCI_MANIFEST    "application/vnd.oci.image.manifest.v1+json"
#define MEDIA_OCI_INDEX	      "application/vnd.oci.image.index.v1+json"
#define MEDIA_OCI_CONFIG      "application/vnd.oci.image.config.v1+json"

struct platform {
	char *os;	    /* "linux" */
	char *architecture; /* "amd64", "arm" */
	char *variant;	    /* "v7" or NULL */
	char *os_version;   /* or NULL */
};

#define PLATFORM_INIT \
	{             \
		0     \
	}

/** platform_clear() - frees the parts */
void platform_clear(struct platform *p);
/** platform_parse() - "linux/arm/v7", "linux/amd64", "arm64"; ERR_INVALID otherwise */
int platform_parse(const char *s, struct platform *ret, struct err *e) WARN_UNUSED;
/** platform_fullest() - platform_host(), on x86-64 with the level that the processor has ("v3") */
void platform_fullest(struct platform *ret);
/** platform_host() - this machine's */
void platform_host(struct platform *ret);
/** platform_of() - what an image is for; borrowed from its configuration */
struct platform platform_of(const struct image_config *c);
/** platform_score() - platform_match() of an image */
int platform_score(const struct platform *want, const struct image_config *c);
/** platform_string() - "linux/arm/v7", on the heap */
char *platform_string(const struct platform *p);
/** platform_match() - can want run what is offered; 0 no, higher is better (an exact variant beats
 * a lower one, which still runs) */
int platform_match(const struct platform *want, const struct platform *offer);
/* what platform_match() is for the same one */
#define PLATFORM_SAME 1500

struct descriptor {
	char *media_type;
	char digest[DIGEST_SIZE];
	int64_t size;
	struct platform platform; /* indexes only */
	bool attestation;	  /* an entry that is no image (buildkit's unknown/unknown) */
	char *ref_name;		  /* org.opencontainers.image.ref.name or NULL */
	char *image_name;	  /* io.containerd.image.name or NULL */
};

struct manifest {
	bool is_index;
	char *media_type;
	struct descriptor config; /* manifests */
	struct descriptor *items; /* layers lowest first, or an index's manifests */
	size_t n_items;
};

/** manifest_free() - NULL is fine */
void manifest_free(struct manifest *m);
/** manifest_freep() - CLEANUP(manifest_freep) */
void manifest_freep(struct manifest **m);
/**
 * manifest_parse() - read a manifest or index
 * @p, @n:      the bytes
 * @media_type: Content-Type of the answer or NULL; the body's own mediaType must not contradict it
 * @ret:        the caller's
 * @e:          ERR_INVALID malformed; ERR_UNIMPLEMENTED schema 1 and unknown media types
 *
 * Return: 0 or -1.
 */
int manifest_parse(const void *p, size_t n, const char *media_type, struct manifest **ret,
		   struct err *e) WARN_UNUSED;
/** manifest_choose() - the best entry of an index for a platform; borrowed. NULL with ERR_NOTFOUND
 * "no matching manifest for linux/arm/v7 in the manifest list entries" */
const struct descriptor *manifest_choose(const struct manifest *m, const struct platform *want,
					 struct err *e) WARN_UNUSED;
/** manifest_accept() - the Accept header listing what manifest_parse() reads */
const char *manifest_accept(void);

#endif
