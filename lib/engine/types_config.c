// SPDX-License-Identifier: MIT
/* Binding tables of Config and what it holds; names and omissions as the Docker API 1.51 has them.
 */
#include "engine/types_internal.h"

#define T struct docker_health_config
const struct json_struct docker_health_config_json = {
	"container.HealthConfig", sizeof(T),
	(const struct json_field[]){
		F_OMIT(test, "Test", JSON_B_STRV),
		F_OMIT(interval, "Interval", JSON_B_INT64),
		F_OMIT(timeout, "Timeout", JSON_B_INT64),
		F_OMIT(start_period, "StartPeriod", JSON_B_INT64),
		F_OMIT(start_interval, "StartInterval", JSON_B_INT64),
		F_OMIT(retries, "Retries", JSON_B_INT64),
		END,
	}};
#undef T

#define T struct docker_config
static const struct json_field config_fields[] = {
	F(hostname, "Hostname", JSON_B_STR),
	F(domainname, "Domainname", JSON_B_STR),
	F(user, "User", JSON_B_STR),
	F(attach_stdin, "AttachStdin", JSON_B_BOOL),
	F(attach_stdout, "AttachStdout", JSON_B_BOOL),
	F(attach_stderr, "AttachStderr", JSON_B_BOOL),
	F_OMIT(exposed_ports, "ExposedPorts", JSON_B_SET),
	F(tty, "Tty", JSON_B_BOOL),
	F(open_stdin, "OpenStdin", JSON_B_BOOL),
	F(stdin_once, "StdinOnce", JSON_B_BOOL),
	F(env, "Env", JSON_B_STRV),
	F(cmd, "Cmd", JSON_B_STRV_OR_STR),
	F_SUB_OMIT(healthcheck, "Healthcheck", JSON_B_STRUCT_PTR, &docker_health_config_json),
	F_OMIT(args_escaped, "ArgsEscaped", JSON_B_BOOL),
	F(image, "Image", JSON_B_STR),
	F(volumes, "Volumes", JSON_B_SET),
	F(working_dir, "WorkingDir", JSON_B_STR),
	F(entrypoint, "Entrypoint", JSON_B_STRV_OR_STR),
	F_OMIT(network_disabled, "NetworkDisabled", JSON_B_BOOL),
	F_OMIT(mac_address, "MacAddress", JSON_B_STR),
	F(on_build, "OnBuild", JSON_B_STRV),
	F_FLAGS(labels, "Labels", JSON_B_STRMAP, JSON_EMPTY_LIST),
	F_OMIT(stop_signal, "StopSignal", JSON_B_STR),
	F_OMIT(stop_timeout, "StopTimeout", JSON_B_OPT_INT64),
	F_OMIT(shell, "Shell", JSON_B_STRV_OR_STR),
	END,
};
const struct json_struct docker_config_json = {"container.Config", sizeof(T), config_fields};
#undef T

#define T struct docker_endpoint_ipam
static const struct json_struct endpoint_ipam_json = {
	"network.EndpointIPAMConfig", sizeof(T),
	(const struct json_field[]){
		F_OMIT(ipv4_address, "IPv4Address", JSON_B_STR),
		F_OMIT(ipv6_address, "IPv6Address", JSON_B_STR),
		F_OMIT(link_local_ips, "LinkLocalIPs", JSON_B_STRV),
		END,
	}};
#undef T

#define T struct docker_endpoint
#define ENDPOINT_FIELDS                                                                           \
	F_SUB(ipam_config, "IPAMConfig", JSON_B_STRUCT_PTR, &endpoint_ipam_json),                 \
		F(links, "Links", JSON_B_STRV), F(aliases, "Aliases", JSON_B_STRV),               \
		F(mac_address, "MacAddress", JSON_B_STR),                                         \
		F(driver_opts, "DriverOpts", JSON_B_STRMAP),                                      \
		F(gw_priority, "GwPriority", JSON_B_INT64),                                       \
		F(network_id, "NetworkID", JSON_B_STR), F(endpoint_id, "EndpointID", JSON_B_STR), \
		F(gateway, "Gateway", JSON_B_STR), F(ip_address, "IPAddress", JSON_B_STR),        \
		F(ip_prefix_len, "IPPrefixLen", JSON_B_INT64),                                    \
		F(ipv6_gateway, "IPv6Gateway", JSON_B_STR),                                       \
		F(global_ipv6_address, "GlobalIPv6Address", JSON_B_STR),                          \
		F(global_ipv6_prefix_len, "GlobalIPv6PrefixLen", JSON_B_INT64),                   \
		F(dns_names, "DNSNames", JSON_B_STRV),

const struct json_struct docker_endpoint_json = {
	"network.EndpointSettings", sizeof(T),
	(const struct json_field[]){
		ENDPOINT_FIELDS F_FLAGS(desired_mac, "-desired", JSON_B_STR, JSON_READ_ONLY),
		F_FLAGS(ifname, "-ifname", JSON_B_STR, JSON_READ_ONLY),
		END,
	}};
const struct json_struct docker_endpoint_state_json = {
	"network.EndpointSettings", sizeof(T),
	(const struct json_field[]){
		ENDPOINT_FIELDS F(desired_mac, "DesiredMacAddress", JSON_B_STR),
		F(ifname, "IfName", JSON_B_STR),
		END,
	}};
#undef T

#define T struct docker_networking_config
const struct json_struct docker_networking_config_json = {
	"network.NetworkingConfig", sizeof(T),
	(const struct json_field[]){
		F_SUB(endpoints_config, "EndpointsConfig", JSON_B_STRUCT_MAP,
		      &docker_endpoint_json),
		END,
	}};
#undef T

#define T struct docker_create_request
const struct json_struct docker_create_request_json = {
	"container.CreateRequest", sizeof(T),
	(const struct json_field[]){
		F_SUB(config, "", JSON_B_INLINE, &docker_config_json),
		F_SUB(host_config, "HostConfig", JSON_B_STRUCT, &docker_host_config_json),
		F_SUB(networking_config, "NetworkingConfig", JSON_B_STRUCT,
		      &docker_networking_config_json),
		END,
	}};
#undef T

#define T struct docker_exec_config
const struct json_struct docker_exec_config_json = {
	"container.ExecOptions", sizeof(T),
	(const struct json_field[]){
		F(user, "User", JSON_B_STR),
		F(privileged, "Privileged", JSON_B_BOOL),
		F(tty, "Tty", JSON_B_BOOL),
		F(console_size, "ConsoleSize", JSON_B_U64_PAIR),
		F(attach_stdin, "AttachStdin", JSON_B_BOOL),
		F(attach_stderr, "AttachStderr", JSON_B_BOOL),
		F(attach_stdout, "AttachStdout", JSON_B_BOOL),
		F(detach, "Detach", JSON_B_BOOL),
		F(detach_keys, "DetachKeys", JSON_B_STR),
		F(env, "Env", JSON_B_STRV),
		F(working_dir, "WorkingDir", JSON_B_STR),
		F(cmd, "Cmd", JSON_B_STRV),
		END,
	}};
#undef T

#define T struct docker_exec_process
static const struct json_struct exec_process_json = {
	"ProcessConfig", sizeof(T),
	(const struct json_field[]){
		F(tty, "tty", JSON_B_BOOL),
		F(entrypoint, "entrypoint", JSON_B_STR),
		F_FLAGS(arguments, "arguments", JSON_B_STRV, JSON_EMPTY_LIST),
		F(privileged, "privileged", JSON_B_BOOL),
		F_OMIT(user, "user", JSON_B_STR),
		END,
	}};
#undef T

#define T struct docker_exec_inspect
const struct json_struct docker_exec_inspect_json = {
	"container.ExecInspect", sizeof(T),
	(const struct json_field[]){
		F(id, "ID", JSON_B_STR),
		F(running, "Running", JSON_B_BOOL),
		F(exit_code, "ExitCode", JSON_B_OPT_INT64),
		F_SUB(process_config, "ProcessConfig", JSON_B_STRUCT, &exec_process_json),
		F(open_stdin, "OpenStdin", JSON_B_BOOL),
		F(open_stderr, "OpenStderr", JSON_B_BOOL),
		F(open_stdout, "OpenStdout", JSON_B_BOOL),
		F(can_remove, "CanRemove", JSON_B_BOOL),
		F(container_id, "ContainerID", JSON_B_STR),
		F(detach_keys, "DetachKeys", JSON_B_STR),
		F(pid, "Pid", JSON_B_INT64),
		END,
	}};
#undef T
