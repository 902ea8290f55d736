// SPDX-License-Identifier: MIT
/*
 * Pipes for splice(2). Beyond pipe-user-pages-soft (64 MiB a user) new pipes
 * shrink to two pages, so there are few, and a relay holds one only while it
 * moves bulk.
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "usernet/usernet_internal.h"

/* The first ones are of what an ordinary user may ask for (pipe-max-size): a fifth less processor
 * time than with 256 KiB. All together stay below the 64 MiB. */
#define PIPE_BYTES_FIRST (1 << 20)
#define PIPE_BYTES	 (256 * 1024)
#define PIPES_FIRST	 32
#define PIPES_KEPT	 16

bool pipes_take(struct pipe_pool *p, int ret[2])
{
	if (p->n_free > 0) {
		p->n_free--;
		ret[0] = p->free[p->n_free][0];
		ret[1] = p->free[p->n_free][1];
		return true;
	}
	if (p->n_made >= USERNET_PIPES_MAX || pipe2(ret, O_CLOEXEC | O_NONBLOCK) < 0)
		return false;
	if (fcntl(ret[1], F_SETPIPE_SZ, p->n_made < PIPES_FIRST ? PIPE_BYTES_FIRST : PIPE_BYTES) <
		    0 &&
	    fcntl(ret[1], F_SETPIPE_SZ, PIPE_BYTES) < 0) {
		fd_close(&ret[0]);
		fd_close(&ret[1]);
		return false;
	}
	p->n_made++;
	return true;
}

/* An idle process keeps a few only. */
void pipes_give(struct pipe_pool *p, int fds[2], bool empty)
{
	if (empty && p->n_free < PIPES_KEPT) {
		p->free[p->n_free][0] = fds[0];
		p->free[p->n_free][1] = fds[1];
		p->n_free++;
	} else {
		fd_close(&fds[0]);
		fd_close(&fds[1]);
		p->n_made--;
	}
	fds[0] = fds[1] = -1;
}

void pipes_clear(struct pipe_pool *p)
{
	while (p->n_free > 0) {
		p->n_free--;
		fd_close(&p->free[p->n_free][0]);
		fd_close(&p->free[p->n_free][1]);
		p->n_made--;
	}
}
