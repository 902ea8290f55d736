// SPDX-License-Identifier: MIT
/*
 * From a container to what runs it: the OCI specification (config.json) and
 * the shim's own file (shim.json), both written into the bundle.
 */
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "container/config.h"
#include "engine/engine_internal.h"
#include "oci/spec.h"
#include "sandbox/caps.h"

#define DEFAULT_PATH	  "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define INIT_IN_CONTAINER "/sbin/docker-init"

void process_env(struct engine *en, const struct container *c, struct strv *env)
{
	strv_add(env, DEFAULT_PATH);
	strv_addf(env, "HOSTNAME=%s", c->config.hostname);
	links_env(en, c, env);
	if (c->config.tty)
		strv_add(env, "TERM=xterm");
	for (size_t i = 0; i < c->config.env.len; i++)
		if (strchr(c->config.env.items[i], '=') != NULL)
			strv_env_set(env, c->config.env.items[i]);
}

void process_bounds(const struct container *c, struct oci_process *p)
{
	strv_copy(&p->user.additional_groups, &c->host.group_add);
	p->no_new_privileges = c->no_new_privileges;
	if (!str_empty(c->apparmor) && !str_eq(c->apparmor, "unconfined"))
		str_replace_ptr(&p->apparmor_profile, c->apparmor);
	if (c->host.oom_score_adj != 0)
		p->oom_score_adj =
			(struct json_opt_i64){.set = true, .value = c->host.oom_score_adj};
	for (size_t i = 0; i < c->host.ulimits.len; i++)
		oci_process_rlimit(p, c->host.ulimits.items[i].name,
				   (uint64_t)c->host.ulimits.items[i].soft,
				   (uint64_t)c->host.ulimits.items[i].hard);
}

static void set_process(struct engine *en, const struct container *c, struct oci_process *p,
			struct strv *args)
{
	strv_clear(&p->env);
	process_env(en, c, &p->env);
	strv_clear(&p->args);
	if (c->host.init == JSON_TRI_TRUE) {
		strv_add(args, INIT_IN_CONTAINER);
		strv_add(args, "--");
	}
	strv_add(args, c->path);
	strv_copy(args, &c->args);
	strv_copy(&p->args, args);
	str_replace_ptr(&p->cwd, str_empty(c->config.working_dir) ? "/" : c->config.working_dir);
	p->terminal = c->config.tty;
	p->console_size.height = c->host.console_size[0];
	p->console_size.width = c->host.console_size[1];
	if (!str_empty(c->config.user))
		str_replace_ptr(&p->user.username, c->config.user);
	process_bounds(c, p);
}

static int set_caps(const struct container *c, struct oci_spec *s, struct err *e)
{
	uint64_t mask;

	if (c->host.privileged) {
		oci_spec_privileged(s);
		return 0;
	}
	if (caps_tweak(CAPS_DOCKER_DEFAULT, &c->host.cap_add, &c->host.cap_drop, &mask, e) < 0)
		return -1;
	oci_process_caps(&s->process, mask);
	strv_clear(&s->linux_.masked_paths);
	strv_copy(&s->linux_.masked_paths, &c->host.masked_paths);
	strv_clear(&s->linux_.readonly_paths);
	strv_copy(&s->linux_.readonly_paths, &c->host.readonly_paths);
	return 0;
}

/* pid of the running container that a mode like "container:NAME" names */
static int other_pid(struct engine *en, const char *name, pid_t *ret, struct err *e)
{
	struct container *c = container_get(en, name, e);

	if (c == NULL)
		return -1;
	pthread_mutex_lock(&en->mu);
	*ret = state_runs(c->state) ? (pid_t)c->pid : 0;
	pthread_mutex_unlock(&en->mu);
	container_unref(en, c);
	if (*ret == 0)
		return err_set(e, ERR_CONFLICT, 0,
			       "cannot join namespace of a non running container: %s", name);
	return 0;
}

/* a namespace by mode: "host", "container:NAME", anything else a new one */
static int set_namespace(struct engine *en, struct oci_spec *s, const char *type, const char *file,
			 const char *mode, struct err *e)
{
	const char *other = mode != NULL ? str_skip(mode, "container:") : NULL;
	CLEANUP(freep) char *path = NULL;
	pid_t pid;

	if (str_eq(mode, "host")) {
		oci_spec_namespace_remove(s, type);
		return 0;
	}
	if (other == NULL)
		return 0;
	if (other_pid(en, other, &pid, e) < 0)
		return -1;
	path = xasprintf("/proc/%d/ns/%s", pid, file);
	oci_spec_namespace_set(s, type, path);
	return 0;
}

static int set_namespaces(struct engine *en, const struct container *c, struct oci_spec *s,
			  struct err *e)
{
	const struct docker_host_config *h = &c->host;

	if (set_namespace(en, s, "network", "net", h->network_mode, e) < 0 ||
	    set_namespace(en, s, "pid", "pid", h->pid_mode, e) < 0 ||
	    set_namespace(en, s, "ipc", "ipc", h->ipc_mode, e) < 0 ||
	    set_namespace(en, s, "uts", "uts", h->uts_mode, e) < 0 ||
	    set_namespace(en, s, "cgroup", "cgroup", h->cgroupns_mode, e) < 0)
		return -1;
	if (oci_spec_namespace_find(s, "uts") != NULL) {
		str_replace_ptr(&s->hostname, c->config.hostname);
		if (!str_empty(c->config.domainname))
			str_replace_ptr(&s->domainname, c->config.domainname);
	}
	return 0;
}

static void add_subpath(struct oci_mount *to, const struct container_mount *m)
{
	if (!str_empty(m->subpath))
		strv_addf(&to->options, "subpath=%s", m->subpath);
}

static int mount_image(struct engine *en, struct oci_spec *s, const struct container_mount *m,
		       struct err *e)
{
	struct storage_mount sm = {0};
	struct image *img;
	int r;

	if (image_store_get(en->images, m->image, &img, e) < 0)
		return -1;
	r = storage_image_mount(en->storage, img->chain_id, &sm, e);
	if (r == 0) {
		CLEANUP(freep)
		char *options =
			xasprintf("%s,rprivate,ro", sm.options != NULL ? sm.options : "rbind");

		add_subpath(oci_spec_mount_add(s, m->point.destination,
					       sm.options != NULL ? "overlay" : "bind",
					       sm.options != NULL ? sm.base_dir : sm.merged,
					       options),
			    m);
	}
	storage_mount_clear(&sm);
	image_unref(en->images, img);
	return r;
}

static void mount_container_mount(struct oci_spec *s, const struct container_mount *m)
{
	CLEANUP(strv_clear) struct strv options = STRV_INIT;
	CLEANUP(freep) char *joined = NULL;

	if (str_eq(m->point.type, "tmpfs")) {
		CLEANUP(freep) char *text = xasprintf("%s%s", m->options, m->point.rw ? "" : ",ro");

		oci_spec_mount_add(s, m->point.destination, "tmpfs", "tmpfs", text);
		return;
	}
	strv_add(&options, m->non_recursive ? "bind" : "rbind");
	if (!m->point.rw)
		strv_add(&options, m->options != NULL ? m->options : "ro");
	strv_add(&options, str_empty(m->point.propagation) ? "rprivate" : m->point.propagation);
	if (m->copy_up && str_empty(m->subpath))
		strv_add(&options, "copyup");
	joined = strv_join(&options, ",");
	add_subpath(oci_spec_mount_add(s, m->point.destination, "bind", m->point.source, joined),
		    m);
}

/* /etc/hosts and the like come from the container's directory, or from the container whose network
 * is shared */
static int mount_network_files(struct engine *en, const struct container *c, struct oci_spec *s,
			       struct err *e)
{
	static const char *const files[] = {"resolv.conf", "hostname", "hosts"};
	const char *other = str_skip(c->host.network_mode, "container:");
	CLEANUP(freep) char *dir = NULL;

	if (other != NULL) {
		struct container *o = container_get(en, other, e);

		if (o == NULL)
			return -1;
		dir = container_dir(en, o);
		container_unref(en, o);
	} else {
		dir = container_dir(en, c);
	}
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		CLEANUP(freep) char *source = path_join(dir, files[i]);
		CLEANUP(freep) char *destination = path_join("/etc", files[i]);

		if (oci_spec_mount_find(s, destination) == NULL && path_exists(source))
			oci_spec_mount_add(s, destination, "bind", source,
					   c->host.readonly_rootfs ? "rbind,rprivate,ro"
								   : "rbind,rprivate,rw");
	}
	return 0;
}

static int set_mounts(struct engine *en, const struct container *c, struct oci_spec *s,
		      struct err *e)
{
	const struct docker_host_config *h = &c->host;

	if (str_eq(h->ipc_mode, "host")) {
		oci_spec_mount_add(s, "/dev/shm", "bind", "/dev/shm",
				   "rbind,rprivate,nosuid,noexec,nodev");
	} else {
		CLEANUP(freep)
		char *options = xasprintf("nosuid,noexec,nodev,mode=1777,size=%lld",
					  (long long)h->shm_size);

		oci_spec_mount_add(s, "/dev/shm", "tmpfs", "shm", options);
	}
	if (str_eq(h->ipc_mode, "none"))
		oci_spec_mount_remove(s, "/dev/shm");
	/* a proc of a pid namespace that is not ours cannot be mounted: show the one there is */
	if (str_eq(h->pid_mode, "host"))
		oci_spec_mount_add(s, "/proc", "bind", "/proc", "rbind,nosuid,noexec,nodev");
	for (size_t i = 0; i < c->mounts.len; i++) {
		const struct container_mount *m = &c->mounts.items[i];

		if (m->image == NULL)
			mount_container_mount(s, m);
		else if (mount_image(en, s, m, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < h->tmpfs.len; i++) {
		CLEANUP(freep)
		char *options = xasprintf(
			"noexec,nosuid,nodev%s%s", str_empty(h->tmpfs.items[i].value) ? "" : ",",
			h->tmpfs.items[i].value != NULL ? h->tmpfs.items[i].value : "");

		oci_spec_mount_add(s, h->tmpfs.items[i].key, "tmpfs", "tmpfs", options);
	}
	if (h->init == JSON_TRI_TRUE)
		oci_spec_mount_add(s, INIT_IN_CONTAINER, "bind", en->self_path, "bind,ro");
	return 0;
}

/* There is no driver that gives out devices, and no CDI specification that describes any: the words
 * are those of a Docker engine without either. */
static int check_requests(const struct container *c, struct err *e)
{
	CLEANUP(strv_clear) struct strv unknown = STRV_INIT;
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(freep) char *names = NULL;

	for (size_t i = 0; i < c->host.device_requests.len; i++) {
		const struct docker_device_request *r = &c->host.device_requests.items[i];
		const char *caps = r->capabilities != NULL ? r->capabilities : "";

		if (str_eq(r->driver, "cdi")) {
			if (r->count != 0)
				return err_set(e, ERR_SYSTEM, 0,
					       "unexpected count in CDI device request");
			strv_for_each (id, &r->device_ids)
				strv_add(&unknown, *id);
			continue;
		}
		if (*caps == '[') /* as Go prints lists: [[gpu] [x y]] */
			for (const char *p = caps; *p != '\0'; p++)
				if (*p != '"')
					buf_addch(&text, *p == ',' ? ' ' : *p);
		return err_set(e, ERR_SYSTEM, 0,
			       "could not select device driver \"%s\" with capabilities: %s",
			       r->driver != NULL ? r->driver : "",
			       text.len > 0 ? buf_str(&text) : "[]");
	}
	if (unknown.len == 0)
		return 0;
	names = strv_join(&unknown, ", ");
	return err_set(e, ERR_SYSTEM, 0, "CDI device injection failed: unresolvable CDI devices %s",
		       names);
}

static int set_devices(const struct container *c, struct oci_spec *s, struct err *e)
{
	if (check_requests(c, e) < 0)
		return -1;
	for (size_t i = 0; i < c->host.devices.len; i++) {
		const char *from = c->host.devices.items[i].path_on_host;
		const char *to = c->host.devices.items[i].path_in_container;
		struct stat st;

		if (str_empty(from) || stat(from, &st) < 0)
			return err_set(e, ERR_SYSTEM, 0,
				       "error gathering device information while adding custom "
				       "device \"%s\": no such "
				       "file or directory",
				       from != NULL ? from : "");
		/* a user namespace cannot make nodes: the host's is bound */
		oci_spec_mount_add(s, str_empty(to) ? from : to, "bind", from,
				   "bind,nosuid,noexec");
	}
	return 0;
}

static void set_sysctls(const struct container *c, struct oci_spec *s)
{
	json_strmap_copy(&s->linux_.sysctl, &c->host.sysctls);
}

static void set_rootfs(struct storage_mount *m, struct container_rootfs *r)
{
	r->type = xstrdup(m->type == STORAGE_MOUNT_OVERLAY ? "overlay"
			  : m->type == STORAGE_MOUNT_FUSE  ? "fuse-overlayfs"
							   : "bind");
	r->program = TAKE(m->program);
	r->base_dir = TAKE(m->base_dir);
	r->options = TAKE(m->options);
	r->mount_dir = TAKE(m->merged);
}

static int write_shim(struct engine *en, const struct container *c, struct storage_mount *root,
		      const char *bundle, struct err *e)
{
	struct container_config sc = {.open_stdin = c->config.open_stdin,
				      .stdin_once = c->config.stdin_once};
	CLEANUP(freep) char *profile = NULL;
	int r;

	sc.id = xstrdup(c->id);
	sc.cgroup_path = xstrdup(c->cgroup);
	sc.seccomp = xstrdup(str_eq(c->seccomp, "profile") ? "seccomp.json" : c->seccomp);
	r = log_settings(en, c, &sc.log, e);
	set_rootfs(root, &sc.rootfs);
	if (r == 0 && str_eq(c->seccomp, "profile")) {
		profile = path_join(bundle, "seccomp.json");
		r = file_write(AT_FDCWD, profile, c->seccomp_profile, strlen(c->seccomp_profile),
			       0600, FILE_NOSYNC, e);
	}
	if (r == 0)
		r = container_config_save(bundle, &sc, e);
	container_config_clear(&sc);
	return r;
}

static int write_bundle(struct engine *en, struct container *c, struct storage_mount *root,
			const char *bundle, struct err *e)
{
	CLEANUP(oci_spec_freep) struct oci_spec *s = oci_spec_default();
	CLEANUP(strv_clear) struct strv args = STRV_INIT;
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(freep) char *path = path_join(bundle, "config.json");

	str_replace_ptr(&s->root.path, "rootfs");
	s->root.readonly = c->host.readonly_rootfs;
	set_process(en, c, &s->process, &args);
	if (set_caps(c, s, e) < 0 || set_namespaces(en, c, s, e) < 0)
		return -1;
	if (set_mounts(en, c, s, e) < 0 || mount_network_files(en, c, s, e) < 0 ||
	    set_devices(c, s, e) < 0)
		return -1;
	set_sysctls(c, s);
	if (keepid_map(&root->ids, s, e) < 0)
		return -1;
	oci_spec_write(s, &text);
	if (file_write(AT_FDCWD, path, text.data, text.len, 0600, FILE_NOSYNC, e) < 0)
		return -1;
	return write_shim(en, c, root, bundle, e);
}

int spec_write(struct engine *en, struct container *c, const char *bundle, struct err *e)
{
	struct storage_mount root = {0};
	int r = storage_rw_mount_info(en->storage, c->id, &root, e);

	if (r == 0)
		r = write_bundle(en, c, &root, bundle, e);
	storage_mount_clear(&root);
	return r;
}
