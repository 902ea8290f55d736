// SPDX-License-Identifier: MIT
/*
 * Id maps: user_namespaces(7), newuidmap(1), newgidmap(1).
 */
#include "ns/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "base/strv.h"

#define IDMAP_TOOL_TIMEOUT_MS 10000
#define IDMAP_TEXT_MAX_BYTES  (64 * 1024)

void idmap_clear(struct idmap *m)
{
	free(m->items);
	m->items = NULL;
	m->n = 0;
}

void idmap_add(struct idmap *m, uint32_t inside, uint32_t outside, uint32_t count)
{
	if (count == 0)
		return;
	m->items = xrealloc(m->items, (m->n + 1) * sizeof(*m->items));
	m->items[m->n++] = (struct idmap_entry){inside, outside, count};
}

void idmap_rootless(struct idmap *m, uint32_t own_id, const struct subid_ranges *r)
{
	uint64_t next = 1;

	idmap_add(m, 0, own_id, 1);
	for (size_t i = 0; i < r->n && next < UINT32_MAX; i++) {
		uint64_t count = MIN((uint64_t)r->items[i].count, UINT32_MAX - next);

		idmap_add(m, (uint32_t)next, r->items[i].start, (uint32_t)count);
		next += count;
	}
}

/* Three numbers and the end of the line. */
static int parse_line(const char *line, uint64_t v[3])
{
	char *end;

	for (int i = 0; i < 3; i++) {
		line += strspn(line, " \t");
		if (*line < '0' || *line > '9')
			return -1;
		errno = 0;
		v[i] = strtoull(line, &end, 10);
		if (errno != 0 || v[i] > UINT32_MAX)
			return -1;
		line = end;
	}
	return line[strspn(line, " \t")] == '\0' ? 0 : -1;
}

int idmap_parse(struct idmap *m, const char *text, size_t len, struct err *e)
{
	struct idmap found = IDMAP_INIT;
	const char *p = text, *end = text + len;
	char line[128];
	uint64_t v[3];

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl == NULL ? end : nl) - p);

		if (n >= sizeof(line) || memchr(p, '\0', n) != NULL)
			goto malformed;
		memcpy(line, p, n);
		line[n] = '\0';
		if (parse_line(line, v) < 0 || v[2] == 0 || v[0] + v[2] > (1ULL << 32) ||
		    v[1] + v[2] > (1ULL << 32))
			goto malformed;
		idmap_add(&found, (uint32_t)v[0], (uint32_t)v[1], (uint32_t)v[2]);
		p += n + 1;
	}
	for (size_t i = 0; i < found.n; i++)
		idmap_add(m, found.items[i].inside, found.items[i].outside, found.items[i].count);
	idmap_clear(&found);
	return 0;
malformed:
	idmap_clear(&found);
	return err_set(e, ERR_INVALID, 0, "malformed id map");
}

/* /proc/PID/NAME, pid 0 being ours */
static void proc_path(char *out, size_t size, pid_t pid, const char *name)
{
	if (pid == 0)
		snprintf(out, size, "/proc/self/%s", name);
	else
		snprintf(out, size, "/proc/%d/%s", (int)pid, name);
}

int idmap_load(struct idmap *m, pid_t pid, enum subid_kind kind, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	char path[64];

	proc_path(path, sizeof(path), pid, kind == SUBID_UID ? "uid_map" : "gid_map");
	if (file_read(AT_FDCWD, path, IDMAP_TEXT_MAX_BYTES, &text, e) < 0)
		return -1;
	if (idmap_parse(m, buf_str(&text), text.len, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

int idmap_keepid(struct idmap *m, enum subid_kind kind, uint32_t k, struct err *e)
{
	struct idmap ours = IDMAP_INIT;
	uint32_t n = 0;

	if (idmap_load(&ours, 0, kind, e) < 0)
		return -1;
	for (size_t i = 0; i < ours.n; i++)
		n += ours.items[i].count;
	idmap_clear(&ours);
	idmap_add(m, 0, 1, MIN(k, n - 1));
	idmap_add(m, k, 0, 1);
	if (k + 1 < n)
		idmap_add(m, k + 1, k + 1, n - k - 1);
	return 0;
}

bool idmap_to_outside(const struct idmap *m, uint32_t inside, uint32_t *ret)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct idmap_entry *it = &m->items[i];

		if (inside >= it->inside && inside - it->inside < it->count) {
			*ret = it->outside + (inside - it->inside);
			return true;
		}
	}
	return false;
}

bool idmap_to_inside(const struct idmap *m, uint32_t outside, uint32_t *ret)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct idmap_entry *it = &m->items[i];

		if (outside >= it->outside && outside - it->outside < it->count) {
			*ret = it->inside + (outside - it->outside);
			return true;
		}
	}
	return false;
}

char *idmap_text(const struct idmap *m)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < m->n; i++)
		buf_addf(&b, "%u %u %u\n", m->items[i].inside, m->items[i].outside,
			 m->items[i].count);
	return buf_detach(&b);
}

int idmap_write(pid_t pid, const struct idmap *uids, const struct idmap *gids, bool setgroups,
		struct err *e)
{
	CLEANUP(freep) char *uid_text = idmap_text(uids);
	CLEANUP(freep) char *gid_text = idmap_text(gids);
	char path[64];

	if (!setgroups) {
		proc_path(path, sizeof(path), pid, "setgroups");
		if (file_write_plain(AT_FDCWD, path, "deny", e) < 0 && e->kind != ERR_NOTFOUND)
			return -1;
	}
	proc_path(path, sizeof(path), pid, "uid_map");
	if (file_write_plain(AT_FDCWD, path, uid_text, e) < 0)
		return -1;
	proc_path(path, sizeof(path), pid, "gid_map");
	return file_write_plain(AT_FDCWD, path, gid_text, e);
}

/* A running newuidmap or newgidmap. */
struct tool {
	const char *name;
	pid_t pid;
	int stderr_fd;
};

static int tool_start(struct tool *t, const char *name, pid_t pid, const struct idmap *m,
		      struct err *e)
{
	CLEANUP(strv_clear) struct strv argv = STRV_INIT;
	CLEANUP(fd_closep) int read_fd = -1;
	CLEANUP(fd_closep) int write_fd = -1;
	int fds[2];
	struct proc_fd pass = {.child_fd = 2};
	struct proc_spec spec = {.path = name, .fds = &pass, .n_fds = 1};

	strv_add(&argv, name);
	strv_addf(&argv, "%d", (int)pid);
	for (size_t i = 0; i < m->n; i++) {
		strv_addf(&argv, "%u", m->items[i].inside);
		strv_addf(&argv, "%u", m->items[i].outside);
		strv_addf(&argv, "%u", m->items[i].count);
	}
	if (fd_pipe(fds, e) < 0)
		return -1;
	read_fd = fds[0];
	write_fd = pass.fd = fds[1];
	spec.argv = (const char *const *)argv.items;
	t->name = name;
	t->pid = proc_spawn(&spec, e);
	if (t->pid < 0) {
		if (e->kind == ERR_NOTFOUND)
			return err_set(e, ERR_UNAVAILABLE, ENOENT,
				       "%s is not installed (package uidmap or shadow-utils): it "
				       "is needed to map subordinate ids",
				       name);
		return err_wrap(e, "%s", name);
	}
	t->stderr_fd = TAKE_FD(read_fd);
	return 0;
}

static int tool_finish(struct tool *t, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(fd_closep) int fd = TAKE_FD(t->stderr_fd);
	struct err ignored;
	int code;

	if (fd_read_all(fd, IDMAP_TEXT_MAX_BYTES, &text, &ignored) < 0)
		buf_reset(&text);
	if (proc_wait(t->pid, IDMAP_TOOL_TIMEOUT_MS, &code, e) < 0)
		return err_wrap(e, "%s", t->name);
	if (code == 0)
		return 0;
	while (text.len > 0 && text.data[text.len - 1] == '\n')
		text.data[--text.len] = '\0';
	return err_set(e, ERR_SYSTEM, 0, "%s failed (exit code %d): %s", t->name, code,
		       text.len > 0 ? text.data
				    : "no message; is it setuid root or has it the "
				      "file capability cap_setuid (cap_setgid)?");
}

int idmap_install(pid_t pid, const struct idmap *uids, const struct idmap *gids, struct err *e)
{
	struct tool u = {.stderr_fd = -1}, g = {.stderr_fd = -1};
	struct err second;
	int result = 0;

	if (tool_start(&u, "newuidmap", pid, uids, e) < 0)
		return -1;
	if (tool_start(&g, "newgidmap", pid, gids, e) < 0) {
		if (tool_finish(&u, &second) < 0)
			*e = second;
		return -1;
	}
	if (tool_finish(&u, e) < 0)
		result = -1;
	if (tool_finish(&g, &second) < 0 && result == 0) {
		*e = second;
		result = -1;
	}
	return result;
}
