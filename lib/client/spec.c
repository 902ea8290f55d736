// SPDX-License-Identifier: MIT
/* The smaller option values of docker run: environment, CPUs, ulimits, devices, keys. */
#include "client/spec.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/limits.h"

char *spec_env(const char *text)
{
	const char *value;

	if (strchr(text, '=') != NULL)
		return xstrdup(text);
	value = getenv(text);
	return value == NULL ? NULL : xasprintf("%s=%s", text, value);
}

/* lines without comments; env: a name alone is taken from our environment */
static int read_lines(const char *path, bool env, struct strv *out, struct err *e)
{
	CLEANUP(buf_clear) struct buf b = BUF_INIT;
	CLEANUP(strv_clear) struct strv lines = STRV_INIT;

	if (file_read(AT_FDCWD, path, CLIENT_CONFIG_MAX_BYTES, &b, e) < 0)
		return err_set(e, ERR_NOTFOUND, e->sys, "open %s: %s", path,
			       e->sys != 0 ? strerror(e->sys) : e->msg);
	strv_split(&lines, buf_str(&b), "\n");
	strv_for_each (it, &lines) {
		CLEANUP(freep) char *resolved = NULL;
		char *line = *it;
		size_t n = strlen(line);

		if (n > 0 && line[n - 1] == '\r')
			line[n - 1] = 0;
		line += strspn(line, " \t");
		if (*line == 0 || *line == '#')
			continue;
		if (memchr(line, ' ', strcspn(line, "=")) != NULL)
			return err_set(e, ERR_INVALID, 0,
				       "invalid %s file (%s): variable '%.*s' contains whitespaces",
				       env ? "env" : "label", path, (int)strcspn(line, "="), line);
		/* Docker drops a label without a value */
		resolved = env ? spec_env(line) : strchr(line, '=') != NULL ? xstrdup(line) : NULL;
		if (resolved != NULL)
			strv_take(out, TAKE(resolved));
	}
	return 0;
}

int spec_env_file(const char *path, struct strv *out, struct err *e)
{
	return read_lines(path, true, out, e);
}

int spec_label_file(const char *path, struct strv *out, struct err *e)
{
	return read_lines(path, false, out, e);
}

int spec_cpus(const char *text, int64_t *ret, struct err *e)
{
	char *end;
	double d = strtod(text, &end);

	if (end == text || *end != 0 || !(d >= 0 && d < 1e6))
		return err_set(e, ERR_INVALID, 0, "failed to parse %s as a rational number", text);
	*ret = (int64_t)(d * 1e9 + 0.5);
	return 0;
}

int spec_ulimit(const char *text, struct json_w *w, struct err *e)
{
	CLEANUP(freep) char *copy = xstrdup(text);
	CLEANUP(freep) char *word = NULL;
	char *value = strchr(copy, '='), *hard;
	int64_t soft_n, hard_n;

	if (value == NULL)
		return err_set(e, ERR_INVALID, 0, "invalid ulimit argument: %s", text);
	*value++ = 0;
	hard = strchr(value, ':');
	if (hard != NULL)
		*hard++ = 0;
	word = xasprintf(" %s ", copy);
	if (strstr(" core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio "
		   "rttime "
		   "sigpending stack ",
		   word) == NULL)
		return err_set(e, ERR_INVALID, 0, "invalid ulimit type: %s", copy);
	if (str_i64(value, &soft_n) < 0 || (hard != NULL && str_i64(hard, &hard_n) < 0))
		return err_set(e, ERR_INVALID, 0,
			       "strconv.ParseInt: parsing \"%s\": invalid syntax", value);
	if (hard == NULL)
		hard_n = soft_n;
	if (hard_n >= 0 && (soft_n > hard_n || soft_n == -1))
		return err_set(e, ERR_INVALID, 0,
			       "ulimit soft limit must be less than or equal to hard limit: %lld > "
			       "%lld",
			       (long long)soft_n, (long long)hard_n);
	jw_obj(w);
	jw_kstr(w, "Name", copy);
	jw_ki64(w, "Hard", hard_n);
	jw_ki64(w, "Soft", soft_n);
	jw_end(w);
	return 0;
}

int spec_device(const char *text, struct json_w *w, struct err *e)
{
	CLEANUP(freep) char *copy = xstrdup(text);
	char *dst = strchr(copy, ':'), *perms = NULL;

	if (dst != NULL)
		*dst++ = 0;
	if (dst != NULL && *dst != '/') { /* "/dev/a:rwm" */
		perms = dst;
		dst = NULL;
	} else if (dst != NULL && (perms = strchr(dst, ':')) != NULL) {
		*perms++ = 0;
	}
	if (*copy == 0)
		return err_set(e, ERR_INVALID, 0, "bad format for path: %s", text);
	if (perms != NULL && (*perms == 0 || strspn(perms, "rwm") != strlen(perms)))
		return err_set(e, ERR_INVALID, 0, "bad mode specified: %s", perms);
	jw_obj(w);
	jw_kstr(w, "PathOnHost", copy);
	jw_kstr(w, "PathInContainer", dst != NULL ? dst : copy);
	jw_kstr(w, "CgroupPermissions", perms != NULL ? perms : "rwm");
	jw_end(w);
	return 0;
}

bool spec_is_cdi(const char *text)
{
	const char *slash = strchr(text, '/'), *equals = strchr(text, '=');

	return slash > text && equals > slash;
}

int spec_gpus(const char *text, struct json_w *w, struct err *e)
{
	size_t quoted = *text == '"';
	CLEANUP(freep) char *copy = xstrndup(text + quoted, strlen(text + quoted) - quoted);
	CLEANUP(strv_clear) struct strv ids = STRV_INIT;
	const char *list = str_skip(copy, "device=");
	int64_t count = str_eq(copy, "all") ? -1 : 0;

	if (list != NULL)
		strv_split(&ids, list, ",");
	else if (count == 0 && str_i64(copy, &count) < 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid count (%s): value must be either \"all\" or an integer",
			       copy);
	jw_obj(w);
	jw_ki64(w, "Count", count);
	jw_karr(w, "DeviceIDs");
	strv_for_each (id, &ids)
		jw_str(w, *id);
	jw_end(w);
	jw_kraw(w, "Capabilities", "[[\"gpu\"]]");
	jw_end(w);
	return 0;
}

int spec_restart(const char *text, struct json_w *w, struct err *e)
{
	CLEANUP(freep) char *copy = xstrdup(text);
	char *count = strchr(copy, ':');
	int64_t n = 0;

	if (count != NULL)
		*count++ = 0;
	if (count != NULL && str_i64(count, &n) < 0)
		return err_set(e, ERR_INVALID, 0,
			       "invalid restart policy format: maximum retry count must be an "
			       "integer");
	jw_obj(w);
	jw_kstr(w, "Name", copy);
	jw_ki64(w, "MaximumRetryCount", n);
	jw_end(w);
	return 0;
}

int spec_keys(const char *text, unsigned char *out, size_t max, struct err *e)
{
	CLEANUP(strv_clear) struct strv parts = STRV_INIT;
	size_t n = 0;

	strv_split(&parts, text, ",");
	strv_for_each (it, &parts) {
		const char *key = *it, *ctrl = str_skip(key, "ctrl-");
		int code = -1;

		if (strlen(key) == 1)
			code = (unsigned char)key[0];
		else if (ctrl != NULL && strlen(ctrl) == 1 && isalpha((unsigned char)*ctrl))
			code = tolower((unsigned char)*ctrl) - 'a' + 1;
		else if (ctrl != NULL && strlen(ctrl) == 1 && strchr("@[\\]^_", *ctrl) != NULL)
			code = *ctrl == '@' ? 0 : *ctrl - '[' + 27;
		if (code < 0 || n == max)
			return err_set(e, ERR_INVALID, 0, "Unknown character: '%s'", key);
		out[n++] = (unsigned char)code;
	}
	return (int)n;
}
