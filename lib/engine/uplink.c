// SPDX-License-Identifier: MIT
/*
 * See uplink.h. rootlesskit names the nameserver, address 3 of the tun's subnet;
 * the host is address 2 of it. For IPv6 that is fd00::/64 always.
 */
#include "engine/uplink.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "network/client.h"
#include "rootless/client.h"

static struct ip parse(const char *text)
{
	struct ip a = {0};
	struct err ignored;

	if (ip_parse(text, &a, &ignored) < 0)
		a.family = IP_NONE;
	return a;
}

void uplink_init(struct uplink *u)
{
	*u = (struct uplink){
		.dns = parse(NETNS_DNS_DEFAULT),
		.dns6 = parse("fd00::3"),
		.gateway = parse("10.0.2.2"),
		.gateway6 = parse("fd00::2"),
	};
}

void uplink_learn(struct uplink *u, const char *state_dir)
{
	CLEANUP(json_freep) struct json *info = NULL;
	CLEANUP(freep) char *path = NULL;
	const struct json *list;
	struct err e;

	if (state_dir == NULL)
		return;
	path = path_join(state_dir, "api.sock");
	if (rk_client_call(path, "GET", "/v1/info", NULL, &info, &e) < 0) {
		log_debug(&e, "rootlesskit's network");
		return;
	}
	list = json_get(json_get(info, "networkDriver"), "dns");
	json_for_each (it, list) {
		struct ip a = json_str(it) != NULL ? parse(json_str(it)) : (struct ip){0};

		if (a.family != IP_V4)
			continue;
		u->dns = a;
		if (!u->gateway_given)
			u->gateway = ip_v4(ip_v4_u32(&a) - 1);
		return;
	}
}

int uplink_set_gateway(struct uplink *u, const struct strv *ips, struct err *e)
{
	struct ip v4 = {0}, v6 = {0};

	for (size_t i = 0; i < ips->len; i++) {
		struct ip a, *to;

		if (ip_parse(ips->items[i], &a, e) < 0)
			return err_wrap(e, "host-gateway-ip");
		to = a.family == IP_V6 ? &v6 : &v4;
		if (to->family != IP_NONE)
			return err_set(e, ERR_INVALID, 0,
				       "only one IPv%d host gateway IP address can be specified",
				       a.family);
		*to = a;
	}
	if (ips->len == 0)
		return 0;
	u->gateway = v4;
	u->gateway6 = v6;
	u->gateway_given = true;
	return 0;
}
