// SPDX-License-Identifier: MIT
/* A usernet called as slirp4netns: a seqpacket pair stands for the tap, an API socket is there. */
#ifndef TESTS_UNIT_USERNET_SLIRP_ENGINE_H
#define TESTS_UNIT_USERNET_SLIRP_ENGINE_H

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/net.h"
#include "base/path.h"
#include "tests/unit/usernet/engine.h"
#include "tests/unit/usernet/frames.h"
#include "usernet/usernet.h"

#define BODY (ETHER_HDR + 20) /* of a packet within a frame */

struct slirp {
	pid_t pid;
	int tap, exit_fd;
	char *api;
};

static inline void slirp_child(const struct slirp *s, int tap_fd, int ready_fd, int exit_fd)
{
	struct usernet_slirp slirp = {.exit_fd = exit_fd};
	struct usernet_conf c = {.tun_fd = tap_fd,
				 .netns_fd = -1,
				 .control_fd = -1,
				 .feed_fd = -1,
				 .ready_fd = ready_fd,
				 .resolv_conf = "/nonexistent",
				 .no_sandbox = true,
				 .slirp = &slirp,
				 .tun = {.subnet = {10, 0, 2, 0}, .bits = 24, .mtu = 1500}};
	struct err e = {0};

	slirp.api_fd = net_listen_unix(s->api, SOCK_STREAM, 0600, &e);
	if (slirp.api_fd < 0 || usernet_run(&c, &e) < 0)
		fprintf(stderr, "%s\n", e.msg);
	_exit(0);
}

static inline struct slirp slirp_start(void)
{
	int tap[2], ready[2], end[2];
	struct slirp s = {.api = path_join(harness_tmpdir(), "api.sock")};
	char c[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, tap) == 0 && pipe(ready) == 0 &&
	      pipe(end) == 0);
	s.pid = fork();
	CHECK(s.pid >= 0);
	if (s.pid == 0) {
		close(tap[0]);
		close(end[1]);
		slirp_child(&s, tap[1], ready[1], end[0]);
	}
	close(tap[1]);
	close(ready[1]);
	close(end[0]);
	CHECK_EQ(read(ready[0], c, 2), 1);
	CHECK_EQ(read(ready[0], c, 2), 0); /* and it is closed */
	close(ready[0]);
	s.tap = tap[0];
	s.exit_fd = end[1];
	return s;
}

/* It ends by itself when the exit descriptor's other end goes; a leak or a crash shows here. */
static inline void slirp_stop(struct slirp *s)
{
	int status = 0;

	close(s->exit_fd);
	waitpid(s->pid, &status, 0);
	CHECK_EQ(status, 0);
	close(s->tap);
	free(s->api);
}

/* The next frame out of the tap. */
static inline size_t slirp_read(struct slirp *s, uint8_t *p, size_t size)
{
	return packet_read(s->tap, p, size);
}

/* The next IPv4 packet of a protocol in a frame; questions of ARP are passed over. */
static inline size_t slirp_read_ip(struct slirp *s, uint8_t *p, size_t size, uint8_t proto)
{
	size_t n;

	do {
		n = slirp_read(s, p, size);
	} while (n > BODY && (packet_u16(p + 12) != ETHER_IP4 || p[ETHER_HDR + 9] != proto));
	return n;
}

static inline int slirp_connect(struct slirp *s)
{
	struct err e;
	int fd = net_connect_unix(s->api, SOCK_STREAM, &e);

	CHECK_MSG(fd >= 0, "%s", e.msg);
	return fd;
}

/* Asks at the API socket and compares the answer. */
static inline void slirp_ask(struct slirp *s, const char *request, const char *answer)
{
	char got[1024] = {0};
	size_t n = 0;
	ssize_t r;
	int fd = slirp_connect(s);

	CHECK_EQ(write(fd, request, strlen(request)), (ssize_t)strlen(request));
	shutdown(fd, SHUT_WR);
	while (n < sizeof(got) - 1 && (r = read(fd, got + n, sizeof(got) - 1 - n)) > 0)
		n += (size_t)r;
	close(fd);
	CHECK_STR(got, answer);
}

/* A port of 127.0.0.1 that is free now. */
static inline uint16_t free_port(int type)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, type, 0);

	CHECK(bind(fd, (struct sockaddr *)&a, len) == 0 &&
	      getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	close(fd);
	return ntohs(a.sin_port);
}

static inline struct sockaddr_in host_port(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons(port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline uint16_t publish(struct slirp *s, const char *proto, uint16_t guest_port)
{
	uint16_t port = free_port(strcmp(proto, "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM);
	CLEANUP(freep)
	char *q = xasprintf("{\"execute\":\"add_hostfwd\",\"arguments\":{\"proto\":\"%s\","
			    "\"host_addr\":\"127.0.0.1\",\"host_port\":%u,\"guest_port\":%u}}",
			    proto, port, guest_port);

	slirp_ask(s, q, "{\"return\":{\"id\":1}}");
	return port;
}

/* A TCP segment of the guest to the peer that packet p (of ours) came from. */
static inline void answer_tcp(struct slirp *s, const uint8_t *p, uint8_t flags, uint32_t seq,
			      uint32_t ack, const char *data)
{
	uint8_t f[256];
	size_t n = strlen(data);
	struct ip src = addr4(100), dst = {.family = IP_V4};
	uint8_t *h = frame(f, OUR_MAC, ETHER_IP4), *t = h + 20;

	memcpy(dst.bytes, p + ETHER_HDR + 12, 4);
	head4(h, 6, src, dst, 20 + n);
	memset(t, 0, 20);
	packet_put16(t, packet_u16(p + BODY + 2));
	packet_put16(t + 2, packet_u16(p + BODY));
	packet_put32(t + 4, seq);
	packet_put32(t + 8, ack);
	t[12] = 5 << 4;
	t[13] = flags;
	packet_put16(t + 14, 60000);
	memcpy(t + 20, data, n);
	packet_put16(t + 16, (uint16_t)~packet_fold(packet_sum(packet_pseudo(&src, &dst, 6, 20 + n),
							       t, 20 + n, 0)));
	CHECK_EQ(write(s->tap, f, BODY + 20 + n), (ssize_t)(BODY + 20 + n));
}

#endif
