// SPDX-License-Identifier: MIT
/*
 * The feed: what the engine tells usernet beside packets. A SOCK_SEQPACKET
 * socket listens at $STATE_DIR/usernet.sock (FEED_SOCKET); rootlesskit's parent
 * makes it and keeps it while usernet is started again, usernet accepts, and
 * only the same uid is heard. A message is a head and tagged fields:
 *
 *   op              fields                       answered
 *   FEED_BEGIN      -                            no: endpoints set from here on ...
 *   FEED_SET        one endpoint, whole          no
 *   FEED_DEL        ENDPOINT                     no
 *   FEED_END        -                            no: ... and only those are left now
 *   FEED_LISTENERS  LISTENER, any number         no: the engine's own TCP listeners, the whole list
 *   FEED_GATEWAY    V4, V6                       no: what host.docker.internal means (none:
 *                                                nothing); never sent: the tun's gateway
 *   FEED_STATS      -                            FEED_STATS with STAT fields
 *
 * usernet keeps the table when the sender's connection ends, and reads what is
 * queued before it answers a DNS question: when a send has returned, the next
 * question sees it. A malformed message ends its connection.
 */
#ifndef USERNET_FEED_H
#define USERNET_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "netlink/ip.h"

#define FEED_SOCKET	"usernet.sock" /* in the state directory */
#define FEED_VERSION	1
#define FEED_ID_SIZE	65 /* 64 hexadecimal digits and NUL */
#define FEED_TIMEOUT_MS 4000
#define FEED_STAT_NAME	48

enum feed_op {
	FEED_BEGIN = 1,
	FEED_SET,
	FEED_DEL,
	FEED_END,
	FEED_LISTENERS,
	FEED_STATS,
	FEED_GATEWAY,
};

/* One container's place in one network. The container is known to usernet by the source address
 * of its questions; names of an endpoint are answered to the containers of the same network. */
struct feed_endpoint {
	char endpoint_id[FEED_ID_SIZE]; /* unique; a second set replaces the first */
	char container_id[FEED_ID_SIZE];
	char network_id[FEED_ID_SIZE];
	char *network_name; /* for "web.mynet" and for PTR */
	struct ip v4, v6;   /* IP_NONE: none */
	uint32_t order;	    /* of this container's networks in a search: lowest first */
	/* What is answered for this endpoint: container name, aliases, short id, hostname, as
	 * Docker registers them; the first is what PTR shows. Empty: none (the default bridge). */
	struct strv names;
	/* --link and links of an endpoint: "alias=name", known to this container alone; name is
	 * looked up in this network */
	struct strv links;
	/* --dns of the container, addresses as text: asked instead of the host's servers. The same
	 * in each of its endpoints */
	struct strv dns;
	bool internal;	/* of the network: a container with no other network is not forwarded for */
	bool ndots_set; /* --dns-option ndots:N with N > 0 was given: names without a dot are not
			   forwarded, as Docker does */
};

struct feed_listener {
	struct ip ip;  /* 0.0.0.0 and :: are every address of the host */
	uint16_t port; /* host order */
};

struct feed_stat {
	char name[FEED_STAT_NAME]; /* "dns_queries" */
	uint64_t value;
};

/** feed_endpoint_clear() - frees what e owns and empties it */
void feed_endpoint_clear(struct feed_endpoint *e);
/** feed_endpoint_copy() - a deep copy into *ret, which is overwritten */
void feed_endpoint_copy(struct feed_endpoint *ret, const struct feed_endpoint *e);

/* --- messages (feed.c); no I/O --- */

/** feed_put_head() - starts a message: b is emptied */
void feed_put_head(struct buf *b, enum feed_op op);
/** feed_put_endpoint() - a whole FEED_SET message into b; ERR_INVALID when it is beyond
 * FEED_MESSAGE_MAX (config/limits.h) */
int feed_put_endpoint(struct buf *b, const struct feed_endpoint *ep, struct err *e) WARN_UNUSED;
/** feed_put_del() - a whole FEED_DEL message into b */
void feed_put_del(struct buf *b, const char *endpoint_id);
/** feed_put_listeners() - a whole FEED_LISTENERS message into b */
void feed_put_listeners(struct buf *b, const struct feed_listener *l, size_t n);
/** feed_put_gateway() - a whole FEED_GATEWAY message into b */
void feed_put_gateway(struct buf *b, const struct ip *v4, const struct ip *v6);
/** feed_put_stat() - appends one STAT field to an answer begun by feed_put_head() */
void feed_put_stat(struct buf *b, const char *name, uint64_t value);

struct feed_message {
	enum feed_op op;
	struct feed_endpoint
		endpoint; /* FEED_SET; FEED_DEL: endpoint_id only; FEED_GATEWAY: v4, v6 */
	struct feed_listener *listeners; /* FEED_LISTENERS */
	size_t n_listeners;
	struct feed_stat *stats; /* FEED_STATS */
	size_t n_stats;
};

/** feed_parse() - one message of n bytes; unknown fields are ignored, names are not checked.
 * feed_message_clear(). ERR_INVALID when malformed */
int feed_parse(const void *p, size_t n, struct feed_message *ret, struct err *e) WARN_UNUSED;
/** feed_message_clear() - frees */
void feed_message_clear(struct feed_message *m);

/* --- the sender's side (feed_client.c); blocking, any thread, one at a time per descriptor --- */

/** feed_connect() - connects to state_dir's FEED_SOCKET; fd, the caller's, or -1. It succeeds while
 * usernet is being started again: messages wait in the socket */
int feed_connect(const char *state_dir, struct err *e) WARN_UNUSED;
/** feed_send() - one message; 0, or -1: ERR_TIMEOUT when the socket stays full for timeout_ms
 * (0: do not wait), ERR_UNAVAILABLE when usernet has ended */
int feed_send(int fd, const struct buf *b, int timeout_ms, struct err *e) WARN_UNUSED;
/** feed_stats() - usernet's counters over a connection of its own, within FEED_TIMEOUT_MS; the
 * array is the caller's, free() it */
int feed_stats(const char *state_dir, struct feed_stat **ret, size_t *ret_n,
	       struct err *e) WARN_UNUSED;

#endif
