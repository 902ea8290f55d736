// SPDX-License-Identifier: MIT
/* The feed's messages: what is put is what is parsed, and what is malformed is refused. */
#include "usernet/feed.h"

#include <string.h>

#include "base/mem.h"
#include "config/limits.h"
#include "tests/unit/harness.h"

static void sample(struct feed_endpoint *ep)
{
	*ep = (struct feed_endpoint){.endpoint_id = "e1",
				     .container_id = "c1",
				     .network_id = "n1",
				     .v4 = ip_v4(0xac120002),
				     .v6 = {.family = IP_V6, .bytes = {0xfd, [15] = 2}},
				     .order = 7,
				     .internal = true,
				     .ndots_set = true};
	ep->network_name = xstrdup("mynet");
	strv_split(&ep->names, "web www", " ");
	strv_split(&ep->links, "db=pg", " ");
	strv_split(&ep->dns, "1.1.1.1 fd00::53", " ");
}

TEST(endpoint_there_and_back)
{
	struct feed_endpoint ep, copy;
	struct feed_message m;
	struct buf b = BUF_INIT;
	struct err e;

	sample(&ep);
	CHECK(feed_put_endpoint(&b, &ep, &e) == 0);
	CHECK(feed_parse(b.data, b.len, &m, &e) == 0);
	CHECK_EQ(m.op, FEED_SET);
	CHECK_STR(m.endpoint.endpoint_id, "e1");
	CHECK_STR(m.endpoint.container_id, "c1");
	CHECK_STR(m.endpoint.network_id, "n1");
	CHECK_STR(m.endpoint.network_name, "mynet");
	CHECK(ip_eq(&m.endpoint.v4, &ep.v4) && ip_eq(&m.endpoint.v6, &ep.v6));
	CHECK_EQ(m.endpoint.order, 7);
	CHECK_EQ(m.endpoint.names.len, 2);
	CHECK_STR(m.endpoint.names.items[1], "www");
	CHECK_STR(m.endpoint.links.items[0], "db=pg");
	CHECK_EQ(m.endpoint.dns.len, 2);
	CHECK(m.endpoint.internal && m.endpoint.ndots_set);
	feed_endpoint_copy(&copy, &m.endpoint);
	feed_message_clear(&m);
	CHECK_STR(copy.names.items[0], "web");
	feed_endpoint_clear(&copy);
	feed_endpoint_clear(&ep);
	buf_clear(&b);
}

TEST(every_cut_is_refused_or_whole)
{
	struct feed_endpoint ep;
	struct feed_message m;
	struct buf b = BUF_INIT;
	struct err e;
	size_t whole = 0;

	sample(&ep);
	CHECK(feed_put_endpoint(&b, &ep, &e) == 0);
	for (size_t n = 0; n < b.len; n++) {
		char *p = xmemdup(b.data, n + 1);

		if (feed_parse(p, n, &m, &e) == 0) {
			whole++; /* cut between two fields */
			feed_message_clear(&m);
		}
		free(p);
	}
	CHECK(whole < 20);
	feed_endpoint_clear(&ep);
	buf_clear(&b);
}

TEST(others)
{
	struct feed_listener l[] = {{.ip = ip_v4(0), .port = 2376}, {.ip = ip_v4(1), .port = 1}};
	struct feed_message m;
	struct buf b = BUF_INIT;
	struct err e;

	feed_put_del(&b, "e9");
	CHECK(feed_parse(b.data, b.len, &m, &e) == 0);
	CHECK_EQ(m.op, FEED_DEL);
	CHECK_STR(m.endpoint.endpoint_id, "e9");
	feed_message_clear(&m);
	feed_put_listeners(&b, l, 2);
	CHECK(feed_parse(b.data, b.len, &m, &e) == 0);
	CHECK_EQ(m.n_listeners, 2);
	CHECK_EQ(m.listeners[0].port, 2376);
	feed_message_clear(&m);
	feed_put_head(&b, FEED_STATS);
	feed_put_stat(&b, "dns_questions", 5);
	CHECK(feed_parse(b.data, b.len, &m, &e) == 0);
	CHECK_EQ(m.n_stats, 1);
	CHECK_STR(m.stats[0].name, "dns_questions");
	CHECK_EQ(m.stats[0].value, 5);
	feed_message_clear(&m);
	feed_put_head(&b, FEED_SET); /* without an endpoint */
	CHECK(feed_parse(b.data, b.len, &m, &e) < 0);
	feed_put_head(&b, 77);
	CHECK(feed_parse(b.data, b.len, &m, &e) < 0);
	b.data[0] ^= 1;
	CHECK(feed_parse(b.data, b.len, &m, &e) < 0);
	buf_clear(&b);
}

TEST(too_many_names)
{
	struct feed_endpoint ep;
	struct feed_message m;
	struct buf b = BUF_INIT;
	struct err e;

	sample(&ep);
	for (int i = 0; i < FEED_NAMES_MAX; i++)
		strv_addf(&ep.names, "n%d", i);
	CHECK(feed_put_endpoint(&b, &ep, &e) == 0);
	CHECK(feed_parse(b.data, b.len, &m, &e) < 0);
	for (int i = 0; i < 20000; i++)
		strv_addf(&ep.names, "name%d", i);
	CHECK(feed_put_endpoint(&b, &ep, &e) < 0);
	feed_endpoint_clear(&ep);
	buf_clear(&b);
}
