// SPDX-License-Identifier: MIT
/*
 * Talking to rtnetlink. A call sends one message and reads datagrams until the
 * acknowledgement (or the end of a dump) with its sequence number came; what
 * belongs to older requests is skipped. Changes may be collected and sent
 * together: the kernel works through all of them whatever becomes of each, and
 * only the last asks for an acknowledgement, so a batch costs two system calls
 * (and one for each failure). netlink(7), Documentation/userspace-api/netlink.
 */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/fd.h"
#include "base/mem.h"
#include "netlink/rtnl_internal.h"

#define CALL_TIMEOUT_S 5
#define BATCH_BYTES    16384
#define BATCH_MAX      128

struct rtnl_batch {
	bool collecting;
	bool failed; /* why holds the first failure of what was sent so far */
	struct err why;
	uint32_t first_seq;  /* of what[0] */
	size_t n, len, last; /* messages, their bytes, where the last begins */
	struct {
		uint16_t type;
		int fine;
	} what[BATCH_MAX];
	_Alignas(4) unsigned char data[BATCH_BYTES];
};

uint8_t rtnl_family(uint8_t ip_family)
{
	return ip_family == IP_V6 ? AF_INET6 : AF_INET;
}

void rtnl_request_init(struct rtnl_request *q, uint16_t type, uint16_t flags)
{
	nl_build_init(&q->b, q->data, sizeof(q->data), type, flags | NLM_F_ACK);
}

static int open_protocol(struct rtnl *nl, int protocol, struct err *e)
{
	CLEANUP(fd_closep) int fd = -1;
	struct timeval t = {.tv_sec = CALL_TIMEOUT_S};
	int one = 1;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return err_sys(e, "open rtnetlink socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) < 0)
		return err_sys(e, "set rtnetlink timeout");
	/* strict checking makes the kernel filter dumps; absent before 4.20, harmless then */
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	nl->fd = TAKE_FD(fd);
	nl->seq = 0;
	return 0;
}

int rtnl_open(struct rtnl *nl, struct err *e)
{
	return open_protocol(nl, NETLINK_ROUTE, e);
}

int rtnl_open_diag(struct rtnl *nl, struct err *e)
{
	return open_protocol(nl, NETLINK_SOCK_DIAG, e);
}

void rtnl_close(struct rtnl *nl)
{
	fd_close(&nl->fd);
	free(TAKE(nl->answer));
	free(TAKE(nl->batch));
}

static const char *request_name(uint16_t type)
{
	switch (type) {
	case RTM_NEWLINK:
	case RTM_SETLINK:
		return "set link";
	case RTM_DELLINK:
		return "remove link";
	case RTM_NEWADDR:
		return "add address";
	case RTM_NEWROUTE:
		return "add route";
	case RTM_NEWRULE:
		return "add rule";
	case RTM_NEWNEIGH:
		return "add neighbour";
	default:
		return "rtnetlink";
	}
}

bool rtnl_in_batch(const struct rtnl *nl)
{
	return nl->batch != NULL && nl->batch->collecting;
}

/* The errno of an answer, 0 for success. */
static int answer_errno(const struct nl_reply *r)
{
	struct nl_view v = r->body;
	const int *code = nl_skip(&v, sizeof(int));
	int sys = 0;

	if (code != NULL)
		memcpy(&sys, code, sizeof(sys));
	return -sys;
}

/* The kernel's own words, behind the header that it answers to (NETLINK_CAP_ACK: no more of it). */
static void add_reason(const struct nl_reply *r, struct err *e)
{
	struct nl_view v = r->body;
	struct nl_attr a;
	char text[128];

	if (r->type != NLMSG_ERROR || (r->flags & NLM_F_ACK_TLVS) == 0 ||
	    nl_skip(&v, sizeof(struct nlmsgerr)) == NULL)
		return;
	while (nl_next_attr(&v, &a)) {
		if (a.type != NLMSGERR_ATTR_MSG)
			continue;
		nl_attr_str(&a, text, sizeof(text));
		err_wrap(e, "%s", text);
	}
}

static int refused(const struct nl_reply *r, uint16_t type, struct err *e)
{
	int sys = answer_errno(r);

	errno = sys;
	err_sys(e, "%s", request_name(type));
	if (sys == ENODEV)
		e->kind = ERR_NOTFOUND;
	add_reason(r, e);
	return -1;
}

/* One datagram of answers; -1 with e. */
static int receive(struct rtnl *nl, struct nl_view *ret, struct err *e)
{
	ssize_t n;

	if (nl->answer == NULL)
		nl->answer = xmalloc(RTNL_DATAGRAM_MAX);
	do {
		n = recv(nl->fd, nl->answer, RTNL_DATAGRAM_MAX, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "receive from rtnetlink");
	*ret = (struct nl_view){.p = nl->answer, .n = (size_t)n};
	return 0;
}

int rtnl_call(struct rtnl *nl, struct nl_build *b,
	      int (*on_reply)(const struct nl_reply *r, void *arg), void *arg, struct err *e)
{
	bool stopped = false;

	if (rtnl_in_batch(nl))
		return err_set(e, ERR_INVALID, 0, "rtnetlink: no questions within a batch");
	if (!nl_build_end(b, ++nl->seq))
		return err_set(e, ERR_INVALID, 0, "rtnetlink request is too long");
	if (send(nl->fd, b->data, b->len, 0) < 0)
		return err_sys(e, "send to rtnetlink");
	for (;;) {
		struct nl_reply r;
		struct nl_view v;

		if (receive(nl, &v, e) < 0)
			return -1;
		while (nl_next_msg(&v, &r)) {
			if (r.seq != nl->seq)
				continue;
			if (r.type == NLMSG_ERROR || r.type == NLMSG_DONE)
				return answer_errno(&r) == 0 ? 0 : refused(&r, 0, e);
			if (on_reply != NULL && !stopped && on_reply(&r, arg) != 0)
				stopped = true;
		}
	}
}

static bool is_fine(int sys, int fine)
{
	if (fine == RTNL_ABSENT)
		return sys == ENOENT || sys == ESRCH || sys == EADDRNOTAVAIL;
	return sys == fine;
}

static void on_batch_answer(struct rtnl_batch *t, const struct nl_reply *r)
{
	uint32_t i = r->seq - t->first_seq;
	int sys = answer_errno(r);

	if (r->type != NLMSG_ERROR || i >= t->n || sys == 0 || is_fine(sys, t->what[i].fine) ||
	    t->failed)
		return;
	refused(r, t->what[i].type, &t->why);
	t->failed = true;
}

/* Sends what was collected; failures of single messages are left in t->why. */
static int batch_flush(struct rtnl *nl, struct rtnl_batch *t, struct err *e)
{
	struct nlmsghdr h;
	bool done = t->n == 0;

	if (done)
		return 0;
	memcpy(&h, t->data + t->last, sizeof(h));
	h.nlmsg_flags |= NLM_F_ACK;
	memcpy(t->data + t->last, &h, sizeof(h));
	if (send(nl->fd, t->data, t->len, 0) < 0)
		return err_sys(e, "send to rtnetlink");
	while (!done) {
		struct nl_reply r;
		struct nl_view v;

		if (receive(nl, &v, e) < 0)
			return -1;
		while (nl_next_msg(&v, &r)) {
			on_batch_answer(t, &r);
			done = done || r.seq == nl->seq;
		}
	}
	t->n = t->len = 0;
	return 0;
}

void rtnl_batch_begin(struct rtnl *nl)
{
	if (nl->batch == NULL)
		nl->batch = xmalloc(sizeof(*nl->batch));
	nl->batch->collecting = true;
	nl->batch->failed = false;
	nl->batch->n = nl->batch->len = 0;
}

int rtnl_batch_end(struct rtnl *nl, struct err *e)
{
	struct rtnl_batch *t = nl->batch;
	int r = batch_flush(nl, t, e);

	t->collecting = false;
	t->n = t->len = 0;
	if (r == 0 && t->failed) {
		*e = t->why;
		return -1;
	}
	return r;
}

static int collect(struct rtnl *nl, struct rtnl_batch *t, struct rtnl_request *q, int fine,
		   struct err *e)
{
	struct nlmsghdr h;

	if ((t->n == BATCH_MAX || t->len + q->b.len > sizeof(t->data)) && batch_flush(nl, t, e) < 0)
		return -1;
	if (!nl_build_end(&q->b, ++nl->seq))
		return err_set(e, ERR_INVALID, 0, "rtnetlink request is too long");
	if (t->n == 0)
		t->first_seq = nl->seq;
	memcpy(&h, q->data, sizeof(h));
	h.nlmsg_flags &= (uint16_t)~NLM_F_ACK; /* failures are told without it */
	memcpy(q->data, &h, sizeof(h));
	memcpy(t->data + t->len, q->data, q->b.len);
	t->what[t->n].type = h.nlmsg_type;
	t->what[t->n].fine = fine;
	t->last = t->len;
	t->len += q->b.len;
	t->n++;
	return 0;
}

int rtnl_change(struct rtnl *nl, struct rtnl_request *q, int fine, struct err *e)
{
	if (rtnl_in_batch(nl))
		return collect(nl, nl->batch, q, fine, e);
	if (rtnl_call(nl, &q->b, NULL, NULL, e) == 0 || (e->sys != 0 && is_fine(e->sys, fine)))
		return 0;
	return -1;
}
