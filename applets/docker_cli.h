// SPDX-License-Identifier: MIT
/*
 * Shared by the files of the docker applet: the table of commands, the client,
 * streams to and from a container's terminal. A command fills a configuration
 * struct from its option table and returns an exit code.
 */
#ifndef APPLETS_DOCKER_CLI_H
#define APPLETS_DOCKER_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/opt.h"
#include "base/strv.h"
#include "client/client.h"
#include "client/spec.h"
#include "json/json.h"
#include "json/write.h"

#define DOCKER_EXIT_USAGE 125 /* the CLI's own failure, where a command's code may be passed on */

/* --format of what prints a table */
#define DOCKER_OPT_FORMAT(at)                                                                  \
	{                                                                                      \
		0, "format", OPT_STR, at, "string",                                            \
			"Format output using a custom template: table, table TEMPLATE, json, " \
			"TEMPLATE",                                                            \
			NULL                                                                   \
	}

#define DOCKER_EXIT_FORMAT 64 /* not a template */

struct docker_cli {
	struct client_options conn;
	bool debug;
	const char *log_level;
	struct client *client; /* opened by docker_client() */
	const char *command;   /* "docker container ls", for messages */
	void *conf;	       /* of the running command */
};

struct docker_cmd {
	const char *args;	/* "[OPTIONS] CONTAINER [CONTAINER...]" */
	const char *about;	/* one line */
	const struct opt *opts; /* NULL none */
	size_t conf_size;	/* of the struct the options point into */
	int min, max;		/* operands; max -1: any number */
	int flags;		/* enum opt_flags */
	int usage_code; /* exit code after a usage error, 0: 125 for options, 1 for operands */
	int (*run)(struct docker_cli *cli, void *conf, int argc, char **argv);
	void (*init)(void *conf); /* defaults that are not zero; may be NULL */
};

/* docker.c */

/** docker_client() - the client, opened at the first call; NULL with e */
struct client *docker_client(struct docker_cli *cli, struct err *e);
/** docker_fail() - prints the error on stderr; returns 1 */
int docker_fail(const struct err *e);
/** docker_warnings() - prints "WARNING: …" for each text of a list */
void docker_warnings(const struct json *list);
/** docker_call() - one request without query and body; *ret may be NULL; the status or -1 */
int docker_call(struct docker_cli *cli, const char *method, char *path, struct json **ret,
		struct err *e);
/** docker_check_filter() - for option tables: the value is "name=value" */
int docker_check_filter(void *conf, const char *value, struct err *e);
/** docker_filters() - adds "filters" to a query from "name=value" texts */
void docker_filters(struct http_query *q, const struct strv *filters);
/** docker_query_time() - adds a time given as duration, RFC 3339 or its first parts, or seconds;
 * nothing for NULL; ERR_INVALID names the key */
int docker_query_time(struct http_query *q, const char *key, const char *text, struct err *e);
/** docker_query_platform() - adds "platform" as JSON from "os/arch/variant"; nothing for NULL */
void docker_query_platform(struct http_query *q, const char *text);
/** docker_config_file() - path of config.json on the heap */
char *docker_config_file(const struct docker_cli *cli);

/* docker_attach.c */

struct docker_io {
	struct stream *stream; /* owned */
	struct buf left;       /* read ahead of it */
	bool tty;
	bool multiplexed;
	bool input;		 /* our stdin goes to the stream */
	bool output;		 /* print what comes; else only wait for the end */
	const char *detach_keys; /* NULL: ctrl-p,ctrl-q */
	bool detached;		 /* set: the user pressed the keys */
};

/** docker_io_run() - moves bytes both ways until the other side ends or the keys detach; a terminal
 * is raw meanwhile. 0, or -1 with e */
int docker_io_run(struct docker_io *io, struct err *e);
/** docker_io_clear() - closes the stream */
void docker_io_clear(struct docker_io *io);
/** docker_io_check() - stdin can serve a TTY session: ERR_INVALID "the input device is not a TTY"
 */
int docker_io_check(bool input, bool tty, struct err *e);
/** docker_resize_start() - tells the engine the terminal's size now and at each SIGWINCH; path is
 * "/containers/x/resize" and is kept for ever; redraw: another size first, so that what runs paints
 * itself anew */
void docker_resize_start(struct docker_cli *cli, char *path, bool redraw);
/** docker_signals_start() - from now on signals go to the container instead of ending us; id is
 * kept for ever */
void docker_signals_start(struct docker_cli *cli, char *id);
/** docker_tty_size() - rows and columns of our terminal; false when there is none */
bool docker_tty_size(unsigned *rows, unsigned *cols);

/* docker_pull.c */

/** docker_progress() - shows a stream of progress messages; -1 with e when it reports an error; out
 * is the descriptor to print on; quiet shows nothing */
int docker_progress(struct http_client *h, int out_fd, bool quiet, struct err *e);
/** docker_pull_image() - pulls a reference; platform may be NULL */
int docker_pull_image(struct docker_cli *cli, const char *ref, const char *platform, int out_fd,
		      bool quiet, struct err *e);

/* docker_login.c */

/** docker_auth_header() - X-Registry-Auth for a reference's registry on the heap; NULL none */
char *docker_auth_header(struct docker_cli *cli, const char *ref);

/* docker_create.c */

/* Options of docker run and docker create. */
struct docker_create {
	/* the CLI's own */
	bool detach, rm, sig_proxy, quiet;
	const char *name, *platform, *pull, *cidfile, *detach_keys;
	/* what runs */
	bool interactive, tty, init;
	const char *entrypoint, *user, *workdir, *hostname, *domainname, *stop_signal;
	const char *stop_timeout, *mac, *ip, *ip6;
	struct strv attach, env, env_file, labels, label_file, expose, annotations;
	/* files */
	struct strv volumes, mounts, tmpfs, volumes_from, devices, storage_opt, cgroup_rule;
	const char *volume_driver;
	bool read_only;
	/* network */
	struct strv publish, add_host, dns, dns_opt, dns_search, networks, links, aliases,
		link_local;
	bool publish_all;
	/* isolation */
	bool privileged;
	struct strv cap_add, cap_drop, security_opt, group_add, ulimits, sysctls;
	const char *ipc, *pid, *uts, *userns, *cgroupns, *runtime, *isolation, *cgroup_parent;
	/* limits */
	uint64_t memory, memory_reservation, kernel_memory, shm_size;
	const char *memory_swap, *cpus, *cpuset_cpus, *cpuset_mems;
	int64_t pids_limit, cpu_shares, cpu_period, cpu_quota, cpu_rt_period, cpu_rt_runtime,
		memory_swappiness, oom_score_adj;
	int64_t blkio_weight;
	struct strv io_devices[5]; /* weight, read bps, write bps, read iops, write iops */
	bool oom_kill_disable;
	const char *gpus;
	/* life */
	const char *restart, *log_driver;
	struct strv log_opt;
	const char *health_cmd, *health_interval, *health_timeout, *health_start,
		*health_start_interval;
	int health_retries;
	bool no_healthcheck, disable_trust;
	/* worked out by docker_create_body() */
	struct spec_network *nets;
	size_t n_nets;
	bool attach_stdin, attach_stdout, attach_stderr;
};

#define DOCKER_RUN_ONLY 3
extern const struct opt docker_run_opts[];
/** docker_check_cpus(), docker_check_swap() - for option tables: --cpus, --memory-swap */
int docker_check_cpus(void *conf, const char *value, struct err *e);
int docker_check_swap(void *conf, const char *value, struct err *e);
/** docker_create_init() - defaults */
void docker_create_init(void *conf);
/** docker_create_body() - the JSON body for image and command */
int docker_create_body(struct docker_create *c, const char *image, int argc, char **argv,
		       struct buf *out, struct err *e) WARN_UNUSED;

/** docker_put_limits() - writes the limits that docker update can change too */
int docker_put_limits(const struct docker_create *c, struct json_w *w, struct err *e) WARN_UNUSED;

/* docker_create_net.c */

/** docker_network_is_own() - a network that somebody made, none of the predefined modes */
bool docker_network_is_own(const char *name);
/** docker_read_networks() - reads --network and the older options into c->nets; ERR_INVALID */
int docker_read_networks(struct docker_create *c, struct err *e) WARN_UNUSED;
/** docker_put_networks() - writes NetworkingConfig */
void docker_put_networks(const struct docker_create *c, struct json_w *w);

/* docker_table.c */

/* Columns as wide as their widest cell plus three blanks, as text/tabwriter makes them. */
struct docker_table {
	struct strv cells;
	size_t columns;
	size_t min_width; /* of a column with its blanks; 0: 10 */
};

/** docker_table_row() - adds a row of columns cells */
void docker_table_row(struct docker_table *t, const char *const *cells);
/** docker_table_print() - prints and empties the table */
void docker_table_print(struct docker_table *t);

/** docker_labels() - "a=b,c=d" of a map, in order, on the heap */
char *docker_labels(const struct json *labels);

struct docker_column {
	const char *key;  /* field for templates */
	const char *head; /* heading */
};

/** docker_format() - prints rows (an array of objects with string members): format NULL prints the
 * table of columns; "json", a template, or "table TEMPLATE"; heads gives headings for all fields;
 * type is a row's in Docker's CLI, for errors */
int docker_format(const char *format, const char *type, const struct json *rows,
		  const struct docker_column *columns, const struct docker_column *heads,
		  struct err *e);
/* what Docker's CLI calls a template of one value in errors */
struct docker_root {
	const char *name, *type; /* see template_set_root() */
	const char *parse, *run; /* before messages; run NULL: nothing */
};
extern const struct docker_root docker_root_inspect;

/** docker_check_format() - 0, or DOCKER_EXIT_FORMAT after it has said what is wrong with the
 * template; NULL is fine */
int docker_check_format(const struct docker_root *root, const char *format);
/** docker_format_tree() - prints one value through a template or "json" */
int docker_format_tree(const struct docker_root *root, const char *format, const struct json *value,
		       struct err *e);

/* docker_list.c */

/** docker_ps_row() - writes an answer's container as a row of docker ps; total: its size with the
 * image's */
void docker_ps_row(struct json_w *w, const struct json *c, bool no_trunc, bool total);

/* docker_image.c */

/** docker_image_row() - writes an answer's image, by its first name, as a row of docker images */
void docker_image_row(struct json_w *w, const struct json *image, bool no_trunc);

/* docker_volume.c */

/** docker_volume_row() - writes an answer's volume as a row of docker volume ls */
void docker_volume_row(struct json_w *w, const struct json *v);

/* docker_system.c */

#define DOCKER_CLIENT_VERSION "28.5.2"

/** docker_write_client() - writes members that say what this client is; c may be NULL */
void docker_write_client(struct json_w *w, const struct client *c);

/* docker_df.c */

extern const struct docker_cmd docker_df_cmd;

/* docker_context.c */

/** docker_context_inspect() - what docker context inspect shows of a context; -1 with e */
int docker_context_inspect(struct docker_cli *cli, const char *name, struct json **ret,
			   struct err *e);

/* docker_complete.c */

/** docker_completion() - docker completion SHELL: prints the shell's script; exit code */
int docker_completion(int argc, char **argv);
/** docker_suggest() - docker __complete: prints what starts with the last of words */
int docker_suggest(struct docker_cli *cli, int argc, char **argv);

/* docker.c, for docker_complete.c */

struct docker_command {
	const char *group; /* "" at top level */
	const char *name;
	const struct docker_cmd *cmd;
};
struct docker_group {
	const char *name, *about;
};
extern const struct docker_command docker_commands[]; /* ended by a NULL name */
extern const struct docker_group docker_groups[];     /* ended by a NULL name */
extern const struct opt docker_global_opts[];

/* the commands */
extern const struct docker_cmd docker_run_cmd, docker_create_cmd;
extern const struct docker_cmd docker_exec_cmd, docker_attach_cmd, docker_start_cmd;
extern const struct docker_cmd docker_stop_cmd, docker_restart_cmd, docker_kill_cmd, docker_rm_cmd,
	docker_pause_cmd, docker_unpause_cmd, docker_rename_cmd, docker_wait_cmd,
	docker_container_prune_cmd;
extern const struct docker_cmd docker_update_cmd, docker_stats_cmd;
extern const struct docker_cmd docker_ps_cmd, docker_logs_cmd, docker_top_cmd, docker_port_cmd,
	docker_diff_cmd;
extern const struct docker_cmd docker_inspect_cmd, docker_container_inspect_cmd,
	docker_image_inspect_cmd;
extern const struct docker_cmd docker_images_cmd, docker_rmi_cmd, docker_tag_cmd,
	docker_history_cmd, docker_image_prune_cmd;
extern const struct docker_cmd docker_pull_cmd, docker_load_cmd, docker_import_cmd, docker_save_cmd,
	docker_export_cmd;
extern const struct docker_cmd docker_version_cmd, docker_info_cmd, docker_ping_cmd,
	docker_events_cmd, docker_dial_stdio_cmd;
extern const struct docker_cmd docker_cp_cmd;
extern const struct docker_cmd docker_network_create_cmd, docker_network_connect_cmd,
	docker_network_disconnect_cmd, docker_network_inspect_cmd, docker_network_ls_cmd,
	docker_network_rm_cmd, docker_network_prune_cmd;
extern const struct docker_cmd docker_push_cmd, docker_commit_cmd, docker_search_cmd;
extern const struct docker_cmd docker_volume_create_cmd, docker_volume_inspect_cmd,
	docker_volume_ls_cmd, docker_volume_rm_cmd, docker_volume_prune_cmd;
extern const struct docker_cmd docker_context_create, docker_context_export, docker_context_import,
	docker_context_update, docker_context_use, docker_context_show, docker_context_rm,
	docker_context_ls, docker_context_inspect_cmd;
extern const struct docker_cmd docker_builder_prune_cmd, docker_system_prune_cmd;
extern const struct docker_cmd docker_login_cmd, docker_logout_cmd;

#endif
