// SPDX-License-Identifier: MIT
/* What the engine says of itself and its host: info, df. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "engine/engine_internal.h"
#include "ns/idmap.h"

/* a value of /etc/os-release (os-release(5)), quotes taken off; heap or NULL */
static char *os_release(const char *text, const char *key)
{
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;

	strv_split(&lines, text, "\n");
	for (size_t i = 0; i < lines.len; i++) {
		const char *v = str_skip(lines.items[i], key);
		size_t n;

		if (v == NULL || *v != '=')
			continue;
		v++;
		n = strlen(v);
		if (n >= 2 && (*v == '"' || *v == '\'') && v[n - 1] == *v)
			return xstrndup(v + 1, n - 2);
		return xstrdup(v);
	}
	return NULL;
}

static void fill_host(struct engine_info *i)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct utsname u;
	struct sysinfo s;
	struct err ignored;

	uname(&u);
	i->name = xstrdup(u.nodename);
	i->kernel_version = xstrdup(u.release);
	i->architecture = xstrdup(u.machine);
	if (file_read(AT_FDCWD, "/etc/os-release", 65536, &text, &ignored) == 0) {
		i->operating_system = os_release(text.data, "PRETTY_NAME");
		i->os_version = os_release(text.data, "VERSION_ID");
	}
	if (i->operating_system == NULL)
		i->operating_system = xstrdup("Linux");
	i->ncpu = (int)sysconf(_SC_NPROCESSORS_ONLN);
	if (sysinfo(&s) == 0)
		i->mem_total_bytes = (int64_t)s.totalram * s.mem_unit;
}

static size_t count_entries(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	if (d != NULL)
		closedir(d);
	return n > 2 ? n - 2 : 0;
}

static void warn_unless(struct engine_info *i, bool there, const char *what)
{
	if (!there)
		strv_addf(&i->warnings, "WARNING: No %s support", what);
}

static bool one_id(void)
{
	struct idmap m = IDMAP_INIT;
	struct err ignored;
	bool one = idmap_load(&m, 0, SUBID_UID, &ignored) == 0 && m.n == 1 && m.items[0].count == 1;

	idmap_clear(&m);
	return one;
}

static void fill_cgroup(const struct engine *en, struct engine_info *i)
{
	unsigned has = en->cgroup.controllers;
	bool none = en->cgroup.mode == CGROUP_NONE;

	bool weight = has & CGROUP_IO && en->cgroup.io_weight;
	bool bounds = has & CGROUP_IO && en->cgroup.io_max;

	i->cgroup_driver = xstrdup(none ? "none" : "cgroupfs");
	i->cgroup_version = xasprintf("%d", en->cgroup.version == 1 ? 1 : 2);
	i->memory_limit = (has & CGROUP_MEMORY) != 0;
	i->swap_limit = i->memory_limit && en->cgroup.swap;
	i->cpu_cfs = i->cpu_shares = (has & CGROUP_CPU) != 0;
	i->cpuset = (has & CGROUP_CPUSET) != 0;
	i->pids_limit = (has & CGROUP_PIDS) != 0;
	if (none) {
		strv_addf(&i->warnings, "WARNING: Running in rootless-mode without cgroups: %s",
			  en->cgroup.why_none != NULL ? en->cgroup.why_none : "");
		return;
	}
	warn_unless(i, i->memory_limit, "memory limit");
	warn_unless(i, i->swap_limit, "swap limit");
	warn_unless(i, i->cpu_cfs, "cpu cfs quota");
	warn_unless(i, i->cpu_cfs, "cpu cfs period");
	warn_unless(i, i->cpu_shares, "cpu shares");
	warn_unless(i, i->cpuset, "cpuset");
	warn_unless(i, weight, "io.weight");
	warn_unless(i, weight, "io.weight (per device)");
	warn_unless(i, bounds, "io.max (rbps)");
	warn_unless(i, bounds, "io.max (wbps)");
	warn_unless(i, bounds, "io.max (riops)");
	warn_unless(i, bounds, "io.max (wiops)");
}

/* user and password of a proxy's URL are nobody's who may see /info */
static char *without_password(const char *url)
{
	const char *at, *host = url != NULL ? strstr(url, "://") : NULL;

	host = host != NULL ? host + 3 : url;
	at = host != NULL ? memchr(host, '@', strcspn(host, "/?#")) : NULL;
	if (at == NULL)
		return xstrdup(url);
	for (const char *next; (next = memchr(at + 1, '@', strcspn(at + 1, "/?#"))) != NULL;)
		at = next;
	return xasprintf("%.*sxxxxx:xxxxx%s", (int)(host - url), url, at);
}

static void fill_containers(struct engine *en, struct engine_info *i)
{
	MUTEX_GUARD(&en->mu);

	i->containers = en->containers.n;
	map_for_each (slot, &en->containers) {
		enum container_state s = ((const struct container *)slot->value)->state;

		if (s == C_RUNNING)
			i->running++;
		else if (s == C_PAUSED)
			i->paused++;
		else
			i->stopped++;
	}
	i->debug = en->debug;
	i->experimental = en->experimental;
	i->live_restore = !en->stop_on_shutdown;
	strv_copy(&i->labels, &en->labels);
	strv_copy(&i->mirrors, &en->registries.mirrors);
	for (size_t k = 0; k < en->registries.insecure.len; k++)
		strv_add(strchr(en->registries.insecure.items[k], '/') != NULL ? &i->insecure_cidrs
									       : &i->insecure_hosts,
			 en->registries.insecure.items[k]);
	i->http_proxy = without_password(en->registries.http_proxy);
	i->https_proxy = without_password(en->registries.https_proxy);
	i->no_proxy = xstrdup(en->registries.no_proxy);
}

void engine_info(struct engine *en, struct engine_info *ret)
{
	memset(ret, 0, sizeof(*ret));
	str_copy(ret->id, en->id, sizeof(ret->id));
	fill_containers(en, ret);
	fill_host(ret);
	fill_cgroup(en, ret);
	ret->images = image_store_count(en->images);
	ret->driver = xstrdup(en->driver);
	storage_status(en->storage, &ret->driver_status);
	ret->data_root = xstrdup(en->data_root);
	ret->logging_driver = xstrdup(en->log_driver);
	ret->n_fd = count_entries("/proc/self/fd");
	ret->n_threads = count_entries("/proc/self/task");
	strv_add(&ret->security_options, "name=seccomp,profile=builtin");
	strv_add(&ret->security_options, "name=rootless");
	strv_add(&ret->security_options, "name=cgroupns");
	if (one_id())
		strv_add(&ret->warnings,
			 "WARNING: only one id is mapped (no subordinate ids): images with several "
			 "owners and processes of other users fail; see thimble doctor");
	if (en->netns == NULL)
		strv_add(&ret->warnings, "WARNING: no network namespace of its own: containers can "
					 "use --network host and none "
					 "only");
	if (en->netns != NULL && access("/dev/net/tun", R_OK | W_OK) < 0)
		strv_add(&ret->warnings,
			 "WARNING: /dev/net/tun cannot be used: containers reach the "
			 "outside by --network host only; bridges and published "
			 "ports work");
	if (en->netns != NULL && names_trouble(en->names_feed))
		strv_add(&ret->warnings, "WARNING: usernet does not run: names of containers are "
					 "not answered");
	if (str_eq(en->driver, "vfs") && !str_eq(storage_choice(en->storage), "it was asked for"))
		strv_addf(
			&ret->warnings,
			"WARNING: storage driver vfs copies the image for each container: %s; see "
			"thimble doctor",
			storage_choice(en->storage));
	if (json_strmap_get(&en->log_opts, "max-size") == NULL)
		strv_add(&ret->warnings, "NOTE: json-file logs are rotated at 10 MB x 3 unless "
					 "--log-opt says otherwise");
}

void engine_info_clear(struct engine_info *i)
{
	strv_clear(&i->driver_status);
	strv_clear(&i->labels);
	strv_clear(&i->warnings);
	strv_clear(&i->security_options);
	strv_clear(&i->insecure_cidrs);
	strv_clear(&i->insecure_hosts);
	strv_clear(&i->mirrors);
	free(i->driver);
	free(i->name);
	free(i->kernel_version);
	free(i->operating_system);
	free(i->os_version);
	free(i->architecture);
	free(i->data_root);
	free(i->logging_driver);
	free(i->cgroup_driver);
	free(i->cgroup_version);
	free(i->http_proxy);
	free(i->https_proxy);
	free(i->no_proxy);
	memset(i, 0, sizeof(*i));
}

void engine_df(struct engine *en, struct engine_df *ret)
{
	ret->layers_bytes = image_store_layers_bytes(en->images);
}
