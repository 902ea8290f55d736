// SPDX-License-Identifier: MIT
/*
 * The polynomial has so few terms that multiplying by x^64 is a handful of
 * shifts: no table, eight bytes a step. Bit 63 is the coefficient of x^0.
 */
#include "archive/crc64.h"

#include <string.h>

/* v * (1 + x + x^3 + x^4), with what overflows folded back once more */
static uint64_t times_x64(uint64_t v)
{
	uint64_t over = v << 63 ^ v << 61 ^ v << 60;

	v ^= v >> 1 ^ v >> 3 ^ v >> 4;
	return v ^ over ^ over >> 1 ^ over >> 3 ^ over >> 4;
}

static uint64_t load_le64(const unsigned char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	v = __builtin_bswap64(v);
#endif
	return v;
}

uint64_t crc64_iso(uint64_t crc, const void *p, size_t n)
{
	const unsigned char *b = p;

	crc = ~crc;
	for (; n >= 8; n -= 8, b += 8)
		crc = times_x64(crc ^ load_le64(b));
	for (; n > 0; n--, b++) {
		crc ^= *b;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xd800000000000000ULL : 0);
	}
	return ~crc;
}
