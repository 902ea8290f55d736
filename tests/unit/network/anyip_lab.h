// SPDX-License-Identifier: MIT
/*
 * A laboratory for the fast path: N in namespaces of its own, with a tun and a
 * bridge, one container plugged in. The test plays usernet: it sees SYNs, reads
 * and writes the tun, accepts.
 */
#ifndef TESTS_UNIT_NETWORK_ANYIP_LAB_H
#define TESTS_UNIT_NETWORK_ANYIP_LAB_H

#include <arpa/inet.h>
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <linux/virtio_net.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "network/pool_internal.h"
#include "tests/unit/netlink/netns.h"
#include "usernet/packet.h"

#define LAB_CHANNEL  ((const void *)"usernet")
#define LAB_WAIT_MS  20000 /* for what must come; a slow machine is no failure */
#define LAB_QUIET_MS 300   /* for what must not */

struct lab {
	struct netns_server s;
	int tun, box; /* box: the container's network namespace */
	int watch4, watch6, notes;
	uint8_t pkt[2048]; /* the packet seen last */
	size_t n, ip_len;  /* its length, its IP header's */
};

static inline struct ip_prefix lab_prefix(const char *s)
{
	struct ip_prefix p;
	struct err e;

	CHECK_OK(ip_prefix_parse(s, &p, &e), e);
	return p;
}

static inline void lab_default(struct rtnl *nl, int index, const char *gateway)
{
	struct rtnl_route r = {.oif = index};
	struct err e;

	CHECK_OK(ip_parse(gateway, &r.gateway, &e), e);
	CHECK_OK(rtnl_route_add(nl, &r, &e), e);
}

/* addresses of both families on a link, which goes up */
static inline int lab_up(struct rtnl *nl, const char *name, const char *a4, const char *a6)
{
	struct rtnl_link_change up = {.set_up = 1};
	struct ip_prefix p;
	struct rtnl_link k;
	struct err e;

	CHECK_OK(rtnl_link_get(nl, name, &k, &e), e);
	CHECK_OK(rtnl_link_set(nl, k.index, &up, &e), e);
	if (a4 != NULL) {
		p = lab_prefix(a4);
		CHECK_OK(rtnl_addr_add(nl, k.index, &p, &e), e);
	}
	if (a6 != NULL) {
		p = lab_prefix(a6);
		CHECK_OK(rtnl_addr_add(nl, k.index, &p, &e), e);
	}
	return k.index;
}

/* The order of server_internal.h in short: N's own, containers, ports, the rest. */
static inline void lab_rules(struct rtnl *nl)
{
	static const uint8_t families[] = {IP_V4, IP_V6};
	struct err e;

	for (size_t i = 0; i < 2; i++) {
		struct rtnl_rule self = {.family = families[i],
					 .priority = NETNS_RULE_SELF,
					 .table = RT_TABLE_MAIN,
					 .iif = "lo"};
		struct rtnl_rule main_in = {.family = families[i],
					    .priority = NETNS_RULE_MAIN_IN,
					    .table = RT_TABLE_MAIN,
					    .skip_default = true};
		CHECK_OK(rtnl_rule_add(nl, &self, &e), e);
		struct rtnl_rule apart = {
			.family = families[i], .priority = NETNS_RULE_APART, .action = FR_ACT_NOP};

		CHECK_OK(rtnl_rule_add(nl, &main_in, &e), e);
		CHECK_OK(rtnl_rule_add(nl, &apart, &e), e);
	}
}

static inline void lab_box(struct lab *l)
{
	CLEANUP(rtnl_close) struct rtnl nl = RTNL_INIT;
	struct rtnl_veth veth = {.name = "veth0", .peer_name = "eth0", .mtu = 1500};
	int index;
	struct err e;

	CHECK(unshare(CLONE_NEWNET) == 0);
	l->box = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK(setns(l->s.self_netns_fd, CLONE_NEWNET) == 0);
	veth.peer_netns_fd = l->box;
	CHECK_OK(rtnl_veth_add(&l->s.rtnl, &veth, &e), e);
	lab_up(&l->s.rtnl, "veth0", NULL, NULL);
	CHECK(setns(l->box, CLONE_NEWNET) == 0);
	CHECK_OK(rtnl_open(&nl, &e), e);
	lab_up(&nl, "lo", NULL, NULL);
	index = lab_up(&nl, "eth0", "172.17.0.2/16", "fd01::2/64");
	lab_default(&nl, index, "172.17.0.1");
	lab_default(&nl, index, "fd01::1");
	CHECK(setns(l->s.self_netns_fd, CLONE_NEWNET) == 0);
}

static inline void lab_stop(struct lab *l)
{
	rtnl_close(&l->s.rtnl);
}

#define LAB(name) CLEANUP(lab_stop) struct lab name = {.s.rtnl = RTNL_INIT}

static inline void lab_start(struct lab *l)
{
	struct netns_tun t = {0};
	struct rtnl_link_change slave = {0};
	struct rtnl_link br, veth;
	struct err e;
	int index;

	l->s.anyip.notes_fd = l->s.listen_fd = -1;
	enter_new_netns();
	l->s.self_netns_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	CHECK_OK(rtnl_open(&l->s.rtnl, &e), e);
	netns_sysctls_of_n();
	lab_up(&l->s.rtnl, "lo", NULL, NULL);
	if (netns_do_tun(&l->s, &t, &l->tun, &e) < 0)
		SKIP("no tun");
	index = lab_up(&l->s.rtnl, "tap0", NULL, "fd00::100/64");
	lab_default(&l->s.rtnl, index, "fd00::2");
	CHECK_OK(rtnl_bridge_add(&l->s.rtnl, "br0", NULL, 0, &e), e);
	lab_up(&l->s.rtnl, "br0", "172.17.0.1/16", "fd01::1/64");
	netns_sysctl_try("net/ipv4/conf/br0/rp_filter", "1");
	lab_box(l);
	CHECK_OK(rtnl_link_get(&l->s.rtnl, "br0", &br, &e), e);
	CHECK_OK(rtnl_link_get(&l->s.rtnl, "veth0", &veth, &e), e);
	slave.master = br.index;
	CHECK_OK(rtnl_link_set(&l->s.rtnl, veth.index, &slave, &e), e);
	lab_rules(&l->s.rtnl);
}

static inline void lab_watch(struct lab *l)
{
	struct pool_request q = {.version = POOL_VERSION, .op = POOL_SYN_WATCH, .kind = POOL_TCP4};
	int fds[POOL_BATCH];
	size_t n = 0;

	CHECK_EQ(netns_pool_syn_watch(&l->s, LAB_CHANNEL, &q, fds, &n), 0);
	CHECK_EQ(n, 2);
	l->watch4 = fds[0];
	l->notes = fds[1];
	q.kind = POOL_TCP6;
	n = 0;
	CHECK_EQ(netns_pool_syn_watch(&l->s, LAB_CHANNEL, &q, fds, &n), 0);
	CHECK_EQ(n, 1);
	l->watch6 = fds[0];
}

static inline int lab_listen(struct lab *l, bool v6, uint16_t port)
{
	struct pool_request q = {.version = POOL_VERSION,
				 .op = POOL_LISTEN,
				 .kind = v6 ? POOL_TCP6 : POOL_TCP4,
				 .port = port};
	int fds[POOL_BATCH];
	size_t n = 0;

	CHECK_EQ(netns_pool_listen(&l->s, LAB_CHANNEL, &q, fds, &n), 0);
	CHECK_EQ(n, 1);
	return fds[0];
}

static inline socklen_t lab_sockaddr(const char *addr, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *a4 = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, addr, &a4->sin_addr) == 1) {
		a4->sin_family = AF_INET;
		a4->sin_port = htons(port);
		return sizeof(*a4);
	}
	CHECK(inet_pton(AF_INET6, addr, &a6->sin6_addr) == 1);
	a6->sin6_family = AF_INET6;
	a6->sin6_port = htons(port);
	return sizeof(*a6);
}

/* a socket of the container's */
static inline int lab_socket(struct lab *l, int family)
{
	int fd;

	CHECK(setns(l->box, CLONE_NEWNET) == 0);
	fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	CHECK(setns(l->s.self_netns_fd, CLONE_NEWNET) == 0);
	CHECK(fd >= 0);
	return fd;
}

/* the container starts to connect */
static inline int lab_connect(struct lab *l, const char *addr, uint16_t port)
{
	struct sockaddr_storage sa;
	socklen_t len = lab_sockaddr(addr, port, &sa);
	int fd = lab_socket(l, sa.ss_family);

	CHECK(connect(fd, (struct sockaddr *)&sa, len) < 0 && errno == EINPROGRESS);
	return fd;
}

/* what became of it within ms: 0 connected, an errno, EINPROGRESS */
static inline int lab_outcome(int fd, int ms)
{
	socklen_t len = sizeof(int);
	int sys = 0;

	if (fd_wait(fd, POLLOUT, ms) <= 0)
		return EINPROGRESS;
	CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &sys, &len) == 0);
	return sys;
}

/* IPv6 on a bridge begins when the kernel has noticed its carrier, within a second or so */
static inline void lab_await_ip6(struct lab *l)
{
	int fd = lab_connect(l, "fd01::1", 9);

	CHECK_EQ(lab_outcome(fd, 4000), ECONNREFUSED);
	close(fd);
}

static inline uint64_t lab_sum(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (i & 1) != 0 ? p[i] : (uint64_t)p[i] << 8;
	return sum;
}

static inline uint16_t lab_fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* The packet's TCP header with the checksum made right. */
static inline uint8_t *lab_seal(struct lab *l)
{
	bool v6 = l->pkt[0] >> 4 == 6;
	uint8_t *tcp = l->pkt + l->ip_len;
	size_t n = l->n - l->ip_len;

	packet_put16(tcp + 16, 0);
	packet_put16(tcp + 16, lab_fold(lab_sum(l->pkt + (v6 ? 8 : 12), v6 ? 32 : 8) + IPPROTO_TCP +
					n + lab_sum(tcp, n)));
	if (!v6) {
		packet_put16(l->pkt + 10, 0);
		packet_put16(l->pkt + 10, lab_fold(lab_sum(l->pkt, l->ip_len)));
	}
	return tcp;
}

/* waits for a SYN that the watch shows; the whole packet is in l->pkt then */
static inline bool lab_syn4(struct lab *l, int ms)
{
	ssize_t n;

	if (fd_wait(l->watch4, POLLIN, ms) <= 0)
		return false;
	n = recv(l->watch4, l->pkt, sizeof(l->pkt), 0);
	CHECK(n >= 40);
	l->n = (size_t)n;
	l->ip_len = (size_t)(l->pkt[0] & 15) * 4;
	return true;
}

static inline bool lab_syn6(struct lab *l)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} ctl;
	struct sockaddr_in6 src;
	struct iovec iov = {.iov_base = l->pkt + 40, .iov_len = sizeof(l->pkt) - 40};
	struct msghdr m = {.msg_name = &src,
			   .msg_namelen = sizeof(src),
			   .msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &ctl,
			   .msg_controllen = sizeof(ctl)};
	const struct cmsghdr *c;
	ssize_t n;

	if (fd_wait(l->watch6, POLLIN, LAB_WAIT_MS) <= 0)
		return false;
	n = recvmsg(l->watch6, &m, 0);
	CHECK(n >= 20);
	c = CMSG_FIRSTHDR(&m);
	CHECK(c != NULL && c->cmsg_type == IPV6_PKTINFO);
	memset(l->pkt, 0, 40);
	l->pkt[0] = 0x60;
	packet_put16(l->pkt + 4, (uint16_t)n);
	l->pkt[6] = IPPROTO_TCP;
	l->pkt[7] = 64;
	memcpy(l->pkt + 8, &src.sin6_addr, 16);
	memcpy(l->pkt + 24, CMSG_DATA(c), 16);
	l->n = (size_t)n + 40;
	l->ip_len = 40;
	return true;
}

static inline void lab_write(struct lab *l)
{
	struct virtio_net_hdr vh = {0};
	struct iovec iov[2] = {{.iov_base = &vh, .iov_len = sizeof(vh)},
			       {.iov_base = l->pkt, .iov_len = l->n}};

	lab_seal(l);
	CHECK_EQ(writev(l->tun, iov, 2), sizeof(vh) + l->n);
}

/* turns the SYN in l->pkt into the answer of a closed port */
static inline void lab_make_rst(struct lab *l)
{
	bool v6 = l->pkt[0] >> 4 == 6;
	uint8_t *tcp, a[16], *src = l->pkt + (v6 ? 8 : 12);
	size_t len = v6 ? 16 : 4;
	uint16_t sport;
	uint32_t seq;

	memcpy(a, src, len);
	memcpy(src, src + len, len);
	memcpy(src + len, a, len);
	tcp = l->pkt + l->ip_len;
	sport = packet_u16(tcp);
	seq = packet_u32(tcp + 4);
	packet_put16(tcp, packet_u16(tcp + 2));
	packet_put16(tcp + 2, sport);
	packet_put32(tcp + 4, 0);
	packet_put32(tcp + 8, seq + 1);
	tcp[12] = 5 << 4;
	tcp[13] = PACKET_RST | PACKET_ACK;
	l->n = l->ip_len + 20;
	packet_put16(l->pkt + (v6 ? 4 : 2), (uint16_t)(v6 ? 20 : l->n));
}

/* a TCP packet that leaves by the tun; it is in l->pkt then */
static inline bool lab_tun(struct lab *l, int ms)
{
	struct virtio_net_hdr vh;
	uint8_t buf[sizeof(l->pkt)];
	struct iovec iov[2] = {{.iov_base = &vh, .iov_len = sizeof(vh)},
			       {.iov_base = buf, .iov_len = sizeof(buf)}};

	while (fd_wait(l->tun, POLLIN, ms) > 0) {
		ssize_t n = readv(l->tun, iov, 2);

		CHECK(n > (ssize_t)sizeof(vh));
		if (buf[buf[0] >> 4 == 6 ? 6 : 9] != IPPROTO_TCP)
			continue;
		memcpy(l->pkt, buf, sizeof(buf));
		l->n = (size_t)n - sizeof(vh);
		l->ip_len = l->pkt[0] >> 4 == 6 ? 40 : (size_t)(l->pkt[0] & 15) * 4;
		return true;
	}
	return false;
}

/* accepts; the two addresses are those of the container and of the outside */
static inline int lab_accept(int listener, char text[2][INET6_ADDRSTRLEN], int ms)
{
	struct sockaddr_storage a[2] = {0};
	int fd;

	if (fd_wait(listener, POLLIN, ms) <= 0)
		return -1;
	fd = accept4(listener, (struct sockaddr *)&a[0], &(socklen_t){sizeof(a[0])}, SOCK_CLOEXEC);
	CHECK(fd >= 0);
	CHECK(getsockname(fd, (struct sockaddr *)&a[1], &(socklen_t){sizeof(a[1])}) == 0);
	for (int i = 0; i < 2; i++) {
		bool v6 = a[i].ss_family == AF_INET6;
		void *p = &((struct sockaddr_in *)&a[i])->sin_addr;

		if (v6)
			p = &((struct sockaddr_in6 *)&a[i])->sin6_addr;
		CHECK(inet_ntop(a[i].ss_family, p, text[i], INET6_ADDRSTRLEN) != NULL);
	}
	return fd;
}

/* N whose listener has the outside's port 443 */
static inline int lab_serving(struct lab *l)
{
	lab_start(l);
	lab_watch(l);
	return lab_listen(l, false, 443);
}

/* the container starts to connect to that port: its SYN is held, and in l->pkt */
static inline int lab_held(struct lab *l)
{
	int box = lab_connect(l, "192.0.2.1", 443);

	CHECK(lab_syn4(l, LAB_WAIT_MS));
	return box;
}

/* writes back the SYN that was seen, and those sent again while this was slow */
static inline void lab_let_pass(struct lab *l, int box)
{
	int sys;

	lab_write(l);
	while ((sys = lab_outcome(box, LAB_QUIET_MS)) == EINPROGRESS) {
		CHECK(lab_syn4(l, LAB_WAIT_MS));
		lab_write(l);
	}
	CHECK_EQ(sys, 0);
}

#endif
