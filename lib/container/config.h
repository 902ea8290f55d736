// SPDX-License-Identifier: MIT
/*
 * What the shim must know about a container beyond its config.json: written
 * by the engine as shim.json beside it, in the bundle (run) directory.
 * Files of a bundle: config.json, shim.json, seccomp.json (only with an own
 * profile), shim.sock, shim.pid, exit.json.
 */
#ifndef CONTAINER_CONFIG_H
#define CONTAINER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "json/bind.h"

/* How the root file system comes about in the container's own mount namespace. */
struct container_rootfs {
	char *type;	/* "overlay"; "fuse-overlayfs": mounted by the program; "bind": source is a
			   finished directory */
	char *program;	/* fuse-overlayfs: its absolute path */
	char *base_dir; /* overlay: the driver's directory; lower, upper, work may be relative to it
			 */
	char *options;	/* overlay: whole option text "lowerdir=l/A:l/B,upperdir=...,workdir=...,
			   userxattr" */
	char *source;	/* bind: the directory */
	char *mount_dir; /* an existing directory on which it is mounted (in the container only);
			    NULL: the bundle's "rootfs", made when missing */
};

/* Where stdout and stderr go besides attached clients: into a file, and to a service. */
struct container_log {
	char *driver;	    /* format of the file: "json-file", "local", "none" */
	char *path;	    /* of the file, absolute */
	uint64_t max_bytes; /* 0: no rotation */
	int max_files;	    /* at least 1; older ones are path.1, path.2, ... */
	bool compress;	    /* older ones are path.1.gz ... */
	char *attrs;   /* JSON object text of extra attributes (--log-opt labels/env), or NULL; with
			  the service journald the fields of each of its messages */
	char *service; /* NULL, "syslog", "journald"; the file is then what is read again */
	char *address; /* "unix:PATH", "unixgram:PATH", "udp:HOST:PORT", "tcp:HOST:PORT", a path
			  for journald; NULL: the usual sockets */
	char *format;  /* of syslog: NULL, "rfc3164", "rfc5424", "rfc5424micro" */
	char *tag;     /* of syslog */
	int facility;  /* of syslog, shifted: 24 is LOG_DAEMON */
	bool drop;     /* mode=non-blocking: what does not fit the buffer is dropped at once */
	uint64_t buffer_bytes; /* what waits for the service; 0: LOG_BUFFER_DEFAULT */
};

struct container_config {
	char *id; /* 64 hexadecimal digits */
	struct container_rootfs rootfs;
	struct container_log log;
	bool open_stdin;
	bool stdin_once;
	char *cgroup_path; /* absolute, made by the engine; NULL or "": none */
	char *seccomp;	 /* "": the specification's own; "default": built in; "unconfined"; else the
			    name of a profile file in the bundle */
	char *cache_dir; /* of compiled seccomp programs; NULL: the bundle's parent's ".seccomp" */
	int stop_signal; /* carried, for others who read the bundle */
};

extern const struct json_struct container_config_json;
extern const struct json_struct container_rootfs_json;
extern const struct json_struct container_log_json;

/* exit.json */
struct container_exit {
	int exit_code;
	int64_t finished_nsec; /* since 1970 UTC */
	bool oom_killed;
	char *error; /* why it could not start; NULL when it ran */
};

extern const struct json_struct container_exit_json;

/** container_config_clear() - frees the contents */
void container_config_clear(struct container_config *c);
/** container_config_load() - reads BUNDLE/shim.json; *ret is zeroed first */
int container_config_load(const char *bundle, struct container_config *ret,
			  struct err *e) WARN_UNUSED;
/** container_config_save() - writes BUNDLE/shim.json atomically */
int container_config_save(const char *bundle, const struct container_config *c,
			  struct err *e) WARN_UNUSED;
/** container_exit_load() - reads BUNDLE/exit.json; ERR_NOTFOUND while the container runs (or when
 * its shim was killed) */
int container_exit_load(const char *bundle, struct container_exit *ret, struct err *e) WARN_UNUSED;
/** container_exit_save() - writes BUNDLE/exit.json atomically */
int container_exit_save(const char *bundle, const struct container_exit *x,
			struct err *e) WARN_UNUSED;
/** container_exit_clear() - frees the contents */
void container_exit_clear(struct container_exit *x);

#endif
