// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include "tests/unit/usernet/slirp_engine.h"

TEST(a_connection_goes_through_the_tap)
{
	struct slirp s = slirp_start();
	uint16_t port = publish(&s, "tcp", 80);
	struct sockaddr_in a = host_port(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char got[16] = {0};
	uint8_t p[256];
	uint32_t seq;
	size_t n;

	CHECK(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	CHECK_EQ(write(fd, "question", 8), 8);
	n = slirp_read(&s, p, sizeof(p)); /* nothing was heard of the guest yet */
	CHECK(n == ETHER_HDR + 28 && packet_u16(p + 12) == ETHER_ARP);
	CHECK(slirp_read_ip(&s, p, sizeof(p), 6) > BODY + 20);
	/* from the gateway, for the client is on the host's loopback; a SYN */
	CHECK_MEM(p + ETHER_HDR + 12, addr4(2).bytes, 4);
	CHECK_MEM(p + ETHER_HDR + 16, addr4(100).bytes, 4);
	CHECK_EQ(packet_u16(p + BODY + 2), 80);
	CHECK_EQ(p[BODY + 13], PACKET_SYN);
	seq = packet_u32(p + BODY + 4);
	answer_tcp(&s, p, PACKET_SYN | PACKET_ACK, 1000, seq + 1, "");
	do { /* the SYN again, when this was slow */
		n = slirp_read_ip(&s, p, sizeof(p), 6);
	} while (n > BODY && p[BODY + 13] == PACKET_SYN);
	CHECK_EQ(n, BODY + 20 + 8);
	CHECK_MEM(p + BODY + 20, "question", 8);
	CHECK_EQ(packet_u32(p + BODY + 8), 1001);
	answer_tcp(&s, p, PACKET_ACK | PACKET_FIN, 1001, seq + 9, "answer");
	CHECK_EQ(read(fd, got, sizeof(got)), 6);
	CHECK_STR(got, "answer");
	CHECK_EQ(read(fd, got, sizeof(got)), 0);
	close(fd);
	slirp_ask(&s, "{\"execute\":\"remove_hostfwd\",\"arguments\":{\"id\":1}}",
		  "{\"return\":{}}");
	fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0);
	close(fd);
	slirp_stop(&s);
}

TEST(a_port_in_use_is_an_error)
{
	struct slirp s = slirp_start();
	uint16_t port = publish(&s, "tcp", 80);
	CLEANUP(freep) char *q = NULL, *a = NULL;

	q = xasprintf("{\"execute\":\"add_hostfwd\",\"arguments\":{\"proto\":\"tcp\","
		      "\"host_addr\":\"127.0.0.1\",\"host_port\":%u,\"guest_port\":81}}",
		      port);
	a = xasprintf("{\"error\":{\"desc\":\"bad request: add_hostfwd: slirp_add_hostfwd failed: "
		      "bind 127.0.0.1 port %u: %s\"}}",
		      port, strerror(EADDRINUSE));
	slirp_ask(&s, q, a);
	slirp_ask(&s,
		  "{\"execute\":\"add_hostfwd\",\"arguments\":{\"proto\":\"tcp6\",\"host_port\":1,"
		  "\"guest_port\":81}}",
		  "{\"error\":{\"desc\":\"bad request: add_hostfwd: slirp_add_hostfwd failed: "
		  "IPv6 needs --enable-ipv6\"}}");
	slirp_stop(&s);
}
