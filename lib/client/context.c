// SPDX-License-Identifier: MIT
/*
 * Contexts as files. Source: docker/cli cli/context/store (metadatastore.go)
 * and cli/config/configfile (file.go: indentation by a tab, links followed).
 */
#include "client/context.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "config/limits.h"
#include "json/json.h"

char *context_path(const char *dir, const char *kind, const char *name)
{
	char id[SHA256_HEX_SIZE];

	sha256_hex(name, strlen(name), id);
	return xasprintf("%s/contexts/%s/%s", dir, kind, id);
}

bool context_exists(const char *dir, const char *name)
{
	CLEANUP(freep) char *store = context_path(dir, "meta", name);
	CLEANUP(freep) char *file = path_join(store, "meta.json");

	return path_exists(file);
}

int context_read(const char *dir, const char *name, struct json **ret, struct err *e)
{
	CLEANUP(freep) char *store = context_path(dir, "meta", name);
	CLEANUP(freep) char *file = path_join(store, "meta.json");
	CLEANUP(buf_clear) struct buf b = BUF_INIT;

	if (file_read(AT_FDCWD, file, CLIENT_CONFIG_MAX_BYTES, &b, e) < 0 ||
	    json_parse(buf_str(&b), b.len, ret, e) < 0)
		return err_set(
			e, ERR_NOTFOUND, 0,
			"context \"%s\": context not found: open %s: no such file or directory",
			name, file);
	return 0;
}

void context_write(struct json_w *w, const struct context *c)
{
	jw_kstr(w, "Name", c->name);
	jw_kobj(w, "Metadata");
	if (!str_empty(c->description))
		jw_kstr(w, "Description", c->description);
	jw_end(w);
	jw_kobj(w, "Endpoints");
	jw_kobj(w, "docker");
	jw_kstr(w, "Host", c->host);
	jw_kbool(w, "SkipTLSVerify", c->skip_verify);
	jw_end(w);
	jw_end(w);
}

int context_create(const char *dir, const struct context *c, struct err *e)
{
	CLEANUP(freep) char *store = context_path(dir, "meta", c->name);
	CLEANUP(freep) char *file = path_join(store, "meta.json");
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	struct json_w w;

	jw_init(&w, &b);
	jw_obj(&w);
	context_write(&w, c);
	jw_end(&w);
	if (path_mkdirs(store, 0755, e) < 0)
		return -1;
	return file_write(AT_FDCWD, file, buf_str(&b), b.len, 0644, FILE_SYNC, e);
}

int context_remove(const char *dir, const char *name, struct err *e)
{
	CLEANUP(freep) char *meta = context_path(dir, "meta", name);
	CLEANUP(freep) char *tls = context_path(dir, "tls", name);

	if (path_remove_tree(AT_FDCWD, tls, e) < 0)
		return -1;
	return path_remove_tree(AT_FDCWD, meta, e);
}

/* The members of old (may be NULL), the current context replaced, added or left out. */
static void write_config(struct buf *b, const struct json *old, const char *name)
{
	bool plain = str_eq(name, "default");
	struct json_w w;

	jw_init_indent(&w, b, "\t");
	jw_obj(&w);
	json_for_each (member, old) {
		if (str_eq(json_key(member), "currentContext"))
			continue;
		jw_key(&w, json_key(member));
		jw_tree(&w, member);
	}
	if (!plain)
		jw_kstr(&w, "currentContext", name);
	jw_end(&w);
}

int context_use(const char *dir, const char *name, struct err *e)
{
	CLEANUP(freep) char *file = path_join(dir, "config.json");
	CLEANUP(freep) char *real = realpath(file, NULL);
	CLEANUP(json_freep) struct json *old = NULL;
	CLEANUP(buf_clear) struct buf text = BUF_INIT;
	CLEANUP(buf_clear) struct buf fresh = BUF_INIT;
	mode_t mode = 0600;
	struct stat st;

	if (real != NULL && stat(real, &st) == 0) {
		mode = st.st_mode & 0777;
		if (file_read(AT_FDCWD, real, CLIENT_CONFIG_MAX_BYTES, &text, e) < 0)
			return -1;
	}
	if (text.len > 0 && json_parse(buf_str(&text), text.len, &old, e) < 0)
		return err_wrap(e, "%s", file);
	if (old != NULL && json_kind(old) != JSON_OBJECT)
		return err_set(e, ERR_INVALID, 0, "%s is not a JSON object", file);
	if (str_eq(name, "default") && json_get(old, "currentContext") == NULL)
		return 0;
	write_config(&fresh, old, name);
	if (path_mkdirs(dir, 0700, e) < 0)
		return -1;
	return file_write(AT_FDCWD, real != NULL ? real : file, buf_str(&fresh), fresh.len, mode,
			  FILE_SYNC, e);
}
