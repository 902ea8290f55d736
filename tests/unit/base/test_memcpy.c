// SPDX-License-Identifier: MIT
/* base/memcpy.c: every length up to two kilobytes, at odd places, overlapping both ways */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "tests/unit/harness.h"

enum { ROOM = 2200, LONGEST = 2060 };

/* copies n bytes from one place to another in a buffer, and compares all of it with what a loop
 * made */
static void copy(void *(*volatile fn)(void *, const void *, size_t), size_t to, size_t from,
		 size_t n)
{
	static unsigned char got[2 * ROOM], want[2 * ROOM], old[2 * ROOM];

	for (size_t i = 0; i < sizeof(old); i++)
		old[i] = got[i] = want[i] = (unsigned char)(i * 7 + i / 251);
	for (size_t i = 0; i < n; i++)
		want[to + i] = old[from + i];
	CHECK(fn(got + to, got + from, n) == got + to);
	CHECK_MSG(memcmp(got, want, sizeof(got)) == 0, "%zu bytes from %zu to %zu", n, from, to);
}

TEST(memcpy_every_length)
{
	for (size_t n = 0; n <= LONGEST; n += n < 70 ? 1 : 37)
		for (size_t odd = 0; odd < 9; odd += 4) {
			copy(memcpy, ROOM + odd, 3, n);
			copy(memcpy, 1, ROOM + odd, n);
		}
}

TEST(memmove_overlapping)
{
	static const size_t shifts[] = {0, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 64, 100};

	for (size_t n = 0; n <= LONGEST; n += n < 70 ? 1 : 37)
		for (size_t i = 0; i < ARRAY_LEN(shifts); i++) {
			copy(memmove, 200, 200 + shifts[i], n);
			copy(memmove, 200 + shifts[i], 200, n);
		}
}
