// SPDX-License-Identifier: MIT
/*
 * From the options of docker run to the body of POST /containers/create. Only
 * what was asked for is written: the engine's defaults are its own.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "applets/docker_cli.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/time.h"
#include "client/spec.h"
#include "config/limits.h"

void docker_create_init(void *conf)
{
	struct docker_create *c = conf;

	c->sig_proxy = true;
	c->pull = "missing";
	c->memory_swappiness = -1;
	c->platform = getenv("DOCKER_DEFAULT_PLATFORM");
	if (str_empty(c->platform))
		c->platform = NULL;
}

static void put_str(struct json_w *w, const char *key, const char *value)
{
	if (value != NULL)
		jw_kstr(w, key, value);
}

static void put_i64(struct json_w *w, const char *key, int64_t value)
{
	if (value != 0)
		jw_ki64(w, key, value);
}

static void put_bool(struct json_w *w, const char *key, bool value)
{
	if (value)
		jw_kbool(w, key, true);
}

static void put_list(struct json_w *w, const char *key, const struct strv *list)
{
	if (list->len == 0)
		return;
	jw_karr(w, key);
	strv_for_each (it, list)
		jw_str(w, *it);
	jw_end(w);
}

/* [] when there is nothing */
static void put_whole_list(struct json_w *w, const char *key, const struct strv *list)
{
	jw_karr(w, key);
	strv_for_each (it, list)
		jw_str(w, *it);
	jw_end(w);
}

/* "a=b" items as an object; a later one of the same name wins */
static void put_map(struct json_w *w, const char *key, const struct strv *pairs, char separator)
{
	if (pairs->len == 0)
		return;
	jw_kobj(w, key);
	for (size_t i = 0; i < pairs->len; i++) {
		const char *text = pairs->items[i], *end = strchr(text, separator);
		size_t n = end != NULL ? (size_t)(end - text) : strlen(text);
		bool again = false;

		for (size_t k = i + 1; k < pairs->len && !again; k++)
			again = strncmp(pairs->items[k], text, n) == 0 &&
				(pairs->items[k][n] == separator || pairs->items[k][n] == 0);
		if (again)
			continue;
		CLEANUP(freep) char *name = xstrndup(text, n);

		jw_kstr(w, name, end != NULL ? end + 1 : "");
	}
	jw_end(w);
}

static int put_each(struct json_w *w, const char *key, const struct strv *list,
		    int (*write)(const char *text, struct json_w *w, struct err *e), struct err *e)
{
	if (list->len == 0 && strcmp(key, "Mounts") == 0)
		return 0;
	jw_karr(w, key);
	strv_for_each (it, list)
		if (write(*it, w, e) < 0)
			return -1;
	jw_end(w);
	return 0;
}

static void find_attach(struct docker_create *c)
{
	strv_for_each (it, &c->attach) {
		c->attach_stdin |= strcasecmp(*it, "stdin") == 0;
		c->attach_stdout |= strcasecmp(*it, "stdout") == 0;
		c->attach_stderr |= strcasecmp(*it, "stderr") == 0;
	}
	if (c->attach.len == 0 && !c->detach) {
		c->attach_stdout = c->attach_stderr = true;
		c->attach_stdin = c->interactive;
	}
}

static int put_env(struct docker_create *c, struct json_w *w, struct err *e)
{
	CLEANUP(strv_clear) struct strv env = STRV_INIT;

	strv_for_each (it, &c->env_file)
		if (spec_env_file(*it, &env, e) < 0)
			return -1;
	strv_for_each (it, &c->env) {
		char *text = spec_env(*it);

		/* a name without a value takes the image's variable away */
		strv_take(&env, text != NULL ? text : xstrdup(*it));
	}
	put_list(w, "Env", &env);
	return 0;
}

static int put_labels(struct docker_create *c, struct json_w *w, struct err *e)
{
	CLEANUP(strv_clear) struct strv labels = STRV_INIT;

	strv_for_each (it, &c->label_file)
		if (spec_label_file(*it, &labels, e) < 0)
			return -1;
	strv_copy(&labels, &c->labels);
	put_map(w, "Labels", &labels, '=');
	return 0;
}

static int put_duration(struct json_w *w, const char *key, const char *option, const char *text,
			struct err *e)
{
	int64_t nsec;

	if (text == NULL)
		return 0;
	if (time_parse_duration(text, &nsec, e) < 0)
		return -1;
	if (nsec < 0)
		return err_set(e, ERR_INVALID, 0, "--health-%s cannot be negative", option);
	jw_ki64(w, key, nsec);
	return 0;
}

static int put_health(struct docker_create *c, struct json_w *w, struct err *e)
{
	bool any = c->health_cmd != NULL || c->health_interval != NULL ||
		   c->health_timeout != NULL || c->health_start != NULL ||
		   c->health_start_interval != NULL || c->health_retries != 0;

	if (!any && !c->no_healthcheck)
		return 0;
	if (any && c->no_healthcheck)
		return err_set(e, ERR_INVALID, 0,
			       "--no-healthcheck conflicts with --health-* options");
	jw_kobj(w, "Healthcheck");
	if (c->no_healthcheck) {
		jw_kraw(w, "Test", "[\"NONE\"]");
	} else if (c->health_cmd != NULL) {
		jw_karr(w, "Test");
		jw_str(w, "CMD-SHELL");
		jw_str(w, c->health_cmd);
		jw_end(w);
	}
	if (put_duration(w, "Interval", "interval", c->health_interval, e) < 0 ||
	    put_duration(w, "Timeout", "timeout", c->health_timeout, e) < 0 ||
	    put_duration(w, "StartPeriod", "start-period", c->health_start, e) < 0 ||
	    put_duration(w, "StartInterval", "start-interval", c->health_start_interval, e) < 0)
		return -1;
	if (c->health_retries < 0)
		return err_set(e, ERR_INVALID, 0, "--health-retries cannot be negative");
	put_i64(w, "Retries", c->health_retries);
	jw_end(w);
	return 0;
}

static int put_exposed(struct docker_create *c, const struct port_maps *ports, struct json_w *w,
		       struct err *e)
{
	CLEANUP(strv_clear) struct strv list = STRV_INIT;

	for (size_t i = 0; i < ports->len; i++)
		if (!strv_has(&list, ports->items[i].port))
			strv_add(&list, ports->items[i].port);
	strv_for_each (it, &c->expose)
		if (spec_expose(*it, &list, e) < 0)
			return -1;
	if (list.len == 0)
		return 0;
	jw_kobj(w, "ExposedPorts");
	strv_for_each (it, &list) {
		jw_kobj(w, *it);
		jw_end(w);
	}
	jw_end(w);
	return 0;
}

static void put_command(const struct docker_create *c, int argc, char **argv, struct json_w *w)
{
	if (argc > 0) {
		jw_karr(w, "Cmd");
		for (int i = 0; i < argc; i++)
			jw_str(w, argv[i]);
		jw_end(w);
	}
	if (c->entrypoint != NULL) {
		jw_karr(w, "Entrypoint");
		jw_str(w, c->entrypoint); /* "" resets the image's */
		jw_end(w);
	}
}

/* a profile is sent as its text: seccomp=FILE becomes seccomp={…} */
static int put_security(struct docker_create *c, struct json_w *w, struct err *e)
{
	bool system_paths = false;

	if (c->security_opt.len == 0)
		return 0;
	jw_karr(w, "SecurityOpt");
	strv_for_each (it, &c->security_opt) {
		CLEANUP(buf_clear) struct buf b = BUF_INIT;
		CLEANUP(json_freep) struct json *v = NULL;
		const char *file = str_skip(*it, "seccomp=");

		if (strcmp(*it, "systempaths=unconfined") == 0) {
			system_paths = true;
			continue;
		}
		if (strpbrk(*it, "=:") == NULL && strcmp(*it, "no-new-privileges") != 0)
			return err_set(e, ERR_INVALID, 0, "Invalid --security-opt: \"%s\"", *it);
		if (file == NULL || strcmp(file, "unconfined") == 0 ||
		    strcmp(file, "builtin") == 0) {
			jw_str(w, *it);
			continue;
		}
		if (file_read(AT_FDCWD, file, CLIENT_CONFIG_MAX_BYTES, &b, e) < 0)
			return err_wrap(e, "opening seccomp profile (%s) failed", file);
		if (json_parse(buf_str(&b), b.len, &v, e) < 0)
			return err_wrap(e, "compacting json for seccomp profile (%s) failed", file);
		buf_reset(&b);
		buf_addstr(&b, "seccomp=");
		json_print(&b, v, NULL);
		jw_str(w, buf_str(&b));
	}
	jw_end(w);
	if (system_paths) {
		jw_kraw(w, "MaskedPaths", "[]");
		jw_kraw(w, "ReadonlyPaths", "[]");
	}
	return 0;
}

/* devices of the host, those with a CDI name, GPUs */
static int put_devices(const struct docker_create *c, struct json_w *w, struct err *e)
{
	CLEANUP(strv_clear) struct strv host = STRV_INIT, cdi = STRV_INIT;

	strv_for_each (it, &c->devices)
		strv_add(spec_is_cdi(*it) ? &cdi : &host, *it);
	jw_karr(w, "DeviceRequests");
	if (c->gpus != NULL && spec_gpus(c->gpus, w, e) < 0)
		return -1;
	if (cdi.len > 0) {
		jw_obj(w);
		jw_kstr(w, "Driver", "cdi");
		put_list(w, "DeviceIDs", &cdi);
		jw_end(w);
	}
	jw_end(w);
	return put_each(w, "Devices", &host, spec_device, e);
}

static int put_volumes(struct docker_create *c, struct json_w *w, struct strv *ret_anonymous,
		       struct err *e)
{
	CLEANUP(strv_clear) struct strv binds = STRV_INIT;

	strv_for_each (it, &c->volumes) {
		char *bind, *volume;

		if (spec_volume(*it, &bind, &volume, e) < 0)
			return -1;
		if (bind != NULL)
			strv_take(&binds, bind);
		if (volume != NULL)
			strv_take(ret_anonymous, volume);
	}
	put_list(w, "Binds", &binds);
	put_map(w, "Tmpfs", &c->tmpfs, ':');
	put_list(w, "VolumesFrom", &c->volumes_from);
	put_str(w, "VolumeDriver", c->volume_driver);
	put_map(w, "StorageOpt", &c->storage_opt, '=');
	if (put_each(w, "Mounts", &c->mounts, spec_mount, e) < 0)
		return -1;
	return put_devices(c, w, e);
}

static void put_swap(const char *text, struct json_w *w)
{
	uint64_t swap = 0;

	if (str_eq(text, "-1"))
		jw_ki64(w, "MemorySwap", -1);
	else if (str_size(text, &swap) == 0)
		put_i64(w, "MemorySwap", (int64_t)swap);
}

int docker_put_limits(const struct docker_create *c, struct json_w *w, struct err *e)
{
	int64_t nano;

	put_i64(w, "Memory", (int64_t)c->memory);
	put_i64(w, "MemoryReservation", (int64_t)c->memory_reservation);
	put_swap(c->memory_swap, w);
	if (c->cpus != NULL) {
		if (spec_cpus(c->cpus, &nano, e) < 0)
			return -1;
		jw_ki64(w, "NanoCpus", nano);
	}
	put_i64(w, "CpuShares", c->cpu_shares);
	put_i64(w, "CpuPeriod", c->cpu_period);
	put_i64(w, "CpuQuota", c->cpu_quota);
	put_i64(w, "CpuRealtimePeriod", c->cpu_rt_period);
	put_i64(w, "CpuRealtimeRuntime", c->cpu_rt_runtime);
	put_str(w, "CpusetCpus", c->cpuset_cpus);
	put_str(w, "CpusetMems", c->cpuset_mems);
	put_i64(w, "PidsLimit", c->pids_limit);
	put_i64(w, "BlkioWeight", c->blkio_weight);
	if (c->restart != NULL) {
		jw_key(w, "RestartPolicy");
		return spec_restart(c->restart, w, e);
	}
	return 0;
}

static const struct {
	const char *key;
	int (*write)(const char *text, struct json_w *w, struct err *e);
} io_devices[] = {
	{"BlkioWeightDevice", spec_device_weight},  {"BlkioDeviceReadBps", spec_device_bps},
	{"BlkioDeviceWriteBps", spec_device_bps},   {"BlkioDeviceReadIOps", spec_device_iops},
	{"BlkioDeviceWriteIOps", spec_device_iops},
};

static int put_io_devices(const struct docker_create *c, struct json_w *w, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(io_devices); i++)
		if (put_each(w, io_devices[i].key, &c->io_devices[i], io_devices[i].write, e) < 0)
			return -1;
	return 0;
}

static int put_resources(struct docker_create *c, struct json_w *w, struct err *e)
{
	if (docker_put_limits(c, w, e) < 0 || put_io_devices(c, w, e) < 0)
		return -1;
	if (c->memory_swappiness >= 0)
		jw_ki64(w, "MemorySwappiness", c->memory_swappiness);
	put_i64(w, "OomScoreAdj", c->oom_score_adj);
	put_bool(w, "OomKillDisable", c->oom_kill_disable);
	put_i64(w, "ShmSize", (int64_t)c->shm_size);
	put_str(w, "CgroupParent", c->cgroup_parent);
	put_list(w, "DeviceCgroupRules", &c->cgroup_rule);
	strv_sort(&c->ulimits);
	return put_each(w, "Ulimits", &c->ulimits, spec_ulimit, e);
}

/* "name=address" and "name:address" are the same; the engine knows the second */
static void put_hosts(struct json_w *w, const struct strv *hosts)
{
	if (hosts->len == 0)
		return;
	jw_karr(w, "ExtraHosts");
	strv_for_each (it, hosts) {
		size_t n = strcspn(*it, "=:");

		jw_strf(w, "%.*s:%s", (int)n, *it, *it + n + 1);
	}
	jw_end(w);
}

/* upper case, CAP_ in front, in order, each once */
static void put_caps(struct json_w *w, const char *key, const struct strv *caps)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;

	strv_for_each (it, caps) {
		CLEANUP(freep) char *upper = xstrdup(*it);
		CLEANUP(freep) char *name = NULL;

		for (char *p = upper; *p != 0; p++)
			*p = (char)toupper((unsigned char)*p);
		name = strcmp(upper, "ALL") == 0 || str_starts(upper, "CAP_")
			       ? TAKE(upper)
			       : xasprintf("CAP_%s", upper);
		if (!strv_has(&names, name))
			strv_add(&names, name);
	}
	strv_sort(&names);
	put_list(w, key, &names);
}

static void put_network_host(struct docker_create *c, const struct port_maps *ports,
			     struct json_w *w)
{
	const char *mode = c->n_nets > 0 ? c->nets[0].name : "default";

	jw_kstr(w, "NetworkMode", mode);
	jw_key(w, "PortBindings");
	port_maps_write(ports, w);
	put_bool(w, "PublishAllPorts", c->publish_all);
	put_whole_list(w, "Dns", &c->dns);
	put_whole_list(w, "DnsOptions", &c->dns_opt);
	put_whole_list(w, "DnsSearch", &c->dns_search);
	if (!docker_network_is_own(mode))
		put_list(w, "Links", &c->links);
}

/* "all", a number, or device=ID[,ID...] (a list in quotes, as Docker reads CSV) */
static int put_gpus(struct json_w *w, const char *text, struct err *e)
{
	CLEANUP(strv_clear) struct strv ids = STRV_INIT;
	const char *list;
	int64_t count = str_eq(text, "all") ? -1 : 0;

	if (text == NULL)
		return 0;
	list = str_skip(text + (*text == '"'), "device=");
	if (list != NULL)
		strv_split(&ids, list, ",\"");
	else if (count == 0 && str_i64(text, &count) < 0)
		return err_set(e, ERR_INVALID, 0, "--gpus %s: want all, a number or device=ID",
			       text);
	jw_karr(w, "DeviceRequests");
	jw_obj(w);
	jw_ki64(w, "Count", count);
	put_list(w, "DeviceIDs", &ids);
	jw_kraw(w, "Capabilities", "[[\"gpu\"]]");
	jw_end(w);
	jw_end(w);
	return 0;
}

static int put_host_config(struct docker_create *c, const struct port_maps *ports, struct json_w *w,
			   struct strv *ret_anonymous, struct err *e)
{
	unsigned rows, cols;

	jw_kobj(w, "HostConfig");
	put_str(w, "ContainerIDFile", c->cidfile);
	put_bool(w, "AutoRemove", c->rm);
	put_bool(w, "Privileged", c->privileged);
	put_bool(w, "ReadonlyRootfs", c->read_only);
	put_bool(w, "Init", c->init);
	put_caps(w, "CapAdd", &c->cap_add);
	put_caps(w, "CapDrop", &c->cap_drop);
	put_list(w, "GroupAdd", &c->group_add);
	put_str(w, "IpcMode", c->ipc);
	put_str(w, "PidMode", c->pid);
	put_str(w, "UTSMode", c->uts);
	put_str(w, "UsernsMode", c->userns);
	put_str(w, "CgroupnsMode", c->cgroupns);
	put_str(w, "Runtime", c->runtime);
	put_str(w, "Isolation", c->isolation);
	if (put_gpus(w, c->gpus, e) < 0)
		return -1;
	put_map(w, "Sysctls", &c->sysctls, '=');
	put_map(w, "Annotations", &c->annotations, '=');
	if (c->tty && docker_tty_size(&rows, &cols)) {
		jw_karr(w, "ConsoleSize");
		jw_u64(w, rows);
		jw_u64(w, cols);
		jw_end(w);
	}
	if (c->log_driver != NULL || c->log_opt.len > 0) {
		jw_kobj(w, "LogConfig");
		jw_kstr(w, "Type", c->log_driver);
		put_map(w, "Config", &c->log_opt, '=');
		jw_end(w);
	}
	put_network_host(c, ports, w);
	put_hosts(w, &c->add_host);
	if (put_security(c, w, e) < 0 || put_volumes(c, w, ret_anonymous, e) < 0 ||
	    put_resources(c, w, e) < 0)
		return -1;
	jw_end(w);
	return 0;
}

static void put_config(struct docker_create *c, const char *image, struct json_w *w)
{
	int64_t seconds;

	jw_kstr(w, "Image", image);
	put_str(w, "Hostname", c->hostname);
	put_str(w, "Domainname", c->domainname);
	put_str(w, "User", c->user);
	put_str(w, "WorkingDir", c->workdir);
	put_str(w, "StopSignal", c->stop_signal);
	jw_kbool(w, "AttachStdin", c->attach_stdin);
	jw_kbool(w, "AttachStdout", c->attach_stdout);
	jw_kbool(w, "AttachStderr", c->attach_stderr);
	jw_kbool(w, "Tty", c->tty);
	jw_kbool(w, "OpenStdin", c->interactive);
	jw_kbool(w, "StdinOnce", c->interactive && c->attach_stdin);
	if (str_i64(c->stop_timeout, &seconds) == 0)
		jw_ki64(w, "StopTimeout", seconds);
}

static int publish_all(struct docker_create *c, struct port_maps *ports, struct err *e)
{
	strv_for_each (it, &c->publish)
		if (spec_publish(*it, ports, e) < 0)
			return -1;
	return 0;
}

static int check_modes(const struct docker_create *c, struct err *e)
{
	const struct {
		const char *value, *option, *word, *known;
	} modes[] = {
		{c->pid, "pid", "PID", "host"},
		{c->uts, "uts", "UTS", "host"},
		{c->cgroupns, "cgroupns", "CGROUP", "private"},
	};

	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (!str_empty(modes[i].value) && !str_eq(modes[i].value, "host") &&
		    !str_eq(modes[i].value, modes[i].known) &&
		    !(i == 0 && str_starts(c->pid, "container:")))
			return err_set(e, ERR_INVALID, 0, "--%s: invalid %s mode", modes[i].option,
				       modes[i].word);
	if (str_eq(c->log_driver, "none") && c->log_opt.len > 0)
		return err_set(e, ERR_INVALID, 0, "invalid logging opts for driver none");
	return 0;
}

int docker_create_body(struct docker_create *c, const char *image, int argc, char **argv,
		       struct buf *out, struct err *e)
{
	CLEANUP(strv_clear) struct strv anonymous = STRV_INIT;
	CLEANUP(port_maps_clear) struct port_maps ports = {0};
	struct json_w w;

	find_attach(c);
	if (check_modes(c, e) < 0 || docker_read_networks(c, e) < 0 ||
	    publish_all(c, &ports, e) < 0)
		return -1;
	if (c->rm && c->restart != NULL && strcmp(c->restart, "no") != 0)
		return err_set(e, ERR_INVALID, 0,
			       "conflicting options: cannot specify both --restart "
			       "and --rm");
	jw_init(&w, out);
	jw_obj(&w);
	put_config(c, image, &w);
	if (put_env(c, &w, e) < 0 || put_labels(c, &w, e) < 0 || put_health(c, &w, e) < 0 ||
	    put_exposed(c, &ports, &w, e) < 0)
		return -1;
	put_command(c, argc, argv, &w);
	if (put_host_config(c, &ports, &w, &anonymous, e) < 0)
		return -1;
	if (anonymous.len > 0) {
		jw_kobj(&w, "Volumes");
		strv_for_each (it, &anonymous) {
			jw_kobj(&w, *it);
			jw_end(&w);
		}
		jw_end(&w);
	}
	docker_put_networks(c, &w);
	jw_end(&w);
	return 0;
}
