// SPDX-License-Identifier: MIT
/*
 * What POST /networks/create asks for: IPAM configuration and driver options,
 * checked in the order and with the words of Docker 28 (api/types/network,
 * libnetwork/drivers/bridge).
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "engine/network_internal.h"

#define MTU_DEFAULT 1500

void err_list_add(struct err_list *l, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	strv_add(&l->items, text);
}

int err_list_end(struct err_list *l, const char *what, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	if (l->items.len == 0)
		return 0;
	for (size_t i = 0; i < l->items.len; i++)
		buf_addf(&b, "\n%s%s", l->items.len > 1 ? "* " : "", l->items.items[i]);
	strv_clear(&l->items);
	if (*what == '\0')
		return err_set(e, ERR_INVALID, 0, "%s", buf_str(&b) + 1);
	return err_set(e, ERR_INVALID, 0, "%s:%s", what, buf_str(&b));
}

static bool same_prefix(const struct ip_prefix *a, const struct ip_prefix *b)
{
	return a->bits == b->bits && ip_eq(&a->ip, &b->ip);
}

/* NULL or why an address does not fit its subnet */
static char *address_fault(const char *text, const struct ip_prefix *subnet)
{
	struct ip_prefix net = ip_prefix_network(subnet);
	char out[IP_PREFIX_TEXT_SIZE];
	struct err ignored;
	struct ip a;

	if (str_empty(text))
		return NULL;
	if (ip_parse(text, &a, &ignored) < 0)
		return xstrdup("invalid address");
	if (a.family != net.ip.family)
		return xasprintf("parent subnet is an IPv%d block", net.ip.family);
	if (!ip_prefix_has(&net, &a))
		return xasprintf("parent subnet %s doesn't contain this address",
				 ip_prefix_format(subnet, out));
	return NULL;
}

static void check_range(struct err_list *l, const char *text, const struct ip_prefix *subnet)
{
	char out[IP_PREFIX_TEXT_SIZE];
	struct ip_prefix r, net;
	struct err ignored;

	if (str_empty(text))
		return;
	if (ip_prefix_parse(text, &r, &ignored) < 0) {
		err_list_add(l, "invalid ip-range %s: invalid CIDR block notation", text);
		return;
	}
	if (r.ip.family != subnet->ip.family) {
		err_list_add(l, "invalid ip-range %s: parent subnet is an IPv%d block", text,
			     subnet->ip.family);
		return;
	}
	net = ip_prefix_network(&r);
	if (r.bits < subnet->bits)
		err_list_add(l,
			     "invalid ip-range %s: CIDR block is bigger than its parent subnet %s",
			     text, ip_prefix_format(subnet, out));
	if (!same_prefix(&net, &r))
		err_list_add(l, "invalid ip-range %s: it should be %s", text,
			     ip_prefix_format(&net, out));
	if (!ip_prefix_overlaps(subnet, &r))
		err_list_add(l, "invalid ip-range %s: parent subnet %s doesn't contain ip-range",
			     text, ip_prefix_format(subnet, out));
}

static void check_config(struct err_list *l, const struct docker_ipam_config *c)
{
	char out[IP_PREFIX_TEXT_SIZE];
	struct ip_prefix subnet, net;
	struct err ignored;
	char *why;

	if (str_empty(c->subnet) || ip_prefix_parse(c->subnet, &subnet, &ignored) < 0) {
		err_list_add(l, "invalid subnet %s: invalid CIDR block notation",
			     c->subnet != NULL ? c->subnet : "");
		return;
	}
	net = ip_prefix_network(&subnet);
	if (!same_prefix(&net, &subnet))
		err_list_add(l, "invalid subnet %s: it should be %s", c->subnet,
			     ip_prefix_format(&net, out));
	check_range(l, c->ip_range, &subnet);
	why = address_fault(c->gateway, &subnet);
	if (why != NULL)
		err_list_add(l, "invalid gateway %s: %s", c->gateway, why);
	free(why);
	for (size_t i = 0; i < c->auxiliary_addresses.len; i++) {
		const struct json_pair *aux = &c->auxiliary_addresses.items[i];

		why = address_fault(aux->value, &subnet);
		if (why != NULL)
			err_list_add(l, "invalid auxiliary address %s: %s", aux->key, why);
		free(why);
	}
}

int netconfig_check_ipam(const struct docker_ipam *ipam, struct err *e)
{
	struct err_list l = {0};

	for (size_t i = 0; i < ipam->config.len; i++)
		check_config(&l, &ipam->config.items[i]);
	return err_list_end(&l, "invalid network config", e);
}

struct docker_ipam_config *netconfig_find(struct docker_ipam *ipam, int family)
{
	for (size_t i = 0; i < ipam->config.len; i++) {
		struct ip_prefix p;
		struct err ignored;

		if (ip_prefix_parse(ipam->config.items[i].subnet, &p, &ignored) == 0 &&
		    p.ip.family == family)
			return &ipam->config.items[i];
	}
	return NULL;
}

/* --- options of the bridge driver --- */

/* a name that the kernel takes for an interface, and that is none of N's own */
static int check_bridge_name(const char *name, struct err *e)
{
	bool ok = strlen(name) < IFNAMSIZ && !str_eq(name, ".") && !str_eq(name, "..");

	for (const char *p = name; *p != '\0'; p++)
		ok = ok && *p != '/' && *p != ':' && !isspace((unsigned char)*p);
	if (!ok)
		return err_set(e, ERR_INVALID, 0, "invalid bridge name \"%.64s\"", name);
	if (str_eq(name, "lo") || str_eq(name, NETNS_IFNAME_DEFAULT))
		return err_set(e, ERR_DENIED, 0, "bridge name %s is in use by the engine", name);
	return 0;
}

static int bad_bool(const char *key, const char *value, struct err *e)
{
	return err_set(e, ERR_INVALID, 0,
		       "failed to parse %s value: %.64s (strconv.ParseBool: parsing \"%.64s\": "
		       "invalid syntax)",
		       key, value, value);
}

static int set_mtu(struct network *n, const char *value, struct err *e)
{
	const char *digits = value + (*value == '-');
	uint64_t mtu;

	if (str_u64(digits, UINT32_MAX, &mtu) < 0)
		return err_set(e, ERR_INVALID, 0,
			       "failed to parse " OPT_MTU
			       " value: %.64s (strconv.Atoi: parsing \"%.64s\": invalid syntax)",
			       value, value);
	if (digits != value || mtu > 65535 || (mtu != 0 && mtu < 68))
		return err_set(e, ERR_INVALID, 0, "invalid MTU number: %s", value);
	n->mtu = mtu != 0 ? (unsigned)mtu : MTU_DEFAULT;
	return 0;
}

static int set_binding(struct network *n, const char *key, const char *value, struct err *e)
{
	struct ip ip;

	if (ip_parse(value, &ip, e) < 0)
		return err_set(e, ERR_INVALID, 0, "failed to parse %s value: %.64s (nil ip)", key,
			       value);
	if (!ip_is_any(&ip))
		n->host_binding = ip;
	return 0;
}

/* nat and routed differ by address translation, which is not done here either way */
static int check_gateway_mode(const struct network *n, const char *key, const char *value,
			      struct err *e)
{
	static const char *const modes[] = {"", "nat", "nat-unprotected", "routed", NULL};

	if (str_eq(value, "isolated"))
		return n->info.internal
			       ? 0
			       : err_set(e, ERR_SYSTEM, 0,
					 "gateway mode 'isolated' can only be used for an internal "
					 "network");
	for (size_t i = 0; modes[i] != NULL; i++)
		if (str_eq(value, modes[i]))
			return 0;
	return err_set(e, ERR_INVALID, 0,
		       "failed to parse %s value: %.64s (unknown gateway mode %.64s)", key, value,
		       value);
}

static int apply_option(struct network *n, const char *key, const char *value, struct err *e)
{
	const char *name = str_skip(key, OPT_BRIDGE);
	struct ip ip;
	bool on;

	if (str_eq(key, OPT_MTU))
		return set_mtu(n, value, e);
	if (str_eq(key, OPT_NETWORK "host_ipv4") && ip_parse(value, &ip, e) < 0)
		return err_set(e, ERR_INVALID, 0, "failed to parse %s value: %.64s (nil ip)", key,
			       value);
	if (name == NULL)
		return 0;
	if (str_eq(name, "name")) {
		if (*value != '\0' && check_bridge_name(value, e) < 0)
			return -1;
		str_copy(n->bridge, value, sizeof(n->bridge));
	} else if (str_eq(name, "enable_icc")) {
		if (str_bool(value, &n->icc) < 0)
			return bad_bool(key, value, e);
	} else if (str_eq(name, "enable_ip_masquerade") || str_eq(name, "inhibit_ipv4")) {
		if (str_bool(value, &on) < 0)
			return bad_bool(key, value, e);
	} else if (str_eq(name, "host_binding_ipv4")) {
		return set_binding(n, key, value, e);
	} else if (str_starts(name, "gateway_mode_ipv")) {
		return check_gateway_mode(n, key, value, e);
	}
	return 0;
}

int netconfig_apply_options(struct network *n, struct err *e)
{
	n->mtu = MTU_DEFAULT;
	n->icc = true;
	for (size_t i = 0; i < n->info.options.len; i++)
		if (apply_option(n, n->info.options.items[i].key, n->info.options.items[i].value,
				 e) < 0)
			return -1;
	if (*n->bridge == '\0')
		snprintf(n->bridge, sizeof(n->bridge), "br-%.12s", n->info.id);
	return 0;
}

/* --- address pools --- */

static int reserve_aux(struct network_pool *p, const struct docker_ipam_config *c, struct err *e)
{
	for (size_t i = 0; i < c->auxiliary_addresses.len; i++) {
		const struct json_pair *aux = &c->auxiliary_addresses.items[i];
		struct ip a;

		if (ip_parse(aux->value, &a, e) < 0 || ipam_reserve(&p->ipam, &a, e) < 0) {
			struct err why = *e;

			return err_set(e, ERR_SYSTEM, 0,
				       "failed to allocate secondary ip address (%s:%s): %s",
				       aux->key, aux->value, why.msg);
		}
	}
	return 0;
}

static int open_pool(struct network_pool *p, const struct docker_ipam_config *c, struct err *e)
{
	struct ip_prefix subnet, range = {0};
	struct ip gateway = {0};

	if (ip_prefix_parse(c->subnet, &subnet, e) < 0 ||
	    (!str_empty(c->ip_range) && ip_prefix_parse(c->ip_range, &range, e) < 0) ||
	    (!str_empty(c->gateway) && ip_parse(c->gateway, &gateway, e) < 0) ||
	    ipam_init(&p->ipam, &subnet, &range, &gateway, e) < 0)
		return -1;
	p->set = true;
	p->gateway = (struct ip_prefix){.ip = p->ipam.gateway, .bits = subnet.bits};
	return reserve_aux(p, c, e);
}

int netconfig_open_pools(struct network *n, struct err *e)
{
	const struct docker_ipam_config *v4 = netconfig_find(&n->info.ipam, IP_V4),
					*v6 = netconfig_find(&n->info.ipam, IP_V6);

	if (n->info.enable_ipv4 && v4 != NULL && open_pool(&n->v4, v4, e) < 0)
		return -1;
	return n->info.enable_ipv6 && v6 != NULL ? open_pool(&n->v6, v6, e) : 0;
}
