// SPDX-License-Identifier: MIT
/* A TCP peer by hand against the engine: order, loss, windows, both ends of a connection. */
#include <arpa/inet.h>

#include "base/mem.h"
#include "tests/unit/usernet/engine.h"

#define SPORT 40000

struct peer {
	struct engine en;
	int listen_fd, host_fd;
	uint16_t port;
	uint32_t seq, ack;
	uint32_t edge; /* end of what has come */
	uint16_t wnd;
	uint8_t buf[2048];
	struct packet_ip ip;
	struct packet_tcp in;
};

static void listen_on(struct peer *p)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);

	p->listen_fd = socket(AF_INET, SOCK_STREAM, 0);
	CHECK(bind(p->listen_fd, (struct sockaddr *)&sa, len) == 0 && listen(p->listen_fd, 5) == 0);
	CHECK(getsockname(p->listen_fd, (struct sockaddr *)&sa, &len) == 0);
	p->port = ntohs(sa.sin_port);
	p->seq = 1000;
	p->wnd = 64000;
}

/* A segment with SACK blocks, or (SYN) the word that they are understood. */
static void send_sack(struct peer *p, uint8_t flags, uint32_t from, uint32_t to)
{
	uint8_t out[128] = {0}, *h = out + PACKET_IP4_HDR;
	size_t n = flags == PACKET_SYN ? 24 : 32;

	packet_put16(h, SPORT);
	packet_put16(h + 2, p->port);
	packet_put32(h + 4, p->seq);
	packet_put32(h + 8, p->ack);
	h[12] = (uint8_t)(n / 4 << 4);
	h[13] = flags;
	packet_put16(h + 14, p->wnd);
	h[20] = h[21] = 1;
	h[22] = flags == PACKET_SYN ? 4 : 5;
	h[23] = flags == PACKET_SYN ? 2 : 10;
	if (n == 32) {
		packet_put32(h + 24, from);
		packet_put32(h + 28, to);
	}
	engine_send(&p->en, out, GATEWAY, 6, n, 16);
}

static void send_seg(struct peer *p, uint8_t flags, uint32_t seq, const void *data, size_t n)
{
	uint8_t out[2048] = {0}, *h = out + PACKET_IP4_HDR;

	packet_put16(h, SPORT);
	packet_put16(h + 2, p->port);
	packet_put32(h + 4, seq);
	packet_put32(h + 8, p->ack);
	h[12] = 5 << 4;
	h[13] = flags;
	packet_put16(h + 14, p->wnd);
	if (n > 0)
		memcpy(h + 20, data, n);
	engine_send(&p->en, out, GATEWAY, 6, 20 + n, 16);
}

/* The next segment of the connection, be it one that comes again; false when none came. */
static bool again(struct peer *p)
{
	struct packet v = {.p = p->buf};

	v.n = engine_read(&p->en, p->buf, sizeof(p->buf));
	if (v.n == 0)
		return false;
	CHECK(packet_parse_ip(&v, &p->ip) && p->ip.proto == 6);
	CHECK(packet_parse_tcp(&p->ip, true, &p->in));
	return true;
}

/* The next segment; what comes again only because this peer was slow is passed over. */
static bool next(struct peer *p)
{
	uint32_t end, n;

	do {
		if (!again(p))
			return false;
		n = (uint32_t)p->in.payload.n + ((p->in.flags & (PACKET_SYN | PACKET_FIN)) != 0);
		end = p->in.seq + n;
	} while (n > 0 && p->edge != 0 && (int32_t)(end - p->edge) <= 0);
	if (n > 0)
		p->edge = end;
	return true;
}

static void connect_peer(struct peer *p)
{
	listen_on(p);
	p->en = engine_start("/dev/null", -1);
	send_seg(p, PACKET_SYN, p->seq++, NULL, 0);
	CHECK(next(p));
	CHECK_EQ(p->in.flags, PACKET_SYN | PACKET_ACK);
	CHECK_EQ(p->in.ack, p->seq);
	p->ack = p->in.seq + 1;
	send_seg(p, PACKET_ACK, p->seq, NULL, 0);
	p->host_fd = accept(p->listen_fd, NULL, NULL);
	CHECK(p->host_fd >= 0);
}

static void end(struct peer *p)
{
	close(p->host_fd);
	close(p->listen_fd);
	engine_stop(&p->en);
}

TEST(bytes_out_of_order_wait_for_the_hole_to_be_filled)
{
	struct peer p = {0};
	char got[16] = "";

	connect_peer(&p);
	send_seg(&p, PACKET_ACK, p.seq + 3, "def", 3);
	CHECK(next(&p));
	CHECK_EQ(p.in.ack, p.seq);
	send_seg(&p, PACKET_ACK, p.seq, "abc", 3);
	CHECK(next(&p));
	CHECK_EQ(p.in.ack, p.seq + 6);			 /* with what has waited */
	send_seg(&p, PACKET_ACK, p.seq + 1, "bcdef", 5); /* known */
	CHECK(next(&p));
	CHECK_EQ(p.in.ack, p.seq + 6);
	CHECK(recv(p.host_fd, got, 6, MSG_WAITALL) == 6);
	CHECK_STR(got, "abcdef");
	end(&p);
}

TEST(lost_bytes_come_again_by_timer_and_by_duplicates)
{
	struct peer p = {0};
	uint32_t first;

	connect_peer(&p);
	CHECK(send(p.host_fd, "hello", 5, 0) == 5);
	CHECK(next(&p));
	first = p.in.seq;
	CHECK_EQ(p.in.payload.n, 5);
	CHECK(again(&p)); /* not acknowledged: by the timer */
	CHECK_EQ(p.in.seq, first);
	CHECK_EQ(p.in.payload.n, 5);
	p.ack = first + 5;
	send_seg(&p, PACKET_ACK, p.seq, NULL, 0);
	CHECK(send(p.host_fd, "world", 5, 0) == 5);
	CHECK(next(&p));
	for (int i = 0; i < 3; i++)
		send_seg(&p, PACKET_ACK, p.seq, NULL, 0);
	CHECK(again(&p));
	CHECK_EQ(p.in.seq, first + 5);
	CHECK_MEM(p.in.payload.p, "world", 5);
	end(&p);
}

TEST(a_closed_window_is_probed_and_reopens)
{
	struct peer p = {0};

	connect_peer(&p);
	p.wnd = 0;
	send_seg(&p, PACKET_ACK, p.seq - 1, NULL, 0); /* a keepalive: that it is answered says */
	CHECK(next(&p));			      /* that the window's end was heard */
	CHECK(send(p.host_fd, "hello", 5, 0) == 5);
	CHECK(next(&p));
	CHECK_EQ(p.in.payload.n, 1);
	p.wnd = 1000;
	send_seg(&p, PACKET_ACK, p.seq, NULL, 0);
	CHECK(next(&p));
	CHECK_EQ(p.in.seq, p.ack);
	CHECK_EQ(p.in.payload.n, 5);
	end(&p);
}

TEST(nothing_promised_is_dropped_when_the_host_is_slow)
{
	static char data[1400], got[65536];
	struct peer p = {0};
	size_t sent = 0, have = 0;
	uint32_t edge;

	connect_peer(&p);
	edge = p.seq + 64000;
	for (int i = 0; i < 4000 && edge - p.seq >= sizeof(data); i++) {
		send_seg(&p, PACKET_ACK, p.seq, data, sizeof(data));
		p.seq += sizeof(data);
		sent += sizeof(data);
		CHECK(next(&p));
		CHECK_EQ(p.in.ack, p.seq); /* all taken */
		edge = p.in.ack + p.in.wnd;
	}
	send_seg(&p, PACKET_FIN | PACKET_ACK, p.seq++, NULL, 0);
	for (ssize_t n; (n = recv(p.host_fd, got, sizeof(got), 0)) > 0;)
		have += (size_t)n;
	CHECK_EQ(have, sent);
	end(&p);
}

TEST(half_close_both_ways)
{
	struct peer p = {0};
	char c;

	connect_peer(&p);
	send_seg(&p, PACKET_FIN | PACKET_ACK, p.seq++, NULL, 0);
	CHECK(next(&p));
	CHECK_EQ(p.in.ack, p.seq);
	CHECK(recv(p.host_fd, &c, 1, 0) == 0);
	CHECK(send(p.host_fd, "late", 4, 0) == 4);
	CHECK(next(&p));
	CHECK_MEM(p.in.payload.p, "late", 4);
	p.ack = p.in.seq + 4;
	send_seg(&p, PACKET_ACK, p.seq, NULL, 0);
	shutdown(p.host_fd, SHUT_WR);
	CHECK(next(&p));
	CHECK((p.in.flags & PACKET_FIN) != 0);
	p.ack = p.in.seq + 1;
	send_seg(&p, PACKET_ACK, p.seq, NULL, 0);
	send_seg(&p, PACKET_ACK, p.seq, NULL, 0); /* gone: no TIME-WAIT */
	CHECK(next(&p));
	CHECK((p.in.flags & PACKET_RST) != 0);
	end(&p);
}

TEST(refusal_and_resets)
{
	struct peer p = {0};
	char c;

	connect_peer(&p);
	send_seg(&p, PACKET_RST, p.seq, NULL, 0);
	CHECK(recv(p.host_fd, &c, 1, 0) < 0);
	p.port = 1; /* nobody listens */
	send_seg(&p, PACKET_SYN, 77, NULL, 0);
	CHECK(next(&p));
	CHECK_EQ(p.in.flags, PACKET_RST | PACKET_ACK);
	CHECK_EQ(p.in.ack, 78);
	send_seg(&p, PACKET_ACK, 1, "x", 1); /* belongs to nothing */
	CHECK(next(&p));
	CHECK_EQ(p.in.flags, PACKET_RST);
	end(&p);
}

TEST(selective_acknowledgements_both_ways)
{
	static char data[20000];
	struct peer p = {0};
	uint32_t first, edge;
	char got[8] = "";

	listen_on(&p);
	p.en = engine_start("/dev/null", -1);
	send_sack(&p, PACKET_SYN, 0, 0);
	p.seq++;
	CHECK(next(&p));
	CHECK(p.in.sack_ok);
	p.ack = p.in.seq + 1;
	send_seg(&p, PACKET_ACK, p.seq, NULL, 0);
	p.host_fd = accept(p.listen_fd, NULL, NULL);
	/* ours: bytes before their time are named, the newest first */
	send_seg(&p, PACKET_ACK, p.seq + 3, "d", 1);
	CHECK(next(&p));
	CHECK(p.in.n_sacks == 1 && p.in.sacks[0].from == p.seq + 3);
	send_seg(&p, PACKET_ACK, p.seq + 5, "f", 1);
	CHECK(next(&p));
	CHECK(p.in.n_sacks == 2 && p.in.sacks[0].from == p.seq + 5);
	CHECK(p.in.sacks[1].from == p.seq + 3 && p.in.sacks[1].to == p.seq + 4);
	send_seg(&p, PACKET_ACK, p.seq + 2, "cde", 3); /* only what is new of it, up to the next */
	CHECK(next(&p));
	CHECK(p.in.n_sacks >= 1 && p.in.sacks[0].from == p.seq + 2);
	send_seg(&p, PACKET_ACK, p.seq, "abcdef", 6);
	CHECK(next(&p));
	CHECK_EQ(p.in.ack, p.seq + 6);
	CHECK_EQ(p.in.n_sacks, 0);
	CHECK(recv(p.host_fd, got, 6, MSG_WAITALL) == 6);
	CHECK_STR(got, "abcdef");
	p.seq += 6;
	/* N's: the first segment is lost, the others are named; it comes again before the timer */
	CHECK(send(p.host_fd, data, sizeof(data), 0) == sizeof(data));
	CHECK(next(&p));
	first = p.in.seq;
	edge = first + (uint32_t)p.in.payload.n;
	while (edge - first < sizeof(data)) {
		CHECK(next(&p));
		edge = p.in.seq + (uint32_t)p.in.payload.n;
	}
	send_sack(&p, PACKET_ACK, first + 536, edge);
	CHECK(again(&p));
	CHECK_EQ(p.in.seq, first);
	CHECK_EQ(p.in.payload.n, 536);
	CHECK(again(&p)); /* the last byte again, to learn whether that one arrived */
	CHECK_EQ(p.in.seq, edge - 1);
	CHECK_EQ(p.in.payload.n, 1);
	send_sack(&p, PACKET_ACK, edge - 1, edge);
	CHECK(again(&p)); /* it did not */
	CHECK_EQ(p.in.seq, first);
	end(&p);
}
