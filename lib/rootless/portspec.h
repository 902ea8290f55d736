// SPDX-License-Identifier: MIT
/*
 * A published port as RootlessKit writes it: IP:PORT:[IP:]PORT/PROTO on command
 * lines, an object {proto, parentIP, parentPort, childIP, childPort} in the API.
 */
#ifndef ROOTLESS_PORTSPEC_H
#define ROOTLESS_PORTSPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "json/json.h"
#include "json/write.h"
#include "netlink/ip.h"

enum rk_proto { RK_TCP, RK_TCP4, RK_TCP6, RK_UDP, RK_UDP4, RK_UDP6, RK_PROTOS };

struct rk_spec {
	enum rk_proto proto;
	struct ip parent_ip; /* IP_NONE: every address of the families of proto */
	uint16_t parent_port;
	struct ip child_ip; /* IP_NONE: the loopback address in N */
	uint16_t child_port;
};

/** rk_proto_name() - "tcp", "tcp4" …; static */
const char *rk_proto_name(enum rk_proto p);
/** rk_proto_is_udp() - one of the three udp */
bool rk_proto_is_udp(enum rk_proto p);

/**
 * rk_spec_parse() - parse the command line form; IPv6 addresses stand in brackets
 * @s:   text
 * @ret: filled
 * @e:   ERR_INVALID, naming the part that is wrong
 */
int rk_spec_parse(const char *s, struct rk_spec *ret, struct err *e) WARN_UNUSED;

/** rk_spec_from_json() - parse and check the API's object; ERR_INVALID */
int rk_spec_from_json(const struct json *v, struct rk_spec *ret, struct err *e) WARN_UNUSED;
/** rk_spec_to_json() - write the API's object */
void rk_spec_to_json(struct json_w *w, const struct rk_spec *s);
/** rk_spec_check() - an address of the wrong family, a port of 0: ERR_INVALID */
int rk_spec_check(const struct rk_spec *s, struct err *e) WARN_UNUSED;
/** rk_spec_conflicts() - both would bind the same address and port of the host */
bool rk_spec_conflicts(const struct rk_spec *a, const struct rk_spec *b);

#endif
