// SPDX-License-Identifier: MIT
/* Reading resolv.conf; see resolv.h. */
#include "usernet/resolv.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

socklen_t resolv_len(const struct sockaddr_storage *s)
{
	return s->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

/* As if_nametoindex(3), whose socket of another family the confined process may not open. */
static uint32_t scope_of(const char *ifname)
{
	CLEANUP(fd_closep) int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq r = {0};

	str_copy(r.ifr_name, ifname, sizeof(r.ifr_name));
	return fd >= 0 && ioctl(fd, SIOCGIFINDEX, &r) == 0 ? (uint32_t)r.ifr_ifindex : 0;
}

static void add_server(struct resolv *r, const char *word, size_t n)
{
	struct sockaddr_storage s = {0};
	struct sockaddr_in6 *s6 = (struct sockaddr_in6 *)&s;
	struct sockaddr_in *s4 = (struct sockaddr_in *)&s;
	char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1], *percent;

	if (r->n == USERNET_RESOLV_SERVERS || n >= sizeof(text))
		return;
	memcpy(text, word, n);
	text[n] = '\0';
	percent = strchr(text, '%');
	if (percent != NULL)
		*percent++ = '\0';
	if (inet_pton(AF_INET, text, &s4->sin_addr) == 1) {
		s4->sin_family = AF_INET;
		s4->sin_port = htons(53);
	} else if (inet_pton(AF_INET6, text, &s6->sin6_addr) == 1) {
		s6->sin6_family = AF_INET6;
		s6->sin6_port = htons(53);
		s6->sin6_scope_id = percent != NULL ? scope_of(percent) : 0;
	} else {
		return;
	}
	r->servers[r->n++] = s;
}

/* The words behind "options"; resolv.conf(5) has at most 30 seconds. */
static void take_options(struct resolv *r, const char *p, const char *end)
{
	while (p < end) {
		size_t n = strcspn(p, " \t\r\n");

		if (n > 8 && strncmp(p, "timeout:", 8) == 0 && p[8] >= '1' && p[8] <= '9')
			r->timeout_ms = 1000 * (int)MIN(strtoul(p + 8, NULL, 10), 30UL);
		p += n + 1;
	}
}

void resolv_parse(struct resolv *r, const char *text)
{
	static const char blanks[] = " \t\r";

	r->n = 0;
	r->timeout_ms = RESOLV_TIMEOUT_MS;
	while (*text != '\0') {
		size_t line = strcspn(text, "\n");
		const char *p = text;

		if (line > 10 && strncmp(p, "nameserver", 10) == 0 && strchr(blanks, p[10])) {
			p += 10;
			p += strspn(p, blanks);
			if (p < text + line)
				add_server(r, p, strcspn(p, " \t\r\n"));
		}
		if (line > 7 && strncmp(text, "options", 7) == 0 && strchr(blanks, text[7]))
			take_options(r, text + 8, text + line);
		text += line + (text[line] == '\n');
	}
	if (r->n == 0)
		add_server(r, "127.0.0.1", 9);
}

bool resolv_refresh(struct resolv *r)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct stat st;
	struct err e;

	if (stat(r->path, &st) == 0) {
		if (r->n > 0 && st.st_ino == r->ino && st.st_mtim.tv_sec == r->when.tv_sec &&
		    st.st_mtim.tv_nsec == r->when.tv_nsec)
			return false;
		if (file_read(AT_FDCWD, r->path, USERNET_RESOLV_MAX, &b, &e) == 0) {
			r->when = st.st_mtim;
			r->ino = st.st_ino;
			resolv_parse(r, buf_str(&b));
			return true;
		}
		log_debug(&e, "resolv.conf");
	}
	if (r->n > 0)
		return false;
	resolv_parse(r, "");
	return true;
}
