// SPDX-License-Identifier: MIT
/*
 * Log drivers and their options (--log-driver, --log-opt): checked when a
 * container is made (and when the daemon starts, for its defaults), turned into
 * the shim's settings when it starts. Names and sentences are Docker's.
 *
 * syslog and journald cannot be read again: beside them the output is kept in
 * the form of the driver local (cache-*), from which the logs are read.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"
#include "base/regex.h"
#include "base/str.h"
#include "config/limits.h"
#include "container/config.h"
#include "engine/engine_internal.h"

#define MAX_BYTES_DEFAULT	(10 * 1000 * 1000) /* Docker: unlimited, which fills disks */
#define MAX_FILES_DEFAULT	3
#define LOCAL_MAX_BYTES_DEFAULT (20 * 1000 * 1000)
#define LOCAL_MAX_FILES_DEFAULT 5
#define MAX_FILES_LIMIT		1000
#define FACILITY_DAEMON		3

static const char *const drivers[] = {"journald", "json-file", "local", "syslog", "none"};

enum { JOURNALD = 1, JSON_FILE = 2, LOCAL = 4, SYSLOG = 8, ATTRS = JOURNALD | JSON_FILE | SYSLOG };

static const struct {
	const char *name;
	unsigned drivers;
} options[] = {
	{"max-size", JSON_FILE | LOCAL},
	{"max-file", JSON_FILE | LOCAL},
	{"compress", JSON_FILE | LOCAL},
	{"tag", ATTRS},
	{"labels", ATTRS},
	{"labels-regex", ATTRS},
	{"env", ATTRS},
	{"env-regex", ATTRS},
	{"syslog-address", SYSLOG},
	{"syslog-facility", SYSLOG},
	{"syslog-format", SYSLOG},
	{"syslog-tls-ca-cert", SYSLOG},
	{"syslog-tls-cert", SYSLOG},
	{"syslog-tls-key", SYSLOG},
	{"syslog-tls-skip-verify", SYSLOG},
	{"mode", ATTRS | LOCAL},
	{"max-buffer-size", ATTRS | LOCAL},
	{"cache-disabled", ATTRS | LOCAL},
	{"cache-max-size", ATTRS | LOCAL},
	{"cache-max-file", ATTRS | LOCAL},
	{"cache-compress", ATTRS | LOCAL},
};

static const char *option(const struct docker_log_config *lc, const char *name)
{
	return json_strmap_get(&lc->config, name);
}

static bool is_on(const struct docker_log_config *lc, const char *name, bool otherwise)
{
	const char *value = option(lc, name);
	bool on;

	return value != NULL && str_bool(value, &on) == 0 ? on : otherwise;
}

static bool is_service(const struct docker_log_config *lc)
{
	return str_eq(lc->type, "syslog") || str_eq(lc->type, "journald");
}

const char *log_format(const struct docker_log_config *lc)
{
	if (!is_service(lc))
		return lc->type;
	return is_on(lc, "cache-disabled", false) ? "none" : "local";
}

/* --- checks --- */

static int parse_facility(const char *name)
{
	static const char *const names[] = {
		"kern",	  "user",   "mail",	"daemon", "auth",   "syslog", "lpr",	"news",
		"uucp",	  "cron",   "authpriv", "ftp",	  "12",	    "13",     "14",	"15",
		"local0", "local1", "local2",	"local3", "local4", "local5", "local6", "local7"};
	uint64_t n;

	if (str_u64(name, ARRAY_LEN(names) - 1, &n) == 0)
		return (int)n;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(names[i], name))
			return (int)i;
	return -1;
}

/* "tcp://host:514/" and its like as the shim takes it; with the default port */
static int parse_address(const char *url, char **ret, struct err *e)
{
	const char *rest = strstr(url, "://");
	CLEANUP(freep) char *scheme = xstrndup(url, rest != NULL ? (size_t)(rest - url) : 0);
	const char *colon, *bracket;
	int n;

	rest = rest != NULL ? rest + 3 : url;
	if (str_eq(scheme, "unix") || str_eq(scheme, "unixgram")) {
		if (access(rest, F_OK) < 0)
			return err_set(e, ERR_INVALID, 0, "stat %s: %s", rest, strerror(errno));
		*ret = xasprintf("%s:%s", scheme, rest);
		return 0;
	}
	if (str_eq(scheme, "tcp+tls"))
		return err_set(e, ERR_UNIMPLEMENTED, 0,
			       "syslog over TLS is not supported here: send to a syslog server on "
			       "this host, which forwards");
	if (!str_eq(scheme, "udp") && !str_eq(scheme, "tcp"))
		return err_set(e, ERR_INVALID, 0, "unsupported scheme: '%s'", scheme);
	n = (int)strcspn(rest, "/?#");
	colon = memrchr(rest, ':', (size_t)n);
	bracket = memchr(rest, ']', (size_t)n);
	if (colon == NULL || (bracket != NULL && colon < bracket))
		*ret = xasprintf("%s:%.*s:514", scheme, n, rest);
	else
		*ret = xasprintf("%s:%.*s", scheme, n, rest);
	return 0;
}

static int check_size(const char *key, const char *value, struct err *e)
{
	uint64_t n;

	if (str_size(value, &n) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid value for %s: invalid size: '%s'", key,
			       value);
	if (n == 0)
		return err_set(e, ERR_INVALID, 0, "%s must be a positive number", key);
	return 0;
}

static int check_file(const char *key, const char *value, struct err *e)
{
	const char *name = str_starts(key, "cache-") ? key + 6 : key;
	uint64_t n;
	bool b;

	if (str_eq(name, "max-size") && !str_eq(value, "-1"))
		return check_size(key, value, e);
	if (str_eq(name, "max-file") && (str_u64(value, MAX_FILES_LIMIT, &n) < 0 || n == 0))
		return err_set(e, ERR_INVALID, 0, "%s cannot be less than 1 or more than %d: %s",
			       key, MAX_FILES_LIMIT, value);
	if ((str_eq(name, "compress") || str_eq(name, "disabled")) && str_bool(value, &b) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid value for option %s: %s", key, value);
	return 0;
}

static int check_service(const char *key, const char *value, struct err *e)
{
	static const char *const formats[] = {"", "rfc3164", "rfc5424", "rfc5424micro"};
	CLEANUP(freep) char *address = NULL;

	if (str_eq(key, "syslog-address") && *value != '\0')
		return parse_address(value, &address, e);
	if (str_eq(key, "syslog-facility") && *value != '\0' && parse_facility(value) < 0)
		return err_set(e, ERR_INVALID, 0, "invalid syslog facility");
	if (str_eq(key, "syslog-format")) {
		for (size_t i = 0; i < ARRAY_LEN(formats); i++)
			if (str_eq(formats[i], value))
				return 0;
		return err_set(e, ERR_INVALID, 0, "Invalid syslog format");
	}
	return 0;
}

static int check_one(const struct docker_log_config *lc, unsigned driver, const char *key,
		     const char *value, struct err *e)
{
	CLEANUP(regex_freep) struct regex *re = NULL;
	size_t i = 0;

	while (i < ARRAY_LEN(options) && !str_eq(options[i].name, key))
		i++;
	if (i == ARRAY_LEN(options) || !(options[i].drivers & driver))
		return err_set(e, ERR_INVALID, 0,
			       driver == LOCAL ? "unknown log opt '%s' for log driver %s"
					       : "unknown log opt '%s' for %s log driver",
			       key, lc->type);
	if (str_ends(key, "-regex"))
		return regex_new(value, &re, e);
	if (str_eq(key, "mode") && *value != '\0' && !str_eq(value, "blocking") &&
	    !str_eq(value, "non-blocking"))
		return err_set(e, ERR_INVALID, 0, "logger: logging mode not supported: %s", value);
	if (str_eq(key, "max-buffer-size")) {
		if (!str_eq(option(lc, "mode"), "non-blocking"))
			return err_set(e, ERR_INVALID, 0,
				       "logger: max-buffer-size option is only supported with "
				       "'mode=non-blocking'");
		return check_size(key, value, e);
	}
	if (options[i].drivers == SYSLOG)
		return check_service(key, value, e);
	return check_file(key, value, e);
}

int log_check_config(const struct docker_log_config *lc, struct err *e)
{
	size_t d = 0;

	while (d < ARRAY_LEN(drivers) && !str_eq(drivers[d], lc->type))
		d++;
	if (d == ARRAY_LEN(drivers))
		return err_set(e, ERR_INVALID, 0,
			       "error looking up logging plugin %s: plugin \"%s\" not found (the "
			       "drivers here are json-file, local, syslog, journald and none)",
			       lc->type, lc->type);
	for (size_t i = 0; i < lc->config.len && !str_eq(lc->type, "none"); i++)
		if (check_one(lc, 1U << d, lc->config.items[i].key, lc->config.items[i].value, e) <
		    0)
			return -1;
	if (is_on(lc, "compress", false) &&
	    (str_eq(option(lc, "max-file"), "1") || str_eq(option(lc, "max-size"), "-1")))
		return err_set(e, ERR_INVALID, 0,
			       "compress cannot be true when max-file is less than 2 or max-size "
			       "is not set");
	return 0;
}

void log_defaults(const struct engine *en, struct docker_log_config *lc)
{
	bool same;

	if (str_empty(lc->type))
		str_replace_ptr(&lc->type, en->log_driver);
	same = str_eq(lc->type, en->log_driver);
	for (size_t i = 0; i < en->log_opts.len; i++) {
		const char *key = en->log_opts.items[i].key;

		if ((same || str_starts(key, "cache-")) && option(lc, key) == NULL)
			json_strmap_set(&lc->config, key, en->log_opts.items[i].value);
	}
}

/* --- settings --- */

int log_check(const struct container *c, struct err *e)
{
	CLEANUP(freep) char *attrs = NULL, *tag = NULL;

	if (log_check_config(&c->host.log_config, e) < 0 || log_tag(c, &tag, e) < 0)
		return -1;
	return log_attrs(c, &attrs, e);
}

char *log_path(struct engine *en, const struct container *c)
{
	const struct docker_log_config *lc = &c->host.log_config;
	CLEANUP(freep) char *dir = container_dir(en, c);

	if (is_service(lc))
		return path_join(dir, "container-cached.log");
	return str_eq(lc->type, "local") ? path_join(dir, "local-logs/container.log")
					 : xasprintf("%s/%s-json.log", dir, c->id);
}

/* size, number and compression of the files; prefix is "" or "cache-" */
static void set_files(const struct docker_log_config *lc, const char *prefix,
		      struct container_log *ret)
{
	bool local = str_eq(ret->driver, "local");
	CLEANUP(freep) char *size_key = xasprintf("%smax-size", prefix);
	CLEANUP(freep) char *files_key = xasprintf("%smax-file", prefix);
	CLEANUP(freep) char *compress_key = xasprintf("%scompress", prefix);
	const char *size = option(lc, size_key), *files = option(lc, files_key);
	uint64_t n;

	ret->max_bytes = local ? LOCAL_MAX_BYTES_DEFAULT : MAX_BYTES_DEFAULT;
	if (str_eq(size, "-1"))
		ret->max_bytes = 0;
	else if (size != NULL && str_size(size, &n) == 0)
		ret->max_bytes = n;
	ret->max_files = local ? LOCAL_MAX_FILES_DEFAULT : MAX_FILES_DEFAULT;
	if (files != NULL && str_u64(files, MAX_FILES_LIMIT, &n) == 0)
		ret->max_files = (int)n;
	ret->compress = is_on(lc, compress_key, local);
}

/* of a service; what was checked when the container was made can have changed since (a socket) */
static int set_service(const struct container *c, struct container_log *ret, struct err *e)
{
	const struct docker_log_config *lc = &c->host.log_config;
	const char *facility = option(lc, "syslog-facility"), *address, *format;
	int n = str_empty(facility) ? FACILITY_DAEMON : parse_facility(facility);

	ret->service = xstrdup(lc->type);
	if (log_tag(c, &ret->tag, e) < 0)
		return -1;
	if (!str_eq(lc->type, "syslog"))
		return 0;
	ret->facility = (n < 0 ? FACILITY_DAEMON : n) << 3;
	format = option(lc, "syslog-format");
	ret->format = str_empty(format) ? NULL : xstrdup(format);
	address = option(lc, "syslog-address");
	return str_empty(address) ? 0 : parse_address(address, &ret->address, e);
}

int log_settings(struct engine *en, const struct container *c, struct container_log *ret,
		 struct err *e)
{
	const struct docker_log_config *lc = &c->host.log_config;
	const char *buffer = option(lc, "max-buffer-size");

	ret->driver = xstrdup(log_format(lc));
	ret->path = log_path(en, c);
	set_files(lc, is_service(lc) ? "cache-" : "", ret);
	ret->drop = str_eq(option(lc, "mode"), "non-blocking");
	if (buffer != NULL && str_size(buffer, &ret->buffer_bytes) == 0)
		ret->buffer_bytes = MIN(ret->buffer_bytes, LOG_BUFFER_MAX);
	if (str_eq(lc->type, "local")) {
		CLEANUP(freep) char *dir = xstrdup(ret->path);

		*strrchr(dir, '/') = '\0';
		(void)mkdir(dir, 0700);
	}
	if (is_service(lc) && set_service(c, ret, e) < 0)
		return err_wrap(e, "failed to initialize logging driver");
	return log_attrs(c, &ret->attrs, e);
}
