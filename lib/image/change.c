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
#include "base/str.h"
#include "base/time.h"
#include "image/config.h"
#include "json/json.h"

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* The next word, quotes and backslashes resolved; NULL at the end. */
static char *next_word(const char **s)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	const char *p = skip_blanks(*s);
	char quote = '\0';

	if (*p == '\0')
		return NULL;
	for (; *p != '\0'; p++) {
		if (quote == '\0' && isspace((unsigned char)*p))
			break;
		if (*p == '\\' && quote != '\'' && p[1] != '\0') {
			buf_addch(&b, *++p);
		} else if (quote != '\0' ? *p == quote : (*p == '"' || *p == '\'')) {
			quote = quote != '\0' ? '\0' : *p;
		} else {
			buf_addch(&b, *p);
		}
	}
	*s = p;
	return buf_detach(&b);
}

/* A JSON list of strings; false when it is none (then it is shell form). */
static bool json_words(const char *s, struct strv *out)
{
	CLEANUP(json_freep) struct json *v = NULL;
	struct err e;

	s = skip_blanks(s);
	if (*s != '[' || json_parse(s, strlen(s), &v, &e) < 0 || json_kind(v) != JSON_ARRAY)
		return false;
	json_for_each (item, v)
		if (json_str(item) == NULL)
			return false;
	json_strv_empty(out);
	json_for_each (item, v)
		strv_add(out, json_str(item));
	return true;
}

static int need_args(const char *name, const char *args, struct err *e)
{
	if (*args == '\0')
		return err_set(e, ERR_INVALID, 0, "%s requires at least one argument", name);
	return 0;
}

static void set_command(struct image_run_config *rc, struct strv *dst, const char *args)
{
	struct strv words = STRV_INIT;

	if (!json_words(args, &words)) {
		if (rc->shell.len > 0) {
			strv_copy(&words, &rc->shell);
		} else {
			strv_add(&words, "/bin/sh");
			strv_add(&words, "-c");
		}
		strv_add(&words, args);
	}
	strv_clear(dst);
	*dst = words;
}

static int change_cmd(struct image_run_config *rc, const char *args, struct err *e)
{
	(void)e;
	set_command(rc, &rc->cmd, args);
	return 0;
}

static int change_entrypoint(struct image_run_config *rc, const char *args, struct err *e)
{
	(void)e;
	set_command(rc, &rc->entrypoint, args);
	return 0;
}

/* "k=v k2=v2 …", or the older "k rest of the line"; set() gets each pair. */
static int pairs(const char *name, const char *args, struct image_run_config *rc,
		 void (*set)(struct image_run_config *rc, const char *k, const char *v),
		 struct err *e)
{
	const char *p = args;
	char *word;

	if (need_args(name, args, e) < 0)
		return -1;
	while ((word = next_word(&p)) != NULL) {
		CLEANUP(freep) char *owned = word;
		char *eq = strchr(owned, '=');

		if (eq == NULL) {
			p = skip_blanks(p);
			if (*p == '\0')
				return err_set(e, ERR_INVALID, 0, "%s must have two arguments",
					       name);
			set(rc, owned, p);
			return 0;
		}
		if (eq == owned)
			return err_set(e, ERR_INVALID, 0, "%s names can not be blank", name);
		*eq = '\0';
		set(rc, owned, eq + 1);
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

static int expose_one(struct image_run_config *rc, const char *word, struct err *e)
{
	CLEANUP(freep) char *first = xstrndup(word, strcspn(word, "-/"));
	CLEANUP(freep) char *last = NULL;
	const char *proto = strchr(word, '/');
	const char *dash = strchr(word, '-');
	uint64_t from = 0, to = 0;

	if (dash != NULL)
		last = xstrndup(dash + 1, strcspn(dash + 1, "/"));
	if (str_u64(first, 65535, &from) < 0 || (last != NULL && str_u64(last, 65535, &to) < 0) ||
	    from == 0)
		return err_set(e, ERR_INVALID, 0, "invalid containerPort: %s", word);
	proto = proto != NULL ? proto + 1 : "tcp";
	if (strcasecmp(proto, "tcp") != 0 && strcasecmp(proto, "udp") != 0 &&
	    strcasecmp(proto, "sctp") != 0)
		return err_set(e, ERR_INVALID, 0, "invalid proto: %s", proto);
	for (uint64_t port = from; port <= MAX(from, to); port++) {
		CLEANUP(freep) char *item = xasprintf("%llu/%s", (unsigned long long)port, proto);

		for (char *c = item; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
		if (!strv_has(&rc->exposed_ports, item))
			strv_add(&rc->exposed_ports, item);
	}
	return 0;
}

static int change_expose(struct image_run_config *rc, const char *args, struct err *e)
{
	const char *p = args;
	char *word;

	if (need_args("EXPOSE", args, e) < 0)
		return -1;
	while ((word = next_word(&p)) != NULL) {
		CLEANUP(freep) char *owned = word;

		if (expose_one(rc, owned, e) < 0)
			return -1;
	}
	return 0;
}

static int change_volume(struct image_run_config *rc, const char *args, struct err *e)
{
	CLEANUP(strv_clear) struct strv words = STRV_INIT;
	const char *p = args;
	char *word;

	if (need_args("VOLUME", args, e) < 0)
		return -1;
	if (!json_words(args, &words))
		while ((word = next_word(&p)) != NULL)
			strv_take(&words, word);
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

static int one_word(const char *name, const char *args, char **dst, struct err *e)
{
	const char *p = args;
	CLEANUP(freep) char *word = next_word(&p);

	if (word == NULL || *skip_blanks(p) != '\0')
		return err_set(e, ERR_INVALID, 0, "%s requires exactly one argument", name);
	str_replace_ptr(dst, word);
	return 0;
}

static int change_user(struct image_run_config *rc, const char *args, struct err *e)
{
	return one_word("USER", args, &rc->user, e);
}

static int change_stopsignal(struct image_run_config *rc, const char *args, struct err *e)
{
	return one_word("STOPSIGNAL", args, &rc->stop_signal, e);
}

static int change_workdir(struct image_run_config *rc, const char *args, struct err *e)
{
	CLEANUP(freep) char *dir = NULL;
	CLEANUP(freep) char *joined = NULL;

	if (one_word("WORKDIR", args, &dir, e) < 0)
		return -1;
	joined = path_join(str_empty(rc->working_dir) ? "/" : rc->working_dir, dir);
	free(rc->working_dir);
	rc->working_dir = path_clean(dir[0] == '/' ? dir : joined);
	return 0;
}

static int change_onbuild(struct image_run_config *rc, const char *args, struct err *e)
{
	if (need_args("ONBUILD", args, e) < 0)
		return -1;
	if (strncasecmp(args, "ONBUILD", 7) == 0)
		return err_set(e, ERR_INVALID, 0,
			       "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
	strv_add(&rc->onbuild, args);
	return 0;
}

static int change_shell(struct image_run_config *rc, const char *args, struct err *e)
{
	struct strv words = STRV_INIT;

	if (!json_words(args, &words) || words.len == 0) {
		strv_clear(&words);
		return err_set(e, ERR_INVALID, 0,
			       "SHELL requires the arguments to be in JSON form");
	}
	strv_clear(&rc->shell);
	rc->shell = words;
	return 0;
}

static int health_flag(struct image_health *h, const char *word, struct err *e)
{
	static const struct {
		const char *name;
		size_t offset;
	} durations[] = {
		{"--interval=", offsetof(struct image_health, interval_nsec)},
		{"--timeout=", offsetof(struct image_health, timeout_nsec)},
		{"--start-period=", offsetof(struct image_health, start_period_nsec)},
		{"--start-interval=", offsetof(struct image_health, start_interval_nsec)},
	};
	const char *value = str_skip(word, "--retries=");

	if (value != NULL) {
		if (str_i64(value, &h->retries) < 0 || h->retries < 0)
			return err_set(e, ERR_INVALID, 0, "invalid --retries: %s", value);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(durations); i++) {
		value = str_skip(word, durations[i].name);
		if (value != NULL)
			return time_parse_duration(value,
						   (int64_t *)((char *)h + durations[i].offset), e);
	}
	return err_set(e, ERR_INVALID, 0, "unknown flag: %s", word);
}

static int health_parse(struct image_health *h, const char *p, struct err *e)
{
	for (;;) {
		CLEANUP(freep) char *word = next_word(&p);

		if (word == NULL)
			return err_set(e, ERR_INVALID, 0, "Missing command after HEALTHCHECK");
		if (str_starts(word, "--")) {
			if (health_flag(h, word, e) < 0)
				return -1;
			continue;
		}
		p = skip_blanks(p);
		if (strcasecmp(word, "NONE") == 0) {
			strv_add(&h->test, "NONE");
			return 0;
		}
		if (strcasecmp(word, "CMD") != 0 || *p == '\0')
			return err_set(e, ERR_INVALID, 0,
				       "Unknown type %s in HEALTHCHECK (try CMD)", word);
		CLEANUP(strv_clear) struct strv words = STRV_INIT;
		bool list = json_words(p, &words);

		strv_add(&h->test, list ? "CMD" : "CMD-SHELL");
		if (list)
			strv_copy(&h->test, &words);
		else
			strv_add(&h->test, p);
		return 0;
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
