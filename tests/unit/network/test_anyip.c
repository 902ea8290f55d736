// SPDX-License-Identifier: MIT
/* What the fast path rests on, tried with the kernel itself; usernet/anyip.c names these facts. */
#include <linux/filter.h>
#include <stdlib.h>

#include "base/file.h"
#include "tests/unit/network/anyip_lab.h"

static void echo_both_ways(int box, int n)
{
	char c = 0;

	CHECK_EQ(send(box, "a", 1, 0), 1);
	CHECK(fd_wait(n, POLLIN, LAB_WAIT_MS) > 0);
	CHECK_EQ(recv(n, &c, 1, 0), 1);
	CHECK_EQ(send(n, "b", 1, 0), 1);
	CHECK(fd_wait(box, POLLIN, LAB_WAIT_MS) > 0);
	CHECK_EQ(recv(box, &c, 1, 0), 1);
	CHECK_EQ(c, 'b');
}

TEST(a_held_syn_is_answered_when_written_back)
{
	char text[2][INET6_ADDRSTRLEN];
	LAB(l);
	int listener, box, n;

	listener = lab_serving(&l);
	box = lab_held(&l);
	CHECK_EQ(lab_outcome(box, 100), EINPROGRESS); /* nobody has answered */
	CHECK(!lab_tun(&l, LAB_QUIET_MS));
	CHECK(lab_accept(listener, text, LAB_QUIET_MS) < 0);
	lab_held(&l);
	lab_write(&l);
	n = lab_accept(listener, text, LAB_WAIT_MS);
	CHECK(n >= 0);
	CHECK_STR(text[0], "172.17.0.2");
	CHECK_STR(text[1], "192.0.2.1");
}

TEST(bytes_flow_and_the_first_held_too)
{
	char text[2][INET6_ADDRSTRLEN];
	LAB(l);
	int listener, box, n;

	listener = lab_serving(&l);
	box = lab_held(&l);
	lab_let_pass(&l, box);
	n = lab_accept(listener, text, LAB_WAIT_MS);
	echo_both_ways(box, n);
	CHECK(!lab_syn4(&l, LAB_QUIET_MS)); /* the one written into the tun is not shown again */
	shutdown(box, SHUT_WR);
	CHECK(fd_wait(n, POLLIN, LAB_WAIT_MS) > 0);
	CHECK_EQ(recv(n, text, 1, 0), 0);
	CHECK_EQ(send(n, "c", 1, 0), 1); /* half-close */
	close(n);
	CHECK(fd_wait(box, POLLIN, LAB_WAIT_MS) > 0);
	CHECK_EQ(recv(box, text, 1, 0), 1);
	CHECK_EQ(recv(box, text, 1, 0), 0);
}

TEST(ipv6_the_same)
{
	char text[2][INET6_ADDRSTRLEN];
	LAB(l);
	int listener, box, n;

	lab_start(&l);
	lab_await_ip6(&l);
	lab_watch(&l);
	listener = lab_listen(&l, true, 443);
	box = lab_connect(&l, "2001:db8::1", 443);
	CHECK(lab_syn6(&l));
	CHECK_EQ(lab_outcome(box, 100), EINPROGRESS);
	CHECK(!lab_tun(&l, LAB_QUIET_MS));
	lab_write(&l);
	CHECK_EQ(lab_outcome(box, LAB_WAIT_MS), 0);
	n = lab_accept(listener, text, LAB_WAIT_MS);
	CHECK(n >= 0);
	CHECK_STR(text[0], "fd01::2");
	CHECK_STR(text[1], "2001:db8::1");
	echo_both_ways(box, n);
}

TEST(a_reset_written_into_the_tun_reaches_the_container)
{
	LAB(l);
	int box;

	lab_start(&l);
	lab_await_ip6(&l);
	lab_watch(&l);
	lab_listen(&l, false, 443);
	box = lab_held(&l);
	lab_make_rst(&l);
	lab_write(&l);
	CHECK_EQ(lab_outcome(box, LAB_WAIT_MS), ECONNREFUSED);
	/* also when the container's port is one with a rule */
	lab_listen(&l, true, 443);
	box = lab_connect(&l, "2001:db8::1", 443);
	CHECK(lab_syn6(&l));
	lab_listen(&l, true, packet_u16(l.pkt + 40));
	lab_make_rst(&l);
	lab_write(&l);
	CHECK_EQ(lab_outcome(box, LAB_WAIT_MS), ECONNREFUSED);
}

TEST(ports_without_a_rule_go_to_the_tun)
{
	struct pool_request q = {.op = POOL_UNLISTEN, .kind = POOL_TCP4, .port = 443};
	LAB(l);

	lab_serving(&l);
	lab_connect(&l, "192.0.2.1", 80);
	CHECK(lab_tun(&l, LAB_WAIT_MS));
	CHECK_EQ(packet_u16(l.pkt + 22), 80);
	CHECK(!lab_syn4(&l, LAB_QUIET_MS)); /* what is only routed is not shown */
	CHECK_EQ(netns_pool_unlisten(&l.s, LAB_CHANNEL, &q), 0);
	CHECK_EQ(netns_pool_unlisten(&l.s, LAB_CHANNEL, &q), 0);
	lab_connect(&l, "192.0.2.1", 443);
	CHECK(lab_tun(&l, LAB_WAIT_MS));
	lab_listen(&l, true, 443);
	netns_anyip_end(&l.s, LAB_CHANNEL);
	lab_connect(&l, "2001:db8::1", 443);
	CHECK(lab_tun(&l, LAB_WAIT_MS));
}

TEST(the_host_gateway_is_outside_too)
{
	char text[2][INET6_ADDRSTRLEN];
	LAB(l);
	int listener, box;

	listener = lab_serving(&l);
	box = lab_connect(&l, "10.0.2.2", 443);
	if (!lab_syn4(&l, LAB_QUIET_MS)) /* it went by main: a bridge's rules would lead it here */
		CHECK(lab_tun(&l, LAB_WAIT_MS));
	lab_write(&l);
	CHECK_EQ(lab_outcome(box, LAB_WAIT_MS), 0);
	CHECK(lab_accept(listener, text, LAB_WAIT_MS) >= 0);
}

TEST(a_syn_sent_again_is_shown_again_and_harmless)
{
	char text[2][INET6_ADDRSTRLEN];
	LAB(l);
	int listener, box, n;

	listener = lab_serving(&l);
	box = lab_held(&l);
	CHECK_EQ(lab_outcome(box, 1200), EINPROGRESS);
	CHECK(lab_syn4(&l, LAB_WAIT_MS)); /* after a second */
	lab_write(&l);
	lab_let_pass(&l, box);
	lab_write(&l); /* after the handshake: a challenge at most */
	n = lab_accept(listener, text, LAB_WAIT_MS);
	CHECK(n >= 0);
	CHECK(lab_accept(listener, text, LAB_QUIET_MS) < 0);
	echo_both_ways(box, n);
}

TEST(the_filter_is_inherited_and_can_be_taken_off)
{
	char text[2][INET6_ADDRSTRLEN];
	struct sock_filter got[16];
	LAB(l);
	socklen_t len;
	int listener, n, zero = 0;

	listener = lab_serving(&l);
	lab_held(&l);
	lab_write(&l);
	n = lab_accept(listener, text, LAB_WAIT_MS);
	len = ARRAY_LEN(got);
	CHECK(getsockopt(n, SOL_SOCKET, SO_GET_FILTER, got, &len) == 0);
	CHECK(len > 0);
	CHECK(setsockopt(n, SOL_SOCKET, SO_DETACH_FILTER, &zero, sizeof(zero)) == 0);
	len = ARRAY_LEN(got);
	CHECK(getsockopt(n, SOL_SOCKET, SO_GET_FILTER, got, &len) == 0);
	CHECK_EQ(len, 0);
}

/* N's sockets in TIME-WAIT (proc_net(5), sockstat) */
static long time_wait(void)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	const char *tw;
	struct err e;

	CHECK_OK(file_read(AT_FDCWD, "/proc/thread-self/net/sockstat", 4096, &b, &e), e);
	tw = strstr(buf_str(&b), " tw ");
	CHECK(tw != NULL);
	return strtol(tw + 4, NULL, 10);
}

TEST(many_cycles_from_one_port)
{
	char text[2][INET6_ADDRSTRLEN];
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(40000)};
	struct sockaddr_storage sa;
	LAB(l);
	int listener, box, n;

	listener = lab_serving(&l);
	lab_sockaddr("192.0.2.1", 443, &sa);
	for (int i = 0; i < 200; i++) {
		box = lab_socket(&l, AF_INET);
		setsockopt(box, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
		CHECK(bind(box, (struct sockaddr *)&own, sizeof(own)) == 0);
		CHECK(connect(box, (struct sockaddr *)&sa, sizeof(own)) < 0);
		CHECK_EQ(errno, EINPROGRESS);
		CHECK(lab_syn4(&l, LAB_WAIT_MS));
		lab_let_pass(&l, box);
		n = lab_accept(listener, text, LAB_WAIT_MS);
		CHECK(n >= 0);
		close(n); /* N closes first */
		CHECK(fd_wait(box, POLLIN, LAB_WAIT_MS) > 0);
		close(box);
	}
	CHECK_EQ(time_wait(), 0); /* by tcp_max_tw_buckets=0; else they would wait for their port */
}

TEST(fast_open_and_ecn_syns)
{
	char text[2][INET6_ADDRSTRLEN];
	struct sockaddr_storage sa;
	LAB(l);
	int listener, box, n;
	char c;

	listener = lab_serving(&l);
	CHECK(setns(l.box, CLONE_NEWNET) == 0);
	netns_sysctl_try("net/ipv4/tcp_fastopen", "5"); /* data without a cookie */
	netns_sysctl_try("net/ipv4/tcp_ecn", "1");
	CHECK(setns(l.s.self_netns_fd, CLONE_NEWNET) == 0);
	lab_sockaddr("192.0.2.1", 443, &sa);
	box = lab_socket(&l, AF_INET);
	CHECK(sendto(box, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&sa,
		     sizeof(struct sockaddr_in)) == 1 ||
	      errno == EINPROGRESS);
	CHECK(lab_syn4(&l, LAB_WAIT_MS));
	CHECK((l.pkt[l.ip_len + 13] & 0xc0) == 0xc0); /* ECE, CWR */
	CHECK_EQ(l.n, l.ip_len + (size_t)(l.pkt[l.ip_len + 12] >> 4) * 4 + 1);
	lab_let_pass(&l, box);
	n = lab_accept(listener, text, LAB_WAIT_MS);
	CHECK(n >= 0);
	CHECK(fd_wait(n, POLLIN, LAB_WAIT_MS) >
	      0); /* the data is sent again behind the handshake */
	CHECK_EQ(recv(n, &c, 1, 0), 1);
	CHECK_EQ(c, 'x');
}

TEST(a_full_backlog_leaves_the_syn_unanswered)
{
	char text[2][INET6_ADDRSTRLEN];
	LAB(l);
	int listener, box[3];

	listener = lab_serving(&l);
	CHECK(listen(listener, 1) == 0);
	for (int i = 0; i < 2; i++) {
		box[i] = lab_held(&l);
		lab_let_pass(&l, box[i]);
	}
	box[2] = lab_held(&l);
	lab_write(&l);
	CHECK_EQ(lab_outcome(box[2], 100), EINPROGRESS);
	CHECK(lab_accept(listener, text, LAB_WAIT_MS) >= 0);
	CHECK_EQ(lab_outcome(box[2], 1200), EINPROGRESS);
	CHECK(lab_syn4(&l, LAB_WAIT_MS)); /* sent again, and now there is room */
	lab_let_pass(&l, box[2]);
}

TEST(an_address_of_n_itself_meets_the_listener_too)
{
	LAB(l);
	int box;

	lab_serving(&l);
	box = lab_connect(&l, "172.17.0.1", 80);
	CHECK_EQ(lab_outcome(box, LAB_WAIT_MS), ECONNREFUSED); /* by N's kernel */
	CHECK(lab_syn4(&l, LAB_WAIT_MS));
	box = lab_connect(&l, "172.17.0.1", 443);
	CHECK_EQ(lab_outcome(box, 100),
		 EINPROGRESS); /* the listener is deaf: usernet must answer */
	CHECK(lab_syn4(&l, LAB_WAIT_MS));
	lab_make_rst(&l);
	lab_write(&l);
	CHECK_EQ(lab_outcome(box, LAB_WAIT_MS), ECONNREFUSED);
}

TEST(n_addresses_are_told)
{
	CLEANUP(freep) struct pool_locals *p = xcalloc(1, sizeof(*p));
	LAB(l);
	bool found = false;
	struct err e;

	lab_start(&l);
	lab_watch(&l);
	CHECK_EQ(fd_recv(l.notes, p, sizeof(*p), NULL, NULL, &e), sizeof(*p));
	for (uint32_t i = 0; i < p->n; i++) {
		char t[IP_PREFIX_TEXT_SIZE];

		if (strcmp(ip_prefix_format(&p->a[i].prefix, t), "172.17.0.1/16") == 0)
			found = true;
	}
	CHECK(found);
	CHECK(fd_wait(l.notes, POLLIN, 0) <= 0);
	netns_anyip_addresses(&l.s);
	CHECK_EQ(fd_recv(l.notes, p, sizeof(*p), NULL, NULL, &e), sizeof(*p));
}

TEST(only_the_channel_that_watches_listens)
{
	struct pool_request q = {.op = POOL_LISTEN, .kind = POOL_TCP4, .port = 443};
	int fds[POOL_BATCH];
	LAB(l);
	size_t n = 0;

	lab_start(&l);
	CHECK_EQ(netns_pool_listen(&l.s, LAB_CHANNEL, &q, fds, &n), EPERM);
	lab_watch(&l);
	CHECK_EQ(netns_pool_listen(&l.s, "another", &q, fds, &n), EPERM);
	netns_anyip_end(&l.s, "another");
	lab_listen(&l, false, 443);
	CHECK_EQ(netns_pool_listen(&l.s, LAB_CHANNEL, &q, fds, &n), EADDRINUSE);
	CHECK_EQ(n, 0);
}
