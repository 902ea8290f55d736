// SPDX-License-Identifier: MIT
/* The helper and its client together: a bridge, a plugged namespace, sysctls, sockets, a crash. */
#include "network/server.h"

#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "network/client.h"
#include "tests/unit/netlink/netns.h"
#include "usernet/pool.h"

static char pin_dir[200];

/* Mounts of our own, for pins. */
static void enter_new_mounts(void)
{
	enter_new_netns();
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/mnt", "tmpfs", 0, NULL) < 0)
		SKIP("no mounts");
	snprintf(pin_dir, sizeof(pin_dir), "/mnt/netns");
}

static pid_t start_server(const char *path)
{
	int ready[2];
	char c;
	pid_t pid;

	CHECK(pipe(ready) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		struct netns_server_conf conf = {.listen_path = path,
						 .listen_fd = -1,
						 .ready_fd = ready[1],
						 .pin_dir = pin_dir};
		struct err e = {0};

		if (netns_server_run(&conf, &e) < 0)
			fprintf(stderr, "%s\n", e.msg);
		_exit(0);
	}
	close(ready[1]);
	CHECK(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	return pid;
}

/* A process in a network namespace of its own, as a container's first process. */
static pid_t start_container(void)
{
	int ready[2];
	char c = 0;
	pid_t pid;

	CHECK(pipe(ready) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		if (unshare(CLONE_NEWNET) < 0 || write(ready[1], &c, 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	CHECK(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void describe(struct netns_bridge *b, struct netns_plug *p)
{
	struct err e;

	*b = (struct netns_bridge){.name = "docker0"};
	CHECK_OK(ip_prefix_parse("172.17.0.1/16", &b->gateway, &e), e);
	*p = (struct netns_plug){
		.bridge = "docker0", .sandbox = "box1", .ifname = "eth0", .gateway = b->gateway.ip};
	CHECK_OK(ip_prefix_parse("172.17.0.2/16", &p->address, &e), e);
}

/* The output of a shell command in the namespace of pid (0: this one). */
static void run_in(pid_t pid, const char *command, char *out, size_t size)
{
	int pair[2];
	size_t n = 0;
	ssize_t r;
	char path[64];
	pid_t child;

	CHECK(pipe(pair) == 0);
	child = fork();
	if (child == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
		if (pid > 0 && setns(open(path, O_RDONLY), CLONE_NEWNET) < 0)
			_exit(1);
		dup2(pair[1], 1);
		dup2(pair[1], 2);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	close(pair[1]);
	while (n < size - 1 && (r = read(pair[0], out + n, size - 1 - n)) > 0)
		n += (size_t)r;
	out[n] = '\0';
	close(pair[0]);
	waitpid(child, NULL, 0);
}

static void read_sysctl(pid_t pid, const char *name, char *out, size_t size)
{
	CLEANUP(freep) char *command = xasprintf("cat %s", name);

	run_in(pid, command, out, size);
	out[strcspn(out, "\n")] = '\0';
}

TEST(a_container_is_plugged_and_survives_a_crash)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), "s");
	struct netns_client *c;
	struct netns_bridge b;
	struct netns_plug p;
	struct netns_info info;
	pid_t server, box;
	char veth[IFNAMSIZ], text[64] = "";
	struct err e;

	enter_new_mounts();
	server = start_server(path);
	box = start_container();
	c = netns_client_new(path);
	describe(&b, &p);
	CHECK_OK(netns_hello(c, &info, &e), e);
	CHECK_EQ(info.pid, server);
	CHECK_OK(netns_bridge_ensure(c, &b, &e), e);
	CHECK_OK(netns_bridge_ensure(c, &b, &e), e);
	CHECK_OK(netns_plug(c, box, &p, veth, &e), e);
	CHECK(strncmp(veth, "veth", 4) == 0);
	CHECK(netns_plug(c, box, &p, NULL, &e) < 0); /* eth0 is there already */
	read_sysctl(box, "/proc/sys/net/ipv4/ip_unprivileged_port_start", text, sizeof(text));
	CHECK_STR(text, "0");
	stop(server);
	server = start_server(path);
	CHECK_OK(netns_unplug(c, "box1", "eth0", &e), e);
	CHECK_OK(netns_unplug(c, "box1", "eth0", &e), e);
	CHECK_OK(netns_plug(c, box, &p, veth, &e), e);
	CHECK_OK(netns_sysctl_set(c, box, "net.ipv4.conf.eth0.rp_filter", "2", &e), e);
	read_sysctl(box, "/proc/sys/net/ipv4/conf/eth0/rp_filter", text, sizeof(text));
	CHECK_STR(text, "2");
	CHECK(netns_sysctl_set(c, box, "net.ipv4.../x", "2", &e) < 0);
	CHECK_OK(netns_bridge_remove(c, "docker0", &e), e);
	CHECK_OK(netns_bridge_remove(c, "docker0", &e), e);
	netns_client_free(c);
	stop(box);
	stop(server);
}

TEST(internal_bridge_and_sandbox)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), "s");
	struct netns_client *c;
	struct netns_bridge b;
	struct netns_plug p;
	pid_t server, box;
	struct err e;

	enter_new_mounts();
	server = start_server(path);
	box = start_container();
	c = netns_client_new(path);
	describe(&b, &p);
	b.internal = true;
	CHECK_OK(netns_bridge_ensure(c, &b, &e), e);
	CHECK_OK(netns_bridge_ensure(c, &b, &e), e);
	CHECK_OK(netns_sandbox_init(c, box, &e), e);
	CHECK_OK(netns_bridge_remove(c, b.name, &e), e);
	netns_client_free(c);
	stop(box);
	stop(server);
}

static int collect(const char *name, void *arg)
{
	size_t n = strlen(arg);

	snprintf((char *)arg + n, 100, "%s ", name);
	return 0;
}

/* A second, internal network with IPv6 and the resolver. */
static void describe_second(struct netns_bridge *b, struct netns_plug *p)
{
	struct err e;

	describe(b, p);
	str_copy(b->name, "br-second", IFNAMSIZ);
	str_copy(p->bridge, "br-second", IFNAMSIZ);
	str_copy(p->ifname, "eth1", IFNAMSIZ);
	CHECK_OK(ip_prefix_parse("172.18.0.1/24", &b->gateway, &e), e);
	CHECK_OK(ip_prefix_parse("fd12::1/64", &b->gateway6, &e), e);
	CHECK_OK(ip_prefix_parse("172.18.0.2/24", &p->address, &e), e);
	CHECK_OK(ip_prefix_parse("fd12::2/64", &p->address6, &e), e);
	b->internal = b->dns = p->dns = true;
	p->gateway.family = IP_NONE;
}

TEST(several_networks_live)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), "s");
	struct netns_gateway g = {.sandbox = "box1", .ifname = "eth1"};
	struct netns_bridge b, b2;
	struct netns_plug p, p2;
	struct netns_client *c;
	pid_t server, box;
	char text[8192] = "";
	struct err e;

	enter_new_mounts();
	server = start_server(path);
	box = start_container();
	c = netns_client_new(path);
	describe(&b, &p);
	describe_second(&b2, &p2);
	CHECK_OK(netns_bridge_ensure(c, &b, &e), e);
	if (netns_bridge_ensure(c, &b2, &e) < 0)
		SKIP("no IPv6");
	str_copy(b2.name, "br-third", IFNAMSIZ);
	CHECK(netns_bridge_ensure(c, &b2, &e) < 0);
	CHECK_EQ(e.kind, ERR_CONFLICT);
	CHECK_OK(netns_bridge_remove(c, b2.name, &e), e);
	CHECK_OK(netns_plug(c, box, &p, NULL, &e), e);
	/* connect to the running container, by its pin */
	CHECK_OK(netns_plug(c, 0, &p2, NULL, &e), e);
	run_in(box, "ip addr; ip -4 route; ip -4 route show table local; ip rule", text,
	       sizeof(text));
	CHECK(strstr(text, "172.17.0.2/16") && strstr(text, "172.18.0.2/24"));
	CHECK(strstr(text, "fd12::2/64") && strstr(text, "default via 172.17.0.1"));
	CHECK(strstr(text, "127.0.0.11 via 172.18.0.1"));
	CHECK(strstr(text, "from all to 127.0.0.0/8 iif eth1 blackhole"));
	stop(server);
	server = start_server(path);
	text[0] = '\0';
	CHECK_OK(netns_list(c, NETNS_LIST_BRIDGES, collect, text, &e), e);
	CHECK_STR(text, "br-second docker0 ");
	text[0] = '\0';
	CHECK_OK(netns_list(c, NETNS_LIST_SANDBOXES, collect, text, &e), e);
	CHECK_STR(text, "box1 ");
	/* as if the helper had died before its answer */
	CHECK_OK(netns_plug(c, 0, &p2, NULL, &e), e);
	CHECK(netns_plug(c, 0, &p2, NULL, &e) < 0);
	g.gateway = b2.gateway.ip;
	g.gateway6 = b2.gateway6.ip;
	CHECK_OK(netns_gateway_set(c, &g, &e), e);
	run_in(box, "ip route; ip -6 route", text, sizeof(text));
	CHECK(strstr(text, "default via 172.18.0.1") && !strstr(text, "default via 172.17.0.1"));
	CHECK(strstr(text, "default via fd12::1"));
	CHECK_OK(netns_unplug(c, "box1", "eth1", &e), e);
	run_in(box, "ip addr", text, sizeof(text));
	CHECK(strstr(text, "eth0") && !strstr(text, "eth1"));
	CHECK(access("/mnt/netns/box1", F_OK) == 0);
	CHECK_OK(netns_plug(c, 0, &p2, NULL, &e), e);
	CHECK_OK(netns_sandbox_remove(c, "box1", &e), e);
	CHECK_OK(netns_sandbox_remove(c, "box1", &e), e);
	CHECK(access("/mnt/netns/box1", F_OK) < 0);
	CHECK(netns_gateway_set(c, &g, &e) < 0);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	for (int i = 0; i < 300; i++) { /* somebody still holds the namespace */
		run_in(0, "ip link", text, sizeof(text));
		if (!strstr(text, "veth"))
			break;
		usleep(20000);
	}
	CHECK(!strstr(text, "veth"));
	stop(box);
	CHECK_OK(netns_bridge_remove(c, "docker0", &e), e);
	CHECK_OK(netns_bridge_remove(c, "br-second", &e), e);
	run_in(0, "ip rule; ip -6 rule; ip route show table all type prohibit", text, sizeof(text));
	CHECK(!strstr(text, "docker0") && !strstr(text, "br-second") && !strstr(text, "172.1"));
	netns_client_free(c);
	stop(server);
}

TEST(pool_makes_sockets_only)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), "s");
	struct pool_request q = {
		.version = POOL_VERSION, .op = POOL_SOCKETS, .kind = POOL_TCP4, .n = 4};
	CLEANUP(fd_closep) int pool = -1;
	struct pool_answer a;
	struct netns_client *c;
	int fds[POOL_BATCH];
	size_t n = POOL_BATCH;
	struct err e;
	pid_t server;

	enter_new_mounts();
	server = start_server(path);
	c = netns_client_new(path);
	CHECK_OK(netns_pool_open(c, &pool, &e), e);
	fd_set_nonblock(pool, false);
	CHECK_OK(fd_send(pool, &q, sizeof(q), NULL, 0, &e), e);
	CHECK_EQ(fd_recv(pool, &a, sizeof(a), fds, &n, &e), sizeof(a));
	CHECK_EQ(n, 4);
	q.n = POOL_BATCH + 1;
	CHECK_OK(fd_send(pool, &q, sizeof(q), NULL, 0, &e), e);
	CHECK_EQ(fd_recv(pool, &a, sizeof(a), NULL, NULL, &e), 0);
	netns_client_free(c);
	stop(server);
}

static int gather(int pool, const char *child, uint32_t n)
{
	struct pool_request q = {.version = POOL_VERSION, .op = POOL_GATHER, .n = n};
	struct pool_answer a = {0};
	struct err e;

	CHECK_OK(ip_parse(child, &q.child, &e), e);
	CHECK_OK(fd_send(pool, &q, sizeof(q), NULL, 0, &e), e);
	CHECK_EQ(fd_recv(pool, &a, sizeof(a), NULL, NULL, &e), sizeof(a));
	CHECK_EQ(a.op, POOL_GATHER);
	return a.sys;
}

TEST(datagrams_are_gathered)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), "s");
	CLEANUP(fd_closep) int pool = -1;
	struct netns_client *c;
	struct netns_bridge b;
	struct netns_plug p;
	pid_t server, box;
	char veth[IFNAMSIZ], text[1024] = "";
	struct err e;
	int sys;

	enter_new_mounts();
	server = start_server(path);
	box = start_container();
	c = netns_client_new(path);
	describe(&b, &p);
	CHECK_OK(netns_bridge_ensure(c, &b, &e), e);
	CHECK_OK(netns_plug(c, box, &p, veth, &e), e);
	CHECK_OK(netns_pool_open(c, &pool, &e), e);
	fd_set_nonblock(pool, false);
	run_in(box, "ip link show eth0", text, sizeof(text));
	CHECK(strstr(text, "pfifo") == NULL);
	sys = gather(pool, "172.17.0.2", 1);
	if (sys == EOPNOTSUPP)
		SKIP("this kernel does not gather datagrams");
	CHECK_EQ(sys, 0);
	run_in(box, "ip link show eth0", text, sizeof(text));
	CHECK(strstr(text, "pfifo") != NULL);
	CHECK_EQ(gather(pool, "172.17.0.2", 1), 0);
	CHECK_EQ(gather(pool, "172.17.0.2", 0), 0);
	CHECK_EQ(gather(pool, "172.17.0.2", 1), 0);
	CHECK_EQ(gather(pool, "172.17.0.3", 1), EHOSTUNREACH);
	CHECK_EQ(gather(pool, "fd00::1", 1), EHOSTUNREACH);
	netns_client_free(c);
	stop(box);
	stop(server);
}

TEST(no_helper_is_unavailable)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), "none");
	struct netns_client *c = netns_client_new(path);
	struct err e;

	CHECK(netns_hello(c, NULL, &e) < 0);
	CHECK_EQ(e.kind, ERR_UNAVAILABLE);
	netns_client_free(c);
}
