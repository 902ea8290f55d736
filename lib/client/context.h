// SPDX-License-Identifier: MIT
/*
 * The docker CLI's contexts, written as it writes them (cli/context/store:
 * contexts/meta/<sha256 of the name>/meta.json; "currentContext" of
 * config.json), so that they exist with and without a CLI on the host.
 */
#ifndef CLIENT_CONTEXT_H
#define CLIENT_CONTEXT_H

#include <stdbool.h>

#include "base/err.h"
#include "json/json.h"
#include "json/write.h"

/** context_path() - DIR/contexts/KIND/<sha256 of the name> on the heap; kind is "meta" or "tls" */
char *context_path(const char *dir, const char *kind, const char *name);
/** context_read() - the whole meta.json of a context, the caller's; ERR_NOTFOUND as the CLI says it
 */
int context_read(const char *dir, const char *name, struct json **ret, struct err *e) WARN_UNUSED;
/** context_exists() - dir (the CLI's configuration directory) has a context of this name */
bool context_exists(const char *dir, const char *name);

struct context {
	const char *name;
	const char *host;	 /* "unix:///run/user/1000/docker.sock" */
	const char *description; /* shown by docker context ls; NULL none */
	bool skip_verify;	 /* TLS with whatever certificate */
};

/** context_write() - the members of a context's meta.json into an object */
void context_write(struct json_w *w, const struct context *c);
/**
 * context_create() - write a context with one endpoint "docker"
 * @dir: the CLI's configuration directory, made when absent
 * @c:   what it says
 * @e:   filled on failure
 *
 * Replaces a context of this name.
 */
int context_create(const char *dir, const struct context *c, struct err *e) WARN_UNUSED;

/** context_remove() - remove a context with its TLS material; absent is success */
int context_remove(const char *dir, const char *name, struct err *e) WARN_UNUSED;

/**
 * context_use() - make a context the current one
 * @dir:  the CLI's configuration directory
 * @name: "default" takes the setting away
 * @e:    ERR_INVALID when config.json is not a JSON object: it is then left as it is
 *
 * Every other key of config.json, its mode, and a link to it stay.
 */
int context_use(const char *dir, const char *name, struct err *e) WARN_UNUSED;

#endif
