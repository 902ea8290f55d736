// SPDX-License-Identifier: MIT
/* Requests of the API socket; slirp4netns(1), section "API SOCKET". Texts as there. */
#include "usernet/slirp_api.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "json/json.h"
#include "json/write.h"

void slirp_api_error(struct buf *out, const char *desc)
{
	CLEANUP(freep) char *text = xasprintf("bad request: %s", desc);
	struct json_w w;

	jw_init(&w, out);
	jw_obj(&w);
	jw_kobj(&w, "error");
	jw_kstr(&w, "desc", text);
	jw_end(&w);
	jw_end(&w);
}

static void refuse(struct buf *out, const char *what, const struct err *why)
{
	CLEANUP(freep) char *text = xasprintf("%s: %s", what, why->msg);

	slirp_api_error(out, text);
}

bool slirp_api_is_whole(const char *text, size_t n)
{
	CLEANUP(json_freep) struct json *root = NULL;
	struct err e;

	return json_parse(text, n, &root, &e) == 0;
}

static bool parse_proto(const char *s, bool *ret_udp, uint8_t *ret_family)
{
	static const struct {
		const char *name;
		bool udp;
		uint8_t family;
	} known[] = {{"tcp", false, IP_NONE}, {"udp", true, IP_NONE}, {"tcp4", false, IP_V4},
		     {"udp4", true, IP_V4},   {"tcp6", false, IP_V6}, {"udp6", true, IP_V6}};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!str_eq(s, known[i].name))
			continue;
		*ret_udp = known[i].udp;
		*ret_family = known[i].family;
		return true;
	}
	return false;
}

/* An address of the wanted family (IP_NONE: any); absent leaves *ret. */
static bool parse_addr(const struct json *args, const char *key, uint8_t family, struct ip *ret)
{
	const char *s = json_get_str(args, key);
	struct err e;

	if (str_empty(s))
		return true;
	return ip_parse(s, ret, &e) == 0 && (family == IP_NONE || ret->family == family);
}

static bool parse_port(const struct json *args, const char *key, uint16_t *ret)
{
	int64_t port = json_get_i64(args, key, 0);

	*ret = (uint16_t)port;
	return port > 0 && port <= 65535;
}

/* NULL, or the name of the argument that is wrong */
static const char *parse_spec(const struct json *args, struct hostfwd_spec *s)
{
	uint8_t family;

	*s = (struct hostfwd_spec){0};
	if (!parse_proto(json_get_str(args, "proto"), &s->udp, &family))
		return "proto";
	s->host = (struct ip){.family = family == IP_V6 ? IP_V6 : IP_V4};
	if (!parse_addr(args, "host_addr", family, &s->host))
		return "host_addr";
	if (!parse_port(args, "host_port", &s->host_port))
		return "host_port";
	if (!parse_addr(args, "guest_addr", s->host.family, &s->guest))
		return "guest_addr";
	if (!parse_port(args, "guest_port", &s->guest_port))
		return "guest_port";
	return NULL;
}

static void add(const struct json *args, const struct slirp_api_ops *ops, void *arg,
		struct buf *out)
{
	struct hostfwd_spec s;
	const char *bad = parse_spec(args, &s);
	struct json_w w;
	struct err e;
	int id;

	if (bad != NULL) {
		CLEANUP(freep) char *text = xasprintf("add_hostfwd: bad arguments.%s", bad);

		slirp_api_error(out, text);
		return;
	}
	if (ops->add(arg, &s, &id, &e) < 0) {
		refuse(out, "add_hostfwd: slirp_add_hostfwd failed", &e);
		return;
	}
	jw_init(&w, out);
	jw_obj(&w);
	jw_kobj(&w, "return");
	jw_ki64(&w, "id", id);
	jw_end(&w);
	jw_end(&w);
}

static void list(const struct slirp_api_ops *ops, void *arg, struct buf *out)
{
	char text[IP_TEXT_SIZE];
	struct hostfwd_spec s;
	struct json_w w;
	int id;

	jw_init(&w, out);
	jw_obj(&w);
	jw_kobj(&w, "return");
	jw_karr(&w, "entries");
	for (size_t i = 0; ops->at(arg, i, &s, &id); i++) {
		jw_obj(&w);
		jw_ki64(&w, "id", id);
		jw_kstr(&w, "proto", s.udp ? "udp" : "tcp");
		jw_kstr(&w, "host_addr", ip_format(&s.host, text));
		jw_ki64(&w, "host_port", s.host_port);
		jw_kstr(&w, "guest_addr", ip_format(&s.guest, text));
		jw_ki64(&w, "guest_port", s.guest_port);
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	jw_end(&w);
}

static void remove_one(const struct json *args, const struct slirp_api_ops *ops, void *arg,
		       struct buf *out)
{
	int64_t id = json_get_i64(args, "id", 0);
	struct err e;

	if (id <= 0 || id > INT32_MAX) {
		slirp_api_error(out, "remove_hostfwd: bad arguments.id");
		return;
	}
	if (ops->remove(arg, (int)id, &e) == 0)
		buf_addstr(out, "{\"return\":{}}");
	else if (e.kind == ERR_NOTFOUND)
		slirp_api_error(out, "remove_hostfwd: bad arguments.id");
	else
		refuse(out, "remove_hostfwd: slirp_remove_hostfwd failed", &e);
}

void slirp_api_answer(const char *text, size_t n, const struct slirp_api_ops *ops, void *arg,
		      struct buf *out)
{
	CLEANUP(json_freep) struct json *root = NULL;
	const struct json *args;
	const char *execute;
	struct err e;

	if (n >= USERNET_API_REQUEST_MAX) {
		slirp_api_error(out, "too large message");
		return;
	}
	if (json_parse(text, n, &root, &e) < 0) {
		slirp_api_error(out, "cannot parse JSON");
		return;
	}
	execute = json_get_str(root, "execute");
	args = json_get(root, "arguments");
	if (json_kind(root) != JSON_OBJECT)
		slirp_api_error(out, "json_object() failed");
	else if (execute == NULL)
		slirp_api_error(out, "no execute found");
	else if (str_eq(execute, "add_hostfwd"))
		add(args, ops, arg, out);
	else if (str_eq(execute, "list_hostfwd"))
		list(ops, arg, out);
	else if (str_eq(execute, "remove_hostfwd"))
		remove_one(args, ops, arg, out);
	else
		slirp_api_error(out, "unknown execute");
}
