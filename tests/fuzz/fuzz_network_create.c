// SPDX-License-Identifier: MIT
/*
 * The body of POST /networks/create: what passes the checks makes a network whose pools give out
 * addresses of their own subnets, once each. Also read as a route table of the host.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/str.h"
#include "engine/network_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_some(struct network_pool *p)
{
	struct ip all[4];
	struct err e;

	if (!p->set)
		return;
	if (ip_prefix_has(&p->ipam.subnet, &p->gateway.ip) == false)
		abort();
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (ipam_alloc(&p->ipam, &all[i], &e) < 0)
			return;
		if (!ip_prefix_has(&p->ipam.range, &all[i]) || ip_eq(&all[i], &p->gateway.ip))
			abort();
		for (size_t k = 0; k < i; k++)
			if (ip_eq(&all[i], &all[k]))
				abort();
		if (ipam_reserve(&p->ipam, &all[i], &e) == 0)
			abort();
	}
	ipam_release(&p->ipam, &all[0]);
	if (ipam_reserve(&p->ipam, &all[0], &e) < 0)
		abort();
}

static void open_network(struct docker_network_create *rq)
{
	struct network *n = network_new();
	struct err e;

	n->info.id = xstrdup("0123456789abcdef");
	n->info.internal = rq->internal;
	n->info.enable_ipv4 = rq->enable_ipv4 != JSON_TRI_FALSE;
	n->info.enable_ipv6 = rq->enable_ipv6 == JSON_TRI_TRUE;
	json_strmap_copy(&n->info.options, &rq->options);
	if (rq->ipam != NULL && netconfig_check_ipam(rq->ipam, &e) == 0) {
		json_struct_copy(&docker_ipam_json, &n->info.ipam, rq->ipam);
		if (netconfig_apply_options(n, &e) == 0 && netconfig_open_pools(n, &e) == 0) {
			if (str_empty(n->bridge) || n->mtu < 68 || n->mtu > 65535)
				abort();
			take_some(&n->v4);
			take_some(&n->v6);
		}
	}
	network_free(n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = xstrndup((const char *)data, size);
	struct docker_network_create rq = {0};
	struct ip_prefixes routes = {0};
	struct err e;

	if (json_bind_text((const char *)data, size, &docker_network_create_json, &rq, &e) == 0)
		open_network(&rq);
	json_struct_clear(&docker_network_create_json, &rq);
	ip_prefixes_routes4(&routes, text);
	ip_prefixes_routes6(&routes, text);
	ip_prefixes_clear(&routes);
	return 0;
}
