// SPDX-License-Identifier: MIT
/* The files a container sees as /etc/hostname, /etc/hosts and /etc/resolv.conf; made anew at each
 * start. */
#include <string.h>

#include "base/file.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "engine/engine_internal.h"

#define HOST_FILE_MAX (1 * MIB)

static int write_in(const char *dir, const char *name, const struct buf *text, struct err *e)
{
	CLEANUP(freep) char *path = path_join(dir, name);

	return file_write(AT_FDCWD, path, buf_str(text), text->len, 0644, FILE_NOSYNC, e);
}

static void add_extra_hosts(const struct container *c, struct buf *text)
{
	for (size_t i = 0; i < c->host.extra_hosts.len; i++) {
		const char *entry = c->host.extra_hosts.items[i];
		size_t n = strcspn(entry, ":=");
		const char *ip = entry[n] != '\0' ? entry + n + 1 : "";

		if (str_eq(ip, "host-gateway"))
			ip = "10.0.2.2";
		buf_addf(text, "%s\t%.*s\n", ip, (int)n, entry);
	}
}

static int write_hosts(const char *dir, const struct container *c, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	char ip[IP_TEXT_SIZE];
	struct err ignored;

	if (str_eq(c->host.network_mode, "host")) {
		if (file_read(AT_FDCWD, "/etc/hosts", HOST_FILE_MAX, &text, &ignored) < 0)
			buf_reset(&text);
	} else {
		buf_addstr(&text, "127.0.0.1\tlocalhost\n"
				  "::1\tlocalhost ip6-localhost ip6-loopback\n"
				  "fe00::\tip6-localnet\n"
				  "ff00::\tip6-mcastprefix\n"
				  "ff02::1\tip6-allnodes\n"
				  "ff02::2\tip6-allrouters\n");
	}
	add_extra_hosts(c, &text);
	if (c->address.family != IP_NONE) {
		buf_addf(&text, "%s\t", ip_format(&c->address, ip));
		if (!str_empty(c->config.domainname))
			buf_addf(&text, "%s.%s ", c->config.hostname, c->config.domainname);
		buf_addf(&text, "%s\n", c->config.hostname);
	}
	return write_in(dir, "hosts", &text, e);
}

/* the lines of the host's resolv.conf that begin with word */
static void copy_lines(const struct buf *host, const char *word, struct buf *text)
{
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;

	strv_split(&lines, buf_str(host), "\n");
	for (size_t i = 0; i < lines.len; i++)
		if (str_starts(lines.items[i], word))
			buf_addf(text, "%s\n", lines.items[i]);
}

static void add_list(struct buf *text, const char *word, const struct strv *own,
		     const struct strv *daemon)
{
	const struct strv *v = own->len > 0 ? own : daemon;
	CLEANUP(freep) char *joined = NULL;

	if (v->len == 0 || (v->len == 1 && str_eq(v->items[0], ".")))
		return;
	joined = strv_join(v, " ");
	buf_addf(text, "%s %s\n", word, joined);
}

static int write_resolv(struct engine *en, const char *dir, const struct container *c,
			struct err *e)
{
	const struct strv *servers = c->host.dns.len > 0 ? &c->host.dns : &en->dns;
	CLEANUP(buf_clear) struct buf host = BUF_INIT;
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err ignored;

	if (file_read(AT_FDCWD, "/etc/resolv.conf", HOST_FILE_MAX, &host, &ignored) < 0)
		buf_reset(&host);
	for (size_t i = 0; i < servers->len; i++)
		buf_addf(&text, "nameserver %s\n", servers->items[i]);
	if (servers->len == 0 && container_on_bridge(c))
		buf_addf(&text, "nameserver %s\n", NETNS_DNS_DEFAULT);
	else if (servers->len == 0)
		copy_lines(&host, "nameserver", &text);
	if (c->host.dns_search.len > 0 || en->dns_search.len > 0)
		add_list(&text, "search", &c->host.dns_search, &en->dns_search);
	else
		copy_lines(&host, "search", &text);
	if (c->host.dns_options.len > 0 || en->dns_opts.len > 0)
		add_list(&text, "options", &c->host.dns_options, &en->dns_opts);
	else
		copy_lines(&host, "options", &text);
	return write_in(dir, "resolv.conf", &text, e);
}

int hosts_write(struct engine *en, struct container *c, struct err *e)
{
	CLEANUP(freep) char *dir = container_dir(en, c);
	CLEANUP(buf_clear) struct buf hostname = BUF_INIT;

	if (str_starts(c->host.network_mode, "container:"))
		return 0;
	buf_addf(&hostname, "%s\n", c->config.hostname);
	if (write_in(dir, "hostname", &hostname, e) < 0 || write_hosts(dir, c, e) < 0)
		return -1;
	return write_resolv(en, dir, c, e);
}
