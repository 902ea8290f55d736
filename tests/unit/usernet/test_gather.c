// SPDX-License-Identifier: MIT
/* When usernet asks that datagrams be gathered; answers are laid ready before the question. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "tests/unit/harness.h"
#include "usernet/usernet_internal.h"

static int helper; /* its end of the channel */

static void start(struct usernet *u)
{
	int pair[2];

	CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair) == 0);
	*u = (struct usernet){.pool_fd = pair[0]};
	helper = pair[1];
}

static void lay_ready(int sys)
{
	struct pool_answer a = {.version = POOL_VERSION, .op = POOL_GATHER, .sys = sys};

	CHECK(write(helper, &a, sizeof(a)) == sizeof(a));
}

static void stop(struct usernet *u)
{
	gather_reset(u);
	close(u->pool_fd);
	close(helper);
}

static uint32_t begin; /* what asked() saw: 1 begin, 0 end */

/* the address asked for, IP_NONE when nothing was */
static struct ip asked(void)
{
	struct pool_request q = {0};

	if (read(helper, &q, sizeof(q)) < 0)
		return (struct ip){0};
	CHECK(pool_request_ok(&q, sizeof(q)));
	CHECK_EQ(q.op, POOL_GATHER);
	begin = q.n;
	return q.child;
}

static void many(struct usernet *u, const struct ip *src, int n)
{
	while (n-- > 0)
		gather_count(u, src, 1);
}

TEST(asked_once_for_who_sends_many)
{
	const struct ip busy = ip_v4(0xac110002), calm = ip_v4(0xac110003);
	struct usernet u;
	struct ip got;

	start(&u);
	lay_ready(0);
	many(&u, &calm, 500);
	many(&u, &busy, 1000);
	CHECK_EQ(asked().family, IP_NONE);
	many(&u, &busy, 9000);
	got = asked();
	CHECK(ip_eq(&got, &busy));
	CHECK_EQ(begin, 1);
	CHECK_EQ(asked().family, IP_NONE);
	CHECK_EQ(u.stats.udp_gathered, 1);
	stop(&u);
}

TEST(ended_when_there_are_few)
{
	const struct ip src = ip_v4(0xac110002);
	struct usernet u;

	start(&u);
	lay_ready(0);
	lay_ready(0);
	many(&u, &src, 2000);
	CHECK_EQ(asked().family, IP_V4);
	for (int i = 0; i < 100; i++)
		gather_count(&u, &src, 64);
	usleep(1010000);
	gather_count(&u, &src, 1); /* 6,400 in that second */
	CHECK_EQ(asked().family, IP_NONE);
	usleep(1010000);
	gather_count(&u, &src, 1);
	CHECK_EQ(asked().family, IP_V4);
	CHECK_EQ(begin, 0);
	many(&u, &src, 10000); /* not again so soon */
	CHECK_EQ(asked().family, IP_NONE);
	stop(&u);
}

TEST(ended_when_most_come_alone)
{
	const struct ip src = ip_v4(0xac110002);
	struct usernet u;

	start(&u);
	lay_ready(0);
	lay_ready(0);
	many(&u, &src, 2000);
	CHECK_EQ(asked().family, IP_V4);
	many(&u, &src, 9000);
	CHECK_EQ(asked().family, IP_NONE);
	usleep(1010000);
	many(&u, &src, 1);
	CHECK_EQ(asked().family, IP_V4);
	CHECK_EQ(begin, 0);
	stop(&u);
}

TEST(one_pushed_out_is_ended)
{
	const struct ip a = ip_v4(0xac110002), b = ip_v4(0xac110042);
	struct usernet u;

	start(&u);
	lay_ready(0);
	lay_ready(0);
	many(&u, &a, 2000);
	CHECK_EQ(asked().family, IP_V4);
	many(&u, &b, 1);
	CHECK_EQ(asked().family, IP_V4);
	CHECK_EQ(begin, 0);
	stop(&u);
}

TEST(not_for_slow_ones)
{
	const struct ip src = ip_v4(0xac110002);
	struct usernet u;

	start(&u);
	many(&u, &src, 1500);
	usleep(120000);
	many(&u, &src, 1500);
	CHECK_EQ(asked().family, IP_NONE);
	stop(&u);
}

TEST(never_again_where_the_kernel_cannot)
{
	const struct ip a = ip_v4(0xac110002), b = ip_v4(0xac110003);
	struct usernet u;

	start(&u);
	lay_ready(EOPNOTSUPP);
	many(&u, &a, 2000);
	CHECK_EQ(asked().family, IP_V4);
	many(&u, &b, 10000);
	CHECK_EQ(asked().family, IP_NONE);
	CHECK_EQ(u.stats.udp_gathered, 0);
	stop(&u);
}

TEST(forged_addresses_are_bounded)
{
	struct usernet u;
	int n = 0;

	start(&u);
	for (uint32_t i = 0; i < USERNET_GATHER_ASKS; i++)
		lay_ready(EHOSTUNREACH);
	for (uint32_t i = 0; i < 50; i++) {
		struct ip src = ip_v4(0xac110100 + i);

		many(&u, &src, 2000);
	}
	while (asked().family != IP_NONE)
		n++;
	CHECK(n >= 1 && n <= USERNET_GATHER_ASKS);
	stop(&u);
}

TEST(nobody_to_ask)
{
	const struct ip src = ip_v4(0xac110002);
	struct usernet u = {.pool_fd = -1};

	many(&u, &src, 10000);
	CHECK(u.gather == NULL);
}
