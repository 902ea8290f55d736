// SPDX-License-Identifier: MIT
/*
 * DNS messages as far as a server of few names and forwarder of the rest needs
 * them: questions taken apart, answers put together, an upstream's answer held
 * against its question. Compression pointers (RFC 1035, 4.1.4) are written but
 * never followed, so there are no loops: a question has none, and the records
 * behind it are only stepped over. RFC 1035, 2181, 3596, 6891.
 */
#ifndef USERNET_DNS_MSG_H
#define USERNET_DNS_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netlink/ip.h"

#define DNS_HDR_SIZE	12
#define DNS_NAME_SIZE	256 /* a name as text with NUL; 253 characters at most */
#define DNS_UDP_DEFAULT 512 /* bytes an answer may have when the question says nothing */
#define DNS_TTL_SEC	600 /* of our own answers, as Docker's */

enum dns_type {
	DNS_A = 1,
	DNS_PTR = 12,
	DNS_AAAA = 28,
	DNS_OPT = 41,
};

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5,
	DNS_BADVERS = 16, /* in OPT */
};

#define DNS_CLASS_IN 1

struct dns_question {
	uint16_t id;
	uint16_t type, class;
	bool recursion;		  /* RD */
	bool edns;		  /* carries OPT */
	bool dnssec;		  /* OPT's DO */
	uint16_t udp_size;	  /* 512 or what OPT says */
	size_t end;		  /* offset behind the question */
	char name[DNS_NAME_SIZE]; /* lower case, without final dot; "" for the root and for names
				     with other characters than letters, digits, - _ . */
};

/**
 * dns_question_parse() - takes a question apart
 * @p:   bytes of one message (hostile)
 * @n:   how many
 * @ret: filled when 0 or more is returned; after an error as far as it was understood
 *
 * Return: DNS_NOERROR; another rcode to answer with; -1 when it deserves no answer (too short, or
 * itself an answer).
 */
int dns_question_parse(const uint8_t *p, size_t n, struct dns_question *ret);

/** dns_name_reverse() - "4.3.2.1.in-addr.arpa" or 32 nibbles under ip6.arpa as an address; false
 * for anything else */
bool dns_name_reverse(const char *name, struct ip *ret);

/* --- answers of our own --- */

struct dns_answer {
	uint8_t *p;	/* borrowed */
	size_t n, cap;	/* cap: what the client takes */
	uint16_t count; /* records */
	bool full;	/* something did not fit: TC */
	const struct dns_question *q;
};

/**
 * dns_answer_begin() - an empty answer with the question repeated
 * @a:    filled
 * @q:    as parsed
 * @query: the message it was parsed from
 * @out:  written to, @cap bytes, at least DNS_UDP_DEFAULT; may be @query itself
 * @rcode: enum dns_rcode
 */
void dns_answer_begin(struct dns_answer *a, const struct dns_question *q, const uint8_t *query,
		      uint8_t *out, size_t cap, unsigned rcode);
/** dns_answer_ip() - adds an A or AAAA record for the name asked */
void dns_answer_ip(struct dns_answer *a, const struct ip *ip);
/** dns_answer_ptr() - adds a PTR record; name without final dot; true when it is a valid name */
bool dns_answer_ptr(struct dns_answer *a, const char *name);
/** dns_answer_end() - counts, TC and OPT; returns the message's size */
size_t dns_answer_end(struct dns_answer *a);

/* --- an upstream's answers --- */

/**
 * dns_reply_matches() - whether p is an answer to the question of query
 * @query: as it was sent, n_query bytes, @q parsed from it (q->id is not looked at)
 *
 * Same id as query's first two bytes, QR set, and the same question (letters in any case). A
 * server that cannot or will not answer may leave the question out.
 */
bool dns_reply_matches(const uint8_t *query, const struct dns_question *q, const uint8_t *p,
		       size_t n);
/** dns_reply_rcode() - the rcode of a message of at least DNS_HDR_SIZE bytes */
unsigned dns_reply_rcode(const uint8_t *p);
/** dns_reply_truncate() - an answer too long for the client as head and question with TC set;
 * returns its new size, at most DNS_UDP_DEFAULT */
size_t dns_reply_truncate(const struct dns_question *q, uint8_t *p, size_t n);

#endif
