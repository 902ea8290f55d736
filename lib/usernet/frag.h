// SPDX-License-Identifier: MIT
/*
 * Reassembly of IPv4 fragments (RFC 791, RFC 815), bounded: a fixed number of
 * datagrams at a time, two seconds each, overlaps refused (RFC 5722's rule).
 */
#ifndef USERNET_FRAG_H
#define USERNET_FRAG_H

#include <stdbool.h>
#include <stdint.h>

#include "config/limits.h"
#include "usernet/packet.h"

struct frag_part {
	uint16_t off, end;
};

struct frag_buf {
	uint8_t *data; /* NULL: free slot; header room of 20 bytes, then the payload */
	int64_t born_ms;
	uint32_t src, dst;
	uint16_t id;
	uint8_t proto;
	uint32_t total; /* payload bytes once the last fragment came, else 0 */
	uint32_t have;
	unsigned n_parts;
	struct frag_part parts[USERNET_FRAG_PARTS];
};

struct frag_table {
	struct frag_buf bufs[USERNET_FRAG_BUFFERS];
};

/**
 * frag_add() - take one fragment
 * @t:      table; all zero at first
 * @ip:     the fragment
 * @now_ms: monotonic time
 * @ret:    the whole datagram when this completed it; free() it
 *
 * Return: true when *ret was filled: a packet with a new header, its length in *ret_len.
 */
bool frag_add(struct frag_table *t, const struct packet_ip4 *ip, int64_t now_ms, uint8_t **ret,
	      size_t *ret_len);
/** frag_clear() - drops all */
void frag_clear(struct frag_table *t);

#endif
