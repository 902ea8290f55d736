// SPDX-License-Identifier: MIT
#include "inspect/guide.h"

#include <sys/socket.h>

#include "base/fd.h"
#include "base/mem.h"
#include "tests/unit/inspect/dial_lab.h"

static int start(pid_t *ret_pid)
{
	const struct dial_guide g = {.resolve = lab_resolve};
	struct err e;
	int pair[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	*ret_pid = fork();
	if (*ret_pid == 0) {
		close(pair[0]);
		_exit(guide_serve(pair[1], &g, &e) == 0 ? 0 : 1);
	}
	close(pair[1]);
	return pair[0];
}

TEST(questions_and_answers)
{
	struct guide_request q = {.word = "self"};
	char longer[300];
	struct ip ips[4];
	struct err e;
	int fd, status;
	pid_t pid;

	fd = start(&pid);
	CHECK_EQ(guide_ask(&fd, "both", ips, 4, &e), 2);
	CHECK_EQ(guide_ask(&fd, "both", ips, 1, &e), 1);
	CHECK_EQ(guide_ask(&fd, "nobody", ips, 4, &e), -1);
	CHECK_EQ(e.kind, ERR_NOTFOUND);
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	CHECK_EQ(guide_ask(&fd, longer, ips, 4, &e), -1);
	/* a malformed question is answered, too */
	CHECK_EQ(guide_ask(&fd, "a b", ips, 4, &e), -1);
	CHECK_EQ(e.kind, ERR_INVALID);
	CHECK_EQ(send(fd, &q, 7, 0), 7);
	CHECK_EQ(recv(fd, &(struct guide_answer){0}, sizeof(struct guide_answer), 0),
		 (ssize_t)sizeof(struct guide_answer));
	close(fd);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(WEXITSTATUS(status), 0);
	fd = -1;
	CHECK_EQ(guide_ask(&fd, "self", ips, 4, &e), -1);
}

TEST(words_end)
{
	struct guide_request q = {.word = "ok"};

	CHECK(guide_request_ok(&q, sizeof(q)));
	CHECK(!guide_request_ok(&q, sizeof(q) - 1));
	q.word[0] = '\0';
	CHECK(!guide_request_ok(&q, sizeof(q)));
	memset(q.word, 'a', sizeof(q.word));
	CHECK(!guide_request_ok(&q, sizeof(q)));
	q.word[255] = '\0';
	CHECK(guide_request_ok(&q, sizeof(q)));
	q.word[3] = '\n';
	CHECK(!guide_request_ok(&q, sizeof(q)));
}
