// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

TEST(sha256_vectors_of_fips_180)
{
	char hex[SHA256_HEX_SIZE];

	sha256_hex("", 0, hex);
	CHECK_STR(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_hex("abc", 3, hex);
	CHECK_STR(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, hex);
	CHECK_STR(hex, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(sha256_of_a_million_a_in_odd_pieces)
{
	struct sha256 s;
	char digest[DIGEST_SIZE], piece[997];
	size_t left = 1000000;

	memset(piece, 'a', sizeof(piece));
	sha256_init(&s);
	while (left > 0) {
		size_t n = left < sizeof(piece) ? left : sizeof(piece);

		sha256_add(&s, piece, n);
		left -= n;
	}
	sha256_end_digest(&s, digest);
	CHECK_STR(digest,
		  "sha256:cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(digest_form)
{
	char d[DIGEST_SIZE];

	sha256_digest("abc", 3, d);
	CHECK(digest_ok(d));
	d[10] = 'A';
	CHECK(!digest_ok(d));
	CHECK(!digest_ok("sha256:") && !digest_ok("") && !digest_ok("md5:abc"));
}

TEST(siphash_vector)
{
	/* SipHash-2-4 of 00 01 .. 0e under key 00 01 .. 0f, from the paper's appendix */
	unsigned char key[16], in[15];

	for (unsigned char i = 0; i < 16; i++)
		key[i] = i;
	for (unsigned char i = 0; i < 15; i++)
		in[i] = i;
	CHECK(siphash(key, in, sizeof(in)) == 0xa129ca6149be45e5ULL);
}

TEST(crc64_check_value)
{
	CHECK(crc64_ecma(0, "123456789", 9) == 0x995dc9bbdf1939faULL);
	CHECK(crc64_ecma(crc64_ecma(0, "12345", 5), "6789", 4) == 0x995dc9bbdf1939faULL);
}
