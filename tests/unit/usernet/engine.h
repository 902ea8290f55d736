// SPDX-License-Identifier: MIT
/* A usernet of a test: a seqpacket pair stands for the tun, its gateway leads to 127.0.0.1. */
#ifndef TESTS_UNIT_USERNET_ENGINE_H
#define TESTS_UNIT_USERNET_ENGINE_H

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/unit/harness.h"
#include "usernet/packet.h"
#include "usernet/usernet.h"

#define GUEST	 "10.0.2.100"
#define GATEWAY	 "10.0.2.2"
#define SERVER	 "10.0.2.3"
#define GUEST6	 "fd00::100"
#define GATEWAY6 "fd00::2"
#define SERVER6	 "fd00::3"

#define PACKET_WAIT_MS 20000 /* for what must come; a slow machine is no failure */

struct engine {
	pid_t pid;
	int tun;
};

/* The next packet of a device, which must come in time; 0 when it did not. */
static inline size_t packet_read(int fd, uint8_t *p, size_t size)
{
	ssize_t n;

	if (fd_wait(fd, POLLIN, PACKET_WAIT_MS) <= 0)
		return 0;
	n = read(fd, p, size);
	CHECK(n > 0);
	return (size_t)n;
}

static inline struct engine engine_start_with(const char *resolv_conf, int control_fd, int feed_fd,
					      int netns_fd)
{
	int pair[2], ready[2];
	struct engine en;
	char c;

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0 && pipe(ready) == 0);
	en.pid = fork();
	CHECK(en.pid >= 0);
	if (en.pid == 0) {
		struct usernet_conf c2 = {.tun_fd = pair[1],
					  .netns_fd = netns_fd,
					  .control_fd = control_fd,
					  .feed_fd = feed_fd,
					  .ready_fd = ready[1],
					  .resolv_conf = resolv_conf,
					  .no_sandbox = true,
					  .tun = {.subnet = {10, 0, 2, 0},
						  .bits = 24,
						  .mtu = 1500,
						  .host_loopback = 1}};
		struct err e = {0};

		close(pair[0]);
		if (usernet_run(&c2, &e) < 0)
			fprintf(stderr, "%s\n", e.msg);
		_exit(0);
	}
	close(pair[1]);
	close(ready[1]);
	CHECK(read(ready[0], &c, 1) == 1);
	close(ready[0]);
	en.tun = pair[0];
	return en;
}

static inline struct engine engine_start(const char *resolv_conf, int control_fd)
{
	return engine_start_with(resolv_conf, control_fd, -1, -1);
}

static inline void engine_stop(struct engine *en)
{
	int status = 0;

	kill(en->pid, SIGTERM);
	waitpid(en->pid, &status, 0);
	CHECK_EQ(status, 0); /* a leak or a crash shows here */
	close(en->tun);
}

/* The next packet out of the engine. */
static inline size_t engine_read(struct engine *en, uint8_t *p, size_t size)
{
	return packet_read(en->tun, p, size);
}

/* a test's address from its text */
static inline struct ip addr(const char *s)
{
	struct ip a;
	struct err e;

	CHECK(ip_parse(s, &a, &e) == 0);
	return a;
}

/* Sends an IP header before n bytes that stand behind room for it in p, the checksum put at off. */
static inline void engine_send(struct engine *en, uint8_t *p, const char *to, uint8_t proto,
			       size_t n, size_t off)
{
	struct ip dst = addr(to), src = addr(dst.family == IP_V6 ? GUEST6 : GUEST);
	uint64_t sum = proto == 1 ? 0 : packet_pseudo(&src, &dst, proto, n);
	size_t hdr = packet_write_ip(p, &src, &dst, proto, 1, n, false);

	packet_put16(p + hdr + off, 0);
	sum = packet_sum(sum, p + hdr, n, 0);
	packet_put16(p + hdr + off, (uint16_t)~packet_fold(sum));
	CHECK(write(en->tun, p, hdr + n) == (ssize_t)(hdr + n));
}

#endif
