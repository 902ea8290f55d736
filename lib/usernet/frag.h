// SPDX-License-Identifier: MIT
/*
 * Reassembly of IPv4 and IPv6 fragments (RFC 791, RFC 815, RFC 8200), bounded: a
 * fixed number of datagrams at a time, some a source, two seconds each; a datagram
 * with overlaps is dropped whole (RFC 5722).
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
	uint8_t *data; /* NULL: free slot; room for a header, then the payload */
	int64_t born_ms;
	struct ip src, dst;
	uint32_t id;
	uint8_t proto;
	uint32_t total; /* payload bytes once the last fragment came, else 0 */
	uint32_t have;
	unsigned n_parts;
	struct frag_part parts[USERNET_FRAG_PARTS];
};

struct frag_table {
	struct frag_buf bufs[USERNET_FRAG_BUFFERS];
	uint64_t n_dropped; /* datagrams and fragments that will not be whole */
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
bool frag_add(struct frag_table *t, const struct packet_ip *ip, int64_t now_ms, uint8_t **ret,
	      size_t *ret_len);
/** frag_clear() - drops all */
void frag_clear(struct frag_table *t);

#endif
