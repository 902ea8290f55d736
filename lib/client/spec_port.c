// SPDX-License-Identifier: MIT
/* Port specifications: docker/go-connections nat.ParsePortSpec and the CLI's long form. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "client/spec.h"
#include "netlink/ip.h"

void port_maps_clear(struct port_maps *m)
{
	free(m->items);
	*m = (struct port_maps){0};
}

static void add_map(struct port_maps *m, unsigned port, const char *proto, const char *ip,
		    const char *host_port)
{
	struct port_map *p;

	if (m->len == m->cap) {
		m->cap = m->cap == 0 ? 8 : m->cap * 2;
		m->items = xrealloc(m->items, m->cap * sizeof(*m->items));
	}
	p = &m->items[m->len++];
	*p = (struct port_map){0};
	snprintf(p->port, sizeof(p->port), "%u/%s", port, proto);
	str_copy(p->host_ip, ip, sizeof(p->host_ip));
	str_copy(p->host_port, host_port, sizeof(p->host_port));
}

/* "80" or "80-90" */
static int parse_range(const char *text, unsigned *first, unsigned *last)
{
	CLEANUP(freep) char *copy = xstrdup(text);
	char *dash = strchr(copy, '-');
	uint64_t a, b;

	if (dash != NULL)
		*dash = 0;
	if (str_u64(copy, 65535, &a) < 0)
		return -1;
	b = a;
	if (dash != NULL && (str_u64(dash + 1, 65535, &b) < 0 || b < a))
		return -1;
	*first = (unsigned)a;
	*last = (unsigned)b;
	return 0;
}

/* cuts "/proto" off; NULL when it is none we know */
static const char *cut_proto(char *text)
{
	char *slash = strchr(text, '/');

	if (slash == NULL)
		return "tcp";
	*slash = 0;
	for (char *p = slash + 1; *p != 0; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p | 0x20);
	slash++;
	if (strcmp(slash, "tcp") == 0 || strcmp(slash, "udp") == 0 || strcmp(slash, "sctp") == 0)
		return slash;
	return NULL;
}

int spec_expose(const char *text, struct strv *out, struct err *e)
{
	CLEANUP(freep) char *copy = xstrdup(text);
	const char *proto = cut_proto(copy);
	unsigned first, last;

	if (proto == NULL || strchr(text, ':') != NULL || parse_range(copy, &first, &last) < 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid range format for --expose: %s, error: invalid port", text);
	for (unsigned p = first; p <= last; p++) {
		CLEANUP(freep) char *port = xasprintf("%u/%s", p, proto);

		if (!strv_has(out, port))
			strv_add(out, port);
	}
	return 0;
}

static int add_ranges(struct port_maps *out, const char *ip, const char *host,
		      const char *container, const char *proto, struct err *e)
{
	unsigned first, last, host_first = 0, host_last = 0;

	if (parse_range(container, &first, &last) < 0)
		return err_set(e, ERR_INVALID, 0, "Invalid containerPort: %s", container);
	if (*host != 0 && parse_range(host, &host_first, &host_last) < 0)
		return err_set(e, ERR_INVALID, 0, "Invalid hostPort: %s", host);
	if (*host != 0 && last - first != host_last - host_first && first != last)
		return err_set(e, ERR_INVALID, 0,
			       "Invalid ranges specified for container and host Ports: %s and %s",
			       container, host);
	for (unsigned i = 0; i <= last - first; i++) {
		char host_port[16] = "";

		if (*host != 0 && first == last && host_first != host_last)
			snprintf(host_port, sizeof(host_port), "%u-%u", host_first, host_last);
		else if (*host != 0)
			snprintf(host_port, sizeof(host_port), "%u", host_first + i);
		add_map(out, first + i, proto, ip, host_port);
	}
	return 0;
}

/* published=8080,target=80,protocol=tcp,mode=host */
static int publish_long(const char *text, struct port_maps *out, struct err *e)
{
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;
	const char *host = "", *target = NULL, *proto = "tcp";

	strv_split(&parts, text, ",");
	strv_for_each (it, &parts) {
		const char *v;

		if ((v = str_skip(*it, "published=")) != NULL)
			host = v;
		else if ((v = str_skip(*it, "target=")) != NULL)
			target = v;
		else if ((v = str_skip(*it, "protocol=")) != NULL)
			proto = v;
		else if (str_skip(*it, "mode=") == NULL)
			return err_set(e, ERR_INVALID, 0, "invalid field key %s", *it);
	}
	if (target == NULL)
		return err_set(e, ERR_INVALID, 0, "Invalid port format: %s: target is missing",
			       text);
	return add_ranges(out, "", host, target, proto, e);
}

int spec_publish(const char *text, struct port_maps *out, struct err *e)
{
	CLEANUP(freep) char *copy = xstrdup(text);
	char *ip = copy, *host, *port;
	const char *proto;
	struct ip parsed;

	if (strchr(text, '=') != NULL)
		return publish_long(text, out, e);
	proto = cut_proto(copy);
	if (proto == NULL)
		return err_set(e, ERR_INVALID, 0, "Invalid proto: %s", strrchr(text, '/') + 1);
	port = strrchr(copy, ':');
	if (port == NULL)
		return add_ranges(out, "", "", copy, proto, e);
	*port++ = 0;
	host = strrchr(copy, ':');
	if (copy[0] == '[' && host != NULL && strchr(host, ']') != NULL)
		host = NULL; /* "[::1]:80" has an address and no host port */
	if (host == NULL) {
		if (copy[0] != '[')
			return add_ranges(out, "", copy, port, proto, e);
		return err_set(e, ERR_INVALID, 0, "invalid port specification: \"%s\"", text);
	}
	*host++ = 0;
	if (*ip == '[') {
		ip++;
		if (strlen(ip) > 0 && ip[strlen(ip) - 1] == ']')
			ip[strlen(ip) - 1] = 0;
	} else if (strchr(ip, ':') != NULL) {
		return err_set(e, ERR_INVALID, 0, "Invalid ip address: %s", ip);
	}
	if (*ip != 0 && ip_parse(ip, &parsed, e) < 0)
		return err_set(e, ERR_INVALID, 0, "Invalid ip address: %s", ip);
	return add_ranges(out, ip, host, port, proto, e);
}

void port_maps_write(const struct port_maps *m, struct json_w *w)
{
	jw_obj(w);
	for (size_t i = 0; i < m->len; i++) {
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = strcmp(m->items[k].port, m->items[i].port) == 0;
		if (seen)
			continue;
		jw_karr(w, m->items[i].port);
		for (size_t k = i; k < m->len; k++) {
			if (strcmp(m->items[k].port, m->items[i].port) != 0)
				continue;
			jw_obj(w);
			jw_kstr(w, "HostIp", m->items[k].host_ip);
			jw_kstr(w, "HostPort", m->items[k].host_port);
			jw_end(w);
		}
		jw_end(w);
	}
	jw_end(w);
}
