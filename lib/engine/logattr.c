// SPDX-License-Identifier: MIT
/*
 * What goes with each message of a log: the tag (--log-opt tag=, a Go template
 * over Docker's logger.Info) and the labels and variables asked for (labels,
 * labels-regex, env, env-regex), for the driver journald as its fields.
 */
#include <stdlib.h>
#include <string.h>

#include "base/regex.h"
#include "base/str.h"
#include "client/template.h"
#include "engine/engine_internal.h"

static void write_strmap(struct json_w *w, const char *key, const struct json_strmap *m)
{
	jw_kobj(w, key);
	for (size_t i = 0; i < m->len; i++)
		jw_kstr(w, m->items[i].key, m->items[i].value);
	jw_end(w);
}

/* what a template of --log-opt tag sees: fields and methods of Docker's logger.Info */
static void write_info(struct json_w *w, const struct container *c)
{
	CLEANUP(freep) char *args = strv_join(&c->args, " ");

	jw_obj(w);
	jw_kstr(w, "FullID", c->id);
	jw_kstr(w, "ContainerID", c->id);
	jw_key(w, "ID");
	jw_strn(w, c->id, strnlen(c->id, 12));
	jw_kstr(w, "Name", c->name);
	jw_key(w, "ContainerName");
	jw_strf(w, "/%s", c->name);
	jw_kstr(w, "ImageName", c->config.image);
	jw_kstr(w, "ContainerImageName", c->config.image);
	jw_kstr(w, "ImageFullID", c->image_id);
	jw_kstr(w, "ContainerImageID", c->image_id);
	jw_key(w, "ImageID");
	jw_strn(w, c->image_id, strnlen(c->image_id, 12));
	jw_kstr(w, "DaemonName", "docker");
	jw_kstr(w, "ContainerEntrypoint", c->path);
	jw_key(w, "Command");
	jw_strf(w, "%s%s%s", c->path != NULL ? c->path : "", *args != '\0' ? " " : "", args);
	write_strmap(w, "ContainerLabels", &c->config.labels);
	write_strmap(w, "Config", &c->host.log_config.config);
	jw_karr(w, "ContainerEnv");
	for (size_t i = 0; i < c->config.env.len; i++)
		jw_str(w, c->config.env.items[i]);
	jw_end(w);
	jw_end(w);
}

int log_tag(const struct container *c, char **ret, struct err *e)
{
	const struct docker_log_config *lc = &c->host.log_config;
	const char *text = json_strmap_get(&lc->config, "tag"), *at;
	CLEANUP(template_freep) struct template *t = NULL;
	CLEANUP(json_freep) struct json *info = NULL;
	CLEANUP(buf_clear) struct buf b = BUF_INIT, out = BUF_INIT;
	CLEANUP(freep) char *rest = NULL;
	struct json_w w;

	if (str_empty(text)) {
		*ret = str_eq(lc->type, "json-file") ? xstrdup("") : xstrndup(c->id, 12);
		return 0;
	}
	jw_init(&w, &b);
	write_info(&w, c);
	if (json_parse(b.data, b.len, &info, e) < 0)
		return -1;
	if (template_parse(text, &t, e) < 0 || template_run(t, info, &out, e) < 0) {
		at = strstr(e->msg, "template: :");
		rest = xstrdup(at != NULL ? at + strlen("template: :") : e->msg);
		return err_set(e, ERR_INVALID, 0, "template: log-tag:%s", rest);
	}
	*ret = buf_detach(&out);
	return 0;
}

/* a journal's field name of a label: capitals, digits and, behind the first, underscores */
static char *field_name(const char *key)
{
	struct buf b = BUF_INIT;

	for (; *key != '\0'; key++) {
		if ((*key | 32) >= 'a' && (*key | 32) <= 'z')
			buf_addch(&b, (char)(*key & ~32));
		else if (*key >= '0' && *key <= '9')
			buf_addch(&b, *key);
		else if (b.len > 0 && ((unsigned char)*key & 0xc0) != 0x80)
			buf_addch(&b, '_'); /* one for a character of UTF-8 */
	}
	return buf_detach(&b);
}

struct wanted { /* labels and labels-regex, or env and env-regex */
	struct strv names;
	struct regex *re;
	bool fields;
	struct json_strmap *to;
};

static void take(const struct wanted *want, const char *key, const char *value)
{
	CLEANUP(freep) char *name = NULL;

	if (!strv_has(&want->names, key) && (want->re == NULL || !regex_match(want->re, key)))
		return;
	name = want->fields ? field_name(key) : xstrdup(key);
	json_strmap_set(want->to, name, value);
}

static int want_init(struct wanted *want, const struct docker_log_config *lc, const char *names,
		     const char *pattern, struct err *e)
{
	const char *list = json_strmap_get(&lc->config, names);
	const char *re = json_strmap_get(&lc->config, pattern);

	strv_clear(&want->names);
	regex_free(TAKE(want->re));
	if (!str_empty(list))
		strv_split(&want->names, list, ",");
	return str_empty(re) ? 0 : regex_new(re, &want->re, e);
}

static int by_key(const void *a, const void *b)
{
	const struct json_pair *x = a, *y = b;

	return strcmp(x->key, y->key);
}

/* the labels and variables asked for */
static int collect(const struct container *c, struct wanted *want, struct err *e)
{
	const struct docker_log_config *lc = &c->host.log_config;

	if (want_init(want, lc, "labels", "labels-regex", e) < 0)
		return -1;
	for (size_t i = 0; i < c->config.labels.len; i++)
		take(want, c->config.labels.items[i].key, c->config.labels.items[i].value);
	if (want_init(want, lc, "env", "env-regex", e) < 0)
		return -1;
	for (size_t i = 0; i < c->config.env.len; i++) {
		const char *value = strchr(c->config.env.items[i], '=');
		CLEANUP(freep) char *key = NULL;

		if (value == NULL)
			continue;
		key = xstrndup(c->config.env.items[i], (size_t)(value - c->config.env.items[i]));
		take(want, key, value + 1);
	}
	return 0;
}

static void add_fields(const struct container *c, const char *tag, struct json_strmap *to)
{
	char id[13];

	str_copy(id, c->id, sizeof(id));
	json_strmap_set(to, "CONTAINER_ID", id);
	json_strmap_set(to, "CONTAINER_ID_FULL", c->id);
	json_strmap_set(to, "CONTAINER_NAME", c->name != NULL ? c->name : "");
	json_strmap_set(to, "CONTAINER_TAG", tag);
	json_strmap_set(to, "IMAGE_NAME", c->config.image != NULL ? c->config.image : "");
	json_strmap_set(to, "SYSLOG_IDENTIFIER", tag);
}

int log_attrs(const struct container *c, char **ret, struct err *e)
{
	const char *type = c->host.log_config.type;
	CLEANUP(json_strmap_clear) struct json_strmap attrs = {0};
	struct wanted want = {.fields = str_eq(type, "journald"), .to = &attrs};
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(freep) char *tag = NULL;
	struct json_w w;
	int r;

	if (!want.fields && !str_eq(type, "json-file") && !str_eq(type, "syslog"))
		return 0;
	if (log_tag(c, &tag, e) < 0)
		return -1;
	if (want.fields)
		add_fields(c, tag, &attrs);
	else if (*tag != '\0')
		json_strmap_set(&attrs, "tag", tag);
	r = collect(c, &want, e);
	strv_clear(&want.names);
	regex_free(want.re);
	if (r < 0 || attrs.len == 0 || str_eq(type, "syslog"))
		return r;
	qsort(attrs.items, attrs.len, sizeof(*attrs.items), by_key);
	jw_init(&w, &text);
	jw_obj(&w);
	for (size_t i = 0; i < attrs.len; i++)
		jw_kstr(&w, attrs.items[i].key, attrs.items[i].value);
	jw_end(&w);
	*ret = buf_detach(&text);
	return 0;
}
