// SPDX-License-Identifier: MIT
/* UTF-8 as RFC 3629 has it; see utf8_internal.h. */
#include "archive/utf8_internal.h"

#include <string.h>

/* length of the sequence at s, or 0 when it is malformed */
static size_t sequence(const unsigned char *s, size_t n)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t code;

	if (len < 2)
		return len;
	if (len > n || s[0] > 0xf4)
		return 0;
	code = s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return len;
}

bool utf8_valid(const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t len = sequence((const unsigned char *)s + i, n - i);

		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

void utf8_add(struct buf *b, uint32_t code)
{
	if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		code = 0xfffd;
	if (code < 0x80) {
		buf_addch(b, (char)code);
	} else if (code < 0x800) {
		buf_addch(b, (char)(0xc0 | code >> 6));
		buf_addch(b, (char)(0x80 | (code & 0x3f)));
	} else if (code < 0x10000) {
		buf_addch(b, (char)(0xe0 | code >> 12));
		buf_addch(b, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_addch(b, (char)(0x80 | (code & 0x3f)));
	} else {
		buf_addch(b, (char)(0xf0 | code >> 18));
		buf_addch(b, (char)(0x80 | (code >> 12 & 0x3f)));
		buf_addch(b, (char)(0x80 | (code >> 6 & 0x3f)));
		buf_addch(b, (char)(0x80 | (code & 0x3f)));
	}
}

void utf8_add_json(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)s[i];
		size_t len = sequence((const unsigned char *)s + i, n - i);

		if (len == 0)
			buf_addstr(b, "\\ufffd");
		else if (c == '"' || c == '\\')
			buf_addf(b, "\\%c", c);
		else if (c == '\n')
			buf_addstr(b, "\\n");
		else if (c == '\r')
			buf_addstr(b, "\\r");
		else if (c == '\t')
			buf_addstr(b, "\\t");
		else if (c < 0x20 || c == '<' || c == '>' || c == '&')
			buf_addf(b, "\\u%04x", c);
		else
			buf_add(b, s + i, len);
		i += len > 0 ? len : 1;
	}
}
