// SPDX-License-Identifier: MIT
/*
 * Netlink messages as bytes: a builder into the caller's buffer that remembers
 * overflow, and a parser that never reads past what it was given. netlink(7),
 * rtnetlink(7), Documentation/userspace-api/netlink/intro.rst.
 */
#ifndef NETLINK_MSG_H
#define NETLINK_MSG_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nl_build {
	unsigned char *data; /* borrowed, 4-byte aligned */
	size_t cap;
	size_t len;
	bool overflow; /* something did not fit; the message must not be sent */
};

struct nl_view {
	const unsigned char *p; /* borrowed */
	size_t n;
};

struct nl_attr {
	uint16_t type; /* without NLA_F_NESTED and NLA_F_NET_BYTEORDER */
	struct nl_view value;
};

struct nl_reply {
	uint16_t type;
	uint16_t flags;
	uint32_t seq;
	struct nl_view body; /* behind the header */
};

/** nl_build_init() - starts a message with its header; NLM_F_REQUEST is added to flags */
void nl_build_init(struct nl_build *b, void *data, size_t cap, uint16_t type, uint16_t flags);
/** nl_build_raw() - appends a fixed part (ifinfomsg, ...), padded */
void nl_build_raw(struct nl_build *b, const void *p, size_t n);
/** nl_build_attr() - appends an attribute */
void nl_build_attr(struct nl_build *b, uint16_t type, const void *p, size_t n);
/** nl_build_u32() - appends a 32-bit attribute in host order */
void nl_build_u32(struct nl_build *b, uint16_t type, uint32_t v);
/** nl_build_u8() - appends an 8-bit attribute */
void nl_build_u8(struct nl_build *b, uint16_t type, uint8_t v);
/** nl_build_str() - appends a string with its NUL */
void nl_build_str(struct nl_build *b, uint16_t type, const char *s);
/** nl_build_nest() - opens a nested attribute; returns its mark for nl_build_nest_end() */
size_t nl_build_nest(struct nl_build *b, uint16_t type);
/** nl_build_nest_end() - closes it */
void nl_build_nest_end(struct nl_build *b, size_t mark);
/** nl_build_end() - writes the length and sequence number; false after an overflow */
bool nl_build_end(struct nl_build *b, uint32_t seq);

/** nl_next_msg() - takes the next message off a datagram; false at the end or when malformed */
bool nl_next_msg(struct nl_view *v, struct nl_reply *ret);
/** nl_next_attr() - takes the next attribute; false at the end or when malformed */
bool nl_next_attr(struct nl_view *v, struct nl_attr *ret);
/** nl_skip() - takes a fixed part of n bytes (padded) off; NULL when it is not there */
const void *nl_skip(struct nl_view *v, size_t n);
/** nl_attr_u32() - value of a 32-bit attribute; fallback when the size is wrong */
uint32_t nl_attr_u32(const struct nl_attr *a, uint32_t fallback);
/** nl_attr_str() - copies a string attribute, cut and terminated */
void nl_attr_str(const struct nl_attr *a, char *out, size_t size);

#endif
