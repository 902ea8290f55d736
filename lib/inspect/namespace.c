// SPDX-License-Identifier: MIT
/*
 * The network namespaces to look at. A netlink socket stays in the namespace it
 * was opened in, so each is visited once (setns(2)) and asked from afar.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "inspect/look_internal.h"
#include "ns/join.h"
#include "rootless/enter.h"
#include "sandbox/process.h"

static struct look_ns *find(struct look *l, unsigned long long ino)
{
	for (size_t i = 0; i < l->n_ns; i++) {
		if (l->ns[i].ino == ino)
			return &l->ns[i];
	}
	return NULL;
}

static int on_link(const struct rtnl_link *link, void *arg)
{
	struct look_ns *ns = arg;

	ns->links = xrealloc(ns->links, (ns->n_links + 1) * sizeof(*link));
	ns->links[ns->n_links++] = *link;
	return 0;
}

/* The process's present namespace, unless it is known. */
static int take_present(struct look *l, const struct look_container *c, struct err *e)
{
	struct look_ns *ns;
	struct stat st;

	if (stat("/proc/self/ns/net", &st) < 0)
		return err_sys(e, "/proc/self/ns/net");
	if (find(l, st.st_ino) != NULL)
		return 0;
	l->ns = xrealloc(l->ns, (l->n_ns + 1) * sizeof(*ns));
	ns = &l->ns[l->n_ns++];
	*ns = (struct look_ns){.name = c != NULL ? c->name : LOOK_N,
			       .c = c,
			       .ino = st.st_ino,
			       .nl = RTNL_INIT,
			       .diag = RTNL_INIT};
	if (rtnl_open(&ns->nl, e) < 0 || rtnl_open_diag(&ns->diag, e) < 0)
		return -1;
	return rtnl_links(&ns->nl, on_link, ns, e);
}

/* A container's: by its process; false when it just ended. */
static bool enter_container(const struct look_container *c)
{
	CLEANUP(fd_closep) int fd = -1;
	struct err e;

	fd = ns_open_pid(c->pid, NS_NET, &e);
	if (fd < 0 || ns_join(fd, NS_NET, &e) < 0) {
		log_debug(&e, "container %s", c->name);
		return false;
	}
	return true;
}

static void note_mounts(struct look *l)
{
	l->mnt = xcalloc(l->cs.n + 1, sizeof(*l->mnt));
	for (size_t i = 0; i < l->cs.n; i++) {
		char path[64];
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)l->cs.items[i].pid);
		if (l->cs.items[i].pid != 0 && stat(path, &st) == 0)
			l->mnt[i] = st.st_ino;
	}
}

int look_namespaces_open(struct look *l, struct err *e)
{
	sandbox_nofile_max();
	if (rk_enter(l->state_dir, e) < 0 || take_present(l, NULL, e) < 0)
		return -1;
	note_mounts(l);
	for (size_t i = 0; i < l->cs.n; i++) {
		const struct look_container *c = &l->cs.items[i];

		/* host: the host's network namespace cannot be entered from here */
		if (c->pid == 0 || str_starts(c->mode, "container:") || str_eq(c->mode, "host"))
			continue;
		if (enter_container(c) && take_present(l, c, e) < 0)
			return -1;
	}
	return 0;
}

void look_namespaces_close(struct look *l)
{
	for (size_t i = 0; i < l->n_ns; i++) {
		rtnl_close(&l->ns[i].nl);
		rtnl_close(&l->ns[i].diag);
		free(l->ns[i].links);
	}
	free(l->ns);
	free(l->mnt);
}

bool look_ns_wanted(const struct look *l, const struct look_ns *ns)
{
	return l->only == NULL || ns->c == l->only ||
	       (ns->c != NULL && look_container_shared(&l->cs, l->only) == ns->c);
}

const char *look_link_name(const struct look_ns *ns, int index)
{
	for (size_t i = 0; index != 0 && i < ns->n_links; i++) {
		if (ns->links[i].index == index)
			return ns->links[i].name;
	}
	return "";
}
