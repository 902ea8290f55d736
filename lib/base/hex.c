// SPDX-License-Identifier: MIT
/* Hexadecimal and base64; see hex.h. */
#include "base/hex.h"

#include <stdint.h>

static const char hex_digits[] = "0123456789abcdef";
static const char std_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void hex_encode(const void *p, size_t n, char *out)
{
	const unsigned char *from = p;

	for (size_t i = 0; i < n; i++) {
		*out++ = hex_digits[from[i] >> 4];
		*out++ = hex_digits[from[i] & 15];
	}
	*out = '\0';
}

int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *s, void *p, size_t n)
{
	unsigned char *to = p;

	for (size_t i = 0; i < n; i++) {
		int hi = hex_value(s[2 * i]), lo = hi < 0 ? -1 : hex_value(s[2 * i + 1]);

		if (lo < 0)
			return -1;
		to[i] = (unsigned char)(hi << 4 | lo);
	}
	return 0;
}

static void encode(struct buf *b, const void *p, size_t n, const char *alphabet)
{
	const unsigned char *from = p;

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)from[i] << 16;

		if (i + 1 < n)
			v |= (uint32_t)from[i + 1] << 8;
		if (i + 2 < n)
			v |= from[i + 2];
		buf_addch(b, alphabet[v >> 18]);
		buf_addch(b, alphabet[v >> 12 & 63]);
		buf_addch(b, i + 1 < n ? alphabet[v >> 6 & 63] : '=');
		buf_addch(b, i + 2 < n ? alphabet[v & 63] : '=');
	}
}

void base64_encode(struct buf *b, const void *p, size_t n)
{
	encode(b, p, n, std_alphabet);
}

void base64_encode_url(struct buf *b, const void *p, size_t n)
{
	encode(b, p, n, url_alphabet);
}

static int sextet(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return -1;
}

int base64_decode(struct buf *b, const char *s, size_t n)
{
	uint32_t v = 0;
	int bits = 0;

	while (n > 0 && s[n - 1] == '=')
		n--;
	if (n % 4 == 1)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int x = sextet(s[i]);

		if (x < 0)
			return -1;
		v = v << 6 | (uint32_t)x;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_addch(b, (char)(v >> bits & 0xff));
		}
	}
	return 0;
}
