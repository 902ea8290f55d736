// SPDX-License-Identifier: MIT
/* One more flow, or not: the shares of quota.h applied and counted. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/time.h"
#include "usernet/usernet_internal.h"

/* How many ports the host gives to whoever asks for any: each UDP flow takes one, and the host's
 * own programs need some as well. */
static size_t host_ports(void)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	unsigned long first = 32768, last = 60999;
	struct err e;
	char *rest;

	if (file_read(AT_FDCWD, "/proc/sys/net/ipv4/ip_local_port_range", 64, &b, &e) == 0) {
		first = strtoul(buf_str(&b), &rest, 10);
		last = strtoul(rest, NULL, 10);
	}
	return last >= first && last <= UINT16_MAX ? last - first + 1 : 1;
}

void limit_init(struct usernet *u)
{
	size_t max = USERNET_FLOWS_MAX;
	struct rlimit r;

	/* a relayed flow has two sockets and may hold a pipe; some descriptors are ours */
	if (getrlimit(RLIMIT_NOFILE, &r) == 0 && r.rlim_max / 3 < max)
		max = r.rlim_max > 1024 + 300 ? (size_t)(r.rlim_max - 1024) / 3 : 100;
	quota_init(&u->flows.quota, max, MAX(host_ports() / 4 * 3, (size_t)1));
}

static void count(struct usernet *u, unsigned kind, enum quota_answer a)
{
	if (kind == FLOW_TCP)
		(*(a == QUOTA_RATE ? &u->stats.tcp_syn_rate : &u->stats.tcp_syn_limit))++;
	else if (kind == FLOW_UDP)
		(*(a == QUOTA_RATE ? &u->stats.udp_rate : &u->stats.udp_limit))++;
	else
		u->stats.ping_limit++;
}

struct quota_user *limit_new_flow(struct usernet *u, const struct ip *src, enum flow_kind flow)
{
	unsigned kind = quota_kind(flow);
	struct quota *q = &u->flows.quota;
	struct quota_user *user = quota_user(q, src);
	enum quota_answer a;
	struct flow *evict;

	if (user == NULL) {
		u->stats.no_memory++;
		return NULL;
	}
	user->rings.max = USERNET_RINGS_USER_MAX;
	user->rings.all = &u->rings;
	if (kind == FLOW_TCP && user->held >= USERNET_HELD_MAX) {
		u->stats.tcp_syn_limit++;
		return NULL;
	}
	a = quota_ask(q, user, kind, time_mono_ms(), &evict);
	if (a != QUOTA_OK) {
		count(u, kind, a);
		return NULL;
	}
	if (evict == NULL)
		return user;
	if (evict->key.kind == FLOW_UDP)
		udp_evict(u, evict);
	else
		ping_evict(u, evict);
	user = quota_user(q, src); /* it may have had only that one */
	if (user != NULL) {
		user->rings.max = USERNET_RINGS_USER_MAX;
		user->rings.all = &u->rings;
	}
	return user;
}

void limit_short_of_descriptors(struct usernet *u)
{
	struct flow *f = quota_largest(&u->flows.quota);

	u->stats.no_descriptor++;
	if (f != NULL)
		udp_evict(u, f);
}
