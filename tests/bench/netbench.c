// SPDX-License-Identifier: MIT
/*
 * Both ends of make bench-net: one static program that needs nothing around it, so that it is
 * the whole image of the containers that are measured.
 *
 *   netbench serve PORT            TCP and UDP on every address, IPv4 and IPv6, until killed
 *   netbench put ADDR PORT MS      sends for MS, prints Gbit/s as the server received it
 *   netbench get ADDR PORT MS      receives for MS, prints Gbit/s
 *   netbench cycle ADDR PORT N     N times connect, a byte each way, close: median in us
 *   netbench cycles ADDR PORT MS   the same, 16 at a time: number in a second
 *   netbench rr ADDR PORT N        N round trips of one byte on one connection: median in us
 *   netbench hold ADDR PORT N      N connections and a byte each way on each, or as many as are
 * made without waiting for 30 s: "held N"; at SIGUSR1 a byte each way on all of them again: "alive
 * N" netbench who ADDR PORT [FROM]  asks by TCP, then by UDP, which address the server sees; FROM
 * is where the question comes from: "address tcp\naddress udp\n" netbench udp ADDR PORT MS LEN
 * sends datagrams of LEN bytes as fast as it can for MS, prints what arrived: Mbit/s, thousands of
 * datagrams a second, GB netbench bursts ADDR PORT MS LEN  the same as QUIC programs do it: the
 * sender hands 64 at a time to the kernel (UDP_SEGMENT), the receiver may get them joined
 *
 * The first byte of a connection says what the server does: 'e' echoes bytes, 's' counts what
 * comes until the end and answers the number, 'g' and a 32-bit number sends for so many ms, 'u'
 * and 'U' (taking them joined) set the count of datagrams to 0 and answer it, by then 8 bytes of
 * datagrams and 8 of bytes, for each byte that follows, 'w' answers with the client's address. So
 * does a datagram 'w'.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#define UDP_GRO	    104
#endif

enum {
	BLOCK = 128 * 1024,
	PARALLEL = 16,
	SAMPLES_MAX = 100000,
	SERVED_MAX = 131072,
	DATAGRAMS = 16,
	BURST = 64,
	PATIENCE = 300 /* tenths of a second; none while the whole machine stands still */
};

static _Atomic uint64_t datagrams, datagram_bytes;
static int datagram_fd;

static uint64_t now_nsec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "netbench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *block_new(void)
{
	void *p = malloc(BLOCK);

	if (!p)
		die("malloc");
	memset(p, 'x', BLOCK);
	return p;
}

static int read_all(int fd, void *to, size_t n)
{
	char *at = to;

	while (n > 0) {
		ssize_t r = read(fd, at, n);

		if (r <= 0)
			return -1;
		at += r;
		n -= (size_t)r;
	}
	return 0;
}

/* Latency is what is measured; and reno wherever the socket is made. */
static void tune(int fd)
{
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
}

/* --- the server ----------------------------------------------------------------------- */

static uint64_t receive_all(int fd, char *block)
{
	uint64_t sum = 0;
	ssize_t n;

	while ((n = read(fd, block, BLOCK)) > 0)
		sum += (uint64_t)n;
	return sum;
}

static void send_for(int fd, char *block, uint32_t ms)
{
	uint64_t end = now_nsec() + (uint64_t)ms * 1000000;

	while (now_nsec() < end && write(fd, block, BLOCK) > 0)
		;
}

static void tell_datagrams(int fd, int joined)
{
	uint64_t counts[2];
	char c;

	setsockopt(datagram_fd, IPPROTO_UDP, UDP_GRO, &joined, sizeof(joined));
	atomic_store(&datagrams, 0);
	atomic_store(&datagram_bytes, 0);
	while (write(fd, "k", 1) == 1 && read(fd, &c, 1) == 1) {
		counts[0] = atomic_load(&datagrams);
		counts[1] = atomic_load(&datagram_bytes);
		if (write(fd, counts, sizeof(counts)) != sizeof(counts))
			break;
	}
}

static int name_of(const struct sockaddr_storage *sa, char out[INET6_ADDRSTRLEN]);

static void tell_who(int fd)
{
	struct sockaddr_storage sa = {0};
	socklen_t len = sizeof(sa);
	char name[INET6_ADDRSTRLEN];

	getpeername(fd, (struct sockaddr *)&sa, &len);
	if (write(fd, name, (size_t)name_of(&sa, name)) < 0)
		perror("netbench: answer");
}

struct work {
	int fd;
	char verb;
};

static void *bulk(void *arg)
{
	struct work w = *(struct work *)arg;
	char *block = block_new();
	uint64_t sum;
	uint32_t ms;

	free(arg);
	if (w.verb == 's') {
		sum = receive_all(w.fd, block);
		if (write(w.fd, &sum, sizeof(sum)) < 0)
			perror("netbench: answer");
	} else if (w.verb == 'g' && read_all(w.fd, &ms, sizeof(ms)) == 0) {
		send_for(w.fd, block, ms);
	} else if (w.verb == 'u' || w.verb == 'U') {
		tell_datagrams(w.fd, w.verb == 'U');
	} else if (w.verb == 'w') {
		tell_who(w.fd);
	}
	close(w.fd);
	free(block);
	return NULL;
}

static void hand_over(int ep, int fd, char verb)
{
	struct work *w = malloc(sizeof(*w));
	pthread_t t;

	epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
	if (!w)
		die("malloc");
	*w = (struct work){.fd = fd, .verb = verb};
	if (pthread_create(&t, NULL, bulk, w) != 0)
		die("pthread_create");
	pthread_detach(t);
}

static int listener(uint16_t port, int type)
{
	struct sockaddr_in6 sa = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){4 << 20}, sizeof(int));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		die("bind");
	return fd;
}

/* "192.0.2.7", "2001:db8::7" */
static int name_of(const struct sockaddr_storage *sa, char out[INET6_ADDRSTRLEN])
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)sa;
	const char *at;

	inet_ntop(AF_INET6, &six->sin6_addr, out, INET6_ADDRSTRLEN);
	at = IN6_IS_ADDR_V4MAPPED(&six->sin6_addr) ? strrchr(out, ':') + 1 : out;
	memmove(out, at, strlen(at) + 1);
	return (int)strlen(out);
}

/* Counts what comes; a datagram that starts with 'e' is sent back. */
static void *datagram_server(void *arg)
{
	int fd = datagram_fd = listener((uint16_t)(uintptr_t)arg, SOCK_DGRAM);
	char *block = block_new();

	for (;;) {
		_Alignas(struct cmsghdr) char control[64];
		struct sockaddr_storage from;
		struct iovec iov = {.iov_base = block, .iov_len = BLOCK};
		struct msghdr m = {.msg_name = &from,
				   .msg_namelen = sizeof(from),
				   .msg_iov = &iov,
				   .msg_iovlen = 1,
				   .msg_control = control,
				   .msg_controllen = sizeof(control)};
		ssize_t n = recvmsg(fd, &m, 0);
		struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(&m);
		char name[INET6_ADDRSTRLEN];
		int size = 0;

		if (n < 0)
			continue;
		if (c && c->cmsg_level == IPPROTO_UDP && c->cmsg_type == UDP_GRO)
			memcpy(&size, CMSG_DATA(c), sizeof(size));
		atomic_fetch_add(&datagrams, size > 0 ? (n + size - 1) / size : 1);
		atomic_fetch_add(&datagram_bytes, (uint64_t)n);
		if (n > 0 && block[0] == 'e')
			sendto(fd, block, (size_t)n, 0, m.msg_name, m.msg_namelen);
		if (n > 0 && block[0] == 'w')
			sendto(fd, name, (size_t)name_of(&from, name), 0, m.msg_name,
			       m.msg_namelen);
	}
	return NULL;
}

static void turn(int ep, int fd, int *is_new)
{
	char c[512];
	ssize_t n = read(fd, c, *is_new ? 1 : sizeof(c));

	if (n <= 0) {
		close(fd);
		return;
	}
	if (*is_new && c[0] != 'e') {
		*is_new = 0;
		hand_over(ep, fd, c[0]);
		return;
	}
	*is_new = 0;
	if (write(fd, c, (size_t)n) < 0)
		close(fd);
}

static void serve(uint16_t port)
{
	static int fresh[SERVED_MAX]; /* by descriptor: its first byte is still to come */
	struct epoll_event ev[64];
	int lis = listener(port, SOCK_STREAM), ep = epoll_create1(EPOLL_CLOEXEC);
	pthread_t t;

	if (listen(lis, 4096) < 0)
		die("listen");
	if (pthread_create(&t, NULL, datagram_server, (void *)(uintptr_t)port) != 0)
		die("pthread_create");
	epoll_ctl(ep, EPOLL_CTL_ADD, lis, &(struct epoll_event){.events = EPOLLIN, .data.fd = lis});
	for (;;) {
		int n = epoll_wait(ep, ev, 64, -1);

		for (int i = 0; i < n; i++) {
			int fd = ev[i].data.fd;

			if (fd != lis) {
				turn(ep, fd, &fresh[fd]);
				continue;
			}
			fd = accept4(lis, NULL, NULL, SOCK_CLOEXEC);
			if (fd < 0 || fd >= SERVED_MAX)
				continue;
			tune(fd);
			fresh[fd] = 1;
			epoll_ctl(ep, EPOLL_CTL_ADD, fd,
				  &(struct epoll_event){.events = EPOLLIN, .data.fd = fd});
		}
	}
}

/* --- the client ----------------------------------------------------------------------- */

static struct sockaddr_storage server;
static socklen_t server_len;

static void resolve(const char *addr, const char *port)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV}, *ai;

	if (getaddrinfo(addr, port, &hints, &ai) != 0)
		die(addr);
	memcpy(&server, ai->ai_addr, ai->ai_addrlen);
	server_len = ai->ai_addrlen;
	freeaddrinfo(ai);
}

static struct sockaddr_storage source; /* family 0: any */

static int dial(int type)
{
	int fd = socket(server.ss_family, type | SOCK_CLOEXEC, 0);

	if (source.ss_family != 0 && bind(fd, (struct sockaddr *)&source, server_len) < 0)
		die("bind");

	if (type == SOCK_STREAM)
		tune(fd);
	if (fd < 0 || connect(fd, (struct sockaddr *)&server, server_len) < 0)
		die("connect");
	return fd;
}

static double gbits(uint64_t bytes, uint64_t nsec)
{
	return (double)bytes * 8 / (double)nsec;
}

static void put(uint32_t ms)
{
	char *block = block_new();
	uint64_t start, sum;
	int fd = dial(SOCK_STREAM);

	if (write(fd, "s", 1) != 1)
		die("write");
	start = now_nsec();
	send_for(fd, block, ms);
	shutdown(fd, SHUT_WR);
	if (read_all(fd, &sum, sizeof(sum)) < 0)
		die("no answer");
	printf("%.3f %.6f\n", gbits(sum, now_nsec() - start), (double)sum / 1e9);
}

static void get(uint32_t ms)
{
	char *block = block_new(), ask[5] = "g";
	uint64_t start, sum;
	int fd = dial(SOCK_STREAM);

	memcpy(ask + 1, &ms, sizeof(ms));
	start = now_nsec();
	if (write(fd, ask, sizeof(ask)) != sizeof(ask))
		die("write");
	sum = receive_all(fd, block);
	printf("%.3f %.6f\n", gbits(sum, now_nsec() - start), (double)sum / 1e9);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_median(double *us, uint32_t n)
{
	qsort(us, n, sizeof(*us), by_value);
	printf("%.1f\n", us[n / 2]);
}

static void one_cycle(void)
{
	char c = 'e';
	int fd = dial(SOCK_STREAM);

	if (write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1)
		die("cycle");
	close(fd);
}

static void cycle(uint32_t n)
{
	static double us[SAMPLES_MAX];

	n = n < SAMPLES_MAX ? n : SAMPLES_MAX;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t start = now_nsec();

		one_cycle();
		us[i] = (double)(now_nsec() - start) / 1e3;
	}
	print_median(us, n);
}

static uint64_t cycles_end;

static void *cycler(void *arg)
{
	uintptr_t n = 0;

	(void)arg;
	for (; now_nsec() < cycles_end; n++)
		one_cycle();
	return (void *)n;
}

static void cycles(uint32_t ms)
{
	pthread_t t[PARALLEL];
	uintptr_t sum = 0;
	uint64_t start = now_nsec();

	cycles_end = start + (uint64_t)ms * 1000000;
	for (int i = 0; i < PARALLEL; i++)
		if (pthread_create(&t[i], NULL, cycler, NULL) != 0)
			die("pthread_create");
	for (int i = 0; i < PARALLEL; i++) {
		void *n;

		pthread_join(t[i], &n);
		sum += (uintptr_t)n;
	}
	printf("%.0f\n", (double)sum * 1e9 / (double)(now_nsec() - start));
}

static void rr(uint32_t n)
{
	static double us[SAMPLES_MAX];
	int fd = dial(SOCK_STREAM);
	char c = 'e';

	n = n < SAMPLES_MAX ? n : SAMPLES_MAX;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t start = now_nsec();

		if (write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1)
			die("round trip");
		us[i] = (double)(now_nsec() - start) / 1e3;
	}
	print_median(us, n);
}

static int echoes(int fd)
{
	int tenths = 0;
	char c = 'e';
	ssize_t n;

	if (write(fd, &c, 1) != 1)
		return 0;
	do
		n = read(fd, &c, 1);
	while (n < 0 && errno == EAGAIN && ++tenths < PATIENCE);
	return n == 1;
}

static int connects(int fd)
{
	int tenths = 0;

	while (connect(fd, (struct sockaddr *)&server, server_len) < 0)
		if ((errno != EINPROGRESS && errno != EALREADY) || ++tenths == PATIENCE)
			return 0;
	return 1;
}

static void hold(uint32_t n)
{
	static const struct timeval tenth = {.tv_usec = 100000};
	int *fds = calloc(n, sizeof(*fds)), sig;
	uint32_t held = 0;
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	for (; fds != NULL && held < n; held++) {
		int fd = socket(server.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tenth, sizeof(tenth));
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tenth, sizeof(tenth));
		if (fd < 0 || !connects(fd) || !echoes(fd)) {
			perror("connection");
			break;
		}
		fds[held] = fd;
	}
	printf("held %u\n", held);
	while (fflush(stdout) == 0 && sigwait(&usr1, &sig) == 0) {
		uint32_t alive = 0;

		for (uint32_t i = 0; i < held; i++)
			if (echoes(fds[i]))
				alive++;
			else
				fprintf(stderr, "connection %u: %m\n", i);
		printf("alive %u\n", alive);
	}
}

static void who(void)
{
	static const char *const words[] = {"tcp", "udp"};
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM};

	for (int i = 0; i < 2; i++) {
		char name[INET6_ADDRSTRLEN + 1] = "";
		int fd = dial(types[i]);

		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 5},
			   sizeof(struct timeval));
		if (write(fd, "w", 1) != 1 || read(fd, name, sizeof(name) - 1) <= 0)
			die(words[i]);
		printf("%s %s\n", name, words[i]);
		close(fd);
	}
}

static void udp(uint32_t ms, size_t len, int in_bursts)
{
	size_t n = in_bursts ? len * (65000 / len < BURST ? 65000 / len : BURST) : len;
	char *block = block_new();
	uint64_t start, end, counts[2];
	char c;
	int control = dial(SOCK_STREAM), fd = dial(SOCK_DGRAM);

	if (in_bursts &&
	    setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &(int){(int)len}, sizeof(int)) < 0)
		die("UDP_SEGMENT");
	if (write(control, in_bursts ? "U" : "u", 1) != 1 || read_all(control, &c, 1) < 0)
		die("control connection");
	start = now_nsec();
	end = start + (uint64_t)ms * 1000000;
	for (unsigned i = 0; i % DATAGRAMS != 0 || now_nsec() < end; i++)
		send(fd, block, n, 0); /* a refusal by a full queue is a datagram lost */
	end = now_nsec();
	usleep(200000);
	if (write(control, "?", 1) != 1 || read_all(control, counts, sizeof(counts)) < 0)
		die("control connection");
	printf("%.1f %.1f %.6f\n", gbits(counts[1], end - start) * 1e3,
	       (double)counts[0] * 1e6 / (double)(end - start), (double)counts[1] / 1e9);
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 0;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(argv[1], "serve"))
		serve((uint16_t)strtoul(argv[2], NULL, 10));
	if (argc >= 4 && !strcmp(argv[1], "who")) {
		if (argc == 5) {
			resolve(argv[4], "0");
			source = server;
		}
		resolve(argv[2], argv[3]);
		who();
		return 0;
	}
	if (argc < 5 || n == 0)
		return 2;
	resolve(argv[2], argv[3]);
	if (!strcmp(argv[1], "put"))
		put(n);
	else if (!strcmp(argv[1], "get"))
		get(n);
	else if (!strcmp(argv[1], "cycle"))
		cycle(n);
	else if (!strcmp(argv[1], "cycles"))
		cycles(n);
	else if (!strcmp(argv[1], "hold"))
		hold(n);
	else if (!strcmp(argv[1], "rr"))
		rr(n);
	else if (!strcmp(argv[1], "udp") && argc == 6)
		udp(n, strtoul(argv[5], NULL, 10), 0);
	else if (!strcmp(argv[1], "bursts") && argc == 6)
		udp(n, strtoul(argv[5], NULL, 10), 1);
	else
		return 2;
	return 0;
}
