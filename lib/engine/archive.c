// SPDX-License-Identifier: MIT
/* docker cp, export and diff: a container's files, through the applet `archive` (storage/cp.h). */
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/engine_internal.h"
#include "storage/cp.h"

struct engine_copy {
	struct engine *en;
	struct container *c; /* a reference */
	struct cp_run *run;
	const char *event; /* what to announce at the end, or NULL */
	bool mounted;	   /* the volumes, for this alone */
};

/* where the files are: in the running container's mounts, or in the layer and the volumes of a
 * stopped one, which are mounted for that where they are mounts of their own; whole: the layer only
 */
static int find_target(struct engine *en, struct container *c, bool whole, struct cp_target *t,
		       struct storage_mount *m, struct err *e)
{
	memset(t, 0, sizeof(*t));
	memset(m, 0, sizeof(*m));
	pthread_mutex_lock(&en->mu);
	container_settled(en, c);
	t->pid = state_runs(c->state) ? (pid_t)c->pid : 0;
	pthread_mutex_unlock(&en->mu);
	if (t->pid > 0)
		return 0;
	t->mount = m;
	if (storage_rw_mount_info(en->storage, c->id, m, e) < 0 ||
	    (!whole && volumes_mount(en, c, e) < 0))
		return -1;
	for (size_t i = 0; i < c->mounts.len; i++) {
		const struct docker_mount_point *p = &c->mounts.items[i].point;

		if (!str_eq(p->type, "tmpfs"))
			strv_addf(&t->binds, "%s:%s%s", p->source, p->destination,
				  p->rw ? "" : ":ro");
	}
	return 0;
}

/* The volumes of a container that was started meanwhile stay. */
static void leave(struct engine *en, struct container *c, bool mounted)
{
	pthread_mutex_lock(&en->mu);
	mounted = mounted && !state_runs(c->state) && c->state != C_STARTING;
	pthread_mutex_unlock(&en->mu);
	if (mounted)
		volumes_unmount(en, c);
	container_unref(en, c);
}

static int start(struct engine *en, const char *name, struct cp_request *req, struct buf *ret_json,
		 struct engine_copy **ret, const char *event, struct err *e)
{
	struct container *c = container_get(en, name, e);
	struct storage_mount m;
	struct cp_target t;
	struct cp_run *run = NULL;
	bool whole = req->op == CP_EXPORT, mounted;
	int r;

	if (c == NULL)
		return -1;
	r = find_target(en, c, whole, &t, &m, e);
	if (r == 0)
		r = cp_start(&t, req, ret_json, &run, e);
	mounted = t.pid == 0 && !whole;
	strv_clear(&t.binds);
	storage_mount_clear(&m);
	if (r < 0 || ret == NULL) {
		leave(en, c, mounted);
		return r;
	}
	*ret = xcalloc(1, sizeof(**ret));
	**ret = (struct engine_copy){
		.en = en, .c = c, .run = run, .event = event, .mounted = mounted};
	return 0;
}

int engine_archive_stat(struct engine *en, const char *name, const char *path, struct buf *ret_json,
			struct err *e)
{
	struct cp_request req = {.op = CP_STAT, .path = path, .data_fd = -1};

	return start(en, name, &req, ret_json, NULL, NULL, e);
}

int engine_archive_get(struct engine *en, const char *name, const char *path, struct buf *ret_json,
		       int *ret_fd, struct engine_copy **ret, struct err *e)
{
	struct cp_request req = {.op = path != NULL ? CP_GET : CP_EXPORT, .path = path};
	int fds[2], r;

	if (fd_pipe(fds, e) < 0)
		return -1;
	req.data_fd = fds[1];
	r = start(en, name, &req, ret_json, ret, path != NULL ? "archive-path" : "export", e);
	close(fds[1]);
	if (r < 0) {
		close(fds[0]);
		return -1;
	}
	*ret_fd = fds[0];
	return 0;
}

/* copyUIDGID: everything becomes the container user's. Names would have to be looked up in the
 * container */
static int container_owner(struct engine *en, const char *name, struct cp_request *req,
			   struct err *e)
{
	struct container *c = container_get(en, name, e);
	CLEANUP(freep) char *user = NULL;
	uint64_t uid = 0, gid = 0;
	char *colon;

	if (c == NULL)
		return -1;
	user = xstrdup(c->config.user != NULL ? c->config.user : "");
	container_unref(en, c);
	if (*user == '\0') /* the owners in the archive stay */
		return 0;
	colon = strchr(user, ':');
	if (colon != NULL)
		*colon = '\0';
	if (str_u64(user, UINT32_MAX, &uid) < 0 ||
	    (colon != NULL && str_u64(colon + 1, UINT32_MAX, &gid) < 0))
		return err_set(e, ERR_UNIMPLEMENTED, 0,
			       "copyUIDGID needs a container user given by number");
	req->set_owner = true;
	req->uid = (uint32_t)uid;
	req->gid = (uint32_t)gid;
	return 0;
}

/* a read-only root file system is written to in volumes and binds only */
static int check_writable(struct engine *en, const char *name, const char *path, struct err *e)
{
	struct container *c = container_get(en, name, e);
	CLEANUP(freep) char *absolute = NULL;
	CLEANUP(freep) char *clean = NULL;
	bool ok;

	if (c == NULL)
		return -1;
	absolute = xasprintf("/%s", path);
	clean = path_clean(absolute);
	ok = !c->host.readonly_rootfs;
	for (size_t i = 0; !ok && i < c->mounts.len; i++) {
		const struct docker_mount_point *p = &c->mounts.items[i].point;
		const char *rest = str_skip(clean, p->destination);

		ok = rest != NULL && (*rest == '\0' || *rest == '/') && !str_eq(p->type, "tmpfs");
	}
	container_unref(en, c);
	return ok ? 0 : err_set(e, ERR_INVALID, 0, "container rootfs is marked read-only");
}

int engine_archive_put(struct engine *en, const char *name, const char *path,
		       bool no_overwrite_dir_nondir, bool copy_uid_gid, int *ret_fd,
		       struct engine_copy **ret, struct err *e)
{
	struct cp_request req = {
		.op = CP_PUT, .path = path, .no_overwrite_dir_nondir = no_overwrite_dir_nondir};
	int fds[2], r;

	if (check_writable(en, name, path, e) < 0 ||
	    (copy_uid_gid && container_owner(en, name, &req, e) < 0))
		return -1;
	if (fd_pipe(fds, e) < 0)
		return -1;
	req.data_fd = fds[0];
	r = start(en, name, &req, NULL, ret, "extract-to-dir", e);
	close(fds[0]);
	if (r < 0) {
		close(fds[1]);
		return -1;
	}
	*ret_fd = fds[1];
	return 0;
}

int engine_copy_finish(struct engine_copy *c, struct err *e)
{
	int r = cp_finish(c->run, e);

	if (r == 0 && c->event != NULL)
		container_event(c->en, c->c, c->event, NULL, NULL);
	leave(c->en, c->c, c->mounted);
	free(c);
	return r;
}

void engine_copy_cancel(struct engine_copy *c)
{
	cp_cancel(c->run);
	leave(c->en, c->c, c->mounted);
	free(c);
}

struct changes {
	void (*fn)(void *arg, int kind, const char *path);
	void *arg;
};

static void pass_change(void *arg, enum storage_change_kind kind, const char *path)
{
	const struct changes *ch = arg;

	ch->fn(ch->arg, (int)kind, path);
}

int engine_container_changes(struct engine *en, const char *name,
			     void (*fn)(void *arg, int kind, const char *path), void *arg,
			     struct err *e)
{
	struct container *c = container_get(en, name, e);
	struct changes ch = {.fn = fn, .arg = arg};
	int r;

	if (c == NULL)
		return -1;
	r = storage_rw_changes(en->storage, c->id, pass_change, &ch, e);
	container_unref(en, c);
	return r;
}
