// SPDX-License-Identifier: MIT
/* The layout that Docker 20.10-28 writes below its data root; see engine/persist.c. */
#include "inspect/state.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/str.h"
#include "config/limits.h"
#include "rootless/state.h"

static struct json *load(const char *dir, const char *name)
{
	CLEANUP(freep) char *path = path_join(dir, name);
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct json *v = NULL;
	struct err ignored;

	if (file_read(AT_FDCWD, path, ENGINE_STATE_FILE_MAX, &text, &ignored) < 0 ||
	    json_parse(buf_str(&text), text.len, &v, &ignored) < 0)
		return NULL;
	return v;
}

static const char *text_of(const struct json *v, const char *key)
{
	const char *s = json_get_str(v, key);

	return s != NULL ? s : "";
}

static bool load_container(const char *dir, struct look_container *c)
{
	const struct json *state, *net;
	int64_t pid, ticks;

	c->config = load(dir, "config.v2.json");
	c->host = load(dir, "hostconfig.json");
	c->id = text_of(c->config, "ID");
	c->name = text_of(c->config, "Name");
	c->name += *c->name == '/';
	state = json_get(c->config, "State");
	net = json_get(c->config, "NetworkSettings");
	c->networks = json_get(net, "Networks");
	c->sandbox_key = text_of(net, "SandboxKey");
	c->mode = text_of(c->host, "NetworkMode");
	c->status = text_of(state, "Status");
	pid = json_get_i64(state, "Pid", 0);
	ticks = json_get_i64(state, "StartTicks", 0);
	if (!json_get_bool(state, "Running", false) || pid <= 0 || pid > INT32_MAX)
		pid = 0;
	else if (proc_start_time((pid_t)pid) == 0 ||
		 (ticks != 0 && proc_start_time((pid_t)pid) != (unsigned long long)ticks))
		pid = 0;
	c->pid = (pid_t)pid;
	if (pid == 0 && json_get_bool(state, "Running", false))
		c->status = "gone";
	return *c->id != '\0' && *c->name != '\0';
}

static void container_clear(struct look_container *c)
{
	json_free(c->config);
	json_free(c->host);
}

static int by_name(const void *a, const void *b)
{
	const struct look_container *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int look_containers_load(const char *data_root, struct look_containers *ret, struct err *e)
{
	CLEANUP(freep) char *dir = path_join(data_root, "containers");
	struct look_containers l = {0};
	DIR *d = opendir(dir);
	struct dirent *ent;

	if (d == NULL)
		return err_sys(e, "the engine's state in %s", dir);
	while ((ent = readdir(d)) != NULL) {
		CLEANUP(freep) char *path = path_join(dir, ent->d_name);
		struct look_container c = {0};

		if (ent->d_name[0] == '.')
			continue;
		if (!load_container(path, &c)) {
			container_clear(&c);
			continue;
		}
		l.items = xrealloc(l.items, (l.n + 1) * sizeof(c));
		l.items[l.n++] = c;
	}
	closedir(d);
	if (l.n > 0)
		qsort(l.items, l.n, sizeof(*l.items), by_name);
	*ret = l;
	return 0;
}

void look_containers_clear(struct look_containers *l)
{
	for (size_t i = 0; i < l->n; i++)
		container_clear(&l->items[i]);
	free(l->items);
	*l = (struct look_containers){0};
}

size_t look_container_addresses(const struct look_container *c, struct ip *ret, size_t max)
{
	static const char *const keys[] = {"IPAddress", "GlobalIPv6Address"};
	struct err ignored;
	size_t n = 0;

	for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
		json_for_each (ep, c->networks) {
			const char *text = json_get_str(ep, keys[k]);

			if (n < max && !str_empty(text) && ip_parse(text, &ret[n], &ignored) == 0)
				n++;
		}
	}
	return n;
}

static bool has_address(const struct look_container *c, const struct ip *ip)
{
	struct ip all[LOOK_ADDRESSES_MAX];
	size_t n = look_container_addresses(c, all, LOOK_ADDRESSES_MAX);

	for (size_t i = 0; i < n; i++) {
		if (ip_eq(&all[i], ip))
			return true;
	}
	return false;
}

const struct look_container *look_container_find(const struct look_containers *l, const char *word,
						 struct err *e)
{
	const struct look_container *hit = NULL;
	size_t len = strlen(word);
	struct err ignored;
	struct ip ip;

	for (size_t i = 0; i < l->n; i++) {
		if (str_eq(l->items[i].name, word) || str_eq(l->items[i].id, word))
			return &l->items[i];
	}
	if (ip_parse(word, &ip, &ignored) == 0) {
		for (size_t i = 0; i < l->n; i++) {
			if (l->items[i].pid != 0 && has_address(&l->items[i], &ip))
				return &l->items[i];
		}
	}
	for (size_t i = 0; i < l->n && str_is_hex(word, len); i++) {
		if (len == 0 || !str_starts(l->items[i].id, word))
			continue;
		if (hit != NULL) {
			err_set(e, ERR_INVALID, 0, "multiple IDs found with provided prefix: %s",
				word);
			return NULL;
		}
		hit = &l->items[i];
	}
	if (hit == NULL)
		err_set(e, ERR_NOTFOUND, 0, "No such container: %s", word);
	return hit;
}

const struct look_container *look_container_shared(const struct look_containers *l,
						   const struct look_container *c)
{
	struct err ignored;
	const char *other;

	/* a chain is as long as there are containers */
	for (size_t i = 0; i <= l->n && c != NULL; i++) {
		other = str_skip(c->mode, "container:");
		if (other == NULL)
			return c;
		c = look_container_find(l, other, &ignored);
	}
	return NULL;
}

/* what dockerd wrote when it started; NULL: nothing */
static char *noted_root(const char *state_dir)
{
	CLEANUP(freep) char *path = path_join(state_dir, RK_FILE_DATA_ROOT);
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err ignored;

	if (file_read(AT_FDCWD, path, PATH_MAX, &text, &ignored) < 0 || text.len == 0)
		return NULL;
	return buf_detach(&text);
}

static char *below_home(const char *variable, const char *otherwise)
{
	const char *dir = getenv(variable), *home = getenv("HOME");
	CLEANUP(freep) char *base = NULL;

	base = str_empty(dir) ? path_join(home != NULL ? home : "/", otherwise) : xstrdup(dir);
	return path_join(base, "docker");
}

char *look_data_root(const char *asked, const char *state_dir)
{
	CLEANUP(freep) char *conf_dir = below_home("XDG_CONFIG_HOME", ".config");
	CLEANUP(json_freep) struct json *conf = NULL;
	char *dir = asked != NULL ? xstrdup(asked) : noted_root(state_dir);

	if (dir != NULL)
		return dir;
	conf = load(conf_dir, "daemon.json");
	if (json_get_str(conf, "data-root") != NULL)
		return xstrdup(json_get_str(conf, "data-root"));
	return below_home("XDG_DATA_HOME", ".local/share");
}
