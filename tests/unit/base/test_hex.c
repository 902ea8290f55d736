// SPDX-License-Identifier: MIT
#include "tests/unit/harness.h"

#include "base/hex.h"

TEST(hex_both_ways)
{
	char out[9], back[4];

	hex_encode("\x00\xff\x10z", 4, out);
	CHECK_STR(out, "00ff107a");
	CHECK_EQ(hex_decode(out, back, 4), 0);
	CHECK_MEM(back, "\x00\xff\x10z", 4);
	CHECK_EQ(hex_decode("0g", back, 1), -1);
	CHECK_EQ(hex_decode("0", back, 1), -1);
}

TEST(base64_vectors_of_rfc_4648)
{
	static const char *const vectors[][2] = {{"", ""},
						 {"f", "Zg=="},
						 {"fo", "Zm8="},
						 {"foo", "Zm9v"},
						 {"foob", "Zm9vYg=="},
						 {"fooba", "Zm9vYmE="},
						 {"foobar", "Zm9vYmFy"}};

	for (unsigned i = 0; i < ARRAY_LEN(vectors); i++) {
		CLEANUP(buf_clear) struct buf b = BUF_INIT;
		CLEANUP(buf_clear) struct buf back = BUF_INIT;

		base64_encode(&b, vectors[i][0], strlen(vectors[i][0]));
		CHECK_STR(buf_str(&b), vectors[i][1]);
		CHECK_EQ(base64_decode(&back, vectors[i][1], strlen(vectors[i][1])), 0);
		CHECK_STR(buf_str(&back), vectors[i][0]);
	}
}

TEST(base64_url_and_malformed)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(buf_clear) struct buf back = BUF_INIT;

	base64_encode_url(&b, "\xfb\xff", 2);
	CHECK_STR(buf_str(&b), "-_8=");
	CHECK_EQ(base64_decode(&back, "-_8", 3), 0);
	CHECK_MEM(back.data, "\xfb\xff", 2);
	CHECK_EQ(base64_decode(&back, "Zg=a", 4), -1);
	CHECK_EQ(base64_decode(&back, "Z", 1), -1);
	CHECK_EQ(base64_decode(&back, "Z!==", 4), -1);
}
