// SPDX-License-Identifier: MIT
/*
 * Engines behind ssh. Source: docker/cli cli/connhelper (which command is run)
 * and cli/connhelper/commandconn (a session of its own, so that an interrupt
 * at the terminal is not ssh's; what ssh says is shown only when it failed).
 */
#include "client/ssh.h"

#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "http/url.h"

#define END_MS	10000 /* for ssh to end after its last byte */
#define KILL_MS 3000  /* for ssh to obey SIGTERM */

struct ssh_stream {
	struct stream s;
	struct stream *io;
	pid_t pid; /* 0: reaped */
	int said_fd;
	char *command;
};

/* --- the command ------------------------------------------------------------------------ */

static const char *refusal(const struct url *u, const char *url)
{
	if (u->password != NULL)
		return "plain-text password is not supported";
	if (str_empty(u->host))
		return "hostname is empty";
	if (u->query != NULL)
		return "query parameters are not allowed";
	if (strchr(url, '#') != NULL)
		return "fragments are not allowed";
	/* the far side's shell takes the words apart */
	return strpbrk(u->path, "'%") != NULL ? "the socket's path has a quote or an escape" : NULL;
}

int ssh_command(const char *url, struct strv *args, struct err *e)
{
	CLEANUP(url_clear) struct url u = URL_INIT;
	const char *host = url + strlen("ssh://");
	const char *why;
	const char *at = memrchr(host, '@', strcspn(host, "/"));

	if (url_parse(url, &u, e) < 0)
		return -1;
	why = refusal(&u, url);
	if (why != NULL)
		return err_set(e, ERR_INVALID, 0,
			       "ssh host connection is not valid: invalid SSH URL: %s", why);
	host = at != NULL ? at + 1 : host;
	strv_add(args, "ssh");
	if (u.user != NULL) {
		strv_add(args, "-l");
		strv_add(args, u.user);
	}
	if (u.port != 0) {
		strv_add(args, "-p");
		strv_addf(args, "%u", u.port);
	}
	strv_add(args, "-o ConnectTimeout=30");
	strv_add(args, "-T");
	strv_add(args, "--");
	/* as written: ssh's configuration knows upper case */
	strv_addn(args, host + (*host == '['), strlen(u.host));
	strv_add(args, "docker");
	if (u.path[strspn(u.path, "/")] != 0)
		strv_addf(args, "'--host=unix://%s'", u.path);
	strv_add(args, "system");
	strv_add(args, "dial-stdio");
	return 0;
}

/* --- the stream ------------------------------------------------------------------------- */

/* the other end is closed: 0 when ssh ended well */
static int ended(struct ssh_stream *t, struct err *e)
{
	char said[2048];
	ssize_t n;
	int code = 0;

	if (t->pid == 0)
		return 0;
	if (proc_wait(t->pid, END_MS, &code, e) < 0)
		return -1;
	t->pid = 0;
	if (code == 0)
		return 0;
	n = pread(t->said_fd, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	return err_set(e, ERR_UNAVAILABLE, 0,
		       "error during connect: command [%s] has exited with exit status %d, "
		       "make sure the URL is valid, and Docker 18.09 or later is installed on the "
		       "remote host: stderr=%s",
		       t->command, code, said);
}

static ssize_t ssh_read(struct stream *s, void *p, size_t n, struct err *e)
{
	struct ssh_stream *t = (struct ssh_stream *)s;
	ssize_t r = stream_read(t->io, p, n, e);

	/* one that ends without having read all resets the pair of sockets */
	return r > 0 || ended(t, e) == 0 ? r : -1;
}

static int ssh_write(struct stream *s, const void *p, size_t n, struct err *e)
{
	struct ssh_stream *t = (struct ssh_stream *)s;

	if (stream_write(t->io, p, n, e) == 0)
		return 0;
	return ended(t, e) < 0 ? -1 : err_set(e, ERR_UNAVAILABLE, 0, "ssh has ended");
}

static int ssh_close_write(struct stream *s, struct err *e)
{
	return stream_close_write(((struct ssh_stream *)s)->io, e);
}

static void ssh_free(struct stream *s)
{
	struct ssh_stream *t = (struct ssh_stream *)s;
	struct err e;
	int code;

	stream_free(t->io);
	if (t->pid > 0) {
		kill(t->pid, SIGTERM);
		if (proc_wait(t->pid, KILL_MS, &code, &e) < 0)
			kill(t->pid, SIGKILL);
	}
	fd_close(&t->said_fd);
	free(t->command);
	free(t);
}

static const struct stream_ops ssh_ops = {
	.read = ssh_read,
	.write = ssh_write,
	.close_write = ssh_close_write,
	.free = ssh_free,
};

struct stream *ssh_dial(const char *url, struct err *e)
{
	CLEANUP(strv_clear) struct strv args = STRV_INIT;
	CLEANUP(fd_closep) int said_fd = fd_memfile("ssh", "", 0, e);
	CLEANUP(fd_closep) int far_fd = -1;
	struct proc_spec spec = {.path = "ssh", .new_session = true, .n_fds = 3};
	struct proc_fd fds[3];
	struct ssh_stream *t;
	int pair[2];
	pid_t pid;

	if (said_fd < 0 || ssh_command(url, &args, e) < 0)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		err_sys(e, "socketpair");
		return NULL;
	}
	far_fd = pair[1];
	for (int i = 0; i < 3; i++)
		fds[i] = (struct proc_fd){i < 2 ? far_fd : said_fd, i};
	spec.argv = (const char *const *)args.items;
	spec.fds = fds;
	pid = proc_spawn(&spec, e);
	if (pid < 0) {
		fd_close(&pair[0]);
		err_wrap(e, "error during connect");
		return NULL;
	}
	t = xcalloc(1, sizeof(*t));
	t->s = (struct stream){.ops = &ssh_ops, .fd = pair[0], .timeout_ms = -1};
	t->io = stream_fd_new(pair[0]);
	t->pid = pid;
	t->said_fd = TAKE_FD(said_fd);
	t->command = strv_join(&args, " ");
	return &t->s;
}
