// SPDX-License-Identifier: MIT
/*
 * The files a container sees as /etc/hostname, /etc/hosts and /etc/resolv.conf;
 * made anew at each start. While it runs they are bind mounts, so a change of
 * its networks is written into the same inode, and the container's own edits
 * are kept.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "engine/network_internal.h"
#include "engine/resolvconf.h"

#define HOST_FILE_MAX (1 * MIB)

static int write_in(const char *dir, const char *name, const struct buf *text, struct err *e)
{
	CLEANUP(freep) char *path = path_join(dir, name);

	return file_write(AT_FDCWD, path, buf_str(text), text->len, 0644, FILE_NOSYNC, e);
}

static unsigned families(const struct container *c)
{
	unsigned f = 0;

	for (size_t i = 0; i < c->net.networks.len; i++) {
		const struct docker_endpoint *ep = c->net.networks.items[i].value;

		f |= str_empty(ep->ip_address) ? 0 : FAMILY_V4;
		f |= str_empty(ep->global_ipv6_address) ? 0 : FAMILY_V6;
	}
	return f;
}

/* --add-host NAME:host-gateway: the host as the container's network reaches it */
static void add_host_gateway(const struct engine *en, const struct container *c, const char *name,
			     int len, struct buf *text)
{
	char ip[IP_TEXT_SIZE];

	/* in the host's own network there is no gateway to it */
	if (str_eq(c->host.network_mode, "host") && !en->uplink.gateway_given) {
		buf_addf(text, "127.0.0.1\t%.*s\n", len, name);
		return;
	}
	if (en->uplink.gateway.family != IP_NONE)
		buf_addf(text, "%s\t%.*s\n", ip_format(&en->uplink.gateway, ip), len, name);
	if (en->uplink.gateway6.family != IP_NONE && (families(c) & FAMILY_V6) != 0)
		buf_addf(text, "%s\t%.*s\n", ip_format(&en->uplink.gateway6, ip), len, name);
}

static void add_extra_hosts(const struct engine *en, const struct container *c, struct buf *text)
{
	for (size_t i = 0; i < c->host.extra_hosts.len; i++) {
		const char *entry = c->host.extra_hosts.items[i];
		size_t n = strcspn(entry, ":=");
		const char *ip = entry[n] != '\0' ? entry + n + 1 : "";

		if (str_eq(ip, "host-gateway"))
			add_host_gateway(en, c, entry, (int)n, text);
		else
			buf_addf(text, "%s\t%.*s\n", ip, (int)n, entry);
	}
}

static void add_own_line(const struct container *c, const char *address, struct buf *text)
{
	if (str_empty(address))
		return;
	buf_addf(text, "%s\t", address);
	if (!str_empty(c->config.domainname))
		buf_addf(text, "%s.%s ", c->config.hostname, c->config.domainname);
	buf_addf(text, "%s\n", c->config.hostname);
}

/* the container's own name at each of its addresses, in the order of its interfaces */
static void add_own(const struct container *c, struct buf *text)
{
	CLEANUP(strv_clear) struct strv ifnames = STRV_INIT;

	for (size_t i = 0; i < c->net.networks.len; i++) {
		const struct docker_endpoint *ep = c->net.networks.items[i].value;

		if (!str_empty(ep->ifname))
			strv_add(&ifnames, ep->ifname);
	}
	strv_sort(&ifnames);
	for (size_t k = 0; k < ifnames.len; k++)
		for (size_t i = 0; i < c->net.networks.len; i++) {
			const struct docker_endpoint *ep = c->net.networks.items[i].value;

			if (!str_eq(ep->ifname, ifnames.items[k]))
				continue;
			add_own_line(c, ep->ip_address, text);
			add_own_line(c, ep->global_ipv6_address, text);
		}
}

static int write_hosts(struct engine *en, const char *dir, const struct container *c, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
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
	add_extra_hosts(en, c, &text);
	pthread_mutex_lock(&en->mu);
	links_hosts(en, c, &text);
	add_own(c, &text);
	pthread_mutex_unlock(&en->mu);
	return write_in(dir, "hosts", &text, e);
}

/*
 * resolver: 127.0.0.11 is asked, which asks --dns's servers or the host's in turn. A container
 * without any IPv4 address has none to ask it from; the same server answers at the tun's address.
 */
static void resolv_text(struct engine *en, const struct container *c, bool resolver, unsigned has,
			struct buf *text)
{
	const struct docker_host_config *h = &c->host;
	bool host_mode = str_eq(h->network_mode, "host") || en->netns == NULL;
	CLEANUP(buf_clear) struct buf host = BUF_INIT;
	CLEANUP(strv_clear) struct strv servers = STRV_INIT;
	struct resolvconf r = {
		.kind = resolver    ? RESOLVCONF_INTERNAL
			: host_mode ? RESOLVCONF_HOST
				    : RESOLVCONF_LEGACY,
		.dns = h->dns.len > 0 ? &h->dns : &en->dns,
		.search = h->dns_search.len > 0 ? &h->dns_search : &en->dns_search,
		.options = h->dns_options.len > 0 ? &h->dns_options : &en->dns_opts,
		.servers = &servers,
	};
	char text_ip[IP_TEXT_SIZE], resolver6[IP_TEXT_SIZE];
	struct err ignored;

	if (has == FAMILY_V6 && en->uplink.dns6.family != IP_NONE)
		r.resolver = ip_format(&en->uplink.dns6, resolver6);
	if (file_read(AT_FDCWD, "/etc/resolv.conf", HOST_FILE_MAX, &host, &ignored) < 0)
		buf_reset(&host);
	r.host = buf_str(&host);
	if (en->uplink.dns.family != IP_NONE)
		strv_add(&servers, ip_format(&en->uplink.dns, text_ip));
	if ((has & FAMILY_V6) != 0 && en->uplink.dns6.family != IP_NONE)
		strv_add(&servers, ip_format(&en->uplink.dns6, text_ip));
	resolvconf_make(&r, text);
}

/* "sha256:..." of what we wrote, as Docker keeps it: a file with another digest is the container's
 */
static void digest_of(const struct buf *text, struct buf *ret)
{
	char hex[SHA256_HEX_SIZE];

	sha256_hex(buf_str(text), text->len, hex);
	buf_addf(ret, "sha256:%s", hex);
}

static int write_digest(const char *dir, const struct buf *text, struct err *e)
{
	CLEANUP(buf_clear) struct buf digest = BUF_INIT;

	digest_of(text, &digest);
	return write_in(dir, "resolv.conf.hash", &digest, e);
}

static bool still_ours(const char *dir, const struct buf *text)
{
	CLEANUP(freep) char *path = path_join(dir, "resolv.conf.hash");
	CLEANUP(buf_clear) struct buf digest = BUF_INIT;
	CLEANUP(buf_clear) struct buf known = BUF_INIT;
	struct err ignored;

	digest_of(text, &digest);
	return file_read(AT_FDCWD, path, 256, &known, &ignored) == 0 &&
	       str_eq(buf_str(&known), buf_str(&digest));
}

int hosts_write(struct engine *en, struct container *c, struct err *e)
{
	CLEANUP(freep) char *dir = container_dir(en, c);
	CLEANUP(buf_clear) struct buf hostname = BUF_INIT;
	CLEANUP(buf_clear) struct buf resolv = BUF_INIT;

	if (str_starts(c->host.network_mode, "container:"))
		return 0;
	buf_addf(&hostname, "%s\n", c->config.hostname);
	if (write_in(dir, "hostname", &hostname, e) < 0 || write_hosts(en, dir, c, e) < 0)
		return -1;
	resolv_text(en, c, container_uses_resolver(c), families(c), &resolv);
	if (write_in(dir, "resolv.conf", &resolv, e) < 0)
		return -1;
	return write_digest(dir, &resolv, e);
}

/* --- while it runs --- */

/* the inode stays: it is a bind mount in the container */
static int rewrite(const char *path, const struct buf *text, struct err *e)
{
	CLEANUP(fd_closep) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_sys(e, "open %s", path);
	if (fd_write_all(fd, text->data, text->len, e) < 0)
		return err_wrap(e, "%s", path);
	return ftruncate(fd, (off_t)text->len) == 0 ? 0 : err_sys(e, "%s", path);
}

/* a line with its end, for or against dropping it */
struct drop_rule {
	const struct strv *lines; /* these, or */
	const char *names;	  /* those with these names after the address */
};

static bool drops(const struct drop_rule *r, const char *line)
{
	const char *tab = strchr(line, '\t');

	if (r->names != NULL)
		return tab != NULL && str_eq(tab + 1, r->names);
	return *line != '\0' && strv_has(r->lines, line);
}

static int edit_hosts(struct engine *en, const struct container *c, const struct drop_rule *rule,
		      const char *add, struct err *e)
{
	CLEANUP(freep) char *dir = container_dir(en, c);
	CLEANUP(freep) char *path = path_join(dir, "hosts");
	CLEANUP(buf_clear) struct buf old = BUF_INIT;
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;

	if (file_read(AT_FDCWD, path, HOST_FILE_MAX, &old, e) < 0)
		return -1;
	strv_split(&lines, buf_str(&old), "\n");
	for (size_t i = 0; i < lines.len; i++)
		if (*lines.items[i] != '\0' && !drops(rule, lines.items[i]))
			buf_addf(&text, "%s\n", lines.items[i]);
	buf_addstr(&text, add);
	return rewrite(path, &text, e);
}

static int update_resolv(struct engine *en, const struct container *c,
			 const struct hosts_snapshot *before, const struct hosts_snapshot *now,
			 struct err *e)
{
	CLEANUP(freep) char *dir = container_dir(en, c);
	CLEANUP(freep) char *path = path_join(dir, "resolv.conf");
	CLEANUP(buf_clear) struct buf old = BUF_INIT;
	CLEANUP(buf_clear) struct buf text = BUF_INIT;

	if (before->resolver == now->resolver && before->families == now->families)
		return 0;
	if (file_read(AT_FDCWD, path, HOST_FILE_MAX, &old, e) < 0)
		return -1;
	if (!still_ours(dir, &old)) /* the container's own by now */
		return 0;
	resolv_text(en, c, now->resolver, now->families, &text);
	if (rewrite(path, &text, e) < 0)
		return -1;
	return write_digest(dir, &text, e);
}

void hosts_snapshot(const struct container *c, struct hosts_snapshot *ret)
{
	struct buf lines = BUF_INIT;

	add_own(c, &lines);
	ret->lines = xstrdup(buf_str(&lines));
	ret->resolver = container_uses_resolver(c);
	ret->families = families(c);
	buf_clear(&lines);
}

void hosts_snapshot_clear(struct hosts_snapshot *s)
{
	free(s->lines);
	s->lines = NULL;
}

void hosts_update(struct engine *en, const struct container *c, const struct hosts_snapshot *old)
{
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;
	struct drop_rule rule = {.lines = &lines};
	struct hosts_snapshot now;
	struct err e;

	pthread_mutex_lock(&en->mu);
	hosts_snapshot(c, &now);
	pthread_mutex_unlock(&en->mu);
	strv_split(&lines, old->lines, "\n");
	if (!str_eq(old->lines, now.lines) && edit_hosts(en, c, &rule, now.lines, &e) < 0)
		log_warn(&e, "hosts file of container %s", c->id);
	if (update_resolv(en, c, old, &now, &e) < 0)
		log_warn(&e, "resolv.conf of container %s", c->id);
	hosts_snapshot_clear(&now);
}

void hosts_replace(struct engine *en, const struct container *c, const char *names,
		   const char *line)
{
	struct drop_rule rule = {.names = names};
	struct err e;

	if (edit_hosts(en, c, &rule, line, &e) < 0)
		log_warn(&e, "hosts file of container %s", c->id);
}
