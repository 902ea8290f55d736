// SPDX-License-Identifier: MIT
/* Execs: created, started once through the container's shim, remembered for a while after their
 * end. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "base/str.h"
#include "config/limits.h"
#include "container/user.h"
#include "engine/engine_internal.h"
#include "oci/spec.h"
#include "sandbox/caps.h"

#define EXIT_EVENT_TIMEOUT_MS 5000
#define EXEC_KEEP_MS	      (5 * 60 * 1000) /* an ended exec can be inspected that long */

void exec_free(struct exec *x)
{
	json_struct_clear(&docker_exec_config_json, &x->conf);
	free(x);
}

/* forgets execs that ended long ago; with mu held */
static void sweep(struct engine *en, struct container *c)
{
	int64_t old = time_mono_ms() - EXEC_KEEP_MS;
	struct exec *x, *next;

	list_for_each_safe (x, next, &c->execs, link) {
		if (x->state != EXEC_EXITED || x->finished_ms > old)
			continue;
		map_steal(&en->execs, x->id);
		list_del(&x->link);
		exec_free(x);
	}
}

static size_t count(const struct container *c)
{
	const struct list *l;
	size_t n = 0;

	for (l = c->execs.next; l != &c->execs; l = l->next)
		n++;
	return n;
}

/* with mu held */
static int check_running(const struct container *c, struct err *e)
{
	if (c->state == C_PAUSED)
		return err_set(e, ERR_CONFLICT, 0,
			       "Container %s is paused, unpause the container before exec", c->id);
	if (c->state == C_RESTARTING)
		return err_set(e, ERR_CONFLICT, 0,
			       "Container %s is restarting, wait until the container is running",
			       c->id);
	if (c->state != C_RUNNING)
		return err_set(e, ERR_CONFLICT, 0, "container %s is not running", c->id);
	return 0;
}

/* the program, a space, and its arguments, however many */
static void exec_event(struct engine *en, struct container *c, const struct strv *cmd,
		       const char *id, const char *action)
{
	CLEANUP(freep) char *command = strv_join(cmd, " ");
	CLEANUP(freep)
	char *text = xasprintf("%s: %s%s", action, command, cmd->len == 1 ? " " : "");

	container_event(en, c, text, "execID", id);
}

/* the user that is asked for must be in the container's own files, unless it is a number; with mu
 * held, which is given up meanwhile */
static int check_user(struct engine *en, const struct container *c, const char *user, struct err *e)
{
	CLEANUP(freep) char *root = xasprintf("/proc/%d/root", (int)c->pid);
	struct oci_user u = {.username = (char *)user};
	CLEANUP(user_ids_clear) struct user_ids ids = {0};
	CLEANUP(fd_closep) int root_fd = -1;
	int r = 0;

	if (str_empty(user))
		return 0;
	pthread_mutex_unlock(&en->mu);
	root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd >= 0) /* else it is ending, as the start of the exec will say */
		r = user_resolve(root_fd, &u, &ids, e);
	pthread_mutex_lock(&en->mu);
	return r < 0 ? -1 : check_running(c, e);
}

int engine_exec_create(struct engine *en, const char *name, struct docker_exec_config *conf,
		       char *ret_id, struct err *e)
{
	struct container *c = container_get(en, name, e);
	unsigned char keys[SHIM_DETACH_KEYS_MAX];
	struct exec *x = NULL;
	size_t n;
	int r = -1;

	if (c == NULL) {
		json_struct_clear(&docker_exec_config_json, conf);
		return -1;
	}
	if (conf->cmd.len == 0)
		err_set(e, ERR_INVALID, 0, "No exec command specified");
	else
		r = 0;
	pthread_mutex_lock(&en->mu);
	container_settled(en, c);
	if (r == 0)
		r = check_running(c, e);
	if (r == 0 && detach_keys_parse(str_empty(conf->detach_keys) ? NULL : conf->detach_keys,
					keys, &n, e) < 0)
		r = err_set(e, ERR_INVALID, 0, "Invalid escape keys (%s) provided",
			    conf->detach_keys);
	if (r == 0)
		r = check_user(en, c, conf->user, e);
	if (r == 0) {
		sweep(en, c);
		if (count(c) >= ENGINE_EXECS_MAX)
			r = err_set(e, ERR_UNAVAILABLE, 0, "too many execs in container %s", c->id);
	}
	if (r == 0) {
		x = xcalloc(1, sizeof(*x));
		rand_hex(x->id, RAND_ID_LEN);
		x->c = c;
		x->conf = *conf;
		memset(conf, 0, sizeof(*conf));
		list_add_tail(&c->execs, &x->link);
		map_put(&en->execs, x->id, x);
		str_copy(ret_id, x->id, RAND_ID_LEN + 1);
	}
	pthread_mutex_unlock(&en->mu);
	json_struct_clear(&docker_exec_config_json, conf);
	if (r == 0)
		exec_event(en, c, &x->conf.cmd, x->id, "exec_create");
	container_unref(en, c);
	return r;
}

/* the exec and a reference on its container, which keeps it alive */
static struct exec *exec_get(struct engine *en, const char *id, struct container **ret_c,
			     struct err *e)
{
	struct exec *x;
	MUTEX_GUARD(&en->mu);

	x = map_get(&en->execs, id);
	if (x == NULL) {
		err_set(e, ERR_NOTFOUND, 0, "No such exec instance: %s", id);
		return NULL;
	}
	*ret_c = x->c;
	x->c->refs++;
	return x;
}

static int check_start(const struct exec *x, struct err *e)
{
	if (x->state == EXEC_EXITED)
		return err_set(e, ERR_CONFLICT, 0, "exec command %s has already run", x->id);
	if (x->state != EXEC_CREATED)
		return err_set(e, ERR_CONFLICT, 0, "exec command %s is already running", x->id);
	return check_running(x->c, e);
}

int engine_exec_check(struct engine *en, const char *id, bool *ret_tty, struct err *e)
{
	struct container *c;
	struct exec *x = exec_get(en, id, &c, e);
	int r;

	if (x == NULL)
		return -1;
	pthread_mutex_lock(&en->mu);
	r = check_running(c, e);
	*ret_tty = x->conf.tty;
	pthread_mutex_unlock(&en->mu);
	container_unref(en, c);
	return r;
}

static void fill_process(struct engine *en, const struct container *c,
			 const struct docker_exec_config *conf, unsigned rows, unsigned cols,
			 struct oci_process *p, struct err *e)
{
	uint64_t mask = CAPS_ALL;

	process_env(en, c, &p->env);
	for (size_t i = 0; i < conf->env.len; i++)
		strv_env_set(&p->env, conf->env.items[i]);
	strv_copy(&p->args, &conf->cmd);
	p->cwd = xstrdup(!str_empty(conf->working_dir)	     ? conf->working_dir
			 : !str_empty(c->config.working_dir) ? c->config.working_dir
							     : "/");
	p->terminal = conf->tty;
	p->console_size.height = rows != 0 ? rows : conf->console_size[0];
	p->console_size.width = cols != 0 ? cols : conf->console_size[1];
	p->user.username = xstrdup(!str_empty(conf->user) ? conf->user : c->config.user);
	process_bounds(c, p);
	/* the names were checked at the container's creation */
	if (!conf->privileged && !c->host.privileged &&
	    caps_tweak(CAPS_DOCKER_DEFAULT, &c->host.cap_add, &c->host.cap_drop, &mask, e) < 0)
		mask = CAPS_DOCKER_DEFAULT;
	oci_process_caps(p, mask);
}

/* runs it through the shim; the exec's own members are not touched */
static int run(struct engine *en, struct container *c, const char *id,
	       const struct docker_exec_config *conf, struct shim_attach *a, unsigned rows,
	       unsigned cols, pid_t *ret_pid, int *ret_code, struct err *e)
{
	CLEANUP(freep) char *bundle = container_bundle(en, c);
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct oci_process p = {0};
	struct shim_conn conn;
	struct shim_info info;
	struct json_w w;
	int r;

	fill_process(en, c, conf, rows, cols, &p, e);
	jw_init(&w, &text);
	json_unbind(&w, &oci_process_json, &p);
	json_struct_clear(&oci_process_json, &p);
	if (shim_connect(bundle, &conn, &info, e) < 0)
		return err_set(e, ERR_CONFLICT, 0, "container %s is not running", c->id);
	r = shim_exec(&conn, id, text.data, text.len, a, ret_pid, ret_code, e);
	shim_close(&conn);
	return r;
}

static void runtime_words(struct err *e)
{
	err_wrap(e, "OCI runtime exec failed: exec failed: unable to start container process");
}

/* what became of the start; an exec that has ended meanwhile stays ended */
static void settle(struct engine *en, struct exec *x, bool ok, pid_t pid, int code)
{
	uint64_t ticks = ok ? proc_start_time(pid) : 0;
	MUTEX_GUARD(&en->mu);

	if (!ok) {
		x->state = EXEC_EXITED;
		x->exit_code = code;
		x->finished_ms = time_mono_ms();
		return;
	}
	x->pid = pid;
	x->start_ticks = ticks;
	if (x->state == EXEC_STARTING)
		x->state = EXEC_RUNNING;
	pthread_cond_broadcast(&en->changed);
}

/* waits while the exec is in a state, at most until the deadline; false at the deadline */
static bool wait_while(struct engine *en, const struct exec *x, enum exec_state state,
		       int64_t deadline)
{
	MUTEX_GUARD(&en->mu);

	while (x->state == state)
		if (!cond_wait_until(&en->changed, &en->mu, deadline))
			return x->state != state;
	return true;
}

/* A client sees the end of the streams before the shim's event has come here, and asks for the exit
 * code: an exec whose process is gone is about to be settled. */
static void await_exit(struct engine *en, const struct exec *x)
{
	int64_t deadline = time_mono_ms() + EXIT_EVENT_TIMEOUT_MS;
	enum exec_state state;
	uint64_t ticks;
	pid_t pid;

	pthread_mutex_lock(&en->mu);
	state = x->state;
	pthread_mutex_unlock(&en->mu);
	if (state == EXEC_CREATED ||
	    (state == EXEC_STARTING && !wait_while(en, x, EXEC_STARTING, deadline)))
		return;
	pthread_mutex_lock(&en->mu);
	state = x->state;
	ticks = x->start_ticks;
	pid = (pid_t)x->pid;
	pthread_mutex_unlock(&en->mu);
	if (state == EXEC_RUNNING && (ticks == 0 || proc_start_time(pid) != ticks))
		wait_while(en, x, EXEC_RUNNING, deadline);
}

void execs_over(struct container *c)
{
	struct exec *x;

	list_for_each (x, &c->execs, link) {
		if (x->state != EXEC_RUNNING && x->state != EXEC_CREATED)
			continue;
		x->state = EXEC_EXITED;
		x->exit_code = 128 + SIGKILL;
		x->pid = 0;
		x->finished_ms = time_mono_ms();
	}
}

int engine_exec_start(struct engine *en, const char *id, const struct engine_attach *a,
		      unsigned rows, unsigned cols, struct err *e)
{
	struct container *c;
	struct exec *x = exec_get(en, id, &c, e);
	struct shim_attach sa = {
		.client_fd = a->client_fd, .leftover = a->leftover, .n_leftover = a->n_leftover};
	int code = 126, r;
	pid_t pid = 0;

	if (x == NULL)
		return -1;
	pthread_mutex_lock(&en->mu);
	r = check_start(x, e);
	if (r == 0)
		x->state = EXEC_STARTING;
	pthread_mutex_unlock(&en->mu);
	if (r == 0) {
		/* conf does not change after creation, and a starting exec is not swept */
		bool attached = a->client_fd >= 0;

		sa.flags = (x->conf.attach_stdin && attached ? SHIM_STDIN : 0U) |
			   (x->conf.attach_stdout ? SHIM_STDOUT : 0U) |
			   (x->conf.attach_stderr ? SHIM_STDERR : 0U) |
			   (x->conf.tty || !a->multiplexed ? SHIM_RAW : 0U);
		r = detach_keys_parse(str_empty(x->conf.detach_keys) ? NULL : x->conf.detach_keys,
				      sa.detach_keys, &sa.n_detach_keys, e);
	}
	if (r == 0) {
		exec_event(en, c, &x->conf.cmd, x->id, "exec_start");
		r = run(en, c, id, &x->conf, &sa, rows, cols, &pid, &code, e);
		settle(en, x, r == 0, pid, code);
		if (r < 0 && e->kind != ERR_CONFLICT) {
			if (code == 126 || code == 127)
				e->kind = ERR_INVALID;
			runtime_words(e);
		}
	}
	container_unref(en, c);
	return r;
}

void exec_ended(struct engine *en, struct container *c, const char *exec_id, int exit_code)
{
	char code[16];
	const struct engine_event_attribute more[] = {{"execID", exec_id}, {"exitCode", code}, {0}};
	struct exec *x;

	pthread_mutex_lock(&en->mu);
	x = map_get(&en->execs, exec_id);
	if (x != NULL) {
		x->state = EXEC_EXITED;
		x->exit_code = exit_code;
		x->pid = 0;
		x->finished_ms = time_mono_ms();
		pthread_cond_broadcast(&en->changed);
	}
	pthread_mutex_unlock(&en->mu);
	snprintf(code, sizeof(code), "%d", exit_code);
	container_event_with(en, c, "exec_die", more);
}

int exec_probe(struct engine *en, struct container *c, const struct strv *argv, int client_fd,
	       char *ret_id, struct err *e)
{
	struct docker_exec_config conf = {.attach_stdout = true, .attach_stderr = true};
	struct shim_attach a = {.client_fd = client_fd,
				.flags = SHIM_STDOUT | SHIM_STDERR | SHIM_RAW};
	int code = 126, r;
	pid_t pid;

	strv_copy(&conf.cmd, argv);
	rand_hex(ret_id, RAND_ID_LEN);
	exec_event(en, c, argv, ret_id, "exec_create");
	exec_event(en, c, argv, ret_id, "exec_start");
	r = run(en, c, ret_id, &conf, &a, 0, 0, &pid, &code, e);
	if (r < 0)
		runtime_words(e);
	json_struct_clear(&docker_exec_config_json, &conf);
	return r;
}

int engine_exec_resize(struct engine *en, const char *id, unsigned rows, unsigned cols,
		       struct err *e)
{
	struct container *c;
	CLEANUP(freep) char *bundle = NULL;
	struct shim_conn conn;
	struct shim_info info;
	int r;

	if (exec_get(en, id, &c, e) == NULL)
		return -1;
	bundle = container_bundle(en, c);
	r = shim_connect(bundle, &conn, &info, e);
	if (r == 0) {
		r = shim_resize(&conn, id, rows, cols, e);
		shim_close(&conn);
	}
	container_unref(en, c);
	return r;
}

int engine_exec_inspect(struct engine *en, const char *id, struct docker_exec_inspect *ret,
			struct err *e)
{
	struct container *c;
	struct exec *x = exec_get(en, id, &c, e);

	if (x == NULL)
		return -1;
	await_exit(en, x);
	pthread_mutex_lock(&en->mu);
	memset(ret, 0, sizeof(*ret));
	ret->id = xstrdup(x->id);
	ret->running = x->state == EXEC_RUNNING || x->state == EXEC_STARTING;
	ret->exit_code =
		(struct json_opt_i64){.set = x->state == EXEC_EXITED, .value = x->exit_code};
	ret->process_config.tty = x->conf.tty;
	ret->process_config.entrypoint = xstrdup(x->conf.cmd.items[0]);
	for (size_t i = 1; i < x->conf.cmd.len; i++)
		strv_add(&ret->process_config.arguments, x->conf.cmd.items[i]);
	ret->process_config.privileged = x->conf.privileged;
	ret->process_config.user = xstrdup(x->conf.user);
	ret->open_stdin = x->conf.attach_stdin;
	ret->open_stdout = x->conf.attach_stdout;
	ret->open_stderr = x->conf.attach_stderr;
	ret->container_id = xstrdup(c->id);
	ret->detach_keys = xstrdup(x->conf.detach_keys);
	ret->pid = x->pid;
	pthread_mutex_unlock(&en->mu);
	container_unref(en, c);
	return 0;
}
