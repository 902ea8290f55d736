// SPDX-License-Identifier: MIT
/* The host's own address, found and read. */
#include "usernet/hostaddr.h"

#include <unistd.h>

#include "base/err.h"
#include "tests/unit/harness.h"

TEST(text_of_if_inet6)
{
	char text[IP_TEXT_SIZE];
	struct ip a;

	CHECK(hostaddr_parse_inet6(
		"00000000000000000000000000000001 01 80 10 80       lo\n"
		"fe800000000000000042acfffe110002 02 40 20 80     eth0\n"
		"20010db8000000000000000000000001 02 40 00 40     eth0\n" /* tentative */
		"fd00000000000000000000000000abcd 02 40 00 80     eth0\n",
		&a));
	CHECK_STR(ip_format(&a, text), "fd00::abcd");
	CHECK(!hostaddr_parse_inet6("", &a));
	CHECK(!hostaddr_parse_inet6("\n\n20010db8\n", &a));
	CHECK(!hostaddr_parse_inet6("zz010db8000000000000000000000001 02 40 00 80     eth0\n", &a));
}

TEST(never_loopback)
{
	int fd = hostaddr_open();
	struct ip a;

	if (hostaddr_primary(IP_V4, fd, &a))
		CHECK(a.family == IP_V4 && !ip_is_loopback(&a) && !ip_is_any(&a));
	if (hostaddr_primary(IP_V6, fd, &a))
		CHECK(a.family == IP_V6 && !ip_is_loopback(&a) && !ip_is_any(&a));
	close(fd);
}
