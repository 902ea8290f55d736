// SPDX-License-Identifier: MIT
/* Datagrams, errors, echo and destinations through the engine. */
#include <arpa/inet.h>

#include "tests/unit/usernet/engine.h"
#include "usernet/addr.h"

static int bound_to(const char *address, uint16_t *ret_port)
{
	struct ip a = addr(address);
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sa(&a, 0, &sa);
	int fd = socket(sa.ss_family, SOCK_DGRAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, len) < 0)
		SKIP("no such address on this host");
	CHECK(getsockname(fd, (struct sockaddr *)&sa, &len) == 0);
	addr_from_sa(&sa, ret_port);
	return fd;
}

static int bound_socket(uint16_t *ret_port)
{
	return bound_to("127.0.0.1", ret_port);
}

static void send_udp(struct engine *en, const char *dst, uint16_t port, const void *data, size_t n)
{
	uint8_t out[2048] = {0}, *h = out + packet_ip_hdr(addr(dst).family);

	packet_put16(h, 5555);
	packet_put16(h + 2, port);
	packet_put16(h + 4, (uint16_t)(8 + n));
	memcpy(h + 8, data, n);
	engine_send(en, out, dst, 17, 8 + n, 6);
}

static struct packet_ip next(struct engine *en, uint8_t *buf, size_t size)
{
	struct packet v = {.p = buf, .n = engine_read(en, buf, size)};
	struct packet_ip ip;

	CHECK(v.n > 0 && packet_parse_ip(&v, &ip));
	return ip;
}

static void there_and_back(const char *loopback, const char *gateway)
{
	struct engine en = engine_start("/dev/null", -1);
	struct ip from_gateway = addr(gateway);
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	struct packet_ip ip;
	struct packet_udp u;
	uint8_t buf[2048];
	uint16_t port;
	int fd = bound_to(loopback, &port);

	send_udp(&en, gateway, port, "ping", 4);
	CHECK(recvfrom(fd, buf, sizeof(buf), 0, (struct sockaddr *)&from, &len) == 4);
	CHECK(sendto(fd, "pong!", 5, 0, (struct sockaddr *)&from, len) == 5);
	ip = next(&en, buf, sizeof(buf));
	CHECK(packet_parse_udp(&ip, true, &u));
	CHECK(ip_eq(&ip.src, &from_gateway));
	CHECK(u.sport == port && u.dport == 5555 && u.payload.n == 5);
	close(fd);
	engine_stop(&en);
}

TEST(there_and_back_by_ipv4)
{
	there_and_back("127.0.0.1", GATEWAY);
}

TEST(there_and_back_by_ipv6)
{
	there_and_back("::1", GATEWAY6);
}

TEST(errors_become_icmpv6)
{
	struct engine en = engine_start("/dev/null", -1);
	struct packet_ip ip;
	uint8_t buf[2048];
	uint16_t port;

	close(bound_to("::1", &port));
	send_udp(&en, GATEWAY6, port, "x", 1);
	ip = next(&en, buf, sizeof(buf));
	CHECK(ip.proto == 58 && ip.payload.p[0] == 1 && ip.payload.p[1] == 4);
	CHECK_EQ(packet_fold(packet_sum(packet_pseudo(&ip.src, &ip.dst, 58, ip.payload.n),
					ip.payload.p, ip.payload.n, 0)),
		 0xffff);
	send_udp(&en, "::ffff:127.0.0.1", 53, "x", 1);
	ip = next(&en, buf, sizeof(buf));
	CHECK(ip.proto == 58 && ip.payload.p[0] == 1 && ip.payload.p[1] == 1);
	send_udp(&en, "fd00::77", 53, "x", 1);
	ip = next(&en, buf, sizeof(buf));
	CHECK(ip.proto == 58 && ip.payload.p[0] == 1 && ip.payload.p[1] == 1);
	engine_stop(&en);
}

TEST(errors_become_icmp)
{
	struct engine en = engine_start("/dev/null", -1);
	struct packet_ip ip;
	uint8_t buf[2048];
	uint16_t port;

	close(bound_socket(&port));
	send_udp(&en, GATEWAY, port, "x", 1);
	ip = next(&en, buf, sizeof(buf));
	CHECK(ip.proto == 1 && ip.payload.p[0] == 3 && ip.payload.p[1] == 3);
	send_udp(&en, "127.0.0.1", 53, "x", 1); /* loopback is closed */
	ip = next(&en, buf, sizeof(buf));
	CHECK(ip.proto == 1 && ip.payload.p[0] == 3 && ip.payload.p[1] == 13);
	send_udp(&en, "10.0.2.100", 53, "x", 1);
	ip = next(&en, buf, sizeof(buf));
	CHECK(ip.proto == 1 && ip.payload.p[1] == 13);
	engine_stop(&en);
}

static void echo(const char *to, uint8_t proto, uint8_t type)
{
	struct engine en = engine_start("/dev/null", -1);
	uint8_t out[128] = {0}, buf[2048];
	uint8_t *h = out + packet_ip_hdr(addr(to).family);
	struct packet_echo e;
	struct packet_ip ip;

	h[0] = type;
	packet_put16(h + 4, 99);
	engine_send(&en, out, to, proto, 64, 2);
	ip = next(&en, buf, sizeof(buf));
	CHECK(packet_parse_echo(&ip, true, &e));
	CHECK(e.reply && e.id == 99 && e.whole.n == 64);
	engine_stop(&en);
}

TEST(gateway_answers_echo)
{
	echo(GATEWAY, 1, PACKET_ECHO4);
	echo(GATEWAY6, 58, PACKET_ECHO6);
}

TEST(dns_without_an_answer_is_servfail)
{
	static const uint8_t question[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1};
	struct engine en = engine_start("/dev/null", -1); /* 127.0.0.1, where nobody listens */
	struct packet_ip ip;
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
