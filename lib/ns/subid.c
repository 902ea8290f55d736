// SPDX-License-Identifier: MIT
/*
 * Subordinate ids: subuid(5), subgid(5), getsubids(1), and the "subid" line of
 * nsswitch.conf(5), which says whether anything but the files is to be asked.
 */
#include "ns/subid.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/str.h"
#include "config/limits.h"

#define SUBID_TOOL_TIMEOUT_MS 5000
#define SUBID_END	      UINT32_MAX /* (uid_t)-1 is no id */

void subid_clear(struct subid_ranges *r)
{
	free(r->items);
	r->items = NULL;
	r->n = 0;
}

uint64_t subid_total(const struct subid_ranges *r)
{
	uint64_t total = 0;

	for (size_t i = 0; i < r->n; i++)
		total += r->items[i].count;
	return total;
}

static void subid_append(struct subid_ranges *r, uint64_t start, uint64_t end)
{
	if (start >= end || r->n >= SUBID_RANGES_MAX)
		return;
	r->items = xrealloc(r->items, (r->n + 1) * sizeof(*r->items));
	r->items[r->n].start = (uint32_t)start;
	r->items[r->n].count = (uint32_t)(end - start);
	r->n++;
}

/* Appends [start, end) less what the ranges from index i on hold: each range met splits it. */
static void subid_add_from(struct subid_ranges *r, size_t n_old, uint64_t start, uint64_t end)
{
	while (start < end) {
		uint64_t stop = end;
		uint64_t next = end;

		for (size_t i = 0; i < n_old; i++) {
			uint64_t from = r->items[i].start;
			uint64_t to = from + r->items[i].count;

			if (from <= start && start < to) {
				start = to;
				stop = next = 0;
				break;
			}
			if (from > start && from < stop) {
				stop = from;
				next = to;
			}
		}
		if (stop == 0)
			continue;
		subid_append(r, start, stop);
		start = next;
	}
}

void subid_add(struct subid_ranges *r, uint32_t start, uint64_t count)
{
	uint64_t end = start + MIN(count, (uint64_t)SUBID_END);

	subid_add_from(r, r->n, start, MIN(end, (uint64_t)SUBID_END));
}

void subid_exclude(struct subid_ranges *r, uint32_t id)
{
	struct subid_ranges old = *r;

	*r = (struct subid_ranges)SUBID_RANGES_INIT;
	for (size_t i = 0; i < old.n; i++) {
		uint64_t start = old.items[i].start;
		uint64_t end = start + old.items[i].count;

		if (id < start || id >= end) {
			subid_append(r, start, end);
			continue;
		}
		subid_append(r, start, id);
		subid_append(r, (uint64_t)id + 1, end);
	}
	free(old.items);
}

/* A decimal number of exactly n bytes. */
static int number(const char *p, size_t n, uint64_t max, uint64_t *ret)
{
	char tmp[24];

	if (n == 0 || n >= sizeof(tmp))
		return -1;
	memcpy(tmp, p, n);
	tmp[n] = '\0';
	return str_u64(tmp, max, ret);
}

/* One line NAME:START:COUNT, without its newline. */
static void parse_line(const char *line, size_t len, const char *user, uint32_t id,
		       struct subid_ranges *r)
{
	const char *end = line + len;
	const char *a = memchr(line, ':', len);
	const char *b = a == NULL ? NULL : memchr(a + 1, ':', (size_t)(end - a - 1));
	uint64_t owner, start, count;
	bool mine;

	if (b == NULL)
		return;
	mine = user != NULL && strlen(user) == (size_t)(a - line) &&
	       memcmp(user, line, (size_t)(a - line)) == 0;
	if (!mine && number(line, (size_t)(a - line), SUBID_END, &owner) == 0)
		mine = owner == id;
	if (!mine)
		return;
	while (end > b + 1 && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	if (number(a + 1, (size_t)(b - a - 1), SUBID_END - 1, &start) < 0 ||
	    number(b + 1, (size_t)(end - b - 1), UINT32_MAX, &count) < 0)
		return;
	subid_add(r, (uint32_t)start, count);
}

void subid_parse(const char *text, size_t len, const char *user, uint32_t id,
		 struct subid_ranges *r)
{
	const char *p = text, *end = text + len;

	while (p < end && r->n < SUBID_RANGES_MAX) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *stop = nl == NULL ? end : nl;

		parse_line(p, (size_t)(stop - p), user, id, r);
		p = stop + 1;
	}
}

/* The next blank-separated word of a line; its length, 0 at the end. */
static size_t word(const char **p, const char *end)
{
	const char *stop;

	while (*p < end && (**p == ' ' || **p == '\t'))
		(*p)++;
	for (stop = *p; stop < end && *stop != ' ' && *stop != '\t' && *stop != '\r'; stop++)
		;
	return (size_t)(stop - *p);
}

/* "INDEX: USER START COUNT" */
static void parse_getsubids_line(const char *line, size_t len, struct subid_ranges *r)
{
	const char *p = line, *end = line + len;
	uint64_t start, count;
	size_t n;

	n = word(&p, end);
	if (n == 0 || p[n - 1] != ':')
		return;
	p += n;
	p += word(&p, end);
	n = word(&p, end);
	if (number(p, n, SUBID_END - 1, &start) < 0)
		return;
	p += n;
	n = word(&p, end);
	if (number(p, n, UINT32_MAX, &count) < 0)
		return;
	subid_add(r, (uint32_t)start, count);
}

void subid_parse_getsubids(const char *text, size_t len, struct subid_ranges *r)
{
	const char *p = text, *end = text + len;

	while (p < end && r->n < SUBID_RANGES_MAX) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		const char *stop = nl == NULL ? end : nl;

		parse_getsubids_line(p, (size_t)(stop - p), r);
		p = stop + 1;
	}
}

static int load_static(enum subid_kind kind, const char *user, uid_t uid, struct subid_ranges *r,
		       struct err *e)
{
	const char *path = kind == SUBID_UID ? "/etc/subuid" : "/etc/subgid";
	CLEANUP(buf_clear) struct buf text = BUF_INIT;

	if (file_read(AT_FDCWD, path, SUBID_FILE_MAX_BYTES, &text, e) < 0)
		return err_wrap(e, "subordinate ids");
	subid_parse(buf_str(&text), text.len, user, uid, r);
	if (r->n == 0)
		return err_set(e, ERR_NOTFOUND, 0,
			       "no subordinate ids for user %s (uid %u) in %s: add a line such as "
			       "\"%s:100000:65536\"",
			       user == NULL ? "?" : user, uid, path, user == NULL ? "NAME" : user);
	return 0;
}

static int load_dynamic(enum subid_kind kind, const char *user, uid_t uid, struct subid_ranges *r,
			struct err *e)
{
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	char id[16];
	const char *argv[4] = {"getsubids", "-g", NULL, NULL};
	struct proc_spec spec = {.path = "getsubids", .argv = argv};

	snprintf(id, sizeof(id), "%u", uid);
	argv[kind == SUBID_UID ? 1 : 2] = user == NULL ? id : user;
	if (proc_run(&spec, SUBID_TOOL_TIMEOUT_MS, &out, e) < 0)
		return err_wrap(e, "getsubids");
	subid_parse_getsubids(buf_str(&out), out.len, r);
	if (r->n == 0)
		return err_set(e, ERR_NOTFOUND, 0, "getsubids knows no subordinate %s ids of %s",
			       kind == SUBID_UID ? "user" : "group",
			       argv[kind == SUBID_UID ? 1 : 2]);
	return 0;
}

/* nsswitch.conf sends subordinate ids elsewhere than to the files. */
static bool files_are_not_all(void)
{
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	struct err ignored;
	const char *p;

	if (file_read(AT_FDCWD, "/etc/nsswitch.conf", SUBID_FILE_MAX_BYTES, &text, &ignored) < 0)
		return false;
	for (p = buf_str(&text); p != NULL; p = strchr(p, '\n')) {
		p += strspn(p, "\n\t ");
		if (!str_starts(p, "subid:"))
			continue;
		p += strlen("subid:");
		p += strspn(p, " \t");
		return !str_starts(p, "files") && *p != '\n' && *p != '\0';
	}
	return false;
}

int subid_load(enum subid_kind kind, enum subid_source source, const char *user, uid_t uid,
	       struct subid_ranges *r, struct err *e)
{
	struct subid_ranges found = SUBID_RANGES_INIT;
	struct err ignored;
	int result;

	switch (source) {
	case SUBID_STATIC:
		result = load_static(kind, user, uid, &found, e);
		break;
	case SUBID_DYNAMIC:
		result = load_dynamic(kind, user, uid, &found, e);
		break;
	default:
		/* the program costs an exec, so it is asked first only where it can know more */
		if (files_are_not_all() && load_dynamic(kind, user, uid, &found, &ignored) == 0) {
			result = 0;
			break;
		}
		result = load_static(kind, user, uid, &found, e);
		if (result < 0 && load_dynamic(kind, user, uid, &found, &ignored) == 0)
			result = 0;
	}
	if (result == 0)
		*r = found;
	return result;
}

char *subid_user_name(uid_t uid)
{
	static const char *const argv[] = {"id", "-un", NULL};
	const struct proc_spec spec = {.path = "id", .argv = argv};
	CLEANUP(buf_clear) struct buf out = BUF_INIT;
	struct passwd *pw = getpwuid(uid);
	struct err ignored;

	if (pw != NULL)
		return xstrdup(pw->pw_name);
	/* names that come from LDAP or systemd: a static binary asks a program of the host */
	if (uid == geteuid() && proc_run(&spec, SUBID_TOOL_TIMEOUT_MS, &out, &ignored) == 0 &&
	    out.len > 0) {
		out.data[strcspn(out.data, "\n")] = '\0';
		return buf_detach(&out);
	}
	return xstrdup(getenv("USER"));
}
