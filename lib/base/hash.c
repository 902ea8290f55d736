// SPDX-License-Identifier: MIT
/*
 * SHA-256, SipHash-2-4 and CRC-64. The SHA-256 block function is chosen once:
 * x86 SHA extensions or the ARMv8 cryptographic extension where the CPU has
 * them, else portable C.
 */
#include "base/hash.h"

#include <pthread.h>
#include <string.h>

#include "base/hex.h"
#include "base/str.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#include <sys/auxv.h>
#ifndef HWCAP_SHA2
#define HWCAP_SHA2 (1 << 6)
#endif
#endif

typedef void sha256_blocks_fn(uint32_t state[8], const unsigned char *p, size_t n_blocks);

static const uint32_t K[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static inline uint32_t ror(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static inline uint32_t load_be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void blocks_portable(uint32_t state[8], const unsigned char *p, size_t n_blocks)
{
	for (; n_blocks > 0; n_blocks--, p += 64) {
		uint32_t w[64], v[8];

		for (int i = 0; i < 16; i++)
			w[i] = load_be32(p + 4 * i);
		for (int i = 16; i < 64; i++)
			w[i] = w[i - 16] + w[i - 7] +
			       (ror(w[i - 15], 7) ^ ror(w[i - 15], 18) ^ w[i - 15] >> 3) +
			       (ror(w[i - 2], 17) ^ ror(w[i - 2], 19) ^ w[i - 2] >> 10);
		memcpy(v, state, sizeof(v));
		for (int i = 0; i < 64; i++) {
			uint32_t t1 = v[7] + (ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25)) +
				      ((v[4] & v[5]) ^ (~v[4] & v[6])) + K[i] + w[i];
			uint32_t t2 = (ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22)) +
				      ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

			memmove(v + 1, v, 7 * sizeof(*v));
			v[4] += t1;
			v[0] = t1 + t2;
		}
		for (int i = 0; i < 8; i++)
			state[i] += v[i];
	}
}

#if defined(__x86_64__)
/* four rounds with message words m and constants K[4 i..] */
#define X86_ROUNDS(m, i)                                                                 \
	do {                                                                             \
		__m128i wk = _mm_add_epi32(                                              \
			m, _mm_loadu_si128((const __m128i *)(const void *)&K[4 * (i)])); \
		cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);                            \
		abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));   \
	} while (0)

__attribute__((target("sha,sse4.1,ssse3"))) static void
blocks_x86(uint32_t state[8], const unsigned char *p, size_t n_blocks)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
	__m128i lo = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0xb1);
	__m128i hi = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(state + 4)),
				       0x1b);
	__m128i abef = _mm_alignr_epi8(lo, hi, 8), cdgh = _mm_blend_epi16(hi, lo, 0xf0);

	for (; n_blocks > 0; n_blocks--, p += 64) {
		__m128i abef0 = abef, cdgh0 = cdgh, m[4];

		for (int i = 0; i < 4; i++) {
			m[i] = _mm_shuffle_epi8(
				_mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)), swap);
			X86_ROUNDS(m[i], i);
		}
		for (int i = 4; i < 16; i++) {
			__m128i *w = &m[i & 3];
			__m128i next = _mm_sha256msg1_epu32(*w, m[(i + 1) & 3]);

			next = _mm_add_epi32(next,
					     _mm_alignr_epi8(m[(i + 3) & 3], m[(i + 2) & 3], 4));
			*w = _mm_sha256msg2_epu32(next, m[(i + 3) & 3]);
			X86_ROUNDS(*w, i);
		}
		abef = _mm_add_epi32(abef, abef0);
		cdgh = _mm_add_epi32(cdgh, cdgh0);
	}
	lo = _mm_shuffle_epi32(abef, 0x1b);
	hi = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(lo, hi, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(hi, lo, 8));
}

static bool cpu_has_sha(void)
{
	unsigned a, b, c, d;

	/* SHA, then SSE4.1, which has SSSE3 with it; __builtin_cpu_supports() would bring libgcc's
	 * list of all processors */
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0 &&
	       __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_1) != 0;
}
#define BLOCKS_CPU blocks_x86
#elif defined(__aarch64__)
__attribute__((target("+crypto"))) static void blocks_arm(uint32_t state[8], const unsigned char *p,
							  size_t n_blocks)
{
	uint32x4_t abcd = vld1q_u32(state), efgh = vld1q_u32(state + 4);

	for (; n_blocks > 0; n_blocks--, p += 64) {
		uint32x4_t abcd0 = abcd, efgh0 = efgh, m[4];

		for (int i = 0; i < 16; i++) {
			uint32x4_t wk, before = abcd;

			if (i < 4)
				m[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(p + 16 * i)));
			else
				m[i & 3] =
					vsha256su1q_u32(vsha256su0q_u32(m[i & 3], m[(i + 1) & 3]),
							m[(i + 2) & 3], m[(i + 3) & 3]);
			wk = vaddq_u32(m[i & 3], vld1q_u32(&K[4 * i]));
			abcd = vsha256hq_u32(abcd, efgh, wk);
			efgh = vsha256h2q_u32(efgh, before, wk);
		}
		abcd = vaddq_u32(abcd, abcd0);
		efgh = vaddq_u32(efgh, efgh0);
	}
	vst1q_u32(state, abcd);
	vst1q_u32(state + 4, efgh);
}

static bool cpu_has_sha(void)
{
	return (getauxval(AT_HWCAP) & HWCAP_SHA2) != 0;
}
#define BLOCKS_CPU blocks_arm
#endif

static sha256_blocks_fn *blocks = blocks_portable;
static pthread_once_t blocks_once = PTHREAD_ONCE_INIT;

static void choose_blocks(void)
{
#ifdef BLOCKS_CPU
	if (cpu_has_sha())
		blocks = BLOCKS_CPU;
#endif
}

void sha256_init(struct sha256 *s)
{
	static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	pthread_once(&blocks_once, choose_blocks);
	memcpy(s->state, start, sizeof(start));
	s->n_bytes = 0;
}

void sha256_add(struct sha256 *s, const void *p, size_t n)
{
	const unsigned char *from = p;
	size_t used = s->n_bytes % 64;

	s->n_bytes += n;
	if (used > 0) {
		size_t room = 64 - used, now = n < room ? n : room;

		memcpy(s->block + used, from, now);
		from += now;
		n -= now;
		if (used + now < 64)
			return;
		blocks(s->state, s->block, 1);
	}
	blocks(s->state, from, n / 64);
	if (n % 64 > 0)
		memcpy(s->block, from + n / 64 * 64, n % 64);
}

void sha256_end(struct sha256 *s, unsigned char out[SHA256_SIZE])
{
	unsigned char tail[72] = {0x80};
	uint64_t bits = s->n_bytes * 8;
	size_t used = s->n_bytes % 64, pad = (used < 56 ? 56 : 120) - used;

	for (int i = 0; i < 8; i++)
		tail[pad + (size_t)i] = (unsigned char)(bits >> (56 - 8 * i));
	sha256_add(s, tail, pad + 8);
	for (int i = 0; i < 8; i++) {
		out[4 * i] = (unsigned char)(s->state[i] >> 24);
		out[4 * i + 1] = (unsigned char)(s->state[i] >> 16);
		out[4 * i + 2] = (unsigned char)(s->state[i] >> 8);
		out[4 * i + 3] = (unsigned char)s->state[i];
	}
}

void sha256_hex(const void *p, size_t n, char out[SHA256_HEX_SIZE])
{
	unsigned char digest[SHA256_SIZE];
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, p, n);
	sha256_end(&s, digest);
	hex_encode(digest, sizeof(digest), out);
}

void sha256_digest(const void *p, size_t n, char out[DIGEST_SIZE])
{
	memcpy(out, "sha256:", 7);
	sha256_hex(p, n, out + 7);
}

void sha256_end_digest(struct sha256 *s, char out[DIGEST_SIZE])
{
	unsigned char digest[SHA256_SIZE];

	sha256_end(s, digest);
	memcpy(out, "sha256:", 7);
	hex_encode(digest, sizeof(digest), out + 7);
}

bool digest_ok(const char *s)
{
	const char *hex = s != NULL ? str_skip(s, "sha256:") : NULL;

	return hex != NULL && str_is_hex(hex, 64);
}

static inline uint64_t rol64(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static inline uint64_t load_le64(const unsigned char *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static inline void sip_rounds(uint64_t v[4], int n)
{
	for (; n > 0; n--) {
		v[0] += v[1];
		v[1] = rol64(v[1], 13) ^ v[0];
		v[0] = rol64(v[0], 32);
		v[2] += v[3];
		v[3] = rol64(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rol64(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rol64(v[1], 17) ^ v[2];
		v[2] = rol64(v[2], 32);
	}
}

uint64_t siphash(const unsigned char key[16], const void *p, size_t n)
{
	const unsigned char *from = p;
	uint64_t k0 = load_le64(key, 8), k1 = load_le64(key + 8, 8);
	uint64_t v[4] = {k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL,
			 k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL};
	uint64_t last = (uint64_t)n << 56;

	for (; n >= 8; n -= 8, from += 8) {
		uint64_t m = load_le64(from, 8);

		v[3] ^= m;
		sip_rounds(v, 2);
		v[0] ^= m;
	}
	last |= load_le64(from, n);
	v[3] ^= last;
	sip_rounds(v, 2);
	v[0] ^= last;
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t crc64_table[256];
static pthread_once_t crc64_once = PTHREAD_ONCE_INIT;

static void make_crc64_table(void)
{
	for (uint64_t i = 0; i < 256; i++) {
		uint64_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? 0xc96c5795d7870f42ULL : 0);
		crc64_table[i] = c;
	}
}

uint64_t crc64_ecma(uint64_t crc, const void *p, size_t n)
{
	const unsigned char *from = p;

	pthread_once(&crc64_once, make_crc64_table);
	crc = ~crc;
	for (size_t i = 0; i < n; i++)
		crc = crc64_table[(crc ^ from[i]) & 0xff] ^ crc >> 8;
	return ~crc;
}
