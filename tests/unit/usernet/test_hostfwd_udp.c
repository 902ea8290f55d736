// SPDX-License-Identifier: MIT
#include "tests/unit/usernet/slirp_engine.h"

TEST(datagrams_and_answers)
{
	struct slirp s = slirp_start();
	uint16_t port = publish(&s, "udp", 7);
	struct sockaddr_in a = host_port(port), from;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(from);
	uint8_t p[256], f[BODY + 8 + 4], *h = frame(f, OUR_MAC, ETHER_IP4);
	char got[16] = {0};

	CHECK_EQ(sendto(fd, "ping", 4, 0, (struct sockaddr *)&a, sizeof(a)), 4);
	CHECK_EQ(slirp_read_ip(&s, p, sizeof(p), 17), BODY + 8 + 4);
	CHECK_MEM(p + ETHER_HDR + 12, addr4(2).bytes, 4);
	CHECK_EQ(packet_u16(p + BODY + 2), 7);
	CHECK_MEM(p + BODY + 8, "ping", 4);
	head4(h, 17, addr4(100), addr4(2), 12);
	packet_put16(f + BODY, 7);
	packet_put16(f + BODY + 2, packet_u16(p + BODY));
	packet_put16(f + BODY + 4, 12);
	packet_put16(f + BODY + 6, 0);
	memcpy(f + BODY + 8, "pong", 4);
	CHECK_EQ(write(s.tap, f, sizeof(f)), (ssize_t)sizeof(f));
	CHECK_EQ(recvfrom(fd, got, sizeof(got), 0, (struct sockaddr *)&from, &len), 4);
	CHECK_STR(got, "pong");
	CHECK_EQ(ntohs(from.sin_port), port);
	/* gone: the same answer is a datagram to the closed gateway now */
	slirp_ask(&s, "{\"execute\":\"remove_hostfwd\",\"arguments\":{\"id\":1}}",
		  "{\"return\":{}}");
	CHECK_EQ(write(s.tap, f, sizeof(f)), (ssize_t)sizeof(f));
	CHECK(slirp_read_ip(&s, p, sizeof(p), 1) > BODY);
	close(fd);
	slirp_stop(&s);
}
