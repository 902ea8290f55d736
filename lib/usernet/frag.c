// SPDX-License-Identifier: MIT
/* Bounded reassembly; see frag.h. Old buffers are reused when needed: no timer. */
#include "usernet/frag.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define FRAG_LIFE_MS 2000
#define FRAG_SIZE    65536

static void drop(struct frag_buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

void frag_clear(struct frag_table *t)
{
	for (size_t i = 0; i < USERNET_FRAG_BUFFERS; i++)
		drop(&t->bufs[i]);
}

static struct frag_buf *find(struct frag_table *t, const struct packet_ip4 *ip, int64_t now_ms)
{
	struct frag_buf *free_buf = NULL, *oldest = &t->bufs[0];

	for (size_t i = 0; i < USERNET_FRAG_BUFFERS; i++) {
		struct frag_buf *b = &t->bufs[i];

		if (b->data != NULL && now_ms - b->born_ms > FRAG_LIFE_MS)
			drop(b);
		if (b->data == NULL)
			free_buf = b;
		else if (b->src == ip->src && b->dst == ip->dst && b->id == ip->id &&
			 b->proto == ip->proto)
			return b;
		else if (b->born_ms < oldest->born_ms)
			oldest = b;
	}
	if (free_buf == NULL) {
		drop(oldest);
		free_buf = oldest;
	}
	free_buf->data = try_malloc(PACKET_IP4_HDR + FRAG_SIZE);
	if (free_buf->data == NULL)
		return NULL;
	free_buf->born_ms = now_ms;
	free_buf->src = ip->src;
	free_buf->dst = ip->dst;
	free_buf->id = ip->id;
	free_buf->proto = ip->proto;
	return free_buf;
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

bool frag_add(struct frag_table *t, const struct packet_ip4 *ip, int64_t now_ms, uint8_t **ret,
	      size_t *ret_len)
{
	uint32_t off = ip->frag_offset, end = off + (uint32_t)ip->payload.n;
	struct frag_buf *b;

	if (ip->payload.n == 0 || end > 65535 - PACKET_IP4_HDR ||
	    (ip->more_frags && ip->payload.n % 8 != 0))
		return false;
	b = find(t, ip, now_ms);
	if (b == NULL)
		return false;
	if (!ip->more_frags) {
		if (b->total != 0 && b->total != end) {
			drop(b);
			return false;
		}
		b->total = end;
	}
	if (!add_part(b, off, end) || (b->total != 0 && b->have > b->total)) {
		drop(b);
		return false;
	}
	memcpy(b->data + PACKET_IP4_HDR + off, ip->payload.p, ip->payload.n);
	if (b->total == 0 || b->have != b->total)
		return false;
	packet_write_ip4(b->data, b->src, b->dst, b->proto, b->id, b->total, false);
	*ret_len = PACKET_IP4_HDR + b->total;
	*ret = TAKE(b->data);
	drop(b);
	return true;
}
