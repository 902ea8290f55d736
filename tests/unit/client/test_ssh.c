// SPDX-License-Identifier: MIT
/* client/ssh: the words of the command, what a stream of it says when it fails. */
#include "tests/unit/harness.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "client/ssh.h"

static void words(const char *url, const char *want)
{
	CLEANUP(strv_clear) struct strv args = STRV_INIT;
	CLEANUP(freep) char *got = NULL;
	struct err e;

	CHECK_OK(ssh_command(url, &args, &e), e);
	got = strv_join(&args, "|");
	CHECK_STR(got, want);
}

static void refused(const char *url)
{
	CLEANUP(strv_clear) struct strv args = STRV_INIT;
	struct err e;

	CHECK_EQ(ssh_command(url, &args, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_EQ(args.len, 0);
}

TEST(the_command)
{
	words("ssh://h", "ssh|-o ConnectTimeout=30|-T|--|h|docker|system|dial-stdio");
	words("ssh://h/", "ssh|-o ConnectTimeout=30|-T|--|h|docker|system|dial-stdio");
	words("ssh://me@MyHost:22/a/b.sock",
	      "ssh|-l|me|-p|22|-o ConnectTimeout=30|-T|--|MyHost|docker|"
	      "'--host=unix:///a/b.sock'|system|dial-stdio");
	words("ssh://-oProxyCommand=x@[::1]:7",
	      "ssh|-l|-oProxyCommand=x|-p|7|-o ConnectTimeout=30|-T|--|::1|docker|system|"
	      "dial-stdio");
	refused("ssh://me:secret@h");
	refused("ssh://");
	refused("ssh:///x");
	refused("ssh://h?a=b");
	refused("ssh://h#f");
	refused("ssh://a b");
	refused("ssh://h/a'b");
	refused("ssh://h/a%27b");
}

static void fake_ssh(const char *script)
{
	CLEANUP(freep) char *path = path_join(harness_tmpdir(), "ssh");
	CLEANUP(freep) char *search = xasprintf("%s:%s", harness_tmpdir(), getenv("PATH"));
	struct err e;

	CHECK_OK(file_write(AT_FDCWD, path, script, strlen(script), 0755, FILE_NOSYNC, &e), e);
	CHECK_EQ(chmod(path, 0755), 0);
	CHECK_EQ(setenv("PATH", search, 1), 0);
}

TEST(bytes_go_through)
{
	CLEANUP(stream_freep) struct stream *s = NULL;
	char b[32] = "";
	struct err e;

	fake_ssh("#!/bin/sh\necho warning >&2\nexec cat\n");
	s = ssh_dial("ssh://h", &e);
	CHECK_MSG(s != NULL, "%s", e.msg);
	CHECK_OK(stream_write(s, "ping", 4, &e), e);
	CHECK_EQ(stream_read(s, b, sizeof(b), &e), 4);
	CHECK_STR(b, "ping");
	CHECK_OK(stream_close_write(s, &e), e);
	CHECK_EQ(stream_read(s, b, sizeof(b), &e), 0);
}

TEST(a_failure_is_told_with_what_ssh_said)
{
	CLEANUP(stream_freep) struct stream *s = NULL;
	char b[32];
	struct err e;

	fake_ssh("#!/bin/sh\necho no such host >&2\nexit 255\n");
	s = ssh_dial("ssh://me@h", &e);
	CHECK_MSG(s != NULL, "%s", e.msg);
	CHECK_EQ(stream_read(s, b, sizeof(b), &e), -1);
	CHECK_EQ(e.kind, ERR_UNAVAILABLE);
	CHECK_STR(e.msg,
		  "error during connect: command [ssh -l me -o ConnectTimeout=30 -T -- h docker "
		  "system dial-stdio] has exited with exit status 255, make sure the URL is valid, "
		  "and Docker 18.09 or later is installed on the remote host: stderr=no such "
		  "host\n");
}

TEST(one_that_runs_on_is_ended)
{
	struct stream *s;
	struct err e;

	fake_ssh("#!/bin/sh\nexec sleep 1000\n");
	s = ssh_dial("ssh://h", &e);
	CHECK_MSG(s != NULL, "%s", e.msg);
	stream_free(s);
	CHECK_EQ(setenv("PATH", "/nonexistent", 1), 0);
	CHECK(ssh_dial("ssh://h", &e) == NULL);
	CHECK(strstr(e.msg, "error during connect: exec: \"ssh\"") != NULL);
}
