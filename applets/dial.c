// SPDX-License-Identifier: MIT
/*
 * dial: reach any container's port without publishing it. The containers are
 * read from the engine's files, the socket is made in N: this process enters
 * RootlessKit's namespaces after it has opened its listener on the host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <unistd.h>

#include "applets/applets.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/opt.h"
#include "base/str.h"
#include "inspect/dial.h"
#include "inspect/state.h"
#include "ns/join.h"
#include "rootless/enter.h"

/* where a container's ports are */
enum way {
	BY_ADDRESS, /* on its networks, from N */
	ON_HOST,    /* --network host: the host's own loopback */
	INSIDE,	    /* --network none: its own loopback */
};

struct conf {
	const char *listen, *state_dir, *data_root;
	char *state, *root; /* found; owned */
	enum way way;
	pid_t pid; /* INSIDE: whose network namespace was entered */
	struct dial_conf dial;
};

static const struct opt opts[] = {
	{'u', "udp", OPT_FLAG, offsetof(struct conf, dial.udp), NULL,
	 "datagrams: a UDP port instead of a TCP port", NULL},
	{'L', "listen", OPT_STR, offsetof(struct conf, listen), "[ADDR:]PORT",
	 "serve clients on this port of the loopback interface", NULL},
	{0, "data-root", OPT_STR, offsetof(struct conf, data_root), "DIR",
	 "the engine's (default: of the running one, else ~/.local/share/docker)", NULL},
	{0, "state-dir", OPT_STR, offsetof(struct conf, state_dir), "DIR",
	 "rootlesskit's (default: $XDG_RUNTIME_DIR/dockerd-rootless)", NULL},
	{0},
};

static const struct opt_usage usage = {
	.synopsis = "dial [OPTIONS] CONTAINER:PORT",
	.about = "Connect to a port of a container that need not be published. CONTAINER is a "
		 "name, the\n"
		 "beginning of an id, or an address as docker inspect shows it. Standard input and "
		 "output\n"
		 "are the connection, or with -L each client's.",
	.opts = opts,
};

static int fail(const struct err *e)
{
	fprintf(stderr, "dial: %s\n", e->msg);
	return 1;
}

/* The container a word means, its network's owner; both borrowed from l. */
static const struct look_container *find(const struct conf *c, const char *word,
					 struct look_containers *l, struct err *e)
{
	const struct look_container *hit, *owner;

	if (look_containers_load(c->root, l, e) < 0)
		return NULL;
	hit = look_container_find(l, word, e);
	if (hit == NULL)
		return NULL;
	owner = look_container_shared(l, hit);
	if (hit->pid == 0 || owner == NULL || owner->pid == 0) {
		err_set(e, ERR_CONFLICT, 0, "container %s is not running", hit->name);
		return NULL;
	}
	return owner;
}

static int loopbacks(struct ip *ret, size_t max)
{
	struct err ignored;
	int n = 0;

	if (max > 0 && ip_parse("127.0.0.1", &ret[0], &ignored) == 0)
		n++;
	if (max > 1 && ip_parse("::1", &ret[1], &ignored) == 0)
		n++;
	return n;
}

static int resolve(void *arg, const char *word, struct ip *ret, size_t max, struct err *e)
{
	CLEANUP(look_containers_clear) struct look_containers l = {0};
	const struct conf *c = arg;
	const struct look_container *owner = find(c, word, &l, e);
	size_t n;

	if (owner == NULL)
		return -1;
	if (c->way == INSIDE && owner->pid != c->pid)
		return err_set(e, ERR_CONFLICT, 0, "container %s was started anew", owner->name);
	if (c->way != BY_ADDRESS)
		return loopbacks(ret, max);
	n = look_container_addresses(owner, ret, max);
	if (n == 0)
		return err_set(e, ERR_INVALID, 0, "container %s has no address", owner->name);
	return (int)n;
}

/* To where the container's ports can be reached from. */
static int go_there(struct conf *c, struct err *e)
{
	CLEANUP(look_containers_clear) struct look_containers l = {0};
	CLEANUP(fd_closep) int fd = -1;
	const struct look_container *owner = find(c, c->dial.word, &l, e);
	struct ip ip;

	if (owner == NULL)
		return -1;
	c->way = str_eq(owner->mode, "host")			? ON_HOST
		 : look_container_addresses(owner, &ip, 1) == 0 ? INSIDE
								: BY_ADDRESS;
	if (c->way == ON_HOST)
		return 0;
	if (rk_enter(c->state, e) < 0)
		return -1;
	if (c->way == BY_ADDRESS)
		return 0;
	c->pid = owner->pid;
	fd = ns_open_pid(c->pid, NS_NET, e);
	return fd < 0 ? -1 : ns_join(fd, NS_NET, e);
}

static int dial(struct conf *c, const char *target, struct err *e)
{
	CLEANUP(freep) char *word = NULL;
	CLEANUP(fd_closep) int fd = -1;

	if (dial_parse(target, &word, &c->dial.port, e) < 0)
		return -1;
	c->dial.word = word;
	if (c->listen != NULL) {
		fd = c->dial.udp ? dial_listen_udp(c->listen, e) : dial_listen(c->listen, e);
		if (fd < 0)
			return -1;
	}
	if (go_there(c, e) < 0)
		return -1;
	if (c->listen != NULL)
		return c->dial.udp ? dial_serve_udp(&c->dial, fd, e) : dial_serve(&c->dial, fd, e);
	fd = dial_connect(&c->dial, e);
	if (fd < 0)
		return -1;
	return c->dial.udp ? dial_stdio_udp(STDIN_FILENO, STDOUT_FILENO, fd, e)
			   : dial_stdio(STDIN_FILENO, STDOUT_FILENO, fd, e);
}

int dial_main(int argc, char **argv)
{
	struct conf c = {.dial = {.stop_fd = -1}};
	struct err e;
	int first, r;

	if (opt_wants_help(opts, argc, argv, 0)) {
		opt_print_help(&usage, stdout);
		return 0;
	}
	first = opt_parse(opts, &c, argc, argv, 0, &e);
	if (first < 0)
		return fail(&e);
	if (argc - first != 1) {
		fputs("dial: expected one CONTAINER:PORT\n", stderr);
		return 1;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	c.state = c.state_dir != NULL ? xstrdup(c.state_dir) : rk_dir_find();
	c.root = look_data_root(c.data_root, c.state);
	c.dial.guide = (struct dial_guide){.resolve = resolve, .arg = &c};
	r = dial(&c, argv[first], &e);
	free(c.state);
	free(c.root);
	return r < 0 ? fail(&e) : 0;
}
