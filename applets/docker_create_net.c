// SPDX-License-Identifier: MIT
/* --network and what goes with it, of docker run and docker create (cli/command/container/opts.go).
 */
#include <stdlib.h>

#include "applets/docker_cli.h"
#include "base/mem.h"
#include "base/str.h"

bool docker_network_is_own(const char *name)
{
	return !str_eq(name, "default") && !str_eq(name, "bridge") && !str_eq(name, "host") &&
	       !str_eq(name, "none") && !str_starts(name, "container:");
}

/* the options that came before --network had fields belong to the first network */
static int merge_options(struct docker_create *c, struct spec_network *n, struct err *e)
{
	const struct {
		bool both;
		const char *option, *word;
	} clashes[] = {
		{n->aliases.len > 0 && c->aliases.len > 0, "--network-alias", "alias"},
		{n->ip != NULL && c->ip != NULL, "--ip", "IPv4 address"},
		{n->ip6 != NULL && c->ip6 != NULL, "--ip6", "IPv6 address"},
		{n->mac != NULL && c->mac != NULL, "--mac-address", "MAC address"},
		{n->link_local.len > 0 && c->link_local.len > 0, "--link-local-ip",
		 "link-local IP addresses"},
	};

	for (size_t i = 0; i < ARRAY_LEN(clashes); i++)
		if (clashes[i].both)
			return err_set(e, ERR_INVALID, 0,
				       "conflicting options: cannot specify both %s and "
				       "per-network %s",
				       clashes[i].option, clashes[i].word);
	strv_copy(&n->aliases, &c->aliases);
	strv_copy(&n->link_local, &c->link_local);
	if (c->ip != NULL)
		str_replace_ptr(&n->ip, c->ip);
	if (c->ip6 != NULL)
		str_replace_ptr(&n->ip6, c->ip6);
	if (c->mac != NULL)
		str_replace_ptr(&n->mac, c->mac);
	if (docker_network_is_own(n->name))
		strv_copy(&n->links, &c->links);
	return 0;
}

static int check_networks(const struct docker_create *c, struct err *e)
{
	bool own = false, predefined = false;

	for (size_t i = 0; i < c->n_nets; i++) {
		const struct spec_network *n = &c->nets[i];

		if (*n->name == '\0')
			return err_set(e, ERR_INVALID, 0, "no name set for network");
		if (n->aliases.len > 0 && !docker_network_is_own(n->name))
			return err_set(e, ERR_INVALID, 0,
				       "network-scoped aliases are only supported for user-defined "
				       "networks");
		for (size_t k = 0; k < i; k++)
			if (str_eq(c->nets[k].name, n->name))
				return err_set(e, ERR_INVALID, 0,
					       "network \"%s\" is specified multiple times",
					       n->name);
		*(docker_network_is_own(n->name) ? &own : &predefined) = true;
	}
	if (own && predefined)
		return err_set(e, ERR_INVALID, 0,
			       "conflicting options: cannot attach both user-defined and "
			       "non-user-defined network-modes");
	return 0;
}

int docker_read_networks(struct docker_create *c, struct err *e)
{
	size_t n = MAX(c->networks.len, (size_t)1);

	if (c->mac != NULL && spec_mac(c->mac, e) < 0)
		return -1;
	c->nets = xcalloc(n, sizeof(*c->nets));
	for (size_t i = 0; i < n; i++) {
		const char *text = c->networks.len > 0 ? c->networks.items[i] : "default";

		c->n_nets = i + 1;
		if (spec_network(text, &c->nets[i], e) < 0)
			return -1;
	}
	if (merge_options(c, &c->nets[0], e) < 0)
		return -1;
	return check_networks(c, e);
}

void docker_put_networks(const struct docker_create *c, struct json_w *w)
{
	jw_kobj(w, "NetworkingConfig");
	jw_kobj(w, "EndpointsConfig");
	for (size_t i = 0; i < c->n_nets; i++) {
		if (str_starts(c->nets[i].name, "container:"))
			continue;
		jw_key(w, c->nets[i].name);
		spec_network_write(&c->nets[i], w);
	}
	jw_end(w);
	jw_end(w);
}
