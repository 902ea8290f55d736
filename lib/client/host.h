// SPDX-License-Identifier: MIT
/* Which engine: -H, -c, DOCKER_HOST, DOCKER_CONTEXT, config.json, the default sockets. */
#ifndef CLIENT_HOST_H
#define CLIENT_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "client/client.h"

enum host_kind { HOST_UNIX, HOST_TCP, HOST_SSH };

struct host {
	enum host_kind kind;
	char *text;	  /* as given: "unix:///run/docker.sock", "tcp://host:2376" */
	char *path;	  /* socket */
	char *name;	  /* host name or address */
	uint16_t port;	  /* 2375, or 2376 with TLS, unless given */
	char *context;	  /* "default", or the context's name */
	char *tls_dir;	  /* of a context: holds ca.pem, cert.pem, key.pem; NULL none */
	bool tls;	  /* the context or the scheme asks for it */
	bool skip_verify; /* the context takes any certificate */
};

/** host_parse() - take an address apart; unix://, tcp://, http://, https:// and ssh:// are known */
int host_parse(const char *text, struct host *ret, struct err *e) WARN_UNUSED;
/** host_find() - the engine meant by options and environment; default sockets at the end:
 * $XDG_RUNTIME_DIR/docker.sock when it exists and /var/run/docker.sock cannot be used */
int host_find(const struct client_options *o, struct host *ret, struct err *e) WARN_UNUSED;
/** host_context() - name of the context that options, environment and config.json mean, on the
 * heap; "default" when there is none */
char *host_context(const struct client_options *o);
/** host_clear() - frees what the struct holds */
void host_clear(struct host *h);
/** host_config_dir() - the CLI's configuration directory on the heap: given, $DOCKER_CONFIG or
 * ~/.docker */
char *host_config_dir(const char *given);

#endif
