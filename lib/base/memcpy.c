// SPDX-License-Identifier: MIT
/*
 * memcpy(3) and memmove(3) in place of musl's for x86-64, which begin every
 * copy with "rep movs": that takes longer to start than most of our copies
 * take in all (a sixth of the time of a list of containers). Elsewhere, and
 * under sanitizers, the C library's stay.
 */
#include <stdint.h>
#include <string.h>

#if defined(__x86_64__) && !defined(__GLIBC__)

#define LONG_COPY 1024 /* from here on the processor's own loop is faster */

typedef long long block __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t eight __attribute__((aligned(1), may_alias));
typedef uint32_t four __attribute__((aligned(1), may_alias));

/* up to 15 bytes: all are read before any is written */
static void copy_few(char *to, const char *from, size_t n)
{
	if (n >= 8) {
		eight first = *(const eight *)from, last = *(const eight *)(from + n - 8);

		*(eight *)to = first;
		*(eight *)(to + n - 8) = last;
	} else if (n >= 4) {
		four first = *(const four *)from, last = *(const four *)(from + n - 4);

		*(four *)to = first;
		*(four *)(to + n - 4) = last;
	} else if (n > 0) {
		char first = from[0], middle = from[n / 2], last = from[n - 1];

		to[0] = first;
		to[n / 2] = middle;
		to[n - 1] = last;
	}
}

/* upwards: also right when the target begins within or before the source */
static void copy_up(char *to, const char *from, size_t n)
{
	block last;

	if (n < 16) {
		copy_few(to, from, n);
		return;
	}
	if (n >= LONG_COPY) {
		__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
		return;
	}
	last = *(const block *)(from + n - 16);
	for (size_t i = 0; i < n - 16; i += 16)
		*(block *)(to + i) = *(const block *)(from + i);
	*(block *)(to + n - 16) = last;
}

static void copy_down(char *to, const char *from, size_t n)
{
	block first;

	if (n < 16) {
		copy_few(to, from, n);
		return;
	}
	first = *(const block *)from;
	for (; n > 16; n -= 16)
		*(block *)(to + n - 16) = *(const block *)(from + n - 16);
	*(block *)to = first;
}

void *memcpy(void *restrict dest, const void *restrict src, size_t n)
{
	copy_up(dest, src, n);
	return dest;
}

void *memmove(void *dest, const void *src, size_t n)
{
	if ((uintptr_t)dest - (uintptr_t)src >= n)
		copy_up(dest, src, n);
	else
		copy_down(dest, src, n);
	return dest;
}
#endif
