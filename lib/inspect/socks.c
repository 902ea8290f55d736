// SPDX-License-Identifier: MIT
/* RFC 1928. Every length is checked before what it counts is looked at. */
#include "inspect/socks.h"

#include <string.h>

#include "netlink/ip.h"

#define VERSION	       5
#define METHOD_NONE    0
#define METHOD_REFUSED 0xff
#define CONNECT	       1

enum { ATYP_V4 = 1, ATYP_NAME = 3, ATYP_V6 = 4 };

int socks_parse_methods(const uint8_t *p, size_t n, bool *ret_none)
{
	if (n > 0 && p[0] != VERSION)
		return -1;
	if (n < 2 || n < 2U + p[1])
		return 0;
	*ret_none = memchr(p + 2, METHOD_NONE, p[1]) != NULL;
	return 2 + p[1];
}

static bool name_ok(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] <= ' ' || p[i] >= 0x7f)
			return false;
	}
	return n > 0;
}

/* bytes of the address, 0 when more are needed to tell, or a negative reply */
static int address_size(const uint8_t *p, size_t n)
{
	switch (p[0]) {
	case ATYP_V4:
		return 1 + 4;
	case ATYP_V6:
		return 1 + 16;
	case ATYP_NAME:
		return n < 2 ? 0 : 2 + p[1];
	default:
		return -SOCKS_BAD_ADDRESS;
	}
}

static void address_text(const uint8_t *p, char out[IP_TEXT_SIZE])
{
	struct ip ip = {.family = p[0] == ATYP_V4 ? IP_V4 : IP_V6};

	memcpy(ip.bytes, p + 1, p[0] == ATYP_V4 ? 4 : 16);
	ip_format(&ip, out);
}

int socks_parse_request(const uint8_t *p, size_t n, struct socks_request *ret)
{
	struct socks_request rq = {0};
	int size;

	if (n > 0 && p[0] != VERSION)
		return -SOCKS_FAILED;
	if (n < 4)
		return 0;
	size = address_size(p + 3, n - 3);
	if (size <= 0)
		return size;
	if (n < 3U + (size_t)size + 2U)
		return 0;
	if (p[1] != CONNECT)
		return -SOCKS_BAD_COMMAND;
	if (p[3] == ATYP_NAME && !name_ok(p + 5, p[4]))
		return -SOCKS_HOST_UNREACHABLE;
	if (p[3] == ATYP_NAME)
		memcpy(rq.host, p + 5, p[4]);
	else
		address_text(p + 3, rq.host);
	rq.port = (uint16_t)(p[3 + size] << 8 | p[4 + size]);
	if (rq.port == 0)
		return -SOCKS_REFUSED;
	*ret = rq;
	return 3 + size + 2;
}

void socks_methods(bool ok, uint8_t out[SOCKS_METHODS_SIZE])
{
	out[0] = VERSION;
	out[1] = ok ? METHOD_NONE : METHOD_REFUSED;
}

void socks_reply(enum socks_reply code, uint8_t out[SOCKS_REPLY_SIZE])
{
	memset(out, 0, SOCKS_REPLY_SIZE);
	out[0] = VERSION;
	out[1] = (uint8_t)code;
	out[3] = ATYP_V4;
}
