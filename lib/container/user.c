// SPDX-License-Identifier: MIT
/*
 * passwd(5) and group(5) of a container. The rules are Docker's: a number
 * needs no entry; without a group the entry's own counts and so do the groups
 * that list the user; with a group only that one counts.
 */
#include "container/user.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"

#define FIELDS_MAX 8
#define GROUPS_MAX 65536

struct field {
	const char *p;
	size_t n;
};

void user_ids_clear(struct user_ids *u)
{
	free(u->groups);
	free(u->home);
	*u = (struct user_ids){0};
}

/* The next line's fields; NULL at the end of the text. */
static const char *next_line(const char *text, struct field f[FIELDS_MAX], size_t *ret_n)
{
	const char *end;
	size_t n = 0;

	if (*text == '\0')
		return NULL;
	end = text + strcspn(text, "\n");
	for (const char *p = text; n < FIELDS_MAX;) {
		size_t len = strcspn(p, ":\n");

		f[n++] = (struct field){p, len};
		if (p[len] != ':')
			break;
		p += len + 1;
	}
	*ret_n = n;
	return *end == '\n' ? end + 1 : end;
}

static bool field_is(const struct field *f, const char *s)
{
	return f->n == strlen(s) && memcmp(f->p, s, f->n) == 0;
}

static int field_id(const struct field *f, uint32_t *ret)
{
	char digits[12];
	uint64_t v;

	if (f->n == 0 || f->n >= sizeof(digits))
		return -1;
	memcpy(digits, f->p, f->n);
	digits[f->n] = '\0';
	if (str_u64(digits, INT_MAX, &v) < 0)
		return -1;
	*ret = (uint32_t)v;
	return 0;
}

static void add_group(struct user_ids *u, uint32_t gid)
{
	for (size_t i = 0; i < u->n_groups; i++)
		if (u->groups[i] == gid)
			return;
	if (u->n_groups >= GROUPS_MAX)
		return;
	if ((u->n_groups & (u->n_groups - 1)) == 0)
		u->groups = xrealloc(u->groups, MAX(u->n_groups * 2, 8) * sizeof(*u->groups));
	u->groups[u->n_groups++] = gid;
}

/* Does the list "a,b,c" hold the name? */
static bool listed(const struct field *list, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < list->n;) {
		size_t n = 0;

		while (i + n < list->n && list->p[i + n] != ',')
			n++;
		if (n == len && memcmp(list->p + i, name, n) == 0)
			return true;
		i += n + 1;
	}
	return false;
}

/* Entry of a name, or of a number when number is set; false when there is none. */
static bool find_user(const char *passwd, const char *name, const uint32_t *number,
		      struct user_ids *ret, char **ret_name)
{
	struct field f[FIELDS_MAX];
	size_t n;

	while ((passwd = next_line(passwd, f, &n)) != NULL) {
		uint32_t uid, gid;

		if (n < 4 || field_id(&f[2], &uid) < 0 || field_id(&f[3], &gid) < 0)
			continue;
		if (!field_is(&f[0], name) && (number == NULL || uid != *number))
			continue;
		ret->uid = uid;
		ret->gid = gid;
		if (n >= 6 && f[5].n > 0)
			ret->home = xstrndup(f[5].p, f[5].n);
		*ret_name = xstrndup(f[0].p, f[0].n);
		return true;
	}
	return false;
}

static bool find_group(const char *group, const char *name, uint32_t *ret)
{
	struct field f[FIELDS_MAX];
	size_t n;

	while ((group = next_line(group, f, &n)) != NULL)
		if (n >= 3 && field_is(&f[0], name) && field_id(&f[2], ret) == 0)
			return true;
	return false;
}

static void add_memberships(const char *group, const char *user, struct user_ids *ret)
{
	struct field f[FIELDS_MAX];
	size_t n;

	while ((group = next_line(group, f, &n)) != NULL) {
		uint32_t gid;

		if (n >= 4 && field_id(&f[2], &gid) == 0 && listed(&f[3], user))
			add_group(ret, gid);
	}
}

static int as_number(const char *s, uint32_t *ret)
{
	struct field f = {s, strlen(s)};

	return field_id(&f, ret);
}

/* What Go's Atoi reads, but no id */
static bool out_of_range(const char *s)
{
	size_t n = strlen(s), sign = *s == '-' || *s == '+';

	return n > sign && n < 20 && strspn(s + sign, "0123456789") == n - sign;
}

static int not_found(const char *kind, const char *name, const char *file, struct err *e)
{
	if (out_of_range(name))
		return err_set(e, ERR_INVALID, 0, "uids and gids must be in range 0-2147483647");
	return err_set(e, ERR_INVALID, 0, "unable to find %s %s: no matching entries in %s file",
		       kind, name, file);
}

static int find_names(const char *user, const char *grp, const char *passwd, const char *group,
		      struct user_ids *ret, struct err *e)
{
	CLEANUP(freep) char *name = NULL;
	uint32_t number;
	bool numeric = as_number(user, &number) == 0;

	if (*user == '\0') {
		numeric = true;
		number = 0;
	}
	if (!find_user(passwd, user, numeric ? &number : NULL, ret, &name)) {
		if (!numeric)
			return not_found("user", user, "passwd", e);
		ret->uid = number;
		ret->gid = 0;
	}
	if (grp == NULL || *grp == '\0') {
		if (name != NULL)
			add_memberships(group, name, ret);
		return 0;
	}
	if (find_group(group, grp, &ret->gid) || as_number(grp, &ret->gid) == 0)
		return 0;
	return not_found("group", grp, "group", e);
}

int user_find(const struct oci_user *u, const char *passwd, const char *group, struct user_ids *ret,
	      struct err *e)
{
	CLEANUP(user_ids_clear) struct user_ids ids = {0};
	CLEANUP(freep) char *name = NULL;

	if (u->username != NULL) {
		char *colon;

		name = xstrdup(u->username);
		colon = strchr(name, ':');
		if (colon != NULL)
			*colon++ = '\0';
		if (find_names(name, colon, passwd, group, &ids, e) < 0)
			return -1;
	} else {
		struct user_ids entry = {0};

		if (find_user(passwd, "", &u->uid, &entry, &name))
			ids.home = TAKE(entry.home);
		ids.uid = u->uid;
		ids.gid = u->gid;
	}
	for (size_t i = 0; i < u->additional_gids.len; i++)
		add_group(&ids, (uint32_t)u->additional_gids.items[i]);
	strv_for_each (g, &u->additional_groups) {
		uint32_t gid;

		if (!find_group(group, *g, &gid) && as_number(*g, &gid) < 0)
			return err_set(e, ERR_INVALID, 0, "Unable to find group %s", *g);
		add_group(&ids, gid);
	}
	if (ids.home == NULL)
		ids.home = xstrdup("/");
	*ret = ids;
	ids = (struct user_ids){0};
	return 0;
}

/* A missing, strange or oversized file counts as empty. */
static void read_db(int root_fd, const char *path, struct buf *out)
{
	struct err ignored;
	CLEANUP(fd_closep)
	int fd = path_open_in_root(root_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0,
				   &ignored);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (fd_read_all(fd, CONTAINER_PASSWD_MAX, out, &ignored) < 0)
		buf_reset(out);
}

int user_resolve(int root_fd, const struct oci_user *u, struct user_ids *ret, struct err *e)
{
	CLEANUP(buf_clear) struct buf passwd = BUF_INIT;
	CLEANUP(buf_clear) struct buf group = BUF_INIT;

	read_db(root_fd, "/etc/passwd", &passwd);
	if (u->username != NULL || u->additional_groups.len > 0)
		read_db(root_fd, "/etc/group", &group);
	return user_find(u, buf_str(&passwd), buf_str(&group), ret, e);
}
