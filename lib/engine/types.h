// SPDX-License-Identifier: MIT
/*
 * The Docker Engine API's container objects (API 1.51) as C structs bound by
 * json/bind.h: what /containers/create takes, what inspect and list give, and
 * what config.v2.json and hostconfig.json hold. Data only. A zeroed struct is
 * an empty object; json_struct_clear() frees it.
 */
#ifndef ENGINE_TYPES_H
#define ENGINE_TYPES_H

#include <stdbool.h>
#include <stdint.h>

#include "json/bind.h"

struct docker_health_config {
	struct strv test;
	int64_t interval, timeout, start_period, start_interval; /* nanoseconds; 0 inherits */
	int64_t retries;
};

/* "Config": what is portable with the image. */
struct docker_config {
	char *hostname, *domainname, *user;
	bool attach_stdin, attach_stdout, attach_stderr;
	struct strv exposed_ports; /* "80/tcp" */
	bool tty, open_stdin, stdin_once;
	struct strv env;
	struct strv cmd;
	struct docker_health_config *healthcheck;
	bool args_escaped;
	char *image;
	struct strv volumes;
	char *working_dir;
	struct strv entrypoint;
	bool network_disabled;
	char *mac_address;
	struct strv on_build;
	struct json_strmap labels;
	char *stop_signal;
	struct json_opt_i64 stop_timeout; /* seconds */
	struct strv shell;
};

struct docker_log_config {
	char *type;
	struct json_strmap config;
};

struct docker_port_binding {
	char *host_ip, *host_port;
};

struct docker_restart_policy {
	char *name; /* "no" or "", always, unless-stopped, on-failure */
	int64_t maximum_retry_count;
};

struct docker_device {
	char *path_on_host, *path_in_container, *cgroup_permissions;
};

struct docker_device_request {
	char *driver;
	int count;
	struct strv device_ids;
	char *capabilities; /* raw JSON: [][]string */
	struct json_strmap options;
};

struct docker_ulimit {
	char *name;
	int64_t hard, soft;
};

struct docker_throttle_device {
	char *path;
	uint64_t rate;
};

struct docker_weight_device {
	char *path;
	uint32_t weight;
};

struct docker_bind_options {
	char *propagation;
	bool non_recursive, create_mountpoint, read_only_non_recursive, read_only_force_recursive;
};

struct docker_driver {
	char *name;
	struct json_strmap options;
};

struct docker_volume_options {
	bool no_copy;
	struct json_strmap labels;
	char *subpath;
	struct docker_driver *driver_config;
};

struct docker_tmpfs_options {
	int64_t size_bytes;
	uint32_t mode;
	char *options; /* raw JSON */
};

struct docker_image_options {
	char *subpath;
};

/* HostConfig.Mounts: --mount */
struct docker_mount {
	char *type; /* bind, volume, image, tmpfs */
	char *source, *target;
	bool read_only;
	char *consistency;
	struct docker_bind_options *bind_options;
	struct docker_volume_options *volume_options;
	struct docker_image_options *image_options;
	struct docker_tmpfs_options *tmpfs_options;
};

/* "HostConfig": what is this host's. Sizes in bytes. */
struct docker_host_config {
	struct strv binds;
	char *container_id_file;
	struct docker_log_config log_config;
	char *network_mode;
	struct json_map port_bindings; /* "80/tcp" -> JSON_ARRAY_OF(struct docker_port_binding) */
	struct docker_restart_policy restart_policy;
	bool auto_remove;
	char *volume_driver;
	struct strv volumes_from;
	uint64_t console_size[2]; /* height, width */
	struct json_strmap annotations;
	struct strv cap_add, cap_drop;
	char *cgroupns_mode;
	struct strv dns, dns_options, dns_search, extra_hosts, group_add;
	char *ipc_mode, *cgroup;
	struct strv links;
	int oom_score_adj;
	char *pid_mode;
	bool privileged, publish_all_ports, readonly_rootfs;
	struct strv security_opt;
	struct json_strmap storage_opt;
	struct json_strmap tmpfs; /* path -> options */
	char *uts_mode, *userns_mode;
	int64_t shm_size;
	struct json_strmap sysctls;
	char *runtime, *isolation;
	int64_t cpu_shares, memory, nano_cpus;
	char *cgroup_parent;
	uint32_t blkio_weight;
	JSON_ARRAY_OF(struct docker_weight_device) blkio_weight_device;
	JSON_ARRAY_OF(struct docker_throttle_device) blkio_device_read_bps;
	JSON_ARRAY_OF(struct docker_throttle_device) blkio_device_write_bps;
	JSON_ARRAY_OF(struct docker_throttle_device) blkio_device_read_iops;
	JSON_ARRAY_OF(struct docker_throttle_device) blkio_device_write_iops;
	int64_t cpu_period, cpu_quota, cpu_realtime_period, cpu_realtime_runtime;
	char *cpuset_cpus, *cpuset_mems;
	JSON_ARRAY_OF(struct docker_device) devices;
	struct strv device_cgroup_rules;
	JSON_ARRAY_OF(struct docker_device_request) device_requests;
	int64_t memory_reservation, memory_swap;
	struct json_opt_i64 memory_swappiness;
	int oom_kill_disable; /* enum json_tri */
	struct json_opt_i64 pids_limit;
	JSON_ARRAY_OF(struct docker_ulimit) ulimits;
	int64_t cpu_count, cpu_percent, io_maximum_iops;
	uint64_t io_maximum_bandwidth;
	JSON_ARRAY_OF(struct docker_mount) mounts;
	struct strv masked_paths, readonly_paths;
	int init; /* enum json_tri */
};

struct docker_endpoint_ipam {
	char *ipv4_address, *ipv6_address;
	struct strv link_local_ips;
};

struct docker_endpoint {
	struct docker_endpoint_ipam *ipam_config;
	struct strv links, aliases;
	char *mac_address;
	struct json_strmap driver_opts;
	int64_t gw_priority;
	char *network_id, *endpoint_id, *gateway, *ip_address;
	int64_t ip_prefix_len;
	char *ipv6_gateway, *global_ipv6_address;
	int64_t global_ipv6_prefix_len;
	struct strv dns_names;
	/* not for the API: kept in config.v2.json */
	char *desired_mac; /* the fixed one, or "" */
	char *ifname;	   /* in the container, while it runs */
};

struct docker_networking_config {
	struct json_map endpoints_config; /* network name -> struct docker_endpoint */
};

/* The body of POST /containers/create. */
struct docker_create_request {
	struct docker_config config; /* inline */
	struct docker_host_config host_config;
	struct docker_networking_config networking_config;
};

struct docker_health_result {
	int64_t start_nsec, end_nsec;
	int64_t exit_code;
	char *output;
};

struct docker_health {
	char *status; /* starting, healthy, unhealthy */
	int64_t failing_streak;
	JSON_ARRAY_OF(struct docker_health_result) log;
};

struct docker_state {
	char *status; /* created running paused restarting removing exited dead */
	bool running, paused, restarting, oom_killed, dead;
	int64_t pid, exit_code;
	char *error;
	int64_t started_nsec, finished_nsec;
	struct docker_health *health;
};

struct docker_mount_point {
	char *type, *name, *source, *destination, *driver, *mode;
	bool rw;
	char *propagation;
};

struct docker_network_settings {
	char *bridge, *sandbox_id, *sandbox_key;
	struct json_map
		ports; /* as port_bindings; a NULL array prints null: exposed, unpublished */
	bool hairpin_mode;
	char *link_local_ipv6_address;
	int64_t link_local_ipv6_prefix_len;
	char *secondary_ip_addresses, *secondary_ipv6_addresses; /* always null: raw JSON */
	char *endpoint_id, *gateway, *global_ipv6_address;
	int64_t global_ipv6_prefix_len;
	char *ip_address;
	int64_t ip_prefix_len;
	char *ipv6_gateway, *mac_address;
	struct json_map networks; /* name -> struct docker_endpoint */
};

struct docker_graph_driver {
	struct json_strmap data;
	char *name;
};

/* GET /containers/{id}/json */
struct docker_inspect {
	char *id;
	int64_t created_nsec;
	char *path;
	struct strv args;
	struct docker_state state;
	char *image, *resolv_conf_path, *hostname_path, *hosts_path, *log_path, *name;
	int64_t restart_count;
	char *driver, *platform, *mount_label, *process_label, *apparmor_profile;
	struct strv exec_ids;
	struct docker_host_config host_config;
	struct docker_graph_driver graph_driver;
	struct json_opt_i64 size_rw, size_root_fs;
	JSON_ARRAY_OF(struct docker_mount_point) mounts;
	struct docker_config config;
	struct docker_network_settings network_settings;
};

struct docker_port {
	char *ip;
	int64_t private_port, public_port;
	char *type;
};

struct docker_summary_host {
	char *network_mode;
	struct json_strmap annotations;
};

struct docker_summary_networks {
	struct json_map networks;
};

/* A row of GET /containers/json */
struct docker_summary {
	char *id;
	struct strv names; /* "/name" */
	char *image, *image_id, *command;
	int64_t created_sec;
	JSON_ARRAY_OF(struct docker_port) ports;
	int64_t size_rw, size_root_fs; /* 0: not asked for */
	struct json_strmap labels;
	char *state, *status; /* "running", "Up 3 seconds" */
	struct docker_summary_host host_config;
	struct docker_summary_networks network_settings;
	JSON_ARRAY_OF(struct docker_mount_point) mounts;
};

/* POST /containers/{id}/exec */
struct docker_exec_config {
	char *user;
	bool privileged, tty, attach_stdin, attach_stderr, attach_stdout, detach;
	char *detach_keys;
	struct strv env;
	char *working_dir;
	struct strv cmd;
	uint64_t console_size[2];
};

struct docker_exec_process {
	bool tty;
	char *entrypoint;
	struct strv arguments;
	bool privileged;
	char *user;
};

/* GET /exec/{id}/json */
struct docker_exec_inspect {
	char *id;
	bool running;
	struct json_opt_i64 exit_code; /* null while it runs */
	struct docker_exec_process process_config;
	bool open_stdin, open_stderr, open_stdout, can_remove;
	char *container_id, *detach_keys;
	int64_t pid;
};

extern const struct json_struct docker_config_json;
extern const struct json_struct docker_health_config_json;
extern const struct json_struct docker_host_config_json;
extern const struct json_struct docker_port_binding_json;
extern const struct json_struct docker_mount_json;
extern const struct json_struct docker_endpoint_json;
extern const struct json_struct docker_endpoint_state_json; /* with what the API does not show */
extern const struct json_struct docker_networking_config_json;
extern const struct json_struct docker_create_request_json;
extern const struct json_struct docker_state_json;
extern const struct json_struct docker_health_json;
extern const struct json_struct docker_health_result_json;
extern const struct json_struct docker_mount_point_json;
extern const struct json_struct docker_network_settings_json;
extern const struct json_struct docker_network_settings_state_json;
extern const struct json_struct docker_inspect_json;
extern const struct json_struct docker_summary_json;
extern const struct json_struct docker_port_json;
extern const struct json_struct docker_exec_config_json;
extern const struct json_struct docker_exec_inspect_json;

#endif
