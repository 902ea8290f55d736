// SPDX-License-Identifier: MIT
/* The option table of docker run and docker create. */
#include <string.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "netlink/ip.h"

#define AT(member) offsetof(struct docker_create, member)
#define FLAG(s, l, member, help)                             \
	{                                                    \
		s, l, OPT_FLAG, AT(member), NULL, help, NULL \
	}
#define STR(s, l, member, meta, help)                       \
	{                                                   \
		s, l, OPT_STR, AT(member), meta, help, NULL \
	}
#define LIST(s, l, member, meta, help)                       \
	{                                                    \
		s, l, OPT_STRV, AT(member), meta, help, NULL \
	}
#define LISTC(s, l, member, meta, help, check)                \
	{                                                     \
		s, l, OPT_STRV, AT(member), meta, help, check \
	}
#define STRC(s, l, member, meta, help, check)                \
	{                                                    \
		s, l, OPT_STR, AT(member), meta, help, check \
	}
#define SIZE(s, l, member, help)                                \
	{                                                       \
		s, l, OPT_SIZE, AT(member), "bytes", help, NULL \
	}
#define I64(s, l, member, help)                              \
	{                                                    \
		s, l, OPT_I64, AT(member), "int", help, NULL \
	}

/* --- what is wrong with a value is said before anything is done --- */

typedef int writer(const char *text, struct json_w *w, struct err *e);

static int try_write(writer *write, const char *value, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	jw_init(&w, &b);
	return write(value, &w, e);
}

#define CHECK_WITH(name, write)                                              \
	static int name(void *conf UNUSED, const char *value, struct err *e) \
	{                                                                    \
		return try_write(write, value, e);                           \
	}

CHECK_WITH(check_mount, spec_mount)
CHECK_WITH(check_ulimit, spec_ulimit)
CHECK_WITH(check_bps, spec_device_bps)
CHECK_WITH(check_iops, spec_device_iops)
CHECK_WITH(check_weight, spec_device_weight)

static int check_network(void *conf UNUSED, const char *value, struct err *e)
{
	struct spec_network n = {0};
	int r = spec_network(value, &n, e);

	spec_network_clear(&n);
	return r;
}

static int check_attach(void *conf UNUSED, const char *value, struct err *e)
{
	if (strcasecmp(value, "stdin") == 0 || strcasecmp(value, "stdout") == 0 ||
	    strcasecmp(value, "stderr") == 0)
		return 0;
	return err_set(e, ERR_INVALID, 0, "valid streams are STDIN, STDOUT and STDERR");
}

static int check_label(void *conf UNUSED, const char *value, struct err *e)
{
	if (*value != '\0' && *value != '=')
		return 0;
	return err_set(e, ERR_INVALID, 0, "invalid label '%s': empty name", value);
}

static int check_duration(void *conf UNUSED, const char *value, struct err *e)
{
	int64_t nsec;

	return time_parse_duration(value, &nsec, e);
}

static int check_dns(void *conf UNUSED, const char *value, struct err *e)
{
	struct ip ip;

	if (ip_parse(value, &ip, e) == 0)
		return 0;
	return err_set(e, ERR_INVALID, 0, "IP address is not correctly formatted: %s", value);
}

/* "name:address", "name=address", "name=[address]" */
static int check_host(void *conf UNUSED, const char *value, struct err *e)
{
	size_t n = strcspn(value, "=:"), len;
	CLEANUP(freep) char *address = NULL;
	struct ip ip;

	if (n == 0 || value[n] == 0 || value[n + 1] == 0)
		return err_set(e, ERR_INVALID, 0, "bad format for add-host: \"%s\"", value);
	address = xstrdup(value + n + 1 + (value[n + 1] == '['));
	len = strlen(address);
	if (value[n + 1] == '[' && len > 0 && address[len - 1] == ']')
		address[len - 1] = 0;
	if (str_eq(address, "host-gateway") || ip_parse(address, &ip, e) == 0)
		return 0;
	return err_set(e, ERR_INVALID, 0, "invalid IP address in add-host: \"%s\"", address);
}

/* "c 1:3 rwm" */
static int check_rule(void *conf UNUSED, const char *value, struct err *e)
{
	const char *p = value;

	if (*p != 0 && strchr("acb", *p) != NULL && p[1] == ' ') {
		p += 2;
		p += *p == '*' ? 1 : strspn(p, "0123456789");
		if (*p == ':') {
			p++;
			p += *p == '*' ? 1 : strspn(p, "0123456789");
			if (*p == ' ' && p[1] != 0 && strspn(p + 1, "rwm") == strlen(p + 1))
				return 0;
		}
	}
	return err_set(e, ERR_INVALID, 0, "invalid device cgroup format '%s'", value);
}

int docker_check_cpus(void *conf UNUSED, const char *value, struct err *e)
{
	int64_t nano;

	return spec_cpus(value, &nano, e);
}

int docker_check_swap(void *conf UNUSED, const char *value, struct err *e)
{
	uint64_t bytes;

	if (str_eq(value, "-1") || str_size(value, &bytes) == 0)
		return 0;
	return err_set(e, ERR_INVALID, 0, "invalid size: '%s'", value);
}

/* the first DOCKER_RUN_ONLY are not those of docker create */
const struct opt docker_run_opts[] = {
	FLAG('d', "detach", detach, "Run container in background and print container ID"),
	STR(0, "detach-keys", detach_keys, "string",
	    "Override the key sequence for detaching a container"),
	FLAG(0, "sig-proxy", sig_proxy, "Proxy received signals to the process (default true)"),
	LISTC(0, "add-host", add_host, "list", "Add a custom host-to-IP mapping (host:ip)",
	      check_host),
	LIST(0, "annotation", annotations, "map", "Add an annotation to the container"),
	LISTC('a', "attach", attach, "list", "Attach to STDIN, STDOUT or STDERR", check_attach),
	I64(0, "blkio-weight", blkio_weight, "Block IO (relative weight), between 10 and 1000"),
	LISTC(0, "blkio-weight-device", io_devices[0], "list",
	      "Block IO weight (relative device weight)", check_weight),
	LIST(0, "cap-add", cap_add, "list", "Add Linux capabilities"),
	LIST(0, "cap-drop", cap_drop, "list", "Drop Linux capabilities"),
	STR(0, "cgroup-parent", cgroup_parent, "string", "Optional parent cgroup"),
	STR(0, "cgroupns", cgroupns, "string", "Cgroup namespace to use (host|private)"),
	STR(0, "cidfile", cidfile, "string", "Write the container ID to the file"),
	I64(0, "cpu-rt-period", cpu_rt_period, "Limit CPU real-time period in microseconds"),
	I64(0, "cpu-rt-runtime", cpu_rt_runtime, "Limit CPU real-time runtime in microseconds"),
	I64(0, "cpu-period", cpu_period, "Limit CPU CFS (Completely Fair Scheduler) period"),
	I64(0, "cpu-quota", cpu_quota, "Limit CPU CFS (Completely Fair Scheduler) quota"),
	I64('c', "cpu-shares", cpu_shares, "CPU shares (relative weight)"),
	STRC(0, "cpus", cpus, "decimal", "Number of CPUs", docker_check_cpus),
	STR(0, "cpuset-cpus", cpuset_cpus, "string", "CPUs in which to allow execution (0-3, 0,1)"),
	STR(0, "cpuset-mems", cpuset_mems, "string", "MEMs in which to allow execution (0-3, 0,1)"),
	LIST(0, "device", devices, "list", "Add a host device to the container"),
	LISTC(0, "device-cgroup-rule", cgroup_rule, "list",
	      "Add a rule to the cgroup allowed devices list", check_rule),
	LISTC(0, "device-read-bps", io_devices[1], "list",
	      "Limit read rate (bytes per second) from a device", check_bps),
	LISTC(0, "device-read-iops", io_devices[3], "list",
	      "Limit read rate (IO per second) from a device", check_iops),
	LISTC(0, "device-write-bps", io_devices[2], "list",
	      "Limit write rate (bytes per second) to a device", check_bps),
	LISTC(0, "device-write-iops", io_devices[4], "list",
	      "Limit write rate (IO per second) to a device", check_iops),
	FLAG(0, "disable-content-trust", disable_trust, "Skip image verification"),
	LISTC(0, "dns", dns, "list", "Set custom DNS servers", check_dns),
	LIST(0, "dns-option", dns_opt, "list", "Set DNS options"),
	LIST(0, "dns-opt", dns_opt, "list", NULL),
	LIST(0, "dns-search", dns_search, "list", "Set custom DNS search domains"),
	STR(0, "domainname", domainname, "string", "Container NIS domain name"),
	STR(0, "entrypoint", entrypoint, "string", "Overwrite the default ENTRYPOINT of the image"),
	LIST('e', "env", env, "list", "Set environment variables"),
	LIST(0, "env-file", env_file, "list", "Read in a file of environment variables"),
	LIST(0, "expose", expose, "list", "Expose a port or a range of ports"),
	STR(0, "gpus", gpus, "gpu-request", "GPU devices to add to the container ('all' for all)"),
	LIST(0, "group-add", group_add, "list", "Add additional groups to join"),
	STR(0, "health-cmd", health_cmd, "string", "Command to run to check health"),
	STRC(0, "health-interval", health_interval, "duration", "Time between running the check",
	     check_duration),
	{0, "health-retries", OPT_INT, AT(health_retries), "int",
	 "Consecutive failures needed to report unhealthy", NULL},
	STRC(0, "health-start-interval", health_start_interval, "duration",
	     "Time between running the check during the start period", check_duration),
	STRC(0, "health-start-period", health_start, "duration",
	     "Start period for the container to initialize before starting health-retries "
	     "countdown",
	     check_duration),
	STRC(0, "health-timeout", health_timeout, "duration",
	     "Maximum time to allow one check to run", check_duration),
	STR('h', "hostname", hostname, "string", "Container host name"),
	FLAG(0, "init", init, "Run an init inside the container that forwards signals and reaps"),
	FLAG('i', "interactive", interactive, "Keep STDIN open even if not attached"),
	STR(0, "ip", ip, "string", "IPv4 address (e.g., 172.30.100.104)"),
	STR(0, "ip6", ip6, "string", "IPv6 address (e.g., 2001:db8::33)"),
	STR(0, "ipc", ipc, "string", "IPC mode to use"),
	STR(0, "isolation", isolation, "string", "Container isolation technology"),
	SIZE(0, "kernel-memory", kernel_memory, "Kernel memory limit"),
	LISTC('l', "label", labels, "list", "Set meta data on a container", check_label),
	LIST(0, "label-file", label_file, "list", "Read in a line delimited file of labels"),
	LIST(0, "link", links, "list", "Add link to another container"),
	LIST(0, "link-local-ip", link_local, "list", "Container IPv4/IPv6 link-local addresses"),
	STR(0, "log-driver", log_driver, "string", "Logging driver for the container"),
	LIST(0, "log-opt", log_opt, "list", "Log driver options"),
	STR(0, "mac-address", mac, "string", "Container MAC address"),
	SIZE('m', "memory", memory, "Memory limit"),
	SIZE(0, "memory-reservation", memory_reservation, "Memory soft limit"),
	STRC(0, "memory-swap", memory_swap, "bytes",
	     "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
	     docker_check_swap),
	I64(0, "memory-swappiness", memory_swappiness,
	    "Tune container memory swappiness (0 to 100)"),
	LISTC(0, "mount", mounts, "mount", "Attach a filesystem mount to the container",
	      check_mount),
	STR(0, "name", name, "string", "Assign a name to the container"),
	LISTC(0, "network", networks, "network", "Connect a container to a network", check_network),
	LISTC(0, "net", networks, "network", NULL, check_network),
	LIST(0, "network-alias", aliases, "list", "Add network-scoped alias for the container"),
	LIST(0, "net-alias", aliases, "list", NULL),
	FLAG(0, "no-healthcheck", no_healthcheck, "Disable any container-specified HEALTHCHECK"),
	FLAG(0, "oom-kill-disable", oom_kill_disable, "Disable OOM Killer"),
	I64(0, "oom-score-adj", oom_score_adj, "Tune host's OOM preferences (-1000 to 1000)"),
	STR(0, "pid", pid, "string", "PID namespace to use"),
	I64(0, "pids-limit", pids_limit, "Tune container pids limit (set -1 for unlimited)"),
	STR(0, "platform", platform, "string", "Set platform if server is multi-platform capable"),
	FLAG(0, "privileged", privileged, "Give extended privileges to this container"),
	LIST('p', "publish", publish, "list", "Publish a container's port(s) to the host"),
	FLAG('P', "publish-all", publish_all, "Publish all exposed ports to random ports"),
	STR(0, "pull", pull, "string",
	    "Pull image before running (\"always\", \"missing\", \"never\")"),
	FLAG('q', "quiet", quiet, "Suppress the pull output"),
	FLAG(0, "read-only", read_only, "Mount the container's root filesystem as read only"),
	STR(0, "restart", restart, "string", "Restart policy to apply when a container exits"),
	FLAG(0, "rm", rm, "Automatically remove the container when it exits"),
	STR(0, "runtime", runtime, "string", "Runtime to use for this container"),
	LIST(0, "security-opt", security_opt, "list", "Security Options"),
	SIZE(0, "shm-size", shm_size, "Size of /dev/shm"),
	STR(0, "stop-signal", stop_signal, "string", "Signal to stop the container"),
	STRC(0, "stop-timeout", stop_timeout, "int", "Timeout (in seconds) to stop a container",
	     opt_check_int),
	LIST(0, "storage-opt", storage_opt, "list", "Storage driver options for the container"),
	LIST(0, "sysctl", sysctls, "map", "Sysctl options"),
	LIST(0, "tmpfs", tmpfs, "list", "Mount a tmpfs directory"),
	FLAG('t', "tty", tty, "Allocate a pseudo-TTY"),
	LISTC(0, "ulimit", ulimits, "ulimit", "Ulimit options", check_ulimit),
	STR('u', "user", user, "string", "Username or UID (format: <name|uid>[:<group|gid>])"),
	STR(0, "userns", userns, "string", "User namespace to use"),
	STR(0, "uts", uts, "string", "UTS namespace to use"),
	LIST('v', "volume", volumes, "list", "Bind mount a volume"),
	STR(0, "volume-driver", volume_driver, "string",
	    "Optional volume driver for the container"),
	LIST(0, "volumes-from", volumes_from, "list",
	     "Mount volumes from the specified container(s)"),
	STR('w', "workdir", workdir, "string", "Working directory inside the container"),
	{0},
};
