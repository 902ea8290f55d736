// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/net.h"
#include "base/path.h"

TEST(tcp_on_loopback)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);
	struct err e;
	int l = net_listen_tcp("127.0.0.1", 0, &e), c, s;

	CHECK_OK(l, e);
	CHECK_EQ(getsockname(l, (struct sockaddr *)&sa, &len), 0);
	c = net_connect_tcp("127.0.0.1", ntohs(sa.sin_port), 2000, &e);
	CHECK_OK(c, e);
	s = accept(l, NULL, NULL);
	CHECK(s >= 0);
	close(l);
	close(c);
	close(s);
	CHECK_EQ(net_connect_tcp("127.0.0.1", ntohs(sa.sin_port), 2000, &e), -1);
	CHECK(strstr(e.msg, "127.0.0.1") != NULL);
}

static void check_unix(const char *path, int type)
{
	struct err e;
	struct stat st;
	unsigned uid = 12345;
	int l = net_listen_unix(path, type, 0600, &e), c;

	CHECK_OK(l, e);
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0600);
	c = net_connect_unix(path, type, &e);
	CHECK_OK(c, e);
	CHECK_EQ(net_peer_uid(c, &uid), 0);
	CHECK_EQ(uid, getuid());
	close(c);
	CHECK_EQ(net_listen_unix(path, type, 0600, &e), -1); /* somebody listens */
	close(l);
	l = net_listen_unix(path, type, 0600, &e); /* nobody does any more */
	CHECK_OK(l, e);
	close(l);
}

TEST(unix_sockets)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), "s");
	CLEANUP(freep) char *seq = path_join(harness_tmpdir(), "q");

	check_unix(path, SOCK_STREAM);
	check_unix(seq, SOCK_SEQPACKET);
}

TEST(a_path_longer_than_sun_path_works)
{
	char name[101];
	struct err e;

	memset(name, 'd', 100);
	name[100] = '\0';
	CLEANUP(freep) char *dir = path_join(harness_tmpdir(), name);
	CLEANUP(freep) char *path = path_join(dir, "socket");

	CHECK_OK(path_mkdirs(dir, 0700, &e), e);
	check_unix(path, SOCK_STREAM);
}
