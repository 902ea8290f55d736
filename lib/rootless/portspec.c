// SPDX-License-Identifier: MIT
/*
 * Port specifications: RootlessKit's pkg/port/portutil and pkg/api/openapi.yaml.
 */
#include "rootless/portspec.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static const char *const proto_names[RK_PROTOS] = {
	[RK_TCP] = "tcp", [RK_TCP4] = "tcp4", [RK_TCP6] = "tcp6",
	[RK_UDP] = "udp", [RK_UDP4] = "udp4", [RK_UDP6] = "udp6",
};

const char *rk_proto_name(enum rk_proto p)
{
	return proto_names[p];
}

bool rk_proto_is_udp(enum rk_proto p)
{
	return p == RK_UDP || p == RK_UDP4 || p == RK_UDP6;
}

static int proto_parse(const char *s, enum rk_proto *ret, struct err *e)
{
	for (int i = 0; i < RK_PROTOS; i++) {
		if (str_eq(s, proto_names[i])) {
			*ret = (enum rk_proto)i;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID, 0, "unknown proto: \"%.64s\"", s == NULL ? "" : s);
}

/* Splits at ':' outside brackets, in place; the number of parts, or -1 when there are too many. */
static int split(char *s, char *parts[4])
{
	int n = 0, depth = 0;

	parts[n++] = s;
	for (; *s != '\0'; s++) {
		depth += *s == '[' ? 1 : *s == ']' ? -1 : 0;
		if (*s != ':' || depth != 0)
			continue;
		if (n == 4)
			return -1;
		*s = '\0';
		parts[n++] = s + 1;
	}
	return n;
}

static int parse_ip(char *s, struct ip *ret, struct err *e)
{
	size_t len = strlen(s);

	if (len == 0) {
		*ret = (struct ip){0};
		return 0;
	}
	if (len > 2 && s[0] == '[' && s[len - 1] == ']') {
		s[len - 1] = '\0';
		s++;
	}
	return ip_parse(s, ret, e);
}

static int parse_port(const char *s, const char *which, uint16_t *ret, struct err *e)
{
	uint64_t v;

	if (str_u64(s, UINT16_MAX, &v) < 0 || v == 0)
		return err_set(e, ERR_INVALID, 0, "unexpected %s: \"%.64s\"", which, s);
	*ret = (uint16_t)v;
	return 0;
}

int rk_spec_parse(const char *s, struct rk_spec *ret, struct err *e)
{
	CLEANUP(freep) char *copy = xstrdup(s);
	char *slash = strrchr(copy, '/');
	struct rk_spec spec = {0};
	char *parts[4];
	int n;

	if (slash == NULL)
		return err_set(e, ERR_INVALID, 0,
			       "unexpected PortSpec string: \"%.128s\" (PROTO is missing: "
			       "IP:PORT:[IP:]PORT/PROTO)",
			       s);
	*slash = '\0';
	if (proto_parse(slash + 1, &spec.proto, e) < 0)
		return -1;
	n = split(copy, parts);
	if (n != 3 && n != 4)
		return err_set(e, ERR_INVALID, 0,
			       "unexpected PortSpec string: \"%.128s\" (want "
			       "PARENTIP:PARENTPORT:[CHILDIP:]CHILDPORT/PROTO)",
			       s);
	if (parse_ip(parts[0], &spec.parent_ip, e) < 0 ||
	    (n == 4 && parse_ip(parts[2], &spec.child_ip, e) < 0))
		return err_wrap(e, "unexpected PortSpec string: \"%.128s\"", s);
	if (parse_port(parts[1], "ParentPort", &spec.parent_port, e) < 0 ||
	    parse_port(parts[n - 1], "ChildPort", &spec.child_port, e) < 0 ||
	    rk_spec_check(&spec, e) < 0)
		return -1;
	*ret = spec;
	return 0;
}

static int json_port(const struct json *v, const char *key, uint16_t *ret, struct err *e)
{
	uint64_t n;

	if (json_u64(json_get_fold(v, key), &n) < 0 || n == 0 || n > UINT16_MAX)
		return err_set(e, ERR_INVALID, 0, "%s must be a number from 1 to 65535", key);
	*ret = (uint16_t)n;
	return 0;
}

static int json_ip(const struct json *v, const char *key, struct ip *ret, struct err *e)
{
	const char *s = json_str(json_get_fold(v, key));

	*ret = (struct ip){0};
	if (str_empty(s))
		return 0;
	if (ip_parse(s, ret, e) < 0)
		return err_wrap(e, "%s", key);
	return 0;
}

int rk_spec_from_json(const struct json *v, struct rk_spec *ret, struct err *e)
{
	struct rk_spec spec = {0};

	if (json_kind(v) != JSON_OBJECT)
		return err_set(e, ERR_INVALID, 0, "a port specification is an object");
	if (proto_parse(json_str(json_get_fold(v, "proto")), &spec.proto, e) < 0 ||
	    json_port(v, "parentPort", &spec.parent_port, e) < 0 ||
	    json_port(v, "childPort", &spec.child_port, e) < 0 ||
	    json_ip(v, "parentIP", &spec.parent_ip, e) < 0 ||
	    json_ip(v, "childIP", &spec.child_ip, e) < 0 || rk_spec_check(&spec, e) < 0)
		return -1;
	*ret = spec;
	return 0;
}

void rk_spec_to_json(struct json_w *w, const struct rk_spec *s)
{
	char text[IP_TEXT_SIZE];

	jw_obj(w);
	jw_kstr(w, "proto", rk_proto_name(s->proto));
	if (s->parent_ip.family != IP_NONE)
		jw_kstr(w, "parentIP", ip_format(&s->parent_ip, text));
	jw_ku64(w, "parentPort", s->parent_port);
	if (s->child_ip.family != IP_NONE)
		jw_kstr(w, "childIP", ip_format(&s->child_ip, text));
	jw_ku64(w, "childPort", s->child_port);
	jw_end(w);
}

static bool proto_takes(enum rk_proto p, uint8_t family)
{
	if (p == RK_TCP4 || p == RK_UDP4)
		return family == IP_V4;
	if (p == RK_TCP6 || p == RK_UDP6)
		return family == IP_V6;
	return true;
}

int rk_spec_check(const struct rk_spec *s, struct err *e)
{
	char text[IP_TEXT_SIZE];

	if (s->parent_port == 0 || s->child_port == 0)
		return err_set(e, ERR_INVALID, 0, "a port is a number from 1 to 65535");
	if (s->parent_ip.family != IP_NONE && !proto_takes(s->proto, s->parent_ip.family))
		return err_set(e, ERR_INVALID, 0, "ParentIP %s does not fit proto %s",
			       ip_format(&s->parent_ip, text), rk_proto_name(s->proto));
	return 0;
}

/* The families a specification binds on the host: bit 0 IPv4, bit 1 IPv6. */
static unsigned families(const struct rk_spec *s)
{
	if (s->parent_ip.family != IP_NONE)
		return s->parent_ip.family == IP_V4 ? 1 : 2;
	return (proto_takes(s->proto, IP_V4) ? 1U : 0) | (proto_takes(s->proto, IP_V6) ? 2U : 0);
}

bool rk_spec_conflicts(const struct rk_spec *a, const struct rk_spec *b)
{
	if (a->parent_port != b->parent_port ||
	    rk_proto_is_udp(a->proto) != rk_proto_is_udp(b->proto) ||
	    (families(a) & families(b)) == 0)
		return false;
	if (a->parent_ip.family == IP_NONE || b->parent_ip.family == IP_NONE ||
	    ip_is_any(&a->parent_ip) || ip_is_any(&b->parent_ip))
		return true;
	return ip_eq(&a->parent_ip, &b->parent_ip);
}
