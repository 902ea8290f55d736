// SPDX-License-Identifier: MIT
/*
 * Making a container: the request is checked, completed by the image's
 * configuration and Docker's defaults, and written down. The order of the
 * writes makes a crash harmless: writable layer first (swept when no container
 * names it), config.v2.json last.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/engine_internal.h"
#include "oci/seccomp.h"
#include "oci/spec.h"
#include "sandbox/caps.h"

#define NSEC_PER_MS	 1000000
#define SHM_SIZE_DEFAULT (64 * 1024 * 1024)

static void default_str(char **s, const char *value)
{
	if (str_empty(*s))
		str_replace_ptr(s, value);
}

/* --- the image's part --- */

static void merge_env(struct docker_config *conf, const struct strv *image_env)
{
	size_t own = conf->env.len;

	for (size_t i = 0; i < image_env->len; i++) {
		const char *item = image_env->items[i];
		size_t n = strcspn(item, "=") + 1, k = 0;

		while (k < own && strncmp(conf->env.items[k], item, n) != 0)
			k++;
		if (k == own)
			strv_add(&conf->env, item);
	}
}

static void merge_labels(struct docker_config *conf, const struct json_strmap *labels)
{
	for (size_t i = 0; i < labels->len; i++)
		if (json_strmap_get(&conf->labels, labels->items[i].key) == NULL)
			json_strmap_set(&conf->labels, labels->items[i].key,
					labels->items[i].value);
}

static void merge_health(struct docker_config *conf, const struct image_health *h)
{
	if (h == NULL)
		return;
	if (conf->healthcheck == NULL)
		conf->healthcheck = xcalloc(1, sizeof(*conf->healthcheck));
	if (conf->healthcheck->test.len == 0)
		strv_copy(&conf->healthcheck->test, &h->test);
	if (conf->healthcheck->interval == 0)
		conf->healthcheck->interval = h->interval_nsec;
	if (conf->healthcheck->timeout == 0)
		conf->healthcheck->timeout = h->timeout_nsec;
	if (conf->healthcheck->start_period == 0)
		conf->healthcheck->start_period = h->start_period_nsec;
	if (conf->healthcheck->start_interval == 0)
		conf->healthcheck->start_interval = h->start_interval_nsec;
	if (conf->healthcheck->retries == 0)
		conf->healthcheck->retries = h->retries;
}

void container_config_merge(struct docker_config *conf, const struct image_run_config *rc)
{
	default_str(&conf->user, rc->user);
	default_str(&conf->working_dir, rc->working_dir);
	default_str(&conf->stop_signal, rc->stop_signal);
	merge_env(conf, &rc->env);
	merge_labels(conf, &rc->labels);
	merge_health(conf, rc->health);
	for (size_t i = 0; i < rc->exposed_ports.len; i++)
		if (!strv_has(&conf->exposed_ports, rc->exposed_ports.items[i]))
			strv_add(&conf->exposed_ports, rc->exposed_ports.items[i]);
	for (size_t i = 0; i < rc->volumes.len; i++)
		if (!strv_has(&conf->volumes, rc->volumes.items[i]))
			strv_add(&conf->volumes, rc->volumes.items[i]);
	if (conf->shell.len == 0)
		strv_copy(&conf->shell, &rc->shell);
	if (conf->entrypoint.len > 0)
		return;
	/* an entrypoint of [] or [""] clears the image's; nil takes it over with its command */
	if (conf->cmd.len == 0)
		strv_copy(&conf->cmd, &rc->cmd);
	if (conf->entrypoint.items == NULL)
		strv_copy(&conf->entrypoint, &rc->entrypoint);
}

/* --- the request's part --- */

static int check_signal(const char *text, struct err *e)
{
	int sig;

	return str_empty(text) ? 0 : signal_number(text, &sig, e);
}

int host_check_restart_policy(const struct docker_host_config *h, struct err *e)
{
	const struct docker_restart_policy *p = &h->restart_policy;
	bool on_failure = str_eq(p->name, "on-failure");

	if (!str_empty(p->name) && !on_failure && !str_eq(p->name, "no") &&
	    !str_eq(p->name, "always") && !str_eq(p->name, "unless-stopped"))
		return err_set(e, ERR_INVALID, 0,
			       "invalid restart policy: unknown policy '%s'; use one of 'no', "
			       "'always', 'on-failure', or 'unless-stopped'",
			       p->name);
	if (!on_failure && p->maximum_retry_count != 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid restart policy: maximum retry count can only be used with "
			       "'on-failure'");
	if (p->maximum_retry_count < 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid restart policy: maximum retry count cannot be negative");
	if (h->auto_remove && !str_empty(p->name) && !str_eq(p->name, "no"))
		return err_set(e, ERR_INVALID, 0,
			       "can't create 'AutoRemove' container with restart policy");
	return 0;
}

/* "key=value", "key:value" or "key"; *ret_value is "" in the last case */
static char *split_opt(const char *opt, const char **ret_value)
{
	size_t n = strcspn(opt, "=:");

	*ret_value = opt[n] != '\0' ? opt + n + 1 : "";
	return xstrndup(opt, n);
}

static int apply_seccomp_opt(struct container *c, const char *value, struct err *e)
{
	if (str_eq(value, "unconfined") || str_eq(value, "builtin")) {
		str_replace_ptr(&c->seccomp, str_eq(value, "builtin") ? "default" : value);
		return 0;
	}
	if (oci_seccomp_check(value, strlen(value), e) < 0)
		return -1;
	str_replace_ptr(&c->seccomp, "profile");
	str_replace_ptr(&c->seccomp_profile, value);
	return 0;
}

static int apply_security_opts(struct container *c, struct err *e)
{
	str_replace_ptr(&c->seccomp, c->host.privileged ? "unconfined" : "default");
	for (size_t i = 0; i < c->host.security_opt.len; i++) {
		const char *value;
		CLEANUP(freep) char *key = split_opt(c->host.security_opt.items[i], &value);

		if (str_eq(key, "no-new-privileges")) {
			if (*value != '\0' && str_bool(value, &c->no_new_privileges) < 0)
				return err_set(e, ERR_INVALID, 0,
					       "invalid --security-opt 2: \"%s\"",
					       c->host.security_opt.items[i]);
			c->no_new_privileges |= *value == '\0';
		} else if (str_eq(key, "seccomp")) {
			if (apply_seccomp_opt(c, value, e) < 0)
				return -1;
		} else if (str_eq(key, "apparmor")) {
			str_replace_ptr(&c->apparmor, value);
		} else if (!str_eq(key, "userns") && !str_eq(key, "label") &&
			   !str_eq(key, "disable") && !str_eq(key, "writable-cgroups")) {
			return err_set(e, ERR_INVALID, 0, "invalid --security-opt %d: \"%s\"",
				       *value == '\0' ? 1 : 2, c->host.security_opt.items[i]);
		}
	}
	return 0;
}

/* Words a mode may have, separated by blanks; the last of them may be a prefix ("container:"). */
static int check_mode(const char *mode, const char *words, const char *fmt_what, struct err *e)
{
	CLEANUP(strv_clear) struct strv all = STRV_INIT;

	strv_split(&all, words, " ");
	for (size_t i = 0; i < all.len; i++) {
		const char *rest = str_skip(str_empty(mode) ? all.items[0] : mode, all.items[i]);

		if (rest != NULL &&
		    (*rest == '\0') == (all.items[i][strlen(all.items[i]) - 1] != ':'))
			return 0;
	}
	return err_set(e, ERR_INVALID, 0, "invalid %s mode: %s", fmt_what, mode);
}

static int check_modes(const struct docker_host_config *h, struct err *e)
{
	if (check_mode(h->cgroupns_mode, "private host", "cgroup namespace", e) < 0 ||
	    check_mode(h->ipc_mode, "none private shareable host container:", "IPC", e) < 0 ||
	    check_mode(h->pid_mode, "host container:", "PID", e) < 0 ||
	    check_mode(h->uts_mode, "host", "UTS", e) < 0)
		return -1;
	if (!str_eq(h->runtime, "runc") && !str_eq(h->runtime, "io.containerd.runc.v2"))
		return err_set(e, ERR_INVALID, 0, "unknown or invalid runtime name: %s",
			       h->runtime);
	if (!str_empty(h->isolation) && strcasecmp(h->isolation, "default") != 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid isolation (%s): linux only supports 'default'",
			       h->isolation);
	if (h->storage_opt.len > 0) /* Docker's only one, size, wants quotas of projects: root's */
		return err_set(e, ERR_INVALID, 0, "Unknown option %s", h->storage_opt.items[0].key);
	for (size_t i = 0; i < h->extra_hosts.len; i++) {
		const char *entry = h->extra_hosts.items[i], *ip = entry + strcspn(entry, ":=");
		struct err ignored;
		struct ip a;

		if (ip == entry || *ip == '\0')
			return err_set(e, ERR_INVALID, 0, "bad format for add-host: \"%s\"", entry);
		if (!str_eq(ip + 1, "host-gateway") && ip_parse(ip + 1, &a, &ignored) < 0)
			return err_set(e, ERR_INVALID, 0, "invalid IP address in add-host: \"%s\"",
				       ip + 1);
	}
	return 0;
}

static int check_caps(const struct docker_host_config *h, struct err *e)
{
	uint64_t ignored;

	if (caps_from_names(&h->cap_add, &ignored, e) < 0)
		return err_wrap(e, "invalid CapAdd");
	if (caps_from_names(&h->cap_drop, &ignored, e) < 0)
		return err_wrap(e, "invalid CapDrop");
	return 0;
}

static int bad_port(const char *text, struct err *e)
{
	return err_set(e, ERR_INVALID, 0, "invalid port specification: \"%s\"", text);
}

static int check_ports(const struct container *c, struct err *e)
{
	struct port_range r;

	for (size_t i = 0; i < c->config.exposed_ports.len; i++)
		if (port_parse(c->config.exposed_ports.items[i], &r, e) < 0)
			return -1;
	for (size_t i = 0; i < c->host.port_bindings.len; i++) {
		const struct json_map_entry *entry = &c->host.port_bindings.items[i];
		const struct json_array *bindings = entry->value;

		if (port_parse(entry->key, &r, e) < 0)
			return bad_port(entry->key, e);
		for (size_t k = 0; bindings != NULL && k < bindings->len; k++) {
			const struct docker_port_binding *b =
				(struct docker_port_binding *)bindings->items + k;
			struct port_range host;
			struct ip ip;

			if (port_parse_host(b->host_port != NULL ? b->host_port : "", &host, e) < 0)
				return bad_port(b->host_port, e);
			if (!str_empty(b->host_ip) && ip_parse(b->host_ip, &ip, e) < 0)
				return -1;
		}
		if (r.proto == PORT_SCTP && bindings != NULL && bindings->len > 0)
			return err_set(e, ERR_UNIMPLEMENTED, 0,
				       "SCTP ports cannot be published by a rootless engine");
	}
	return 0;
}

static void defaults(struct engine *en, struct container *c)
{
	struct docker_host_config *h = &c->host;
	CLEANUP(oci_spec_freep) struct oci_spec *spec = oci_spec_default();

	if (str_empty(h->network_mode) || str_eq(h->network_mode, "default"))
		str_replace_ptr(&h->network_mode, en->netns != NULL ? "bridge" : "host");
	default_str(&h->ipc_mode, "private");
	default_str(&h->cgroupns_mode, "private");
	default_str(&h->runtime, "runc");
	default_str(&h->restart_policy.name, "no");
	log_defaults(en, &h->log_config);
	if (h->shm_size == 0)
		h->shm_size = SHM_SIZE_DEFAULT;
	if (h->memory > 0 && h->memory_swap == 0 && en->cgroup.controllers & CGROUP_MEMORY)
		h->memory_swap = 2 * h->memory;
	/* nil means the defaults; an empty list (systempaths=unconfined) means none */
	if (h->masked_paths.items == NULL && !h->privileged)
		strv_copy(&h->masked_paths, &spec->linux_.masked_paths);
	if (h->readonly_paths.items == NULL && !h->privileged)
		strv_copy(&h->readonly_paths, &spec->linux_.readonly_paths);
	if (h->init == JSON_TRI_NIL && en->init)
		h->init = JSON_TRI_TRUE;
	if (str_empty(c->config.hostname)) {
		free(c->config.hostname);
		c->config.hostname = xstrndup(c->id, 12);
	}
}

static int check_health(const struct docker_health_config *h, struct err *e)
{
	const struct {
		const char *name;
		int64_t value;
	} times[] = {{"Interval", h->interval},
		     {"Timeout", h->timeout},
		     {"StartPeriod", h->start_period},
		     {"StartInterval", h->start_interval}};

	for (size_t i = 0; i < ARRAY_LEN(times); i++)
		if (times[i].value != 0 && times[i].value < NSEC_PER_MS)
			return err_set(e, ERR_INVALID, 0,
				       "%s in Healthcheck cannot be less than 1ms", times[i].name);
	if (h->retries < 0)
		return err_set(e, ERR_INVALID, 0, "Retries in Healthcheck cannot be negative");
	return 0;
}

static int check(struct engine *en, struct container *c, struct err *e)
{
	if (!str_empty(c->config.working_dir) && *c->config.working_dir != '/')
		return err_set(e, ERR_INVALID, 0,
			       "the working directory '%s' is invalid, it needs to be an absolute "
			       "path",
			       c->config.working_dir);
	for (size_t i = 0; i < c->config.env.len; i++)
		if (*c->config.env.items[i] == '\0' || *c->config.env.items[i] == '=')
			return err_set(e, ERR_INVALID, 0, "invalid environment variable: %s",
				       c->config.env.items[i]);
	if ((c->config.healthcheck != NULL && check_health(c->config.healthcheck, e) < 0) ||
	    log_check(c, e) < 0 || check_signal(c->config.stop_signal, e) < 0 ||
	    host_check_restart_policy(&c->host, e) < 0 || check_caps(&c->host, e) < 0 ||
	    check_modes(&c->host, e) < 0 || check_ports(c, e) < 0 || links_resolve(en, c, e) < 0 ||
	    limits_check(en, &c->host, false, e) < 0)
		return -1;
	return 0;
}

/* path and args of the process, from entrypoint and command */
static int set_command(struct container *c, struct err *e)
{
	CLEANUP(strv_clear) struct strv all = STRV_INIT;

	if (!(c->config.entrypoint.len == 1 && *c->config.entrypoint.items[0] == '\0'))
		strv_copy(&all, &c->config.entrypoint);
	strv_copy(&all, &c->config.cmd);
	if (all.len == 0)
		return err_set(e, ERR_INVALID, 0, "no command specified");
	c->path = xstrdup(all.items[0]);
	for (size_t i = 1; i < all.len; i++)
		strv_add(&c->args, all.items[i]);
	return 0;
}

/* --- names --- */

static int reserve_name(struct engine *en, struct container *c, const char *name, struct err *e)
{
	MUTEX_GUARD(&en->mu);

	if (name != NULL) {
		if (container_name_free(en, "", name, e) < 0)
			return -1;
		c->name = xstrdup(name);
	} else {
		c->name = container_random_name();
		for (unsigned n = 1; map_get(&en->names, c->name) != NULL; n++) {
			CLEANUP(freep) char *base = container_random_name();

			free(c->name);
			c->name = n < 6 ? xstrdup(base) : xasprintf("%s%u", base, n);
		}
	}
	map_put(&en->names, c->name, c);
	return 0;
}

static void drop_name(struct engine *en, struct container *c)
{
	MUTEX_GUARD(&en->mu);

	map_steal(&en->names, c->name);
}

/* layer, directory and files; on failure all is taken back */
static int materialize(struct engine *en, struct container *c, const char *chain_id, struct err *e)
{
	CLEANUP(freep) char *dir = container_dir(en, c);
	struct err ignored;

	if (storage_rw_create(en->storage, c->id, chain_id, e) < 0)
		return -1;
	if (storage_rw_keepid(en->storage, c->id, &c->ids, e) < 0)
		;
	else if (mkdir(dir, 0700) < 0)
		err_sys(e, "mkdir %s", dir);
	else if (container_save_host(en, c, FILE_CONTENT, e) == 0 &&
		 container_save(en, c, true, e) == 0)
		return 0;
	if (path_remove_tree(AT_FDCWD, dir, &ignored) < 0 ||
	    storage_rw_remove(en->storage, c->id, &ignored) < 0)
		log_debug(&ignored, "create %s: cleaning up", c->id);
	return -1;
}

/* removes the anonymous volumes that a failed creation has made */
static void drop_volumes(struct engine *en, struct container *c)
{
	struct err ignored;

	for (size_t i = 0; i < c->mounts.len; i++) {
		const struct docker_mount_point *p = &c->mounts.items[i].point;

		if (str_eq(p->type, "volume") && p->name != NULL && str_is_hex(p->name, 64) &&
		    !volume_in_use(en, p->name, NULL) &&
		    volume_remove(en->volumes, p->name, &ignored) < 0)
			log_debug(&ignored, "create: volume %s", p->name);
	}
}

static int fill(struct engine *en, struct container *c, struct image *img,
		struct docker_networking_config *nc, struct strv *warnings, struct err *e)
{
	if (str_empty(c->config.image))
		return err_set(e, ERR_INVALID, 0, "no image specified");
	if (c->config.volumes.len == 0)
		strv_clear(&c->config.volumes);
	container_config_merge(&c->config, &img->config->config);
	str_copy(c->image_id, img->id, sizeof(c->image_id));
	c->os = xstrdup("linux");
	defaults(en, c);
	if (check(en, c, e) < 0 || apply_security_opts(c, e) < 0 || set_command(c, e) < 0)
		return -1;
	if (keepid_configure(c, e) < 0)
		return -1;
	limits_warn(en, &c->host, warnings);
	if (endpoints_configure(en, c, nc, e) < 0)
		return -1;
	if (mounts_plan(en, c, &img->config->config.volumes, e) < 0)
		return -1;
	for (size_t i = 0; i < c->mounts.len; i++)
		if (c->mounts.items[i].image != NULL && !c->mounts.items[i].from_other) {
			strv_add(warnings, "Image mount is an experimental feature");
			break;
		}
	return 0;
}

static int create(struct engine *en, struct container *c, const char *name, struct image *img,
		  struct docker_networking_config *nc, struct strv *warnings, struct err *e)
{
	if (reserve_name(en, c, name, e) < 0)
		return -1;
	if (fill(en, c, img, nc, warnings, e) < 0 || materialize(en, c, img->chain_id, e) < 0) {
		drop_volumes(en, c);
		drop_name(en, c);
		return -1;
	}
	pthread_mutex_lock(&en->mu);
	map_put(&en->containers, c->id, c);
	c->refs++;
	pthread_mutex_unlock(&en->mu);
	return 0;
}

int engine_container_create(struct engine *en, const char *name, const char *platform,
			    struct docker_create_request *req, char *ret_id,
			    struct strv *ret_warnings, struct err *e)
{
	struct container *c = container_new();
	struct image *img = NULL;
	int r;

	rand_hex(c->id, RAND_ID_LEN);
	c->created_nsec = time_now_nsec();
	c->config = req->config;
	c->host = req->host_config;
	memset(&req->config, 0, sizeof(req->config));
	memset(&req->host_config, 0, sizeof(req->host_config));
	if (name != NULL && *name == '/')
		name++;
	r = image_store_get(en->images, c->config.image != NULL ? c->config.image : "", &img, e);
	if (r == 0)
		r = engine_image_is_for(en, c->config.image, platform, e);
	if (r == 0)
		r = create(en, c, str_empty(name) ? NULL : name, img, &req->networking_config,
			   ret_warnings, e);
	json_struct_clear(&docker_create_request_json, req);
	if (r == 0) {
		str_copy(ret_id, c->id, RAND_ID_LEN + 1);
		container_event(en, c, "create", NULL, NULL);
	}
	image_unref(en->images, img);
	container_unref(en, c);
	return r;
}
