// SPDX-License-Identifier: MIT
/*
 * Segments of N to an open connection, whose host side is a socket pair; IPv6
 * when the input's length is odd. Per 8 bytes of input one segment: flags, offsets to the expected
 * numbers, window, length; or bytes from the host. Whatever comes, sequence space and rings keep
 * their bounds.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "usernet/tcp_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tcp_flow *open_flow(struct usernet *u, int fd, uint8_t family)
{
	struct tcp_flow *t = xcalloc(1, sizeof(*t));

	t->f.key = (struct flow_key){.kind = FLOW_TCP,
				     .src = {.family = family, .bytes = {0xfd, 1}},
				     .dst = {.family = family, .bytes = {0x20, 2}},
				     .sport = 3,
				     .dport = 4};
	t->fd = fd;
	t->state = TCP_OPEN;
	t->rcv_nxt = t->rcv_edge = 0xffffff00U;
	t->snd_una = t->snd_nxt = 0xfffffff0U;
	t->recover = t->snd_una - 1;
	t->snd_wnd = 1000;
	t->mss = 100;
	t->host_ready = true;
	t->sack = true;
	list_init(&t->due);
	wheel_timer_init(&t->timer, tcp_on_timer);
	flow_add(&u->flows, &t->f);
	return t;
}

static void segment(struct usernet *u, struct tcp_flow *t, const uint8_t *d)
{
	const struct flow_key *k = &t->f.key;
	size_t n = PACKET_TCP_HDR + (size_t)d[6] * 4;
	uint8_t *p = xcalloc(1, 2048), *h = p + packet_ip_hdr(k->src.family);
	struct packet v = {.p = p, .n = packet_ip_hdr(k->src.family) + n};

	packet_write_ip(p, &k->src, &k->dst, 6, 1, n, true);
	packet_put16(h, 3);
	packet_put16(h + 2, 4);
	packet_put32(h + 4, t->rcv_nxt + (uint32_t)(int32_t)(int8_t)d[1]);
	packet_put32(h + 8, t->snd_nxt - d[2] + (d[3] >> 4));
	h[12] = 5 << 4;
	if ((d[7] & 8) != 0 && n >= PACKET_TCP_HDR + 12) {
		/* a selective acknowledgement around what is under way */
		h[12] = 8 << 4;
		h[20] = h[21] = 1;
		h[22] = 5;
		h[23] = 10;
		packet_put32(h + 24, t->snd_una + d[2]);
		packet_put32(h + 28, t->snd_una + d[3]);
	}
	h[13] = d[0] & 0x1f;
	packet_put16(h + 14, (uint16_t)(d[4] << 8 | d[5]));
	tun_input(u, &v, false, 0);
	free(p);
}

static void check(const struct tcp_flow *t)
{
	uint32_t flying = t->snd_nxt - t->snd_una;

	if (t->state == TCP_DEAD)
		return;
	for (unsigned i = 0; i < t->n_sacked; i++) {
		if ((int32_t)(t->sacked[i].to - t->sacked[i].from) <= 0 ||
		    (i > 0 && (int32_t)(t->sacked[i].from - t->sacked[i - 1].to) <= 0))
			abort();
	}
	if (t->n_sacked > TCP_SACKED_MAX || t->n_ooo > TCP_OOO_MAX)
		abort();
	if (flying > t->down.len + 1 || t->up.len > t->up.cap || t->down.len > t->down.cap)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct usernet *u = xcalloc(1, sizeof(*u));
	struct tcp_flow *t;
	struct err e;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	u->loop = loop_new(&e);
	wheel_init(&u->wheel, u->loop, u);
	flow_table_init(&u->flows);
	quota_init(&u->flows.quota, 1000, 1000);
	list_init(&u->tcp_due);
	list_init(&u->tcp_dead);
	u->rings.max = 1 << 20;
	u->tun_fd = -1;
	u->mtu = 1500;
	t = open_flow(u, pair[0], size % 2 == 1 ? IP_V6 : IP_V4);
	for (; size >= 8 && u->flows.n[FLOW_TCP] > 0; data += 8, size -= 8) {
		if ((data[7] & 3) == 0 && send(pair[1], data, 8, MSG_NOSIGNAL) == 8)
			tcp_host_read(u, t);
		else if ((data[7] & 3) == 1)
			tcp_on_timer(&t->timer, u);
		else
			segment(u, t, data);
		if (u->flows.n[FLOW_TCP] > 0)
			check(t);
		if (u->flows.n[FLOW_TCP] > 0 && (data[7] & 4) != 0)
			tcp_flush_due(u);
		if (u->flows.n[FLOW_TCP] > 0)
			check(t);
	}
	tcp_kill_all(u);
	loop_free(u->loop);
	close(pair[1]);
	free(u);
	return 0;
}
