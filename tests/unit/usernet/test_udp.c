// SPDX-License-Identifier: MIT
/* Datagrams, errors, echo and destinations through the engine. */
#include <arpa/inet.h>

#include "tests/unit/usernet/engine.h"

static int bound_socket(uint16_t *ret_port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK(bind(fd, (struct sockaddr *)&sa, len) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&sa, &len) == 0);
	*ret_port = ntohs(sa.sin_port);
	return fd;
}

static void send_udp(struct engine *en, uint32_t dst, uint16_t port, const void *data, size_t n)
{
	uint8_t out[2048] = {0}, *h = out + PACKET_IP4_HDR;

	packet_put16(h, 5555);
	packet_put16(h + 2, port);
	packet_put16(h + 4, (uint16_t)(8 + n));
	memcpy(h + 8, data, n);
	engine_send(en, out, dst, 17, 8 + n, 6);
}

static struct packet_ip4 next(struct engine *en, uint8_t *buf, size_t size)
{
	struct packet v = {.p = buf, .n = engine_read(en, buf, size)};
	struct packet_ip4 ip;

	CHECK(v.n > 0 && packet_parse_ip4(&v, &ip));
	return ip;
}

TEST(there_and_back)
{
	struct engine en = engine_start("/dev/null", -1);
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	struct packet_ip4 ip;
	struct packet_udp u;
	uint8_t buf[2048];
	uint16_t port;
	int fd = bound_socket(&port);

	send_udp(&en, GATEWAY, port, "ping", 4);
	CHECK(recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len) == 4);
	CHECK(sendto(fd, "pong!", 5, 0, (struct sockaddr *)&from, len) == 5);
	ip = next(&en, buf, sizeof(buf));
	CHECK(packet_parse_udp(&ip, true, &u));
	CHECK_EQ(ip.src, GATEWAY);
	CHECK(u.sport == port && u.dport == 5555 && u.payload.n == 5);
	close(fd);
	engine_stop(&en);
}

TEST(errors_become_icmp)
{
	struct engine en = engine_start("/dev/null", -1);
	struct packet_ip4 ip;
	uint8_t buf[2048];
	uint16_t port;

	close(bound_socket(&port));
	send_udp(&en, GATEWAY, port, "x", 1);
	ip = next(&en, buf, sizeof(buf));
	CHECK(ip.proto == 1 && ip.payload.p[0] == 3 && ip.payload.p[1] == 3);
	send_udp(&en, 0x7f000001, 53, "x", 1); /* loopback is closed */
	ip = next(&en, buf, sizeof(buf));
	CHECK(ip.proto == 1 && ip.payload.p[0] == 3 && ip.payload.p[1] == 13);
	send_udp(&en, 0x0a000264, 53, "x", 1);
	ip = next(&en, buf, sizeof(buf));
	CHECK(ip.proto == 1 && ip.payload.p[1] == 13);
	engine_stop(&en);
}

TEST(gateway_answers_echo)
{
	uint8_t out[128] = {0}, buf[2048], *h = out + PACKET_IP4_HDR;
	struct engine en = engine_start("/dev/null", -1);
	struct packet_echo e;
	struct packet_ip4 ip;

	h[0] = 8;
	packet_put16(h + 4, 99);
	engine_send(&en, out, GATEWAY, 1, 64, 2);
	ip = next(&en, buf, sizeof(buf));
	CHECK(packet_parse_echo(&ip, &e));
	CHECK(e.type == 0 && e.id == 99 && e.whole.n == 64);
	engine_stop(&en);
}

TEST(dns_without_an_answer_is_servfail)
{
	static const uint8_t question[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1};
	struct engine en = engine_start("/dev/null", -1); /* 127.0.0.1, where nobody listens */
	struct packet_ip4 ip;
	struct packet_udp u;
	uint8_t buf[2048];
	int probe = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in sa = {.sin_family = AF_INET,
				 .sin_port = htons(53),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	if (connect(probe, (struct sockaddr *)&sa, sizeof(sa)) < 0 || send(probe, "", 0, 0) < 0 ||
	    (usleep(10000), recv(probe, buf, 1, MSG_DONTWAIT)) >= 0)
		SKIP("somebody serves DNS on 127.0.0.1");
	send_udp(&en, SERVER, 53, question, sizeof(question));
	ip = next(&en, buf, sizeof(buf));
	CHECK(packet_parse_udp(&ip, true, &u));
	CHECK_EQ(u.sport, 53);
	CHECK_EQ(packet_u16(u.payload.p), 0x1234);
	CHECK_EQ(u.payload.p[3] & 15, 2);
	close(probe);
	engine_stop(&en);
}
