// SPDX-License-Identifier: MIT
/* proc(5): /proc/PID/fd/N is "socket:[INODE]" for a socket. */
#include "inspect/owner.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/str.h"

uint32_t look_socket_inode(const char *link)
{
	const char *p = str_skip(link, "socket:[");
	char digits[16];
	uint64_t n;
	size_t len;

	if (p == NULL || (len = strcspn(p, "]")) >= sizeof(digits) || !str_eq(p + len, "]"))
		return 0;
	memcpy(digits, p, len);
	digits[len] = '\0';
	return str_u64(digits, UINT32_MAX, &n) < 0 ? 0 : (uint32_t)n;
}

static void add(struct look_owners *o, uint32_t inode, pid_t pid, uint64_t mnt)
{
	if (o->n == o->cap) {
		o->cap = o->cap == 0 ? 64 : o->cap * 2;
		o->items = xrealloc(o->items, o->cap * sizeof(*o->items));
	}
	o->items[o->n++] = (struct look_owner){.inode = inode, .pid = pid, .mnt = mnt};
}

static void look_at(struct look_owners *o, const char *pid_text, pid_t pid)
{
	char path[64], link[64];
	struct dirent *ent;
	struct stat st;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid_text);
	d = opendir(path);
	if (d == NULL)
		return;
	snprintf(path, sizeof(path), "/proc/%.16s/ns/mnt", pid_text);
	if (stat(path, &st) < 0)
		st.st_ino = 0;
	while ((ent = readdir(d)) != NULL) {
		ssize_t n = readlinkat(dirfd(d), ent->d_name, link, sizeof(link) - 1);
		uint32_t inode;

		if (n <= 0)
			continue;
		link[n] = '\0';
		inode = look_socket_inode(link);
		if (inode != 0)
			add(o, inode, pid, st.st_ino);
	}
	closedir(d);
}

static int by_inode(const void *a, const void *b)
{
	const struct look_owner *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

void look_owners_load(struct look_owners *o)
{
	DIR *proc = opendir("/proc");
	struct dirent *ent;
	size_t kept = 0;

	*o = (struct look_owners){0};
	while (proc != NULL && (ent = readdir(proc)) != NULL) {
		uint64_t pid;

		if (str_u64(ent->d_name, INT32_MAX, &pid) == 0)
			look_at(o, ent->d_name, (pid_t)pid);
	}
	if (proc != NULL)
		closedir(proc);
	if (o->n > 0)
		qsort(o->items, o->n, sizeof(*o->items), by_inode);
	for (size_t i = 0; i < o->n; i++) {
		if (kept == 0 || o->items[kept - 1].inode != o->items[i].inode)
			o->items[kept++] = o->items[i];
	}
	o->n = kept;
}

void look_owners_clear(struct look_owners *o)
{
	free(o->items);
	*o = (struct look_owners){0};
}

static int to_inode(const void *key, const void *item)
{
	uint32_t inode = *(const uint32_t *)key;
	const struct look_owner *o = item;

	return inode < o->inode ? -1 : inode > o->inode;
}

const struct look_owner *look_owner_find(const struct look_owners *o, uint32_t inode)
{
	return o->n == 0 ? NULL : bsearch(&inode, o->items, o->n, sizeof(*o->items), to_inode);
}
