// SPDX-License-Identifier: MIT
#include "tests/unit/usernet/slirp_engine.h"

#define TOO_LARGE "{\"error\":{\"desc\":\"bad request: too large message\"}}"

TEST(requests_whole_and_in_pieces)
{
	struct slirp s = slirp_start();
	char got[64] = {0};
	int fd = slirp_connect(&s), idle = slirp_connect(&s);

	slirp_ask(&s, "badjson\n", "{\"error\":{\"desc\":\"bad request: cannot parse JSON\"}}");
	CHECK_EQ(write(fd, "{\"execute\": ", 12), 12);
	usleep(20000);
	/* answered when it is whole, without a half-close */
	CHECK_EQ(write(fd, "\"list_hostfwd\"}", 15), 15);
	CHECK_EQ(read(fd, got, sizeof(got) - 1), 25);
	CHECK_STR(got, "{\"return\":{\"entries\":[]}}");
	CHECK_EQ(read(fd, got, sizeof(got)), 0);
	close(fd);
	slirp_stop(&s); /* with a client that never asked */
	close(idle);
}

TEST(a_request_without_end)
{
	struct slirp s = slirp_start();
	int fd = slirp_connect(&s);
	char zeros[8192] = {0}, got[128] = {0};

	signal(SIGPIPE, SIG_IGN);
	CHECK(write(fd, zeros, 4096) == 4096);
	CHECK_EQ(read(fd, got, sizeof(got) - 1), (ssize_t)strlen(TOO_LARGE));
	CHECK_STR(got, TOO_LARGE);
	close(fd);
	slirp_ask(&s, "{\"execute\":\"x\"}",
		  "{\"error\":{\"desc\":\"bad request: unknown execute\"}}");
	slirp_stop(&s);
}

TEST(more_clients_than_served_at_a_time)
{
	struct slirp s = slirp_start();
	int fds[20], fd;
	ssize_t n;
	char c;

	for (int i = 0; i < 20; i++)
		fds[i] = slirp_connect(&s);
	CHECK_EQ(read(fds[19], &c, 1), 0);
	for (int i = 0; i < 20; i++)
		close(fds[i]);
	do { /* until it has noticed that they left */
		fd = slirp_connect(&s);
		shutdown(fd, SHUT_WR);
		n = read(fd, &c, 1);
		close(fd);
	} while (n <= 0);
	slirp_ask(&s, "{\"execute\":\"list_hostfwd\"}", "{\"return\":{\"entries\":[]}}");
	slirp_stop(&s);
}
