// SPDX-License-Identifier: MIT
/*
 * /proc/PID/mountinfo: proc_pid_mountinfo(5). Paths in it come from whoever
 * mounts, so the parser bounds everything and trusts nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"
#include "ns/mount.h"

static void info_clear(struct mnt_info *m)
{
	free(m->root);
	free(m->target);
	free(m->options);
	free(m->fstype);
	free(m->source);
	free(m->super_options);
}

void mnt_table_clear(struct mnt_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		info_clear(&t->items[i]);
	free(t->items);
	t->items = NULL;
	t->n = 0;
}

/* The next field of a line, cut out in place; NULL at the end. */
static char *field(char **p)
{
	char *start = *p + strspn(*p, " ");
	size_t n = strcspn(start, " ");

	if (n == 0)
		return NULL;
	*p = start + n;
	if (**p != '\0')
		*(*p)++ = '\0';
	return start;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* A copy with \ooo replaced by its byte; a NUL among them ends the string. */
static char *unescape(const char *s)
{
	char *copy = xstrdup(s);
	char *out = copy;

	for (const char *p = copy; *p != '\0'; p++) {
		if (p[0] == '\\' && is_octal(p[1]) && is_octal(p[2]) && is_octal(p[3])) {
			*out++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 3;
		} else {
			*out++ = *p;
		}
	}
	*out = '\0';
	return copy;
}

static int parse_device(char *s, struct mnt_info *m)
{
	char *colon = strchr(s, ':');
	uint64_t major, minor;

	if (colon == NULL)
		return -1;
	*colon = '\0';
	if (str_u64(s, UINT32_MAX, &major) < 0 || str_u64(colon + 1, UINT32_MAX, &minor) < 0)
		return -1;
	m->dev_major = (unsigned)major;
	m->dev_minor = (unsigned)minor;
	return 0;
}

/* The optional fields up to "-". */
static int parse_optional(char **p, struct mnt_info *m)
{
	char *f;

	while ((f = field(p)) != NULL && strcmp(f, "-") != 0) {
		m->shared |= str_starts(f, "shared:");
		m->slave |= str_starts(f, "master:");
		m->unbindable |= str_eq(f, "unbindable");
	}
	return f == NULL ? -1 : 0;
}

/* One line, which is changed; m is filled only on success. */
static int parse_line(char *line, struct mnt_info *ret)
{
	struct mnt_info m = {0};
	char *id = field(&line);
	char *parent = field(&line);
	char *device = field(&line);
	char *root = field(&line);
	char *target = field(&line);
	char *options = field(&line);
	char *type, *source, *super;

	if (options == NULL || str_u64(id, UINT64_MAX, &m.id) < 0 ||
	    str_u64(parent, UINT64_MAX, &m.parent_id) < 0 || parse_device(device, &m) < 0 ||
	    parse_optional(&line, &m) < 0)
		return -1;
	type = field(&line);
	source = field(&line);
	super = field(&line);
	if (type == NULL)
		return -1;
	if (super == NULL) { /* an empty source leaves two blanks, which field() takes as one */
		super = source;
		source = NULL;
	}
	m.root = unescape(root);
	m.target = unescape(target);
	m.options = xstrdup(options);
	m.fstype = unescape(type);
	m.source = unescape(source == NULL ? "" : source);
	m.super_options = xstrdup(super == NULL ? "" : super);
	*ret = m;
	return 0;
}

int mnt_table_parse(struct mnt_table *t, const char *text, size_t len, struct err *e)
{
	const char *p = text, *end = text + len;
	size_t n_old = t->n, cap = t->n, n_line = 0;

	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((nl == NULL ? end : nl) - p);
		CLEANUP(freep) char *line = xstrndup(p, n);

		n_line++;
		if (t->n == cap) {
			cap = cap * 2 + 32;
			t->items = xrealloc(t->items, cap * sizeof(*t->items));
		}
		if (parse_line(line, &t->items[t->n]) < 0) {
			while (t->n > n_old)
				info_clear(&t->items[--t->n]);
			return err_set(e, ERR_INVALID, 0, "malformed mountinfo, line %zu", n_line);
		}
		t->n++;
		p += n + 1;
	}
	return 0;
}

int mnt_table_load(struct mnt_table *t, pid_t pid, struct err *e)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	char path[64] = "/proc/self/mountinfo";

	if (pid != 0)
		snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
	if (file_read(AT_FDCWD, path, MNT_INFO_MAX_BYTES, &text, e) < 0)
		return -1;
	return mnt_table_parse(t, buf_str(&text), text.len, e);
}

const struct mnt_info *mnt_table_find(const struct mnt_table *t, const char *target)
{
	for (size_t i = t->n; i-- > 0;) {
		if (strcmp(t->items[i].target, target) == 0)
			return &t->items[i];
	}
	return NULL;
}

const struct mnt_info *mnt_table_covering(const struct mnt_table *t, const char *path)
{
	const struct mnt_info *best = NULL;
	size_t best_len = 0;

	for (size_t i = t->n; i-- > 0;) {
		const char *target = t->items[i].target;
		size_t len = strcmp(target, "/") == 0 ? 0 : strlen(target);

		if (strncmp(path, target, len) != 0 || (path[len] != '/' && path[len] != '\0'))
			continue;
		if (best == NULL || len > best_len) {
			best = &t->items[i];
			best_len = len;
		}
	}
	return best;
}
