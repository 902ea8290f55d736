// SPDX-License-Identifier: MIT
/*
 * See hostaddr.h. connect(2) of a datagram socket only asks the routing table,
 * it sends nothing. netdevice(7) for SIOCGIFCONF, which knows IPv4 alone;
 * proc(5), /proc/net/if_inet6: address, index, prefix, scope, flags, name.
 */
#include "usernet/hostaddr.h"

#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "usernet/addr.h"

#define INTERFACES_MAX	64
#define INET6_TEXT_MAX	4000
#define SCOPE_GLOBAL	0
#define FLAG_TENTATIVE	0x40
#define FLAG_DADFAILED	0x08
#define FLAG_DEPRECATED 0x20

int hostaddr_open(void)
{
	return open("/proc/net/if_inet6", O_RDONLY | O_CLOEXEC);
}

static bool by_route(uint8_t family, struct ip *ret)
{
	/* TEST-NET-1 and the documentation prefix: nobody's, so no route leads there but default */
	static const struct ip far4 = {.family = IP_V4, .bytes = {192, 0, 2, 1}};
	static const struct ip far6 = {.family = IP_V6,
				       .bytes = {0x20, 0x01, 0x0d, 0xb8, [15] = 1}};
	CLEANUP(fd_closep) int fd = -1;
	struct sockaddr_storage sa;
	socklen_t len = addr_to_sa(family == IP_V6 ? &far6 : &far4, 9, &sa);

	fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, len) < 0)
		return false;
	len = sizeof(sa);
	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return false;
	*ret = addr_from_sa(&sa, NULL);
	return !addr_is_closed(ret);
}

static bool first_ip4(struct ip *ret)
{
	struct ifreq list[INTERFACES_MAX];
	struct ifconf conf = {.ifc_len = sizeof(list), .ifc_req = list};
	CLEANUP(fd_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFCONF, &conf) < 0)
		return false;
	for (size_t i = 0; i < (size_t)conf.ifc_len / sizeof(list[0]); i++) {
		struct sockaddr_storage sa = {0};

		memcpy(&sa, &list[i].ifr_addr, sizeof(list[i].ifr_addr));
		*ret = addr_from_sa(&sa, NULL);
		if (!addr_is_closed(ret) && ip_v4_u32(ret) >> 16 != 0xa9fe /* link-local */)
			return true;
	}
	return false;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* n digits; -1 when others come first */
static long hex_number(const char *p, size_t n)
{
	long v = 0;

	for (size_t i = 0; i < n; i++) {
		if (hex(p[i]) < 0)
			return -1;
		v = v << 4 | hex(p[i]);
	}
	return v;
}

static bool parse_line(const char *line, size_t n, struct ip *ret)
{
	long scope, flags;

	*ret = (struct ip){.family = IP_V6};
	if (n < 44)
		return false;
	for (size_t i = 0; i < 16; i++) {
		long v = hex_number(line + 2 * i, 2);

		if (v < 0)
			return false;
		ret->bytes[i] = (uint8_t)v;
	}
	scope = hex_number(line + 39, 2);
	flags = hex_number(line + 42, 2);
	return scope == SCOPE_GLOBAL && flags >= 0 &&
	       (flags & (FLAG_TENTATIVE | FLAG_DADFAILED | FLAG_DEPRECATED)) == 0 &&
	       !addr_is_closed(ret);
}

bool hostaddr_parse_inet6(const char *text, struct ip *ret)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		if (parse_line(text, n, ret))
			return true;
		text += n + (text[n] == '\n');
	}
	return false;
}

static bool first_ip6(int fd, struct ip *ret)
{
	char text[INET6_TEXT_MAX];
	ssize_t n;

	if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return false;
	n = fd_read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return hostaddr_parse_inet6(text, ret);
}

bool hostaddr_primary(uint8_t family, int inet6_fd, struct ip *ret)
{
	if (by_route(family, ret))
		return true;
	return family == IP_V6 ? first_ip6(inet6_fd, ret) : first_ip4(ret);
}
