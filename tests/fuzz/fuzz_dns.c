// SPDX-License-Identifier: MIT
/*
 * DNS messages from containers and from upstream servers. The first two bytes
 * divide the input into a question and an answer. A question that is accepted
 * is answered with a message that is an answer to it, within the size its
 * sender takes; an answer that matches keeps matching when it is truncated.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "usernet/dns_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct dns_question *q, const uint8_t *query, unsigned rcode,
			 unsigned count)
{
	size_t cap = MAX(q->udp_size, 512), n;
	uint8_t *out = xmalloc(cap);
	struct dns_question again;
	struct dns_answer a;

	dns_answer_begin(&a, q, query, out, cap, rcode);
	for (unsigned i = 0; i < count; i++) {
		struct ip ip = i % 2 != 0 ? (struct ip){.family = IP_V6} : ip_v4(i);

		dns_answer_ip(&a, &ip);
	}
	(void)dns_answer_ptr(&a, q->name);
	n = dns_answer_end(&a);
	if (n > cap || n < DNS_HDR_SIZE)
		abort();
	if (q->end > DNS_HDR_SIZE && !dns_reply_matches(query, q, out, n))
		abort();
	out[2] &= 0x7f; /* as a question its records can be stepped over */
	if (q->end > DNS_HDR_SIZE && rcode == DNS_NOERROR &&
	    dns_question_parse(out, n, &again) != DNS_NOERROR)
		abort();
	free(out);
}

static void check_reply(const struct dns_question *q, const uint8_t *query, const uint8_t *p,
			size_t n)
{
	uint8_t *copy;
	size_t cut;

	if (!dns_reply_matches(query, q, p, n))
		return;
	copy = xmemdup(p, n);
	cut = dns_reply_truncate(q, copy, n);
	if (cut > n || cut > DNS_UDP_DEFAULT || !dns_reply_matches(query, q, copy, cut))
		abort();
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n, left;
	uint8_t *query, *reply;
	struct dns_question q;
	struct ip ip;
	int rcode;

	if (size < 2)
		return 0;
	n = MIN((size_t)(data[0] << 8 | data[1]), size - 2);
	left = size - 2 - n;
	query = xmalloc(n + 1);
	memcpy(query, data + 2, n);
	reply = xmalloc(left + 1);
	memcpy(reply, data + 2 + n, left);
	rcode = dns_question_parse(query, n, &q);
	if (rcode >= 0) {
		if (q.end > n || strlen(q.name) >= DNS_NAME_SIZE || q.udp_size < DNS_UDP_DEFAULT)
			abort();
		if (dns_name_reverse(q.name, &ip) && ip.family == IP_NONE)
			abort();
		check_answer(&q, query, (unsigned)rcode, rcode == 0 ? (unsigned)(size % 600) : 0);
		if (rcode == DNS_NOERROR)
			check_reply(&q, query, reply, left);
	}
	free(query);
	free(reply);
	return 0;
}
