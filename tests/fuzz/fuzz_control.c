// SPDX-License-Identifier: MIT
/*
 * The control socket, both directions, and the helper's answers on the pool channel. The first
 * byte chooses:
 *
 *   even: messages to a whole usernet, which reads them all and ends with the socket. Each is a
 *         byte that says what descriptor rides along, and a struct usernet_ctl_msg. With a pool
 *         channel the bytes of the next message lie ready as the helper's answers.
 *   odd:  one message of usernet to the parent
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "usernet/pool.h"
#include "usernet/usernet.h"

enum { MESSAGES_MAX = 6, ANSWERS = 4, RIDES = 5 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One end of a pair; what is given waits at it, and then comes the end. */
static int filled(const uint8_t *data, size_t size)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	for (int i = 0; i < ANSWERS && size > 0; i++)
		(void)!send(pair[1], data, MIN(size, sizeof(struct pool_answer)), MSG_NOSIGNAL);
	close(pair[1]);
	return pair[0];
}

static int rider(uint8_t kind, const uint8_t *rest, size_t size)
{
	switch (kind % RIDES) {
	case 1:
		return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	case 2:
		return socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	case 3:
		return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); /* does not listen */
	case 4:
		return filled(rest, size);
	default:
		return -1;
	}
}

static void to_usernet(const uint8_t *data, size_t size)
{
	struct usernet_conf c = {.tun_fd = -1,
				 .netns_fd = -1,
				 .ready_fd = -1,
				 .resolv_conf = "/dev/null",
				 .no_sandbox = true};
	struct usernet_ctl_msg m;
	int pair[2];
	struct err e;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	c.control_fd = pair[1];
	for (int i = 0; i < MESSAGES_MAX && size > 1; i++) {
		size_t n = MIN(size - 1, sizeof(m));
		int fd = rider(data[0], data + 1 + n, size - 1 - n);

		memset(&m, 0, sizeof(m));
		memcpy(&m, data + 1, n);
		(void)!fd_send(pair[0], &m, data[0] < 128 ? sizeof(m) : n, &fd, fd >= 0 ? 1 : 0,
			       &e);
		fd_close(&fd);
		data += n + 1;
		size -= n + 1;
	}
	shutdown(pair[0], SHUT_WR);
	(void)!usernet_run(&c, &e);
	close(pair[0]);
	close(pair[1]);
}

static void to_parent(const uint8_t *data, size_t size)
{
	bool lost = false;
	struct err e;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		abort();
	(void)!send(pair[1], data, size, MSG_NOSIGNAL);
	if (usernet_ctl_event(pair[0], &lost, &e) < 0 && memchr(e.msg, '\0', sizeof(e.msg)) == NULL)
		abort();
	close(pair[0]);
	close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	((data[0] & 1) == 0 ? to_usernet : to_parent)(data + 1, size - 1);
	return 0;
}
