// SPDX-License-Identifier: MIT
/* Figures: interfaces as /proc shows them; without a group those of a container's processes. */
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "config/limits.h"
#include "tests/unit/engine/fixture.h"

TEST(stats_reads_interfaces)
{
	struct engine_stats s = {0};

	stats_parse_net(
		"Inter-|   Receive                                                |  Transmit\n"
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes    "
		"packets "
		"errs drop fifo colls carrier compressed\n"
		"    lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n"
		"  eth0: 1000 10 1 2 0 0 0 0 2000 20 3 4 0 0 0 0\n"
		"a:b: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
		"  eth1: 1 2 3\n"
		"eth2\n",
		&s);
	CHECK_EQ(s.n_nets, 2);
	CHECK_STR(s.nets[0].name, "eth0");
	CHECK_EQ(s.nets[0].rx_bytes, 1000);
	CHECK_EQ(s.nets[0].rx_dropped, 2);
	CHECK_EQ(s.nets[0].tx_bytes, 2000);
	CHECK_EQ(s.nets[0].tx_errors, 3);
	CHECK_STR(s.nets[1].name, "a:b");
	CHECK_EQ(s.nets[1].tx_packets, 10);
	engine_stats_clear(&s);
}

TEST(stats_bounds_interfaces)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct engine_stats s = {0};

	for (int i = 0; i < STATS_NETS_MAX + 9; i++)
		buf_addf(&text, "e%d: 1 2 3 4 5 6 7 8 9 10 11 12\n", i);
	stats_parse_net(buf_str(&text), &s);
	CHECK_EQ(s.n_nets, STATS_NETS_MAX);
	engine_stats_clear(&s);
}

TEST(stats_without_a_group)
{
	struct engine *en = fixture_engine();
	struct container *c = fixture_container(en, '1', "c1", C_RUNNING);
	struct engine_stats s;
	struct err e;

	c->pid = getpid();
	CHECK_OK(engine_container_stats(en, "c1", &s, &e), e);
	CHECK(s.running);
	CHECK_EQ(s.cgroup->pids, 1); /* its namespace is ours: only itself */
	CHECK(s.cgroup->memory_bytes > 0);
	CHECK(s.system_cpu_usec > 0);
	CHECK(s.ncpu > 0);
	engine_stats_clear(&s);
	c->state = C_EXITED;
	CHECK_OK(engine_container_stats(en, "c1", &s, &e), e);
	CHECK(!s.running && s.cgroup == NULL);
	engine_stats_clear(&s);
	fixture_free(en);
}
