// SPDX-License-Identifier: MIT
/*
 * What usernet counts: everything it drops or refuses, each at the place where
 * that happens. Only the loop writes; names are for whoever shows them.
 */
#ifndef USERNET_STATS_H
#define USERNET_STATS_H

#include <stdint.h>

/* name, what is counted */
#define USERNET_STATS(X)                                                             \
	X(malformed, "packets out of N that no parser takes")                        \
	X(bad_destination, "packets to addresses that are closed")                   \
	X(bad_source, "packets from addresses nobody may have")                      \
	X(unknown_protocol, "packets of other protocols than TCP, UDP and ICMP")     \
	X(icmp_other, "ICMP of N that is neither an echo request nor of use")        \
	X(tun_full, "packets N's kernel did not take")                               \
	X(frag_dropped, "fragments that overlapped, were too many or too old")       \
	X(tcp_syn_limit, "SYNs beyond a limit of connections")                       \
	X(tcp_syn_rate, "SYNs beyond the new flows a millisecond may bring")         \
	X(tcp_fast, "TCP connections that took the fast path")                       \
	X(tcp_translated, "TCP connections that were translated")                    \
	X(tcp_stray, "segments of no connection")                                    \
	X(udp_evicted, "UDP flows that gave way to newer ones")                      \
	X(udp_limit, "datagrams beyond a limit of flows")                            \
	X(udp_rate, "datagrams beyond the new flows a millisecond may bring")        \
	X(udp_send_full, "datagrams the host's socket did not take")                 \
	X(udp_gathered, "times gathering was switched on for many single datagrams") \
	X(udp_too_big, "datagrams larger than a packet")                             \
	X(ping_limit, "echo requests beyond a limit of flows")                       \
	X(ping_refused, "echo requests the host does not let us send")               \
	X(no_descriptor, "flows that got no descriptor or port")                     \
	X(no_memory, "flows and buffers that got no memory")                         \
	X(dns_questions, "questions for names that came in")                         \
	X(dns_dropped, "questions malformed, answers nobody took")                   \
	X(dns_limit, "questions beyond a limit of those under way")                  \
	X(dns_failed, "questions no server answered")                                \
	X(dns_mismatch, "answers that were not to what was asked")

struct usernet_stats {
#define X(name, help) uint64_t name;
	USERNET_STATS(X)
#undef X
};

#endif
