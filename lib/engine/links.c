// SPDX-License-Identifier: MIT
/*
 * Legacy links (--link on the default bridge): a line in /etc/hosts and the
 * environment variables of the container that is linked to. It has to run when
 * the other starts; its line follows its address. Links on user-defined
 * networks are names in DNS (endpoint.c).
 */
#include <string.h>

#include "base/str.h"
#include "engine/network_internal.h"

/* "name:alias" or "name" */
static void split_link(const char *text, char **ret_name, char **ret_alias)
{
	size_t n = strcspn(text, ":");
	const char *alias;

	*ret_name = xstrndup(text, n);
	alias = text[n] == ':' ? text + n + 1 : *ret_name;
	*ret_alias = xstrdup(strrchr(alias, '/') != NULL ? strrchr(alias, '/') + 1 : alias);
}

static void add_link(struct container *c, const char *id, const char *name, const char *alias)
{
	struct container_link *l = json_array_add(&c->links, &container_link_json);

	l->id = xstrdup(id);
	l->name = xstrdup(name);
	l->alias = xstrdup(alias);
}

static int resolve_one(struct engine *en, struct container *c, const char *text, struct err *e)
{
	CLEANUP(freep) char *name = NULL;
	CLEANUP(freep) char *alias = NULL;
	struct container *child;
	struct err why;

	split_link(text, &name, &alias);
	if (str_empty(name))
		return err_set(e, ERR_INVALID, 0, "empty string specified for links");
	child = container_get(en, name, &why);
	if (child == NULL)
		return err_set(e, ERR_INVALID, 0, "could not get container for %s: %s", name,
			       why.msg);
	if (str_eq(child->host.network_mode, "host")) {
		container_unref(en, child);
		return err_set(e, ERR_INVALID, 0,
			       "conflicting options: host type networking can't be used with links."
			       " This would result in undefined behavior");
	}
	add_link(c, child->id, child->name, alias);
	container_unref(en, child);
	return 0;
}

int links_resolve(struct engine *en, struct container *c, struct err *e)
{
	const char *mode = c->host.network_mode;
	bool shared = str_starts(mode, "container:");

	if (c->host.links.len == 0)
		return 0;
	if (shared || str_eq(mode, "host"))
		return err_set(e, ERR_INVALID, 0,
			       "conflicting options: %s type networking can't be used with links. "
			       "This would result in undefined behavior",
			       shared ? "container" : "host");
	if (!str_eq(mode, BRIDGE_DEFAULT)) /* names of user-defined networks do without */
		return 0;
	for (size_t i = 0; i < c->host.links.len; i++)
		if (resolve_one(en, c, c->host.links.items[i], e) < 0)
			return -1;
	return 0;
}

void links_restore(struct engine *en, struct container *c)
{
	struct err ignored;

	if (c->links.len == 0 && str_eq(c->host.network_mode, BRIDGE_DEFAULT))
		for (size_t i = 0; i < c->host.links.len; i++)
			if (resolve_one(en, c, c->host.links.items[i], &ignored) < 0)
				continue; /* the other container is gone */
}

/* the endpoint on the default bridge of a running container, or NULL */
static const struct docker_endpoint *on_bridge(const struct container *c)
{
	const struct docker_endpoint *ep = json_map_get(&c->net.networks, BRIDGE_DEFAULT);

	return ep != NULL && !str_empty(ep->endpoint_id) && !str_empty(ep->ip_address) ? ep : NULL;
}

int links_check(struct engine *en, const struct container *c, struct err *e)
{
	for (size_t i = 0; i < c->links.len; i++) {
		const struct container_link *l = &c->links.items[i];
		const struct container *child = map_get(&en->containers, l->id);

		if (child == NULL || !state_runs(child->state))
			return err_set(e, ERR_SYSTEM, 0,
				       "Cannot link to a non running container: /%s AS /%s/%s",
				       child != NULL ? child->name : l->name, c->name, l->alias);
		if (on_bridge(child) == NULL)
			return err_set(e, ERR_DENIED, 0,
				       "container %s not attached to default bridge network",
				       l->id);
	}
	return 0;
}

/* --- /etc/hosts --- */

/* "db 0123456789ab web": alias, host name, container name */
static char *names_of(const struct container_link *l, const struct container *child)
{
	CLEANUP(strv_clear) struct strv names = STRV_INIT;

	strv_add(&names, l->alias);
	if (!str_empty(child->config.hostname) && !strv_has(&names, child->config.hostname))
		strv_add(&names, child->config.hostname);
	if (!strv_has(&names, child->name))
		strv_add(&names, child->name);
	return strv_join(&names, " ");
}

void links_hosts(struct engine *en, const struct container *c, struct buf *text)
{
	for (size_t i = 0; i < c->links.len; i++) {
		const struct container *child = map_get(&en->containers, c->links.items[i].id);
		const struct docker_endpoint *ep = child != NULL ? on_bridge(child) : NULL;
		CLEANUP(freep) char *names = NULL;

		if (ep == NULL)
			continue;
		names = names_of(&c->links.items[i], child);
		buf_addf(text, "%s\t%s\n", ep->ip_address, names);
	}
}

struct follower { /* a running container whose link leads to the one that started */
	struct container *c;
	char *names, *line;
};

static size_t find_followers(struct engine *en, const struct container *child,
			     const struct docker_endpoint *ep, struct follower **ret)
{
	size_t n = 0;

	*ret = NULL;
	map_for_each (slot, &en->containers) {
		struct container *c = slot->value;

		for (size_t i = 0; i < c->links.len; i++) {
			struct follower *f;

			if (c == child || c->net_pid == 0 ||
			    !str_eq(c->links.items[i].id, child->id))
				continue;
			*ret = xrealloc(*ret, (n + 1) * sizeof(**ret));
			f = &(*ret)[n++];
			f->c = c;
			c->refs++;
			f->names = names_of(&c->links.items[i], child);
			f->line = xasprintf("%s\t%s\n", ep->ip_address, f->names);
		}
	}
	return n;
}

void links_changed(struct engine *en, struct container *child)
{
	const struct docker_endpoint *ep;
	struct follower *all = NULL;
	size_t n = 0;

	pthread_mutex_lock(&en->mu);
	ep = on_bridge(child);
	if (ep != NULL)
		n = find_followers(en, child, ep, &all);
	pthread_mutex_unlock(&en->mu);
	for (size_t i = 0; i < n; i++) {
		/* links lead to older containers only, so these locks have an order */
		pthread_mutex_lock(&all[i].c->net_mu);
		hosts_replace(en, all[i].c, all[i].names, all[i].line);
		pthread_mutex_unlock(&all[i].c->net_mu);
		container_unref(en, all[i].c);
		free(all[i].names);
		free(all[i].line);
	}
	free(all);
}

/* --- the environment --- */

static char *upper(const char *text)
{
	char *up = xstrdup(text);

	for (char *p = up; *p != '\0'; p++)
		*p = *p == '-' || *p == '.' ? '_' : (*p >= 'a' && *p <= 'z') ? *p - 'a' + 'A' : *p;
	return up;
}

static int by_port(const void *a, const void *b)
{
	const struct port_range *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (int)x->proto - (int)y->proto;
}

static void env_ports(const struct container *child, const char *prefix, const char *ip,
		      struct strv *env)
{
	size_t n = child->config.exposed_ports.len, used = 0;
	CLEANUP(freep) struct port_range *ports = xcalloc(n + 1, sizeof(*ports));
	struct err ignored;

	for (size_t i = 0; i < n; i++)
		if (port_parse(child->config.exposed_ports.items[i], &ports[used], &ignored) == 0)
			used++;
	qsort(ports, used, sizeof(*ports), by_port);
	for (size_t i = 0; i < used; i++) {
		const char *proto = port_proto_name(ports[i].proto);
		CLEANUP(freep) char *up = upper(proto);
		unsigned port = ports[i].first;

		if (i == 0)
			strv_addf(env, "%s_PORT=%s://%s:%u", prefix, proto, ip, port);
		strv_addf(env, "%s_PORT_%u_%s=%s://%s:%u", prefix, port, up, proto, ip, port);
		strv_addf(env, "%s_PORT_%u_%s_ADDR=%s", prefix, port, up, ip);
		strv_addf(env, "%s_PORT_%u_%s_PORT=%u", prefix, port, up, port);
		strv_addf(env, "%s_PORT_%u_%s_PROTO=%s", prefix, port, up, proto);
	}
}

static void env_variables(const struct container *child, const char *prefix, struct strv *env)
{
	for (size_t i = 0; i < child->config.env.len; i++) {
		const char *v = child->config.env.items[i];

		if (!str_starts(v, "HOME=") && !str_starts(v, "PATH="))
			strv_addf(env, "%s_ENV_%s", prefix, v);
	}
}

void links_env(struct engine *en, const struct container *c, struct strv *env)
{
	MUTEX_GUARD(&en->mu);

	for (size_t i = 0; i < c->links.len; i++) {
		const struct container *child = map_get(&en->containers, c->links.items[i].id);
		const struct docker_endpoint *ep = child != NULL ? on_bridge(child) : NULL;
		CLEANUP(freep) char *prefix = NULL;

		if (ep == NULL)
			continue;
		prefix = upper(c->links.items[i].alias);
		env_ports(child, prefix, ep->ip_address, env);
		strv_addf(env, "%s_NAME=/%s/%s", prefix, c->name, c->links.items[i].alias);
		env_variables(child, prefix, env);
	}
}

void links_show(struct engine *en, const struct container *c, struct strv *ret)
{
	strv_clear(ret);
	for (size_t i = 0; i < c->links.len; i++) {
		const struct container_link *l = &c->links.items[i];
		const struct container *child = map_get(&en->containers, l->id);

		strv_addf(ret, "/%s:/%s/%s", child != NULL ? child->name : l->name, c->name,
			  l->alias);
	}
}
