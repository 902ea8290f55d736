// SPDX-License-Identifier: MIT
/* The engine's table against a usernet that the test plays: what is sent, and sent again. */
#include "engine/names.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/path.h"
#include "config/limits.h"
#include "tests/unit/harness.h"

static int listen_here(void)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), FEED_SOCKET);
	struct err e;
	int fd = net_listen_unix(path, SOCK_SEQPACKET, 0600, &e);

	CHECK(fd >= 0);
	return fd;
}

static int take(int listen_fd)
{
	int fd;

	CHECK(fd_wait(listen_fd, POLLIN, 3000) > 0);
	fd = accept(listen_fd, NULL, NULL);
	CHECK(fd >= 0);
	return fd;
}

/* the next message is op, about id ("" any) */
static void expect(int fd, enum feed_op op, const char *id)
{
	static char p[FEED_MESSAGE_MAX];
	struct feed_message m;
	struct err e;
	ssize_t n;

	CHECK(fd_wait(fd, POLLIN, 3000) > 0);
	n = recv(fd, p, sizeof(p), 0);
	CHECK(n > 0);
	CHECK_OK(feed_parse(p, (size_t)n, &m, &e), e);
	CHECK_EQ(m.op, op);
	if (*id != '\0')
		CHECK_STR(m.endpoint.endpoint_id, id);
	feed_message_clear(&m);
}

static void set(struct names *n, const char *id)
{
	struct feed_endpoint ep = {.container_id = "c", .network_id = "n", .v4 = ip_v4(1)};

	snprintf(ep.endpoint_id, sizeof(ep.endpoint_id), "%s", id);
	names_set(n, &ep);
}

TEST(whole_table_then_changes_then_all_again)
{
	int listen_fd = listen_here(), fd;
	struct names *n = names_new(harness_tmpdir());
	struct ip gateway = ip_v4(7), none = {0};
	struct err e;

	set(n, "e1");
	set(n, "gone");
	names_del(n, "gone");
	names_gateway(n, &gateway, &none);
	CHECK_OK(names_start(n, &e), e);
	fd = take(listen_fd);
	expect(fd, FEED_LISTENERS, "");
	expect(fd, FEED_GATEWAY, "");
	expect(fd, FEED_BEGIN, "");
	expect(fd, FEED_SET, "e1");
	expect(fd, FEED_END, "");
	set(n, "e2");
	expect(fd, FEED_SET, "e2");
	names_del(n, "e1");
	names_del(n, "unknown");
	expect(fd, FEED_DEL, "e1");
	CHECK(fd_wait(fd, POLLIN, 50) == 0);
	/* usernet dies; the next one is told all of it */
	close(fd);
	fd = take(listen_fd);
	expect(fd, FEED_LISTENERS, "");
	expect(fd, FEED_GATEWAY, "");
	expect(fd, FEED_BEGIN, "");
	expect(fd, FEED_SET, "e2");
	expect(fd, FEED_END, "");
	names_free(n);
	close(fd);
	close(listen_fd);
}

TEST(a_full_socket_blocks_nobody)
{
	int listen_fd = listen_here(), fd;
	struct names *n = names_new(harness_tmpdir());
	bool seen_end = false;
	size_t sets = 0;
	struct err e;

	CHECK_OK(names_start(n, &e), e);
	fd = take(listen_fd);
	expect(fd, FEED_LISTENERS, "");
	for (int i = 0; i < 20000; i++) {
		char id[16];

		snprintf(id, sizeof(id), "e%d", i);
		set(n, id);
	}
	while (fd_wait(fd, POLLIN, 1000) > 0 && sets < 20000) {
		static char p[FEED_MESSAGE_MAX];
		struct feed_message m;
		ssize_t got = recv(fd, p, sizeof(p), 0);

		CHECK(got > 0);
		CHECK_OK(feed_parse(p, (size_t)got, &m, &e), e);
		sets += m.op == FEED_SET;
		seen_end = seen_end || m.op == FEED_END;
		feed_message_clear(&m);
	}
	CHECK_EQ(sets, 20000);
	CHECK(seen_end);
	names_free(n);
	close(fd);
	close(listen_fd);
}

TEST(without_usernet_nothing_happens)
{
	struct names *n = names_new("/nonexistent/directory");
	struct names *none = names_new(NULL);
	struct err e;

	CHECK_OK(names_start(n, &e), e);
	CHECK_OK(names_start(none, &e), e);
	set(n, "e1");
	set(none, "e1");
	names_del(none, "e1");
	CHECK(!names_trouble(none));
	CHECK(!names_trouble(n)); /* not yet */
	names_free(n);
	names_free(none);
	names_free(NULL);
}
