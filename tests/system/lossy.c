// SPDX-License-Identifier: MIT
/*
 * A bad cable, for kernels without netem: a tap in each of two network namespaces, and what goes
 * into one comes out of the other, except that PERCENT of the frames are lost and as many again
 * are held back until three later ones have passed or a millisecond is over.
 *
 *   lossy NETNS-A NAME-A NETNS-B NAME-B PERCENT
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { FRAME_MAX = 65536, OVERTAKEN = 3, TURN = 64 };

struct way {
	int in, out;
	size_t held_len; /* 0: none */
	unsigned passed; /* since it was held */
	char held[FRAME_MAX];
};

static struct way ways[2];
static unsigned percent;

static void die(const char *what)
{
	fprintf(stderr, "lossy: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int tap(const char *netns, const char *name)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	int ns = open(netns, O_RDONLY | O_CLOEXEC), fd;

	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		die(netns);
	close(ns);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) < 0)
		die(name);
	return fd;
}

static uint32_t random_below(uint32_t n)
{
	static uint64_t x = 88172645463325252ULL; /* xorshift64: the same losses every time */

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x % n);
}

static void give(int fd, const char *frame, size_t n)
{
	if (write(fd, frame, n) < 0 && errno != EAGAIN && errno != EIO && errno != EINVAL)
		die("write");
}

static void release(struct way *w)
{
	give(w->out, w->held, w->held_len);
	w->held_len = 0;
}

static void forward(struct way *w)
{
	char frame[FRAME_MAX];

	for (int i = 0; i < TURN; i++) {
		ssize_t n = read(w->in, frame, sizeof(frame));
		uint32_t dice = random_below(100);

		if (n <= 0)
			return;
		if (dice < percent)
			continue;
		if (dice < 2 * percent && w->held_len == 0) {
			memcpy(w->held, frame, (size_t)n);
			w->held_len = (size_t)n;
			w->passed = 0;
			continue;
		}
		give(w->out, frame, (size_t)n);
		if (w->held_len > 0 && ++w->passed >= OVERTAKEN)
			release(w);
	}
}

int main(int argc, char **argv)
{
	struct pollfd p[2];

	if (argc != 6)
		return 2;
	ways[0].in = ways[1].out = tap(argv[1], argv[2]);
	ways[1].in = ways[0].out = tap(argv[3], argv[4]);
	percent = (unsigned)strtoul(argv[5], NULL, 10);
	for (int i = 0; i < 2; i++)
		p[i] = (struct pollfd){.fd = ways[i].in, .events = POLLIN};
	for (;;) {
		int wait = ways[0].held_len > 0 || ways[1].held_len > 0 ? 1 : -1;

		if (poll(p, 2, wait) < 0)
			die("poll");
		for (int i = 0; i < 2; i++) {
			if (p[i].revents != 0)
				forward(&ways[i]);
			else if (ways[i].held_len > 0)
				release(&ways[i]);
		}
	}
}
