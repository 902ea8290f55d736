// SPDX-License-Identifier: MIT
/* The books of published ports; their sockets are in hostport.c. */
#include "rootless/ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

void rk_ports_init(struct rk_ports *p, const struct rk_relay *relay)
{
	list_init(&p->entries);
	p->next_id = 1;
	p->relay = relay;
	p->hostports = NULL;
}

static void entry_free(struct rk_port_entry *it)
{
	list_del(&it->link);
	rk_hostport_close(&it->host_fd, it->inherited);
	free(it);
}

void rk_ports_clear(struct rk_ports *p)
{
	struct rk_port_entry *it, *tmp;

	list_for_each_safe (it, tmp, &p->entries, link)
		entry_free(it);
}

/* An entry of the other family whose socket, handed to us, takes this one's clients as well. */
static bool is_covered(const struct rk_ports *p, const struct rk_spec *s)
{
	const struct rk_port_entry *it;

	list_for_each (it, &p->entries, link) {
		if (it->inherited != NULL && it->inherited->both &&
		    it->spec.parent_port == s->parent_port &&
		    rk_proto_is_udp(it->spec.proto) == rk_proto_is_udp(s->proto) &&
		    it->spec.child_port == s->child_port &&
		    ip_eq(&it->spec.child_ip, &s->child_ip) && ip_is_any(&s->parent_ip))
			return true;
	}
	return false;
}

static int conflict(const struct rk_port_entry *with, const struct rk_spec *s, struct err *e)
{
	char offer[32] = "";
	unsigned port = rk_hostport_free(s);

	if (port != 0)
		snprintf(offer, sizeof(offer), " (port %u is free)", port);
	return err_set(e, ERR_CONFLICT, EADDRINUSE,
		       "conflict with ID %llu: address already in use%s",
		       (unsigned long long)with->id, offer);
}

int rk_ports_add(struct rk_ports *p, const struct rk_spec *s, const struct rk_port_entry **ret,
		 struct err *e)
{
	struct rk_inherited *in = NULL;
	struct rk_port_entry *it;
	int fd = -1;

	if (p->relay == NULL)
		return err_set(e, ERR_INVALID, 0, "no PortDriver is available");
	list_for_each (it, &p->entries, link) {
		if (rk_spec_conflicts(&it->spec, s))
			return conflict(it, s, e);
	}
	if (!is_covered(p, s)) {
		fd = rk_hostport_open(p->hostports, s, &in, e);
		if (fd < 0)
			return -1;
	}
	it = xcalloc(1, sizeof(*it));
	it->id = p->next_id++;
	it->spec = *s;
	it->host_fd = fd;
	it->inherited = in;
	list_add_tail(&p->entries, &it->link);
	if (fd >= 0 && p->relay->add(p->relay->arg, it, e) < 0 && e->kind != ERR_UNAVAILABLE) {
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
		if (it->host_fd >= 0)
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
		if (it->host_fd >= 0 && p->relay->add(p->relay->arg, it, e) < 0 && first.kind == 0)
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
