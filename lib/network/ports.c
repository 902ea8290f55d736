// SPDX-License-Identifier: MIT
/* Docker's port words and the pool of ephemeral ports; see ports.h. */
#include "network/ports.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"

#define PORT_WORD_MAX 32
#define POOL_SIZE     (PORTS_EPHEMERAL_LAST - PORTS_EPHEMERAL_FIRST + 1)

const char *port_proto_name(enum port_proto p)
{
	return p == PORT_TCP ? "tcp" : p == PORT_UDP ? "udp" : "sctp";
}

static int parse_proto(const char *s, enum port_proto *ret)
{
	for (enum port_proto p = PORT_TCP; p <= PORT_SCTP; p++) {
		if (strcasecmp(s, port_proto_name(p)) == 0) {
			*ret = p;
			return 0;
		}
	}
	return -1;
}

/* "80" or "80-90" in a local, writable word */
static int parse_numbers(char *word, struct port_range *r)
{
	char *dash = strchr(word, '-');
	uint64_t first, last;

	if (dash != NULL)
		*dash++ = '\0';
	if (str_u64(word, UINT16_MAX, &first) < 0)
		return -1;
	last = first;
	if (dash != NULL && (str_u64(dash, UINT16_MAX, &last) < 0 || last < first))
		return -1;
	r->first = (uint16_t)first;
	r->last = (uint16_t)last;
	return 0;
}

int port_parse(const char *s, struct port_range *ret, struct err *e)
{
	struct port_range r = {.proto = PORT_TCP};
	char word[PORT_WORD_MAX], *slash;

	if (str_copy(word, s, sizeof(word)) >= sizeof(word))
		return err_set(e, ERR_INVALID, 0, "invalid port: %s", s);
	slash = strchr(word, '/');
	if (slash != NULL) {
		*slash++ = '\0';
		if (parse_proto(slash, &r.proto) < 0)
			return err_set(e, ERR_INVALID, 0, "invalid proto: %s", slash);
	}
	if (parse_numbers(word, &r) < 0 || r.first == 0)
		return err_set(e, ERR_INVALID, 0, "invalid port: %s", s);
	*ret = r;
	return 0;
}

int port_parse_host(const char *s, struct port_range *ret, struct err *e)
{
	struct port_range r = {.proto = PORT_TCP};
	char word[PORT_WORD_MAX];

	if (str_copy(word, s, sizeof(word)) >= sizeof(word) ||
	    (word[0] != '\0' && parse_numbers(word, &r) < 0))
		return err_set(e, ERR_INVALID, 0, "invalid host port: %s", s);
	*ret = r;
	return 0;
}

const char *port_format(enum port_proto p, uint16_t port, char out[PORT_TEXT_SIZE])
{
	snprintf(out, PORT_TEXT_SIZE, "%u/%s", port, port_proto_name(p));
	return out;
}

void port_pool_init(struct port_pool *p)
{
	memset(p, 0, sizeof(*p));
	pthread_mutex_init(&p->mu, NULL);
}

/* SCTP is never published: it shares nothing and counts as TCP */
static size_t kind_of(enum port_proto proto)
{
	return proto == PORT_UDP ? 1 : 0;
}

int port_pool_take(struct port_pool *p, enum port_proto proto, uint16_t *ret_port, struct err *e)
{
	size_t k = kind_of(proto);
	MUTEX_GUARD(&p->mu);

	for (uint32_t i = 0; i < POOL_SIZE; i++) {
		uint32_t n = (p->next[k] + i) % POOL_SIZE;

		if ((p->used[k][n / 32] >> (n % 32) & 1) != 0)
			continue;
		p->used[k][n / 32] |= 1U << (n % 32);
		p->next[k] = (n + 1) % POOL_SIZE;
		*ret_port = (uint16_t)(PORTS_EPHEMERAL_FIRST + n);
		return 0;
	}
	return err_set(e, ERR_UNAVAILABLE, 0, "all ports are allocated");
}

static void mark(struct port_pool *p, enum port_proto proto, uint16_t port, bool used)
{
	uint32_t n = (uint32_t)port - PORTS_EPHEMERAL_FIRST, *word;
	MUTEX_GUARD(&p->mu);

	if (port < PORTS_EPHEMERAL_FIRST || port > PORTS_EPHEMERAL_LAST)
		return;
	word = &p->used[kind_of(proto)][n / 32];
	*word = used ? *word | 1U << (n % 32) : *word & ~(1U << (n % 32));
}

void port_pool_reserve(struct port_pool *p, enum port_proto proto, uint16_t port)
{
	mark(p, proto, port, true);
}

void port_pool_release(struct port_pool *p, enum port_proto proto, uint16_t port)
{
	mark(p, proto, port, false);
}
