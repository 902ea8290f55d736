// SPDX-License-Identifier: MIT
/*
 * The netns-helper's client on the command line, for tests.
 *
 *   netnsctl SOCKET bridge NAME GATEWAY GATEWAY6 [internal] [dns]
 *   netnsctl SOCKET unbridge NAME
 *   netnsctl SOCKET plug PID SANDBOX BRIDGE IFNAME ADDRESS ADDRESS6 GW GW6 [isolated] [dns]
 *   netnsctl SOCKET unplug SANDBOX IFNAME
 *   netnsctl SOCKET remove SANDBOX
 *   netnsctl SOCKET list bridges|sandboxes
 *   netnsctl SOCKET bench PID N         N plugs and removals, microseconds each
 *
 * "-" is none; addresses of plugs and bridges with their prefix length.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "network/client.h"

struct args {
	char **v;
	int n;
};

static const char *next(struct args *a)
{
	if (a->n == 0) {
		fprintf(stderr, "netnsctl: an argument is missing\n");
		exit(2);
	}
	a->n--;
	return *a->v++;
}

static bool has(const struct args *a, const char *word)
{
	for (int i = 0; i < a->n; i++) {
		if (str_eq(a->v[i], word))
			return true;
	}
	return false;
}

static void die(const struct err *e)
{
	fprintf(stderr, "netnsctl: %s\n", e->msg);
	exit(1);
}

static struct ip_prefix prefix(const char *s)
{
	struct ip_prefix p = {0};
	struct err e;

	if (!str_eq(s, "-") && ip_prefix_parse(s, &p, &e) < 0)
		die(&e);
	return p;
}

static struct ip address(const char *s)
{
	struct ip a = {0};
	struct err e;

	if (!str_eq(s, "-") && ip_parse(s, &a, &e) < 0)
		die(&e);
	return a;
}

static int do_bridge(struct netns_client *c, struct args *a, struct err *e)
{
	struct netns_bridge b = {0};

	str_copy(b.name, next(a), sizeof(b.name));
	b.gateway = prefix(next(a));
	b.gateway6 = prefix(next(a));
	b.internal = has(a, "internal");
	b.dns = has(a, "dns");
	return netns_bridge_ensure(c, &b, e);
}

static int do_plug(struct netns_client *c, struct args *a, struct err *e)
{
	struct netns_plug p = {0};
	pid_t pid = (pid_t)strtol(next(a), NULL, 10);

	str_copy(p.sandbox, next(a), sizeof(p.sandbox));
	str_copy(p.bridge, next(a), sizeof(p.bridge));
	str_copy(p.ifname, next(a), sizeof(p.ifname));
	p.address = prefix(next(a));
	p.address6 = prefix(next(a));
	p.gateway = address(next(a));
	p.gateway6 = address(next(a));
	p.isolated = has(a, "isolated");
	p.dns = has(a, "dns");
	return netns_plug(c, pid, &p, NULL, e);
}

static long long now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int do_bench(struct netns_client *c, struct args *a, struct err *e)
{
	struct netns_bridge b = {.name = "br-bench"};
	struct netns_plug p = {.sandbox = "bench", .bridge = "br-bench", .ifname = "eth0"};
	pid_t pid = (pid_t)strtol(next(a), NULL, 10);
	int n = (int)strtol(next(a), NULL, 10);

	b.gateway = prefix("172.29.0.1/16");
	p.address = prefix("172.29.0.2/16");
	p.gateway = b.gateway.ip;
	if (netns_bridge_ensure(c, &b, e) < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		long long t0 = now_us(), t1, t2, t3;

		if (netns_hello(c, NULL, e) < 0)
			return -1;
		t1 = now_us();
		if (netns_plug(c, pid, &p, NULL, e) < 0)
			return -1;
		t2 = now_us();
		if (netns_unplug(c, p.sandbox, p.ifname, e) < 0)
			return -1;
		t3 = now_us();
		printf("hello %lld plug %lld unplug %lld\n", t1 - t0, t2 - t1, t3 - t2);
	}
	return netns_bridge_remove(c, b.name, e);
}

static int on_name(const char *name, void *arg)
{
	(void)arg;
	return puts(name) < 0;
}

int main(int argc, char **argv)
{
	struct args a = {.v = argv + 1, .n = argc - 1};
	struct netns_client *c = netns_client_new(next(&a));
	const char *verb = next(&a), *name;
	struct err e = {0};
	int r = -1;

	if (str_eq(verb, "bridge")) {
		r = do_bridge(c, &a, &e);
	} else if (str_eq(verb, "unbridge")) {
		r = netns_bridge_remove(c, next(&a), &e);
	} else if (str_eq(verb, "plug")) {
		r = do_plug(c, &a, &e);
	} else if (str_eq(verb, "unplug")) {
		name = next(&a);
		r = netns_unplug(c, name, next(&a), &e);
	} else if (str_eq(verb, "remove")) {
		r = netns_sandbox_remove(c, next(&a), &e);
	} else if (str_eq(verb, "list")) {
		r = netns_list(
			c, str_eq(next(&a), "bridges") ? NETNS_LIST_BRIDGES : NETNS_LIST_SANDBOXES,
			on_name, NULL, &e);
	} else if (str_eq(verb, "bench")) {
		r = do_bench(c, &a, &e);
	} else {
		fprintf(stderr, "netnsctl: unknown verb %s\n", verb);
		return 2;
	}
	netns_client_free(c);
	if (r < 0)
		die(&e);
	return 0;
}
