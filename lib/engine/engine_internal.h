// SPDX-License-Identifier: MIT
/*
 * What the engine's files share: the engine object, containers, and the verbs
 * they offer one another. See README.md for the theory of operation.
 *
 * en->mu guards everything in here unless a member says otherwise, and is never
 * held across I/O, spawn or wait. en->changed is broadcast at every change of a
 * container's state.
 */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/file.h"
#include "base/list.h"
#include "base/map.h"
#include "base/rand.h"
#include "base/signame.h"
#include "base/thread.h"
#include "base/time.h"
#include "cgroup/cgroup.h"
#include "container/shim_client.h"
#include "engine/container.h"
#include "engine/engine.h"
#include "engine/event.h"
#include "engine/exec.h"
#include "engine/names.h"
#include "engine/resource.h"
#include "engine/state.h"
#include "engine/types.h"
#include "engine/uplink.h"
#include "network/client.h"
#include "network/ipam.h"
#include "network/pools.h"
#include "network/ports.h"
#include "storage/layer.h"
#include "storage/rw.h"
#include "storage/storage.h"
#include "storage/volume.h"

/* One mount of a container: what inspect shows, and how to make it. */
struct container_mount {
	struct docker_mount_point point;
	bool copy_up;  /* an empty volume is filled from the image */
	char *options; /* tmpfs: mount options; bind: how far read-only goes, NULL the default */
	char *subpath; /* volume, image: what is below its root */
	char *image;   /* image: its id */
	bool non_recursive, create_source;
	bool from_other; /* --volumes-from: gives way while the container is made */
};

struct container_port { /* a published port, kept to take it back */
	uint64_t id;	/* rootlesskit's */
	enum port_proto proto;
	uint16_t host_port;
	bool ephemeral; /* taken from the pool */
};

struct container_link {	 /* --link on the default bridge */
	char *id, *name; /* of the other container, when the link was made */
	char *alias;
};

struct container {
	char id[RAND_ID_LEN + 1];
	char *name; /* without slash */
	unsigned refs;
	enum container_state state;
	bool removed;  /* out of the table */
	bool freezing; /* its shim is told to freeze or thaw it: one at a time, the state follows */
	bool leaving;  /* ended; bundle and cgroup are being taken back, a start waits for that */
	int signals;   /* under way: their events come before that of the end */
	bool stopped_by_shutdown;
	uint64_t runs; /* how often it was started by this engine: tells one run from the next */

	int64_t created_nsec;
	char *path;
	struct strv args;
	char image_id[DIGEST_SIZE];
	char *os;
	struct docker_config config;
	struct docker_host_config host;
	JSON_ARRAY_OF(struct container_mount) mounts;
	struct docker_network_settings net;

	int64_t pid;
	uint64_t start_ticks; /* proc_start_time() of pid */
	int exit_code;
	char *error;
	int64_t started_nsec, finished_nsec;
	bool oom_killed, started_before, manually_stopped;
	int64_t restart_count;
	int64_t backoff_ms; /* the last wait for a restart; 0 when somebody has started it */
	struct docker_health *health;

	bool no_new_privileges;
	char *seccomp;	       /* "", "default", "unconfined" or "profile" (text below) */
	char *seccomp_profile; /* JSON text of an own profile */
	char *apparmor;

	JSON_ARRAY_OF(struct container_link) links;
	struct keepid ids;	/* while it is made; then the storage room knows them */
	pthread_mutex_t net_mu; /* held while the network of the run changes; before en->mu */
	pid_t net_pid;		/* a process in its network while that is there; net_mu and mu */
	/* of the endpoint with the default route, while it runs: where published ports lead */
	struct ip address, address6;
	struct ip host_binding; /* of that network: where ports are published; IP_NONE any */
	JSON_ARRAY_OF(struct container_port) ports;
	char *cgroup; /* directory while it runs, or NULL */

	struct list attaches;	 /* struct engine_attach_claim: clients waiting for the start */
	struct list waits;	 /* struct engine_wait */
	struct list followers;	 /* of the log: struct follower */
	struct list execs;	 /* struct exec */
	pthread_mutex_t save_mu; /* held across writing the state files; before en->mu */
	bool dir_removed;	 /* guarded by save_mu: nothing is written any more */
};

enum exec_state { EXEC_CREATED, EXEC_STARTING, EXEC_RUNNING, EXEC_EXITED };

struct exec {
	struct list link;
	char id[RAND_ID_LEN + 1];
	struct container *c; /* borrowed: an exec never outlives its container */
	struct docker_exec_config conf;
	enum exec_state state;
	bool health; /* a probe: not listed, no events */
	int64_t pid;
	uint64_t start_ticks; /* proc_start_time() of pid; 0: it had ended before that was read */
	int exit_code;
	int64_t finished_ms; /* monotonic; 0 while it may run */
};

struct events;

struct engine {
	pthread_mutex_t mu;
	pthread_mutex_t mount_mu; /* volumes being mounted or unmounted; before mu */
	pthread_cond_t changed;
	struct map containers; /* id -> struct container */
	struct map names;      /* name -> struct container */
	struct map execs;      /* id -> struct exec */
	bool closing;
	unsigned supervisors; /* threads alive */

	/* set by engine_open(), never changed after */
	char *data_root, *exec_root, *containers_dir, *state_dir, *id;
	char *log_driver;
	const char *driver; /* of the storage */
	char *self_path;    /* this binary, for --init */
	int64_t started_nsec;
	struct json_strmap log_opts;
	struct strv dns, dns_search, dns_opts;
	unsigned mtu;
	bool init;
	struct storage *storage;
	struct image_store *images;
	struct volumes *volumes;
	struct cgroup_root cgroup;
	struct netns_client *netns; /* NULL: no bridge networks here */
	struct uplink uplink;
	struct names *names_feed;   /* what usernet answers; has its own mutex */
	struct events *events;	    /* has its own mutex */
	struct port_pool port_pool; /* has its own mutex */
	struct addr_pools pools;    /* of networks without a subnet of their own */

	/* guarded by mu */
	struct map networks; /* id -> struct network */
	bool debug, experimental, stop_on_shutdown;
	int shutdown_timeout_sec;
	struct strv labels;
	struct registry_config registries;
};

/* --- containers: table, references (table.c) --- */
struct container *container_new(void);
void container_unref(struct engine *en, struct container *c);
/* finds by id, prefix or name; with mu held; ERR_NOTFOUND, ERR_INVALID when ambiguous */
struct container *container_find(struct engine *en, const char *name, struct err *e);
/* the same with a reference, mu not held */
struct container *container_get(struct engine *en, const char *name, struct err *e);
/* a well-formed name that nobody has; slash: what a message shows before it. With mu held */
int container_name_free(struct engine *en, const char *slash, const char *name, struct err *e);
char *container_random_name(void);
char *container_dir(struct engine *en, const struct container *c);
char *container_bundle(struct engine *en, const struct container *c);
/* whether ev is allowed: ERR_CONFLICT or ERR_NOTMODIFIED with Docker's words when it is not. With
 * mu held, as the next one */
int container_may(const struct container *c, enum container_event ev, struct err *e);
/* the state after ev, when it is allowed */
int container_step(struct engine *en, struct container *c, enum container_event ev, struct err *e);
/* waits while the state is transitional; with mu held, which it gives up meanwhile: the caller has
 * a reference */
void container_settled(struct engine *en, struct container *c);
void container_event(struct engine *en, struct container *c, const char *action, const char *key,
		     const char *value);
struct engine_event_attribute {
	const char *key, *value;
};
/* the same with more attributes than one, ended by a NULL key */
void container_event_with(struct engine *en, struct container *c, const char *action,
			  const struct engine_event_attribute *more);
/* the same with mu held */
void container_event_held(struct engine *en, struct container *c, const char *action,
			  const struct engine_event_attribute *more);
/* completes a container's configuration by an image's (or, for a commit, by another container's) */
void container_config_merge(struct docker_config *conf, const struct image_run_config *rc);

/* --- state on disk (persist.c) --- */
int container_save(struct engine *en, struct container *c, bool sync, struct err *e);
/* after a start or an end: synced when the next boot acts on it */
int container_save_run(struct engine *en, struct container *c, struct err *e);
int container_save_host(struct engine *en, struct container *c, enum file_sync sync, struct err *e);
int containers_load(struct engine *en, struct err *e);

/* --- life (start.c, supervise.c, stop.c) --- */
int container_launch(struct engine *en, struct container *c, struct err *e);
/* takes back a container that ran under an earlier engine */
void container_take_back(struct engine *en, struct container *c);
/* undoes a start that an earlier engine neither finished nor acknowledged */
void container_undo_start(struct engine *en, struct container *c);
int container_supervise(struct engine *en, struct container *c, struct shim_conn *conn,
			struct err *e);
/* --rm: removes an ended container with its anonymous volumes; failures are logged */
void container_auto_remove(struct engine *en, struct container *c);
int container_delete(struct engine *en, struct container *c, bool volumes, struct err *e);
int container_shim_kill(struct engine *en, struct container *c, int sig, bool all, struct err *e);
/* exit events of execs; called by the supervisor */
void exec_ended(struct engine *en, struct container *c, const char *exec_id, int exit_code);
/* the container has ended: execs whose end was not reported are over too; with mu held */
void execs_over(struct container *c);
void exec_free(struct exec *x);
/* starts a health probe; its output goes to client_fd */
int exec_probe(struct engine *en, struct container *c, const struct strv *argv, int client_fd,
	       char *ret_id, struct err *e);
/* wakes the waiters of a condition; with mu held */
void waits_wake(struct container *c, bool removed, const char *error);
/* the state has changed: who follows the log looks at it. With mu held */
void followers_wake(struct container *c);

/* a client between engine_attach_begin() and the container's start */
struct engine_attach_claim {
	struct list link; /* in the container's attaches while it does not run */
	struct engine *en;
	struct container *c;	/* a reference until finished */
	struct engine_attach a; /* once ready: client_fd and leftover are owned */
	unsigned char keys[SHIM_DETACH_KEYS_MAX];
	size_t n_keys;
	bool ready;	       /* finished: waits for the start */
	struct shim_conn conn; /* which keeps a place for the client; -1: none */
	int64_t since_nsec;    /* what is written from then on waits there */
};
/* a, or what is asked for so far, in the shim's words */
struct shim_attach attach_for_shim(const struct engine_attach_claim *p,
				   const struct engine_attach *a);
/* frees a claim that is finished and off its list */
void attach_claim_free(struct engine_attach_claim *p);
/* takes the finished claims off the container, waiting for those that are not yet; with mu held */
void attach_claims_take(struct engine *en, struct container *c, struct list *ret);
/* drops them: the container will not run; with mu held */
void attach_claims_drop(struct container *c);
int detach_keys_parse(const char *text, unsigned char *ret, size_t *ret_n, struct err *e);

/* --- health (health.c): state of one container's checks, owned by its supervisor --- */
struct health;
struct health *health_new(struct engine *en, struct container *c);
void health_free(struct health *h);
/* milliseconds until health_due() must be called; -1 never */
int health_wait_ms(const struct health *h);
void health_due(struct health *h);
/* an exec of the container has ended: the probe, or another */
void health_exec_ended(struct health *h, const char *exec_id, int exit_code);

/* what Docker left in the data root: taken over or named in the log (legacy.c) */
void legacy_tell(struct engine *en);

/* --- making (create.c, mounts.c, spec.c) --- */
int mounts_plan(struct engine *en, struct container *c, const struct strv *image_volumes,
		struct err *e);
/* completes a mount read from a config.v2.json that Docker wrote */
int mount_from_docker(struct engine *en, struct container_mount *m, const struct json *v,
		      struct err *e);
/* whether it mounts this image */
bool mounts_image(const struct container *c, const char *image_id);
extern const struct json_struct container_mount_json;
/* --- volumes with options are mounted while they are used (volmount.c) --- */
int volumes_mount(struct engine *en, const struct container *c, struct err *e);
void volumes_unmount(struct engine *en, const struct container *c);
/* --- ids of a container (keepid.c) --- */
/* from UsernsMode and SecurityOpt to c->ids, and the user when there is none */
int keepid_configure(struct container *c, struct err *e);
struct oci_spec;
int keepid_map(const struct keepid *ids, struct oci_spec *s, struct err *e);
/* -v …:idmap is refused, and why */
#define MOUNT_IDMAP_REFUSED                                                         \
	"idmapped mounts (mount_setattr(2)) need root on the host; --security-opt " \
	"userns=keep-id does not"
/* --log-driver, --log-opt (logopt.c) */
struct container_log;
/* the daemon's where the container has none */
void log_defaults(const struct engine *en, struct docker_log_config *lc);
int log_check_config(const struct docker_log_config *lc, struct err *e);
int log_check(const struct container *c, struct err *e);
/* the form of the file with the container's output: "json-file", "local", "none" */
const char *log_format(const struct docker_log_config *lc);
char *log_path(struct engine *en, const struct container *c);
/* on failure ret is the caller's to clear too */
int log_settings(struct engine *en, const struct container *c, struct container_log *ret,
		 struct err *e);
/* the tag of each message (logattr.c) */
int log_tag(const struct container *c, char **ret, struct err *e);
/* the attributes of each message as JSON text; journald's fields; untouched when there are none */
int log_attrs(const struct container *c, char **ret, struct err *e);
int spec_write(struct engine *en, struct container *c, const char *bundle, struct err *e);
void process_env(struct engine *en, const struct container *c, struct strv *env);
/* what binds the first process and every exec alike: groups, privileges, rlimits, OOM score */
struct oci_process;
void process_bounds(const struct container *c, struct oci_process *p);

/** host_check_restart_policy() - ERR_INVALID as Docker words it */
int host_check_restart_policy(const struct docker_host_config *h, struct err *e) WARN_UNUSED;

/* --- limits (limits.c) --- */
/** limits_check() - the limits make sense and the machine has the processors asked for; update:
 * h is the body of an update, whose memory limit may stay as it is */
int limits_check(const struct engine *en, const struct docker_host_config *h, bool update,
		 struct err *e) WARN_UNUSED;
/** limits_check_memory() - of that those for memory */
int limits_check_memory(const struct docker_host_config *h, bool update, struct err *e) WARN_UNUSED;
/** limits_warn() - appends Docker's warnings for limits that will not be enforced */
void limits_warn(const struct engine *en, const struct docker_host_config *h,
		 struct strv *warnings);
/** limits_make_group() - makes the container's control group, c->cgroup, with its limits */
int limits_make_group(struct engine *en, struct container *c, struct err *e) WARN_UNUSED;
/** limits_apply() - writes those limits that can be enforced here into a group; NULL: none */
int limits_apply(const struct engine *en, const char *group, const struct docker_host_config *h,
		 struct err *e) WARN_UNUSED;
/* --- update (update.c) --- */
/** limits_merge() - puts into h what an update asks for. ERR_CONFLICT for limits that exclude each
 * other; h may then be half changed */
int limits_merge(struct docker_host_config *h, const struct docker_host_config *update,
		 struct err *e) WARN_UNUSED;

/* --- processes (top.c) --- */
/** each_process() - calls fn for every process of a container: those in its control group, or
 * without one those in the pid namespace of its first process, of which there is only that one when
 * it is the engine's */
void each_process(const char *group, pid_t init, void (*fn)(void *arg, pid_t pid), void *arg);

/* --- stats (stats.c) --- */
/** stats_parse_net() - reads /proc/PID/net/dev, whose names a container may choose; lo is left out
 */
void stats_parse_net(const char *text, struct engine_stats *s);

/* --- network (endpoint_config.c, sandbox.c, links.c, hosts.c; network_internal.h) --- */
/* the networks of a new container, from its NetworkMode and what the request says */
int endpoints_configure(struct engine *en, struct container *c, struct docker_networking_config *nc,
			struct err *e) WARN_UNUSED;
/* the container has another name: DNS learns it; with mu held */
void endpoints_renamed(struct engine *en, struct container *c);
/* addresses for a start; with mu held. Undone by network_release() */
int network_reserve(struct engine *en, struct container *c, struct err *e) WARN_UNUSED;
/* interfaces, published ports and names, before the program runs */
int network_plug(struct engine *en, struct container *c, pid_t pid, struct err *e) WARN_UNUSED;
/* the end of a run, whatever of its network was made */
void network_release(struct engine *en, struct container *c);
/* a container that runs under a new engine; with mu held */
void network_take_back(struct engine *en, struct container *c);
/* a container that does not run any more, before there are other threads */
void network_forget(struct engine *en, struct container *c);
/* removes what an earlier engine left in N; after all containers were taken back */
void network_sweep(struct engine *en);
/* the address lies in one of the networks */
bool network_owns_address(struct engine *en, const struct ip *a);
/* it asks 127.0.0.11: it is in a user-defined network */
bool container_uses_resolver(const struct container *c);
extern const struct json_struct container_link_json;
/* the same of a container that Docker made, as far as the others are there */
void links_restore(struct engine *en, struct container *c);
/* HostConfig.Links of a new container */
int links_resolve(struct engine *en, struct container *c, struct err *e) WARN_UNUSED;
/* the others run and are on the default bridge; with mu held */
int links_check(struct engine *en, const struct container *c, struct err *e) WARN_UNUSED;
/* lines for /etc/hosts; with mu held */
void links_hosts(struct engine *en, const struct container *c, struct buf *text);
void links_env(struct engine *en, const struct container *c, struct strv *env);
/* the address of child is new: those that link to it learn it */
void links_changed(struct engine *en, struct container *child);
/* as inspect shows them; with mu held */
void links_show(struct engine *en, const struct container *c, struct strv *ret);
int hosts_write(struct engine *en, struct container *c, struct err *e);

/* --- published ports (publish.c) --- */
/* publishes what host config and image ask for, once the container's address stands; the error is
 * Docker's sentence. What was published before a failure is taken back by publish_end() */
int publish_start(struct engine *en, struct container *c, struct err *e) WARN_UNUSED;
void publish_end(struct engine *en, struct container *c);
/* after a restart: the container's ephemeral ports are taken */
void publish_take_back(struct engine *en, struct container *c);
/* forgets what an earlier engine published for a container that has ended */
void publish_forget(struct container *c);
/* takes back published ports that no running container owns: an earlier engine's end lost them */
void publish_sweep(struct engine *en);

/* one row of the list; with mu held (inspect.c) */
void container_row(const struct container *c, int64_t now_nsec, struct docker_summary *row);

/* --- resources --- */
struct events *events_new(void);
void events_free(struct events *ev);
/* a regular expression, or if it is none the text itself (list.c) */
bool filters_match(const char *pattern, const char *text);
bool filters_label_ok(const struct strv *want, const struct json_strmap *labels);
bool volume_in_use(struct engine *en, const char *name, struct strv *ret_ids);
/** volume_event() - container: the id of the one that mounts or unmounts it, else NULL; at: where
 * it mounts it, else NULL */
void volume_event(struct engine *en, const char *action, const char *name, const char *container,
		  const struct docker_mount_point *at);
const char *container_status_word(const struct container *c);
void container_state_snapshot(const struct container *c, struct docker_state *ret);

#endif
