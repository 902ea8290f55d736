// SPDX-License-Identifier: MIT
/* Binding table of HostConfig and what it holds; names and omissions as the Docker API 1.51 has
 * them. */
#include "engine/types_internal.h"

#define T struct docker_log_config
static const struct json_struct log_config_json = {
	"container.LogConfig", sizeof(T),
	(const struct json_field[]){
		F(type, "Type", JSON_B_STR),
		F_FLAGS(config, "Config", JSON_B_STRMAP, JSON_EMPTY_LIST),
		END,
	}};
#undef T

#define T struct docker_port_binding
const struct json_struct docker_port_binding_json = {"nat.PortBinding", sizeof(T),
						     (const struct json_field[]){
							     F(host_ip, "HostIp", JSON_B_STR),
							     F(host_port, "HostPort", JSON_B_STR),
							     END,
						     }};
#undef T

#define T struct docker_restart_policy
static const struct json_struct restart_policy_json = {
	"container.RestartPolicy", sizeof(T),
	(const struct json_field[]){
		F(name, "Name", JSON_B_STR),
		F(maximum_retry_count, "MaximumRetryCount", JSON_B_INT64),
		END,
	}};
#undef T

#define T struct docker_device
static const struct json_struct device_json = {
	"container.DeviceMapping", sizeof(T),
	(const struct json_field[]){
		F(path_on_host, "PathOnHost", JSON_B_STR),
		F(path_in_container, "PathInContainer", JSON_B_STR),
		F(cgroup_permissions, "CgroupPermissions", JSON_B_STR),
		END,
	}};
#undef T

#define T struct docker_device_request
static const struct json_struct device_request_json = {
	"container.DeviceRequest", sizeof(T),
	(const struct json_field[]){
		F(driver, "Driver", JSON_B_STR),
		F(count, "Count", JSON_B_INT),
		F(device_ids, "DeviceIDs", JSON_B_STRV),
		F(capabilities, "Capabilities", JSON_B_RAW),
		F(options, "Options", JSON_B_STRMAP),
		END,
	}};
#undef T

#define T struct docker_ulimit
static const struct json_struct ulimit_json = {"container.Ulimit", sizeof(T),
					       (const struct json_field[]){
						       F(name, "Name", JSON_B_STR),
						       F(hard, "Hard", JSON_B_INT64),
						       F(soft, "Soft", JSON_B_INT64),
						       END,
					       }};
#undef T

#define T struct docker_throttle_device
static const struct json_struct throttle_device_json = {"blkiodev.ThrottleDevice", sizeof(T),
							(const struct json_field[]){
								F(path, "Path", JSON_B_STR),
								F(rate, "Rate", JSON_B_UINT64),
								END,
							}};
#undef T

#define T struct docker_weight_device
static const struct json_struct weight_device_json = {"blkiodev.WeightDevice", sizeof(T),
						      (const struct json_field[]){
							      F(path, "Path", JSON_B_STR),
							      F(weight, "Weight", JSON_B_UINT32),
							      END,
						      }};
#undef T

#define T struct docker_bind_options
static const struct json_struct bind_options_json = {
	"mount.BindOptions", sizeof(T),
	(const struct json_field[]){
		F_OMIT(propagation, "Propagation", JSON_B_STR),
		F_OMIT(non_recursive, "NonRecursive", JSON_B_BOOL),
		F_OMIT(create_mountpoint, "CreateMountpoint", JSON_B_BOOL),
		F_OMIT(read_only_non_recursive, "ReadOnlyNonRecursive", JSON_B_BOOL),
		F_OMIT(read_only_force_recursive, "ReadOnlyForceRecursive", JSON_B_BOOL),
		END,
	}};
#undef T

#define T struct docker_driver
static const struct json_struct driver_json = {"mount.Driver", sizeof(T),
					       (const struct json_field[]){
						       F_OMIT(name, "Name", JSON_B_STR),
						       F_OMIT(options, "Options", JSON_B_STRMAP),
						       END,
					       }};
#undef T

#define T struct docker_volume_options
static const struct json_struct volume_options_json = {
	"mount.VolumeOptions", sizeof(T),
	(const struct json_field[]){
		F_OMIT(no_copy, "NoCopy", JSON_B_BOOL),
		F_OMIT(labels, "Labels", JSON_B_STRMAP),
		F_OMIT(subpath, "Subpath", JSON_B_STR),
		F_SUB_OMIT(driver_config, "DriverConfig", JSON_B_STRUCT_PTR, &driver_json),
		END,
	}};
#undef T

#define T struct docker_tmpfs_options
static const struct json_struct tmpfs_options_json = {
	"mount.TmpfsOptions", sizeof(T),
	(const struct json_field[]){
		F_OMIT(size_bytes, "SizeBytes", JSON_B_INT64),
		F_OMIT(mode, "Mode", JSON_B_UINT32),
		F_OMIT(options, "Options", JSON_B_RAW),
		END,
	}};
#undef T

#define T struct docker_image_options
static const struct json_struct image_options_json = {
	"mount.ImageOptions", sizeof(T),
	(const struct json_field[]){F_OMIT(subpath, "Subpath", JSON_B_STR), END}};
#undef T

#define T struct docker_mount
const struct json_struct docker_mount_json = {
	"mount.Mount", sizeof(T),
	(const struct json_field[]){
		F_OMIT(type, "Type", JSON_B_STR),
		F_OMIT(source, "Source", JSON_B_STR),
		F_OMIT(target, "Target", JSON_B_STR),
		F_OMIT(read_only, "ReadOnly", JSON_B_BOOL),
		F_OMIT(consistency, "Consistency", JSON_B_STR),
		F_SUB_OMIT(bind_options, "BindOptions", JSON_B_STRUCT_PTR, &bind_options_json),
		F_SUB_OMIT(volume_options, "VolumeOptions", JSON_B_STRUCT_PTR,
			   &volume_options_json),
		F_SUB_OMIT(image_options, "ImageOptions", JSON_B_STRUCT_PTR, &image_options_json),
		F_SUB_OMIT(tmpfs_options, "TmpfsOptions", JSON_B_STRUCT_PTR, &tmpfs_options_json),
		END,
	}};
#undef T

#define T struct docker_host_config
static const struct json_field host_config_fields[] = {
	F(binds, "Binds", JSON_B_STRV),
	F(container_id_file, "ContainerIDFile", JSON_B_STR),
	F_SUB(log_config, "LogConfig", JSON_B_STRUCT, &log_config_json),
	F(network_mode, "NetworkMode", JSON_B_STR),
	JSON_F(T, port_bindings, "PortBindings", JSON_B_ARR_MAP, &docker_port_binding_json, 0),
	F_SUB(restart_policy, "RestartPolicy", JSON_B_STRUCT, &restart_policy_json),
	F(auto_remove, "AutoRemove", JSON_B_BOOL),
	F(volume_driver, "VolumeDriver", JSON_B_STR),
	F(volumes_from, "VolumesFrom", JSON_B_STRV),
	F(console_size, "ConsoleSize", JSON_B_U64_PAIR),
	F_OMIT(annotations, "Annotations", JSON_B_STRMAP),
	F(cap_add, "CapAdd", JSON_B_STRV_OR_STR),
	F(cap_drop, "CapDrop", JSON_B_STRV_OR_STR),
	F(cgroupns_mode, "CgroupnsMode", JSON_B_STR),
	F(dns, "Dns", JSON_B_STRV),
	F(dns_options, "DnsOptions", JSON_B_STRV),
	F(dns_search, "DnsSearch", JSON_B_STRV),
	F(extra_hosts, "ExtraHosts", JSON_B_STRV),
	F(group_add, "GroupAdd", JSON_B_STRV),
	F(ipc_mode, "IpcMode", JSON_B_STR),
	F(cgroup, "Cgroup", JSON_B_STR),
	F(links, "Links", JSON_B_STRV),
	F(oom_score_adj, "OomScoreAdj", JSON_B_INT),
	F(pid_mode, "PidMode", JSON_B_STR),
	F(privileged, "Privileged", JSON_B_BOOL),
	F(publish_all_ports, "PublishAllPorts", JSON_B_BOOL),
	F(readonly_rootfs, "ReadonlyRootfs", JSON_B_BOOL),
	F(security_opt, "SecurityOpt", JSON_B_STRV),
	F_OMIT(storage_opt, "StorageOpt", JSON_B_STRMAP),
	F_OMIT(tmpfs, "Tmpfs", JSON_B_STRMAP),
	F(uts_mode, "UTSMode", JSON_B_STR),
	F(userns_mode, "UsernsMode", JSON_B_STR),
	F(shm_size, "ShmSize", JSON_B_INT64),
	F_OMIT(sysctls, "Sysctls", JSON_B_STRMAP),
	F_OMIT(runtime, "Runtime", JSON_B_STR),
	F(isolation, "Isolation", JSON_B_STR),
	F(cpu_shares, "CpuShares", JSON_B_INT64),
	F(memory, "Memory", JSON_B_INT64),
	F(nano_cpus, "NanoCpus", JSON_B_INT64),
	F(cgroup_parent, "CgroupParent", JSON_B_STR),
	F(blkio_weight, "BlkioWeight", JSON_B_UINT32),
	JSON_F(T, blkio_weight_device, "BlkioWeightDevice", JSON_B_STRUCT_ARR, &weight_device_json,
	       0),
	JSON_F(T, blkio_device_read_bps, "BlkioDeviceReadBps", JSON_B_STRUCT_ARR,
	       &throttle_device_json, 0),
	JSON_F(T, blkio_device_write_bps, "BlkioDeviceWriteBps", JSON_B_STRUCT_ARR,
	       &throttle_device_json, 0),
	JSON_F(T, blkio_device_read_iops, "BlkioDeviceReadIOps", JSON_B_STRUCT_ARR,
	       &throttle_device_json, 0),
	JSON_F(T, blkio_device_write_iops, "BlkioDeviceWriteIOps", JSON_B_STRUCT_ARR,
	       &throttle_device_json, 0),
	F(cpu_period, "CpuPeriod", JSON_B_INT64),
	F(cpu_quota, "CpuQuota", JSON_B_INT64),
	F(cpu_realtime_period, "CpuRealtimePeriod", JSON_B_INT64),
	F(cpu_realtime_runtime, "CpuRealtimeRuntime", JSON_B_INT64),
	F(cpuset_cpus, "CpusetCpus", JSON_B_STR),
	F(cpuset_mems, "CpusetMems", JSON_B_STR),
	JSON_F(T, devices, "Devices", JSON_B_STRUCT_ARR, &device_json, 0),
	F(device_cgroup_rules, "DeviceCgroupRules", JSON_B_STRV),
	JSON_F(T, device_requests, "DeviceRequests", JSON_B_STRUCT_ARR, &device_request_json, 0),
	F(memory_reservation, "MemoryReservation", JSON_B_INT64),
	F(memory_swap, "MemorySwap", JSON_B_INT64),
	F(memory_swappiness, "MemorySwappiness", JSON_B_OPT_INT64),
	F(oom_kill_disable, "OomKillDisable", JSON_B_TRI),
	F(pids_limit, "PidsLimit", JSON_B_OPT_INT64),
	JSON_F(T, ulimits, "Ulimits", JSON_B_STRUCT_ARR, &ulimit_json, 0),
	F(cpu_count, "CpuCount", JSON_B_INT64),
	F(cpu_percent, "CpuPercent", JSON_B_INT64),
	F(io_maximum_iops, "IOMaximumIOps", JSON_B_INT64),
	F(io_maximum_bandwidth, "IOMaximumBandwidth", JSON_B_UINT64),
	JSON_F(T, mounts, "Mounts", JSON_B_STRUCT_ARR, &docker_mount_json, JSON_OMITEMPTY),
	F(masked_paths, "MaskedPaths", JSON_B_STRV),
	F(readonly_paths, "ReadonlyPaths", JSON_B_STRV),
	F_OMIT(init, "Init", JSON_B_TRI),
	END,
};
const struct json_struct docker_host_config_json = {"container.HostConfig", sizeof(T),
						    host_config_fields};
#undef T
