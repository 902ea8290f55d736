// SPDX-License-Identifier: MIT
/*
 * Option tables: parsing in the manner of getopt_long with permutation, with
 * the error texts of Docker's command line (pflag), and the usage text.
 */
#include "base/opt.h"

#include <string.h>

#include "base/str.h"

static const struct opt *find_long(const struct opt *opts, const char *name, size_t n)
{
	for (; opts->type != OPT_END; opts++)
		if (opts->type != OPT_HEADING && opts->long_name != NULL &&
		    strlen(opts->long_name) == n && strncmp(opts->long_name, name, n) == 0)
			return opts;
	return NULL;
}

static const struct opt *find_short(const struct opt *opts, char c)
{
	for (; opts->type != OPT_END; opts++)
		if (opts->type != OPT_HEADING && opts->short_name == c)
			return opts;
	return NULL;
}

static int bad_value(const struct opt *o, const char *value, const char *why, struct err *e)
{
	if (o->short_name != 0 && o->long_name != NULL)
		return err_set(e, ERR_INVALID, 0,
			       "invalid argument \"%s\" for \"-%c, --%s\" flag: %s", value,
			       o->short_name, o->long_name, why);
	if (o->long_name != NULL)
		return err_set(e, ERR_INVALID, 0, "invalid argument \"%s\" for \"--%s\" flag: %s",
			       value, o->long_name, why);
	return err_set(e, ERR_INVALID, 0, "invalid argument \"%s\" for \"-%c\" flag: %s", value,
		       o->short_name, why);
}

/* as Go's strconv says it */
static int not_go(const struct opt *o, const char *value, const char *type, struct err *e)
{
	struct err why;

	err_set(&why, ERR_INVALID, 0, "strconv.Parse%s: parsing \"%s\": invalid syntax", type,
		value);
	return o == NULL ? err_set(e, ERR_INVALID, 0, "%s", why.msg)
			 : bad_value(o, value, why.msg, e);
}

int opt_check_int(void *config UNUSED, const char *value, struct err *e)
{
	int64_t number;

	return str_i64(value, &number) < 0 ? not_go(NULL, value, "Int", e) : 0;
}

static int store(const struct opt *o, void *config, const char *value, struct err *e)
{
	void *to = (char *)config + o->offset;
	struct err why;
	int64_t number;

	switch (o->type) {
	case OPT_FLAG:
		return str_bool(value, to) < 0 ? not_go(o, value, "Bool", e) : 0;
	case OPT_STR:
	case OPT_MAYBE:
		*(const char **)to = value;
		break;
	case OPT_STRV:
		strv_add(to, value);
		break;
	case OPT_INT:
		if (str_i64(value, &number) < 0 || number < INT32_MIN || number > INT32_MAX)
			return not_go(o, value, "Int", e);
		*(int *)to = (int)number;
		return 0;
	case OPT_I64:
		return str_i64(value, to) < 0 ? not_go(o, value, "Int", e) : 0;
	case OPT_SIZE:
		if (str_size(value, to) < 0) {
			err_set(&why, ERR_INVALID, 0, "invalid size: '%s'", value);
			return bad_value(o, value, why.msg, e);
		}
		return 0;
	case OPT_CALL:
	case OPT_END:
	case OPT_HEADING:
		break;
	}
	if (o->call != NULL && o->call(config, value, &why) < 0)
		return bad_value(o, value, why.msg, e);
	return 0;
}

/* one "--name", "--name=value" or "--name value"; *i is advanced past a separate value; 1 when
 * unknown */
static int parse_long(const struct opt *opts, void *config, int argc, char **argv, int *i,
		      struct err *e)
{
	const char *name = argv[*i] + 2, *equals = strchr(name, '=');
	const struct opt *o =
		find_long(opts, name, equals != NULL ? (size_t)(equals - name) : strlen(name));

	if (o == NULL)
		return 1;
	if (equals != NULL)
		return store(o, config, equals + 1, e);
	if (o->type == OPT_FLAG)
		return store(o, config, "true", e);
	if (o->type == OPT_MAYBE)
		return store(o, config, "", e);
	if (*i + 1 >= argc)
		return err_set(e, ERR_INVALID, 0, "flag needs an argument: --%s", name);
	return store(o, config, argv[++*i], e);
}

/* a cluster "-abc", "-n5", "-n=5" or "-n 5"; 1 when its first letter is unknown */
static int parse_short(const struct opt *opts, void *config, int argc, char **argv, int *i,
		       struct err *e)
{
	const char *cluster = argv[*i] + 1;

	for (const char *p = cluster; *p != '\0'; p++) {
		const struct opt *o = find_short(opts, *p);

		if (o == NULL && p == cluster)
			return 1;
		if (o == NULL)
			return err_set(e, ERR_INVALID, 0, "unknown shorthand flag: '%c' in -%s", *p,
				       cluster);
		if (o->type == OPT_FLAG) {
			if (p[1] == '=')
				return store(o, config, p + 2, e);
			if (store(o, config, "true", e) < 0)
				return -1;
			continue;
		}
		if (p[1] != '\0' || o->type == OPT_MAYBE)
			return store(o, config, p[1] == '=' ? p + 2 : p + 1, e);
		if (*i + 1 >= argc)
			return err_set(e, ERR_INVALID, 0, "flag needs an argument: '%c' in -%s", *p,
				       cluster);
		return store(o, config, argv[++*i], e);
	}
	return 0;
}

static int unknown(const char *arg, struct err *e)
{
	if (arg[1] == '-')
		return err_set(e, ERR_INVALID, 0, "unknown flag: %.*s", (int)strcspn(arg, "="),
			       arg);
	return err_set(e, ERR_INVALID, 0, "unknown shorthand flag: '%c' in %s", arg[1], arg);
}

int opt_parse(const struct opt *opts, void *config, int argc, char **argv, int flags, struct err *e)
{
	CLEANUP(freep) char **operands = xcalloc((size_t)argc + 1, sizeof(*operands));
	int n_operands = 0, i, r;

	for (i = 1; i < argc; i++) {
		char *arg = argv[i];

		if (str_eq(arg, "--")) {
			i++;
			break;
		}
		if (arg[0] != '-' || arg[1] == '\0') {
			if (flags & OPT_STOP_AT_OPERAND)
				break;
			operands[n_operands++] = arg;
			continue;
		}
		r = arg[1] == '-' ? parse_long(opts, config, argc, argv, &i, e)
				  : parse_short(opts, config, argc, argv, &i, e);
		if (r < 0)
			return -1;
		if (r > 0 && !(flags & OPT_KEEP_UNKNOWN))
			return unknown(arg, e);
		if (r > 0)
			operands[n_operands++] = arg;
	}
	/* operands in front of i move to its left end, in order */
	for (int k = n_operands - 1; k >= 0; k--)
		argv[--i] = operands[k];
	return i;
}

bool opt_wants_help(const struct opt *opts, int argc, char **argv, int flags)
{
	bool short_too = find_short(opts, 'h') == NULL;

	for (int i = 1; i < argc; i++) {
		const struct opt *o;

		if (str_eq(argv[i], "--"))
			return false;
		if (str_eq(argv[i], "--help") || (short_too && str_eq(argv[i], "-h")))
			return true;
		if (argv[i][0] != '-' && (flags & OPT_STOP_AT_OPERAND))
			return false;
		if (argv[i][0] != '-' || strchr(argv[i], '=') != NULL)
			continue;
		/* the value of an option is not an option */
		o = argv[i][1] == '-' ? find_long(opts, argv[i] + 2, strlen(argv[i] + 2)) : NULL;
		if (argv[i][1] != '-' && argv[i][1] != '\0' && argv[i][2] == '\0')
			o = find_short(opts, argv[i][1]);
		if (o != NULL && o->type != OPT_FLAG && o->type != OPT_MAYBE)
			i++;
	}
	return false;
}

static void print_option(const struct opt *o, FILE *out)
{
	char left[64];
	int n;

	if (o->type == OPT_HEADING) {
		fprintf(out, "\n%s\n", o->help);
		return;
	}
	if (o->help == NULL)
		return;
	n = snprintf(left, sizeof(left), "  %c%c%s %s%s%s%s%s", o->short_name != 0 ? '-' : ' ',
		     o->short_name != 0 ? o->short_name : ' ',
		     o->short_name != 0 && o->long_name != NULL ? "," : " ",
		     o->long_name != NULL ? "--" : "", o->long_name != NULL ? o->long_name : "",
		     o->metavar == NULL	    ? ""
		     : o->type == OPT_MAYBE ? "[="
					    : " ",
		     o->metavar != NULL ? o->metavar : "",
		     o->metavar != NULL && o->type == OPT_MAYBE ? "]" : "");
	if (n > 32)
		fprintf(out, "%s\n%34s%s\n", left, "", o->help);
	else
		fprintf(out, "%-34s%s\n", left, o->help);
}

void opt_print_help(const struct opt_usage *u, FILE *out)
{
	fprintf(out, "Usage: %s\n\n%s\n", u->synopsis, u->about);
	if (u->opts == NULL || u->opts->type == OPT_END)
		return;
	fputs("\nOptions:\n", out);
	for (const struct opt *o = u->opts; o->type != OPT_END; o++)
		print_option(o, out);
}
