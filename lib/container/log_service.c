// SPDX-License-Identifier: MIT
/*
 * Messages to syslog (RFC 3164, RFC 5424, and the short form of /dev/log) and to
 * journald (systemd's native protocol: fields "NAME=value\n", or NAME, "\n", the
 * length in 64 bits and the bytes). Forms, tags and fields are Docker's.
 *
 * The queue holds messages with their lengths, the oldest at head; a stream may
 * have taken the first `sent` bytes of it. Without a socket nothing but a timer
 * is left, and not even that while the queue is empty: the next message tries.
 */
#include "container/log_service.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/net.h"
#include "base/rand.h"
#include "base/str.h"
#include "base/time.h"
#include "config/limits.h"
#include "json/json.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

enum { SEVERITY_ERR = 3, SEVERITY_INFO = 6 };

struct partial { /* of one stream: the pieces of a long line */
	char id[RAND_ID_LEN + 1];
	unsigned ordinal; /* of the last piece; 0: none has been */
};

struct log_service {
	const struct container_log *config;
	struct loop *loop;
	struct loop_source *source;
	struct loop_timer *retry; /* while it is away and something waits */
	int retry_ms;
	int fd; /* -1: away */
	int type;
	char *path;		      /* of a unix socket, or NULL: */
	struct sockaddr_storage peer; /* where it was reached first */
	socklen_t peer_len;
	bool stalled;	  /* it has been waited for in vain since the queue was empty */
	struct buf queue; /* size_t and as many bytes each */
	size_t head, sent;
	struct buf text;   /* the message being made */
	struct buf fields; /* of each message to journald */
	char host[65];
	uint64_t ordinal;
	struct partial partial[2];
};

/* --- the connection --- */

static void flush(struct log_service *s);
static void reach(struct log_service *s);

static void on_retry(struct loop *l UNUSED, void *arg)
{
	struct log_service *s = arg;

	s->retry = NULL;
	reach(s);
}

static void lost(struct log_service *s)
{
	loop_del(s->loop, TAKE(s->source));
	fd_close(&s->fd);
	s->sent = 0; /* a message torn apart is sent anew */
	if (s->retry == NULL && s->queue.len > s->head) {
		s->retry = loop_timer(s->loop, s->retry_ms, on_retry, s);
		s->retry_ms = MIN(2 * s->retry_ms, LOG_RETRY_LAST_MS);
	}
}

static void on_socket(struct loop *l UNUSED, int fd, uint32_t events, void *arg)
{
	struct log_service *s = arg;
	char ignored[256];
	ssize_t n;

	/* a server has nothing to say but that it ends; datagrams' errors are told by sending */
	if (events & ~(uint32_t)EPOLLOUT) {
		n = recv(fd, ignored, sizeof(ignored), MSG_DONTWAIT);
		if ((n == 0 && s->type == SOCK_STREAM) || (n < 0 && errno != EAGAIN)) {
			lost(s);
			return;
		}
	}
	if (events & EPOLLOUT)
		flush(s);
}

static int use(struct log_service *s, int fd, struct err *e)
{
	s->fd = fd;
	s->source = loop_add(s->loop, fd, EPOLLIN, on_socket, s, e);
	if (s->source == NULL)
		fd_close(&s->fd);
	return s->fd;
}

/* tries to get the socket back without waiting */
static void reach(struct log_service *s)
{
	CLEANUP(fd_closep) int fd = -1;
	struct err ignored;

	if (s->path != NULL) {
		fd = net_connect_unix(s->path, s->type | SOCK_NONBLOCK, &ignored);
	} else {
		fd = socket(s->peer.ss_family, s->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd >= 0 && connect(fd, (struct sockaddr *)&s->peer, s->peer_len) < 0 &&
		    errno != EINPROGRESS)
			fd_close(&fd);
	}
	if (fd < 0 || use(s, TAKE_FD(fd), &ignored) < 0)
		lost(s);
	else
		loop_mod(s->loop, s->source, EPOLLIN | EPOLLOUT);
}

static int connect_path(struct log_service *s, const char *path, int type, struct err *e)
{
	int fd = net_connect_unix(path, type | SOCK_NONBLOCK, e);

	s->type = type;
	str_replace_ptr(&s->path, path);
	return fd;
}

static int connect_usual(struct log_service *s, struct err *e)
{
	static const char *const paths[] = {"/dev/log", "/var/run/syslog", "/var/run/log"};
	int fd = -1;

	for (size_t i = 0; i < 2 * ARRAY_LEN(paths) && fd < 0; i++)
		fd = connect_path(s, paths[i / 2], i % 2 ? SOCK_STREAM : SOCK_DGRAM, e);
	if (fd < 0)
		err_set(e, ERR_UNAVAILABLE, 0, "Unix syslog delivery error");
	return fd;
}

/* "tcp:HOST:PORT", "udp:HOST:PORT"; HOST may be in brackets */
static int connect_host(struct log_service *s, const char *address, struct err *e)
{
	const char *colon = strrchr(address, ':');
	bool brackets = address[4] == '[';
	CLEANUP(freep)
	char *host = xstrndup(address + 4 + brackets, (size_t)(colon - address) - 4 - 2 * brackets);
	uint64_t port = 0;
	int fd;

	if (str_u64(colon + 1, UINT16_MAX, &port) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid port: %s", colon + 1);
	s->type = *address == 't' ? SOCK_STREAM : SOCK_DGRAM;
	fd = *address == 't' ? net_connect_tcp(host, (uint16_t)port, LOG_CONNECT_MS, e)
			     : net_connect_udp(host, (uint16_t)port, e);
	s->peer_len = sizeof(s->peer);
	if (fd >= 0 && getpeername(fd, (struct sockaddr *)&s->peer, &s->peer_len) < 0)
		fd_close(&fd);
	return fd;
}

static int connect_first(struct log_service *s, struct err *e)
{
	const char *address = s->config->address, *path;
	int fd;

	if (str_eq(s->config->service, "journald")) {
		fd = connect_path(s, address != NULL ? address : JOURNAL_SOCKET, SOCK_DGRAM, e);
		if (fd < 0)
			err_set(e, ERR_UNAVAILABLE, 0, "journald is not enabled on this host");
		return fd;
	}
	if (address == NULL)
		return connect_usual(s, e);
	if ((path = str_skip(address, "unix:")) != NULL)
		return connect_path(s, path, SOCK_STREAM, e);
	if ((path = str_skip(address, "unixgram:")) != NULL)
		return connect_path(s, path, SOCK_DGRAM, e);
	return connect_host(s, address, e);
}

/* --- the queue --- */

/* -1: the service is gone; 0: not all was taken, 1: all */
static int send_bytes(struct log_service *s, const char *p, size_t n, size_t *sent)
{
	while (*sent < n) {
		ssize_t r = send(s->fd, p + *sent, n - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0 && errno == EMSGSIZE)
			break; /* a datagram that no service can take */
		if (r < 0)
			return errno == EAGAIN || errno == ENOBUFS ? 0 : -1;
		*sent += (size_t)r;
	}
	*sent = 0;
	s->retry_ms = LOG_RETRY_FIRST_MS;
	return 1;
}

static void flush(struct log_service *s)
{
	size_t n;
	int r;

	while (s->fd >= 0 && s->head < s->queue.len) {
		memcpy(&n, s->queue.data + s->head, sizeof(n));
		r = send_bytes(s, s->queue.data + s->head + sizeof(n), n, &s->sent);
		if (r < 0)
			lost(s);
		if (r <= 0)
			return;
		s->head += sizeof(n) + n;
	}
	if (s->fd < 0)
		return;
	buf_clear(&s->queue);
	s->head = 0;
	s->stalled = false;
	loop_mod(s->loop, s->source, EPOLLIN);
}

static bool is_full(const struct log_service *s)
{
	uint64_t most = s->config->buffer_bytes != 0 ? s->config->buffer_bytes : LOG_BUFFER_DEFAULT;

	return s->queue.len > s->head && s->queue.len - s->head + s->text.len > most;
}

static void wait_writable(struct log_service *s, int64_t wait_ms,
			  bool (*until)(const struct log_service *s))
{
	int64_t end = time_mono_ms() + wait_ms, left;

	while (s->fd >= 0 && until(s) && (left = end - time_mono_ms()) > 0)
		if (fd_wait(s->fd, POLLOUT, (int)left) > 0)
			flush(s);
}

static void enqueue(struct log_service *s)
{
	size_t n = s->text.len;

	if (is_full(s) && s->fd >= 0 && !s->config->drop && !s->stalled) {
		wait_writable(s, LOG_STALL_MS, is_full);
		s->stalled = is_full(s);
	}
	if (is_full(s))
		return;
	if (s->head > s->queue.len / 2) {
		buf_consume(&s->queue, s->head);
		s->head = 0;
	}
	buf_add(&s->queue, &n, sizeof(n));
	buf_add(&s->queue, s->text.data, n);
}

/* the message in text, behind what waits */
static void deliver(struct log_service *s)
{
	int r;

	if (s->fd < 0 && s->retry == NULL)
		reach(s);
	if (s->fd >= 0 && s->queue.len == 0) {
		r = send_bytes(s, s->text.data, s->text.len, &s->sent);
		if (r > 0)
			return;
		enqueue(s);
		if (r < 0)
			lost(s);
	} else {
		enqueue(s);
	}
	if (s->fd >= 0)
		loop_mod(s->loop, s->source, EPOLLIN | EPOLLOUT);
	else if (s->retry == NULL)
		lost(s);
}

/* --- messages --- */

static void add_stamp(struct buf *out, const char *format, int64_t now_nsec)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t sec = now_nsec / 1000000000;
	struct tm t = {0};

	localtime_r(&sec, &t);
	if (!str_starts(format, "rfc5424")) {
		buf_addf(out, "%.3s %2d %02d:%02d:%02d ", months + 3 * t.tm_mon, t.tm_mday,
			 t.tm_hour, t.tm_min, t.tm_sec);
		return;
	}
	buf_addf(out, "%04d-%02d-%02dT%02d:%02d:%02d", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
		 t.tm_hour, t.tm_min, t.tm_sec);
	if (str_eq(format, "rfc5424micro"))
		buf_addf(out, ".%06d", (int)(now_nsec / 1000 % 1000000));
	if (t.tm_gmtoff == 0)
		buf_addstr(out, "Z ");
	else
		buf_addf(out, "%c%02d:%02d ", t.tm_gmtoff < 0 ? '-' : '+',
			 abs((int)t.tm_gmtoff) / 3600, abs((int)t.tm_gmtoff) / 60 % 60);
}

static void make_syslog(struct log_service *s, const char *p, size_t n, bool is_stderr,
			int64_t now_nsec)
{
	const char *format = s->config->format != NULL ? s->config->format : "",
		   *tag = s->config->tag;
	bool modern = str_starts(format, "rfc5424");

	buf_addf(&s->text, modern ? "<%d>1 " : "<%d>",
		 s->config->facility | (is_stderr ? SEVERITY_ERR : SEVERITY_INFO));
	add_stamp(&s->text, format, now_nsec);
	if (*format != '\0')
		buf_addf(&s->text, "%s ", s->host);
	buf_addf(&s->text, modern ? "%s %d %s - " : "%s[%d]: ", tag, getpid(), tag);
	buf_add(&s->text, p, n);
	buf_addch(&s->text, '\n');
}

static void add_field(struct buf *out, const char *name, const char *p, size_t n)
{
	buf_addstr(out, name);
	if (memchr(p, '\n', n) == NULL) {
		buf_addch(out, '=');
	} else {
		buf_addch(out, '\n');
		for (int i = 0; i < 64; i += 8)
			buf_addch(out, (char)((uint64_t)n >> i));
	}
	buf_add(out, p, n);
	buf_addch(out, '\n');
}

static void add_partial(struct buf *out, struct partial *part, bool whole)
{
	if (whole && part->ordinal == 0)
		return;
	if (part->ordinal++ == 0)
		rand_hex(part->id, RAND_ID_LEN);
	buf_addf(out,
		 "CONTAINER_PARTIAL_ID=%s\nCONTAINER_PARTIAL_ORDINAL=%u\n"
		 "CONTAINER_PARTIAL_LAST=%s\n",
		 part->id, part->ordinal, whole ? "true" : "false");
	if (whole)
		part->ordinal = 0;
	else
		buf_addstr(out, "CONTAINER_PARTIAL_MESSAGE=true\n");
}

static void make_journald(struct log_service *s, const char *p, size_t n, bool is_stderr,
			  bool whole, int64_t now_nsec)
{
	char when[TIME_RFC3339_SIZE];

	time_format(now_nsec, when);
	buf_addf(&s->text, "PRIORITY=%d\n", is_stderr ? SEVERITY_ERR : SEVERITY_INFO);
	add_field(&s->text, "MESSAGE", p, n);
	buf_add(&s->text, s->fields.data, s->fields.len);
	add_partial(&s->text, &s->partial[is_stderr], whole);
	buf_addf(&s->text, "SYSLOG_TIMESTAMP=%s\nCONTAINER_LOG_ORDINAL=%llu\n", when,
		 (unsigned long long)++s->ordinal);
}

void log_service_send(struct log_service *s, const char *p, size_t n, bool is_stderr, bool whole,
		      int64_t now_nsec)
{
	buf_reset(&s->text);
	if (str_eq(s->config->service, "journald"))
		make_journald(s, p, n, is_stderr, whole, now_nsec);
	else if (n > 0) /* Docker leaves empty lines out */
		make_syslog(s, p, n, is_stderr, now_nsec);
	else
		return;
	deliver(s);
}

/* --- beginning and end --- */

static int read_fields(struct log_service *s, struct err *e)
{
	CLEANUP(json_freep) struct json *v = NULL;
	char epoch[RAND_ID_LEN + 1];

	if (json_parse(s->config->attrs, strlen(s->config->attrs), &v, e) < 0)
		return -1;
	json_for_each (f, v)
		add_field(&s->fields, json_key(f), json_str(f), json_str_len(f));
	rand_hex(epoch, RAND_ID_LEN);
	add_field(&s->fields, "CONTAINER_LOG_EPOCH", epoch, RAND_ID_LEN);
	return 0;
}

struct log_service *log_service_new(const struct container_log *config, struct loop *loop,
				    struct err *e)
{
	struct log_service *s = xcalloc(1, sizeof(*s));
	int fd = -1;

	*s = (struct log_service){
		.config = config, .loop = loop, .fd = -1, .retry_ms = LOG_RETRY_FIRST_MS};
	gethostname(s->host, sizeof(s->host) - 1);
	if (config->attrs == NULL || read_fields(s, e) == 0)
		fd = connect_first(s, e);
	if (fd >= 0 && use(s, fd, e) >= 0)
		return s;
	log_service_free(s);
	return NULL;
}

static bool is_waiting(const struct log_service *s)
{
	return s->queue.len > s->head;
}

void log_service_free(struct log_service *s)
{
	if (s == NULL)
		return;
	wait_writable(s, LOG_END_MS, is_waiting);
	loop_timer_cancel(s->loop, s->retry);
	loop_del(s->loop, s->source);
	fd_close(&s->fd);
	buf_clear(&s->queue);
	buf_clear(&s->text);
	buf_clear(&s->fields);
	free(s->path);
	free(s);
}
