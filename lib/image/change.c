// SPDX-License-Identifier: MIT
/*
 * Dockerfile instructions of `docker import --change` and `docker commit
 * --change`: those that only change the image configuration. One table names
 * them. Words are split as the Dockerfile reference says: blanks separate,
 * quotes and backslashes keep.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/signame.h"
#include "base/str.h"
#include "base/time.h"
#include "config/limits.h"
#include "image/config.h"
#include "image/shellword.h"
#include "json/json.h"

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* A JSON list of strings: 1; 0 when it is none (then it is shell form); -1 a list of other things.
 */
static int json_words(const char *s, struct strv *out, struct err *e)
{
	CLEANUP(json_freep) struct json *v = NULL;
	struct err ignored;

	s = skip_blanks(s);
	if (*s != '[' || json_parse(s, strlen(s), &v, &ignored) < 0 || json_kind(v) != JSON_ARRAY)
		return 0;
	json_for_each (item, v)
		if (json_str(item) == NULL)
			return err_set(e, ERR_INVALID, 0,
				       "when using JSON array syntax, arrays must be comprised of "
				       "strings only");
	json_strv_empty(out);
	json_for_each (item, v)
		strv_add(out, json_str(item));
	return 1;
}

static int need_args(const char *name, const char *args, struct err *e)
{
	if (*args == '\0')
		return err_set(e, ERR_INVALID, 0, "%s requires at least one argument", name);
	return 0;
}

static int set_command(struct image_run_config *rc, struct strv *dst, const char *args,
		       struct err *e)
{
	struct strv words = STRV_INIT;
	int r = json_words(args, &words, e);

	if (r < 0)
		return -1;
	if (r == 0) {
		if (rc->shell.len > 0) {
			strv_copy(&words, &rc->shell);
		} else {
			strv_add(&words, "/bin/sh");
			strv_add(&words, "-c");
		}
		if (*args != '\0')
			strv_add(&words, args);
	}
	strv_clear(dst);
	*dst = words;
	return 0;
}

static int change_cmd(struct image_run_config *rc, const char *args, struct err *e)
{
	return set_command(rc, &rc->cmd, args, e);
}

/* Without an argument it takes the image's away. */
static int change_entrypoint(struct image_run_config *rc, const char *args, struct err *e)
{
	if (*args == '\0') {
		strv_clear(&rc->entrypoint);
		return 0;
	}
	return set_command(rc, &rc->entrypoint, args, e);
}

typedef void set_pair(struct image_run_config *rc, const char *k, const char *v);

static int expand_pair(struct image_run_config *rc, const struct strv *env, const char *name,
		       const char *value, set_pair *set, struct err *e)
{
	CLEANUP(freep) char *k = shellword_expand(name, env, e);
	CLEANUP(freep) char *v = k != NULL ? shellword_expand(value, env, e) : NULL;

	if (v == NULL)
		return -1;
	set(rc, k, v);
	return 0;
}

/* "k=v k2=v2 …", or the older "k rest of the line"; variables are those before the line. */
static int pairs(const char *name, const char *args, struct image_run_config *rc, set_pair *set,
		 struct err *e)
{
	CLEANUP(strv_clear) struct strv env = STRV_INIT;
	const char *p = args;
	char *word;

	if (need_args(name, args, e) < 0)
		return -1;
	strv_copy(&env, &rc->env);
	for (bool first = true; (word = shellword_next(&p)) != NULL; first = false) {
		CLEANUP(freep) char *owned = word;
		char *eq = strchr(owned, '=');

		if (eq == NULL && !first)
			return err_set(e, ERR_INVALID, 0,
				       "Syntax error - can't find = in \"%.64s\". Must be of the "
				       "form: name=value",
				       owned);
		if (eq == NULL) {
			p = skip_blanks(p);
			if (*p == '\0')
				return err_set(e, ERR_INVALID, 0, "%s must have two arguments",
					       name);
			return expand_pair(rc, &env, owned, p, set, e);
		}
		if (eq == owned)
			return err_set(e, ERR_INVALID, 0, "%s names can not be blank", name);
		*eq = '\0';
		if (expand_pair(rc, &env, owned, eq + 1, set, e) < 0)
			return -1;
	}
	return 0;
}

static void set_env(struct image_run_config *rc, const char *k, const char *v)
{
	CLEANUP(freep) char *entry = xasprintf("%s=%s", k, v);

	strv_env_set(&rc->env, entry);
}

static void set_label(struct image_run_config *rc, const char *k, const char *v)
{
	json_strmap_set(&rc->labels, k, v);
}

static int change_env(struct image_run_config *rc, const char *args, struct err *e)
{
	return pairs("ENV", args, rc, set_env, e);
}

static int change_label(struct image_run_config *rc, const char *args, struct err *e)
{
	return pairs("LABEL", args, rc, set_label, e);
}

static int bad_port(const char *word, struct err *e)
{
	return err_set(e, ERR_INVALID, 0, "Invalid containerPort: %.64s", word);
}

/* "80", "80/udp", "8000-8010"; an address and a host port before it mean nothing here */
static int expose_one(struct image_run_config *rc, const char *word, struct err *e)
{
	const char *port = strrchr(word, ':') != NULL ? strrchr(word, ':') + 1 : word;
	CLEANUP(freep) char *first = xstrndup(port, strcspn(port, "-/"));
	CLEANUP(freep) char *last = NULL;
	const char *proto = strchr(port, '/');
	const char *dash = strchr(port, '-');
	size_t before = rc->exposed_ports.len;
	uint64_t from = 0, to = 0;

	if (dash != NULL)
		last = xstrndup(dash + 1, strcspn(dash + 1, "/"));
	if (str_u64(first, 65535, &from) < 0 || (last != NULL && str_u64(last, 65535, &to) < 0) ||
	    (last != NULL && to < from))
		return bad_port(port, e);
	proto = proto != NULL ? proto + 1 : "tcp";
	if (strcasecmp(proto, "tcp") != 0 && strcasecmp(proto, "udp") != 0 &&
	    strcasecmp(proto, "sctp") != 0)
		return err_set(e, ERR_INVALID, 0, "Invalid proto: %.64s", proto);
	if (before > IMAGE_EXPOSED_MAX)
		return err_set(e, ERR_INVALID, 0, "more than %d exposed ports", IMAGE_EXPOSED_MAX);
	for (uint64_t n = from; n <= MAX(from, to); n++) {
		CLEANUP(freep) char *item = xasprintf("%llu/%s", (unsigned long long)n, proto);
		bool known = false;

		for (char *c = item; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
		for (size_t i = 0; i < before && !known; i++)
			known = str_eq(rc->exposed_ports.items[i], item);
		if (!known)
			strv_add(&rc->exposed_ports, item);
	}
	return 0;
}

/* Words, each expanded. */
static int expand_words(const struct strv *env, const char *p, struct strv *out, struct err *e)
{
	char *word;

	while ((word = shellword_next(&p)) != NULL) {
		CLEANUP(freep) char *owned = word;
		char *expanded = shellword_expand(owned, env, e);

		if (expanded == NULL)
			return -1;
		strv_take(out, expanded);
	}
	return 0;
}

static int change_expose(struct image_run_config *rc, const char *args, struct err *e)
{
	CLEANUP(strv_clear) struct strv words = STRV_INIT;

	if (need_args("EXPOSE", args, e) < 0 || expand_words(&rc->env, args, &words, e) < 0)
		return -1;
	strv_for_each (it, &words)
		if ((*it)[0] != '\0' && expose_one(rc, *it, e) < 0)
			return -1;
	return 0;
}

static int change_volume(struct image_run_config *rc, const char *args, struct err *e)
{
	CLEANUP(strv_clear) struct strv words = STRV_INIT;
	int r = json_words(args, &words, e);

	if (r < 0 || (r == 0 && expand_words(&rc->env, args, &words, e) < 0))
		return -1;
	if (words.len == 0)
		return need_args("VOLUME", "", e);
	strv_for_each (it, &words) {
		if ((*it)[0] == '\0')
			return err_set(e, ERR_INVALID, 0,
				       "VOLUME specified can not be an empty "
				       "string");
		if (!strv_has(&rc->volumes, *it))
			strv_add(&rc->volumes, *it);
	}
	return 0;
}

/* The rest of the line, expanded; NULL with an error. */
static char *one_value(struct image_run_config *rc, const char *name, const char *args,
		       struct err *e)
{
	if (*args != '\0')
		return shellword_expand(args, &rc->env, e);
	err_set(e, ERR_INVALID, 0, "%s requires exactly one argument", name);
	return NULL;
}

static int change_user(struct image_run_config *rc, const char *args, struct err *e)
{
	char *user = one_value(rc, "USER", args, e);

	if (user == NULL)
		return -1;
	free(rc->user);
	rc->user = user;
	return 0;
}

static int change_stopsignal(struct image_run_config *rc, const char *args, struct err *e)
{
	CLEANUP(freep) char *name = one_value(rc, "STOPSIGNAL", args, e);
	int number;

	if (name == NULL)
		return -1;
	if (signal_number(name, &number, e) < 0)
		return -1;
	str_replace_ptr(&rc->stop_signal, name);
	return 0;
}

static int change_workdir(struct image_run_config *rc, const char *args, struct err *e)
{
	CLEANUP(freep) char *dir = one_value(rc, "WORKDIR", args, e);
	CLEANUP(freep) char *joined = NULL;

	if (dir == NULL)
		return -1;
	joined = path_join(str_empty(rc->working_dir) ? "/" : rc->working_dir, dir);
	free(rc->working_dir);
	rc->working_dir = path_clean(dir[0] == '/' ? dir : joined);
	return 0;
}

static int change_onbuild(struct image_run_config *rc, const char *args, struct err *e)
{
	static const char *const never[] = {"FROM", "MAINTAINER"};
	size_t n = strcspn(args, " \t\r\n");

	if (need_args("ONBUILD", args, e) < 0)
		return -1;
	if (n == 7 && strncasecmp(args, "ONBUILD", 7) == 0)
		return err_set(e, ERR_INVALID, 0,
			       "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
	for (size_t i = 0; i < ARRAY_LEN(never); i++)
		if (n == strlen(never[i]) && strncasecmp(args, never[i], n) == 0)
			return err_set(e, ERR_INVALID, 0, "%s isn't allowed as an ONBUILD trigger",
				       never[i]);
	strv_add(&rc->onbuild, args);
	return 0;
}

static int change_shell(struct image_run_config *rc, const char *args, struct err *e)
{
	struct strv words = STRV_INIT;

	if (json_words(args, &words, e) <= 0 || words.len == 0) {
		strv_clear(&words);
		return err_set(e, ERR_INVALID, 0,
			       "SHELL requires the arguments to be in JSON form");
	}
	strv_clear(&rc->shell);
	rc->shell = words;
	return 0;
}

static int health_duration(const char *name, const char *value, int64_t *ret, struct err *e)
{
	if (time_parse_duration(value, ret, e) < 0)
		return -1;
	if (*ret != 0 && *ret < 1000000)
		return err_set(e, ERR_INVALID, 0, "Interval \"%s\" cannot be less than 1ms", name);
	return 0;
}

static int health_flag(struct image_health *h, const char *word, struct err *e)
{
	static const struct {
		const char *name;
		size_t offset;
	} durations[] = {
		{"interval", offsetof(struct image_health, interval_nsec)},
		{"timeout", offsetof(struct image_health, timeout_nsec)},
		{"start-period", offsetof(struct image_health, start_period_nsec)},
		{"start-interval", offsetof(struct image_health, start_interval_nsec)},
	};
	const char *value = str_skip(word, "--retries=");
	size_t n = strcspn(word, "=");

	if (value != NULL) {
		if (str_i64(value, &h->retries) < 0 || h->retries > INT32_MAX)
			return err_set(e, ERR_INVALID, 0,
				       "strconv.ParseInt: parsing \"%.64s\": invalid syntax",
				       value);
		if (h->retries < 0)
			return err_set(e, ERR_INVALID, 0, "--retries cannot be negative (%lld)",
				       (long long)h->retries);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(durations); i++)
		if (word[n] == '=' && strlen(durations[i].name) == n - 2 &&
		    strncmp(durations[i].name, word + 2, n - 2) == 0)
			return health_duration(durations[i].name, word + n + 1,
					       (int64_t *)(void *)((char *)h + durations[i].offset),
					       e);
	return err_set(e, ERR_INVALID, 0, "unknown flag: %.*s", (int)MIN(n, 64), word);
}

/* CMD of a health check: a list, or the rest of the line for a shell */
static int health_test(struct image_health *h, const char *args, struct err *e)
{
	CLEANUP(strv_clear) struct strv words = STRV_INIT;
	int r = json_words(args, &words, e);

	if (r < 0)
		return -1;
	if (*args == '\0' || (r > 0 && words.len == 0))
		return err_set(e, ERR_INVALID, 0, "Missing command after HEALTHCHECK CMD");
	strv_add(&h->test, r > 0 ? "CMD" : "CMD-SHELL");
	if (r > 0)
		strv_copy(&h->test, &words);
	else
		strv_add(&h->test, args);
	return 0;
}

static int health_parse(struct image_health *h, const char *p, struct err *e)
{
	for (;;) {
		CLEANUP(freep) char *word = shellword_next(&p);

		if (word == NULL)
			return need_args("HEALTHCHECK", "", e);
		if (str_starts(word, "--")) {
			if (health_flag(h, word, e) < 0)
				return -1;
			continue;
		}
		p = skip_blanks(p);
		if (strcasecmp(word, "NONE") == 0) {
			if (*p != '\0')
				return err_set(e, ERR_INVALID, 0,
					       "HEALTHCHECK NONE takes no arguments");
			strv_add(&h->test, "NONE");
			return 0;
		}
		if (strcasecmp(word, "CMD") != 0)
			return err_set(e, ERR_INVALID, 0,
				       "Unknown type \"%.64s\" in HEALTHCHECK (try CMD)", word);
		return health_test(h, p, e);
	}
}

static int change_healthcheck(struct image_run_config *rc, const char *args, struct err *e)
{
	struct image_health *h = xcalloc(1, sizeof(*h));

	if (health_parse(h, args, e) < 0) {
		json_struct_clear(&image_health_json, h);
		free(h);
		return -1;
	}
	if (rc->health != NULL)
		json_struct_clear(&image_health_json, rc->health);
	free(rc->health);
	rc->health = h;
	return 0;
}

static const struct {
	const char *name;
	int (*apply)(struct image_run_config *rc, const char *args, struct err *e);
} changes[] = {
	{"CMD", change_cmd},	     {"ENTRYPOINT", change_entrypoint},
	{"ENV", change_env},	     {"EXPOSE", change_expose},
	{"LABEL", change_label},     {"ONBUILD", change_onbuild},
	{"USER", change_user},	     {"VOLUME", change_volume},
	{"WORKDIR", change_workdir}, {"STOPSIGNAL", change_stopsignal},
	{"SHELL", change_shell},     {"HEALTHCHECK", change_healthcheck},
};

int image_config_change(struct image_run_config *rc, const char *line, struct err *e)
{
	const char *name = skip_blanks(line);
	size_t n = strcspn(name, " \t\r\n");

	for (size_t i = 0; i < ARRAY_LEN(changes); i++)
		if (strlen(changes[i].name) == n && strncasecmp(changes[i].name, name, n) == 0)
			return changes[i].apply(rc, skip_blanks(name + n), e);
	return err_set(e, ERR_INVALID, 0, "%.*s is not a valid change command", (int)MIN(n, 64),
		       name);
}

static bool is_command(const char *line, const char *name)
{
	size_t n = strlen(name);

	return strncasecmp(line, name, n) == 0 && strchr(" \t\r", line[n]) != NULL;
}

/* Instructions, one an item: continued lines joined, comments and blank lines left out. */
static void split_instructions(const struct strv *lines, struct strv *out)
{
	CLEANUP(freep) char *text = strv_join(lines, "\n");
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	const char *p = text;

	while (*p != '\0') {
		size_t n = strcspn(p, "\n");
		const char *start = p + strspn(p, " \t\r"), *end = p + n;
		bool more;

		p += n + (p[n] == '\n' ? 1 : 0);
		while (end > start && strchr(" \t\r", end[-1]) != NULL)
			end--;
		if (start >= end || *start == '#')
			continue;
		more = end[-1] == '\\';
		buf_add(&b, start, (size_t)(end - start) - (more ? 1 : 0));
		if (more && *p != '\0')
			continue;
		strv_add(out, buf_str(&b));
		buf_reset(&b);
	}
	if (b.len > 0)
		strv_add(out, buf_str(&b));
}

static int check_commands(const struct strv *all, struct err *e)
{
	strv_for_each (it, all) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_LEN(changes) && !known; i++)
			known = is_command(*it, changes[i].name) && !is_command(*it, "SHELL");
		if (!known) {
			int n = (int)MIN(strcspn(*it, " \t\r"), (size_t)64);

			return err_set(e, ERR_INVALID, 0, "%.*s is not a valid change command", n,
				       *it);
		}
	}
	return 0;
}

int image_config_changes(struct image_run_config *rc, const struct strv *lines, struct err *e)
{
	CLEANUP(strv_clear) struct strv all = STRV_INIT;
	bool cmd_set = false;
	size_t bytes = 0;

	strv_for_each (it, lines)
		bytes += strlen(*it);
	if (bytes > IMAGE_CHANGES_MAX_BYTES)
		return err_set(e, ERR_INVALID, 0, "the changes are too long");
	if (lines->len == 0)
		return 0;
	split_instructions(lines, &all);
	if (all.len == 0)
		return err_set(e, ERR_INVALID, 0, "file with no instructions");
	if (check_commands(&all, e) < 0)
		return -1;
	strv_for_each (it, &all) {
		if (image_config_change(rc, *it, e) < 0)
			return -1;
		if (is_command(*it, "CMD"))
			cmd_set = true;
		/* a command that was for another entrypoint is none for this one */
		else if (is_command(*it, "ENTRYPOINT") && !cmd_set)
			strv_clear(&rc->cmd);
	}
	return 0;
}
