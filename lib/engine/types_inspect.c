// SPDX-License-Identifier: MIT
/* Binding tables of what inspect and list answer; names and omissions as the Docker API 1.51 has
 * them. */
#include "engine/types_internal.h"

#define T struct docker_health_result
const struct json_struct docker_health_result_json = {
	"container.HealthcheckResult", sizeof(T),
	(const struct json_field[]){
		F(start_nsec, "Start", JSON_B_TIME),
		F(end_nsec, "End", JSON_B_TIME),
		F(exit_code, "ExitCode", JSON_B_INT64),
		F(output, "Output", JSON_B_STR),
		END,
	}};
#undef T

#define T struct docker_health
const struct json_struct docker_health_json = {
	"container.Health", sizeof(T),
	(const struct json_field[]){
		F(status, "Status", JSON_B_STR),
		F(failing_streak, "FailingStreak", JSON_B_INT64),
		JSON_F(T, log, "Log", JSON_B_STRUCT_ARR, &docker_health_result_json,
		       JSON_EMPTY_LIST),
		END,
	}};
#undef T

#define T struct docker_state
const struct json_struct docker_state_json = {
	"container.State", sizeof(T),
	(const struct json_field[]){
		F(status, "Status", JSON_B_STR),
		F(running, "Running", JSON_B_BOOL),
		F(paused, "Paused", JSON_B_BOOL),
		F(restarting, "Restarting", JSON_B_BOOL),
		F(oom_killed, "OOMKilled", JSON_B_BOOL),
		F(dead, "Dead", JSON_B_BOOL),
		F(pid, "Pid", JSON_B_INT64),
		F(exit_code, "ExitCode", JSON_B_INT64),
		F(error, "Error", JSON_B_STR),
		F(started_nsec, "StartedAt", JSON_B_TIME),
		F(finished_nsec, "FinishedAt", JSON_B_TIME),
		F_SUB_OMIT(health, "Health", JSON_B_STRUCT_PTR, &docker_health_json),
		END,
	}};
#undef T

#define T struct docker_mount_point
const struct json_struct docker_mount_point_json = {
	"container.MountPoint", sizeof(T),
	(const struct json_field[]){
		F_OMIT(type, "Type", JSON_B_STR),
		F_OMIT(name, "Name", JSON_B_STR),
		F(source, "Source", JSON_B_STR),
		F(destination, "Destination", JSON_B_STR),
		F_OMIT(driver, "Driver", JSON_B_STR),
		F(mode, "Mode", JSON_B_STR),
		F(rw, "RW", JSON_B_BOOL),
		F(propagation, "Propagation", JSON_B_STR),
		END,
	}};
#undef T

#define T struct docker_network_settings
#define SETTINGS_FIELDS(endpoint_json)                                                       \
	F(bridge, "Bridge", JSON_B_STR), F(sandbox_id, "SandboxID", JSON_B_STR),             \
		F(sandbox_key, "SandboxKey", JSON_B_STR),                                    \
		JSON_F(T, ports, "Ports", JSON_B_ARR_MAP, &docker_port_binding_json,         \
		       JSON_EMPTY_LIST),                                                     \
		F(hairpin_mode, "HairpinMode", JSON_B_BOOL),                                 \
		F(link_local_ipv6_address, "LinkLocalIPv6Address", JSON_B_STR),              \
		F(link_local_ipv6_prefix_len, "LinkLocalIPv6PrefixLen", JSON_B_INT64),       \
		F(secondary_ip_addresses, "SecondaryIPAddresses", JSON_B_RAW),               \
		F(secondary_ipv6_addresses, "SecondaryIPv6Addresses", JSON_B_RAW),           \
		F(endpoint_id, "EndpointID", JSON_B_STR), F(gateway, "Gateway", JSON_B_STR), \
		F(global_ipv6_address, "GlobalIPv6Address", JSON_B_STR),                     \
		F(global_ipv6_prefix_len, "GlobalIPv6PrefixLen", JSON_B_INT64),              \
		F(ip_address, "IPAddress", JSON_B_STR),                                      \
		F(ip_prefix_len, "IPPrefixLen", JSON_B_INT64),                               \
		F(ipv6_gateway, "IPv6Gateway", JSON_B_STR),                                  \
		F(mac_address, "MacAddress", JSON_B_STR),                                    \
		JSON_F(T, networks, "Networks", JSON_B_STRUCT_MAP, &(endpoint_json),         \
		       JSON_EMPTY_LIST),                                                     \
		END,

const struct json_struct docker_network_settings_json = {
	"container.NetworkSettings", sizeof(T),
	(const struct json_field[]){SETTINGS_FIELDS(docker_endpoint_json)}};
const struct json_struct docker_network_settings_state_json = {
	"container.NetworkSettings", sizeof(T),
	(const struct json_field[]){SETTINGS_FIELDS(docker_endpoint_state_json)}};
#undef T

#define T struct docker_graph_driver
static const struct json_struct graph_driver_json = {"storage.DriverData", sizeof(T),
						     (const struct json_field[]){
							     F(data, "Data", JSON_B_STRMAP),
							     F(name, "Name", JSON_B_STR),
							     END,
						     }};
#undef T

#define T struct docker_inspect
const struct json_struct docker_inspect_json = {
	"container.InspectResponse", sizeof(T),
	(const struct json_field[]){
		F(id, "Id", JSON_B_STR),
		F(created_nsec, "Created", JSON_B_TIME),
		F(path, "Path", JSON_B_STR),
		F_FLAGS(args, "Args", JSON_B_STRV, JSON_EMPTY_LIST),
		F_SUB(state, "State", JSON_B_STRUCT, &docker_state_json),
		F(image, "Image", JSON_B_STR),
		F(resolv_conf_path, "ResolvConfPath", JSON_B_STR),
		F(hostname_path, "HostnamePath", JSON_B_STR),
		F(hosts_path, "HostsPath", JSON_B_STR),
		F(log_path, "LogPath", JSON_B_STR),
		F(name, "Name", JSON_B_STR),
		F(restart_count, "RestartCount", JSON_B_INT64),
		F(driver, "Driver", JSON_B_STR),
		F(platform, "Platform", JSON_B_STR),
		F(mount_label, "MountLabel", JSON_B_STR),
		F(process_label, "ProcessLabel", JSON_B_STR),
		F(apparmor_profile, "AppArmorProfile", JSON_B_STR),
		F(exec_ids, "ExecIDs", JSON_B_STRV),
		F_SUB(host_config, "HostConfig", JSON_B_STRUCT, &docker_host_config_json),
		F_SUB(graph_driver, "GraphDriver", JSON_B_STRUCT, &graph_driver_json),
		F_OMIT(size_rw, "SizeRw", JSON_B_OPT_INT64),
		F_OMIT(size_root_fs, "SizeRootFs", JSON_B_OPT_INT64),
		JSON_F(T, mounts, "Mounts", JSON_B_STRUCT_ARR, &docker_mount_point_json,
		       JSON_EMPTY_LIST),
		F_SUB(config, "Config", JSON_B_STRUCT, &docker_config_json),
		F_SUB(network_settings, "NetworkSettings", JSON_B_STRUCT,
		      &docker_network_settings_json),
		END,
	}};
#undef T

#define T struct docker_port
const struct json_struct docker_port_json = {
	"container.Port", sizeof(T),
	(const struct json_field[]){
		F_OMIT(ip, "IP", JSON_B_STR),
		F(private_port, "PrivatePort", JSON_B_INT64),
		F_OMIT(public_port, "PublicPort", JSON_B_INT64),
		F(type, "Type", JSON_B_STR),
		END,
	}};
#undef T

#define T struct docker_summary_host
static const struct json_struct summary_host_json = {
	"HostConfig", sizeof(T),
	(const struct json_field[]){
		F_OMIT(network_mode, "NetworkMode", JSON_B_STR),
		F_OMIT(annotations, "Annotations", JSON_B_STRMAP),
		END,
	}};
#undef T

#define T struct docker_summary_networks
static const struct json_struct summary_networks_json = {
	"container.NetworkSettingsSummary", sizeof(T),
	(const struct json_field[]){
		JSON_F(T, networks, "Networks", JSON_B_STRUCT_MAP, &docker_endpoint_json,
		       JSON_EMPTY_LIST),
		END,
	}};
#undef T

#define T struct docker_summary
const struct json_struct docker_summary_json = {
	"container.Summary", sizeof(T),
	(const struct json_field[]){
		F(id, "Id", JSON_B_STR),
		F_FLAGS(names, "Names", JSON_B_STRV, JSON_EMPTY_LIST),
		F(image, "Image", JSON_B_STR),
		F(image_id, "ImageID", JSON_B_STR),
		F(command, "Command", JSON_B_STR),
		F(created_sec, "Created", JSON_B_INT64),
		JSON_F(T, ports, "Ports", JSON_B_STRUCT_ARR, &docker_port_json, JSON_EMPTY_LIST),
		F_OMIT(size_rw, "SizeRw", JSON_B_INT64),
		F_OMIT(size_root_fs, "SizeRootFs", JSON_B_INT64),
		F_FLAGS(labels, "Labels", JSON_B_STRMAP, JSON_EMPTY_LIST),
		F(state, "State", JSON_B_STR),
		F(status, "Status", JSON_B_STR),
		F_SUB(host_config, "HostConfig", JSON_B_STRUCT, &summary_host_json),
		F_SUB(network_settings, "NetworkSettings", JSON_B_STRUCT, &summary_networks_json),
		JSON_F(T, mounts, "Mounts", JSON_B_STRUCT_ARR, &docker_mount_point_json,
		       JSON_EMPTY_LIST),
		END,
	}};
#undef T
