// SPDX-License-Identifier: MIT
/* Bounded reassembly; see frag.h. Old buffers are reused when needed: no timer. */
#include "usernet/frag.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FRAG_LIFE_MS 2000
#define FRAG_SIZE    65536

static void release(struct frag_buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

static void drop(struct frag_table *t, struct frag_buf *b)
{
	t->n_dropped++;
	release(b);
}

void frag_clear(struct frag_table *t)
{
	for (size_t i = 0; i < USERNET_FRAG_BUFFERS; i++)
		release(&t->bufs[i]);
}

static bool matches(const struct frag_buf *b, const struct packet_ip *ip)
{
	/* IPv6 has the protocol only in the fragments' own headers, and there only the first's */
	return b->id == ip->id && ip_eq(&b->src, &ip->src) && ip_eq(&b->dst, &ip->dst) &&
	       (ip->src.family == IP_V6 || b->proto == ip->proto);
}

/* The buffer to be used for a new datagram: a free one, the source's oldest when it has its share,
 * else the oldest of all. */
static struct frag_buf *find(struct frag_table *t, const struct packet_ip *ip, int64_t now_ms)
{
	struct frag_buf *empty = NULL, *oldest = NULL, *own = NULL;
	unsigned n_own = 0;

	for (size_t i = 0; i < USERNET_FRAG_BUFFERS; i++) {
		struct frag_buf *b = &t->bufs[i];

		if (b->data != NULL && now_ms - b->born_ms > FRAG_LIFE_MS)
			drop(t, b);
		if (b->data == NULL) {
			empty = b;
			continue;
		}
		if (matches(b, ip))
			return b;
		if (oldest == NULL || b->born_ms < oldest->born_ms)
			oldest = b;
		if (!ip_eq(&b->src, &ip->src))
			continue;
		n_own++;
		if (own == NULL || b->born_ms < own->born_ms)
			own = b;
	}
	if (n_own >= USERNET_FRAG_PER_SOURCE)
		empty = own;
	else if (empty == NULL)
		empty = oldest;
	if (empty->data != NULL)
		drop(t, empty);
	empty->data = try_malloc(PACKET_IP6_HDR + FRAG_SIZE);
	if (empty->data == NULL)
		return NULL;
	empty->born_ms = now_ms;
	empty->src = ip->src;
	empty->dst = ip->dst;
	empty->id = ip->id;
	empty->proto = ip->proto;
	return empty;
}

/* Adds the part unless it overlaps; false: the datagram is to be dropped. */
static bool add_part(struct frag_buf *b, uint32_t off, uint32_t end)
{
	if (b->n_parts == USERNET_FRAG_PARTS)
		return false;
	for (unsigned i = 0; i < b->n_parts; i++) {
		if (off < b->parts[i].end && b->parts[i].off < end)
			return false;
	}
	b->parts[b->n_parts++] = (struct frag_part){.off = (uint16_t)off, .end = (uint16_t)end};
	b->have += end - off;
	return true;
}

bool frag_add(struct frag_table *t, const struct packet_ip *ip, int64_t now_ms, uint8_t **ret,
	      size_t *ret_len)
{
	uint32_t off = ip->frag_offset, end = off + (uint32_t)ip->payload.n;
	size_t room = packet_ip_hdr(ip->src.family);
	struct frag_buf *b;

	if (ip->payload.n == 0 || end > 65535 - (ip->src.family == IP_V6 ? 0 : room) ||
	    (ip->more_frags && ip->payload.n % 8 != 0)) {
		t->n_dropped++;
		return false;
	}
	b = find(t, ip, now_ms);
	if (b == NULL)
		return false;
	if ((!ip->more_frags && b->total != 0 && b->total != end) || !add_part(b, off, end)) {
		drop(t, b);
		return false;
	}
	if (off == 0)
		b->proto = ip->proto;
	if (!ip->more_frags)
		b->total = end;
	if (b->total != 0 && b->have > b->total) {
		drop(t, b);
		return false;
	}
	memcpy(b->data + room + off, ip->payload.p, ip->payload.n);
	if (b->total == 0 || b->have != b->total)
		return false;
	packet_write_ip(b->data, &b->src, &b->dst, b->proto, (uint16_t)b->id, b->total, false);
	*ret_len = room + b->total;
	*ret = TAKE(b->data);
	release(b);
	return true;
}
