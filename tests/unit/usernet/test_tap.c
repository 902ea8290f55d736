// SPDX-License-Identifier: MIT
#include "tests/unit/usernet/slirp_engine.h"

/* An echo request of the guest to an address of the subnet. */
static void ping(struct slirp *s, uint8_t last, uint8_t tos)
{
	uint8_t f[BODY + 16] = {0}, *h = frame(f, OUR_MAC, ETHER_IP4);

	head4(h, 1, addr4(100), addr4(last), 16);
	h[1] = tos;
	packet_put16(h + 10, 0);
	packet_put16(h + 10, (uint16_t)~packet_fold(packet_sum(0, h, 20, 0)));
	h[20] = 8;
	packet_put16(h + 22, (uint16_t)~packet_fold(packet_sum(0, h + 20, 16, 0)));
	CHECK_EQ(write(s->tap, f, sizeof(f)), (ssize_t)sizeof(f));
}

TEST(packets_travel_in_frames)
{
	struct slirp s = slirp_start();
	uint8_t p[256];

	ping(&s, 2, 0);
	CHECK_EQ(slirp_read(&s, p, sizeof(p)), BODY + 16);
	CHECK_MEM(p, GUEST_MAC, 6); /* learnt of the frame */
	CHECK_MEM(p + 6, OUR_MAC, 6);
	CHECK_EQ(packet_u16(p + 12), ETHER_IP4);
	CHECK_EQ(p[BODY], 0);
	CHECK_EQ(write(s.tap, "runt", 4), 4);
	ping(&s, 3, 0);
	CHECK_EQ(slirp_read(&s, p, sizeof(p)), BODY + 16);
	CHECK_MEM(p + ETHER_HDR + 12, addr4(3).bytes, 4);
	slirp_stop(&s);
}

TEST(with_the_loopback_closed_the_gateway_is_unreachable)
{
	struct slirp s = slirp_start();
	uint8_t p[256] = {[ETHER_HDR + 12] = 10, [ETHER_HDR + 14] = 2, [ETHER_HDR + 15] = 2};

	packet_put16(p + BODY, 80);
	packet_put16(p + BODY + 2, 40000);
	answer_tcp(&s, p, PACKET_SYN, 1, 0, "");
	CHECK(slirp_read_ip(&s, p, sizeof(p), 1) > BODY + 8);
	CHECK(p[BODY] == 3 && p[BODY + 1] == 0); /* as slirp4netns: no route to the network */
	slirp_stop(&s);
}

TEST(the_end_of_the_tap_is_the_end)
{
	struct slirp s = slirp_start();
	int status = 1;

	close(s.tap);
	CHECK_EQ(waitpid(s.pid, &status, 0), s.pid);
	CHECK_EQ(status, 0);
	free(s.api);
}
