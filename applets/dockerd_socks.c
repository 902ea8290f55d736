// SPDX-License-Identifier: MIT
/*
 * dockerd --inspect-socks: opens the listener, keeps the process that serves
 * it, and tells that process what containers there are.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "applets/dockerd_internal.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/thread.h"
#include "engine/engine.h"
#include "engine/reach.h"
#include "inspect/dial.h"
#include "inspect/guide.h"
#include "ns/join.h"
#include "rootless/state.h"

#define SOCKS_APPLET	"inspect-socks"
#define RESTART_DELAY_S 1
#define STOP_TRIES	500

struct socks {
	pthread_mutex_t mu;
	struct engine *engine; /* NULL: it is closing; guarded by mu */
	pid_t pid;	       /* of the process, 0 none; guarded by mu */
	char *netns;
	int listen_fd;
};

static struct socks socks = {.mu = PTHREAD_MUTEX_INITIALIZER, .listen_fd = -1};

static int resolve(void *arg, const char *word, struct ip *ret, size_t max, struct err *e)
{
	struct socks *s = arg;
	MUTEX_GUARD(&s->mu);

	if (s->engine == NULL)
		return err_set(e, ERR_UNAVAILABLE, 0, "the engine is ending");
	return engine_reach(s->engine, word, ret, max, e);
}

static pid_t spawn(struct socks *s, const struct proc_spec *spec, struct err *e)
{
	MUTEX_GUARD(&s->mu);

	if (s->engine == NULL)
		return err_set(e, ERR_CANCELLED, 0, "the engine is ending");
	s->pid = proc_spawn(spec, e);
	if (s->pid < 0)
		s->pid = 0;
	return s->pid > 0 ? s->pid : -1;
}

/* One life of the process: until it ends or dockerd does. */
static int serve_once(struct socks *s, struct err *e)
{
	const char *const argv[] = {SOCKS_APPLET, "--netns", s->netns, NULL};
	const struct dial_guide guide = {.resolve = resolve, .arg = s};
	struct proc_fd fds[] = {{.fd = s->listen_fd, .child_fd = 3}, {.child_fd = 4}};
	const struct proc_spec spec = {.argv = argv, .fds = fds, .n_fds = ARRAY_LEN(fds)};
	CLEANUP(fd_closep) int own_fd = -1;
	int pair[2], code, r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	own_fd = pair[0];
	fds[1].fd = pair[1];
	pid = spawn(s, &spec, e);
	fd_close(&pair[1]);
	if (pid < 0)
		return -1;
	r = guide_serve(own_fd, &guide, e);
	fd_close(&own_fd); /* its end, if it lives on */
	if (proc_wait(pid, -1, &code, e) < 0)
		r = -1;
	pthread_mutex_lock(&s->mu);
	s->pid = 0;
	pthread_mutex_unlock(&s->mu);
	if (r < 0)
		return -1;
	return err_set(e, ERR_UNAVAILABLE, 0, "the process ended with code %d", code);
}

static bool is_ending(struct socks *s)
{
	MUTEX_GUARD(&s->mu);

	return s->engine == NULL;
}

static void keep(void *arg)
{
	const struct timespec delay = {.tv_sec = RESTART_DELAY_S};
	struct socks *s = arg;
	struct err e;

	for (;;) {
		if (serve_once(s, &e) < 0 && !is_ending(s))
			log_warn(&e, "inspect-socks: starting it again");
		if (is_ending(s))
			return;
		(void)nanosleep(&delay, NULL);
	}
}

/* N, when it is not our own network namespace; NULL otherwise */
static char *detached_netns(struct err *e)
{
	const char *dir = getenv("ROOTLESSKIT_STATE_DIR");
	CLEANUP(freep) char *path = dir != NULL ? path_join(dir, RK_FILE_NETNS) : NULL;
	CLEANUP(fd_closep) int fd = path != NULL ? ns_open_path(path, NS_NET, e) : -1;

	if (fd < 0) {
		err_set(e, ERR_UNAVAILABLE, 0,
			"--inspect-socks needs rootlesskit --detach-netns, the default");
		return NULL;
	}
	return TAKE(path);
}

int dockerd_socks_start(struct engine *en, const char *address, int *ret_fd, struct err *e)
{
	CLEANUP(fd_closep) int fd = dial_listen(address, e);
	CLEANUP(freep) char *netns = NULL;

	if (fd < 0)
		return err_wrap(e, "--inspect-socks");
	netns = detached_netns(e);
	if (netns == NULL)
		return -1;
	socks.engine = en;
	socks.netns = TAKE(netns);
	socks.listen_fd = TAKE_FD(fd);
	*ret_fd = socks.listen_fd;
	log_warn(NULL,
		 "SOCKS5 on %s: every user of this host can reach every port of the containers",
		 address);
	return thread_start(keep, &socks, e);
}

static bool has_ended(void)
{
	MUTEX_GUARD(&socks.mu);

	socks.engine = NULL;
	if (socks.pid > 0)
		(void)kill(socks.pid, SIGKILL);
	return socks.pid == 0;
}

void dockerd_socks_stop(void)
{
	const struct timespec nap = {.tv_nsec = 2000000};

	/* it holds the listening socket, which the next dockerd may want at once */
	for (int i = 0; i < STOP_TRIES && !has_ended(); i++)
		(void)nanosleep(&nap, NULL);
	fd_close(&socks.listen_fd);
}
