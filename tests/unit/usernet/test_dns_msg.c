// SPDX-License-Identifier: MIT
/* Questions taken apart, answers put together, and what must not be taken for either. */
#include "usernet/dns_msg.h"

#include <string.h>

#include "tests/unit/harness.h"

/* A question for name ("" the root); returns its size. */
static size_t question(uint8_t *p, const char *name, uint16_t type)
{
	size_t at = DNS_HDR_SIZE;

	memset(p, 0, DNS_HDR_SIZE);
	p[0] = 0x12;
	p[1] = 0x34;
	p[2] = 1; /* RD */
	p[5] = 1;
	while (*name != '\0') {
		size_t n = strcspn(name, ".");

		p[at++] = (uint8_t)n;
		memcpy(p + at, name, n);
		at += n;
		name += n + (name[n] == '.');
	}
	p[at++] = 0;
	p[at++] = (uint8_t)(type >> 8);
	p[at++] = (uint8_t)type;
	p[at++] = 0;
	p[at++] = 1;
	return at;
}

static size_t add_opt(uint8_t *p, size_t n, uint16_t size, uint8_t version)
{
	const uint8_t opt[] = {0, 0, 41, (uint8_t)(size >> 8), (uint8_t)size, 0, version, 0x80,
			       0, 0, 0};

	memcpy(p + n, opt, sizeof(opt));
	p[11]++;
	return n + sizeof(opt);
}

TEST(question_is_read)
{
	struct dns_question q;
	uint8_t p[600];
	size_t n = question(p, "Web.MyNet", DNS_A);

	CHECK_EQ(dns_question_parse(p, n, &q), DNS_NOERROR);
	CHECK_STR(q.name, "web.mynet");
	CHECK_EQ(q.id, 0x1234);
	CHECK_EQ(q.type, DNS_A);
	CHECK_EQ(q.class, DNS_CLASS_IN);
	CHECK(q.recursion && !q.edns);
	CHECK_EQ(q.udp_size, 512);
	CHECK_EQ(q.end, n);
	n = question(p, "", 6);
	CHECK_EQ(dns_question_parse(p, n, &q), DNS_NOERROR);
	CHECK_STR(q.name, "");
	n = question(p, "a b.c", DNS_A); /* not one of ours, but a fine question */
	CHECK_EQ(dns_question_parse(p, n, &q), DNS_NOERROR);
	CHECK_STR(q.name, "");
}

TEST(edns_size_and_version)
{
	struct dns_question q;
	uint8_t p[600];
	size_t n = question(p, "a", DNS_A);

	CHECK_EQ(dns_question_parse(p, add_opt(p, n, 4096, 0), &q), DNS_NOERROR);
	CHECK(q.edns && q.dnssec);
	CHECK_EQ(q.udp_size, 4096);
	n = question(p, "a", DNS_A);
	CHECK_EQ(dns_question_parse(p, add_opt(p, n, 100, 0), &q), DNS_NOERROR);
	CHECK_EQ(q.udp_size, 512);
	n = question(p, "a", DNS_A);
	CHECK_EQ(dns_question_parse(p, add_opt(p, n, 4096, 1), &q), DNS_BADVERS);
	n = question(p, "a", DNS_A);
	n = add_opt(p, n, 4096, 0);
	CHECK_EQ(dns_question_parse(p, add_opt(p, n, 4096, 0), &q), DNS_FORMERR);
}

TEST(malformed_questions)
{
	struct dns_question q;
	uint8_t p[600];
	size_t n = question(p, "web", DNS_A);

	for (size_t i = 0; i < DNS_HDR_SIZE; i++)
		CHECK_EQ(dns_question_parse(p, i, &q), -1);
	for (size_t i = DNS_HDR_SIZE; i < n; i++) {
		CHECK_EQ(dns_question_parse(p, i, &q), DNS_FORMERR);
		CHECK_EQ(q.end, DNS_HDR_SIZE);
	}
	p[2] = 0x80; /* an answer: never answered, or two servers would talk for ever */
	CHECK_EQ(dns_question_parse(p, n, &q), -1);
	p[2] = 5 << 3; /* UPDATE */
	CHECK_EQ(dns_question_parse(p, n, &q), DNS_NOTIMP);
	n = question(p, "web", DNS_A);
	p[5] = 2;
	CHECK_EQ(dns_question_parse(p, n, &q), DNS_FORMERR);
	n = question(p, "web", DNS_A);
	p[DNS_HDR_SIZE] = 0xc0; /* a pointer, to itself at that */
	p[DNS_HDR_SIZE + 1] = DNS_HDR_SIZE;
	CHECK_EQ(dns_question_parse(p, n, &q), DNS_FORMERR);
	n = question(p, "web", DNS_A);
	p[11] = 1; /* a record that is not there */
	CHECK_EQ(dns_question_parse(p, n, &q), DNS_FORMERR);
}

TEST(longest_name)
{
	char name[300] = "";
	struct dns_question q;
	uint8_t p[600];
	size_t n;

	memset(name, 'a', 253);
	name[63] = name[127] = name[191] = '.';
	CHECK_EQ(strlen(name), 253);
	n = question(p, name, DNS_A);
	CHECK_EQ(dns_question_parse(p, n, &q), DNS_NOERROR);
	CHECK_STR(q.name, name);
	name[253] = 'a';
	n = question(p, name, DNS_A);
	CHECK_EQ(dns_question_parse(p, n, &q), DNS_FORMERR);
}

TEST(answers)
{
	struct ip a = ip_v4(0xac120002), six = {.family = IP_V6, .bytes = {0xfd, [15] = 2}};
	struct dns_question q;
	struct dns_answer w;
	uint8_t p[600], out[600];
	size_t n = question(p, "web", DNS_A), len;

	CHECK_EQ(dns_question_parse(p, n, &q), DNS_NOERROR);
	dns_answer_begin(&w, &q, p, out, 512, DNS_NOERROR);
	dns_answer_ip(&w, &a);
	len = dns_answer_end(&w);
	CHECK_EQ(len, n + 16);
	CHECK_EQ(out[2], 0x81);
	CHECK_EQ(out[3], 0x80);
	CHECK_EQ(out[5], 1);
	CHECK_EQ(out[7], 1);
	CHECK(memcmp(out + n, "\xc0\x0c\0\1\0\1\0\0\2\x58\0\4\xac\x12\0\2", 16) == 0);
	CHECK(dns_reply_matches(p, &q, out, len));

	n = add_opt(p, n, 1232, 0);
	CHECK_EQ(dns_question_parse(p, n, &q), DNS_NOERROR);
	dns_answer_begin(&w, &q, p, out, q.udp_size, DNS_BADVERS);
	dns_answer_ip(&w, &six);
	len = dns_answer_end(&w);
	CHECK_EQ(len, q.end + 28 + 11);
	CHECK_EQ(out[11], 1); /* OPT counted, the extended rcode in it */
	CHECK_EQ(out[q.end + 28 + 5], 1);
	CHECK_EQ(out[3] & 0xf, 0);
}

TEST(too_many_answers_are_truncated)
{
	struct dns_question q;
	struct dns_answer w;
	uint8_t p[600], out[512];
	size_t n = question(p, "web", DNS_A), len;

	CHECK_EQ(dns_question_parse(p, n, &q), DNS_NOERROR);
	dns_answer_begin(&w, &q, p, out, sizeof(out), DNS_NOERROR);
	for (uint32_t i = 0; i < 100; i++) {
		struct ip a = ip_v4(0x0a000000 + i);

		dns_answer_ip(&w, &a);
	}
	len = dns_answer_end(&w);
	CHECK(len <= 512);
	CHECK(out[2] & 2);
	CHECK_EQ(out[7], (512 - n) / 16);
}

TEST(reverse_names)
{
	struct ip a;
	char text[IP_TEXT_SIZE];

	CHECK(dns_name_reverse("2.0.18.172.in-addr.arpa", &a));
	CHECK_STR(ip_format(&a, text), "172.18.0.2");
	CHECK(!dns_name_reverse("2.0.18.in-addr.arpa", &a));
	CHECK(!dns_name_reverse("2.0.18.256.in-addr.arpa", &a));
	CHECK(!dns_name_reverse("1.2.0.18.172.in-addr.arpa", &a));
	CHECK(!dns_name_reverse("in-addr.arpa", &a));
	CHECK(dns_name_reverse("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
			       "0.0.d.f.ip6.arpa",
			       &a));
	CHECK_STR(ip_format(&a, text), "fd00::2");
	CHECK(!dns_name_reverse("2.0.ip6.arpa", &a));
}

TEST(ptr_answer)
{
	struct dns_question q;
	struct dns_answer w;
	uint8_t p[600], out[600];
	size_t n = question(p, "2.0.18.172.in-addr.arpa", DNS_PTR);

	CHECK_EQ(dns_question_parse(p, n, &q), DNS_NOERROR);
	dns_answer_begin(&w, &q, p, out, 512, DNS_NOERROR);
	CHECK(dns_answer_ptr(&w, "web.mynet"));
	CHECK(!dns_answer_ptr(&w, "a..b"));
	CHECK(!dns_answer_ptr(&w, ""));
	CHECK_EQ(dns_answer_end(&w), n + 12 + 11);
	CHECK(memcmp(out + n + 12, "\3web\5mynet\0", 11) == 0);
}

TEST(replies_are_held_against_the_question)
{
	struct dns_question q;
	uint8_t p[600], r[600];
	size_t n = question(p, "example.com", DNS_A);

	CHECK_EQ(dns_question_parse(p, n, &q), DNS_NOERROR);
	question(r, "EXAMPLE.com", DNS_A);
	CHECK(!dns_reply_matches(p, &q, r, n)); /* a question itself */
	r[2] |= 0x80;
	CHECK(dns_reply_matches(p, &q, r, n));
	CHECK(!dns_reply_matches(p, &q, r, n - 1));
	r[0] ^= 1;
	CHECK(!dns_reply_matches(p, &q, r, n));
	question(r, "example.org", DNS_A);
	r[2] |= 0x80;
	CHECK(!dns_reply_matches(p, &q, r, n));
	question(r, "example.com", DNS_AAAA);
	r[2] |= 0x80;
	CHECK(!dns_reply_matches(p, &q, r, n));
	question(r, "example.com", DNS_A);
	r[2] |= 0x80;
	r[5] = 0; /* no question: only from who refuses */
	CHECK(!dns_reply_matches(p, &q, r, DNS_HDR_SIZE));
	r[3] |= DNS_REFUSED;
	CHECK(dns_reply_matches(p, &q, r, DNS_HDR_SIZE));
	CHECK(!dns_reply_matches(p, &q, r, DNS_HDR_SIZE - 1));
	r[5] = 1;
	CHECK_EQ(dns_reply_truncate(&q, r, 600), n);
	CHECK(r[2] & 2);
}
