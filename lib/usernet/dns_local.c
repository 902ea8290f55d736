// SPDX-License-Identifier: MIT
/*
 * Answers of our own: the containers' names and addresses, and the names of the
 * gateway. Any type of a name that exists is answered, with nothing where there
 * is nothing: an upstream's "no such name" for another type would be taken for
 * all of the name. moby libnetwork/resolver.go.
 */
#include <string.h>

#include "base/mem.h"
#include "base/rand.h"
#include "base/str.h"
#include "usernet/dns_internal.h"

static void shuffle(struct ip *a, size_t n)
{
	for (; n > 1; n--) {
		size_t i = rand_u64() % n;
		struct ip t = a[i];

		a[i] = a[n - 1];
		a[n - 1] = t;
	}
}

static void send_ips(struct usernet *u, const struct dns_origin *from, const struct dns_question *q,
		     const uint8_t *query, const struct ip *ips, size_t n)
{
	struct dns_answer a;

	dns_answer_begin(&a, q, query, u->scratch, dns_room(from, q), DNS_NOERROR);
	for (size_t i = 0; i < n; i++)
		dns_answer_ip(&a, &ips[i]);
	dns_reply(u, from, u->scratch, dns_answer_end(&a));
}

/* The addresses of a name that is asked for by type A, AAAA or any other. */
static enum nametab_answer look_up(const struct usernet *u, const struct nametab_container *c,
				   const struct dns_question *q, struct ip *ips, size_t *ret_n)
{
	enum nametab_answer found =
		nametab_resolve(&u->names, c, q->name, q->type == DNS_AAAA ? IP_V6 : IP_V4, ips,
				USERNET_DNS_ADDRS_MAX, ret_n);

	if (q->type != DNS_A && q->type != DNS_AAAA) {
		*ret_n = 0;
		return found == NAMETAB_FOUND ? NAMETAB_NO_DATA : found;
	}
	return found;
}

static bool container_name(struct usernet *u, const struct dns_origin *from,
			   const struct nametab_container *c, const struct dns_question *q,
			   const uint8_t *query)
{
	CLEANUP(freep) struct ip *ips = NULL;
	size_t n;

	if (c == NULL)
		return false;
	ips = xmalloc(USERNET_DNS_ADDRS_MAX * sizeof(*ips));
	if (look_up(u, c, q, ips, &n) == NAMETAB_UNKNOWN)
		return false;
	shuffle(ips, n);
	send_ips(u, from, q, query, ips, n);
	return true;
}

/* host.docker.internal and gateway.docker.internal; AAAA only for who has IPv6 */
static bool gateway_name(struct usernet *u, const struct dns_origin *from,
			 const struct nametab_container *c, const struct dns_question *q,
			 const uint8_t *query)
{
	bool has_ip6 = c != NULL ? nametab_has_ip6(c) : from->asker.family == IP_V6;
	struct ip v4 = u->host_names_given ? u->host_name4 : u->net4.gateway;
	struct ip v6 = u->host_names_given ? u->host_name6 : u->net6.gateway;
	const struct ip *a = q->type == DNS_AAAA ? &v6 : &v4;
	bool wanted = q->type == DNS_A || (q->type == DNS_AAAA && has_ip6);

	if (!str_eq(q->name, "host.docker.internal") && !str_eq(q->name, "gateway.docker.internal"))
		return false;
	/* slirp4netns knows no such names */
	if (u->slirp != NULL || (v4.family == IP_NONE && v6.family == IP_NONE) ||
	    (c != NULL && nametab_is_internal(c)))
		return false;
	send_ips(u, from, q, query, a, wanted && a->family != IP_NONE ? 1 : 0);
	return true;
}

static bool reverse_name(struct usernet *u, const struct dns_origin *from,
			 const struct nametab_container *c, const struct dns_question *q,
			 const uint8_t *query)
{
	char name[2 * DNS_NAME_SIZE];
	struct dns_answer a;
	struct ip addr;

	if (!dns_name_reverse(q->name, &addr) ||
	    !nametab_reverse(&u->names, c, &addr, name, sizeof(name)))
		return false;
	dns_answer_begin(&a, q, query, u->scratch, dns_room(from, q), DNS_NOERROR);
	if (!dns_answer_ptr(&a, name))
		return false;
	dns_reply(u, from, u->scratch, dns_answer_end(&a));
	return true;
}

bool dns_local(struct usernet *u, const struct dns_origin *from, const struct nametab_container *c,
	       const struct dns_question *q, const uint8_t *query)
{
	if (q->type == DNS_PTR)
		return reverse_name(u, from, c, q, query);
	return container_name(u, from, c, q, query) || gateway_name(u, from, c, q, query);
}
