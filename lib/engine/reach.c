// SPDX-License-Identifier: MIT
/* For tools that look into the containers' network: never an address that is not a container's. */
#include "engine/reach.h"

#include "base/str.h"
#include "engine/network_internal.h"

static bool is_up(const struct container *c)
{
	return (c->state == C_RUNNING || c->state == C_PAUSED) && c->net_pid != 0;
}

static bool has_address(const struct container *c, const struct ip *ip)
{
	for (size_t i = 0; i < c->net.networks.len; i++) {
		struct ip v4, v6;

		endpoint_addresses(c->net.networks.items[i].value, &v4, &v6);
		if (ip_eq(&v4, ip) || ip_eq(&v6, ip))
			return true;
	}
	return false;
}

/* with mu held */
static int by_address(struct engine *en, const struct ip *ip, struct err *e)
{
	char text[IP_TEXT_SIZE];

	map_for_each (slot, &en->containers) {
		const struct container *c = slot->value;

		if (is_up(c) && has_address(c, ip))
			return 1;
	}
	return err_set(e, ERR_NOTFOUND, 0, "%s is no container's address", ip_format(ip, text));
}

static size_t addresses(const struct container *c, struct ip *ret, size_t max)
{
	size_t n = 0;

	for (int six = 0; six < 2; six++) {
		for (size_t i = 0; i < c->net.networks.len; i++) {
			struct ip v[2];

			endpoint_addresses(c->net.networks.items[i].value, &v[0], &v[1]);
			if (n < max && v[six].family != IP_NONE)
				ret[n++] = v[six];
		}
	}
	return n;
}

int engine_reach(struct engine *en, const char *word, struct ip *ret, size_t max, struct err *e)
{
	const struct container *c;
	struct err ignored;
	const char *other;
	struct ip ip;
	size_t n;
	MUTEX_GUARD(&en->mu);

	if (ip_parse(word, &ip, &ignored) == 0 && max > 0) {
		if (by_address(en, &ip, e) < 0)
			return -1;
		ret[0] = ip;
		return 1;
	}
	c = container_find(en, word, e);
	/* the engine keeps the id of the one that really has the network */
	other = c != NULL ? str_skip(c->host.network_mode, "container:") : NULL;
	if (other != NULL)
		c = container_find(en, other, e);
	if (c == NULL)
		return -1;
	if (!is_up(c))
		return err_set(e, ERR_CONFLICT, 0, "container %s is not running", c->name);
	n = addresses(c, ret, max);
	if (n == 0)
		return err_set(e, ERR_INVALID, 0, "container %s has no address of its own",
			       c->name);
	return (int)n;
}
