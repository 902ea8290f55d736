// SPDX-License-Identifier: MIT
/*
 * The feed's messages: what is accepted can be put into the table of names and
 * written again, and is then read as the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "usernet/feed.h"
#include "usernet/nametab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_table(const struct feed_endpoint *ep)
{
	struct nametab t;
	struct ip ips[4];
	size_t n;

	nametab_init(&t);
	if (nametab_put(&t, ep)) {
		const struct nametab_container *c = nametab_asker(&t, &ep->v4);

		for (size_t i = 0; i < ep->names.len; i++)
			(void)nametab_resolve(&t, c, ep->names.items[i], IP_V4, ips, 4, &n);
		nametab_remove(&t, ep->endpoint_id);
		if (t.endpoints.n + t.containers.n + t.addresses.n + t.by_name.n != 0)
			abort();
	}
	nametab_clear(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed_message m, again;
	struct buf b = BUF_INIT;
	struct err e;

	if (feed_parse(data, size, &m, &e) < 0)
		return 0;
	if (m.op == FEED_SET) {
		check_table(&m.endpoint);
		if (feed_put_endpoint(&b, &m.endpoint, &e) == 0) {
			if (feed_parse(b.data, b.len, &again, &e) < 0 ||
			    again.endpoint.names.len != m.endpoint.names.len)
				abort();
			feed_message_clear(&again);
		}
	}
	buf_clear(&b);
	feed_message_clear(&m);
	return 0;
}
