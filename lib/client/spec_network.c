// SPDX-License-Identifier: MIT
/*
 * --network of docker run, and the address options of docker network create.
 * As docker/cli's opts/network.go and cli/command/network/create.go.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "client/spec.h"
#include "netlink/ip.h"

void spec_network_clear(struct spec_network *n)
{
	free(n->name);
	free(n->ip);
	free(n->ip6);
	free(n->mac);
	strv_clear(&n->aliases);
	strv_clear(&n->links);
	strv_clear(&n->link_local);
	strv_clear(&n->driver_opts);
	memset(n, 0, sizeof(*n));
}

/* Go's \w+=\w+ somewhere in the text: the long form */
static bool is_long(const char *text)
{
	for (const char *p = strchr(text, '='); p != NULL; p = strchr(p + 1, '='))
		if (p > text && (isalnum((unsigned char)p[-1]) || p[-1] == '_') &&
		    (isalnum((unsigned char)p[1]) || p[1] == '_'))
			return true;
	return false;
}

static int parse_priority(const char *text, int64_t *ret, struct err *e)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (*text == '\0' || *end != '\0' || errno != 0)
		return err_set(e, ERR_INVALID, 0, "invalid gw-priority (%s): invalid syntax", text);
	*ret = v;
	return 0;
}

int spec_mac(const char *text, struct err *e)
{
	uint8_t mac[MAC_SIZE];

	if (mac_parse(text, mac, e) < 0)
		return err_set(e, ERR_INVALID, 0, "%s is not a valid mac address", text);
	return 0;
}

static int set_field(struct spec_network *n, const char *key, const char *value, struct err *e)
{
	if (str_eq(key, "name"))
		str_replace_ptr(&n->name, value);
	else if (str_eq(key, "alias"))
		strv_add(&n->aliases, value);
	else if (str_eq(key, "ip"))
		str_replace_ptr(&n->ip, value);
	else if (str_eq(key, "ip6"))
		str_replace_ptr(&n->ip6, value);
	else if (str_eq(key, "link-local-ip"))
		strv_add(&n->link_local, value);
	else if (str_eq(key, "gw-priority"))
		return parse_priority(value, &n->gw_priority, e);
	else if (str_eq(key, "mac-address")) {
		str_replace_ptr(&n->mac, value);
		return spec_mac(value, e);
	} else if (str_eq(key, "driver-opt")) {
		if (strchr(value, '=') == NULL)
			return err_set(e, ERR_INVALID, 0,
				       "invalid key value pair format in driver options");
		strv_add(&n->driver_opts, value);
	} else {
		return err_set(e, ERR_INVALID, 0, "invalid field key %s", key);
	}
	return 0;
}

int spec_network(const char *text, struct spec_network *ret, struct err *e)
{
	CLEANUP(strv_clear) struct strv fields = STRV_INIT;

	memset(ret, 0, sizeof(*ret));
	if (!is_long(text)) {
		ret->name = xstrdup(text);
		return 0;
	}
	strv_split(&fields, text, ",");
	strv_for_each (it, &fields) {
		char *equals;

		for (char *p = *it; *p != '\0'; p++)
			*p = (char)tolower((unsigned char)*p);
		equals = strchr(*it, '=');
		if (equals == NULL || equals == *it)
			return err_set(e, ERR_INVALID, 0, "invalid field %s", *it);
		*equals = '\0';
		if (set_field(ret, *it, equals + 1, e) < 0)
			return -1;
	}
	if (str_empty(ret->name))
		return err_set(e, ERR_INVALID, 0, "network name/id is not specified");
	return 0;
}

static void write_list(struct json_w *w, const char *key, const struct strv *list)
{
	if (list->len == 0)
		return;
	jw_karr(w, key);
	for (size_t i = 0; i < list->len; i++)
		jw_str(w, list->items[i]);
	jw_end(w);
}

void spec_map_write(struct json_w *w, const char *key, const struct strv *pairs)
{
	if (pairs->len == 0)
		return;
	jw_kobj(w, key);
	for (size_t i = 0; i < pairs->len; i++) {
		const char *text = pairs->items[i];
		size_t n = strcspn(text, "=");
		CLEANUP(freep) char *name = xstrndup(text, n);

		jw_kstr(w, name, text[n] == '=' ? text + n + 1 : "");
	}
	jw_end(w);
}

void spec_network_write(const struct spec_network *n, struct json_w *w)
{
	jw_obj(w);
	if (!str_empty(n->ip) || !str_empty(n->ip6) || n->link_local.len > 0) {
		jw_kobj(w, "IPAMConfig");
		if (!str_empty(n->ip))
			jw_kstr(w, "IPv4Address", n->ip);
		if (!str_empty(n->ip6))
			jw_kstr(w, "IPv6Address", n->ip6);
		write_list(w, "LinkLocalIPs", &n->link_local);
		jw_end(w);
	}
	write_list(w, "Links", &n->links);
	write_list(w, "Aliases", &n->aliases);
	if (!str_empty(n->mac))
		jw_kstr(w, "MacAddress", n->mac);
	spec_map_write(w, "DriverOpts", &n->driver_opts);
	if (n->gw_priority != 0)
		jw_ki64(w, "GwPriority", n->gw_priority);
	jw_end(w);
}

/* --- docker network create --- */

/* one subnet with what belongs to it; texts are borrowed */
struct subnet {
	const char *text, *range, *gateway;
	struct ip_prefix net;
	struct strv aux; /* "name=address" */
};

/* the address or the prefix lies in the subnet */
static bool lies_in(const struct subnet *s, const char *text)
{
	struct ip_prefix p;
	struct err ignored;

	if (s->net.ip.family == IP_NONE)
		return false;
	if (ip_prefix_parse(text, &p, &ignored) < 0 && ip_parse(text, &p.ip, &ignored) < 0)
		return false;
	return ip_prefix_has(&s->net, &p.ip);
}

static struct subnet *find_subnet(struct subnet *all, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (lies_in(&all[i], text))
			return &all[i];
	return NULL;
}

static int read_subnets(const struct strv *texts, struct subnet *all, struct err *e)
{
	struct err ignored;

	for (size_t i = 0; i < texts->len; i++) {
		struct ip_prefix p;

		all[i].text = texts->items[i];
		if (ip_prefix_parse(texts->items[i], &p, &ignored) < 0)
			continue; /* the engine says what is wrong with it */
		all[i].net = ip_prefix_network(&p);
		for (size_t k = 0; k < i; k++)
			if (all[k].net.ip.family != IP_NONE &&
			    ip_prefix_overlaps(&all[k].net, &all[i].net))
				return err_set(e, ERR_INVALID, 0,
					       "multiple overlapping subnet configuration is not "
					       "supported");
	}
	return 0;
}

static int assign(const struct spec_ipam *in, struct subnet *all, struct err *e)
{
	size_t n = in->subnets.len;
	struct subnet *s;

	strv_for_each (it, &in->ranges) {
		s = find_subnet(all, n, *it);
		if (s == NULL)
			return err_set(e, ERR_INVALID, 0, "no matching subnet for range %s", *it);
		if (s->range != NULL)
			return err_set(e, ERR_INVALID, 0,
				       "cannot configure multiple ranges (%s, %s) on the same "
				       "subnet (%s)",
				       *it, s->range, s->text);
		s->range = *it;
	}
	strv_for_each (it, &in->gateways) {
		s = find_subnet(all, n, *it);
		if (s == NULL)
			return err_set(e, ERR_INVALID, 0, "no matching subnet for gateway %s", *it);
		if (s->gateway != NULL)
			return err_set(e, ERR_INVALID, 0,
				       "cannot configure multiple gateways (%s, %s) for the same "
				       "subnet (%s)",
				       *it, s->gateway, s->text);
		s->gateway = *it;
	}
	strv_for_each (it, &in->aux) {
		const char *value = strchr(*it, '=') != NULL ? strchr(*it, '=') + 1 : "";

		s = find_subnet(all, n, value);
		if (s == NULL)
			return err_set(e, ERR_INVALID, 0, "no matching subnet for aux-address %s",
				       value);
		strv_add(&s->aux, *it);
	}
	return 0;
}

static void write_subnets(const struct subnet *all, size_t n, struct json_w *w)
{
	jw_arr(w);
	for (size_t i = 0; i < n; i++) {
		jw_obj(w);
		jw_kstr(w, "Subnet", all[i].text);
		if (all[i].range != NULL)
			jw_kstr(w, "IPRange", all[i].range);
		if (all[i].gateway != NULL)
			jw_kstr(w, "Gateway", all[i].gateway);
		spec_map_write(w, "AuxiliaryAddresses", &all[i].aux);
		jw_end(w);
	}
	jw_end(w);
}

int spec_ipam(const struct spec_ipam *in, struct json_w *w, struct err *e)
{
	size_t n = in->subnets.len;
	CLEANUP(freep) struct subnet *all = xcalloc(n + 1, sizeof(*all));
	int r;

	if (n < in->ranges.len || n < in->gateways.len)
		return err_set(e, ERR_INVALID, 0,
			       "every ip-range or gateway must have a corresponding subnet");
	r = read_subnets(&in->subnets, all, e);
	if (r == 0)
		r = assign(in, all, e);
	if (r == 0)
		write_subnets(all, n, w);
	for (size_t i = 0; i < n; i++)
		strv_clear(&all[i].aux);
	return r;
}
