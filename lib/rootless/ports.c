// SPDX-License-Identifier: MIT
/*
 * Published ports and their host sockets: ip(7), ipv6(7), tcp(7).
 */
#include "rootless/ports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"

#define LISTEN_BACKLOG 4096 /* the kernel cuts it at net.core.somaxconn */

void rk_ports_init(struct rk_ports *p, const struct rk_relay *relay)
{
	list_init(&p->entries);
	p->next_id = 1;
	p->relay = relay;
}

static void entry_free(struct rk_port_entry *it)
{
	list_del(&it->link);
	fd_close(&it->host_fd);
	free(it);
}

void rk_ports_clear(struct rk_ports *p)
{
	struct rk_port_entry *it, *tmp;

	list_for_each_safe (it, tmp, &p->entries, link)
		entry_free(it);
}

/* The first port an ordinary user may bind. */
static unsigned first_unprivileged(void)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err ignored;
	uint64_t n;

	if (file_read(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", 32, &text,
		      &ignored) < 0)
		return 1024;
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	return str_u64(buf_str(&text), UINT16_MAX, &n) < 0 ? 1024 : (unsigned)n;
}

static int bind_failed(const struct rk_spec *s, int family, int sys, struct err *e)
{
	char ip[IP_TEXT_SIZE];
	unsigned first;

	if (s->parent_ip.family == IP_NONE)
		str_copy(ip, family == AF_INET ? "0.0.0.0" : "::", sizeof(ip));
	else
		ip_format(&s->parent_ip, ip);
	if (sys == EACCES && (first = first_unprivileged()) > s->parent_port)
		return err_set(e, ERR_DENIED, sys,
			       "cannot expose privileged port %u, you can add "
			       "'net.ipv4.ip_unprivileged_port_start=%u' to /etc/sysctl.conf "
			       "(currently %u), or set CAP_NET_BIND_SERVICE on rootlesskit binary, "
			       "or choose a larger port number (>= %u): listen %s %s:%u: bind: "
			       "permission denied",
			       s->parent_port, s->parent_port, first, first,
			       rk_proto_name(s->proto), ip, s->parent_port);
	return err_set(e,
		       sys == EADDRINUSE ? ERR_CONFLICT
		       : sys == EACCES	 ? ERR_DENIED
					 : ERR_SYSTEM,
		       sys, "listen %s %s%s%s:%u: bind: %s", rk_proto_name(s->proto),
		       family == AF_INET6 ? "[" : "", ip, family == AF_INET6 ? "]" : "",
		       s->parent_port,
		       sys == EADDRINUSE ? "address already in use" : strerror(sys));
}

/* The address family to bind: tcp and udp without an address take both through one IPv6 socket. */
static int host_family(const struct rk_spec *s)
{
	if (s->parent_ip.family == IP_V4 || s->proto == RK_TCP4 || s->proto == RK_UDP4)
		return AF_INET;
	return AF_INET6;
}

static socklen_t host_address(const struct rk_spec *s, int family, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (family == AF_INET) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(s->parent_port);
		memcpy(&v4->sin_addr, s->parent_ip.bytes, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(s->parent_port);
	memcpy(&v6->sin6_addr, s->parent_ip.bytes, 16);
	return sizeof(*v6);
}

static int bind_family(const struct rk_spec *s, int family, struct err *e)
{
	bool udp = rk_proto_is_udp(s->proto);
	int type = (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
	CLEANUP(fd_closep) int fd = socket(family, type, 0);
	struct sockaddr_storage addr;
	socklen_t len = host_address(s, family, &addr);
	int one = 1;
	int v6only = s->parent_ip.family == IP_V6 || s->proto == RK_TCP6 || s->proto == RK_UDP6;

	if (fd < 0)
		return err_sys(e, "make a %s socket", rk_proto_name(s->proto));
	if (!udp)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof(v6only));
	if (bind(fd, (struct sockaddr *)&addr, len) < 0)
		return bind_failed(s, family, errno, e);
	if (!udp && listen(fd, LISTEN_BACKLOG) < 0)
		return bind_failed(s, family, errno, e);
	return TAKE_FD(fd);
}

int rk_bind_host(const struct rk_spec *s, struct err *e)
{
	int family = host_family(s);
	int fd = bind_family(s, family, e);

	/* a host without IPv6 */
	if (fd < 0 && e->sys == EAFNOSUPPORT && family == AF_INET6 &&
	    s->parent_ip.family == IP_NONE && s->proto != RK_TCP6 && s->proto != RK_UDP6)
		fd = bind_family(s, AF_INET, e);
	return fd;
}

int rk_ports_add(struct rk_ports *p, const struct rk_spec *s, const struct rk_port_entry **ret,
		 struct err *e)
{
	struct rk_port_entry *it;
	int fd;

	if (p->relay == NULL)
		return err_set(e, ERR_INVALID, 0, "no PortDriver is available");
	list_for_each (it, &p->entries, link) {
		if (rk_spec_conflicts(&it->spec, s))
			return err_set(e, ERR_CONFLICT, EADDRINUSE,
				       "conflict with ID %llu: address already in use",
				       (unsigned long long)it->id);
	}
	fd = rk_bind_host(s, e);
	if (fd < 0)
		return -1;
	it = xcalloc(1, sizeof(*it));
	it->id = p->next_id++;
	it->spec = *s;
	it->host_fd = fd;
	list_add_tail(&p->entries, &it->link);
	if (p->relay->add(p->relay->arg, it, e) < 0 && e->kind != ERR_UNAVAILABLE) {
		entry_free(it);
		return -1;
	}
	*ret = it;
	return 0;
}

int rk_ports_del(struct rk_ports *p, uint64_t id, struct err *e)
{
	struct rk_port_entry *it, *tmp;
	struct err ignored;

	if (p->relay == NULL)
		return err_set(e, ERR_INVALID, 0, "no PortDriver is available");
	list_for_each_safe (it, tmp, &p->entries, link) {
		if (it->id != id)
			continue;
		/* a relay that does not know it any more has nothing to undo */
		(void)p->relay->del(p->relay->arg, id, &ignored);
		entry_free(it);
		return 0;
	}
	return err_set(e, ERR_NOTFOUND, 0, "unknown id: %llu", (unsigned long long)id);
}

int rk_ports_replay(struct rk_ports *p, struct err *e)
{
	struct rk_port_entry *it;
	struct err first = {0};

	if (p->relay == NULL)
		return 0;
	list_for_each (it, &p->entries, link) {
		if (p->relay->add(p->relay->arg, it, e) < 0 && first.kind == 0)
			first = *e;
	}
	*e = first;
	return first.kind == 0 ? 0 : -1;
}

void rk_port_entry_to_json(struct json_w *w, const struct rk_port_entry *p)
{
	jw_obj(w);
	jw_ku64(w, "id", p->id);
	jw_key(w, "spec");
	rk_spec_to_json(w, &p->spec);
	jw_end(w);
}

void rk_ports_to_json(struct json_w *w, const struct rk_ports *p)
{
	const struct rk_port_entry *it;

	jw_arr(w);
	list_for_each (it, &p->entries, link)
		rk_port_entry_to_json(w, it);
	jw_end(w);
}
