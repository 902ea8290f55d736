// SPDX-License-Identifier: MIT
#include <errno.h>

#include "tests/unit/usernet/slirp_engine.h"

static int client(struct slirp *s, uint16_t port, uint8_t *p, size_t size)
{
	struct sockaddr_in a = host_port(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	CHECK(slirp_read_ip(s, p, size, 6) > BODY + 20);
	return fd;
}

TEST(a_refusal_resets_the_client)
{
	struct slirp s = slirp_start();
	uint16_t port = publish(&s, "tcp", 80);
	uint8_t p[256];
	int fd = client(&s, port, p, sizeof(p));
	char c;

	/* one that does not acknowledge our SYN is not believed */
	answer_tcp(&s, p, PACKET_RST | PACKET_ACK, 0, packet_u32(p + BODY + 4), "");
	answer_tcp(&s, p, PACKET_RST, 0, 0, "");
	usleep(50000);
	CHECK_EQ(recv(fd, &c, 1, MSG_DONTWAIT), -1);
	CHECK_EQ(errno, EAGAIN);
	answer_tcp(&s, p, PACKET_RST | PACKET_ACK, 0, packet_u32(p + BODY + 4) + 1, "");
	CHECK_EQ(read(fd, &c, 1), -1);
	CHECK_EQ(errno, ECONNRESET);
	close(fd);
	slirp_stop(&s);
}

TEST(an_older_connection_is_told_to_go)
{
	struct slirp s = slirp_start();
	uint16_t port = publish(&s, "tcp", 80);
	uint8_t p[256];
	uint32_t seq;
	int fd = client(&s, port, p, sizeof(p));

	seq = packet_u32(p + BODY + 4);
	answer_tcp(&s, p, PACKET_ACK, 77, seq + 500, "");
	CHECK_EQ(slirp_read_ip(&s, p, sizeof(p), 6), BODY + 20);
	CHECK_EQ(p[BODY + 13], PACKET_RST);
	CHECK_EQ(packet_u32(p + BODY + 4), seq + 500);
	/* and ours is asked for again, after a second */
	CHECK(slirp_read_ip(&s, p, sizeof(p), 6) > BODY);
	CHECK_EQ(p[BODY + 13], PACKET_SYN);
	CHECK_EQ(packet_u32(p + BODY + 4), seq);
	close(fd);
	slirp_stop(&s);
}
