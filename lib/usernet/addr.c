// SPDX-License-Identifier: MIT
/*
 * Which addresses containers may use; see addr.h. RFC 6890 (special registries), RFC 4291 section
 * 2.5.5 (embedded IPv4), RFC 3056 (6to4), RFC 6052 and RFC 8215 (NAT64).
 */
#include "usernet/addr.h"

#include <netinet/in.h>
#include <string.h>

#include "base/mem.h"

socklen_t addr_to_sa(const struct ip *a, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *s4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *s6 = (struct sockaddr_in6 *)ret;

	memset(ret, 0, sizeof(*ret));
	if (a->family == IP_V6) {
		s6->sin6_family = AF_INET6;
		s6->sin6_port = htons(port);
		memcpy(&s6->sin6_addr, a->bytes, 16);
		return sizeof(*s6);
	}
	s4->sin_family = AF_INET;
	s4->sin_port = htons(port);
	memcpy(&s4->sin_addr, a->bytes, 4);
	return sizeof(*s4);
}

struct ip addr_from_sa(const struct sockaddr_storage *sa, uint16_t *ret_port)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const struct sockaddr_in *s4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *s6 = (const struct sockaddr_in6 *)sa;
	struct ip a = {0};
	uint16_t port = 0;

	if (sa->ss_family == AF_INET) {
		a.family = IP_V4;
		memcpy(a.bytes, &s4->sin_addr, 4);
		port = s4->sin_port;
	} else if (sa->ss_family == AF_INET6) {
		bool v4 = memcmp(&s6->sin6_addr, mapped, sizeof(mapped)) == 0;

		a.family = v4 ? IP_V4 : IP_V6;
		memcpy(a.bytes, s6->sin6_addr.s6_addr + (v4 ? 12 : 0), v4 ? 4 : 16);
		port = s6->sin6_port;
	}
	if (ret_port != NULL)
		*ret_port = ntohs(port);
	return a;
}

void addr_set_port(struct sockaddr_storage *sa, uint16_t port)
{
	if (sa->ss_family == AF_INET6)
		((struct sockaddr_in6 *)sa)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)sa)->sin_port = htons(port);
}

bool addr_is_multicast(const struct ip *a)
{
	return a->family == IP_V6 ? a->bytes[0] == 0xff : a->bytes[0] >> 4 == 14;
}

static bool closed4(const uint8_t *b)
{
	return b[0] == 0 || b[0] == 127 || b[0] >= 224;
}

static bool closed6(const uint8_t *b)
{
	static const uint8_t zero[12], mapped[12] = {[10] = 0xff, [11] = 0xff};
	static const uint8_t translated[12] = {[8] = 0xff, [9] = 0xff}; /* RFC 2765 */
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};
	static const uint8_t nat64_local[6] = {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01};

	if (b[0] == 0xff || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80))
		return true;
	/* ::, ::1 and what stood for IPv4 once: whoever means that writes IPv4 */
	if (memcmp(b, zero, 12) == 0 || memcmp(b, mapped, 12) == 0 ||
	    memcmp(b, translated, 12) == 0)
		return true;
	if (b[0] == 0x20 && b[1] == 0x02)
		return closed4(b + 2);
	return (memcmp(b, nat64, 12) == 0 || memcmp(b, nat64_local, 6) == 0) && closed4(b + 12);
}

bool addr_is_closed(const struct ip *a)
{
	switch (a->family) {
	case IP_V4:
		return closed4(a->bytes);
	case IP_V6:
		return closed6(a->bytes);
	default:
		return true;
	}
}

bool addr_is_source(const struct ip *a)
{
	return !addr_is_closed(a);
}
