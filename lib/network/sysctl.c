// SPDX-License-Identifier: MIT
/*
 * sysctls of network namespaces. /proc/sys/net shows the namespace of whoever
 * looks (proc_sys_lookup through current's nsproxy), so the caller first
 * enters it. A new namespace inherits part of its IPv4 settings from the
 * host's: everything that matters is set explicitly.
 * Documentation/networking/ip-sysctl.rst.
 */
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "network/server_internal.h"

#define GID_MAP_BYTES_MAX 65536

int netns_sysctl_write(const char *name, const char *value, struct err *e)
{
	CLEANUP(freep) char *path = xasprintf("/proc/sys/%s", name);

	return file_write_plain(-1, path, value, e);
}

void netns_sysctl_try(const char *name, const char *value)
{
	struct err e;

	if (netns_sysctl_write(name, value, &e) < 0)
		log_debug(&e, "sysctl %s=%s", name, value);
}

/* The highest group id mapped without a gap from 0, for ping_group_range wants mapped ids. */
static unsigned long last_mapped_gid(void)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	unsigned long inside, outside, n, next = 0;
	const char *s;
	int used = 0;
	struct err e;

	if (file_read(-1, "/proc/self/gid_map", GID_MAP_BYTES_MAX, &b, &e) < 0)
		return 0;
	for (s = buf_str(&b); sscanf(s, "%lu %lu %lu%n", &inside, &outside, &n, &used) == 3;
	     s += used) {
		if (inside == next)
			next += n;
	}
	return next == 0 ? 0 : MIN(next - 1, 2147483647UL);
}

static void set_ping_group_range(void)
{
	char range[48];

	snprintf(range, sizeof(range), "0 %lu", last_mapped_gid());
	netns_sysctl_try("net/ipv4/ping_group_range", range);
}

void netns_sysctls_of_n(void)
{
	static const char *const settings[][2] = {
		{"net/ipv4/ip_forward", "1"},
		/* loose: a SYN of the fast path returns by the tun */
		{"net/ipv4/conf/all/rp_filter", "0"},
		{"net/ipv4/conf/default/rp_filter", "0"},
		{"net/ipv4/conf/all/send_redirects", "0"},
		{"net/ipv4/conf/default/send_redirects", "0"},
		{"net/ipv4/conf/all/accept_redirects", "0"},
		{"net/ipv4/conf/default/accept_redirects", "0"},
		{"net/ipv4/conf/all/accept_source_route", "0"},
		{"net/ipv4/conf/default/accept_source_route", "0"},
		/* our TIME_WAIT sockets would eat reused ports: 155 us became 11.5 ms */
		{"net/ipv4/tcp_max_tw_buckets", "0"},
		/* a container that went away mid-stream is noticed within two minutes, not fifteen
		 */
		{"net/ipv4/tcp_retries2", "8"},
		/* the link to a container is this machine's memory: no caution after a pause */
		{"net/ipv4/tcp_slow_start_after_idle", "0"},
		{"net/ipv4/ip_unprivileged_port_start", "0"},
		/* nothing is filtered here: where the host has loaded br_netfilter, each packet of
		 * a bridge would cost an eighth more; datagrams pass through, none is N's own */
		{"net/bridge/bridge-nf-call-iptables", "0"},
		{"net/bridge/bridge-nf-call-ip6tables", "0"},
		{"net/bridge/bridge-nf-call-arptables", "0"},
		{"net/ipv4/udp_early_demux", "0"},
		/* who is refused a way is told so each time, not left to a timeout */
		{"net/ipv4/icmp_ratelimit", "0"},
		{"net/ipv6/icmp/ratelimit", "0"},
		{"net/ipv6/conf/all/accept_ra", "0"},
		{"net/ipv6/conf/default/accept_ra", "0"},
		{"net/ipv6/conf/all/forwarding", "1"},
		{"net/ipv6/conf/default/forwarding", "1"},
	};
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		if (netns_sysctl_write(settings[i][0], settings[i][1], &e) == 0)
			continue;
		if (i == 0)
			log_warn(&e, "containers will have no way out");
		else
			log_debug(&e, "sysctl %s", settings[i][0]);
	}
	set_ping_group_range();
}

void netns_sysctls_of_container(void)
{
	netns_sysctl_try("net/ipv4/ip_unprivileged_port_start", "0");
	netns_sysctl_try("net/ipv4/ip_forward", "1");
	netns_sysctl_try("net/ipv6/conf/all/accept_ra", "0");
	netns_sysctl_try("net/ipv6/conf/default/accept_ra", "0");
	set_ping_group_range();
}
