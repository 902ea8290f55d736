// SPDX-License-Identifier: MIT
/*
 * The image configuration: image-spec config.md with Docker's additions
 * (Healthcheck, Shell, OnBuild, container_config and the like are carried
 * through untouched in the stored bytes). Parsed once, immutable in the store.
 */
#ifndef IMAGE_CONFIG_H
#define IMAGE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "json/bind.h"

struct image_health {
	struct strv test; /* {"NONE"}, {"CMD", …}, {"CMD-SHELL", text}; nil inherits */
	int64_t interval_nsec, timeout_nsec, start_period_nsec, start_interval_nsec;
	int64_t retries;
};

/* The "config" object. */
struct image_run_config {
	char *user;		   /* NULL or "" is root */
	struct strv exposed_ports; /* "80/tcp" */
	struct strv env;
	struct strv entrypoint;
	struct strv cmd;
	struct strv volumes; /* paths */
	char *working_dir;
	struct json_strmap labels;
	char *stop_signal;
	bool args_escaped;
	struct image_health *health; /* NULL: none given */
	struct strv onbuild;
	struct strv shell;
};

struct image_history {
	int64_t created_nsec;
	char *created_by, *author, *comment;
	bool empty_layer;
};

struct image_rootfs {
	char *type;	      /* "layers" */
	struct strv diff_ids; /* lowest layer first */
};

struct image_config {
	char *architecture, *os, *variant, *os_version, *author, *docker_version, *comment;
	int64_t created_nsec; /* 0 when absent */
	struct image_run_config config;
	struct image_rootfs rootfs;
	JSON_ARRAY_OF(struct image_history) history;
};

/* How these are bound to JSON (json/bind.h). */
extern const struct json_struct image_health_json;
extern const struct json_struct image_run_config_json;
extern const struct json_struct image_history_json;
extern const struct json_struct image_config_json;

/** image_config_new() - an empty configuration */
struct image_config *image_config_new(void);
/** image_config_free() - NULL is fine */
void image_config_free(struct image_config *c);
/** image_config_freep() - CLEANUP(image_config_freep) */
void image_config_freep(struct image_config **c);
/** image_run_config_clear() - frees the parts; all is empty after */
void image_run_config_clear(struct image_run_config *rc);
/** image_run_config_copy() - dst (cleared before) becomes a deep copy */
void image_run_config_copy(struct image_run_config *dst, const struct image_run_config *src);
/**
 * image_config_parse() - read configuration JSON from anybody
 * @p, @n: the bytes, at most IMAGE_CONFIG_MAX_BYTES
 * @ret:   the caller's
 * @e:     ERR_INVALID: not JSON, wrong types, rootfs.type not "layers", a diff id that is no digest
 *
 * Return: 0 or -1.
 */
int image_config_parse(const void *p, size_t n, struct image_config **ret,
		       struct err *e) WARN_UNUSED;
/** image_config_write() - appends the configuration as JSON, keys sorted as Docker's; same input,
 * same bytes */
void image_config_write(const struct image_config *c, struct buf *out);
/** image_run_config_write() - appends the "config" object as GET /images/{}/json shows it */
void image_run_config_write(const struct image_run_config *rc, struct buf *out);
/** image_config_add_history() - appends an entry; strings are copied, may be NULL */
void image_config_add_history(struct image_config *c, int64_t created_nsec, const char *created_by,
			      const char *comment, bool empty_layer);
/**
 * image_config_change() - apply one Dockerfile instruction of import and commit --change
 * @rc:   changed
 * @line: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, USER, VOLUME, WORKDIR, STOPSIGNAL,
 *        HEALTHCHECK, SHELL with their arguments
 * @e:    ERR_INVALID: "X is not a valid change command", or what is wrong with the arguments
 *
 * Return: 0 or -1.
 */
int image_config_change(struct image_run_config *rc, const char *line, struct err *e) WARN_UNUSED;
/**
 * image_config_changes() - the changes of one import or commit
 * @rc:    changed; half so when it fails
 * @lines: each one or more lines of a Dockerfile; none is fine
 * @e:     ERR_INVALID as above, "file with no instructions", longer than IMAGE_CHANGES_MAX_BYTES
 *
 * As Docker: SHELL is none of them, an ENTRYPOINT takes away a CMD that was not set here.
 *
 * Return: 0 or -1.
 */
int image_config_changes(struct image_run_config *rc, const struct strv *lines,
			 struct err *e) WARN_UNUSED;

#endif
